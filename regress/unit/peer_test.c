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

#include "mesh_fixture.h"

/*
 * The table of the other members and the calls to them: who the engine is told
 * of, what goes out when, and how every call comes to one end.
 */

#define NENDS	128
#define LONG	MONO_SEC(600)
#define SHORT	MONO_MSEC(30)
#define HEARD	"{\"node_id\":\"node-b\",\"config_version\":7}"

/* How a call came to its end. */
static struct end {
	int	 n;
	int	 served;
	int	 refused;
	int	 remove;		/* the peer, from within */
	int	 again;			/* another call, from within */
	char	 error[256];
} ends[NENDS];
static int	 news, ups;
static char	 why[256];

static void
done(struct quorum *quorum, struct qpeer *p, const struct answer *a,
    void *arg)
{
	struct wire_status	 none = { NULL };
	struct end		*e = arg;

	e->n++;
	e->served = a->result != NULL;
	e->refused = a->refused;
	strlcpy(e->error, str(a->error), sizeof(e->error));
	if (e->again) {
		e->again = 0;
		peer_call(quorum, p, WIRE_STATUS, &none, LONG, done, e + 1);
	}
	if (e->remove)
		peer_remove(quorum, p);
}

static struct end *
call(struct qpeer *p, enum wire_method m, struct monotime limit, int i)
{
	struct wire_heartbeat	 params;

	memset(&params, 0, sizeof(params));
	memset(&ends[i], 0, sizeof(ends[i]));
	peer_call(&q, p, m, &params, limit, done, &ends[i]);
	return (&ends[i]);
}

static void
notify(struct quorum *quorum, struct qpeer *p, enum peer_news what,
    const char *text, void *arg)
{
	(void)quorum;
	(void)p;
	news++;
	ups += what == PEER_UP;
	strlcpy(arg, text, sizeof(why));
}

/* Turns until that call has ended or enough time went by. */
static int
wait_end(const struct end *e)
{
	struct monotime	 end = mono_add(mono_now(), MONO_MSEC(FIX_WAIT));

	while (e->n == 0 && mono_cmp(mono_now(), end) < 0) {
		fix_turn();
		poll(NULL, 0, 2);
	}
	return (e->n == 1);
}

static void
test_told(void)
{
	uint32_t	 b, c;

	mesh_load(CONFIG("5", B_AND_C
	    PEER("node-d", "", FP_D)
	    PEER("node-e", "e:1", "")
	    PEER("twin", "t:1", FP_A)));
	is_int(mesh_next(), IMSG_MESH_PEER, "the engine is told of a member");
	b = got.peer;
	is_int(b, 1, "which is the first");
	is_str(got.name, "node-b", "its name");
	is_str(got.address, "b:1", "its address");
	is_str(got.fingerprint, FP_B, "its key");
	is_int(got.dial, 1, "a connection is wanted");
	is_int(mesh_next(), IMSG_MESH_PEER, "of the next");
	c = got.peer;
	ok(c != b && strcmp(got.name, "node-c") == 0, "another number");
	is_int(mesh_next(), IMSG_MESH_PEER, "of one without an address");
	ok(strcmp(got.name, "node-d") == 0 && !got.dial, "not to be dialled");
	ok(mesh_next() == IMSG_MESH_PEER && strcmp(got.name, "twin") == 0,
	    "not of one without a key");
	quorum_config_changed(&q);
	is_int(mesh_next(), IMSG_MESH_FORGET, "nor of one with this node's");
	is_int(mesh_next(), IMSG_NONE, "and that is all");
	ok(peer_find(&q, "node-a") == NULL && peer_find(&q, "twin") == NULL,
	    "this node is not its own peer");
	fix_unload();
}

static void
test_changes(void)
{
	struct result	 res = { PROBE_OK, 1000, "" };
	struct qcheck	*c;
	struct qpeer	*p;
	uint32_t	 b, slot;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	b = mesh_peer("node-b")->handle;
	slot = mesh_peer("node-b")->slot;
	ok(slot != SELF && slot != mesh_peer("node-c")->slot,
	    "slots of their own");
	mesh_install(CONFIG("6", B_AND_C));
	is_int(mesh_next(), IMSG_NONE, "nothing has changed: not a word");
	mesh_install(CONFIG("7", PEER("node-b", "b:2", FP_B)
	    PEER("node-c", "c:1", FP_C)));
	is_int(mesh_next(), IMSG_MESH_PEER, "another address is told");
	ok(got.peer == b && strcmp(got.address, "b:2") == 0, "same number");
	is_int(mesh_next(), IMSG_NONE, "and that is all");

	c = checks_find(&q, "one");
	is_int(verdict_note(&c->verdict, slot, &res, mono_now()), 0,
	    "it has a vote");
	mesh_install(CONFIG("8", PEER("node-c", "c:1", FP_C)));
	is_int(mesh_next(), IMSG_MESH_FORGET, "a removed one is forgotten");
	is_int(got.peer, b, "by its number");
	ok(peer_find(&q, "node-b") == NULL && peer_by_handle(&q, b) == NULL,
	    "here too");
	is_int(c->verdict.reports[slot].vote, VOTE_NONE, "so is its vote");

	mesh_install(CONFIG("9", B_AND_C));
	is_int(mesh_next(), IMSG_MESH_PEER, "back again");
	ok(got.peer > b, "numbers are not used again");
	is_int(mesh_peer("node-b")->slot, slot, "slots are");

	p = mesh_peer("node-b");
	mesh_connect(p, 1, 1);
	b = p->handle;
	call(p, WIRE_STATUS, LONG, 0);
	mesh_install(CONFIG("10", PEER("node-b", "b:1", FP_E)
	    PEER("node-c", "c:1", FP_C)));
	is_int(ends[0].n, 1, "with another key its calls end");
	ok(mesh_find(IMSG_MESH_FORGET) && got.peer == b,
	    "the old one is forgotten");
	ok(mesh_find(IMSG_MESH_PEER) && got.peer != b &&
	    strcmp(got.fingerprint, FP_E) == 0, "the new one told");
	is_int(mesh_peer("node-b")->up, 0, "not connected");
	fix_unload();
}

static void
test_serial(void)
{
	struct qpeer	*p;
	uint64_t	 id;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	p = mesh_peer("node-b");
	mesh_connect(p, 1, 0);
	call(p, WIRE_STATUS, LONG, 0);
	call(p, WIRE_WHOAMI, LONG, 1);
	call(p, WIRE_HEARTBEAT, LONG, 2);
	ok(mesh_called("Status"), "QUptime: a call goes out");
	is_int(got.gen, 1, "on that connection");
	id = got.id;
	is_int(mesh_next(), IMSG_NONE, "the others wait");
	mesh_result(p->handle, 1, id, "{\"node_id\":\"node-b\"}");
	ok(ends[0].n == 1 && ends[0].served, "answered");
	ok(mesh_called("Heartbeat"), "heartbeats go first");
	is_int(got.id, id + 2, "ids count the calls");
	is_int(mesh_next(), IMSG_NONE, "one at a time");
	mesh_result(p->handle, 1, got.id == 0 ? id + 2 : got.id, HEARD);
	is_int(ends[2].n, 1, "its answer");
	ok(mesh_called("WhoAmI"), "then the other");
	is_int(ends[1].n, 0, "which is not answered yet");
	mesh_answer(p->handle, 1, "{\"id\":99,\"result\":{}}");
	is_int(mesh_next(), IMSG_MESH_DROP, "another id ends it");
	ok(ends[1].n == 1 && !ends[1].served, "with the call");
	fix_unload();
}

static void
test_parallel(void)
{
	struct qpeer	*p;
	uint64_t	 id[20];
	int		 i, n;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	p = mesh_peer("node-b");
	mesh_connect(p, 3, 1);
	for (i = 0; i < 20; i++)
		call(p, WIRE_STATUS, LONG, i);
	for (n = 0; mesh_next() == IMSG_MESH_CALL; n++)
		id[n] = got.id;
	is_int(n, 16, "quptimed: sixteen are under way");
	for (i = 15; i >= 0; i--) {
		mesh_result(p->handle, 3, id[i], "{}");
		if (ends[i].n != 1 || !ends[i].served)
			break;
	}
	is_int(i, -1, "answers belong to their calls in any order");
	for (n = 0; mesh_next() == IMSG_MESH_CALL; n++)
		mesh_result(p->handle, 3, got.id, "{}");
	is_int(n, 4, "the others follow");
	is_int(ends[19].n, 1, "all are answered");
	mesh_result(p->handle, 3, id[0], "{}");
	is_int(mesh_next(), IMSG_MESH_DROP, "answered twice: dropped");
	is_int(ends[0].n, 1, "and told once");
	fix_unload();
}

static void
test_deadlines(void)
{
	struct qpeer	*p;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	p = mesh_peer("node-b");
	call(p, WIRE_STATUS, SHORT, 0);
	call(p, WIRE_STATUS, LONG, 1);
	is_int(mesh_next(), IMSG_NONE, "not connected: calls wait");
	ok(wait_end(&ends[0]), "until their time is over");
	is_str(ends[0].error, "not connected", "with the reason");
	is_int(ends[1].n, 0, "the other waits on");
	is_int(mesh_next(), IMSG_NONE, "there was nothing to drop");
	mesh_down(p->handle, 0, "connect: refused");
	call(p, WIRE_STATUS, SHORT, 2);
	ok(wait_end(&ends[2]), "in vain");
	is_str(ends[2].error, "connect: refused", "what is known of it");

	mesh_up(p->handle, 4, 1, "node-b");
	ok(mesh_called("Status"), "connected: who waited is sent");
	call(p, WIRE_STATUS, SHORT, 3);
	ok(mesh_called("Ping") && mesh_called("Status"), "another one");
	ok(wait_end(&ends[3]), "is not answered in time");
	is_str(ends[3].error, "no answer to Status in time", "which is told");
	ok(ends[1].n == 1 && !ends[1].served, "the others end too");
	is_int(mesh_next(), IMSG_MESH_DROP, "for the connection is dropped");
	ok(got.peer == p->handle && got.gen == 4 &&
	    strcmp(got.why, ends[3].error) == 0, "that one, and why");
	is_int(p->up, 0, "it is down");
	call(p, WIRE_STATUS, LONG, 4);
	mesh_down(p->handle, 4, "no answer to Status in time");
	is_int(ends[4].n, 0, "its end is news to nobody");
	mesh_up(p->handle, 5, 0, "node-b");
	ok(mesh_called("Status") && got.gen == 5, "on the next connection");
	call(p, WIRE_WHOAMI, SHORT, 5);
	ok(wait_end(&ends[5]), "one that waits behind another");
	is_int(mesh_next(), IMSG_NONE, "costs no connection");
	is_int(ends[4].n, 0, "nor the other");
	fix_unload();
	is_str(ends[4].error, "stopping", "the end of all");
}

static void
test_down(void)
{
	struct qpeer	*p;
	uint64_t	 id;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	p = mesh_peer("node-b");
	mesh_connect(p, 1, 0);
	ok(p->up && p->has_offset && p->rtt >= 0, "its clock is known");
	is_str(p->address, "192.0.2.1:9901", "where it is");
	is_int(p->not_after, 4000000000LL, "its certificate's end");
	call(p, WIRE_STATUS, LONG, 0);
	call(p, WIRE_WHOAMI, LONG, 1);
	ok(mesh_called("Status"), "one under way, one that waits");
	id = got.id;
	mesh_down(p->handle, 9, "another one");
	is_int(p->up, 1, "another connection's end");
	mesh_down(p->handle, 1, "closed by peer");
	is_str(ends[0].error, "closed by peer", "who is under way fails");
	is_int(ends[1].n, 0, "who waits does not");
	mesh_up(p->handle, 2, 0, "node-b");
	ok(mesh_called("WhoAmI") && got.gen == 2, "but is sent next");
	mesh_result(p->handle, 1, id, "{}");
	is_int(ends[1].n, 0, "what comes from before is not for it");
	mesh_up(p->handle, 3, 0, "node-b");
	is_int(ends[1].n, 1, "a new connection ends the old one");
	mesh_up(77, 1, 0, "nobody");
	mesh_down(77, 1, "nobody");
	mesh_answer(77, 1, "{}");
	ok(1, "of one who is gone nothing is known");
	fix_unload();
}

static void
garbage(const char *frame, int quptimed, const char *name)
{
	struct qpeer	*p = mesh_peer("node-b");
	static uint32_t	 gen = 100;

	gen++;
	mesh_connect(p, gen, quptimed);
	call(p, WIRE_HEARTBEAT, LONG, 0);
	call(p, WIRE_STATUS, LONG, 1);
	while (mesh_next() == IMSG_MESH_CALL)
		;
	mesh_answer(p->handle, gen, frame);
	is_int(mesh_next(), IMSG_MESH_DROP, "dropped: %s", name);
	ok(ends[0].n == 1 && !ends[0].served, "the call ends: %s", name);
	is_int(p->up, 0, "down: %s", name);
	mesh_down(p->handle, gen, "x");
	calls_fail(&q, p, "test");
}

static void
test_garbage(void)
{
	struct qpeer	*p;
	char		 buf[256];
	int		 quptimed;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	for (quptimed = 0; quptimed < 2; quptimed++) {
		garbage("", quptimed, "empty");
		garbage("nonsense", quptimed, "no JSON");
		garbage("{\"id\":1", quptimed, "cut short");
		garbage("[]", quptimed, "an array");
		garbage("{\"id\":-1,\"result\":{}}", quptimed, "negative id");
		garbage("{\"id\":1,\"id\":1}", quptimed, "twice an id");
		garbage("{\"id\":1,\"result\":{}}", quptimed, "an old id");
		garbage("{\"id\":18446744073709551615,\"result\":{}}",
		    quptimed, "an id that is none");
		snprintf(buf, sizeof(buf), "{\"id\":%llu,\"result\":"
		    "{\"config_version\":\"x\"}}",
		    (unsigned long long)q.last_call + 2);
		garbage(buf, quptimed, "wrong type");
		snprintf(buf, sizeof(buf), "{\"id\":%llu,\"result\":[]}",
		    (unsigned long long)q.last_call + 2);
		garbage(buf, quptimed, "no object");
	}
	garbage("{\"id\":0,\"error\":\"decode request: x\"}", 0,
	    "could not read it");
	ok(ends[0].refused, "is an answer");

	p = mesh_peer("node-b");
	mesh_connect(p, 200, 1);
	call(p, WIRE_HEARTBEAT, LONG, 0);
	call(p, WIRE_STATUS, LONG, 1);
	while (mesh_next() == IMSG_MESH_CALL)
		;
	snprintf(buf, sizeof(buf), "{\"id\":%llu,\"error\":\"peer not "
	    "trusted\"}", (unsigned long long)q.last_call - 1);
	mesh_answer(p->handle, 200, buf);
	ok(ends[0].n == 1 && ends[0].refused &&
	    strcmp(ends[0].error, "peer not trusted") == 0,
	    "an error is the call's end");
	is_int(mesh_next(), IMSG_NONE, "quptimed: and not the connection's");
	is_int(ends[1].n, 0, "nor another's");
	mesh_down(p->handle, 200, "x");
	mesh_connect(p, 201, 0);
	call(p, WIRE_HEARTBEAT, LONG, 0);
	call(p, WIRE_STATUS, LONG, 1);
	ok(mesh_called("Heartbeat"), "QUptime is asked");
	snprintf(buf, sizeof(buf), "{\"id\":%llu,\"error\":\"peer not "
	    "trusted\"}", (unsigned long long)got.id);
	ends[0].again = 1;
	mesh_answer(p->handle, 201, buf);
	is_int(ends[0].refused, 1, "its error is an error");
	is_int(mesh_next(), IMSG_MESH_DROP, "and the connection's end");
	is_int(mesh_next(), IMSG_NONE, "before anything else is sent");
	fix_unload();
}

static void
test_removal(void)
{
	struct qpeer	*p;
	uint32_t	 handle;
	int		 i;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	p = mesh_peer("node-b");
	mesh_connect(p, 1, 0);
	for (i = 0; i < 3; i++)
		call(p, WIRE_STATUS, LONG, i);
	ends[1].again = 1;
	memset(&ends[2], 0, sizeof(ends[2]));
	mesh_install(CONFIG("6", PEER("node-c", "c:1", FP_C)));
	ok(ends[0].n == 1 && ends[1].n == 1, "removed: all calls end");
	is_int(ends[2].n, 2, "one made meanwhile too");
	is_str(ends[2].error, "it has gone", "why");

	mesh_drain();
	p = mesh_peer("node-c");
	handle = p->handle;
	mesh_connect(p, 1, 1);
	for (i = 0; i < 3; i++)
		call(p, WIRE_STATUS, LONG, i);
	ends[0].remove = 1;
	mesh_drain();
	mesh_down(handle, 1, "closed");
	ok(peer_by_handle(&q, handle) == NULL, "removed from within a call");
	ok(ends[0].n == 1 && ends[1].n == 1 && ends[2].n == 1,
	    "each call ends once");
	fix_unload();

	mesh_load(CONFIG("5", B_AND_C));
	p = mesh_peer("node-c");
	for (i = 0; i < 64; i++)
		call(p, WIRE_STATUS, LONG, i);
	ok(ends[63].n == 0, "64 wait");
	call(p, WIRE_STATUS, LONG, 64);
	is_str(ends[64].error, "too many calls wait for it", "no more");
	call(mesh_peer("node-b"), WIRE_STATUS, SHORT, 65);
	ends[65].remove = 1;
	call(mesh_peer("node-b"), WIRE_STATUS, SHORT, 66);
	ok(wait_end(&ends[65]) && ends[66].n == 1,
	    "removed when its time is over");
	fix_unload();
	is_int(ends[0].n, 1, "the end of those that wait");
}

static void
test_shared(void)
{
	struct qpeer	*b, *c;
	char		 text[] = "{\"config\":null}";

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	b = mesh_peer("node-b");
	c = mesh_peer("node-c");
	memset(ends, 0, sizeof(ends));
	peer_call_text(&q, b, WIRE_APPLY_CONFIG, text, strlen(text), LONG,
	    done, &ends[0]);
	peer_call_text(&q, c, WIRE_APPLY_CONFIG, text, strlen(text), LONG,
	    done, &ends[1]);
	text[0] = '*';
	peer_call_text(&q, b, WIRE_APPLY_CONFIG, text, strlen(text), LONG,
	    done, &ends[2]);
	mesh_up(b->handle, 1, 0, "node-b");
	ok(mesh_called("ApplyClusterCfg") &&
	    strstr(got.frame, ":{\"config\":null}") != NULL, "text as it was");
	mesh_install(CONFIG("6", PEER("node-c", "c:1", FP_C)));
	mesh_up(c->handle, 1, 0, "node-c");
	ok(mesh_find(IMSG_MESH_CALL) &&
	    strstr(got.frame, ":{\"config\":null}") != NULL,
	    "the other's outlives it");
	fix_unload();
}

static void
test_bootstrap(void)
{
	struct qpeer	*p;
	uint32_t	 handle;

	mesh_load(CONFIG("5", B_AND_C));
	mesh_drain();
	news = ups = 0;
	p = peer_bootstrap(&q, "d:1", FP_D, notify, why);
	ok(p != NULL, "one who is no member");
	handle = p->handle;
	is_int(mesh_next(), IMSG_MESH_PEER, "is told to the engine");
	ok(got.peer == handle && got.dial && strcmp(got.address, "d:1") == 0 &&
	    strcmp(got.fingerprint, FP_D) == 0, "with all of it");
	mesh_down(handle, 1, "refused");
	ok(news == 1 && ups == 0 && strcmp(why, "refused") == 0,
	    "that it is not there is told");
	mesh_up(handle, 2, 1, "node-d");
	ok(news == 2 && ups == 1, "that it is there is told");
	is_int(mesh_next(), IMSG_NONE, "nobody asks for its clock");
	call(p, WIRE_STATUS, LONG, 0);
	ok(mesh_called("Status"), "it can be called");
	mesh_install(CONFIG("6", B_AND_C PEER("node-d", "d:1", FP_D)));
	ok(mesh_peer("node-d") == p && p->handle == handle && p->up &&
	    p->conf != NULL && p->slot != SELF, "it becomes a member");
	is_int(ends[0].n, 0, "what is under way goes on");
	is_int(mesh_next(), IMSG_MESH_PEER, "its name is told");
	is_str(got.name, "node-d", "which it has by now");
	p = peer_bootstrap(&q, "e:1", FP_E, notify, why);
	mesh_up(p->handle, 1, 0, "node-e");
	call(p, WIRE_STATUS, LONG, 1);
	peer_remove(&q, p);
	ok(ends[1].n == 1 && news == 3, "removed: its calls end, quietly");
	ok(mesh_find(IMSG_MESH_FORGET), "the engine forgets it");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_told();
	test_changes();
	test_serial();
	test_parallel();
	test_deadlines();
	test_down();
	fix_mute(1);
	test_garbage();
	fix_mute(0);
	test_removal();
	test_shared();
	test_bootstrap();
	fix_end();
	return (tap_done());
}
