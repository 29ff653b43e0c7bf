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

#include "quorum.h"

/*
 * Changes on their way: when one counts as made, what the others are sent, and
 * what becomes of one that the master is asked for.
 */

static struct monotime	 fake_now(void);

#define mono_now	fake_now

#include "../../quptimed/quorum_publish.c"

#undef mono_now

#include "mesh_fixture.h"

#define D_AND_E	PEER("node-d", "d:1", FP_D) PEER("node-e", "e:1", FP_E)
#define NENDS	1100
#define WRITTEN	"version 6 is written here, but not confirmed by a majority"

/* How a change came to its end. */
static struct end {
	int		 n;
	uint64_t	 version;
	char		 error[256];
} ends[NENDS];

/* What each of node-b, c, d and e was pushed. */
static struct far {
	int		 pushes;
	uint64_t	 version;	/* the last one */
	uint64_t	 id;
} far[4];

static struct monotime	 passed;	/* since the test has begun */

static struct monotime
fake_now(void)
{
	return (mono_add(mono_now(), passed));
}

static void
done(struct quorum *quorum, uint64_t version, const char *error, void *arg)
{
	struct end	*e = arg;

	(void)quorum;
	e->n++;
	e->version = version;
	strlcpy(e->error, str(error), sizeof(e->error));
}

static const char *
name_of(char c)
{
	static char	 name[] = "node-x";

	name[5] = c;
	return (name);
}

/* Until the engine has nothing more to do. */
static void
collect(void)
{
	struct qpeer	*p;
	struct far	*f;
	const char	*s;

	while (mesh_next() != IMSG_NONE) {
		if (!mesh_is_call("ApplyClusterCfg") ||
		    (p = peer_by_handle(&q, got.peer)) == NULL)
			continue;
		f = &far[p->node_id[5] - 'b'];
		f->pushes++;
		f->id = got.id;
		if ((s = strstr(got.frame, "\"Version\":")) == NULL)
			fix_die("no version");
		f->version = strtoull(s + 10, NULL, 10);
	}
}

/* The answer to what it was pushed last. */
static void
says(char c, int applied, uint64_t version)
{
	struct qpeer	*p = mesh_peer(name_of(c));
	char		 result[80];

	snprintf(result, sizeof(result),
	    "{\"applied\":%s,\"current_version\":%llu}",
	    applied ? "true" : "false", (unsigned long long)version);
	mesh_result(p->handle, p->gen, far[c - 'b'].id, result);
	collect();
}

static void
come_up(const char *who)
{
	struct qpeer	*p;

	for (; *who != '\0'; who++) {
		p = mesh_peer(name_of(*who));
		mesh_connect(p, p->gen + 1, 1);
		collect();
	}
}

static void
load(const char *text, const char *connected)
{
	passed.ns = 0;
	memset(far, 0, sizeof(far));
	memset(ends, 0, sizeof(ends));
	mesh_load(text);
	mesh_drain();
	come_up(connected);
}

/* All are heard of, and this node is master. */
static void
lead(const char *text, const char *connected)
{
	struct qpeer	*p;

	load(text, connected);
	q.legacy.started = mono_sub(mono_now(), MONO_SEC(600));
	TAILQ_FOREACH(p, &q.peers, entry)
		heart_heard(&q, p, "", "", q.cluster.version);
	heart_elect(&q);
	if (!q.master)
		fix_die("not master");
	mesh_drain();
}

/* Takes what the proposal holds; which end. */
static struct end *
change(int i, struct proposal *p)
{
	publish_propose(&q, p, done, &ends[i]);
	proposal_clear(p);
	return (&ends[i]);
}

static struct end *
change_check(int i, const char *target)
{
	struct proposal	 p;

	memset(&p, 0, sizeof(p));
	p.kind = PROP_ADD_CHECK;
	p.check = record_new(&check_record);
	p.check->id = strdup("c1");
	p.check->name = strdup("one");
	p.check->type = strdup("icmp");
	p.check->target = strdup(target);
	return (change(i, &p));
}

/* The same, and what the engine is sent for it. */
static struct end *
propose(int i, const char *target)
{
	change_check(i, target);
	collect();
	return (&ends[i]);
}

/* The same by who asks the master: the last message is the question. */
static void
propose_asked(int i)
{
	change_check(i, "h");
	if (!mesh_called("ProposeMutation"))
		fix_die("the master is not asked");
}

static struct end *
add_peer(int i, const char *id, const char *fingerprint)
{
	struct proposal	 p;

	memset(&p, 0, sizeof(p));
	p.kind = PROP_ADD_PEER;
	p.peer = record_new(&peer_record);
	p.peer->node_id = strdup(id);
	p.peer->advertise = strdup("x:1");
	p.peer->fingerprint = strdup(fingerprint);
	change(i, &p);
	collect();
	return (&ends[i]);
}

static struct end *
remove_peer(int i, const char *id)
{
	struct proposal	 p;

	memset(&p, 0, sizeof(p));
	p.kind = PROP_REMOVE_PEER;
	p.target = strdup(id);
	change(i, &p);
	collect();
	return (&ends[i]);
}

/* So much time goes by. */
static void
pass(struct monotime t)
{
	passed = mono_add(passed, t);
	turn(-1, 0, &q);
}

static int
is_made(const struct end *e, uint64_t version)
{
	return (e->n == 1 && e->error[0] == '\0' && e->version == version);
}

static int
is_error(const struct end *e, const char *error)
{
	if (e->n == 1 && e->version == 0 && strcmp(e->error, error) == 0)
		return (1);
	printf("# %d: %s\n", e->n, e->error);
	return (0);
}

/* How many confirmations of others a change needs. */
static const struct {
	const char	*name;
	const char	*text;
	const char	*others;
	size_t		 needed;
} majorities[] = {
	{ "one node", CONFIG("5", ""), "", 0 },
	{ "two nodes", CONFIG("5", PEER("node-b", "b:1", FP_B)), "b", 1 },
	{ "three nodes", CONFIG("5", B_AND_C), "bc", 1 },
	{ "five nodes", CONFIG("5", B_AND_C D_AND_E), "bcde", 2 }
};

static void
test_majority(void)
{
	const char	*name, *others;
	size_t		 i, k;

	for (i = 0; i < sizeof(majorities) / sizeof(majorities[0]); i++) {
		name = majorities[i].name;
		others = majorities[i].others;
		lead(majorities[i].text, others);
		propose(0, "h");
		is_int(q.cluster.version, 6, "%s: it is in force", name);
		for (k = 0; others[k] != '\0'; k++)
			if (far[k].pushes != 1 || far[k].version != 6)
				break;
		ok(others[k] == '\0', "%s: all are sent it", name);
		for (k = 0; k < majorities[i].needed; k++) {
			is_int(ends[0].n, 0, "%s: %zu are too few", name, k);
			says(others[k], 1, 6);
		}
		ok(is_made(&ends[0], 6), "%s: %zu are enough", name, k);
		for (; others[k] != '\0'; k++)
			says(others[k], 1, 6);
		is_int(ends[0].n, 1, "%s: told once", name);
		is_int(far[0].pushes <= 1, 1, "%s: sent once", name);
		fix_unload();
	}
}

static void
test_unconfirmed(void)
{
	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	says('b', 0, 5);
	is_int(ends[0].n, 0, "one that does not take it confirms nothing");
	pass(MONO_SEC(2));
	propose(1, "i");
	pass(MONO_SEC(2));
	is_int(ends[0].n, 0, "a majority has five seconds");
	pass(MONO_SEC(1));
	ok(is_error(&ends[0], WRITTEN), "then it is told how things are");
	is_int(ends[1].n, 0, "a later one has its own");
	is_int(q.cluster.version, 7, "both stay in force");
	says('c', 1, 6);
	is_int(ends[1].n, 0, "the earlier one confirms not the later");
	says('c', 1, 7);
	ok(is_made(&ends[1], 7), "it is confirmed in time");
	is_int(ends[0].n, 1, "the other one is over");

	propose(2, "j");
	says('b', 1, 99);
	publish_heard(&q, mesh_peer("node-b"), 100);
	is_int(ends[2].n, 0, "who is ahead has it from elsewhere");
	publish_heard(&q, mesh_peer("node-c"), 8);
	ok(is_made(&ends[2], 8), "a heartbeat confirms as well");
	fix_unload();
}

/* They were heard of long ago. */
static void
silence(void)
{
	struct qpeer	*p;

	TAILQ_FOREACH(p, &q.peers, entry)
		legacy_seen(&q.legacy, p->node_id, "",
		    mono_sub(mono_now(), MONO_SEC(10)));
	heart_elect(&q);
}

static void
test_interrupted(void)
{
	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	silence();
	is_int(q.master, 0, "mastership is lost");
	ok(is_error(&ends[0], WRITTEN ": this node is no longer master"),
	    "and what waits with it");
	says('b', 1, 6);
	is_int(ends[0].n, 1, "what comes then is late");
	ok(is_error(propose(1, "h"), "no quorum: refusing mutation"),
	    "alone it is asked nothing");
	fix_unload();

	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	mesh_install(CONFIG("7", B_AND_C));
	ok(is_error(&ends[0], WRITTEN
	    ": another configuration took its place"), "overtaken");
	fix_unload();

	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	fix_unload();
	ok(is_error(&ends[0], WRITTEN ": this node is stopping"),
	    "the end of the process");
}

/* As many as were a majority before a node came. */
static void
test_growth(void)
{
	lead(CONFIG("5", ""), "");
	ok(is_made(add_peer(0, "node-b", FP_B), 6), "one needs nobody's word "
	    "to become two");
	propose(1, "h");
	is_int(ends[1].n, 0, "then it does");
	come_up("b");
	publish_heard(&q, mesh_peer("node-b"), 5);
	collect();
	is_int(far[0].version, 7, "the other is sent what it has missed");
	says('b', 1, 7);
	ok(is_made(&ends[1], 7), "and confirms it");
	fix_unload();

	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	add_peer(1, "node-d", FP_D);
	says('b', 1, 6);
	ok(is_made(&ends[0], 6), "before a fourth comes two are enough");
	is_int(ends[1].n, 0, "its own coming is not confirmed by that");
	says('b', 1, 7);
	ok(is_made(&ends[1], 7), "but by two of those who were there");
	propose(2, "i");
	says('b', 1, 8);
	is_int(ends[2].n, 0, "after it two are too few");
	says('c', 1, 8);
	ok(is_made(&ends[2], 8), "and three are enough");
	fix_unload();

	lead(CONFIG("5", B_AND_C D_AND_E), "bcde");
	add_peer(0, "node-f", FP("ffffffff"));
	remove_peer(1, "node-f");
	remove_peer(2, "node-e");
	remove_peer(3, "node-d");
	remove_peer(4, "node-c");
	says('b', 1, 6);
	says('b', 1, 10);
	ok(is_made(&ends[0], 6) && is_made(&ends[4], 10),
	    "two are all of two, however many they were");
	fix_unload();
}

static void
test_removed(void)
{
	lead(CONFIG("5", B_AND_C), "bc");
	propose(0, "h");
	remove_peer(1, "node-b");
	ok(peer_find(&q, "node-b") == NULL, "one that was asked has gone");
	is_int(ends[0].n + ends[1].n, 0, "it confirms nothing");
	says('c', 1, 6);
	is_int(far[1].version, 7, "the other one goes on");
	says('c', 1, 7);
	ok(is_made(&ends[0], 6) && is_made(&ends[1], 7), "and confirms both");
	ok(is_made(remove_peer(2, "node-c"), 8), "the last one leaves: "
	    "nobody is to be asked");
	fix_unload();

	lead(CONFIG("5", B_AND_C), "bc");
	remove_peer(0, "node-a");
	ok(!heart_is_member(&q) && !q.master, "the master has removed itself");
	ok(far[0].version == 6 && far[1].version == 6,
	    "which the others are told");
	says('b', 1, 6);
	is_int(ends[0].n, 0, "it does not count any more");
	says('c', 1, 6);
	ok(is_made(&ends[0], 6), "the others do");
	fix_unload();
}

static void
test_many(void)
{
	int	 i;

	lead(CONFIG("5", B_AND_C), "bc");
	for (i = 0; i < 20; i++)
		propose(i, i % 2 ? "h" : "i");
	ok(far[0].pushes == 1 && far[1].pushes == 1 && far[0].version == 6,
	    "of twenty changes the first is sent");
	says('b', 1, 6);
	ok(far[0].pushes == 2 && far[0].version == 25, "then the last");
	is_int(far[1].pushes, 1, "each has its own pace");
	for (i = 0; i < 20 && ends[i].n == 1; i++)
		;
	is_int(i, 1, "confirmed as far as it is");
	says('b', 1, 25);
	for (i = 0; i < 20 && is_made(&ends[i], 6 + i); i++)
		;
	is_int(i, 20, "all by the last, each with its version");
	is_int(far[0].pushes, 2, "nothing more is sent");
	fix_unload();
}

/* Who is not there is not sent anything, until it is heard of. */
static void
test_absent(void)
{
	struct qpeer	*b;

	lead(CONFIG("5", B_AND_C), "");
	b = mesh_peer("node-b");
	propose(0, "h");
	ok(!b->publishing && b->nwaiting == 0, "not connected: nothing waits");
	come_up("b");
	is_int(far[0].pushes, 0, "connected: it may have it from others");
	publish_heard(&q, b, 5);
	collect();
	ok(far[0].pushes == 1 && far[0].version == 6, "it says that it has "
	    "not: it is sent");
	publish_heard(&q, b, 5);
	collect();
	is_int(far[0].pushes, 1, "once");
	mesh_down(b->handle, b->gen, "closed");
	is_int(b->publishing, 0, "lost: it is not under way any more");
	come_up("b");
	publish_heard(&q, b, 5);
	collect();
	is_int(far[0].pushes, 1, "nor is it at once again");
	passed = MONO_SEC(1);
	publish_heard(&q, b, 5);
	collect();
	is_int(far[0].pushes, 2, "but a second later");
	says('b', 1, 6);
	ok(is_made(&ends[0], 6), "and confirmed");
	publish_heard(&q, b, 6);
	collect();
	is_int(far[0].pushes, 2, "who has it is not sent it");
	fix_unload();

	/* The heartbeats start when a node comes up. */
	lead(CONFIG("5", B_AND_C), "");
	heart_start(&q);
	propose(0, "h");
	b = mesh_peer("node-b");
	mesh_up(b->handle, 1, 1, "node-b");
	ok(mesh_find(IMSG_MESH_CALL) && mesh_is_call("Heartbeat"),
	    "who comes up is asked which version it has");
	mesh_result(b->handle, 1, got.id,
	    "{\"node_id\":\"node-b\",\"config_version\":5}");
	collect();
	is_int(far[0].version, 6, "and sent the one in force");
	fix_unload();
}

static void
test_follower(void)
{
	struct qpeer	*b;
	char		 frame[128];
	int		 i;

	load(CONFIG("5", B_AND_C), "bc");
	mesh_elect("node-b");
	b = mesh_peer("node-b");
	is_str(heart_master(&q), "node-b", "node-b is master");

	propose_asked(0);
	ok(got.peer == b->handle && strstr(got.frame, "{\"from_node_id\":"
	    "\"node-a\",\"kind\":\"add_check\",\"payload\":{\"ID\":\"c1\",") !=
	    NULL, "the master is asked");
	is_int(q.cluster.version, 5, "nothing is changed here");
	mesh_result(b->handle, b->gen, got.id,
	    "{\"new_version\":9}");
	ok(is_made(&ends[0], 9), "its answer is the version");
	propose_asked(1);
	mesh_result(b->handle, b->gen, got.id,
	    "{\"new_version\":0,\"error\":\"no such\"}");
	ok(is_error(&ends[1], "no such"), "or what it does not like");
	propose_asked(2);
	snprintf(frame, sizeof(frame), "{\"id\":%llu,\"error\":\"broken\"}",
	    (unsigned long long)got.id);
	mesh_answer(b->handle, b->gen, frame);
	ok(is_error(&ends[2], "propose to master: remote: broken"),
	    "that it cannot be asked");
	propose_asked(3);
	mesh_down(b->handle, b->gen, "closed by peer");
	ok(is_error(&ends[3], "propose to master: closed by peer"),
	    "that it has gone");

	for (i = 4; i < 4 + 65; i++)
		propose(i, "h");
	is_int(ends[4].n, 0, "they wait for a connection");
	ok(is_error(&ends[68],
	    "propose to master: too many calls wait for it"),
	    "but not without end");
	fix_unload();
	ok(is_error(&ends[67], "this node is stopping"), "the end of them");
}

static void
test_no_master(void)
{
	load(CONFIG("5", PEER("node-b", "", FP_B)
	    PEER("node-c", "c:1", FP_C)), "");
	ok(is_error(propose(0, "h"), "no quorum: refusing mutation"),
	    "without a quorum");
	mesh_elect("node-b");
	ok(is_error(propose(1, "h"), "master node-b has no advertise address"),
	    "a master that cannot be reached");
	free(q.legacy.master);
	q.legacy.master = NULL;
	ok(is_error(propose(2, "h"), "master unknown"), "no master");
	is_int(q.cluster.version, 5, "nothing has changed");
	fix_unload();
}

static void
test_bound(void)
{
	int	 i;

	lead(CONFIG("5", B_AND_C), "");
	propose(0, "h");
	for (i = 1; i < WAITING_MAX; i++)
		publish_await(&q, done, &ends[i]);
	ok(is_error(propose(i, "i"), "too many changes under way"),
	    "there is an end to what waits");
	is_int(q.cluster.version, 6, "and nothing was changed by it");
	pass(ACK_LIMIT);
	for (i = 0; i < WAITING_MAX && ends[i].n == 1; i++)
		;
	is_int(i, WAITING_MAX, "all are told");
	propose(i + 1, "j");
	is_int(q.cluster.version, 7, "then there is room");
	fix_unload();
}

static void
test_text(void)
{
	const char	*text;
	size_t		 len;

	lead(CONFIG("5", B_AND_C), "");
	text = publish_text(&q, &len);
	ok(text != NULL && strlen(text) == len &&
	    strncmp(text, "{\"config\":{\"Version\":5,", 23) == 0,
	    "the configuration as it is sent");
	ok(publish_text(&q, &len) == text, "is made once");
	propose(0, "h");
	text = publish_text(&q, &len);
	ok(strncmp(text, "{\"config\":{\"Version\":6,", 23) == 0,
	    "for each version");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_majority();
	test_unconfirmed();
	test_interrupted();
	test_growth();
	test_removed();
	test_many();
	test_absent();
	test_follower();
	test_no_master();
	fix_mute(1);
	test_bound();
	fix_mute(0);
	test_text();
	fix_end();
	return (tap_done());
}
