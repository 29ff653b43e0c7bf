/* libtls with keys and authorities from memory. */

#include <stddef.h>
#include <stdint.h>
#include <tls.h>

int
main(void)
{
	struct tls_config	*c;

	if (tls_init() == -1 || (c = tls_config_new()) == NULL)
		return (1);
	if (tls_config_set_ca_mem(c, NULL, 0) == -1)
		return (1);
	tls_config_free(c);
	return (0);
}
