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
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <openssl/ssl.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * The least that a probe can cost: bare epoll, no timeouts, no results, no
 * checks, at the rate that the daemon is measured with; for TLS one context for
 * all connections.  Prints probes made, probes failed and CPU microseconds per
 * probe.  A mix is made of each as run has it, at a port for tcp and http, one
 * for tls, one for dns.
 */

#define EVENTS	256
#define TICK	10	/* ms, as the prober has it */
#define FDS	65536
#define QUESTION 64

enum kind {
	TCP,
	HTTP,
	DNS,
	TLS,
	MIX,
	NKINDS
};

static void	 probe_start(int, enum kind, unsigned long);
static void	 probe_event(int);
static size_t	 question(uint8_t *, unsigned long);
static int	 http_event(int);
static int	 dns_event(int);
static int	 tls_event(int);
static void	 usage(void) __attribute__((__noreturn__));
static int64_t	 now(void);

static const char	*const kinds[] = { "tcp", "http", "dns", "tls", "mix" };
static const enum kind	 mix[] = { DNS, TLS, TCP, TCP, TCP, HTTP, HTTP, HTTP,
			    DNS, TLS };
static const char	 request[] = "GET / HTTP/1.1\r\n"
			    "Host: 127.1.0.1:23100\r\n"
			    "User-Agent: quptime/1.0\r\n"
			    "Connection: close\r\n\r\n";
static unsigned long	 good, bad;
static uint16_t		 ports[NKINDS];
static unsigned char	 asked[FDS];	/* by descriptor */
static enum kind	 kindof[FDS];
static SSL		*ssls[FDS];
static SSL_CTX		*ctx;

int
main(int argc, char *argv[])
{
	struct epoll_event	 ev[EVENTS];
	struct rusage		 ru;
	const char		*errstr;
	int64_t			 end, start, step, t;
	unsigned long		 n = 0, targets;
	enum kind		 kind, k;
	int			 ep, i, nev, rate, secs;

	if (argc != 6 && argc != 8)
		usage();
	for (kind = 0; kind < NKINDS; kind++)
		if (strcmp(argv[1], kinds[kind]) == 0)
			break;
	if (kind == NKINDS || (kind == MIX) != (argc == 8))
		usage();
	ports[TCP] = ports[HTTP] = strtonum(argv[2], 1, UINT16_MAX, &errstr);
	ports[TLS] = strtonum(argv[kind == MIX ? 3 : 2], 1, UINT16_MAX,
	    &errstr);
	ports[DNS] = strtonum(argv[kind == MIX ? 4 : 2], 1, UINT16_MAX,
	    &errstr);
	argv += argc - 3;
	targets = strtonum(argv[0], 1, 65536, &errstr);
	rate = strtonum(argv[1], 1, 1000000, &errstr);
	secs = strtonum(argv[2], 1, 3600, &errstr);
	if (errstr != NULL)
		usage();
	if ((ep = epoll_create1(0)) == -1)
		err(1, "epoll_create1");
	if ((ctx = SSL_CTX_new(TLS_client_method())) == NULL)
		errx(1, "SSL_CTX_new");
	step = 1000000000 / rate;
	start = now();
	end = start + (int64_t)secs * 1000000000;
	while ((t = now()) < end || good + bad < n) {
		for (; t < end && start + (int64_t)n * step <= t; n++) {
			k = kind == MIX ? mix[n % targets %
			    (sizeof(mix) / sizeof(mix[0]))] : kind;
			probe_start(ep, k, n % targets);
		}
		nev = epoll_wait(ep, ev, EVENTS, TICK);
		for (i = 0; i < nev; i++)
			probe_event(ev[i].data.fd);
	}
	if (getrusage(RUSAGE_SELF, &ru) == -1)
		err(1, "getrusage");
	t = (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000LL +
	    ru.ru_utime.tv_usec + ru.ru_stime.tv_usec;
	printf("%lu %lu %.1f\n", good, bad, (double)t / (good + bad));
	return (0);
}

static void
probe_start(int ep, enum kind kind, unsigned long target)
{
	struct sockaddr_in	 sin;
	struct epoll_event	 ev;
	uint8_t			 buf[QUESTION];
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(ports[kind]);
	/* Datagrams come back from the address that the kernel chooses. */
	sin.sin_addr.s_addr = htonl(kind == DNS ? INADDR_LOOPBACK :
	    0x7f010000 | target);
	fd = socket(AF_INET, (kind == DNS ? SOCK_DGRAM : SOCK_STREAM) |
	    SOCK_NONBLOCK, 0);
	if (fd == -1 || fd >= FDS)
		err(1, "socket");
	asked[fd] = 0;
	kindof[fd] = kind;
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	if (kind == DNS && send(fd, buf, question(buf, target),
	    0) == -1)
		err(1, "send");
	ev.events = kind == DNS ? EPOLLIN : EPOLLIN | EPOLLOUT | EPOLLET;
	ev.data.fd = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

/* Each kind's: 1 good, 0 bad, -1 not yet done. */
static void
probe_event(int fd)
{
	socklen_t	 len = sizeof(int);
	enum kind	 kind = kindof[fd];
	int		 error = 0, r;

	if (kind == DNS)
		r = dns_event(fd);
	else if (!asked[fd] && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error,
	    &len) == -1 || error != 0))
		r = 0;
	else if (kind == TCP)
		r = 1;
	else
		r = kind == HTTP ? http_event(fd) : tls_event(fd);
	if (r == -1)
		return;
	if (r)
		good++;
	else
		bad++;
	close(fd);
}

static int
http_event(int fd)
{
	char	 buf[4096];
	ssize_t	 n;

	if (!asked[fd]) {
		asked[fd] = 1;
		n = write(fd, request, sizeof(request) - 1);
		return (n == -1 ? 0 : -1);
	}
	n = read(fd, buf, sizeof(buf));
	if (n == -1 && errno == EAGAIN)
		return (-1);
	return (n >= 12 && strncmp(buf + 9, "200", 3) == 0);
}

static int
dns_event(int fd)
{
	uint8_t	 buf[512];
	ssize_t	 n;

	n = recv(fd, buf, sizeof(buf), 0);
	if (n == -1 && errno == EAGAIN)
		return (-1);
	return (n > 12 && buf[1] == 2 && buf[7] == 1);
}

/* For the address of a number. */
static size_t
question(uint8_t *p, unsigned long target)
{
	static const uint8_t	 head[] = { 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0,
				    0 };
	static const uint8_t	 tail[] = "\5bench\7example\0\0\1\0\1";
	uint8_t			*start = p;

	memcpy(p, head, sizeof(head));
	p += sizeof(head);
	*p = snprintf((char *)p + 1, QUESTION / 2, "%lu", target);
	p += *p + 1;
	memcpy(p, tail, sizeof(tail) - 1);
	return (p + sizeof(tail) - 1 - start);
}

static int
tls_event(int fd)
{
	int	 r;

	if (!asked[fd]) {
		asked[fd] = 1;
		if ((ssls[fd] = SSL_new(ctx)) == NULL ||
		    SSL_set_fd(ssls[fd], fd) != 1)
			errx(1, "SSL_new");
	}
	if ((r = SSL_connect(ssls[fd])) != 1 &&
	    SSL_get_error(ssls[fd], r) == SSL_ERROR_WANT_READ)
		return (-1);
	if (r == 1)
		SSL_shutdown(ssls[fd]);
	SSL_free(ssls[fd]);
	return (r == 1);
}

static void
usage(void)
{
	fprintf(stderr, "usage: raw tcp|http|dns|tls port targets rate "
	    "seconds\n"
	    "       raw mix port tls-port dns-port targets rate seconds\n");
	exit(2);
}

static int64_t
now(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (ts.tv_sec * 1000000000LL + ts.tv_nsec);
}
