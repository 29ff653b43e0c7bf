/* pipe(2) with flags. */

#include <fcntl.h>
#include <unistd.h>

int
main(void)
{
	int	 fd[2];

	return (pipe2(fd, O_CLOEXEC | O_NONBLOCK) == -1);
}
