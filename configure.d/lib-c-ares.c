/* c-ares with a socket state callback. */

#include <sys/types.h>
#include <sys/select.h>

#include <ares.h>
#include <stddef.h>
#include <string.h>

int
main(void)
{
	struct ares_options	 o;
	ares_channel		 c;

	memset(&o, 0, sizeof(o));
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&c, &o, ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
		return (1);
	ares_destroy(c);
	return (0);
}
