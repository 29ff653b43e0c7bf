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


#include <sys/queue.h>
#include <sys/tree.h>

#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "httpc.h"
#include "notifier.h"
#include "smtp.h"
#include "url.h"

#define NAME_LEN	160	/* of an alert, in a log line */
#define HOST_SHOWN	128

/* One message through one alert. */
struct job {
	TAILQ_ENTRY(job)	 entry;
	uint64_t		 id;
	struct alert_event	*event;
	unsigned int		 attempts;
	unsigned int		 limit;		/* of attempts; 0: none */
	struct monotime		 born;
	struct monotime		 when;		/* not before */
	struct strlist		 settled;	/* who needs no more mail */
	char			 refused[NOTIFY_ERR_MAX]; /* by one of them */
	char			 err[NOTIFY_ERR_MAX];
};
TAILQ_HEAD(jobs, job);

enum channel_state {
	CH_IDLE,
	CH_READY,	/* waits for its turn */
	CH_WAITING,	/* for the next attempt */
	CH_SENDING
};

/* An alert that has messages to send: the first of them, until that is done. */
struct channel {
	RB_ENTRY(channel)	 entry;
	TAILQ_ENTRY(channel)	 turn;
	char			*id;
	struct alert		*alert;		/* as last defined */
	struct jobs		 jobs;
	unsigned int		 njobs;
	enum channel_state	 state;
	int			 overflow;	/* said so already */
	struct event		 timer;
	struct httpc		*http;
	struct smtp		*smtp;
};
RB_HEAD(channel_tree, channel);
TAILQ_HEAD(turns, channel);

static int	 channel_cmp(const struct channel *, const struct channel *);
static struct channel
		*channel_get(const char *);
static void	 channel_free(struct channel *);
static void	 channel_next(struct channel *);
static void	 channel_idle(struct channel *);
static void	 channel_timer(int, short, void *);
static void	 channel_trim(struct channel *);
static void	 queue_run(void);
static int	 job_istest(const struct job *);
static void	 job_start(struct channel *, struct job *);
static void	 job_post(struct channel *, struct job *,
		    const struct notify_message *);
static int	 template_failed(struct channel *, struct job *,
		    const struct notify_message *);
static void	 job_answer(const struct httpc_res *, void *);
static void	 job_mail(struct channel *, struct job *,
		    const struct notify_message *);
static void	 job_mailed(const struct smtp_res *, void *);
static void	 job_sent(struct channel *);
static void	 job_failed(struct channel *, const char *, int, long);
static void	 job_done(struct channel *, struct job *, int);
static void	 job_free(struct channel *, struct job *);
static struct monotime
		 job_backoff(const struct job *, long);
static const char
		*alert_host(const struct alert *, char *, size_t);

RB_PROTOTYPE(channel_tree, channel, entry, channel_cmp)

const struct notify_conf notify_conf_default = {
	.backoff = { 1000000000LL },
	.backoff_max = { 60 * 1000000000LL },
	.after_max = { 300 * 1000000000LL },
	.attempt = { 10 * 1000000000LL },
	.mail = { 60 * 1000000000LL },
	.lifetime = { 3600 * 1000000000LL }
};

static struct channel_tree		 channels = RB_INITIALIZER(&channels);
static struct turns		 turns = TAILQ_HEAD_INITIALIZER(turns);
static unsigned int		 njobs, ninflight;
static const struct notify_conf	*conf;
static void			(*report)(uint64_t, int, unsigned int,
				    const char *);

void
notify_init(const struct notify_conf *c,
    void (*cb)(uint64_t, int, unsigned int, const char *))
{
	conf = c;
	report = cb;
}

void
notify_shutdown(void)
{
	struct channel	*c, *next;
	struct job	*j;

	RB_FOREACH_SAFE(c, channel_tree, &channels, next) {
		channel_idle(c);
		while ((j = TAILQ_FIRST(&c->jobs)) != NULL)
			job_free(c, j);
		channel_free(c);
	}
}

void
notify_send(uint64_t id, unsigned int limit, struct alert *a,
    struct alert_event *ev)
{
	struct channel	*c;
	struct job	*j;

	if (njobs >= NOTIFY_JOBS_MAX) {
		report(id, 0, 0, "too many messages are waiting");
		goto drop;
	}
	c = channel_get(str(a->id));
	if (c == NULL || (j = calloc(1, sizeof(*j))) == NULL) {
		report(id, 0, 0, "out of memory");
		if (c != NULL && c->njobs == 0)
			channel_free(c);
		goto drop;
	}
	record_free(&alert_record, c->alert);
	c->alert = a;
	channel_trim(c);
	j->id = id;
	j->limit = limit;
	j->event = ev;
	j->born = j->when = mono_now();
	TAILQ_INSERT_TAIL(&c->jobs, j, entry);
	c->njobs++;
	njobs++;
	if (c->state == CH_WAITING && job_istest(j))
		channel_idle(c);
	if (c->state == CH_IDLE)
		channel_next(c);
	queue_run();
	return;
drop:
	record_free(&alert_record, a);
	record_free(&alert_event_record, ev);
}

void
notify_cancel(const char *alert_id)
{
	struct channel	*c, key;
	struct job	*j;

	key.id = (char *)alert_id;
	if ((c = RB_FIND(channel_tree, &channels, &key)) == NULL)
		return;
	channel_idle(c);
	while ((j = TAILQ_FIRST(&c->jobs)) != NULL) {
		strlcpy(j->err, "the alert was changed or removed",
		    sizeof(j->err));
		job_done(c, j, 0);
	}
	channel_free(c);
	queue_run();
}

/* Starts as many as may be under way. */
static void
queue_run(void)
{
	struct channel	*c;

	while (ninflight < NOTIFY_INFLIGHT_MAX &&
	    (c = TAILQ_FIRST(&turns)) != NULL) {
		channel_idle(c);
		job_start(c, TAILQ_FIRST(&c->jobs));
	}
}

static int
channel_cmp(const struct channel *a, const struct channel *b)
{
	return (strcmp(a->id, b->id));
}

static struct channel *
channel_get(const char *id)
{
	struct channel	*c, key;

	key.id = (char *)id;
	if ((c = RB_FIND(channel_tree, &channels, &key)) != NULL)
		return (c);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	if ((c->id = strdup(id)) == NULL) {
		free(c);
		return (NULL);
	}
	TAILQ_INIT(&c->jobs);
	evtimer_set(&c->timer, channel_timer, c);
	RB_INSERT(channel_tree, &channels, c);
	return (c);
}

static void
channel_free(struct channel *c)
{
	RB_REMOVE(channel_tree, &channels, c);
	record_free(&alert_record, c->alert);
	free(c->id);
	free(c);
}

/* Takes the channel out of whatever it waits for. */
static void
channel_idle(struct channel *c)
{
	switch (c->state) {
	case CH_IDLE:
		break;
	case CH_READY:
		TAILQ_REMOVE(&turns, c, turn);
		break;
	case CH_WAITING:
		evtimer_del(&c->timer);
		break;
	case CH_SENDING:
		if (c->http != NULL)
			httpc_cancel(c->http);
		if (c->smtp != NULL)
			smtp_cancel(c->smtp);
		c->http = NULL;
		c->smtp = NULL;
		ninflight--;
		break;
	}
	c->state = CH_IDLE;
}

/*
 * From idle to what the first message needs; the channel goes with the last.
 * A test comes first: who asked for it waits, and no other message gains or
 * loses meaning by it.
 */
static void
channel_next(struct channel *c)
{
	struct timeval	 tv;
	struct job	*j;

	TAILQ_FOREACH(j, &c->jobs, entry)
		if (job_istest(j))
			break;
	if (j != NULL) {
		TAILQ_REMOVE(&c->jobs, j, entry);
		TAILQ_INSERT_HEAD(&c->jobs, j, entry);
	} else if ((j = TAILQ_FIRST(&c->jobs)) == NULL) {
		channel_free(c);
		return;
	}
	if (mono_cmp(j->when, mono_now()) <= 0) {
		c->state = CH_READY;
		TAILQ_INSERT_TAIL(&turns, c, turn);
		return;
	}
	c->state = CH_WAITING;
	tv = mono_left(j->when, mono_now());
	evtimer_add(&c->timer, &tv);
}

static void
channel_timer(int fd, short events, void *arg)
{
	struct channel	*c = arg;

	(void)fd;
	(void)events;
	c->state = CH_IDLE;
	channel_next(c);
	queue_run();
}

/* Room for one more: the oldest goes that is not being sent. */
static void
channel_trim(struct channel *c)
{
	struct job	*j;
	char		 name[NAME_LEN];

	if (c->njobs < NOTIFY_QUEUE_MAX)
		return;
	if (!c->overflow)
		log_warnx("alert %s: %u messages are waiting, the oldest are "
		    "dropped", fmt_vis(str(c->alert->name), name,
		    sizeof(name)), NOTIFY_QUEUE_MAX);
	c->overflow = 1;
	j = TAILQ_FIRST(&c->jobs);
	if (c->state == CH_SENDING)
		j = TAILQ_NEXT(j, entry);
	strlcpy(j->err, "dropped for newer messages", sizeof(j->err));
	job_done(c, j, 0);
}

static int
job_istest(const struct job *j)
{
	return (strcmp(str(j->event->verb), "TEST") == 0);
}

static void
job_start(struct channel *c, struct job *j)
{
	struct notify_message	 m;

	c->state = CH_SENDING;
	ninflight++;
	j->attempts++;
	if (notify_render(&m, c->alert, j->event) == -1) {
		job_failed(c, "out of memory", 1, -1);
		return;
	}
	if (m.err[0] != '\0' && template_failed(c, j, &m))
		;
	else if (alert_type_of(c->alert) == ALERT_SMTP)
		job_mail(c, j, &m);
	else
		job_post(c, j, &m);
	notify_message_clear(&m);
}

static void
job_post(struct channel *c, struct job *j, const struct notify_message *m)
{
	struct notify_post	 post;
	struct httpc_req	 req;
	const char		*err;
	int			 again;

	if (notify_post(&post, c->alert, j->event, m, &err, &again) == -1) {
		job_failed(c, err, again, -1);
		return;
	}
	memset(&req, 0, sizeof(req));
	req.method = "POST";
	req.url = post.url;
	req.content_type = "application/json";
	req.body = post.body;
	req.bodylen = post.len;
	req.deadline = mono_add(mono_now(), conf->attempt);
	c->http = httpc_start(&req, job_answer, c);
	freezero(post.body, post.len);
	if (c->http == NULL)
		job_failed(c, "out of memory", 1, -1);
}

/*
 * A message goes out with the built-in text in the template's place, and the
 * log says so once.  A test is there to find out, and ends: whether it did.
 */
static int
template_failed(struct channel *c, struct job *j,
    const struct notify_message *m)
{
	char	 name[NAME_LEN], vis[NOTIFY_ERR_MAX];

	if (job_istest(j)) {
		channel_idle(c);
		(void)snprintf(j->err, sizeof(j->err), "render template: %s",
		    m->err);
		job_done(c, j, 0);
		channel_next(c);
		return (1);
	}
	if (j->attempts == 1)
		log_warnx("alert %s: %s; the built-in text is sent instead",
		    fmt_vis(str(c->alert->name), name, sizeof(name)),
		    fmt_vis(m->err, vis, sizeof(vis)));
	return (0);
}

static void
job_answer(const struct httpc_res *res, void *arg)
{
	struct channel	*c = arg;
	char		 err[NOTIFY_ERR_MAX];
	int		 again;

	c->http = NULL;
	if (res->err != NULL)
		job_failed(c, res->err, res->stage != HTTPC_URL, -1);
	else if (res->status >= 200 && res->status < 300)
		job_sent(c);
	else {
		again = res->status >= 500 || res->status == 408 ||
		    res->status == 425 || res->status == 429;
		snprintf(err, sizeof(err), "status %d %s", res->status,
		    res->reason);
		job_failed(c, err, again, res->retry_after);
	}
	queue_run();
}

static void
job_mail(struct channel *c, struct job *j, const struct notify_message *m)
{
	struct mail		 mail;
	const char		*err;
	unsigned int		 i;
	int			 again;

	if (mail_make(&mail, c->alert, j->event, m->subject, m->body, &err,
	    &again) == -1) {
		job_failed(c, err, again, -1);
		return;
	}
	for (i = 0; i < mail.nto; i++)
		if (strlist_has(&j->settled, mail.to[i]))
			mail.rcpt[i] = RCPT_HAS;
	c->smtp = smtp_start(c->alert, &mail, mono_add(mono_now(),
	    conf->mail), job_mailed, c, &err, &again);
	if (c->smtp == NULL)
		job_failed(c, err, again, -1);
}

/* Whoever has it or never will is left alone when it is tried again. */
static void
job_mailed(const struct smtp_res *res, void *arg)
{
	struct channel		*c = arg;
	struct job		*j = TAILQ_FIRST(&c->jobs);
	const struct mail	*m = res->mail;
	unsigned int		 i;

	c->smtp = NULL;
	for (i = 0; i < m->nto; i++) {
		if (m->rcpt[i] == RCPT_REFUSED && j->refused[0] == '\0' &&
		    res->err != NULL)
			strlcpy(j->refused, res->err, sizeof(j->refused));
		/* Out of memory, it comes twice. */
		if ((m->rcpt[i] == RCPT_HAS || m->rcpt[i] == RCPT_REFUSED) &&
		    !strlist_has(&j->settled, m->to[i]))
			strlist_add(&j->settled, m->to[i]);
	}
	if (res->err != NULL)
		job_failed(c, res->err, res->again, -1);
	else if (j->refused[0] != '\0')
		job_failed(c, j->refused, 0, -1);
	else
		job_sent(c);
	queue_run();
}

static void
job_sent(struct channel *c)
{
	channel_idle(c);
	c->overflow = 0;
	job_done(c, TAILQ_FIRST(&c->jobs), 1);
	channel_next(c);
}

/* The attempt under way was in vain: another one, or none. */
static void
job_failed(struct channel *c, const char *err, int again, long after)
{
	struct job	*j = TAILQ_FIRST(&c->jobs);
	char		 name[NAME_LEN], host[HOST_SHOWN];

	channel_idle(c);
	alert_host(c->alert, host, sizeof(host));
	snprintf(j->err, sizeof(j->err), "%s%s%s", host,
	    host[0] != '\0' ? ": " : "", err);
	j->when = mono_add(mono_now(), job_backoff(j, after));
	if (!again || j->attempts == j->limit || mono_cmp(j->when,
	    mono_add(j->born, conf->lifetime)) >= 0)
		job_done(c, j, 0);
	else if (j->attempts == 1)
		log_warnx("alert %s: %s, will try again",
		    fmt_vis(str(c->alert->name), name, sizeof(name)), j->err);
	channel_next(c);
}

/* Doubled each time, a fifth more or less, and as long as the server asks. */
static struct monotime
job_backoff(const struct job *j, long after)
{
	int64_t		 ns = conf->backoff.ns, max = conf->backoff_max.ns;
	unsigned int	 i;

	for (i = 1; i < j->attempts && ns < max; i++)
		ns *= 2;
	if (ns > max)
		ns = max;
	ns += ns / 1000 * ((int64_t)arc4random_uniform(401) - 200);
	if (after > 0) {
		if (after > conf->after_max.ns / 1000000000)
			after = conf->after_max.ns / 1000000000;
		if (ns < after * 1000000000)
			ns = after * 1000000000;
	}
	return (MONO_NSEC(ns));
}

/* It leaves the queue; nothing else changes. */
static void
job_done(struct channel *c, struct job *j, int sent)
{
	report(j->id, sent, j->attempts, j->err);
	job_free(c, j);
}

static void
job_free(struct channel *c, struct job *j)
{
	TAILQ_REMOVE(&c->jobs, j, entry);
	c->njobs--;
	njobs--;
	record_free(&alert_event_record, j->event);
	strlist_clear(&j->settled);
	free(j);
}

/* The server: of a URL, the one part that is no secret; "": none. */
static const char *
alert_host(const struct alert *a, char *buf, size_t len)
{
	struct url	 url;
	const char	*text, *err;

	if (alert_type_of(a) == ALERT_SMTP)
		return (fmt_vis(str(a->smtp_host), buf, len));
	text = alert_type_of(a) == ALERT_DISCORD ? a->discord_webhook :
	    alert_type_of(a) == ALERT_WEBHOOK ? a->webhook_url : NULL;
	memset(&url, 0, sizeof(url));
	buf[0] = '\0';
	if (text != NULL && url_parse(&url, text, &err) == 0)
		fmt_vis(url.host, buf, len);
	url_clear(&url);
	return (buf);
}

RB_GENERATE(channel_tree, channel, entry, channel_cmp)
