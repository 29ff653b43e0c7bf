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


#include <stdarg.h>

#include "quorum.h"

/*
 * node-b of three: what it asks the others, what it makes of their answers, and
 * which configurations it takes.  The others are played by the test.
 */

static void	 fake_call(struct quorum *, struct qpeer *, enum wire_method,
		    const void *, struct monotime, call_done *, void *);
static void	 fake_complain(struct quorum *, struct qpeer *,
		    const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static struct monotime
		 fake_now(void);
static int	 fake_waiting(const struct quorum *);
static int	 fake_seeded(const struct quorum *);

#define peer_call	fake_call
#define peer_complain	fake_complain
#define mono_now	fake_now
#define join_is_waiting	fake_waiting
#define join_is_seeded	fake_seeded

#include "../../quptimed/quorum_heart.c"

#undef peer_call
#undef peer_complain
#undef mono_now
#undef join_is_waiting
#undef join_is_seeded

#include "quorum_fixture.h"

#define FP(c)	"sha256:" c c c c c c c c
#define FP_A	FP("aaaaaaaa")
#define FP_B	FP("bbbbbbbb")
#define FP_C	FP("cccccccc")

static const char	 three[] =
	"version: 10\nupdated_at: 2026-05-15T14:01:00Z\n"
	"updated_by: node-a\npeers:\n"
	"  - {node_id: node-a, advertise: \"a:1\", fingerprint: \"" FP_A "\"}\n"
	"  - {node_id: node-b, advertise: \"b:1\", fingerprint: \"" FP_B "\"}\n"
	"  - {node_id: node-c, advertise: \"c:1\", fingerprint: \"" FP_C "\"}\n"
	"checks:\n  - {id: c1, name: one, type: icmp, target: h}\n"
	"alerts: []\n";

/* The last call of each node, which are a and c. */
static struct {
	int			 beats;
	int			 pulls;
	call_done		*beat;
	call_done		*pull;
	char			 master[32];
	uint64_t		 version;
} far[2];
static char		 complaint[512];
static int		 complaints;
static int64_t		 now_ms;
static int		 is_waiting, is_seeded;

static int
which(const struct qpeer *p)
{
	return (strcmp(str(p->node_id), "node-a") == 0 ? 0 : 1);
}

static void
fake_call(struct quorum *a, struct qpeer *p, enum wire_method m,
    const void *params, struct monotime limit, call_done *fn, void *arg)
{
	const struct wire_heartbeat	*hb = params;
	int				 i = which(p);

	(void)a;
	(void)arg;
	if (m == WIRE_HEARTBEAT) {
		far[i].beats++;
		far[i].beat = fn;
		strlcpy(far[i].master, str(hb->master_id),
		    sizeof(far[i].master));
		far[i].version = hb->config_version;
		if (strcmp(hb->from_node_id, "node-b") != 0 ||
		    strcmp(hb->advertise, "b:1") != 0 ||
		    limit.ns != MONO_SEC(1).ns)
			fix_die("heartbeat");
	} else if (m == WIRE_GET_CONFIG) {
		far[i].pulls++;
		far[i].pull = fn;
	} else
		fix_die("call");
}

static void
fake_complain(struct quorum *a, struct qpeer *p, const char *fmt, ...)
{
	va_list	 ap;

	(void)a;
	(void)p;
	complaints++;
	va_start(ap, fmt);
	vsnprintf(complaint, sizeof(complaint), fmt, ap);
	va_end(ap);
}

static struct monotime
fake_now(void)
{
	return (MONO_MSEC(now_ms));
}

static int
fake_waiting(const struct quorum *a)
{
	(void)a;
	return (is_waiting);
}

static int
fake_seeded(const struct quorum *a)
{
	(void)a;
	return (is_seeded);
}

static struct qpeer *
peer(const char *id)
{
	struct qpeer	*p = peer_find(&q, id);

	if (p == NULL)
		fix_die(id);
	return (p);
}

static void
setup(const char *text)
{
	struct verr	 ve;

	fix_write("cluster.yaml", text);
	if (fix_load(&ve) == -1)
		fix_die("load");
	free(q.node.node_id);
	q.node.node_id = strdup("node-b");
	q.fingerprint = strdup(FP_B);
	now_ms = 1000000;
	memset(far, 0, sizeof(far));
	complaints = is_waiting = is_seeded = 0;
	complaint[0] = '\0';
	quorum_config_changed(&q);
	heart_start(&q);
}

static void
second(void)
{
	now_ms += 1000;
	tick(-1, 0, &q);
}

/* Its answer to the heartbeat that is under way. */
static void
says(const char *id, const char *as, const char *master, uint64_t version)
{
	struct wire_heartbeat_res	 res;
	struct answer			 a;
	struct qpeer			*p = peer(id);
	call_done			*fn = far[which(p)].beat;

	if (fn == NULL)
		fix_die("no heartbeat");
	far[which(p)].beat = NULL;
	memset(&res, 0, sizeof(res));
	memset(&a, 0, sizeof(a));
	res.node_id = (char *)(uintptr_t)as;
	res.master_id = (char *)(uintptr_t)master;
	res.config_version = version;
	a.result = &res;
	fn(&q, p, &a, NULL);
}

static void
silent(const char *id)
{
	struct answer	 a;
	struct qpeer	*p = peer(id);
	call_done	*fn = far[which(p)].beat;

	memset(&a, 0, sizeof(a));
	a.error = "no answer";
	far[which(p)].beat = NULL;
	fn(&q, p, &a, NULL);
}

/* The configuration in force, as that version. */
static struct cluster *
copy(uint64_t version)
{
	struct cluster	*cl = record_dup(&cluster_record, &q.cluster);

	cl->version = version;
	return (cl);
}

static int
push(const char *id, struct cluster *cl, struct verr *ve)
{
	int	 rv;

	memset(ve, 0, sizeof(*ve));
	rv = heart_adopt(&q, peer(id), cl, ve);
	record_free(&cluster_record, cl);
	return (rv);
}

static void
gives(const char *id, struct cluster *cl)
{
	struct wire_config	 res;
	struct answer		 a;
	struct qpeer		*p = peer(id);

	memset(&a, 0, sizeof(a));
	memset(&res, 0, sizeof(res));
	res.config = cl;
	a.result = cl != NULL ? &res : NULL;
	a.error = "no answer";
	far[which(p)].pull(&q, p, &a, NULL);
	record_free(&cluster_record, cl);
}

/* As far as node-a is master. */
static void
settle(void)
{
	int	 i;

	for (i = 0; i < 5; i++) {
		second();
		if (far[0].beat != NULL)
			says("node-a", "node-a", i < 1 ? "" : "node-a", 10);
		if (far[1].beat != NULL)
			says("node-c", "node-c", i < 1 ? "" : "node-a", 10);
	}
	is_str(heart_master(&q), "node-a", "node-a is master");
}

static void
test_beats(void)
{
	setup(three);
	is_int(heart_is_member(&q), 1, "this node is a member");
	ok(heart_master(&q) == NULL, "no master at first");
	is_int(heart_has_quorum(&q), 0, "no quorum");
	tick(-1, 0, &q);
	is_int(far[0].beats + far[1].beats, 2, "both are asked at once");
	is_str(far[0].master, "", "told of no master");
	is_int(far[0].version, 10, "and of the version");
	second();
	is_int(far[0].beats, 1, "not again while that is under way");
	silent("node-a");
	second();
	is_int(far[0].beats, 2, "but after it has failed");
	is_int(heart_live(&q, "node-a"), 0, "that is no sign of life");

	says("node-a", "node-c", "", 10);
	is_int(heart_live(&q, "node-a"), 0, "another's answer is none");
	is_int(heart_live(&q, "node-c"), 0, "of nobody");
	ok(strstr(complaint, "node-c") != NULL, "the log: %s", complaint);
	second();
	says("node-a", "node-a", "", 10);
	is_int(heart_live(&q, "node-a"), 1, "its own is");
	is_int(heart_has_quorum(&q), 1, "two of three are a quorum");
	ok(heart_master(&q) == NULL, "but they wait");
	heart_heard(&q, peer("node-c"), "c:1", "", 10);
	is_int(heart_live(&q, "node-c"), 1, "being asked is a sign too");
	second();
	ok(heart_master(&q) != NULL, "after four seconds they elect");
	is_str(heart_master(&q), "node-a", "the lowest");
	is_int(q.master, 0, "which is not this one");
	now_ms += 4000;
	second();
	ok(heart_master(&q) == NULL, "nobody answers: none");
	is_int(q.legacy.term, 2, "two terms");
	heart_up(&q, peer("node-c"));
	is_int(far[1].beats, 1, "one is still under way");
	silent("node-c");
	heart_up(&q, peer("node-c"));
	is_int(far[1].beats, 1, "a QUptime node that comes up waits its turn");
	peer("node-c")->quptimed = 1;
	heart_up(&q, peer("node-c"));
	is_int(far[1].beats, 2, "another one is asked at once");
	fix_unload();
}

static void
test_mastership(void)
{
	struct result	 bad = { PROBE_FAIL, 1, "refused" };
	struct result	 good = { PROBE_OK, 1, "" };
	struct qcheck	*c;
	uint32_t	 slot;

	setup(three);
	heart_elect(&q);
	now_ms += 3000;
	heart_heard(&q, peer("node-c"), "", "", 10);
	now_ms += 1000;
	heart_elect(&q);
	is_int(q.master, 1, "node-a is dead: this node is master");
	c = checks_find(&q, "one");
	slot = peer("node-c")->slot;
	ok(slot != SELF, "the other one has a slot");
	quorum_result(&q, c, SELF, &good, mono_now());
	quorum_result(&q, c, slot, &bad, mono_now());
	quorum_result(&q, c, slot, &bad, mono_now());
	is_int(c->verdict.state, STATE_UP, "one of two is no outage");
	quorum_result(&q, c, SELF, &bad, mono_now());
	quorum_result(&q, c, SELF, &bad, mono_now());
	is_int(c->verdict.state, STATE_DOWN, "both are");
	is_int(q.checks.count[STATE_DOWN], 1, "and counted");

	now_ms += 4000;
	heart_elect(&q);
	is_int(q.master, 0, "nobody is live: mastership is lost");
	is_int(c->verdict.reports[slot].vote, VOTE_NONE,
	    "what others said is forgotten");
	is_int(c->verdict.reports[SELF].vote, VOTE_FAIL,
	    "what it sees itself is not");
	quorum_result(&q, c, slot, &good, mono_now());
	is_int(c->verdict.reports[slot].vote, VOTE_NONE,
	    "others are not listened to");
	quorum_result(&q, c, SELF, &good, mono_now());
	quorum_result(&q, c, SELF, &good, mono_now());
	is_int(c->verdict.reports[SELF].vote, VOTE_OK, "it keeps its own");
	is_int(c->verdict.state, STATE_DOWN, "but does not judge");
	fix_unload();
}

static void
test_pull(void)
{
	setup(three);
	settle();
	second();
	says("node-c", "node-c", "node-a", 12);
	is_int(far[1].pulls, 1, "a newer version is asked for");
	heart_heard(&q, peer("node-c"), "", "node-a", 12);
	is_int(far[1].pulls, 1, "once");
	says("node-a", "node-a", "node-a", 12);
	is_int(far[0].pulls, 0, "of one node");
	gives("node-c", NULL);
	is_int(q.cluster.version, 10, "no answer changes nothing");
	heart_heard(&q, peer("node-a"), "", "node-a", 12);
	is_int(far[0].pulls, 1, "then the other one is asked");
	gives("node-a", copy(12));
	is_int(q.cluster.version, 12, "what it has is in force");
	ok(strstr(fix_read("cluster.yaml"), "version: 12") != NULL,
	    "and in the file");
	is_str(q.cluster.updated_by, "node-a", "as it was made");

	/* Refused: not asked for again for a minute. */
	{
		struct cluster	*cl = copy(13);

		free(CLUSTER_PEER(cl, 1)->node_id);
		CLUSTER_PEER(cl, 1)->node_id = strdup("node-x");
		heart_heard(&q, peer("node-c"), "", "node-a", 13);
		is_int(far[1].pulls, 2, "the next version is asked for");
		gives("node-c", cl);
	}
	is_int(q.cluster.version, 12, "without this node it is refused");
	ok(strstr(complaint, "13 refused: peers: this node is not among") !=
	    NULL, "the log: %s", complaint);
	now_ms += 59000;
	heart_heard(&q, peer("node-c"), "", "node-a", 13);
	is_int(far[1].pulls, 2, "it is not asked for again");
	heart_heard(&q, peer("node-c"), "", "node-a", 14);
	is_int(far[1].pulls, 3, "but for a newer one");
	gives("node-c", NULL);
	now_ms += 1000;
	heart_heard(&q, peer("node-c"), "", "node-a", 13);
	is_int(far[1].pulls, 4, "after a minute it is");
	gives("node-c", NULL);

	heart_heard(&q, peer("node-c"), "", "node-a", UINT64_MAX);
	is_int(far[1].pulls, 4, "W4: the last version is not asked for");
	heart_heard(&q, peer("node-c"), "", "node-a", 2000000);
	is_int(far[1].pulls, 4, "nor one that is far away");
	fix_unload();
}

static void
refused(const char *id, struct cluster *cl, const char *why)
{
	struct verr	 ve;
	char		 buf[640];
	uint64_t	 version = q.cluster.version;

	complaint[0] = '\0';
	is_int(push(id, cl, &ve), -1, "refused");
	verr_string(&ve, buf, sizeof(buf));
	is_str(buf, why, "and why");
	ok(strstr(complaint, why) != NULL, "in the log too");
	is_int(q.cluster.version, version, "nothing has changed");
}

static void
test_push(void)
{
	struct cluster	*cl;
	struct verr	 ve;
	int		 n;

	setup(three);
	settle();
	is_int(push("node-a", copy(11), &ve), 1, "the master's is taken");
	is_int(q.cluster.version, 11, "and in force");
	is_int(push("node-a", copy(11), &ve), 0, "again it is nothing new");
	is_int(push("node-a", copy(9), &ve), 0, "nor is an older one");
	n = complaints;
	is_int(push("node-c", copy(11), &ve), 0, "the same of another");
	is_int(complaints, n, "is fine");
	cl = copy(11);
	free(CLUSTER_CHECK(cl, 0)->target);
	CLUSTER_CHECK(cl, 0)->target = strdup("other");
	peer("node-c")->compared = 0;
	is_int(push("node-c", cl, &ve), 0, "another one of that version");
	ok(strstr(complaint, "different version 11") != NULL, "%s",
	    complaint);

	refused("node-c", copy(12),
	    "it is not the master, which is node-a");
	heart_heard(&q, peer("node-c"), "", "node-c", 11);
	is_int(push("node-c", copy(12), &ve), 1,
	    "while masters disagree, a member's is taken");
	ok(strstr(complaint, "the master here is node-a") != NULL,
	    "with a word: %s", complaint);

	refused("node-a", copy(UINT64_MAX),
	    "version: 18446744073709551615 is close to the end");
	refused("node-a", copy(12 + JUMP_MAX + 1),
	    "version: 1000013 is too far from 12");
	cl = copy(13);
	free(CLUSTER_PEER(cl, 1)->fingerprint);
	CLUSTER_PEER(cl, 1)->fingerprint = strdup(FP("dddddddd"));
	refused("node-a", cl, "peers: this node has another key than they "
	    "say");
	cl = copy(13);
	free(CLUSTER_PEER(cl, 2)->fingerprint);
	CLUSTER_PEER(cl, 2)->fingerprint = strdup(FP_A);
	refused("node-a", cl,
	    "peers[2].fingerprint: is that of peers[0] too");
	cl = copy(13);
	free(CLUSTER_CHECK(cl, 0)->type);
	CLUSTER_CHECK(cl, 0)->type = strdup("nonsense");
	cl->checks.n = 1;
	is_int(push("node-a", cl, &ve), -1, "what the model forbids: %s",
	    ve.msg);

	/* The peer that pushed may be gone with it. */
	cl = copy(13);
	record_free(&peer_record, reclist_take(&cl->peers, 0));
	heart_heard(&q, peer("node-c"), "", "node-a", 12);
	is_int(push("node-a", cl, &ve), 1, "the master leaves");
	ok(peer_find(&q, "node-a") == NULL, "it is no peer any more");
	is_str(str(heart_master(&q)), "node-b", "another one is elected");
	fix_unload();
}

/* Who joins takes what it gets, and has no master until it knows. */
static void
test_joining(void)
{
	struct verr	 ve;

	setup(three);
	settle();
	is_seeded = is_waiting = 1;
	heart_elect(&q);
	ok(heart_master(&q) == NULL, "on the way into a cluster: no master");
	is_int(heart_has_quorum(&q), 0, "and no quorum");
	memset(far, 0, sizeof(far));
	second();
	is_int(far[0].beats + far[1].beats, 0, "nobody is asked");
	heart_heard(&q, peer("node-c"), "", "node-c", 5000000);
	is_int(far[1].pulls, 1, "the cluster's version is, if far away");
	is_int(push("node-c", copy(5000000), &ve), 1, "and taken");
	is_seeded = is_waiting = 0;
	quorum_config_changed(&q);
	ok(heart_master(&q) == NULL, "there is no election yet");
	heart_heard(&q, peer("node-a"), "", "node-c", 5000000);
	heart_heard(&q, peer("node-c"), "", "node-c", 5000000);
	is_str(str(heart_master(&q)), "node-c",
	    "but the master that the others have");
	fix_unload();
}

static void
test_stranger(void)
{
	char	 buf[256];
	int	 n;

	setup("version: 3\nupdated_at: 2026-05-15T14:01:00Z\n"
	    "updated_by: node-a\npeers:\n"
	    "  - {node_id: node-a, advertise: \"a:1\", "
	    "fingerprint: \"" FP_A "\"}\n"
	    "  - {node_id: node-c, advertise: \"c:1\", "
	    "fingerprint: \"" FP_C "\"}\n"
	    "checks: []\nalerts: []\n");
	is_int(heart_is_member(&q), 0, "this node is not listed");
	second();
	is_int(far[0].beats + far[1].beats, 0, "it asks nobody");
	heart_heard(&q, peer("node-a"), "", "node-b", 3);
	heart_heard(&q, peer("node-c"), "", "node-b", 3);
	for (n = 0; n < 10; n++)
		second();
	ok(heart_master(&q) == NULL, "it elects nobody, itself neither");
	q.node.bind_port = 9911;
	q.node.bind_addr = strdup("192.0.2.7");
	is_str(heart_advertise(&q, buf, sizeof(buf)), "192.0.2.7:9911",
	    "its address is where it listens");
	fix_unload();

	setup(three);
	is_str(heart_advertise(&q, buf, sizeof(buf)), "b:1",
	    "a member's is that of the configuration");
	q.node.advertise = strdup("b:2");
	is_str(heart_advertise(&q, buf, sizeof(buf)), "b:2",
	    "unless node.yaml says it");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_beats();
	test_mastership();
	test_pull();
	test_push();
	test_joining();
	test_stranger();
	fix_end();
	return (tap_done());
}
