/* OpenBSD: pledge and unveil are the sandbox. */

#include <unistd.h>

int
main(void)
{
	return (pledge("stdio", NULL) == -1 || unveil("/", "") == -1);
}
