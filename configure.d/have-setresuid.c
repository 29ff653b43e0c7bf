/* Real, effective and saved ids in one call. */

#include <sys/types.h>

#include <unistd.h>

int
main(void)
{
	return (setresgid(1, 1, 1) == -1 || setresuid(1, 1, 1) == -1);
}
