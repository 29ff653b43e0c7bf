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

#include <netinet/in.h>

#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tls.h>

/*
 * The least that a heartbeat can cost: frames answered on one TLS connection
 * over loopback, as often as a node is asked, by who looks at nothing.  Prints
 * CPU microseconds per frame.
 */

#define FRAME	160	/* as heartbeats are */

static int	 tcp_listen(struct sockaddr_in *);
static void	 hello(struct tls *, struct tls_config *);
static int	 get(struct tls *, char *);
static int	 put(struct tls *, const char *);
static void	 ask(const struct sockaddr_in *, long, long);
static void	 answer(int, const char *, const char *);
static int64_t	 used(void);
static void	 usage(void) __attribute__((__noreturn__));

int
main(int argc, char *argv[])
{
	struct sockaddr_in	 sin;
	const char		*errstr;
	long			 rate, secs = 0;
	pid_t			 pid;
	int			 fd;

	if (argc != 5)
		usage();
	rate = strtonum(argv[3], 1, 100000, &errstr);
	if (errstr == NULL)
		secs = strtonum(argv[4], 1, 3600, &errstr);
	if (errstr != NULL)
		usage();
	fd = tcp_listen(&sin);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		ask(&sin, rate, secs);
		_exit(0);
	}
	answer(fd, argv[1], argv[2]);
	return (0);
}

static int
tcp_listen(struct sockaddr_in *sin)
{
	socklen_t	 len = sizeof(*sin);
	int		 fd;

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)sin, len) == -1 ||
	    getsockname(fd, (struct sockaddr *)sin, &len) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "listen");
	return (fd);
}

/* As nodes do it: whose key it is is looked at by others. */
static void
hello(struct tls *ctx, struct tls_config *conf)
{
	if (ctx == NULL || conf == NULL || tls_config_set_protocols(conf,
	    TLS_PROTOCOL_TLSv1_3) == -1)
		errx(1, "TLS");
	tls_config_insecure_noverifycert(conf);
	tls_config_insecure_noverifyname(conf);
	if (tls_configure(ctx, conf) == -1)
		errx(1, "TLS: %s", tls_error(ctx));
}

/* 1 when there was a whole frame. */
static int
get(struct tls *ctx, char *frame)
{
	ssize_t	 n;

	do
		n = tls_read(ctx, frame, FRAME);
	while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	return (n == FRAME);
}

static int
put(struct tls *ctx, const char *frame)
{
	ssize_t	 n;

	do
		n = tls_write(ctx, frame, FRAME);
	while (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT);
	return (n == FRAME);
}

static void
ask(const struct sockaddr_in *sin, long rate, long secs)
{
	const struct timespec	 pause = { 0, 1000000000 / rate - 1 };
	struct tls		*ctx;
	char			 frame[FRAME] = "";
	long			 i;
	int			 fd;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) == -1)
		err(1, "connect");
	ctx = tls_client();
	hello(ctx, tls_config_new());
	if (tls_connect_socket(ctx, fd, NULL) == -1)
		errx(1, "TLS: %s", tls_error(ctx));
	for (i = 0; i < rate * secs; i++) {
		if (!put(ctx, frame) || !get(ctx, frame))
			errx(1, "no answer");
		nanosleep(&pause, NULL);
	}
	tls_close(ctx);
}

static void
answer(int listener, const char *cert, const char *key)
{
	struct tls_config	*conf = tls_config_new();
	struct tls		*server, *ctx;
	char			 frame[FRAME];
	int64_t			 before;
	long			 n;
	int			 fd;

	if (conf == NULL || tls_config_set_keypair_file(conf, cert, key) == -1)
		errx(1, "%s, %s: not loaded", cert, key);
	server = tls_server();
	hello(server, conf);
	if ((fd = accept(listener, NULL, NULL)) == -1)
		err(1, "accept");
	if (tls_accept_socket(server, &ctx, fd) == -1 ||
	    tls_handshake(ctx) == -1)
		errx(1, "handshake");
	before = used();
	for (n = 0; get(ctx, frame) && put(ctx, frame); n++)
		;
	if (n == 0)
		errx(1, "nothing was asked");
	printf("%.1f\n", (double)(used() - before) / n);
}

/* CPU, in microseconds. */
static int64_t
used(void)
{
	struct rusage	 ru;

	if (getrusage(RUSAGE_SELF, &ru) == -1)
		err(1, "getrusage");
	return ((ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000LL +
	    ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

static void
usage(void)
{
	fprintf(stderr, "usage: exchange cert key rate seconds\n");
	exit(2);
}
