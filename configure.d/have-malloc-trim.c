/* malloc_trim(3) of the GNU C library. */

#include <malloc.h>

int
main(void)
{
	return (malloc_trim(0) == -1);
}
