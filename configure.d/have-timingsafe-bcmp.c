/* timingsafe_bcmp(3), which libbsd lacks. */

#include <string.h>

int
main(void)
{
	return (timingsafe_bcmp("a", "b", 1) == 0);
}
