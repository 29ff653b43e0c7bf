/* unveil(2). */

#include <unistd.h>

int
main(void)
{
	return (unveil("/", "") == -1);
}
