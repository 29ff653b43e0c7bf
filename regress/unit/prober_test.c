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
#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <event.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "httpc.h"
#include "pack.h"
#include "prober.h"
#include "quptimed.h"
#include "server.h"
#include "tap.h"

/*
 * Plays quorum to a prober in a process of its own, without parent, jail and
 * sandbox: what is set is probed, and the results are what they should be.
 */

struct result {
	struct imsg_probe_result	 r;
	char				 detail[DETAIL_MAX];
};

static struct imsgbuf	 ibuf;
static pid_t		 prober;

static void
prober_end(int sig, short events, void *arg)
{
	(void)sig;
	(void)events;
	(void)arg;
	event_loopexit(NULL);
}

static void
prober_child(int fd, int icmp4, int raw)
{
	static struct event	 end;
	static int		 phase = PH_RUN;

	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("prober");
	signal(SIGPIPE, SIG_IGN);
	httpc_init();
	event_init();
	prober_init();
	if (icmp4 != -1)
		probe_icmp_socket(AF_INET, icmp4, raw);
	prober_link(fd, &phase);
	signal_set(&end, SIGTERM, prober_end, NULL);
	signal_add(&end, NULL);
	event_dispatch();
	signal_del(&end);
	prober_shutdown();
	exit(0);
}

/* nofile 0: as many descriptors as the test has. */
static void
start(int icmp4, int raw, rlim_t nofile)
{
	struct rlimit	 rl;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		err(1, "socketpair");
	fflush(stdout);
	if ((prober = fork()) == -1)
		err(1, "fork");
	if (prober == 0) {
		close(sv[0]);
		rl.rlim_cur = rl.rlim_max = nofile;
		if (nofile != 0 && setrlimit(RLIMIT_NOFILE, &rl) == -1)
			err(1, "setrlimit");
		prober_child(sv[1], icmp4, raw);
	}
	close(sv[1]);
	if (imsgbuf_init(&ibuf, sv[0]) == -1 ||
	    imsgbuf_set_maxsize(&ibuf, IPC_MAXSIZE) == -1)
		err(1, "imsgbuf_init");
}

/* Under way or not, it ends without leaving anything, also without quorum. */
static void
stop(void)
{
	int	 status;

	kill(prober, SIGTERM);
	waitpid(prober, &status, 0);
	is_int(status, 0, "the prober ends well");
	close(ibuf.fd);
	imsgbuf_clear(&ibuf);
}

static void
send_msg(uint32_t type, const void *data, size_t len)
{
	if (imsg_compose(&ibuf, type, 0, 0, -1, data, len) == -1 ||
	    imsgbuf_flush(&ibuf) == -1)
		err(1, "imsg_compose");
}

static void
set(uint32_t handle, uint32_t gen, const char *type, const char *target,
    int64_t interval_ms, int64_t timeout_ms, int status, const char *match)
{
	struct imsg_probe_set	 s;
	struct check		 c;
	struct ibuf		*buf;

	memset(&c, 0, sizeof(c));
	c.type = (char *)type;
	c.target = (char *)target;
	c.interval = interval_ms * 1000000;
	c.timeout = timeout_ms * 1000000;
	c.expect_status = status;
	c.body_match = (char *)match;
	s.handle = handle;
	s.gen = gen;
	if ((buf = ibuf_dynamic(256, IPC_MAXSIZE)) == NULL ||
	    ibuf_add(buf, &s, sizeof(s)) == -1 ||
	    pack_record(buf, &check_record, &c) == -1 ||
	    imsg_compose_ibuf(&ibuf, IMSG_PROBE_SET, 0, 0, buf) == -1 ||
	    imsgbuf_flush(&ibuf) == -1)
		err(1, "set");
}

static void
commit(void)
{
	send_msg(IMSG_PROBE_COMMIT, NULL, 0);
}

/* The next result within that many ms; 0 when there is none. */
static int
next_result(struct result *res, int ms)
{
	struct monotime	 end;
	struct pollfd	 pfd;
	struct imsg	 imsg;
	struct ibuf	 data;
	size_t		 len;
	int		 left, n;

	end = mono_add(mono_now(), MONO_MSEC(ms));
	for (;;) {
		if ((n = imsgbuf_get(&ibuf, &imsg)) == -1)
			err(1, "imsgbuf_get");
		if (n == 1)
			break;
		left = mono_sub(end, mono_now()).ns / 1000000;
		pfd.fd = ibuf.fd;
		pfd.events = POLLIN;
		if (left <= 0 || poll(&pfd, 1, left) == 0)
			return (0);
		if (imsgbuf_read(&ibuf) != 1)
			errx(1, "the prober is gone");
	}
	memset(res, 0, sizeof(*res));
	if (imsg_get_type(&imsg) != IMSG_PROBE_RESULT ||
	    imsg_get_ibuf(&imsg, &data) == -1 ||
	    ibuf_get(&data, &res->r, sizeof(res->r)) == -1)
		errx(1, "not a result");
	if ((len = ibuf_size(&data)) >= sizeof(res->detail))
		errx(1, "a detail of %zu bytes", len);
	if (len > 0)
		ibuf_get(&data, res->detail, len);
	imsg_free(&imsg);
	return (1);
}

/* Sets one check, and says what came of its first probe. */
static const char *
probe(const char *type, const char *target, int status, const char *match)
{
	static uint32_t		 handle;
	static struct result	 res;
	static char		 text[DETAIL_MAX + 16];
	static const char	*words[] = { "ok", "fail", "cannot" };

	handle++;
	set(handle, handle * 7, type, target, 60000, 500, status, match);
	commit();
	if (!next_result(&res, 5000))
		return ("nothing");
	send_msg(IMSG_PROBE_DEL, &handle, sizeof(handle));
	if (res.r.handle != handle || res.r.gen != handle * 7)
		return ("of another check");
	snprintf(text, sizeof(text), "%s%s%s", words[res.r.verdict],
	    res.detail[0] != '\0' ? " " : "", res.detail);
	return (text);
}

static void
test_verdicts(uint16_t port)
{
	static const struct {
		const char	*path, *match;
		int		 status;
		const char	*want;
	} http[] = {
		{ "/ok",	NULL,	0,	"ok" },
		{ "/ok",	"ok",	200,	"ok" },
		{ "/ok",	"OK",	0,	"fail body match miss" },
		{ "/503",	NULL,	0,
		    "fail status 503 Service Unavailable" },
		{ "/503",	NULL,	503,	"ok" },
		{ "/503",	"x",	0,
		    "fail status 503 Service Unavailable" },
		{ "/to/3",	"GET /echo", 0,	"ok" },
		{ "/to/3",	NULL,	302,	"fail status 200 OK" },
		{ "/noloc",	NULL,	0,	"fail status 302 Found" },
		{ "/slowbody",	NULL,	0,	"ok" },
		{ "/slowbody",	"x",	0,	"fail read body: "
		    "deadline exceeded (timeout)" },
		{ "/slowbody",	"x",	404,	"fail status 200 OK" },
		{ "/drip",	"yyy",	0,	"fail read body: "
		    "deadline exceeded (timeout)" },
		{ "/big",	"needle", 0,	"fail body match miss" },
		{ "/big",	"xxxxxxx", 0,	"ok" },
		{ "/cut",	"y",	0,	"fail read body: "
		    "unexpected end of the stream" },
	};
	char	 target[128], want[256];
	size_t	 i;

	for (i = 0; i < sizeof(http) / sizeof(http[0]); i++) {
		snprintf(target, sizeof(target), "http://127.0.0.1:%u%s",
		    port, http[i].path);
		is_str(probe("http", target, http[i].status, http[i].match),
		    http[i].want, "http %s match %s status %d", http[i].path,
		    http[i].match ? http[i].match : "-", http[i].status);
	}
	snprintf(target, sizeof(target), "http://u:secret@127.0.0.1:%u/garbage",
	    port);
	snprintf(want, sizeof(want), "fail Get \"http://u:***@127.0.0.1:%u"
	    "/garbage\": malformed HTTP response", port);
	is_str(probe("http", target, 0, NULL), want, "http garbage");
	snprintf(target, sizeof(target), "http://127.0.0.1:%u/slow", port);
	snprintf(want, sizeof(want), "fail Get \"http://127.0.0.1:%u/slow\": "
	    "deadline exceeded (timeout)", port);
	is_str(probe("http", target, 0, NULL), want, "http timeout");
	is_str(probe("http", "gopher://x/", 0, NULL),
	    "fail build request: unsupported protocol scheme", "http scheme");

	snprintf(target, sizeof(target), "127.0.0.1:%u", port);
	is_str(probe("tcp", target, 0, NULL), "ok", "tcp");
	snprintf(target, sizeof(target), "localhost:%u", port);
	is_str(probe("tcp", target, 0, NULL), "ok", "tcp by name");
	is_str(probe("tcp", "127.0.0.1:1", 0, NULL),
	    "fail connect 127.0.0.1:1: Connection refused", "tcp refused");
	is_str(probe("tcp", "[::1]:1", 0, NULL),
	    "fail connect [::1]:1: Connection refused", "tcp refused, IPv6");
	is_str(probe("tcp", "127.0.0.1", 0, NULL),
	    "fail target must be host:port", "tcp without port");
	is_str(probe("tcp", "127.0.0.1:nosuchsvc", 0, NULL),
	    "fail unknown port nosuchsvc", "tcp with an unknown service");
	is_str(probe("tls", "127.0.0.1:443", 0, NULL),
	    "fail connect 127.0.0.1:443: Connection refused", "tls refused");
	is_str(probe("tls", "h/x", 0, NULL), "fail target must be a host, "
	    "host:port or a URL \"h/x\"", "tls of a path");
	is_str(probe("tls", " ", 0, NULL), "fail empty target",
	    "tls of nothing");
	is_str(probe("tls", "https:///x", 0, NULL),
	    "fail no host in target \"https:///x\"", "tls of no host");
	is_str(probe("dns", "127.0.0.1", 0, NULL), "ok", "dns of an address");
	is_str(probe("dns", "::1", 0, NULL), "fail no A records for ::1",
	    "dns of one of the other kind");
	is_str(probe("dns", "localhost", 0, NULL), "ok", "dns of localhost");
	is_str(probe("dns", "a..b", 0, NULL), "fail target is no domain name",
	    "dns of no name");
	is_str(probe("dns", " ", 0, NULL), "fail empty target",
	    "dns of nothing");
	is_str(probe("icmp", "127.0.0.1", 0, NULL),
	    "cannot icmp: not permitted on this node (start quptimed as root, "
	    "or widen net.ipv4.ping_group_range)", "icmp without socket");
}

static void
test_schedule(uint16_t port)
{
	struct result	 res;
	struct monotime	 end;
	char		 target[64];
	unsigned int	 count[50], i, odd = 0;
	uint32_t	 handle;

	snprintf(target, sizeof(target), "127.0.0.1:%u", port);
	memset(count, 0, sizeof(count));
	for (i = 0; i < 50; i++)
		set(1000 + i, 1, "tcp", target, 200, 100, 0, NULL);
	commit();
	end = mono_add(mono_now(), MONO_MSEC(2100));
	while (mono_cmp(mono_now(), end) < 0) {
		if (!next_result(&res, 1000))
			break;
		i = res.r.handle - 1000;
		if (i >= 50 || res.r.verdict != PROBE_OK)
			odd++;
		else
			count[i]++;
	}
	is_int(odd, 0, "results of these checks alone, all good");
	for (odd = i = 0; i < 50; i++)
		odd += count[i] < 9 || count[i] > 12;
	is_int(odd, 0, "ten probes of each in ten intervals");

	/* A definition of its own, and no probe of the old one any more. */
	set(1000, 2, "tcp", "127.0.0.1:1", 200, 100, 0, NULL);
	commit();
	for (i = 1; i < 50; i++) {
		handle = 1000 + i;
		send_msg(IMSG_PROBE_DEL, &handle, sizeof(handle));
	}
	end = mono_add(mono_now(), MONO_MSEC(500));
	for (odd = i = 0; mono_cmp(mono_now(), end) < 0;) {
		if (!next_result(&res, 400) || res.r.handle != 1000 ||
		    res.r.gen != 2)
			continue;
		odd += res.r.verdict != PROBE_FAIL;
		i++;
	}
	ok(i >= 2 && odd == 0, "the new definition is probed (%u times)", i);
}

static void
test_run(uint16_t port)
{
	struct result	 res;
	char		 target[64];
	uint32_t	 handle = 5;
	int		 i;

	snprintf(target, sizeof(target), "127.0.0.1:%u", port);
	set(5, 1, "tcp", target, 3600000, 100, 0, NULL);
	commit();
	ok(next_result(&res, 2000) == 1, "a first probe soon");
	for (i = 0; i < 3; i++) {
		send_msg(IMSG_PROBE_RUN, &handle, sizeof(handle));
		ok(next_result(&res, 2000) == 1 && res.r.verdict == PROBE_OK,
		    "asked for: probed");
	}
	ok(next_result(&res, 100) == 0, "not asked for: not probed");
	handle = 6;
	send_msg(IMSG_PROBE_RUN, &handle, sizeof(handle));
	send_msg(IMSG_PROBE_DEL, &handle, sizeof(handle));
	handle = 5;
	send_msg(IMSG_PROBE_DEL, &handle, sizeof(handle));
	ok(next_result(&res, 100) == 0, "handles that are not there");
}

/* More at a time than there are descriptors: all get their turn. */
static void
test_limit(uint16_t port)
{
	struct result	 res;
	char		 target[64];
	unsigned int	 i, fail = 0, total = 0;

	start(-1, 0, 100);
	snprintf(target, sizeof(target), "http://127.0.0.1:%u/slow", port);
	for (i = 0; i < 150; i++)
		set(i, 1, "http", target, 60000, 300, 0, NULL);
	commit();
	while (total < 150 && next_result(&res, 5000)) {
		total++;
		fail += res.r.verdict == PROBE_FAIL &&
		    strstr(res.detail, "(timeout)") != NULL;
	}
	is_int(total, 150, "every probe has a result");
	is_int(fail, 150, "and it is the target's, not the descriptors'");
	stop();
}

static void
test_icmp(void)
{
	int	 fd, raw = 1;

	if ((fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) == -1) {
		raw = 0;
		fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	}
	if (fd == -1) {
		ok(1, "icmp # SKIP not permitted");
		return;
	}
	start(fd, raw, 0);
	close(fd);
	is_str(probe("icmp", "127.0.0.1", 0, NULL), "ok", "icmp, raw %d", raw);
	is_str(probe("icmp", " localhost ", 0, NULL), "ok", "icmp by name");
	is_str(probe("icmp", "::1", 0, NULL), "cannot icmp: not permitted on "
	    "this node (start quptimed as root, or widen "
	    "net.ipv4.ping_group_range)", "icmp without a socket of its kind");
	stop();
}

int
main(void)
{
	uint16_t	 port;
	pid_t		 server;
	int		 ls;

	ls = server_listen(&port);
	server = server_start(ls);
	start(-1, 0, 0);
	test_verdicts(port);
	test_run(port);
	test_schedule(port);
	stop();
	test_limit(port);
	test_icmp();
	server_stop(server);
	return (tap_done());
}
