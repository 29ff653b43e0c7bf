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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <err.h>
#include <event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monotime.h"
#include "quptimed.h"
#include "resolve.h"
#include "tap.h"

/*
 * The parsers on texts, the resolver on a name server of its own, which counts
 * what it is asked.
 */

#define SERVERS	(RESOLVE_CHANNELS + 3)	/* addresses 127.0.0.1 and up */

struct wait {
	struct resolve	 r;
	char		 text[512];
	int		 calls;
};

static unsigned int	*asked;		/* shared with the name server */
static uint16_t		 port;
static pid_t		 server;

/* One resource record for the question at offset 12. */
static size_t
record(unsigned char *p, int type, uint32_t ttl, int last)
{
	size_t	 n = type == 1 ? 4 : 16;

	memset(p, 0, 12 + n);
	p[0] = 0xc0;
	p[1] = 12;
	p[3] = type;
	p[5] = 1;
	ttl = htonl(ttl);
	memcpy(p + 6, &ttl, sizeof(ttl));
	p[11] = n;
	if (type == 1)
		memcpy(p + 12, "\300\0\2", 3);
	else
		memcpy(p + 12, "\x20\1\xd\xb8", 4);
	p[12 + n - 1] = last;
	return (12 + n);
}

/* The answer to the question in p; 0: none. */
static size_t
answer(unsigned char *p, size_t len)
{
	char	 name[256] = "";
	size_t	 i;
	int	 code = 0, n, records = 0, type;

	for (i = 12; i < len && p[i] != 0; i += p[i] + 1) {
		strlcat(name, name[0] != '\0' ? "." : "", sizeof(name));
		strncat(name, (char *)p + i + 1, p[i]);
	}
	type = p[i + 2];
	len = i + 5;
	if (strcmp(name, "fail.test") == 0)
		code = 2;
	else if (strcmp(name, "drop6.test") == 0 && type == 28)
		return (0);
	else if (strcmp(name, "many.test") == 0)
		records = 12;
	else if (strcmp(name, "a.test") == 0 ||
	    strcmp(name, "short.in.test") == 0 ||
	    strncmp(name, "list", 4) == 0)
		records = 1;
	else if (strcmp(name, "v4.test") == 0 ||
	    strcmp(name, "drop6.test") == 0 || strcmp(name, "ttl.test") == 0)
		records = type == 1;
	else
		code = 3;
	p[2] = 0x81;
	p[3] = 0x80 | code;
	memset(p + 4, 0, 8);
	p[5] = 1;
	p[7] = records;
	for (n = 1; n <= records; n++)
		len += record(p + len, type,
		    strcmp(name, "ttl.test") == 0 ? 0 : 60, n);
	return (len);
}

/* One socket for each address, so that answers come from where was asked. */
static int
server_bind(int last)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + last);
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "name server");
	port = ntohs(sin.sin_port);
	return (fd);
}

static void
server_start(void)
{
	struct sockaddr_storage	 from;
	struct pollfd		 pfd[SERVERS];
	unsigned char		 buf[1024];
	socklen_t		 len;
	ssize_t			 n;
	size_t			 size;
	int			 i;

	for (i = 0; i < SERVERS; i++) {
		pfd[i].fd = server_bind(i);
		pfd[i].events = POLLIN;
	}
	asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (asked == MAP_FAILED || (server = fork()) == -1)
		err(1, "name server");
	for (i = 0; server > 0 && i < SERVERS; i++)
		close(pfd[i].fd);
	while (server == 0 && poll(pfd, SERVERS, -1) > 0)
		for (i = 0; i < SERVERS; i++) {
			if ((pfd[i].revents & POLLIN) == 0)
				continue;
			len = sizeof(from);
			n = recvfrom(pfd[i].fd, buf, 512, 0,
			    (struct sockaddr *)&from, &len);
			if (n < 17)
				continue;
			++*asked;
			if ((size = answer(buf, n)) > 0)
				sendto(pfd[i].fd, buf, size, 0,
				    (struct sockaddr *)&from, len);
		}
}

static int
text_fd(const char *text)
{
	char	 path[] = "/tmp/resolve_test.XXXXXX";
	int	 fd;

	if ((fd = mkstemp(path)) == -1 ||
	    write(fd, text, strlen(text)) == -1)
		err(1, "%s", path);
	unlink(path);
	return (fd);
}

static void
describe(const struct addrs *as, char *buf, size_t size)
{
	char		 one[ADDR_STRLEN];
	unsigned int	 i;

	buf[0] = '\0';
	for (i = 0; i < as->n; i++) {
		strlcat(buf, i > 0 ? " " : "", size);
		strlcat(buf, addr_format(&as->a[i], one, sizeof(one)), size);
	}
}

static void
told(struct addrs *as, const char *errstr, void *arg)
{
	struct wait	*w = arg;

	w->calls++;
	if (as != NULL)
		describe(as, w->text, sizeof(w->text));
	else
		snprintf(w->text, sizeof(w->text), "! %s", errstr);
}

/* Until all of them are told, or for five seconds. */
static void
await(struct wait *w, size_t n)
{
	struct monotime	 end;
	size_t		 i, left = n;

	end = mono_add(mono_now(), MONO_SEC(5));
	while (left > 0 && mono_cmp(mono_now(), end) < 0) {
		event_loop(EVLOOP_ONCE);
		for (left = i = 0; i < n; i++)
			left += w[i].calls == 0;
	}
}

static const char *
lookup(const char *host, struct servers *servers)
{
	static struct wait	 w;
	struct addrs		*as;

	memset(&w, 0, sizeof(w));
	if ((as = resolve_known(host, servers)) != NULL) {
		strlcpy(w.text, "known: ", sizeof(w.text));
		describe(as, w.text + 7, sizeof(w.text) - 7);
		addrs_unref(as);
		return (w.text);
	}
	if (resolve_start(&w.r, host, servers, told, &w) == -1)
		return ("out of memory");
	if (w.calls != 0)
		return ("called back at once");
	await(&w, 1);
	resolve_cancel(&w.r);
	return (w.calls == 1 ? w.text : "not called back once");
}

static void
set_conf(const char *rest)
{
	char	*text;

	if (asprintf(&text, "nameserver 127.0.0.1\n%s", rest) == -1)
		err(1, NULL);
	resolve_set_conf(text_fd(text));
	free(text);
}

/* The same list, as the servers of a check: resolv.conf has no port. */
static struct servers *
own_servers(int last)
{
	char		 text[64], *v[1] = { text };
	struct servers	*s;

	snprintf(text, sizeof(text), "127.0.0.%d:%u", last, port);
	if ((s = servers_get(v, 1)) == NULL)
		err(1, NULL);
	return (s);
}

static void
test_lookups(void)
{
	struct servers	*s;
	unsigned int	 before;

	s = own_servers(1);
	is_str(lookup("a.test", s), "192.0.2.1 2001:db8::1", "both families");
	before = *asked;
	is_str(lookup("A.TEST", s), "known: 192.0.2.1 2001:db8::1",
	    "remembered");
	is_int(*asked, before, "and not asked for again");
	is_str(lookup("v4.test", s), "192.0.2.1", "IPv4 alone");
	is_str(lookup("many.test", s), "192.0.2.1 192.0.2.2 192.0.2.3 "
	    "192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 2001:db8::1 "
	    "2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 2001:db8::6 "
	    "2001:db8::7 2001:db8::8", "not more than eight of each");
	is_str(lookup("none.test", s), "! no such host", "no such name");
	before = *asked;
	is_str(lookup("none.test", s), "! no such host", "again");
	is_int(*asked, before + 2, "what is not there is not remembered");
	is_str(lookup("fail.test", s), "! no name server gives an answer",
	    "a server that fails");
	is_str(lookup("drop6.test", s), "192.0.2.1",
	    "a server that drops questions for AAAA");
	is_str(lookup("", s), "! no such host", "an empty name");
	is_str(lookup("a..test", s), "! no such host", "an empty label");
	is_str(lookup("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxx.test", s), "! no such host",
	    "a label that is too long");
	servers_unref(s);
}

static void
test_search(void)
{
	struct servers	*s;

	s = own_servers(1);
	is_str(lookup("short", s), "! no such host", "without search list");
	set_conf("search no.test in.test\n");
	is_str(lookup("short", s), "192.0.2.1 2001:db8::1",
	    "the second of the search list");
	is_str(lookup("short.", s), "! no such host", "an absolute name");
	is_str(lookup("a.test", s), "192.0.2.1 2001:db8::1",
	    "forgotten with the old resolv.conf");
	set_conf("");
	servers_unref(s);
}

static void
test_known(void)
{
	is_str(lookup("localhost", NULL), "known: 127.0.0.1 ::1", "localhost");
	is_str(lookup("x.LocalHost.", NULL), "known: 127.0.0.1 ::1",
	    "below localhost");
	resolve_set_hosts(text_fd("192.0.2.7 box box.example # x\n"
	    "2001:db8::7 box\n127.9.9.9 localhost\n"));
	is_str(lookup("BOX", NULL), "known: 192.0.2.7 2001:db8::7",
	    "hosts, all addresses");
	is_str(lookup("box.example", NULL), "known: 192.0.2.7",
	    "hosts, a second name");
	is_str(lookup("localhost", NULL), "known: 127.0.0.1 ::1",
	    "localhost whatever hosts says");
}

static void
test_shared(void)
{
	struct wait	 w[50];
	struct servers	*s;
	unsigned int	 before, i, n;

	s = own_servers(1);
	memset(w, 0, sizeof(w));
	before = *asked;
	for (i = 0; i < 50; i++)
		resolve_start(&w[i].r, "ttl.test", s, told, &w[i]);
	resolve_cancel(&w[7].r);
	w[7].calls = 1;
	await(w, 50);
	for (n = i = 0; i < 50; i++)
		n += w[i].calls == 1 && strcmp(w[i].text, "192.0.2.1") == 0;
	is_int(n, 49, "all but the one that was cancelled are told");
	is_int(*asked, before + 2, "of one question for A and one for AAAA");

	/* What nobody waits for any more must not hurt. */
	memset(w, 0, sizeof(w));
	resolve_start(&w[0].r, "none.test", s, told, &w[0]);
	resolve_cancel(&w[0].r);
	resolve_start(&w[1].r, "list.test", s, told, &w[1]);
	await(w + 1, 1);
	is_int(w[0].calls, 0, "cancelled: not called");
	servers_unref(s);
}

/* More server lists than channels at a time. */
static void
test_channels(void)
{
	struct wait	 w[SERVERS];
	struct servers	*s[SERVERS];
	char		 host[32];
	unsigned int	 i, n;

	memset(w, 0, sizeof(w));
	for (i = 0; i < SERVERS; i++) {
		s[i] = own_servers(i + 1);
		snprintf(host, sizeof(host), "list%u.test", i);
		resolve_start(&w[i].r, host, s[i], told, &w[i]);
	}
	await(w, SERVERS);
	for (n = i = 0; i < SERVERS; i++) {
		n += strcmp(w[i].text, "192.0.2.1 2001:db8::1") == 0;
		servers_unref(s[i]);
	}
	is_int(n, SERVERS, "lists take turns on the channels");
}

static void
test_conf(void)
{
	static const char	 text[] = "# x\n; nameserver 1.1.1.1\n"
	    "nameserver 192.0.2.1\nnameserver bad\n nameserver 2001:db8::1\r\n"
	    "nameserver fe80::1%3\ndomain one.test\n"
	    "search a.test\tb.test . c.test\noptions rotate ndots:2 timeout:1\n"
	    "options ndots:x\nnameserver";
	struct resolvconf	 rc;
	char			 buf[ADDR_STRLEN], *big;

	resolvconf_parse(&rc, text, strlen(text));
	is_int(rc.nservers, 3, "name servers");
	is_str(addr_format(&rc.servers[0], buf, sizeof(buf)), "192.0.2.1:53",
	    "the first");
	is_str(addr_format(&rc.servers[1], buf, sizeof(buf)),
	    "[2001:db8::1]:53", "IPv6");
	is_str(addr_format(&rc.servers[2], buf, sizeof(buf)), "[fe80::1%3]:53",
	    "with a zone");
	is_int(rc.nsearch, 3, "the last search list counts");
	is_str(rc.search[2], "c.test", "without the root");
	is_int(rc.ndots, 2, "ndots");
	resolvconf_parse(&rc, "", 0);
	is_str(addr_format(&rc.servers[0], buf, sizeof(buf)), "127.0.0.1:53",
	    "an empty file");
	is_int(rc.ndots, 1, "ndots by default");
	resolvconf_parse(&rc, "options ndots:99", 16);
	is_int(rc.ndots, 15, "ndots is bounded");
	resolvconf_parse(&rc, "search a\0b c\nnameserver 1.2.3.4\0\n", 34);
	is_int(rc.nsearch, 1, "a word with NUL is none");
	if ((big = malloc(100000)) == NULL)
		err(1, NULL);
	memset(big, 'a', 100000);
	memcpy(big, "search ", 7);
	resolvconf_parse(&rc, big, 100000);
	is_int(rc.nsearch, 0, "a word that is too long is none");
	free(big);
}

static void
test_hosts(void)
{
	static const char	 text[] = "127.0.0.1 localhost\n# 1.1.1.1 no\n"
	    "::1\tlocalhost ip6-localhost\r\n192.0.2.1 b a#c\nnot.an.addr x\n"
	    "192.0.2.2 a\n192.0.2.3\n192.0.2.4 z";
	const struct hosts_entry *e;
	struct hosts		 h;
	char			 buf[ADDR_STRLEN];
	size_t			 n;

	is_int(hosts_parse(&h, text, strlen(text)), 0, "hosts");
	is_int(h.n, 7, "names");
	e = hosts_find(&h, "LOCALHOST", &n);
	ok(e != NULL && n == 2, "two addresses");
	is_str(addr_format(&e[1].addr, buf, sizeof(buf)), "::1",
	    "in the file's order");
	e = hosts_find(&h, "a", &n);
	ok(e != NULL && n == 2, "a comment right behind a name");
	ok(hosts_find(&h, "x", &n) == NULL, "not for what is no address");
	ok(hosts_find(&h, "z", &n) != NULL, "without a last newline");
	ok(hosts_find(&h, "", &n) == NULL, "no empty name");
	hosts_clear(&h);
	is_int(hosts_parse(&h, "", 0), 0, "an empty file");
	ok(hosts_find(&h, "a", &n) == NULL, "has nothing");
	hosts_clear(&h);
}

static void
test_addr(void)
{
	static const struct {
		const char	*text, *want;
	} t[] = {
		{ "1.2.3.4",		"1.2.3.4:80" },
		{ "::1",		"[::1]:80" },
		{ "fe80::1%2",		"[fe80::1%2]:80" },
		{ "fe80::1%eth0",	"!" },
		{ "fe80::1%0",		"!" },
		{ "1.2.3",		"!" },
		{ "1.2.3.4.",		"!" },
		{ "01.2.3.4",		"!" },
		{ "[::1]",		"!" },
		{ "1.2.3.4%1",		"!" },
		{ "",			"!" },
		{ "x",			"!" },
	};
	struct addr	 a, b;
	char		 buf[ADDR_STRLEN];
	size_t		 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		is_str(addr_parse(t[i].text, 80, &a) == -1 ? "!" :
		    addr_format(&a, buf, sizeof(buf)), t[i].want, "\"%s\"",
		    t[i].text);
	addr_parse("::1", 1, &a);
	addr_parse("::1", 2, &b);
	ok(addr_equal(&a, &b), "ports do not matter");
	addr_parse("::2", 1, &b);
	ok(!addr_equal(&a, &b), "addresses do");
	addr_parse("0.0.0.1", 1, &b);
	ok(!addr_equal(&a, &b), "families do");
}

static void
test_servers(void)
{
	char		*one[] = { "192.0.2.1", "[::1]:5353", "dns.example" };
	char		*two[] = { "192.0.2.1:53", "[::1]:5353" };
	char		*bad[] = { "dns.example:53", "1.1.1.1:x", "[::1" };
	struct servers	*a, *b;

	a = servers_get(one, 3);
	b = servers_get(two, 2);
	ok(a != NULL && a == b, "equal lists are one");
	servers_unref(a);
	servers_unref(b);
	ok(servers_get(bad, 3) == NULL, "no address, no list");
	ok(servers_get(bad, 0) == NULL, "nothing, no list");
}

int
main(void)
{
	log_init(LOG_STYLE_PLAIN, 0);
	test_conf();
	test_hosts();
	test_addr();
	fflush(stdout);
	server_start();
	event_init();
	resolve_init(RESOLVE_CHANNELS);
	test_servers();
	test_lookups();
	test_search();
	test_known();
	test_shared();
	test_channels();
	resolve_shutdown();
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return (tap_done());
}
