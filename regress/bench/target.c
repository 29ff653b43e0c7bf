/*
 * Copyright (c) 2026 The quptimed authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What the benchmarks probe: answers on one port of all loopback addresses, so
 * that 127.1.a.b is as many targets as one likes.  Writes a line per second:
 * the second, connections accepted and requests answered in it, connections
 * open.
 */

#define ACCEPTS	256	/* at a time */

struct client {
	struct event	 ev;
	int		 fd;
};

static void	 on_accept(int, short, void *);
static void	 on_read(int, short, void *);
static void	 on_second(int, short, void *);
static void	 on_signal(int, short, void *);
static void	 usage(void) __attribute__((__noreturn__));

static const char	 answer[] = "HTTP/1.1 200 OK\r\n"
			    "Content-Type: text/plain\r\n"
			    "Content-Length: 3\r\n\r\nok\n";
static struct event	 listener, second, sigint, sigterm;
static unsigned long	 accepts, requests, nopen, seconds;

int
main(int argc, char *argv[])
{
	struct sockaddr_in	 sin;
	struct rlimit		 rl;
	struct timeval		 tv = { 1, 0 };
	int			 fd, one = 1;

	if (argc != 2)
		usage();
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(strtonum(argv[1], 1, UINT16_MAX, NULL));
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 4096) == -1)
		err(1, "port %s", argv[1]);
	signal(SIGPIPE, SIG_IGN);
	event_init();
	event_set(&listener, fd, EV_READ | EV_PERSIST, on_accept, NULL);
	event_add(&listener, NULL);
	evtimer_set(&second, on_second, NULL);
	evtimer_add(&second, &tv);
	signal_set(&sigint, SIGINT, on_signal, NULL);
	signal_add(&sigint, NULL);
	signal_set(&sigterm, SIGTERM, on_signal, NULL);
	signal_add(&sigterm, NULL);
	event_dispatch();
	return (0);
}

static void
on_accept(int fd, short events, void *arg)
{
	struct client	*c;
	int		 i, s;

	(void)events;
	(void)arg;
	for (i = 0; i < ACCEPTS; i++) {
		if ((s = accept(fd, NULL, NULL)) == -1)
			return;
		if ((c = malloc(sizeof(*c))) == NULL)
			err(1, NULL);
		if (fcntl(s, F_SETFL, O_NONBLOCK) == -1)
			err(1, "fcntl");
		c->fd = s;
		event_set(&c->ev, s, EV_READ | EV_PERSIST, on_read, c);
		event_add(&c->ev, NULL);
		accepts++;
		nopen++;
	}
}

static void
on_read(int fd, short events, void *arg)
{
	struct client	*c = arg;
	char		 buf[4096];
	ssize_t		 n;

	(void)events;
	if ((n = read(fd, buf, sizeof(buf))) == -1 && errno == EAGAIN)
		return;
	if (n > 0) {
		requests++;
		n = write(fd, answer, sizeof(answer) - 1);
	}
	if (n > 0)
		return;
	event_del(&c->ev);
	close(fd);
	free(c);
	nopen--;
}

static void
on_second(int fd, short events, void *arg)
{
	struct timeval	 tv = { 1, 0 };

	(void)fd;
	(void)events;
	(void)arg;
	evtimer_add(&second, &tv);
	printf("%lu %lu %lu %lu\n", ++seconds, accepts, requests, nopen);
	fflush(stdout);
	accepts = requests = 0;
}

static void
on_signal(int sig, short events, void *arg)
{
	(void)sig;
	(void)events;
	(void)arg;
	event_loopexit(NULL);
}

static void
usage(void)
{
	fprintf(stderr, "usage: target port\n");
	exit(2);
}
