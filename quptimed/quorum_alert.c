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


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * Who is told of a transition, and what became of it.
 */

#define NAME_LEN_MAX	1024
#define VIS_MAX		320	/* a name as the log shows it */
#define TEST_ATTEMPTS	1
#define TEST_REPORTS	3	/* when there are no members to count */
#define WARN_LEFT	7	/* days, of a test's certificate */

/* A client that wants to see messages go out, and how they fare. */
struct alert_test {
	LIST_ENTRY(alert_test)	 entry;
	uint32_t		 client;	/* 0: it has left */
	uint32_t		 n;
	uint32_t		 left;
	uint32_t		 failed;
	char			 what[2 * VIS_MAX];	/* when all is well */
	char			 text[640];	/* what is not */
};

/* One event through one alert, with the notifier. */
struct alert_job {
	RB_ENTRY(alert_job)	 entry;
	struct alert_test	*test;		/* NULL: it is no test */
	uint64_t		 job;
	char			*alert_id;
	char			*alert_name;
	char			*check_name;
	const char		*verb;
};

static struct alert
		*alert_named(const struct reclist *, const char *);
static uint32_t	 add_effective(const struct check *, struct alert *,
		    struct alert **, uint32_t);
static const char
		*verb_of(enum check_state, enum check_state);
static struct alert_test
		*test_new(struct quorum *, uint32_t, uint32_t);
static void	 test_send(struct quorum *, struct alert_test *,
		    const struct alert *, const struct alert_event *);
static void	 test_one(struct quorum *, struct alert_test *, const char *,
		    const char *);
static void	 test_end(struct quorum *, struct alert_test *);
static void	 test_check(struct quorum *, uint32_t, const struct qcheck *,
		    const char *);
static void	 test_detail(const struct check *, char *, size_t);
static void	 event_fill(struct quorum *, struct alert_event *,
		    struct snapshot *, char *, size_t);
static struct alert_job
		*job_start(struct quorum *, const struct alert *,
		    const struct alert_event *, uint32_t);
static void	 job_done(struct quorum *, struct alert_job *,
		    const struct imsg_alert_result *, const char *);
static void	 job_free(struct quorum *, struct alert_job *);
static int	 job_cmp(const struct alert_job *, const struct alert_job *);

RB_PROTOTYPE(alert_jobs, alert_job, entry, job_cmp)

/*
 * Those the check names, in its order, then the default ones in the file's;
 * each once, and none that is disabled or suppressed.
 */
uint32_t
alert_effective(const struct reclist *alerts, const struct check *check,
    struct alert **out)
{
	struct alert	*a;
	uint32_t	 i, n = 0;

	for (i = 0; i < check->alert_ids.n; i++) {
		a = alert_named(alerts, check->alert_ids.v[i]);
		if (a != NULL)
			n = add_effective(check, a, out, n);
	}
	for (i = 0; i < alerts->n; i++) {
		a = alerts->v[i];
		if (a->is_default)
			n = add_effective(check, a, out, n);
	}
	return (n);
}

/* Coming up for the first time is no news, and neither is not knowing. */
void
alert_transition(struct quorum *q, const struct qcheck *c,
    const struct transition *tr)
{
	struct alert		*alerts[MAX_ALERTS];
	struct alert_event	 ev;
	struct snapshot		 snap;
	char			 id[37], vis[VIS_MAX];
	uint32_t		 i, n;

	if (!q->master || tr->to == STATE_UNKNOWN ||
	    (tr->from == STATE_UNKNOWN && tr->to == STATE_UP))
		return;
	n = alert_effective(&q->cluster.alerts, c->conf, alerts);
	if (n == 0 && c->conf->alert_ids.n > 0)
		log_warnx("check %s: none of its alerts is in force",
		    fmt_vis(c->conf->name, vis, sizeof(vis)));
	event_fill(q, &ev, &snap, id, sizeof(id));
	ev.check = c->conf;
	ev.from = (char *)(uintptr_t)state_name(tr->from);
	ev.to = (char *)(uintptr_t)state_name(tr->to);
	ev.verb = (char *)(uintptr_t)verb_of(tr->from, tr->to);
	snap.check_id = c->conf->id;
	snap.state = ev.to;
	snap.reports = tr->tally.fresh;
	snap.ok_count = tr->tally.ok;
	snap.not_ok = tr->tally.fail;
	snap.detail = (char *)(uintptr_t)tr->tally.detail;
	for (i = 0; i < n; i++)
		(void)job_start(q, alerts[i], &ev, 0);
}

/* Through one alert, disabled or not, about a check that does not exist. */
void
alert_test(struct quorum *q, struct imsg *imsg)
{
	struct check		 sample;
	const struct alert	*alert;
	struct alert_event	 ev;
	struct alert_test	*test;
	struct snapshot		 snap;
	char			 id[37], vis[VIS_MAX], *name;
	uint32_t		 client = imsg_get_id(imsg);

	if ((name = ctl_string(imsg)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "malformed request");
		return;
	}
	if ((alert = mutate_find_alert(q, name)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "no such alert \"%s\"",
		    fmt_vis(name, vis, sizeof(vis)));
		free(name);
		return;
	}
	free(name);
	memset(&sample, 0, sizeof(sample));
	sample.id = sample.name = "test-check";
	sample.type = "http";
	sample.target = "https://example.com";
	event_fill(q, &ev, &snap, id, sizeof(id));
	ev.check = &sample;
	ev.from = "up";
	ev.to = "down";
	ev.verb = "TEST";
	snap.check_id = sample.id;
	snap.state = ev.to;
	snap.reports = snap.not_ok = TEST_REPORTS;
	snap.detail = "synthetic test failure";
	if ((test = test_new(q, client, 1)) == NULL)
		return;
	(void)snprintf(test->what, sizeof(test->what),
	    "test alert sent through %s",
	    fmt_vis(alert->name, vis, sizeof(vis)));
	test_send(q, test, alert, &ev);
}

/* A transition that was not, through all that tell about that check. */
void
alert_test_check(struct quorum *q, struct imsg *imsg)
{
	struct qcheck	*c = NULL;
	struct ibuf	 buf;
	char		 vis[VIS_MAX], *name = NULL, *state = NULL;
	uint32_t	 client = imsg_get_id(imsg);

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    (name = unpack_string(&buf, NAME_LEN_MAX)) == NULL ||
	    (state = unpack_string(&buf, NAME_LEN_MAX)) == NULL ||
	    ibuf_size(&buf) != 0)
		ctl_result(q, client, CTL_REFUSED, "malformed request");
	else if ((c = checks_find(q, name)) == NULL)
		ctl_result(q, client, CTL_REFUSED, "no such check \"%s\"",
		    fmt_vis(name, vis, sizeof(vis)));
	else
		test_check(q, client, c, *state != '\0' ? state : "down");
	free(name);
	free(state);
}

void
alert_result(struct quorum *q, struct imsg *imsg)
{
	struct imsg_alert_result	 r;
	struct alert_job		*job, key;
	struct ibuf			 buf;
	char				 text[DETAIL_MAX], vis[DETAIL_MAX];
	size_t				 len;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &r, sizeof(r)) == -1 ||
	    (len = ibuf_size(&buf)) >= sizeof(text))
		fatalx("%s: bad result", __func__);
	memcpy(text, ibuf_data(&buf), len);
	text[len] = '\0';
	key.job = r.job;
	/* Of an alert that was cancelled meanwhile. */
	if ((job = RB_FIND(alert_jobs, &q->jobs, &key)) == NULL) {
		log_debug("alert job %llu: late result",
		    (unsigned long long)r.job);
		return;
	}
	job_done(q, job, &r, fmt_vis(text, vis, sizeof(vis)));
}

void
alert_cancel(struct quorum *q, const struct alert *alert)
{
	struct alert_job	*job, *next;
	struct ibuf		*buf;
	char			 vis[VIS_MAX];
	uint32_t		 n = 0;

	for (job = RB_MIN(alert_jobs, &q->jobs); job != NULL; job = next) {
		next = RB_NEXT(alert_jobs, &q->jobs, job);
		if (strcmp(job->alert_id, alert->id) != 0)
			continue;
		if (job->test != NULL)
			test_one(q, job->test, job->alert_name,
			    "the alert was removed or disabled");
		job_free(q, job);
		n++;
	}
	if (n > 0)
		log_warnx("alert %s: removed or disabled, %u not sent",
		    fmt_vis(alert->name, vis, sizeof(vis)), n);
	if (!quorum_linked(&q->notifier))
		return;
	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL ||
	    pack_string(buf, alert->id) == -1)
		fatal("%s", __func__);
	ipc_send_ibuf(&q->notifier, IMSG_ALERT_CANCEL, 0, buf);
}

void
alert_client_gone(struct quorum *q, uint32_t client)
{
	struct alert_test	*test;

	LIST_FOREACH(test, &q->tests, entry)
		if (test->client == client)
			test->client = 0;
}

void
alert_clear(struct quorum *q)
{
	struct alert_job	*job;
	struct alert_test	*test;

	while ((job = RB_ROOT(&q->jobs)) != NULL)
		job_free(q, job);
	while ((test = LIST_FIRST(&q->tests)) != NULL) {
		LIST_REMOVE(test, entry);
		free(test);
	}
}

/* The first of that id or name. */
static struct alert *
alert_named(const struct reclist *alerts, const char *name)
{
	struct alert	*a;
	uint32_t	 i;

	for (i = 0; i < alerts->n; i++) {
		a = alerts->v[i];
		if (strcmp(a->id, name) == 0 || strcmp(a->name, name) == 0)
			return (a);
	}
	return (NULL);
}

static uint32_t
add_effective(const struct check *check, struct alert *a, struct alert **out,
    uint32_t n)
{
	uint32_t	 i;

	if (a->disabled || n == MAX_ALERTS ||
	    strlist_has(&check->suppress_alert_ids, a->id) ||
	    strlist_has(&check->suppress_alert_ids, a->name))
		return (n);
	/* Only what the check names can come twice, and that is first. */
	for (i = 0; i < n && i < check->alert_ids.n; i++)
		if (out[i] == a)
			return (n);
	out[n] = a;
	return (n + 1);
}

static const char *
verb_of(enum check_state from, enum check_state to)
{
	if (to == STATE_DOWN)
		return ("DOWN");
	return (from == STATE_DOWN ? "RECOVERED" : "UP");
}

/* NULL and the client has been told. */
static struct alert_test *
test_new(struct quorum *q, uint32_t client, uint32_t n)
{
	struct alert_test	*test;

	if ((test = calloc(1, sizeof(*test))) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		return (NULL);
	}
	test->client = client;
	test->n = test->left = n;
	LIST_INSERT_HEAD(&q->tests, test, entry);
	return (test);
}

static void
test_send(struct quorum *q, struct alert_test *test, const struct alert *alert,
    const struct alert_event *ev)
{
	struct alert_job	*job;

	if ((job = job_start(q, alert, ev, TEST_ATTEMPTS)) == NULL)
		test_one(q, test, alert->name, "cannot be sent");
	else
		job->test = test;
}

/* The end of one of its messages; the test may be over, and gone, after it. */
static void
test_one(struct quorum *q, struct alert_test *test, const char *alert,
    const char *error)
{
	size_t	 len = strlen(test->text);
	char	 vis[VIS_MAX];

	if (error != NULL) {
		(void)snprintf(test->text + len, sizeof(test->text) - len,
		    "%s%s: %s", len > 0 ? "; " : "",
		    fmt_vis(alert, vis, sizeof(vis)), error);
		test->failed++;
	}
	if (--test->left == 0)
		test_end(q, test);
}

static void
test_end(struct quorum *q, struct alert_test *test)
{
	if (test->client == 0)
		;	/* nobody is left to be told */
	else if (test->failed == 0)
		ctl_result(q, test->client, CTL_OK, "%s", test->what);
	else if (test->n == 1)
		ctl_result(q, test->client, CTL_REFUSED, "%s", test->text);
	else
		ctl_result(q, test->client, CTL_REFUSED,
		    "%u/%u alerts failed: %s", test->failed, test->n,
		    test->text);
	LIST_REMOVE(test, entry);
	free(test);
}

static void
test_check(struct quorum *q, uint32_t client, const struct qcheck *c,
    const char *state)
{
	static const struct {
		const char		*word;
		enum check_state	 from, to;
	} tests[] = {
		{ "down",	STATE_UP,	STATE_DOWN },
		{ "recovered",	STATE_DOWN,	STATE_UP },
		{ "up",		STATE_UNKNOWN,	STATE_UP }
	};
	struct alert		*alerts[MAX_ALERTS];
	struct alert_event	 ev;
	struct alert_test	*test;
	struct snapshot		 snap;
	char			 id[37], vis[VIS_MAX], detail[DETAIL_MAX];
	uint32_t		 i, n, t = 0;

	while (t < 3 && strcmp(tests[t].word, state) != 0)
		t++;
	fmt_vis(c->conf->name, vis, sizeof(vis));
	n = alert_effective(&q->cluster.alerts, c->conf, alerts);
	if (t == 3) {
		ctl_result(q, client, CTL_REFUSED, "unknown test state "
		    "(want down, recovered or up)");
		return;
	} else if (n == 0) {
		ctl_result(q, client, CTL_REFUSED, "check \"%s\" has no "
		    "effective alerts (nothing to fire)", vis);
		return;
	}
	if ((test = test_new(q, client, n)) == NULL)
		return;
	(void)snprintf(test->what, sizeof(test->what),
	    "test %s transition fired for check %s", state, vis);
	event_fill(q, &ev, &snap, id, sizeof(id));
	ev.check = c->conf;
	ev.from = (char *)(uintptr_t)state_name(tests[t].from);
	ev.to = (char *)(uintptr_t)state_name(tests[t].to);
	ev.verb = (char *)(uintptr_t)verb_of(tests[t].from, tests[t].to);
	snap.check_id = c->conf->id;
	snap.state = ev.to;
	snap.reports = q->cluster.peers.n > 0 ? q->cluster.peers.n :
	    TEST_REPORTS;
	if (tests[t].to == STATE_DOWN) {
		snap.not_ok = snap.reports;
		test_detail(c->conf, detail, sizeof(detail));
		snap.detail = detail;
	} else
		snap.ok_count = snap.reports;
	for (i = 0; i < n; i++)
		test_send(q, test, alerts[i], &ev);
}

/* What a failure of that kind of check may look like. */
static void
test_detail(const struct check *c, char *buf, size_t size)
{
	static const char *const	 details[] = {
		[CHECK_HTTP] = "status 503 Service Unavailable",
		[CHECK_TCP] = "dial tcp: i/o timeout",
		[CHECK_ICMP] = "no reply",
		[CHECK_TLS] = NULL,
		[CHECK_DNS] = NULL
	};
	enum check_type			 type = check_type_of(c);
	struct walltime			 end = wall_now();
	char				 text[WALL_STRLEN];

	end.sec += WARN_LEFT * 24 * 3600;
	end.nsec = 0;
	if (type == CHECK_TLS)
		(void)snprintf(buf, size,
		    "[test] cert expires in %dd (notAfter=%s)", WARN_LEFT,
		    wall_format(&end, text, sizeof(text)));
	else if (type == CHECK_DNS)
		(void)snprintf(buf, size, "[test] lookup %s: no such host",
		    c->target);
	else
		(void)snprintf(buf, size, "[test] %s",
		    type != CHECK_UNKNOWN ? details[type] :
		    "synthetic failure");
}

/* What all events have; the strings are borrowed. */
static void
event_fill(struct quorum *q, struct alert_event *ev, struct snapshot *snap,
    char *id, size_t idsize)
{
	memset(ev, 0, sizeof(*ev));
	memset(snap, 0, sizeof(*snap));
	fmt_uuid(id, idsize);
	ev->id = id;
	ev->node_id = q->node.node_id;
	ev->when = snap->update_at = wall_now();
	ev->snapshot = snap;
}

/* NULL, with a word in the log, when it does not get under way. */
static struct alert_job *
job_start(struct quorum *q, const struct alert *alert,
    const struct alert_event *ev, uint32_t attempts)
{
	struct imsg_alert_send	 send;
	struct alert_job	*job;
	struct ibuf		*buf;
	char			 vis[VIS_MAX];

	if (!quorum_linked(&q->notifier))
		return (NULL);
	memset(&send, 0, sizeof(send));
	send.job = q->last_job + 1;
	send.attempts = attempts;
	buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE);
	job = calloc(1, sizeof(*job));
	if (buf == NULL || job == NULL ||
	    ibuf_add(buf, &send, sizeof(send)) == -1 ||
	    pack_record(buf, &alert_record, alert) == -1 ||
	    pack_record(buf, &alert_event_record, ev) == -1 ||
	    (job->alert_id = strdup(alert->id)) == NULL ||
	    (job->alert_name = strdup(alert->name)) == NULL ||
	    (job->check_name = strdup(ev->check->name)) == NULL) {
		log_warn("alert %s: %s not sent",
		    fmt_vis(alert->name, vis, sizeof(vis)), ev->verb);
		ibuf_free(buf);
		if (job != NULL) {
			free(job->alert_id);
			free(job->alert_name);
			free(job);
		}
		return (NULL);
	}
	job->job = send.job;
	job->verb = ev->verb;
	q->last_job++;
	RB_INSERT(alert_jobs, &q->jobs, job);
	ipc_send_ibuf(&q->notifier, IMSG_ALERT_SEND, 0, buf);
	return (job);
}

static void
job_done(struct quorum *q, struct alert_job *job,
    const struct imsg_alert_result *r, const char *text)
{
	char	 alert[VIS_MAX], check[VIS_MAX];
	char	 what[VIS_MAX + DETAIL_MAX + 64];

	fmt_vis(job->alert_name, alert, sizeof(alert));
	fmt_vis(job->check_name, check, sizeof(check));
	if (r->sent) {
		(void)snprintf(what, sizeof(what), "%s of %s sent", job->verb,
		    check);
		log_info("alert %s: %s", alert, what);
	} else {
		(void)snprintf(what, sizeof(what), "%s of %s not sent, %u "
		    "attempt%s: %s", job->verb, check, r->attempts,
		    r->attempts == 1 ? "" : "s", text);
		log_warnx("alert %s: %s", alert, what);
	}
	monitor_event(q, "alert", job->alert_name, "%s", what);
	if (job->test != NULL)
		test_one(q, job->test, alert, r->sent ? NULL : text);
	job_free(q, job);
}

static void
job_free(struct quorum *q, struct alert_job *job)
{
	RB_REMOVE(alert_jobs, &q->jobs, job);
	free(job->alert_id);
	free(job->alert_name);
	free(job->check_name);
	free(job);
}

static int
job_cmp(const struct alert_job *a, const struct alert_job *b)
{
	return (a->job < b->job ? -1 : a->job > b->job);
}

RB_GENERATE(alert_jobs, alert_job, entry, job_cmp)
