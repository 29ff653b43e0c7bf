/* Linux: seccomp and Landlock are the sandbox. */

#ifndef __linux__
#error "not Linux"
#endif

#include <linux/capability.h>
#include <linux/seccomp.h>

int
main(void)
{
	return (0);
}
