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
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

/*
 * What the benchmarks probe: answers on one port of all loopback addresses, so
 * that 127.1.a.b is as many targets as one likes: HTTP over TCP, and DNS over
 * UDP, where a number begins each name; on another port TLS.  Writes a line per
 * second: the second, connections accepted and requests answered in it,
 * connections open.
 */

#define ACCEPTS	256	/* at a time */

struct client {
	struct event	 ev;
	struct tls	*tls;
	int		 fd;
};

static void	 tls_setup(const char *, const char *);
static int	 sock(const char *, int);
static void	 on_accept(int, short, void *);
static void	 on_datagram(int, short, void *);
static void	 on_read(int, short, void *);
static int	 shake(struct client *);
static void	 drop(struct client *);
static void	 on_second(int, short, void *);
static void	 on_signal(int, short, void *);
static void	 usage(void) __attribute__((__noreturn__));

static const char	 answer[] = "HTTP/1.1 200 OK\r\n"
			    "Content-Type: text/plain\r\n"
			    "Content-Length: 3\r\n\r\nok\n";
static const uint8_t	 record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4,
			    127, 0, 0, 1 };
static struct event	 listener, tlslistener, datagram, second;
static struct event	 sigint, sigterm;
static struct tls	*server;
static unsigned long	 accepts, requests, nopen, seconds;

int
main(int argc, char *argv[])
{
	struct rlimit	 rl;
	struct timeval	 tv = { 1, 0 };

	if (argc != 2 && argc != 5)
		usage();
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	signal(SIGPIPE, SIG_IGN);
	event_init();
	event_set(&listener, sock(argv[1], SOCK_STREAM), EV_READ | EV_PERSIST,
	    on_accept, NULL);
	event_add(&listener, NULL);
	event_set(&datagram, sock(argv[1], SOCK_DGRAM), EV_READ | EV_PERSIST,
	    on_datagram, NULL);
	event_add(&datagram, NULL);
	if (argc == 5) {
		tls_setup(argv[3], argv[4]);
		event_set(&tlslistener, sock(argv[2], SOCK_STREAM),
		    EV_READ | EV_PERSIST, on_accept, server);
		event_add(&tlslistener, NULL);
	}
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
tls_setup(const char *cert, const char *key)
{
	struct tls_config	*conf;

	if ((conf = tls_config_new()) == NULL ||
	    tls_config_set_keypair_file(conf, cert, key) == -1 ||
	    (server = tls_server()) == NULL ||
	    tls_configure(server, conf) == -1)
		errx(1, "%s", conf != NULL && tls_config_error(conf) != NULL ?
		    tls_config_error(conf) : "tls");
	tls_config_free(conf);
}

static int
sock(const char *port, int type)
{
	struct sockaddr_in	 sin;
	int			 fd, one = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(strtonum(port, 1, UINT16_MAX, NULL));
	if ((fd = socket(AF_INET, type | SOCK_NONBLOCK, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    (type == SOCK_STREAM && listen(fd, 4096) == -1))
		err(1, "port %s", port);
	return (fd);
}

static void
on_accept(int fd, short events, void *arg)
{
	struct client	*c;
	int		 i, s;

	(void)events;
	for (i = 0; i < ACCEPTS; i++) {
		if ((s = accept(fd, NULL, NULL)) == -1)
			return;
		if ((c = calloc(1, sizeof(*c))) == NULL)
			err(1, NULL);
		if (fcntl(s, F_SETFL, O_NONBLOCK) == -1)
			err(1, "fcntl");
		c->fd = s;
		if (arg != NULL && tls_accept_socket(arg, &c->tls, s) == -1)
			errx(1, "tls_accept_socket: %s", tls_error(arg));
		event_set(&c->ev, s, EV_READ | EV_PERSIST, on_read, c);
		event_add(&c->ev, NULL);
		accepts++;
		nopen++;
	}
}

/* One address, whatever the question. */
static void
on_datagram(int fd, short events, void *arg)
{
	struct sockaddr_in	 sin;
	socklen_t		 len;
	uint8_t			 buf[1024];
	size_t			 end;
	ssize_t			 n;
	int			 i;

	(void)events;
	(void)arg;
	for (i = 0; i < ACCEPTS; i++) {
		len = sizeof(sin);
		if ((n = recvfrom(fd, buf, 512, 0, (struct sockaddr *)&sin,
		    &len)) < 17)
			return;
		buf[n] = '\0';
		end = 12 + strlen((char *)buf + 12) + 5;
		if (end > (size_t)n)
			continue;
		buf[2] = 0x81;
		buf[3] = 0x80;
		buf[7] = 1;
		buf[10] = buf[11] = 0;
		memcpy(buf + end, record, sizeof(record));
		sendto(fd, buf, end + sizeof(record), 0,
		    (struct sockaddr *)&sin, len);
		requests++;
	}
}

static void
on_read(int fd, short events, void *arg)
{
	struct client	*c = arg;
	char		 buf[4096];
	ssize_t		 n;

	(void)events;
	if (c->tls != NULL) {
		if (shake(c) == -1)
			drop(c);
		return;
	}
	if ((n = read(fd, buf, sizeof(buf))) == -1 && errno == EAGAIN)
		return;
	if (n > 0) {
		requests++;
		n = write(fd, answer, sizeof(answer) - 1);
	}
	if (n <= 0)
		drop(c);
}

/* A handshake, and then what is read until the end.  0, or -1 at that. */
static int
shake(struct client *c)
{
	char	 buf[64];
	ssize_t	 n;

	if (tls_conn_version(c->tls) == NULL) {
		n = tls_handshake(c->tls);
		if (n == 0)
			requests++;
		else
			return (n == TLS_WANT_POLLIN ? 0 : -1);
	}
	n = tls_read(c->tls, buf, sizeof(buf));
	return (n == TLS_WANT_POLLIN || n > 0 ? 0 : -1);
}

static void
drop(struct client *c)
{
	event_del(&c->ev);
	tls_free(c->tls);
	close(c->fd);
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
	fprintf(stderr, "usage: target port [tls-port cert key]\n");
	exit(2);
}
