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


#include "quorum_fixture.h"

static const struct result	 pass = { PROBE_OK, 1500, "" };
static const struct result	 fail = { PROBE_FAIL, 10, "status 503" };

/* The names of the effective alerts, in order. */
static const char *
effective(const struct reclist *alerts, const struct check *check)
{
	static char	 buf[512];
	struct alert	*out[MAX_ALERTS];
	uint32_t	 i, n;

	n = alert_effective(alerts, check, out);
	buf[0] = '\0';
	for (i = 0; i < n; i++) {
		strlcat(buf, i > 0 ? " " : "", sizeof(buf));
		strlcat(buf, out[i]->name, sizeof(buf));
	}
	return (buf);
}

static void
test_effective(void)
{
	struct alert	 a[] = {
		{ .id = "id-a", .name = "a" },
		{ .id = "id-b", .name = "b", .is_default = 1 },
		{ .id = "id-c", .name = "c" },
		{ .id = "id-d", .name = "d", .is_default = 1 },
		{ .id = "id-e", .name = "e", .disabled = 1 },
		{ .id = "id-f", .name = "f", .is_default = 1, .disabled = 1 },
		{ .id = "c", .name = "tricky" },
	};
	void		*v[7];
	struct reclist	 all = { v, 7, 7 };
	struct check	 c;
	uint32_t	 i;

	for (i = 0; i < 7; i++)
		v[i] = &a[i];
	memset(&c, 0, sizeof(c));
	is_str(effective(&all, &c), "b d", "the default ones, in order");

	strlist_add(&c.alert_ids, "c");
	strlist_add(&c.alert_ids, "id-a");
	is_str(effective(&all, &c), "c a b d",
	    "explicit ones first, by name or id, the first that matches");
	strlist_add(&c.alert_ids, "d");
	strlist_add(&c.alert_ids, "id-c");
	is_str(effective(&all, &c), "c a d b", "each of them once");
	strlist_add(&c.alert_ids, "e");
	strlist_add(&c.alert_ids, "nobody");
	is_str(effective(&all, &c), "c a d b",
	    "neither disabled ones nor ones that are not there");

	strlist_add(&c.suppress_alert_ids, "id-b");
	is_str(effective(&all, &c), "c a d", "a default one is suppressed");
	strlist_add(&c.suppress_alert_ids, "a");
	is_str(effective(&all, &c), "c d", "an explicit one too, by name");
	strlist_add(&c.suppress_alert_ids, "d");
	strlist_add(&c.suppress_alert_ids, "id-c");
	is_str(effective(&all, &c), "", "all of them");
	strlist_clear(&c.alert_ids);
	strlist_clear(&c.suppress_alert_ids);

	all.n = 0;
	is_str(effective(&all, &c), "", "none of none");
}

/* More alerts than any array of names has room for. */
static void
test_many(void)
{
	struct alert	*a, *out[MAX_ALERTS];
	struct check	 c;
	struct reclist	 all;
	uint32_t	 i;
	char		 name[32];

	memset(&all, 0, sizeof(all));
	memset(&c, 0, sizeof(c));
	for (i = 0; i < MAX_ALERTS; i++) {
		snprintf(name, sizeof(name), "alert-%u", i);
		a = record_new(&alert_record);
		a->id = strdup(name);
		a->name = strdup(name);
		a->is_default = 1;
		reclist_add(&all, a);
	}
	for (i = 0; i < MAX_LIST; i++) {
		snprintf(name, sizeof(name), "alert-%u", MAX_ALERTS - 1 - i);
		strlist_add(&c.alert_ids, name);
	}
	is_int(alert_effective(&all, &c, out), MAX_ALERTS, "all, and once");
	ok(out[0] == all.v[MAX_ALERTS - 1], "the explicit ones first");
	ok(out[MAX_LIST] == all.v[0], "then the default ones");
	strlist_clear(&c.alert_ids);
	while (all.n > 0)
		record_free(&alert_record, reclist_take(&all, all.n - 1));
	free(all.v);
}

/* The next message to the notifier, taken apart. */
static struct imsg_alert_send	 sent;
static struct alert		 sent_alert;
static struct alert_event	 sent_event;

static void
sent_clear(void)
{
	record_clear(&alert_record, &sent_alert);
	record_clear(&alert_event_record, &sent_event);
}

static int
next_sent(void)
{
	struct imsg	 imsg;
	struct ibuf	 buf;
	int		 rv;

	sent_clear();
	if (!fix_next(&notifier, &imsg))
		return (-1);
	rv = imsg_get_type(&imsg);
	if (rv == IMSG_ALERT_SEND && (imsg_get_ibuf(&imsg, &buf) == -1 ||
	    ibuf_get(&buf, &sent, sizeof(sent)) == -1 ||
	    unpack_record(&buf, &alert_record, &sent_alert) == -1 ||
	    unpack_record(&buf, &alert_event_record, &sent_event) == -1 ||
	    ibuf_size(&buf) != 0))
		rv = -1;
	imsg_free(&imsg);
	return (rv);
}

static void
outcome(uint64_t job, int done, const char *text)
{
	struct imsg_alert_result	 r;
	struct imsg			 imsg;
	struct ibuf			*buf = fix_ibuf();

	memset(&r, 0, sizeof(r));
	r.job = job;
	r.sent = done;
	r.attempts = 3;
	ibuf_add(buf, &r, sizeof(r));
	ibuf_add(buf, text, strlen(text));
	fix_imsg(&imsg, IMSG_ALERT_RESULT, 0, buf);
	alert_result(&q, &imsg);
	imsg_free(&imsg);
}

static void
results(const char *name, const struct result *res, int n)
{
	struct qcheck	*c = checks_find(&q, name);

	while (n-- > 0)
		quorum_result(&q, c, SELF, res, mono_now());
}

static void
test_transitions(void)
{
	struct qcheck	*c;
	char		 first[64];

	FIX_HOOK("hook");
	fix_mutate(CTL_EDIT, CTL_ALERT, "hook", "default", "true", NULL);
	FIX_HOOK("other");
	FIX_TCP("web");
	c = checks_find(&q, "web");

	results("web", &pass, 3);
	is_int(c->verdict.state, STATE_UP, "it comes up");
	ok(!wall_iszero(&c->since), "at a known time");
	is_int(q.checks.count[STATE_UP], 1, "counted");
	is_int(q.checks.count[STATE_UNKNOWN], 0, "once");
	ok(fix_silent(&notifier), "which is no news");

	results("web", &fail, 1);
	ok(fix_silent(&notifier), "one failure is none either");
	results("web", &fail, 1);
	is_int(q.checks.count[STATE_DOWN], 1, "down is counted");
	is_int(next_sent(), IMSG_ALERT_SEND, "down is told");
	is_str(sent_alert.name, "hook", "through the default alert");
	is_str(sent_alert.webhook_url, "http://127.0.0.1:9/s3cret",
	    "with what it takes to send it");
	is_int(sent.attempts, 0, "as often as the notifier likes");
	is_str(sent_event.verb, "DOWN", "as DOWN");
	is_str(sent_event.from, "up", "from up");
	is_str(sent_event.to, "down", "to down");
	is_str(sent_event.check->name, "web", "of the check");
	is_str(sent_event.node_id, "node-a", "by this node");
	is_int(strlen(sent_event.id), 36, "with an id");
	is_str(sent_event.snapshot->detail, "status 503", "with the detail");
	is_str(sent_event.snapshot->state, "down", "the state");
	is_int(sent_event.snapshot->reports, 1, "the reports");
	is_int(sent_event.snapshot->ok_count, 0, "how many pass");
	is_int(sent_event.snapshot->not_ok, 1, "how many fail");
	strlcpy(first, sent_event.id, sizeof(first));
	ok(fix_silent(&notifier), "and through no other");
	results("web", &fail, 5);
	ok(fix_silent(&notifier), "and once");
	outcome(sent.job, 1, "");

	fix_mutate(CTL_EDIT, CTL_CHECK, "web", "alert_ids", "other", NULL);
	results("web", &pass, 2);
	is_int(next_sent(), IMSG_ALERT_SEND, "up again is told");
	is_str(sent_alert.name, "other", "through the explicit alert");
	is_str(sent_event.verb, "RECOVERED", "as RECOVERED");
	ok(strcmp(first, sent_event.id) != 0, "with an id of its own");
	strlcpy(first, sent_event.id, sizeof(first));
	outcome(sent.job, 0, "connection refused");
	is_int(next_sent(), IMSG_ALERT_SEND, "and");
	is_str(sent_alert.name, "hook", "through the default alert");
	is_str(sent_event.id, first, "as the same event");
	outcome(sent.job, 1, "");
	outcome(sent.job, 1, "");
	ok(RB_EMPTY(&q.jobs), "an outcome that comes twice is nothing");
	sent_clear();
}

static void
test_unknown_down(void)
{
	FIX_TCP("dead");
	results("dead", &fail, 2);
	is_int(next_sent(), IMSG_ALERT_SEND, "unknown to down is told");
	is_str(sent_event.verb, "DOWN", "as DOWN");
	is_str(sent_event.from, "unknown", "from unknown");
	outcome(sent.job, 1, "");
	fix_mutate(CTL_EDIT, CTL_CHECK, "dead", "suppress_alert_ids", "hook",
	    NULL);
	results("dead", &pass, 2);
	is_int(checks_find(&q, "dead")->verdict.state, STATE_UP, "it is up");
	ok(fix_silent(&notifier), "a suppressed alert is silent");
	sent_clear();
}

/* Another definition drops the evidence and keeps the state. */
static void
test_redefined(void)
{
	struct qcheck	*c;

	FIX_TCP("moved");
	c = checks_find(&q, "moved");
	results("moved", &fail, 2);
	next_sent();
	outcome(sent.job, 1, "");
	fix_mutate(CTL_EDIT, CTL_CHECK, "moved", "target", "127.0.0.1:10",
	    NULL);
	is_int(c->verdict.state, STATE_DOWN, "it is still down");
	results("moved", &pass, 1);
	ok(fix_silent(&notifier), "one pass is not enough");
	results("moved", &pass, 1);
	next_sent();
	is_str(sent_event.verb, "RECOVERED", "two are a recovery");
	outcome(sent.job, 1, "");

	results("moved", &fail, 1);
	fix_mutate(CTL_EDIT, CTL_CHECK, "moved", "target", "127.0.0.1:11",
	    NULL);
	results("moved", &fail, 1);
	is_int(c->verdict.state, STATE_UP, "evidence does not carry over");
	results("moved", &fail, 1);
	next_sent();
	outcome(sent.job, 1, "");
	fix_mutate(CTL_DISABLE, CTL_CHECK, "moved", NULL);
	is_int(q.checks.ndisabled, 1, "disabled while down");
	is_int(q.checks.count[STATE_DOWN], 0, "is not counted as down");
	fix_mutate(CTL_ENABLE, CTL_CHECK, "moved", NULL);
	is_int(q.checks.count[STATE_DOWN], 1, "enabled, it is again");
	results("moved", &pass, 2);
	next_sent();
	is_str(sent_event.verb, "RECOVERED", "and its recovery is told");
	outcome(sent.job, 1, "");
	sent_clear();
}

static void
test_cancel(void)
{
	struct imsg	 imsg;
	struct ibuf	 buf;
	char		*id;

	results("web", &fail, 2);
	is_int(next_sent(), IMSG_ALERT_SEND, "something is under way");
	is_int(next_sent(), IMSG_ALERT_SEND, "twice");
	fix_mutate(CTL_DISABLE, CTL_ALERT, "hook", NULL);
	ok(fix_next(&notifier, &imsg), "its alert is disabled");
	is_int(imsg_get_type(&imsg), IMSG_ALERT_CANCEL, "and it cancelled");
	imsg_get_ibuf(&imsg, &buf);
	id = unpack_string(&buf, 64);
	is_str(id, mutate_find_alert(&q, "hook")->id, "by its id");
	free(id);
	imsg_free(&imsg);
	fix_mutate(CTL_REMOVE, CTL_ALERT, "hook", NULL);
	ok(fix_silent(&notifier), "a disabled one is removed without");
	outcome(sent.job, 0, "late");
	fix_mutate(CTL_REMOVE, CTL_ALERT, "other", NULL);
	ok(fix_next(&notifier, &imsg), "the other is removed");
	is_int(imsg_get_type(&imsg), IMSG_ALERT_CANCEL, "and cancelled");
	imsg_free(&imsg);
	ok(RB_EMPTY(&q.jobs), "nothing is under way any more");
	sent_clear();
}

static void
test_test(void)
{
	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "nobody");
	is_int(fix_result(), CTL_REFUSED, "one that is not there");
	is_str(fix_text, "no such alert \"nobody\"", "and why");
	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, NULL);
	is_int(fix_result(), CTL_REFUSED, "a malformed request");

	FIX_HOOK("probe");
	fix_mutate(CTL_DISABLE, CTL_ALERT, "probe", NULL);
	while (!fix_silent(&notifier))
		;
	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "probe");
	is_int(next_sent(), IMSG_ALERT_SEND, "a disabled alert is tested");
	is_str(sent_event.verb, "TEST", "as TEST");
	is_int(sent.attempts, 1, "in one attempt");
	is_str(sent_event.check->name, "test-check", "of a sample");
	ok(fix_silent(&parent), "the client waits for the outcome");
	outcome(sent.job, 1, "");
	is_int(fix_result(), CTL_OK, "which is good");
	is_str(fix_text, "test alert sent through probe", "and named");

	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "probe");
	next_sent();
	outcome(sent.job, 0, "status 404\033[2J");
	is_int(fix_result(), CTL_REFUSED, "or bad");
	is_str(fix_text, "probe: status 404\\x1b[2J", "with the reason, safe");

	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "probe");
	next_sent();
	ctl_gone(&q, CLIENT);
	outcome(sent.job, 1, "");
	ok(fix_silent(&parent), "a client that is gone is not answered");

	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "probe");
	next_sent();
	alert_cancel(&q, mutate_find_alert(&q, "probe"));
	is_int(fix_result(), CTL_REFUSED, "an alert that goes meanwhile");
	is_int(next_sent(), IMSG_ALERT_CANCEL, "is cancelled");
	fix_ask(alert_test, IMSG_CTL_ALERT_TEST, "probe");
	next_sent();
	sent_clear();
}

static void
ask_check(const char *name, const char *state)
{
	struct imsg	 imsg;
	struct ibuf	*buf = fix_ibuf();

	pack_string(buf, name);
	if (state != NULL)
		pack_string(buf, state);
	fix_imsg(&imsg, IMSG_CTL_CHECK_TEST, CLIENT, buf);
	alert_test_check(&q, &imsg);
	imsg_free(&imsg);
}

/* Transitions that were not, in each direction. */
static void
test_check_test(void)
{
	static const struct {
		const char	*state, *from, *to, *verb, *detail;
		int		 ok;
	} cases[] = {
		{ "", "up", "down", "DOWN", "[test] dial tcp: i/o timeout", 0 },
		{ "down", "up", "down", "DOWN",
		    "[test] dial tcp: i/o timeout", 0 },
		{ "recovered", "down", "up", "RECOVERED", "", 3 },
		{ "up", "unknown", "up", "UP", "", 3 }
	};
	size_t	 i;

	FIX_TCP("tested");
	ask_check("nobody", "");
	is_int(fix_result(), CTL_REFUSED, "a check that is not there");
	is_str(fix_text, "no such check \"nobody\"", "and why");
	ask_check("tested", NULL);
	is_int(fix_result(), CTL_REFUSED, "a malformed request");
	ask_check("tested", "sideways");
	is_int(fix_result(), CTL_REFUSED, "a state that is none");
	ask_check("tested", "");
	is_int(fix_result(), CTL_REFUSED, "a check that nobody tells about");
	is_str(fix_text, "check \"tested\" has no effective alerts (nothing "
	    "to fire)", "and why");

	FIX_HOOK("h1");
	fix_mutate(CTL_EDIT, CTL_CHECK, "tested", "alert_ids", "h1", NULL);
	while (!fix_silent(&notifier))
		;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask_check("tested", cases[i].state);
		is_int(next_sent(), IMSG_ALERT_SEND, "\"%s\" is sent",
		    cases[i].state);
		is_str(sent_event.verb, cases[i].verb, "its verb");
		is_str(sent_event.from, cases[i].from, "its past");
		is_str(sent_event.to, cases[i].to, "its present");
		is_str(sent_event.check->name, "tested", "of that check");
		is_str(str(sent_event.snapshot->detail), cases[i].detail,
		    "its detail");
		is_int(sent_event.snapshot->ok_count, cases[i].ok,
		    "those who pass");
		outcome(sent.job, 1, "");
		is_int(fix_result(), CTL_OK, "all is well");
	}
	is_str(fix_text, "test up transition fired for check tested",
	    "and is told so");
}

/* Through two alerts, of each type, and what a client may do meanwhile. */
static void
test_check_outcome(void)
{
	static const struct {
		const char	*type, *target, *detail;
	} types[] = {
		{ "http", "http://h/", "[test] status 503 Service "
		    "Unavailable" },
		{ "icmp", "h", "[test] no reply" },
		{ "tls", "h", "[test] cert expires in 7d (notAfter=" },
		{ "dns", "h", "[test] lookup h: no such host" }
	};
	uint64_t	 jobs[2];
	size_t		 i;

	FIX_HOOK("h2");
	fix_mutate(CTL_EDIT, CTL_CHECK, "tested", "alert_ids", "h1,h2", NULL);
	while (!fix_silent(&notifier))
		;
	ask_check("tested", "down");
	for (i = 0; i < 2; i++) {
		next_sent();
		jobs[i] = sent.job;
	}
	outcome(jobs[1], 0, "status 404");
	ok(fix_silent(&parent), "it waits for both");
	outcome(jobs[0], 1, "");
	is_int(fix_result(), CTL_REFUSED, "one has failed");
	is_str(fix_text, "1/2 alerts failed: h2: status 404", "which");
	fix_mutate(CTL_EDIT, CTL_CHECK, "tested", "alert_ids", "h1", NULL);

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		fix_mutate(CTL_ADD, CTL_CHECK, types[i].type, "type",
		    types[i].type, "target", types[i].target, "alert_ids", "h1",
		    NULL);
		while (!fix_silent(&notifier))
			;
		ask_check(types[i].type, "down");
		next_sent();
		ok(strncmp(sent_event.snapshot->detail, types[i].detail,
		    strlen(types[i].detail)) == 0, "%s: %s", types[i].type,
		    sent_event.snapshot->detail);
		outcome(sent.job, 1, "");
		fix_result();
	}
	ask_check("tested", "down");
	next_sent();
	ctl_gone(&q, CLIENT);
	outcome(sent.job, 1, "");
	ok(fix_silent(&parent), "a client that is gone is not answered");
	ask_check("tested", "down");
	sent_clear();
}

int
main(void)
{
	struct verr	 ve;

	fix_start();
	test_effective();
	test_many();
	if (fix_load(&ve) == -1)
		fix_die("load");
	test_transitions();
	test_unknown_down();
	test_redefined();
	test_cancel();
	test_test();
	test_check_test();
	test_check_outcome();
	fix_unload();
	fix_end();
	return (tap_done());
}
