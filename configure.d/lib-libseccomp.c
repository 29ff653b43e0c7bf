/* libseccomp. */

#include <seccomp.h>
#include <stddef.h>

int
main(void)
{
	scmp_filter_ctx	 ctx;

	if ((ctx = seccomp_init(SCMP_ACT_TRAP)) == NULL)
		return (1);
	seccomp_release(ctx);
	return (0);
}
