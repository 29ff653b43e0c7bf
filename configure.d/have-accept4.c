/* accept(2) with flags. */

#include <sys/types.h>
#include <sys/socket.h>

#include <stddef.h>

int
main(void)
{
	return (accept4(0, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) == -1);
}
