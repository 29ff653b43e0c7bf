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


#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "httpc.h"
#include "notifier.h"
#include "tap.h"

#define CLIENTS		256
#define RESULTS		8192
#define SECRET		"s3cret"

struct client {
	int	 fd;
	size_t	 len;
	char	 buf[8192];
};

static struct result {
	uint64_t	 job;
	int		 sent;
	unsigned int	 attempts;
	char		 err[NOTIFY_ERR_MAX];
}			 results[RESULTS];
static size_t		 nresults;

static struct notify_conf conf = {
	.backoff = { 20 * 1000000LL },
	.backoff_max = { 100 * 1000000LL },
	.after_max = { 1000 * 1000000LL },
	.attempt = { 700 * 1000000LL },
	.lifetime = { 20000 * 1000000LL }
};

static struct event	 guard, pipe_ev;
static char		 seen[65536];	/* what the server saw, by lines */
static size_t		 seen_len;
static int		 port, dead_port, late;

/*
 * The other side.  The path says how it behaves: /500/2 answers 500 twice and
 * 204 from then on, /0 closes, /hang/DOWN never answers a DOWN.  It tells of
 * each request in one line: path and verb.
 */
static void
server_answer(struct client *c, int out)
{
	static struct {
		char	path[32];
		int	left;
	}		 kinds[64];
	char		 path[32] = "", verb[16] = "", *p;
	int		 code = 204, times = 0;
	size_t		 i;

	sscanf(c->buf, "POST %31s", path);
	if ((p = strstr(c->buf, "\"verb\":\"")) != NULL)
		sscanf(p + 8, "%15[A-Z]", verb);
	if ((p = strchr(path + 1, ';')) != NULL)
		*p = '\0';
	dprintf(out, "%s %s\n", path, verb);
	if (strcmp(path, "/hang") == 0 || (strncmp(path, "/hang/", 6) == 0 &&
	    strcmp(path + 6, verb) == 0))
		return;
	sscanf(path, "/%d/%d", &code, &times);
	for (i = 0; i < 64 && kinds[i].path[0] != '\0'; i++)
		if (strcmp(kinds[i].path, path) == 0)
			break;
	if (i == 64)
		abort();
	if (kinds[i].path[0] == '\0') {
		strlcpy(kinds[i].path, path, sizeof(kinds[i].path));
		kinds[i].left = times;
	}
	if (times > 0 && kinds[i].left-- <= 0)
		code = 204;
	if (code > 0)
		dprintf(c->fd, "HTTP/1.1 %d Because\r\nContent-Length: 0\r\n"
		    "%s%s\r\n", code,
		    code == 429 ? "Retry-After: 1\r\n" : "",
		    code / 100 == 3 ? "Location: /204\r\n" : "");
	close(c->fd);
	c->fd = -1;
}

static void
server_read(struct client *c, int out)
{
	ssize_t	 n;
	size_t	 want = 0;
	char	*body, *p;

	n = read(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len);
	if (n <= 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	c->len += n;
	c->buf[c->len] = '\0';
	if ((body = strstr(c->buf, "\r\n\r\n")) == NULL)
		return;
	if ((p = strstr(c->buf, "Content-Length: ")) != NULL)
		want = strtoul(p + 16, NULL, 10);
	if (strlen(body + 4) >= want)
		server_answer(c, out);
}

static void
server(int lfd, int out)
{
	static struct client	 c[CLIENTS];
	struct pollfd		 p[CLIENTS + 1];
	int			 i, fd;

	for (i = 0; i < CLIENTS; i++)
		c[i].fd = -1;
	for (;;) {
		p[CLIENTS].fd = lfd;
		p[CLIENTS].events = POLLIN;
		for (i = 0; i < CLIENTS; i++) {
			p[i].fd = c[i].fd;
			p[i].events = POLLIN;
		}
		if (poll(p, CLIENTS + 1, -1) <= 0)
			continue;
		for (i = 0; i < CLIENTS; i++)
			if (c[i].fd != -1 && p[i].revents != 0)
				server_read(&c[i], out);
		if (!(p[CLIENTS].revents & POLLIN) ||
		    (fd = accept(lfd, NULL, NULL)) == -1)
			continue;
		for (i = 0; i < CLIENTS && c[i].fd != -1; i++)
			continue;
		if (i == CLIENTS) {
			close(fd);
			continue;
		}
		c[i].fd = fd;
		c[i].len = 0;
	}
}

static int
listener(int *lport)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 256) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		printf("Bail out! no listener\n");
		exit(1);
	}
	*lport = ntohs(sin.sin_port);
	return (fd);
}

static void
result_cb(uint64_t job, int sent, unsigned int attempts, const char *err)
{
	struct result	*r = &results[nresults];

	if (nresults == RESULTS)
		abort();
	r->job = job;
	r->sent = sent;
	r->attempts = attempts;
	strlcpy(r->err, err, sizeof(r->err));
	nresults++;
}

static void
guard_cb(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
	late = 1;
}

static void
seen_cb(int fd, short events, void *arg)
{
	ssize_t	 n;

	(void)events;
	(void)arg;
	n = read(fd, seen + seen_len, sizeof(seen) - 1 - seen_len);
	if (n > 0)
		seen_len += n;
	seen[seen_len] = '\0';
}

static size_t
lines(void)
{
	size_t	 i, n = 0;

	for (i = 0; i < seen_len; i++)
		n += seen[i] == '\n';
	return (n);
}

/* Until that many results are in and requests were seen, 20 s at most. */
static int
run(size_t nres, size_t nseen)
{
	struct timeval	 tv = { 20, 0 };

	late = 0;
	evtimer_add(&guard, &tv);
	while (!late && (nresults < nres || lines() < nseen))
		event_loop(EVLOOP_ONCE);
	evtimer_del(&guard);
	return (!late);
}

static void
start(void)
{
	nresults = 0;
	seen_len = 0;
	seen[0] = '\0';
}

/* One message; how NULL: that URL is left to the caller. */
static void
post(uint64_t job, unsigned int attempts, const char *id, const char *type,
    const char *url, const char *verb)
{
	struct alert		*a = record_new(&alert_record);
	struct alert_event	*ev = record_new(&alert_event_record);
	char			 buf[256];

	if (url[0] == '/') {
		snprintf(buf, sizeof(buf), "http://127.0.0.1:%d%s;" SECRET,
		    port, url);
		url = buf;
	}
	a->id = strdup(id);
	a->name = strdup("hook");
	a->type = strdup(type);
	a->webhook_url = strdup(url);
	a->discord_webhook = strdup(url);
	ev->verb = strdup(verb);
	ev->check = record_new(&check_record);
	ev->check->name = strdup("web");
	notify_send(job, attempts, a, ev);
}

static double
now(void)
{
	return (mono_now().ns / 1e9);
}

static void
test_sent(void)
{
	start();
	post(1, 0, "a", "webhook", "/200", "DOWN");
	ok(run(1, 1), "a message is done");
	is_int(results[0].job, 1, "job");
	is_int(results[0].sent, 1, "sent");
	is_int(results[0].attempts, 1, "at once");
	is_str(results[0].err, "", "without an error");
	is_str(seen, "/200 DOWN\n", "seen by the server");
	post(2, 0, "a", "discord", "/204", "DOWN");
	ok(run(2, 2), "a discord message too");
	is_int(results[1].sent, 1, "sent");
}

static void
test_order(void)
{
	start();
	post(1, 0, "a", "webhook", "/500/3", "DOWN");
	post(2, 0, "a", "webhook", "/500/3", "RECOVERED");
	ok(run(2, 5), "two messages are done");
	is_int(results[0].job, 1, "the first first");
	is_int(results[0].sent, 1, "sent");
	is_int(results[0].attempts, 4, "by the fourth attempt");
	is_str(results[0].err, "127.0.0.1: status 500 Because",
	    "the last error");
	is_int(results[1].job, 2, "then the second");
	is_int(results[1].attempts, 1, "at once");
	is_str(seen, "/500/3 DOWN\n/500/3 DOWN\n/500/3 DOWN\n/500/3 DOWN\n"
	    "/500/3 RECOVERED\n", "never overtaken");

	start();
	post(1, 0, "a", "webhook", "/500", "DOWN");
	post(2, 0, "a", "webhook", "/204", "RECOVERED");
	ok(run(2, 3), "the alert's URL changed meanwhile");
	is_str(seen, "/500 DOWN\n/204 DOWN\n/204 RECOVERED\n",
	    "what waits goes to the new one");
}

static void
test_permanent(void)
{
	static const struct {
		const char	*type;
		const char	*url;
		const char	*err;
		unsigned int	 requests;
	} t[] = {
		{ "webhook", "/404", "127.0.0.1: status 404 Because", 1 },
		{ "webhook", "/401", "127.0.0.1: status 401 Because", 1 },
		{ "webhook", "/302", "127.0.0.1: status 302 Because", 1 },
		{ "smtp", "/204", "smtp from/to not set", 0 },
		{ "webhook", "ftp://" SECRET ".example/" SECRET, NULL, 0 },
		{ "webhook", "http://" SECRET ":x/", NULL, 0 },
		{ "webhook", "", NULL, 0 },
	};
	size_t	 i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start();
		post(i, 0, "a", t[i].type, t[i].url, "DOWN");
		ok(run(1, t[i].requests), "%s %s is done", t[i].type,
		    t[i].url);
		is_int(results[0].sent, 0, "not sent");
		is_int(results[0].attempts, 1, "after one attempt");
		is_int(lines(), t[i].requests, "requests");
		if (t[i].err != NULL)
			is_str(results[0].err, t[i].err, "reason");
		ok(results[0].err[0] != '\0' &&
		    strstr(results[0].err, SECRET) == NULL,
		    "reason without a secret: %s", results[0].err);
	}
}

static void
test_retried(void)
{
	static const int	 codes[] = { 408, 425, 429, 500, 502, 503 };
	double			 t;
	char			 path[16];
	size_t			 i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		start();
		snprintf(path, sizeof(path), "/%d/1", codes[i]);
		t = now();
		post(i, 0, "a", "webhook", path, "DOWN");
		ok(run(1, 2), "%s is done", path);
		is_int(results[0].sent, 1, "sent");
		is_int(results[0].attempts, 2, "by the second attempt");
		if (codes[i] == 429)
			ok(now() - t >= 1, "after as long as was asked for");
		else
			ok(now() - t < 0.9, "before long");
	}

	start();
	post(1, 0, "a", "webhook", "/0/2", "DOWN");
	ok(run(1, 3), "a server that closes early");
	is_int(results[0].sent, 1, "gets it");
	is_int(results[0].attempts, 3, "by the third attempt");

	start();
	post(1, 3, "a", "webhook", "/500", "DOWN");
	ok(run(1, 3), "a number of attempts");
	is_int(results[0].sent, 0, "not sent");
	is_int(results[0].attempts, 3, "is kept to");
	is_int(lines(), 3, "requests");
}

static void
test_lifetime(void)
{
	struct notify_conf	 hasty = conf;
	char			 url[64];

	hasty.lifetime = MONO_MSEC(300);
	notify_init(&hasty, result_cb);
	start();
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/" SECRET, dead_port);
	post(1, 0, "a", "webhook", url, "DOWN");
	ok(run(1, 0), "a server that is not there");
	is_int(results[0].sent, 0, "not sent");
	ok(results[0].attempts > 1, "after %u attempts", results[0].attempts);
	ok(strstr(results[0].err, "refused") != NULL &&
	    strstr(results[0].err, SECRET) == NULL, "reason: %s",
	    results[0].err);
	notify_init(&conf, result_cb);
}

static void
test_parallel(void)
{
	double	 t;

	start();
	t = now();
	post(1, 2, "slow", "webhook", "/hang/DOWN", "DOWN");
	post(2, 0, "slow", "webhook", "/hang/DOWN", "RECOVERED");
	post(3, 0, "quick", "webhook", "/204", "DOWN");
	ok(run(1, 0), "one alert's server hangs");
	is_int(results[0].job, 3, "another is not delayed");
	ok(now() - t < 0.6, "at all");
	ok(run(3, 0), "the first goes on");
	is_int(results[1].job, 1, "its first message");
	is_int(results[1].sent, 0, "is given up");
	is_int(results[1].attempts, 2, "after two attempts");
	ok(strstr(results[1].err, "127.0.0.1: ") == results[1].err,
	    "reason: %s", results[1].err);
	ok(now() - t >= 1.4, "with a deadline each");
	is_int(results[2].job, 2, "its second message");
	is_int(results[2].sent, 1, "is sent");
}

static void
test_cancel(void)
{
	start();
	post(1, 0, "a", "webhook", "/hang", "DOWN");
	post(2, 0, "a", "webhook", "/hang", "UP");
	post(3, 0, "b", "webhook", "/hang", "DOWN");
	ok(run(0, 2), "two are under way");
	notify_cancel("a");
	is_int(nresults, 2, "two are cancelled");
	ok(results[0].job == 1 && !results[0].sent &&
	    results[1].job == 2 && !results[1].sent, "those of that alert");
	is_str(results[0].err, "the alert was changed or removed", "reason");
	notify_cancel("a");
	notify_cancel("none");
	is_int(nresults, 2, "once");
	post(4, 0, "a", "webhook", "/204", "DOWN");
	ok(run(3, 3), "the alert goes on");
	is_int(results[2].job, 4, "with what is new");
	notify_cancel("b");
	is_int(nresults, 4, "the other too");
}

static void
test_overflow(void)
{
	size_t	 i, good = 1;

	start();
	post(0, 0, "a", "webhook", "/hang", "DOWN");
	ok(run(0, 1), "one is under way");
	for (i = 1; i < NOTIFY_QUEUE_MAX + 10; i++)
		post(i, 0, "a", "webhook", "/hang", "DOWN");
	is_int(nresults, 10, "what is too much is dropped");
	for (i = 0; i < nresults; i++)
		good &= results[i].job == i + 1 && !results[i].sent;
	ok(good, "the oldest, but not what is being sent");
	is_str(results[0].err, "dropped for newer messages", "reason");
	notify_cancel("a");
	is_int(nresults, NOTIFY_QUEUE_MAX + 10, "each has one result");
}

static void
test_bounds(void)
{
	char	 id[32];
	size_t	 i;

	start();
	for (i = 0; i < NOTIFY_INFLIGHT_MAX + 8; i++) {
		snprintf(id, sizeof(id), "a%zu", i);
		post(i, 1, id, "webhook", "/hang", "DOWN");
	}
	ok(run(0, NOTIFY_INFLIGHT_MAX), "many alerts at a time");
	is_int(lines(), NOTIFY_INFLIGHT_MAX, "but not too many");
	notify_cancel("a3");
	ok(run(1, NOTIFY_INFLIGHT_MAX + 1), "one goes, another comes");
	ok(run(NOTIFY_INFLIGHT_MAX + 8, NOTIFY_INFLIGHT_MAX + 7),
	    "all have their turn");

	start();
	for (i = 0; i <= NOTIFY_JOBS_MAX; i++) {
		snprintf(id, sizeof(id), "b%zu", i % 64);
		post(i, 1, id, "webhook", "/hang", "DOWN");
	}
	is_int(nresults, 1, "one too many in all");
	is_int(results[0].job, NOTIFY_JOBS_MAX, "the newest");
	is_int(results[0].attempts, 0, "is refused");
	notify_shutdown();
	is_int(nresults, 1, "shutdown is quiet");
}

static void
test_test(void)
{
	struct notify_conf	 lazy = conf;

	lazy.backoff = MONO_SEC(5);
	lazy.backoff_max = MONO_SEC(5);
	notify_init(&lazy, result_cb);
	start();
	post(1, 0, "a", "webhook", "/503", "DOWN");
	ok(run(0, 1), "an alert waits to try again");
	post(2, 0, "a", "webhook", "/503", "RECOVERED");
	post(3, 1, "a", "webhook", "/503", "TEST");
	post(4, 1, "a", "webhook", "/503", "TEST");
	ok(run(2, 3), "tests");
	is_int(results[0].job, 3, "do not wait for it");
	is_int(results[0].sent, 0, "failed");
	is_int(results[0].attempts, 1, "at once");
	is_int(results[1].job, 4, "in their order");
	is_str(seen, "/503 DOWN\n/503 TEST\n/503 TEST\n",
	    "and the others go on waiting");
	notify_cancel("a");
	notify_init(&conf, result_cb);
}

/* What is logged is read from a file in place of standard error. */
static void
test_log(void)
{
	char	 path[] = "/tmp/notifier_test.XXXXXX", text[8192];
	int	 fd, old;
	ssize_t	 n;
	size_t	 i;

	if ((fd = mkstemp(path)) == -1 || (old = dup(2)) == -1)
		abort();
	unlink(path);
	dup2(fd, 2);
	start();
	post(1, 0, "a", "webhook", "/502/3", "DOWN");
	run(1, 4);
	for (i = 0; i < NOTIFY_QUEUE_MAX + 9; i++)
		post(i, 0, "b", "webhook", "/hang", "DOWN");
	notify_cancel("b");
	dup2(old, 2);
	close(old);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	is_str(text, "<3>test: alert hook: 127.0.0.1: status 502 Because, "
	    "will try again\n"
	    "<3>test: alert hook: 256 messages are waiting, the oldest are "
	    "dropped\n", "one line each, and no secret");
}

int
main(void)
{
	pid_t	 pid;
	int	 lfd, p[2];

	log_init(LOG_STYLE_PRIORITY, 0);
	log_procinit("test");
	signal(SIGPIPE, SIG_IGN);
	close(listener(&dead_port));
	lfd = listener(&port);
	if (pipe(p) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		close(p[0]);
		server(lfd, p[1]);
		_exit(0);
	}
	close(lfd);
	close(p[1]);
	event_init();
	evtimer_set(&guard, guard_cb, NULL);
	event_set(&pipe_ev, p[0], EV_READ | EV_PERSIST, seen_cb, NULL);
	event_add(&pipe_ev, NULL);
	httpc_init();
	notify_init(&conf, result_cb);

	test_sent();
	test_order();
	test_permanent();
	test_retried();
	test_lifetime();
	test_parallel();
	test_cancel();
	test_overflow();
	test_bounds();
	test_test();
	test_log();

	notify_shutdown();
	httpc_shutdown();
	event_del(&pipe_ev);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return (tap_done());
}
