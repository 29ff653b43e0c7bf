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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * Answers to control clients.  Rows go out a few per turn of the event loop, so
 * that nothing else waits for a long list, and only as fast as the parent takes
 * them and the client reads them.
 */

#define ROWS_PER_TURN	64
#define PARENT_MARK	(256 * 1024)	/* bytes queued to the parent */
#define PARENT_WAIT	5		/* ms, until it has taken some */
#define NAME_LEN_MAX	1024		/* bytes of a name in a request */
#define VIS_MAX		320
#define STATUS_LIMIT	MONO_SEC(3)	/* for the master to answer */
#define OWN_VIEW	"the master does not answer: states are this node's own"

enum step {
	STEP_STATUS,
	STEP_PEERS,
	STEP_CHECKS,
	STEP_ALERTS,
	STEP_TOKENS,
	STEP_CHECK_CONFS,
	STEP_ALERT_CONFS,
	STEP_END
};

/* One request that is being answered. */
struct dump {
	TAILQ_ENTRY(dump)	 entry;
	const enum step		*step;
	uint32_t		 next;		/* place in the step's list */
	uint32_t		 client;
	struct mview		*view;		/* the master's; may be NULL */
	const char		*note;		/* with the result */
	int			 stopped;
};

/* One that waits for what the master says. */
struct asking {
	TAILQ_ENTRY(asking)	 entry;
	const enum step		*steps;		/* NULL: one check */
	char			*name;		/* its */
	uint32_t		 client;	/* 0: it has left */
};

static void	 result(struct quorum *, uint32_t, enum ctl_code, uint64_t,
		    const char *, va_list)
		    __attribute__((__format__(printf, 5, 0)));
static void	 show_checks_of(struct quorum *, struct imsg *);
static void	 show_check(struct quorum *, uint32_t, const char *,
		    const struct mview *, const char *);
static void	 show_trust(struct quorum *, uint32_t);
static void	 show_resolvers(struct quorum *, uint32_t);
static void	 ask(struct quorum *, uint32_t, const enum step *,
		    const char *);
static void	 asked(struct quorum *, struct qpeer *, const struct answer *,
		    void *);
static void	 show_with(struct quorum *, uint32_t, const enum step *,
		    const char *, struct mview *, const char *);
static void	 dump_start(struct quorum *, uint32_t, const enum step *,
		    struct mview *, const char *);
static struct dump
		*dump_find(struct quorum *, uint32_t);
static void	 dump_free(struct quorum *, struct dump *);
static void	 dump_move(struct quorum *, struct dump *,
		    const struct cluster *);
static uint32_t	 place_of(struct quorum *, enum step, const struct reclist *,
		    const void *);
static const char
		*record_id(enum step, const void *);
static void	 dump_arm(struct quorum *);
static int	 dump_row(struct quorum *, struct dump *);
static const struct reclist
		*step_list(const struct cluster *, enum step);
static const enum step	 show_status[] = {
	STEP_STATUS, STEP_PEERS, STEP_CHECKS, STEP_END
};
static const enum step	 show_checks[] = { STEP_CHECKS, STEP_END };
static const enum step	 show_alerts[] = { STEP_ALERTS, STEP_END };
static const enum step	 show_peers[] = { STEP_PEERS, STEP_END };
static const enum step	 show_tokens[] = { STEP_TOKENS, STEP_END };
static const enum step	 show_config[] = {
	STEP_CHECK_CONFS, STEP_ALERT_CONFS, STEP_END
};

void
ctl_show(struct quorum *q, struct imsg *imsg)
{
	uint32_t	 client = imsg_get_id(imsg);

	switch (imsg_get_type(imsg)) {
	case IMSG_CTL_SHOW_STATUS:
		ask(q, client, show_status, NULL);
		break;
	case IMSG_CTL_SHOW_CHECKS:
		show_checks_of(q, imsg);
		break;
	case IMSG_CTL_SHOW_ALERTS:
		dump_start(q, client, show_alerts, NULL, "");
		break;
	case IMSG_CTL_SHOW_PEERS:
		dump_start(q, client, show_peers, NULL, "");
		break;
	case IMSG_CTL_SHOW_TOKENS:
		dump_start(q, client, show_tokens, NULL, "");
		break;
	case IMSG_CTL_SHOW_CONFIG:
		dump_start(q, client, show_config, NULL, "");
		break;
	case IMSG_CTL_SHOW_TRUST:
		show_trust(q, client);
		break;
	case IMSG_CTL_SHOW_RESOLVERS:
		show_resolvers(q, client);
		break;
	}
}

void
ctl_xoff(struct quorum *q, uint32_t client)
{
	struct dump	*d;

	monitor_stop(q, client, 1);
	if ((d = dump_find(q, client)) == NULL || d->stopped)
		return;
	TAILQ_REMOVE(&q->dumps, d, entry);
	TAILQ_INSERT_TAIL(&q->stopped, d, entry);
	d->stopped = 1;
}

void
ctl_xon(struct quorum *q, uint32_t client)
{
	struct dump	*d;

	monitor_stop(q, client, 0);
	if ((d = dump_find(q, client)) == NULL || !d->stopped)
		return;
	TAILQ_REMOVE(&q->stopped, d, entry);
	TAILQ_INSERT_TAIL(&q->dumps, d, entry);
	d->stopped = 0;
	dump_arm(q);
}

void
ctl_gone(struct quorum *q, uint32_t client)
{
	struct asking	*a;
	struct dump	*d;

	TAILQ_FOREACH(a, &q->askings, entry)
		if (a->client == client)
			a->client = 0;
	if ((d = dump_find(q, client)) != NULL)
		dump_free(q, d);
	alert_client_gone(q, client);
	apply_client_gone(q, client);
	join_client_gone(q, client);
	monitor_client_gone(q, client);
}

void
ctl_result(struct quorum *q, uint32_t client, enum ctl_code code,
    const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	result(q, client, code, q->cluster.version, fmt, ap);
	va_end(ap);
}

void
ctl_changed(struct quorum *q, uint32_t client, uint64_t version,
    const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	result(q, client, CTL_OK, version, fmt, ap);
	va_end(ap);
}

static void
result(struct quorum *q, uint32_t client, enum ctl_code code,
    uint64_t version, const char *fmt, va_list ap)
{
	struct ctl_result	 r;
	struct ibuf		*buf;
	char			 text[1024];

	/* What is under way at the end has nobody left to be told. */
	if (!quorum_linked(&q->child.parent))
		return;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	memset(&r, 0, sizeof(r));
	r.code = code;
	r.version = version;
	if ((buf = ibuf_dynamic(0, sizeof(r) + 2 * sizeof(text))) == NULL ||
	    ibuf_add(buf, &r, sizeof(r)) == -1 ||
	    pack_string(buf, text) == -1)
		fatal("%s", __func__);
	ipc_send_ibuf(&q->child.parent, IMSG_CTL_RESULT, client, buf);
}

void
ctl_row(struct quorum *q, uint32_t client, uint32_t type,
    const struct record *rec, const void *row)
{
	struct ibuf	*buf;

	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL ||
	    pack_record(buf, rec, row) == -1) {
		log_warn("%s: row not shown", rec->name);
		ibuf_free(buf);
		return;
	}
	ipc_send_ibuf(&q->child.parent, type, client, buf);
}

void
ctl_row_string(struct quorum *q, uint32_t client, uint32_t type,
    const char *s)
{
	struct ibuf	*buf;

	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE - IMSG_HEADER_SIZE)) == NULL ||
	    pack_string(buf, s) == -1) {
		log_warn("%s: row not shown", imsg_name(type));
		ibuf_free(buf);
		return;
	}
	ipc_send_ibuf(&q->child.parent, type, client, buf);
}

char *
ctl_string(struct imsg *imsg)
{
	struct ibuf	 buf;
	char		*s;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    (s = unpack_string(&buf, NAME_LEN_MAX)) == NULL)
		return (NULL);
	if (ibuf_size(&buf) != 0) {
		free(s);
		return (NULL);
	}
	return (s);
}

/* The record at that place of the list has gone. */
void
ctl_removed(struct quorum *q, const struct reclist *list, uint32_t place)
{
	struct dumps	*lists[] = { &q->dumps, &q->stopped };
	struct dump	*d;
	size_t		 i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		TAILQ_FOREACH(d, lists[i], entry)
			if (d->next > place &&
			    step_list(&q->cluster, *d->step) == list)
				d->next--;
}

/*
 * Another configuration has taken the place of one.  A dump goes on behind the
 * last record shown that is still there.
 */
void
ctl_replaced(struct quorum *q, const struct cluster *was)
{
	struct dumps	*lists[] = { &q->dumps, &q->stopped };
	struct dump	*d;
	size_t		 i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		TAILQ_FOREACH(d, lists[i], entry)
			dump_move(q, d, was);
}

void
ctl_clear(struct quorum *q)
{
	struct dump	*d;

	while ((d = TAILQ_FIRST(&q->dumps)) != NULL ||
	    (d = TAILQ_FIRST(&q->stopped)) != NULL)
		dump_free(q, d);
}

/* All checks, or one and everything about it. */
static void
show_checks_of(struct quorum *q, struct imsg *imsg)
{
	char		 vis[VIS_MAX], *name;
	uint32_t	 client = imsg_get_id(imsg);

	if ((name = ctl_string(imsg)) == NULL)
		ctl_result(q, client, CTL_REFUSED, "malformed request");
	else if (*name == '\0')
		ask(q, client, show_checks, NULL);
	else if (checks_find(q, name) == NULL)
		ctl_result(q, client, CTL_REFUSED, "no such check \"%s\"",
		    fmt_vis(name, vis, sizeof(vis)));
	else
		ask(q, client, NULL, name);
	free(name);
}

static void
show_check(struct quorum *q, uint32_t client, const char *name,
    const struct mview *view, const char *note)
{
	struct qcheck	*c;
	char		 vis[VIS_MAX];

	if ((c = checks_find(q, name)) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "no such check \"%s\"",
		    fmt_vis(name, vis, sizeof(vis)));
		return;
	}
	ctl_row(q, client, IMSG_CTL_CHECK_CONF, &check_record, c->conf);
	row_check(q, client, c, view);
	row_results(q, client, c, view);
	ctl_result(q, client, CTL_OK, "%s", note);
}

/* Few, as they follow the members. */
static void
show_trust(struct quorum *q, uint32_t client)
{
	struct trust_entry	 row;
	uint32_t		 i;

	for (i = 0; i < q->trust.entries.n; i++) {
		row = *(struct trust_entry *)q->trust.entries.v[i];
		row.cert_pem = NULL;
		row.extra = NULL;
		ctl_row(q, client, IMSG_CTL_TRUST, &trust_entry_record, &row);
	}
	ctl_result(q, client, CTL_OK, "%s", "");
}

static void
show_resolvers(struct quorum *q, uint32_t client)
{
	uint32_t	 i;

	for (i = 0; i < q->cluster.resolvers.n; i++)
		ctl_row_string(q, client, IMSG_CTL_RESOLVER,
		    q->cluster.resolvers.v[i]);
	ctl_result(q, client, CTL_OK, "%s", "");
}

/* The master's view is the cluster's; this node's own is the next best. */
static void
ask(struct quorum *q, uint32_t client, const enum step *steps,
    const char *name)
{
	struct wire_status	 params = { NULL };
	const struct qcheck	*c;
	struct asking		*a;
	struct qpeer		*p;

	if (q->master || (p = peer_master(q)) == NULL) {
		show_with(q, client, steps, name, NULL, "");
		return;
	}
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (name != NULL && (a->name = strdup(name)) == NULL)) {
		free(a);
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		return;
	}
	a->steps = steps;
	a->client = client;
	TAILQ_INSERT_TAIL(&q->askings, a, entry);
	if (name != NULL && p->quptimed && (c = checks_find(q, name)) != NULL)
		params.check_id = c->conf->id;
	peer_call(q, p, WIRE_STATUS, &params, STATUS_LIMIT, asked, a);
}

static void
asked(struct quorum *q, struct qpeer *p, const struct answer *answer,
    void *arg)
{
	struct asking	*a = arg;
	struct mview	*view = NULL;

	(void)p;
	TAILQ_REMOVE(&q->askings, a, entry);
	if (a->client != 0) {
		if (answer->result != NULL)
			view = mview_new(answer->result);
		show_with(q, a->client, a->steps, a->name, view,
		    view == NULL ? OWN_VIEW : "");
	}
	free(a->name);
	free(a);
}

/* Takes the view over. */
static void
show_with(struct quorum *q, uint32_t client, const enum step *steps,
    const char *name, struct mview *view, const char *note)
{
	if (steps != NULL)
		dump_start(q, client, steps, view, note);
	else {
		show_check(q, client, name, view, note);
		mview_free(view);
	}
}

static void
dump_start(struct quorum *q, uint32_t client, const enum step *steps,
    struct mview *view, const char *note)
{
	struct dump	*d;

	if ((d = dump_find(q, client)) != NULL)
		dump_free(q, d);
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		mview_free(view);
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		return;
	}
	d->client = client;
	d->step = steps;
	d->view = view;
	d->note = note;
	TAILQ_INSERT_TAIL(&q->dumps, d, entry);
	dump_arm(q);
}

static struct dump *
dump_find(struct quorum *q, uint32_t client)
{
	struct dump	*d;

	TAILQ_FOREACH(d, &q->dumps, entry)
		if (d->client == client)
			return (d);
	TAILQ_FOREACH(d, &q->stopped, entry)
		if (d->client == client)
			return (d);
	return (NULL);
}

static void
dump_free(struct quorum *q, struct dump *d)
{
	TAILQ_REMOVE(d->stopped ? &q->stopped : &q->dumps, d, entry);
	mview_free(d->view);
	free(d);
}

static void
dump_move(struct quorum *q, struct dump *d, const struct cluster *was)
{
	const struct reclist	*from, *to;
	uint32_t		 i, place;

	if ((from = step_list(was, *d->step)) == NULL)
		return;
	to = step_list(&q->cluster, *d->step);
	for (i = d->next, d->next = 0; i > 0 && d->next == 0; i--) {
		place = place_of(q, *d->step, to, from->v[i - 1]);
		if (place < to->n)
			d->next = place + 1;
	}
}

/* Of the record of the same id; the list's length when there is none. */
static uint32_t
place_of(struct quorum *q, enum step step, const struct reclist *list,
    const void *rec)
{
	const struct qcheck	*c = NULL;
	const char		*id = record_id(step, rec);
	uint32_t		 i;

	if (step == STEP_CHECKS || step == STEP_CHECK_CONFS) {
		if ((c = checks_find_id(q, id)) == NULL)
			return (list->n);
	}
	for (i = 0; i < list->n; i++)
		if (c != NULL ? list->v[i] == c->conf :
		    strcmp(record_id(step, list->v[i]), id) == 0)
			break;
	return (i);
}

static const char *
record_id(enum step step, const void *rec)
{
	switch (step) {
	case STEP_PEERS:
		return (((const struct peer *)rec)->node_id);
	case STEP_CHECKS:
	case STEP_CHECK_CONFS:
		return (((const struct check *)rec)->id);
	case STEP_TOKENS:
		return (((const struct enrollment *)rec)->id);
	default:
		return (((const struct alert *)rec)->id);
	}
}

static void
dump_arm(struct quorum *q)
{
	struct timeval	 tv = { 0, 0 };

	if (TAILQ_EMPTY(&q->dumps) || evtimer_pending(&q->dump_ev, NULL))
		return;
	if (imsgbuf_queuesize(&q->child.parent.ibuf) >= PARENT_MARK)
		tv = mono_tv(MONO_MSEC(PARENT_WAIT));
	evtimer_add(&q->dump_ev, &tv);
}

/* One row of each in turn. */
void
ctl_turn(int fd, short event, void *arg)
{
	struct quorum	*q = arg;
	struct dump	*d;
	int		 rows;

	(void)fd;
	(void)event;
	for (rows = 0; rows < ROWS_PER_TURN; rows++) {
		if ((d = TAILQ_FIRST(&q->dumps)) == NULL ||
		    imsgbuf_queuesize(&q->child.parent.ibuf) >= PARENT_MARK)
			break;
		TAILQ_REMOVE(&q->dumps, d, entry);
		TAILQ_INSERT_TAIL(&q->dumps, d, entry);
		if (dump_row(q, d))
			dump_free(q, d);
	}
	dump_arm(q);
}

/* 1 when that was the last one. */
static int
dump_row(struct quorum *q, struct dump *d)
{
	const struct reclist	*list;
	void			*rec = NULL;

	while ((list = step_list(&q->cluster, *d->step)) != NULL &&
	    d->next >= list->n) {
		d->step++;
		d->next = 0;
	}
	if (list != NULL)
		rec = list->v[d->next++];
	switch (*d->step) {
	case STEP_STATUS:
		row_status(q, d->client, d->view);
		d->step++;
		break;
	case STEP_PEERS:
		row_peer(q, d->client, rec);
		break;
	case STEP_CHECKS:
		row_check(q, d->client, checks_find_id(q,
		    ((struct check *)rec)->id), d->view);
		break;
	case STEP_ALERTS:
		row_alert(q, d->client, rec);
		break;
	case STEP_TOKENS:
		row_token(q, d->client, rec, NULL);
		break;
	case STEP_CHECK_CONFS:
		ctl_row(q, d->client, IMSG_CTL_CHECK_CONF, &check_record, rec);
		break;
	case STEP_ALERT_CONFS:
		ctl_row(q, d->client, IMSG_CTL_ALERT, &alert_record, rec);
		break;
	case STEP_END:
		ctl_result(q, d->client, CTL_OK, "%s", d->note);
		return (1);
	}
	return (0);
}

/* The list that a step walks; NULL: none. */
static const struct reclist *
step_list(const struct cluster *cl, enum step step)
{
	switch (step) {
	case STEP_PEERS:
		return (&cl->peers);
	case STEP_CHECKS:
	case STEP_CHECK_CONFS:
		return (&cl->checks);
	case STEP_ALERTS:
	case STEP_ALERT_CONFS:
		return (&cl->alerts);
	case STEP_TOKENS:
		return (&cl->enrollments);
	default:
		return (NULL);
	}
}
