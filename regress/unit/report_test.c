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


#include <sys/time.h>

#include "quorum.h"

/*
 * What this node sees, on its way to the master: in which order, how many at a
 * time, and what becomes of those that do not arrive.
 */

static struct monotime	 fake_now(void);

#define mono_now	fake_now

#include "../../quptimed/quorum_report.c"

#undef mono_now

#include "mesh_fixture.h"

#define MANY	1100
#define NAMES	2048

static struct monotime	 passed;	/* since the test has begun */

static struct monotime
fake_now(void)
{
	return (mono_add(mono_now(), passed));
}

/* Three nodes and checks c0, c1 and so on, from the first that is there. */
static const char *
config(int version, int first, int n)
{
	static char	 text[128 * MANY];
	size_t		 len;
	int		 i;

	len = snprintf(text, sizeof(text), "version: %d\n"
	    "updated_at: 2026-05-15T14:01:00Z\nupdated_by: node-b\npeers:\n"
	    PEER("node-a", "a:1", FP_A) B_AND_C "checks:\n", version);
	for (i = first; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len,
		    "  - {id: c%d, name: n%d, type: icmp, target: h}\n", i, i);
	strlcat(text, "alerts: []\n", sizeof(text));
	return (text);
}

/* node-b is master, and connected. */
static void
load(int nchecks, int quptimed)
{
	passed.ns = 0;
	mesh_load(config(5, 0, nchecks));
	mesh_drain();
	mesh_connect(mesh_peer("node-b"), 1, quptimed);
	mesh_connect(mesh_peer("node-c"), 1, quptimed);
	mesh_elect("node-b");
	mesh_drain();
	if (strcmp(str(heart_master(&q)), "node-b") != 0)
		fix_die("node-b is not master");
}

/* This node's probe of a check has ended. */
static void
see(int i, enum probe_verdict verdict)
{
	struct result	 res = { verdict, 12000, "" };
	char		 id[16];

	if (verdict != PROBE_OK)
		res.detail = "refused";
	snprintf(id, sizeof(id), "c%d", i);
	quorum_result(&q, checks_find_id(&q, id), SELF, &res, fake_now());
}

/* Whether the reporter does something by itself, in so many ms or so. */
static int
is_due(int msec)
{
	struct timeval	 at, now, left;

	if (!evtimer_pending(&q.reporter->ev, &at))
		return (0);
	gettimeofday(&now, NULL);
	timersub(&at, &now, &left);
	return (abs((int)(left.tv_sec * 1000 + left.tv_usec / 1000) - msec) <
	    300);
}

/* That time is over. */
static void
ring(void)
{
	if (!evtimer_pending(&q.reporter->ev, NULL))
		return;
	evtimer_del(&q.reporter->ev);
	turn(-1, 0, &q);
}

/* The ids of the checks that the next message tells of; "": of none. */
static const char *
told(void)
{
	static char	 names[NAMES];
	const char	*s;
	size_t		 n;

	names[0] = '\0';
	if (!mesh_called("ReportResult"))
		return (names);
	for (s = got.frame; (s = strstr(s, "\"check_id\":\"")) != NULL; ) {
		s += strlen("\"check_id\":\"");
		n = strlen(names);
		snprintf(names + n, sizeof(names) - n, "%s%.*s",
		    n > 0 ? " " : "", (int)strcspn(s, "\""), s);
	}
	return (names);
}

static int
how_many(void)
{
	const char	*s = told();
	int		 n = *s != '\0';

	for (; *s != '\0'; s++)
		n += *s == ' ';
	return (n);
}

/* The answer to that call: that it is heard, or an error. */
static void
heard_it(uint64_t id)
{
	struct qpeer	*p = mesh_peer("node-b");

	mesh_result(p->handle, p->gen, id, "{}");
}

static void
refuses(uint64_t id)
{
	struct qpeer	*p = mesh_peer("node-b");
	char		 frame[64];

	snprintf(frame, sizeof(frame), "{\"id\":%llu,\"error\":\"no\"}",
	    (unsigned long long)id);
	mesh_answer(p->handle, p->gen, frame);
}

static void
lose(const char *id)
{
	struct qpeer	*p = mesh_peer(id);

	mesh_down(p->handle, p->gen, "closed");
}

static void
come_back(const char *id, int quptimed)
{
	struct qpeer	*p = mesh_peer(id);

	mesh_connect(p, p->gen + 1, quptimed);
}

static void
test_order(void)
{
	load(5, 1);
	see(0, PROBE_OK);
	ok(q.reporter->nsent == 0 && is_due(10),
	    "what passes waits for others, not for long");
	see(1, PROBE_CANNOT);
	see(2, PROBE_FAIL);
	is_int(q.reporter->nsent, 1, "what fails is told at once");
	is_str(told(), "c2 c0", "it comes first, and takes the others along");
	ok(strstr(got.frame, "\"results\":[{\"check_id\":\"c2\",\"ok\":false,"
	    "\"detail\":\"refused\",\"latency_ms\":12,\"at\":\"20") != NULL,
	    "all of it");
	ok(strstr(got.frame, "\"from_node_id\":\"node-a\"") != NULL, "by name");
	heard_it(got.id);
	ring();
	is_str(told(), "", "nothing is told twice");

	see(2, PROBE_FAIL);
	ok(q.reporter->nsent == 0 && is_due(10),
	    "that it fails still is no news");
	see(0, PROBE_OK);
	see(3, PROBE_OK);
	see(3, PROBE_OK);
	ring();
	is_str(told(), "c2 c0 c3", "a check waits once, in its place");
	heard_it(got.id);
	see(2, PROBE_OK);
	see(2, PROBE_FAIL);
	is_int(q.reporter->nsent, 0, "nobody knows of its recovery");
	ring();
	is_str(told(), "c2", "only the last of its results is told");
	ok(strstr(got.frame, "\"ok\":false") != NULL &&
	    strstr(got.frame, "\"results\"") == NULL, "as a single one");
	heard_it(got.id);
	see(2, PROBE_OK);
	ring();
	is_str(told(), "c2", "its recovery is told");
	heard_it(got.id);
	see(2, PROBE_FAIL);
	is_str(told(), "c2", "a failure after a recovery is news");
	fix_unload();
}

static void
test_batches(void)
{
	uint64_t	 id = 0;
	int		 i;

	load(MANY, 1);
	for (i = 0; i < 199; i++)
		see(i, PROBE_OK);
	is_int(q.reporter->nsent, 0, "up to two hundred are gathered");
	for (; i < MANY; i++)
		see(i, PROBE_OK);
	is_int(q.reporter->nsent, 4, "four calls are under way");
	for (i = 0; how_many() == 200; i++)
		id = got.id;
	is_int(i, 4, "of two hundred each");
	is_int(q.reporter->ndue, MANY - 800, "the others wait");
	see(1001, PROBE_FAIL);
	ring();
	is_int(q.reporter->nsent, 4, "however bad they are");
	heard_it(id);
	ok(strncmp(told(), "c1001 c800 c801 ", 16) == 0,
	    "an answer lets the next ones go, failures first");
	heard_it(got.id);
	is_int(how_many(), 100, "until there are none");
	is_int(q.reporter->ndue, 0, "all is told");
	fix_unload();
}

static void
test_single(void)
{
	int	 i;

	load(5, 0);
	for (i = 0; i < 3; i++)
		see(i, PROBE_FAIL);
	see(3, PROBE_OK);
	is_str(told(), "c0", "QUptime is told one thing at a time");
	ok(strstr(got.frame, "\"params\":{\"from_node_id\":\"node-a\","
	    "\"check_id\":\"c0\",\"ok\":false,\"detail\":\"refused\","
	    "\"latency_ms\":12,\"at\":\"") != NULL, "in its own form");
	see(2, PROBE_OK);
	see(0, PROBE_OK);
	ring();
	is_int(q.reporter->nsent, 1, "not before it has answered");
	heard_it(got.id);
	is_str(told(), "c1", "the next failure");
	heard_it(got.id);
	is_str(told(), "c2", "one that has become better keeps its place");
	ok(strstr(got.frame, "\"ok\":true") != NULL, "with what is known last");
	heard_it(got.id);
	is_str(told(), "c3", "then what has passed");
	heard_it(got.id);
	is_str(told(), "c0", "in order");
	heard_it(got.id);
	is_str(told(), "", "and no more");
	fix_unload();
}

static void
test_stale(void)
{
	struct walltime	 at;
	char		*s, *end;
	int64_t		 age;

	load(5, 1);
	lose("node-b");
	see(0, PROBE_FAIL);
	see(1, PROBE_OK);
	ring();
	is_int(q.reporter->ndue, 2, "without a connection they wait");
	passed = MONO_SEC(60);
	see(2, PROBE_OK);
	see(1, PROBE_CANNOT);
	passed = MONO_SEC(100);
	come_back("node-b", 1);
	is_str(told(), "c2", "what would not count any more is not told");
	is_int(q.reporter->ndue, 0, "ever");
	if ((s = strstr(got.frame, "\"at\":\"")) != NULL &&
	    (end = strchr(s + 6, '"')) != NULL)
		*end = '\0';
	if (s == NULL || wall_parse(s + 6, &at) == -1)
		fix_die("no time");
	age = wall_now().sec - at.sec;
	ok(age >= 39 && age <= 42, "the rest with its time: %lld s ago",
	    (long long)age);
	fix_unload();
}

static void
test_failure(void)
{
	load(5, 1);
	see(0, PROBE_FAIL);
	told();
	see(1, PROBE_FAIL);
	told();
	see(0, PROBE_OK);
	lose("node-b");
	is_int(q.reporter->ndue, 2, "what was under way is due again");
	ok(is_due(1000), "but not at once");
	see(2, PROBE_FAIL);
	is_int(q.reporter->ndue, 3, "news wait with it");
	ring();
	ok(q.reporter->nsent == 0 && q.reporter->ndue == 3,
	    "there is nobody yet");
	come_back("node-b", 1);
	is_str(told(), "c1 c2 c0", "connected again: all that is due");
	heard_it(got.id);
	is_str(told(), "", "once");

	see(2, PROBE_OK);
	ring();
	told();
	lose("node-b");
	come_back("node-b", 1);
	is_str(told(), "c2", "a second is not waited for a new connection");
	heard_it(got.id);
	see(2, PROBE_OK);
	ok(is_due(10), "nor by what comes later");
	fix_unload();
}

static void
test_refused(void)
{
	load(5, 1);
	see(0, PROBE_FAIL);
	told();
	see(1, PROBE_FAIL);
	refuses(got.id);
	is_int(q.reporter->ndue, 0, "what was refused is not due again");
	see(2, PROBE_FAIL);
	is_str(told(), "c1", "what was sent is sent");
	heard_it(got.id);
	is_int(q.reporter->nsent, 0, "but for a second nothing new is");
	ok(is_due(1000), "and what is due waits");
	ring();
	is_str(told(), "c2", "then it goes on");
	fix_unload();
}

static void
test_masters(void)
{
	uint64_t	 id;

	load(5, 1);
	see(0, PROBE_OK);
	see(1, PROBE_FAIL);
	is_str(told(), "c1 c0", "one master knows");
	heard_it(got.id);
	see(1, PROBE_FAIL);
	ring();
	told();
	id = got.id;
	heart_heard(&q, mesh_peer("node-b"), "", "node-c", 5);
	heart_heard(&q, mesh_peer("node-c"), "", "node-c", 5);
	is_str(heart_master(&q), "node-c", "there is another one");
	is_str(told(), "c1 c0", "that is told everything");
	is_int(got.peer, mesh_peer("node-c")->handle, "it, and nobody else");
	refuses(id);
	ok(is_due(1000), "the former one's answer comes late");
	see(0, PROBE_OK);
	is_int(q.reporter->ndue, 1, "something is due");
	legacy_seen(&q.legacy, "node-c", "",
	    mono_sub(mono_now(), MONO_SEC(10)));
	heart_heard(&q, mesh_peer("node-b"), "", "", 5);
	is_int(q.master, 1, "this node becomes master");
	ok(q.reporter->ndue == 0 && !evtimer_pending(&q.reporter->ev, NULL),
	    "nobody is to be told");
	lose("node-c");
	is_int(q.reporter->ndue, 0, "nor of what has not arrived");
	see(2, PROBE_FAIL);
	is_int(q.reporter->ndue, 0, "nor of anything else");
	legacy_seen(&q.legacy, "node-b", "",
	    mono_sub(mono_now(), MONO_SEC(10)));
	heart_elect(&q);
	ok(heart_master(&q) == NULL, "nobody is master");
	see(3, PROBE_FAIL);
	ok(q.reporter->nsent == 0 && q.reporter->ndue == 1,
	    "what is seen then waits for the next one");
	fix_unload();
}

static void
test_removed(void)
{
	load(5, 0);
	see(0, PROBE_FAIL);
	see(1, PROBE_FAIL);
	see(3, PROBE_FAIL);
	see(2, PROBE_OK);
	is_str(told(), "c0", "one is under way, others are due");
	mesh_install(config(6, 2, 5));
	is_int(q.reporter->ndue, 2, "who is removed is not due any more");
	q.cluster.version = 5;
	mesh_install(config(6, 0, 5));
	mesh_drain();
	lose("node-b");
	is_int(q.reporter->ndue, 2, "and does not become so by failing, even "
	    "if another check has its place");
	CLUSTER_CHECK(&q.cluster, 3)->disabled = 1;
	come_back("node-b", 0);
	is_str(told(), "c2", "who is disabled is not told of");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_order();
	test_batches();
	test_single();
	test_stale();
	test_failure();
	test_refused();
	test_masters();
	test_removed();
	fix_end();
	return (tap_done());
}
