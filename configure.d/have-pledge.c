/* pledge(2). */

#include <unistd.h>

int
main(void)
{
	return (pledge("stdio", NULL) == -1);
}
