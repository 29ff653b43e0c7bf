/* The calls that libevent 1.4 has too. */

#include <sys/types.h>
#include <sys/time.h>

#include <event.h>
#include <stddef.h>

static void
handler(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	event_loopexit(NULL);
}

int
main(void)
{
	struct event	 ev;
	struct timeval	 tv = { 0, 0 };

	if (event_init() == NULL)
		return (1);
	evtimer_set(&ev, handler, NULL);
	evtimer_add(&ev, &tv);
	return (event_dispatch());
}
