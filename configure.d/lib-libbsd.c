/* What BSD's C library has and others get from libbsd. */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	RB_ENTRY(node)	 entry;
	TAILQ_ENTRY(node) queue;
	LIST_ENTRY(node) list;
};

int
main(void)
{
	char		 buf[16];
	const char	*errstr;
	void		*p;
	uid_t		 uid;
	gid_t		 gid;

	setproctitle("%s", "test");
	if (strlcpy(buf, "1", sizeof(buf)) >= sizeof(buf) ||
	    strlcat(buf, "2", sizeof(buf)) >= sizeof(buf) ||
	    strtonum(buf, 0, 99, &errstr) != 12 || errstr != NULL)
		return (1);
	explicit_bzero(buf, sizeof(buf));
	if ((p = recallocarray(NULL, 0, 1, 16)) == NULL)
		return (1);
	freezero(p, 16);
	if ((p = reallocarray(NULL, 1, 16)) == NULL)
		return (1);
	free(p);
	closefrom(3);
	arc4random_buf(buf, sizeof(buf));
	return (getpeereid(0, &uid, &gid) == 0 && getprogname() == NULL);
}
