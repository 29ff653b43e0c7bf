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

/* What is shown: Status as other nodes get it, and rows for clients. */

#define CHECKS								\
	"checks:\n  - {id: c1, name: one, type: tcp, target: \"h:1\"}\n" \
	"  - {id: c2, name: two, type: tcp, target: \"h:2\", "		\
	"alert_ids: [a2], suppress_alert_ids: [a1]}\n"			\
	"  - {id: c3, name: off, type: tcp, target: \"h:3\", disabled: true}\n"
#define ALERTS								\
	"alerts:\n  - {id: a1, name: hook, type: discord, default: true, " \
	"discord_webhook: \"https://h/s3cret\"}\n"			\
	"  - {id: a2, name: mail, type: discord, "			\
	"discord_webhook: \"https://h/s3cret\"}\n"
#define HEAD	"version: 5\nupdated_at: 2026-05-15T14:01:00Z\n"	\
	"updated_by: node-b\npeers:\n"
#define SELF_A	PEER("node-a", "a:1", FP_A)
#define KEYLESS	"  - {node_id: node-k, advertise: \"k:1\"}\n"
#define NEVER	"0001-01-01T00:00:00Z"

static const char	*status_for(const char *, int);

static const char	cluster[] = HEAD SELF_A B_AND_C CHECKS ALERTS;

/* A report of a node's, twice: a verdict needs two. */
static void
report(const char *check, uint32_t slot, enum probe_verdict verdict)
{
	struct result	 res = { verdict, 2500, "" };
	int		 i;

	if (verdict != PROBE_OK)
		res.detail = "refused";
	for (i = 0; i < 2; i++)
		quorum_result(&q, checks_find(&q, check), slot, &res,
		    mono_now());
}

/* Status as text, with T for all times but the zero one, as QUptime gets it. */
static const char *
status(const char *id)
{
	return (status_for(id, 0));
}

static const char *
status_for(const char *id, int quptimed)
{
	static char		 text[8192];
	struct wire_status_res	 res;
	char			*s, *p, *end;
	size_t			 len;

	memset(&res, 0, sizeof(res));
	if (status_fill(&q, id, quptimed, &res) == -1 ||
	    (s = wire_result_text(WIRE_STATUS, q.dialect, &res,
	    &len)) == NULL)
		fix_die("status");
	record_clear(wire_result_record(WIRE_STATUS), &res);
	strlcpy(text, s, sizeof(text));
	freezero(s, len);
	for (p = text; (p = strstr(p, "\"last_seen\":\"20")) != NULL; ) {
		p += strlen("\"last_seen\":\"");
		end = strchr(p, '"');
		*p = 'T';
		memmove(p + 1, end, strlen(end) + 1);
	}
	return (text);
}

static void
test_master(void)
{
	mesh_load(cluster);
	mesh_elect(NULL);
	report("one", mesh_peer("node-b")->slot, PROBE_FAIL);
	report("one", SELF, PROBE_FAIL);
	report("two", SELF, PROBE_OK);
	is_str(status(""), "{\"node_id\":\"node-a\",\"term\":1,\"master_id\":"
	    "\"node-a\",\"config_version\":5,\"peers\":["
	    "{\"node_id\":\"node-a\",\"advertise\":\"a:1\",\"live\":true,"
	    "\"last_seen\":\"T\"},"
	    "{\"node_id\":\"node-b\",\"advertise\":\"b:1\",\"live\":true,"
	    "\"last_seen\":\"T\"},"
	    "{\"node_id\":\"node-c\",\"advertise\":\"c:1\",\"live\":false,"
	    "\"last_seen\":\"" NEVER "\"}],\"checks\":["
	    "{\"check_id\":\"c1\",\"name\":\"one\",\"state\":\"down\","
	    "\"ok_count\":0,\"total\":2,\"detail\":\"refused\","
	    "\"alerts\":[\"hook*\"]},"
	    "{\"check_id\":\"c2\",\"name\":\"two\",\"state\":\"up\","
	    "\"ok_count\":1,\"total\":1,\"alerts\":[\"mail\"]},"
	    "{\"check_id\":\"c3\",\"name\":\"off\",\"state\":\"unknown\","
	    "\"ok_count\":0,\"total\":0,\"disabled\":true,"
	    "\"alerts\":[\"hook*\"]}],\"has_quorum\":true,"
	    "\"quorum_size\":2}", "all that the master knows");
	ok(strstr(status_for("", 1), "\"alerts\":[\"hook*\"],\"since\":\"20") !=
	    NULL, "a quptimed is told since when");
	ok(strstr(status_for("", 1), "\"disabled\":true,\"alerts\":"
	    "[\"hook*\"]}") != NULL, "but for what is not known");
	fix_unload();
}

static void
test_follower(void)
{
	mesh_load(cluster);
	ok(strstr(status(""), "\"term\":0,\"master_id\":\"\",") != NULL &&
	    strstr(status(""), "\"has_quorum\":false,") != NULL,
	    "before anybody was heard of");
	mesh_elect("node-b");
	report("one", SELF, PROBE_FAIL);
	report("one", mesh_peer("node-b")->slot, PROBE_FAIL);
	ok(strstr(status(""), "\"master_id\":\"node-b\"") != NULL &&
	    strstr(status(""), "\"has_quorum\":true") != NULL, "a follower");
	ok(strstr(status(""), "\"name\":\"one\",\"state\":\"unknown\","
	    "\"ok_count\":0,\"total\":1,") != NULL, "does not judge");
	fix_unload();

	mesh_load("version: 0\nupdated_at: " NEVER "\nupdated_by: \"\"\n"
	    "peers: []\nchecks: []\nalerts: []\n");
	is_str(status(""), "{\"node_id\":\"node-a\",\"term\":1,\"master_id\":"
	    "\"node-a\",\"config_version\":0,\"peers\":null,\"checks\":null,"
	    "\"has_quorum\":true,\"quorum_size\":1}", "an empty cluster");
	fix_unload();
}

/* The status row's trouble, with the view of the master's that text is. */
static int
status_row(const char *text, struct status *s)
{
	struct wire_status_res	 res;
	struct mview		*view = NULL;
	struct verr		 ve;

	if (text != NULL) {
		if (wire_result(WIRE_STATUS, text, strlen(text), &res,
		    &ve) == -1 || (view = mview_new(&res)) == NULL)
			return (-1);
	}
	row_status(&q, CLIENT, view);
	fix_row(CLIENT, IMSG_CTL_STATUS, &status_record, s);
	mview_free(view);
	return (0);
}

static void
trouble_is(const char *trouble)
{
	struct status	 s;

	status_row(NULL, &s);
	is_str(str(s.trouble), trouble, "trouble: \"%s\"", trouble);
	record_clear(&status_record, &s);
}

static void
test_status_row(void)
{
	struct status	 s;

	mesh_load(cluster);
	trouble_is("no quorum: 1 of 3 live, 2 needed");
	heart_heard(&q, mesh_peer("node-b"), "", "", 5);
	trouble_is("an election is under way");
	mesh_elect(NULL);
	trouble_is("");
	report("one", SELF, PROBE_FAIL);
	status_row(NULL, &s);
	ok(strcmp(s.node_id, "node-a") == 0 &&
	    strcmp(s.master_id, "node-a") == 0 && s.config_version == 5 &&
	    s.term == 1 && s.has_quorum && s.quorum_size == 2, "who is who");
	ok(s.checks_down == 1 && s.checks_up == 0 && s.checks_unknown == 1 &&
	    s.checks_disabled == 1, "how many are how");
	record_clear(&status_record, &s);
	is_int(status_row("{\"id\":1,\"result\":{\"checks\":["
	    "{\"check_id\":\"c1\",\"state\":\"up\"},{\"state\":\"on fire\"},"
	    "{\"check_id\":\"c1\",\"state\":\"up\"},{},"
	    "{\"check_id\":\"c9\",\"state\":\"down\",\"disabled\":true}]}}",
	    &s), 0, "the view of another master");
	ok(s.checks_up == 2 && s.checks_down == 0 && s.checks_unknown == 2,
	    "is counted, whatever it says");
	record_clear(&status_record, &s);
	fix_unload();

	mesh_load(HEAD B_AND_C CHECKS ALERTS);
	trouble_is("this node is no member");
	fix_unload();
}

static void
answered(struct quorum *quorum, struct qpeer *p, const struct answer *a,
    void *arg)
{
	(void)quorum;
	(void)p;
	(void)a;
	(void)arg;
}

/* It is called, and answers with an error, or well. */
static void
refuse(struct qpeer *p, int error)
{
	struct wire_heartbeat	 params;
	char			 frame[256];

	memset(&params, 0, sizeof(params));
	peer_call(&q, p, WIRE_HEARTBEAT, &params, MONO_SEC(60), answered,
	    NULL);
	if (!mesh_find(IMSG_MESH_CALL))
		fix_die("no call");
	(void)snprintf(frame, sizeof(frame), "{\"id\":%llu,%s}",
	    (unsigned long long)got.id, error ?
	    "\"error\":\"peer not trusted\"" : "\"result\":{}");
	mesh_answer(p->handle, 1, frame);
}

static void
test_peer_rows(void)
{
	static const char	*pem = "-----BEGIN CERTIFICATE-----\n";
	struct peer_status	 s[4];
	uint32_t		 i;

	mesh_load(HEAD SELF_A B_AND_C KEYLESS CHECKS ALERTS);
	free(q.cert);
	q.cert = strdup(pem);
	mesh_drain();
	mesh_connect(mesh_peer("node-b"), 1, 1);
	mesh_down(mesh_peer("node-c")->handle, 0, "connect: refused\n");
	q.legacy.started = mono_sub(mono_now(), MONO_SEC(600));
	heart_heard(&q, mesh_peer("node-b"), "", "node-b", 4);
	heart_heard(&q, mesh_peer("node-c"), "", "node-b", 5);
	for (i = 0; i < 4; i++) {
		row_peer(&q, CLIENT, CLUSTER_PEER(&q.cluster, i));
		fix_row(CLIENT, IMSG_CTL_PEER, &peer_status_record, &s[i]);
	}
	ok(s[0].self && s[0].live && !s[0].master && s[0].config_version == 5,
	    "this node");
	ok(wall_iszero(&s[0].cert_expires), "with a certificate that is none");
	ok(s[1].master && s[1].live && s[1].config_version == 4 &&
	    s[1].has_offset && s[1].rtt >= 0, "the master");
	is_str(s[1].protocol, "quptimed", "what it speaks");
	is_str(s[1].address, "192.0.2.1:9901", "where it is");
	is_int(wall_unix(&s[1].cert_expires), 4000000000LL,
	    "how long its certificate is valid");
	is_str(str(s[1].trouble), "", "no trouble");
	ok(s[0].connected && s[1].connected && !s[2].connected &&
	    !s[3].connected, "who is connected");
	ok(!s[2].master && s[2].live && s[2].rtt == -1 && !s[2].has_offset,
	    "one that only calls");
	is_str(str(s[2].protocol), "", "nobody knows what it speaks");
	is_str(s[2].trouble, "connect: refused\\x0a", "why it is not reached");
	ok(!s[3].live && wall_iszero(&s[3].last_seen), "one without a key");
	is_str(s[3].trouble, "it has no key", "cannot come");
	for (i = 0; i < 4; i++)
		record_clear(&peer_status_record, &s[i]);
	mesh_connect(mesh_peer("node-c"), 1, 0);
	row_peer(&q, CLIENT, CLUSTER_PEER(&q.cluster, 2));
	fix_row(CLIENT, IMSG_CTL_PEER, &peer_status_record, &s[0]);
	is_str(s[0].protocol, "quptime", "a QUptime node");
	is_str(str(s[0].trouble), "", "that has come up");
	record_clear(&peer_status_record, &s[0]);

	/* One that does not trust this node. */
	mesh_drain();
	refuse(mesh_peer("node-b"), 1);
	row_peer(&q, CLIENT, CLUSTER_PEER(&q.cluster, 1));
	fix_row(CLIENT, IMSG_CTL_PEER, &peer_status_record, &s[0]);
	ok(s[0].connected, "one that refuses is connected");
	is_str(str(s[0].trouble), "refuses Heartbeat: peer not trusted",
	    "and says why");
	record_clear(&peer_status_record, &s[0]);
	refuse(mesh_peer("node-b"), 0);
	row_peer(&q, CLIENT, CLUSTER_PEER(&q.cluster, 1));
	fix_row(CLIENT, IMSG_CTL_PEER, &peer_status_record, &s[0]);
	is_str(str(s[0].trouble), "", "until it answers");
	record_clear(&peer_status_record, &s[0]);
	fix_unload();
}

static void
check_row(const char *name, const struct mview *view, struct check_status *s)
{
	row_check(&q, CLIENT, checks_find(&q, name), view);
	fix_row(CLIENT, IMSG_CTL_CHECK, &check_status_record, s);
}

static void
test_check_rows(void)
{
	static const char	 said[] = "{\"id\":1,\"result\":{\"checks\":["
	    "{\"check_id\":\"c2\",\"name\":\"x\",\"state\":\"down\","
	    "\"ok_count\":1,\"total\":3,\"detail\":\"no route\","
	    "\"since\":\"2026-05-15T14:01:00Z\"}]}}";
	struct wire_status_res	 res;
	struct check_status	 s;
	struct mview		*view;
	struct verr		 ve;

	mesh_load(cluster);
	mesh_elect(NULL);
	check_row("one", NULL, &s);
	ok(s.age == -1 && s.total == 0 && wall_iszero(&s.since) &&
	    strcmp(s.state, "unknown") == 0, "a check that is not known yet");
	record_clear(&check_status_record, &s);
	report("one", SELF, PROBE_FAIL);
	check_row("one", NULL, &s);
	ok(strcmp(s.state, "down") == 0 && s.total == 1 && s.ok_count == 0 &&
	    strcmp(s.detail, "refused") == 0 && !wall_iszero(&s.since),
	    "one that is down");
	ok(s.age >= 0 && s.latency == 2500000 && s.alerts.n == 1 &&
	    strcmp(s.alerts.v[0], "hook*") == 0, "when, and who is told");
	record_clear(&check_status_record, &s);
	report("two", SELF, PROBE_CANNOT);
	check_row("two", NULL, &s);
	ok(strcmp(s.state, "unknown") == 0 && strcmp(s.detail, "refused") == 0,
	    "one that cannot be probed says why");
	record_clear(&check_status_record, &s);

	if (wire_result(WIRE_STATUS, said, strlen(said), &res, &ve) == -1 ||
	    (view = mview_new(&res)) == NULL)
		fix_die("view");
	check_row("two", view, &s);
	ok(strcmp(s.state, "down") == 0 && s.ok_count == 1 && s.total == 3 &&
	    strcmp(s.detail, "no route") == 0 && strcmp(s.name, "two") == 0 &&
	    wall_unix(&s.since) == 1778853660,
	    "as the master sees it, under this node's name");
	record_clear(&check_status_record, &s);
	check_row("one", view, &s);
	ok(strcmp(s.state, "down") == 0 && s.total == 1,
	    "one of which the master does not tell");
	record_clear(&check_status_record, &s);
	mview_free(view);
	fix_unload();
}

static void
test_results(void)
{
	struct node_result	 r;
	int			 i;
	static const char *const	 want[] = { "fail", "ok", "none" };

	mesh_load(cluster);
	mesh_elect(NULL);
	report("one", SELF, PROBE_FAIL);
	report("one", mesh_peer("node-b")->slot, PROBE_OK);
	ok(strstr(status("c1"), "\"results\":[{\"node_id\":\"node-a\","
	    "\"result\":\"fail\",\"fresh\":true,\"detail\":\"refused\",") !=
	    NULL, "of one check, what each node said");
	ok(strstr(status("c1"), "\"c2\"") == NULL, "and of no other");
	ok(strstr(status("c99"), "\"checks\":null") != NULL &&
	    strstr(status("c99"), "results") == NULL,
	    "of one that is not there, nothing");
	row_results(&q, CLIENT, checks_find(&q, "one"), NULL);
	for (i = 0; i < 3; i++) {
		fix_row(CLIENT, IMSG_CTL_NODE_RESULT, &node_result_record, &r);
		is_str(r.result, want[i], "the result of %s", r.node_id);
		is_int(r.fresh, i < 2, "and whether it counts");
		record_clear(&node_result_record, &r);
	}
	fix_unload();
}

static void
test_secrets(void)
{
	struct alert	 a;

	mesh_load(cluster);
	row_alert(&q, CLIENT, CLUSTER_ALERT(&q.cluster, 0));
	fix_row(CLIENT, IMSG_CTL_ALERT, &alert_record, &a);
	ok(strcmp(a.name, "hook") == 0 && a.is_default, "an alert");
	ok(strstr(str(a.discord_webhook), "s3cret") == NULL,
	    "without what is secret: %s", str(a.discord_webhook));
	record_clear(&alert_record, &a);
	fix_unload();
}

/* Of a follower's: the master is asked first. */
static void
asks(const char *frame, int rows, const char *text)
{
	struct qpeer	*b = mesh_peer("node-b");

	fix_ask(ctl_show, IMSG_CTL_SHOW_STATUS, NULL);
	if (!mesh_called("Status"))
		fix_die("no Status");
	if (frame != NULL)
		mesh_result(b->handle, b->gen, got.id, frame);
	else
		mesh_down(b->handle, b->gen, "closed");
	is_int(fix_result(), CTL_OK, "status");
	is_int(fix_rows, rows, "has its rows");
	is_str(fix_text, text, "and a note: \"%s\"", text);
}

static void
test_asked(void)
{
	mesh_load(cluster);
	mesh_drain();
	mesh_connect(mesh_peer("node-b"), 1, 1);
	mesh_elect("node-b");
	mesh_drain();
	asks("{\"checks\":[{\"check_id\":\"c1\",\"state\":\"up\"}]}", 7, "");
	asks("{\"checks\":null}", 7, "");
	asks(NULL, 7, "the master does not answer: states are this node's "
	    "own");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_master();
	test_follower();
	test_status_row();
	test_peer_rows();
	test_check_rows();
	test_results();
	test_secrets();
	test_asked();
	fix_end();
	return (tap_done());
}
