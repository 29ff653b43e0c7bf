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


#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quorum.h"

/*
 * Hands that write into cluster.yaml.  The file is looked at now and then; what
 * is new in it is proposed as any change is.  While nobody can decide, the edit
 * waits: it stays in the file, or beside it when the cluster's next version has
 * to go there.
 */

#define PERIOD		MONO_SEC(2)
#define PERIODS_MAX	30		/* between tries of what is refused */
#define CLIENTS_MAX	CTL_CLIENTS
#define ERROR_MAX	640

struct clients {
	uint32_t	 id[CLIENTS_MAX];
	uint32_t	 n;
};

struct watch {
	struct event		 ev;
	int			 started;
	struct store_mark	 mark;		/* when it was looked at last */
	int			 waiting;	/* an edit is not in force */
	int			 failed;	/* the log tells of it */
	unsigned int		 tries;		/* of it */
	unsigned int		 skip;		/* periods until the next */

	/* Of a proposal that is under way. */
	int			 proposing;
	int			 applied;	/* here; others are to follow */
	struct store		 was;		/* the bytes known before */
	uint8_t			 hash[STORE_HASHLEN];	/* of the edit */
	struct cluster		 edit;
	struct clients		 clients;
	struct clients		 later;		/* came meanwhile */
};

static struct watch
		*watch_get(struct quorum *);
static void	 tick(int, short, void *);
static void	 look(struct quorum *, struct watch *);
static void	 unreadable(struct quorum *, struct watch *, int);
static void	 refuse(struct quorum *, struct watch *, const char *);
static void	 nothing(struct quorum *, struct watch *);
static void	 propose(struct quorum *, struct watch *,
		    const struct store *, struct cluster *);
static int	 apply(struct quorum *, struct watch *, struct verr *);
static void	 ask(struct quorum *, struct watch *);
static void	 done(struct quorum *, uint64_t, const char *, void *);
static void	 refused(struct quorum *, struct watch *, const char *);
static void	 answer(struct quorum *, struct clients *, enum ctl_code,
		    const char *);
static void	 add(struct clients *, uint32_t);
static int	 same_mark(const struct store_mark *,
		    const struct store_mark *);
static int	 same_content(const struct cluster *, const struct cluster *);
static int	 masters_only(const struct cluster *, const struct cluster *);

void
watch_start(struct quorum *q)
{
	struct watch	*w = watch_get(q);
	struct timeval	 tv = mono_tv(PERIOD);

	w->started = 1;
	evtimer_add(&w->ev, &tv);
}

void
watch_stop(struct quorum *q)
{
	struct watch	*w = q->watch;

	if (w == NULL)
		return;
	q->watch = NULL;
	evtimer_del(&w->ev);
	record_clear(&cluster_record, &w->edit);
	free(w);
}

void
watch_look(struct quorum *q, uint32_t client)
{
	struct watch	*w = watch_get(q);

	/* What is under way may not be what the client has written. */
	if (w->proposing) {
		add(&w->later, client);
		return;
	}
	add(&w->clients, client);
	(void)store_mark(&w->mark);
	w->failed = w->waiting = 0;
	w->tries = w->skip = 0;
	look(q, w);
}

static struct watch *
watch_get(struct quorum *q)
{
	struct watch	*w = q->watch;

	if (w != NULL)
		return (w);
	if ((w = calloc(1, sizeof(*w))) == NULL)
		fatal("%s", __func__);
	evtimer_set(&w->ev, tick, q);
	q->watch = w;
	return (w);
}

static void
tick(int fd, short event, void *arg)
{
	struct quorum		*q = arg;
	struct watch		*w = q->watch;
	struct store_mark	 mark;
	struct timeval		 tv = mono_tv(PERIOD);
	int			 error = 0;

	(void)fd;
	(void)event;
	evtimer_add(&w->ev, &tv);
	if (w->proposing)
		return;
	if (store_mark(&mark) == -1)
		error = errno;
	if (!same_mark(&mark, &w->mark)) {
		w->mark = mark;
		w->failed = w->waiting = 0;
		w->tries = w->skip = 0;
	} else if (!w->waiting)
		return;
	else if (w->skip > 0) {
		w->skip--;
		return;
	}
	if (error != 0)
		unreadable(q, w, error);
	else if (!w->failed || !w->waiting || heart_has_quorum(q))
		look(q, w);
}

static void
look(struct quorum *q, struct watch *w)
{
	struct store	 read = q->store;
	struct cluster	 next;
	struct verr	 ve;
	char		 buf[ERROR_MAX];
	int		 rv;

	memset(&next, 0, sizeof(next));
	memset(&ve, 0, sizeof(ve));
	w->waiting = 0;
	rv = store_load(&read, &next, &ve);
	if (rv == 1 && same_content(&q->cluster, &next)) {
		q->store = read;
		rv = 0;
	}
	if (rv == 1 && (heart_peers_ok(q, &next, &ve) == -1 ||
	    mutate_templates(q, &next, &ve) == -1 ||
	    mutate_protocol(q, &next, &ve) == -1))
		rv = -1;
	if (rv == 1 && !q->master && masters_only(&q->cluster, &next))
		rv = verr_set(&ve, "", "tokens, and members that are not "
		    "known, can be edited on the master only");
	if (rv == 1)
		propose(q, w, &read, &next);
	else if (rv == 0)
		nothing(q, w);
	else {
		if (*ve.file == '\0')
			(void)strlcpy(ve.file, q->store.path, sizeof(ve.file));
		refuse(q, w, verr_string(&ve, buf, sizeof(buf)));
	}
	record_clear(&cluster_record, &next);
}

/* An editor that root runs may have made the file anew. */
static void
unreadable(struct quorum *q, struct watch *w, int error)
{
	if (error == EACCES && quorum_linked(&q->child.parent))
		ipc_send(&q->child.parent, IMSG_OWN, 0, NULL, 0);
	/* It is gone, or was never there: what runs is what there is. */
	if (error == ENOENT && !q->store.known)
		return;
	if (!w->failed)
		log_warnx("%s: %s", q->store.path, strerror(error));
	w->failed = w->waiting = 1;
}

/* Until it is another file. */
static void
refuse(struct quorum *q, struct watch *w, const char *why)
{
	log_warnx("not reloading: %s", why);
	answer(q, &w->clients, CTL_REFUSED, why);
}

static void
nothing(struct quorum *q, struct watch *w)
{
	w->failed = 0;
	answer(q, &w->clients, CTL_OK, "nothing has changed");
}

/*
 * The bytes count as known while it is under way, for they are about to be in
 * force.
 */
static void
propose(struct quorum *q, struct watch *w, const struct store *read,
    struct cluster *next)
{
	struct verr	 ve;
	char		 buf[ERROR_MAX];

	w->was = q->store;
	q->store = *read;
	memcpy(w->hash, read->hash, sizeof(w->hash));
	w->edit = *next;
	memset(next, 0, sizeof(*next));
	w->proposing = 1;
	w->applied = 0;
	w->tries++;
	memset(&ve, 0, sizeof(ve));
	if (!q->master || q->commit != NULL)
		ask(q, w);
	else if (apply(q, w, &ve) == -1)
		done(q, 0, verr_string(&ve, buf, sizeof(buf)), NULL);
}

/* The master takes all of it. */
static int
apply(struct quorum *q, struct watch *w, struct verr *ve)
{
	struct mutation	 m;

	memset(&m, 0, sizeof(m));
	m.kind = MUT_REPLACE;
	m.with = &w->edit;
	if (publish_room(q, ve) == -1 || mutation_apply(q, &m, ve) == -1)
		return (-1);
	w->applied = 1;
	log_info("version %llu: reloaded %s",
	    (unsigned long long)q->cluster.version, q->store.path);
	monitor_event(q, "config", "", "version %llu: reloaded %s",
	    (unsigned long long)q->cluster.version, q->store.path);
	publish_await(q, done, NULL);
	return (0);
}

static void
ask(struct quorum *q, struct watch *w)
{
	struct proposal	 p;

	memset(&p, 0, sizeof(p));
	p.kind = PROP_REPLACE_CONFIG;
	p.config = record_dup(&cluster_record, &w->edit);
	if (p.config == NULL)
		done(q, 0, "out of memory", NULL);
	else
		publish_propose(q, &p, done, NULL);
	proposal_clear(&p);
}

static void
done(struct quorum *q, uint64_t version, const char *error, void *arg)
{
	struct watch	*w = q->watch;
	struct clients	 later;

	(void)arg;
	/* The daemon ends. */
	if (w == NULL)
		return;
	w->proposing = 0;
	if (error != NULL)
		refused(q, w, error);
	else {
		if (!w->applied)
			log_info("version %llu: the edit of %s",
			    (unsigned long long)version, q->store.path);
		w->failed = w->waiting = 0;
		answer(q, &w->clients, CTL_OK, "reloaded");
	}
	record_clear(&cluster_record, &w->edit);
	if (w->later.n == 0)
		return;
	later = w->later;
	w->later.n = 0;
	w->clients = later;
	(void)store_mark(&w->mark);
	look(q, w);
}

/* Not now; but what was written by hand is not lost. */
static void
refused(struct quorum *q, struct watch *w, const char *error)
{
	struct verr	 ve;
	char		 buf[ERROR_MAX];

	if (w->applied)
		log_warnx("version %llu: %s",
		    (unsigned long long)q->cluster.version, error);
	else if (q->store.known && memcmp(q->store.hash, w->hash,
	    sizeof(w->hash)) != 0) {
		/* Another version has been written over it meanwhile. */
		log_warnx("not reloading: %s", error);
		memset(&ve, 0, sizeof(ve));
		if (store_keep(&q->store, &w->edit, &ve) == -1)
			log_warnx("%s", verr_string(&ve, buf, sizeof(buf)));
	} else {
		q->store = w->was;
		if (!w->failed || w->clients.n > 0)
			log_warnx("not reloading: %s", error);
		if (!w->failed)
			log_info("%s: the edit waits", q->store.path);
		w->failed = w->waiting = 1;
		w->skip = w->tries < PERIODS_MAX ? w->tries - 1 : PERIODS_MAX;
		if (!heart_has_quorum(q))
			w->skip = w->tries = 0;
	}
	answer(q, &w->clients, CTL_REFUSED, error);
}

static void
answer(struct quorum *q, struct clients *c, enum ctl_code code,
    const char *text)
{
	uint32_t	 i;

	for (i = 0; i < c->n; i++)
		ctl_result(q, c->id[i], code, "%s", text);
	c->n = 0;
}

/* The parent has no more of them. */
static void
add(struct clients *c, uint32_t client)
{
	if (c->n < CLIENTS_MAX)
		c->id[c->n++] = client;
}

static int
same_mark(const struct store_mark *a, const struct store_mark *b)
{
	return (a->ino == b->ino && a->size == b->size &&
	    a->modified.tv_sec == b->modified.tv_sec &&
	    a->modified.tv_nsec == b->modified.tv_nsec &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec);
}

/* But for who wrote it when, as which version. */
static int
same_content(const struct cluster *a, const struct cluster *b)
{
	struct cluster	 other = *b;

	other.version = a->version;
	other.updated_at = a->updated_at;
	other.updated_by = a->updated_by;
	return (record_equal(&cluster_record, a, &other));
}

/* Whether what changed is all that others cannot ask the master for. */
static int
masters_only(const struct cluster *a, const struct cluster *b)
{
	struct cluster	 other = *b;

	other.enrollments = a->enrollments;
	other.extra = a->extra;
	return (same_content(a, &other));
}
