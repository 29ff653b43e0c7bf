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

#include <arpa/inet.h>
#include <err.h>
#include <event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnsq.h"
#include "httpc.h"
#include "resolve.h"
#include "tap.h"

/*
 * Questions to name servers that live in this process: what each of them does
 * is said by a letter.
 */

#define NSERVERS	3

static struct server {
	struct event	 ev, tcpev, connev;
	char		 what;
	char		 addr[32];
	unsigned int	 asked;
	int		 fd, tcp, conn;
} servers[NSERVERS];

static struct {
	enum dnsq_end	 end;
	enum dns_status	 status;
	char		 text[512];
	int64_t		 ms;
	int		 n;
} got;

static struct monotime	 begun;

/* An answer: one address; in place, with room for it. */
static size_t
answer(uint8_t *buf, size_t n, unsigned int flags, int record)
{
	static const uint8_t	 rr[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0,
				    4, 10, 1, 2, 3 };

	(void)n;
	n = 12 + strlen((char *)buf + 12) + 5;
	buf[2] = flags >> 8;
	buf[3] = flags & 0xff;
	buf[7] = record;
	buf[10] = buf[11] = 0;
	memcpy(buf + n, rr, sizeof(rr));
	return (record ? n + sizeof(rr) : n);
}

static void
on_udp(int fd, short events, void *arg)
{
	struct sockaddr_in	 sin;
	struct server		*s = arg;
	socklen_t		 len = sizeof(sin);
	uint8_t			 buf[1024];
	ssize_t			 n;
	int			 edns;

	(void)events;
	n = recvfrom(fd, buf, 512, 0, (struct sockaddr *)&sin, &len);
	if (n < 17)
		return;
	s->asked++;
	edns = buf[11];
	switch (s->what) {
	case 'a':		/* answers */
		n = answer(buf, n, 0x8180, 1);
		break;
	case 'n':		/* knows no such name */
		n = answer(buf, n, 0x8183, 0);
		break;
	case 'f':		/* fails */
		n = answer(buf, n, 0x8182, 0);
		break;
	case 'r':		/* refuses */
		n = answer(buf, n, 0x8185, 0);
		break;
	case 'l':		/* is lame */
		n = answer(buf, n, 0x8000, 0);
		break;
	case 'm':		/* malformed */
		n = answer(buf, n, 0x8180, 1) - 1;
		break;
	case 'o':		/* old: knows no EDNS */
		n = answer(buf, n, edns ? 0x8181 : 0x8180, !edns);
		break;
	case 'x':		/* an answer, but first one of another id */
		n = answer(buf, n, 0x8180, 1);
		buf[0] ^= 1;
		sendto(fd, buf, n, 0, (struct sockaddr *)&sin, len);
		buf[0] ^= 1;
		break;
	case '2':		/* loses the first question */
		if (s->asked < 2)
			return;
		n = answer(buf, n, 0x8180, 1);
		break;
	case 's':		/* silent */
		return;
	default:		/* truncated; capitals say what over TCP */
		n = answer(buf, n, 0x8380, 0);
		break;
	}
	sendto(fd, buf, n, 0, (struct sockaddr *)&sin, len);
}

static void
on_conn(int fd, short events, void *arg)
{
	struct server	*s = arg;
	uint8_t		 buf[1024];
	ssize_t		 n;
	size_t		 i;

	(void)events;
	if ((n = read(fd, buf, 512)) > 2 && s->what != 'S') {
		n = answer(buf + 2, n - 2, s->what == 'T' ? 0x8380 :
		    s->what == 'F' ? 0x8182 : 0x8180, s->what != 'F');
		buf[0] = n >> 8;
		buf[1] = n & 0xff;
		if (s->what == 'Z')
			buf[0] = buf[1] = 0;
		n = s->what == 'C' ? n - 3 : n + 2;
		for (i = 0; i < (size_t)n; i++)
			if (write(fd, buf + i, 1) == -1)
				break;
	}
	if (s->what == 'S')
		return;
	event_del(&s->connev);
	close(fd);
	s->conn = -1;
}

static void
on_tcp(int fd, short events, void *arg)
{
	struct server	*s = arg;

	(void)events;
	if (s->conn != -1) {
		event_del(&s->connev);
		close(s->conn);
	}
	if ((s->conn = accept(fd, NULL, NULL)) == -1)
		err(1, "accept");
	event_set(&s->connev, s->conn, EV_READ | EV_PERSIST, on_conn, s);
	event_add(&s->connev, NULL);
}

static void
server_make(struct server *s)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((s->tcp = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(s->tcp, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    getsockname(s->tcp, (struct sockaddr *)&sin, &len) == -1 ||
	    listen(s->tcp, 8) == -1 ||
	    (s->fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "server");
	snprintf(s->addr, sizeof(s->addr), "127.0.0.1:%u",
	    ntohs(sin.sin_port));
	s->conn = -1;
	event_set(&s->ev, s->fd, EV_READ | EV_PERSIST, on_udp, s);
	event_add(&s->ev, NULL);
	event_set(&s->tcpev, s->tcp, EV_READ | EV_PERSIST, on_tcp, s);
	event_add(&s->tcpev, NULL);
}

static void
done(const struct dnsq_res *res, void *arg)
{
	(void)arg;
	got.end = res->end;
	got.status = res->status;
	strlcpy(got.text, res->text, sizeof(got.text));
	got.ms = mono_sub(mono_now(), begun).ns / 1000000;
	got.n++;
	event_loopexit(NULL);
}

/* Servers in their order: a letter each, and '-' for a closed port. */
static struct servers *
list(const char *what)
{
	static char	*v[NSERVERS];
	unsigned int	 i;

	for (i = 0; what[i] != '\0'; i++) {
		servers[i].what = what[i];
		servers[i].asked = 0;
		v[i] = what[i] == '-' ? (char *)"127.0.0.1:1" :
		    servers[i].addr;
	}
	return (servers_get(v, i));
}

static void
ask(const char *what, int ms)
{
	struct servers	*l;

	l = list(what);
	memset(&got, 0, sizeof(got));
	begun = mono_now();
	if (dnsq_start("foo.test", DNS_A, l, mono_add(begun, MONO_MSEC(ms)),
	    done, NULL) == NULL)
		errx(1, "dnsq_start");
	servers_unref(l);
	event_dispatch();
	is_int(got.n, 1, "%s: called back once", what);
	ok(got.ms <= ms + 100, "in time: %lld ms", (long long)got.ms);
}

/* It is answered with this, by that server. */
static void
answered(const char *what, enum dns_status status, unsigned int by)
{
	ask(what, 600);
	is_int(got.end, DNSQ_ANSWERED, "%s is answered", what);
	is_int(got.status, status, "with");
	is_str(got.text, servers[by].addr, "by");
}

/* It is not, for these reasons; a % stands for the next server. */
static void
failed(const char *what, const char *why, int ms)
{
	char		 text[512] = "";
	unsigned int	 i = 0;

	ask(what, ms);
	for (; *why != '\0'; why++)
		if (*why == '%')
			strlcat(text, servers[i++].addr, sizeof(text));
		else
			strncat(text, why, 1);
	is_int(got.end, DNSQ_FAILED, "%s fails", what);
	is_str(got.text, text, "for its reasons");
}

static void
test_one(void)
{
	answered("a", DNS_ANSWER, 0);
	is_int(servers[0].asked, 1, "one question");
	answered("n", DNS_NXDOMAIN, 0);
	answered("o", DNS_ANSWER, 0);
	is_int(servers[0].asked, 2, "a second one without EDNS");
	answered("x", DNS_ANSWER, 0);
	answered("2", DNS_ANSWER, 0);
	ok(got.ms >= 150, "asked again after a third of the time");
	failed("f", "on %: the server fails (SERVFAIL)", 600);
	ok(got.ms < 100, "at once");
	failed("r", "on %: the server refuses to answer (REFUSED)", 600);
	failed("l", "on %: the server is not responsible for the name", 600);
	failed("m", "on %: malformed answer", 600);
	failed("-", "on 127.0.0.1:1: Connection refused", 600);
	failed("s", "on %: no answer within the timeout", 300);
	ok(got.ms >= 290, "not before the deadline");
	is_int(servers[0].asked, 3, "asked three times");
	failed("s", "on %: no answer within the timeout", 1);
}

static void
test_more(void)
{
	answered("aa", DNS_ANSWER, 0);
	is_int(servers[1].asked, 0, "the second is not asked");
	answered("na", DNS_NXDOMAIN, 0);
	answered("fa", DNS_ANSWER, 1);
	answered("ra", DNS_ANSWER, 1);
	answered("la", DNS_ANSWER, 1);
	answered("ma", DNS_ANSWER, 1);
	answered("-a", DNS_ANSWER, 1);
	answered("sa", DNS_ANSWER, 1);
	answered("Sa", DNS_ANSWER, 1);
	answered("Ta", DNS_ANSWER, 1);
	answered("sfa", DNS_ANSWER, 2);
	answered("2s", DNS_ANSWER, 0);
	failed("fr", "on %: the server fails (SERVFAIL), %: the server "
	    "refuses to answer (REFUSED)", 600);
	ok(got.ms < 100, "at once");
	failed("sfs", "on %: no answer within the timeout, %: the server fails "
	    "(SERVFAIL), %: no answer within the timeout", 300);
}

static void
test_tcp(void)
{
	answered("A", DNS_ANSWER, 0);
	failed("F", "on %: the server fails (SERVFAIL)", 600);
	failed("T", "on %: malformed answer", 600);
	failed("Z", "on %: truncated answer, and over TCP: malformed answer",
	    600);
	failed("C", "on %: truncated answer, and over TCP: closed without an "
	    "answer", 600);
	failed("S", "on %: truncated answer, and none over TCP within the "
	    "timeout", 300);
}

static void
cancel(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	dnsq_cancel(arg);
	event_loopexit(NULL);
}

/* Whatever is under way then. */
static void
test_cancel(void)
{
	static const char *const	 lists[] = { "s", "S", "sS", "--" };
	struct event			 ev;
	struct servers			*l;
	struct timeval			 tv = { 0, 150000 };
	struct dnsq			*q;
	size_t				 i;

	memset(&got, 0, sizeof(got));
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		l = list(lists[i]);
		q = dnsq_start("foo.test", DNS_A, l, mono_add(mono_now(),
		    MONO_MSEC(500)), done, NULL);
		servers_unref(l);
		if (i == 3)
			dnsq_cancel(q);
		evtimer_set(&ev, cancel, i == 3 ? NULL : q);
		evtimer_add(&ev, &tv);
		event_dispatch();
		is_int(got.n, 0, "%s: cancelled", lists[i]);
	}
}

static void
test_local(void)
{
	struct rlimit	 old, rl;

	if (getrlimit(RLIMIT_NOFILE, &old) == -1)
		err(1, "getrlimit");
	rl = old;
	/* Descriptors that are there stay, but there are no more. */
	rl.rlim_cur = 3;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "setrlimit");
	ask("a", 600);
	is_int(got.end, DNSQ_LOCAL, "without descriptors nothing is said");
	if (setrlimit(RLIMIT_NOFILE, &old) == -1)
		err(1, "setrlimit");
}

int
main(void)
{
	unsigned int	 i;

	signal(SIGPIPE, SIG_IGN);
	httpc_init();
	event_init();
	for (i = 0; i < NSERVERS; i++)
		server_make(&servers[i]);
	test_one();
	test_more();
	test_tcp();
	test_cancel();
	test_local();
	httpc_shutdown();
	return (tap_done());
}
