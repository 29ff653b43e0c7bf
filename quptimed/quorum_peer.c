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
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "pack.h"
#include "quorum.h"

/*
 * The other members, and nodes that are about to be: what the engine is told of
 * them and what it tells of their connections.
 */

#define COMPLAIN_EVERY	MONO_SEC(60)
#define STRING_MAX	1024
#define VIS_MAX		320
#define TEXT_MAX	640

static struct qpeer
		*peer_new(struct quorum *);
static void	 peer_forget(struct quorum *, struct qpeer *);
static void	 peer_free(struct qpeer *);
static struct qpeer
		*find_bootstrap(struct quorum *, const char *);
static void	 sync_member(struct quorum *, const struct peer *);
static int	 set(char **, const char *);
static uint32_t	 slot_take(const struct quorum *);
static void	 slot_drop(struct quorum *, uint32_t);
static void	 tell_engine(struct quorum *, const struct qpeer *);
static void	 message_up(struct quorum *, struct ibuf *);
static void	 message_down(struct quorum *, struct ibuf *);
static void	 message_answer(struct quorum *, struct ibuf *);
static void	 lost(struct quorum *, struct qpeer *, const char *);

void
peers_init(struct quorum *q)
{
	TAILQ_INIT(&q->peers);
	evtimer_set(&q->call_ev, calls_due, q);
}

void
peers_sync(struct quorum *q)
{
	const struct peer	*peer;
	struct qpeer		*p, *next;
	uint32_t		 i;

	TAILQ_FOREACH(p, &q->peers, entry)
		p->mark = 0;
	for (i = 0; i < q->cluster.peers.n; i++) {
		peer = CLUSTER_PEER(&q->cluster, i);
		if (strcmp(peer->node_id, str(q->node.node_id)) != 0)
			sync_member(q, peer);
	}
	for (p = TAILQ_FIRST(&q->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->conf != NULL && !p->mark)
			peer_forget(q, p);
	}
}

void
peers_clear(struct quorum *q)
{
	struct qpeer	*p;

	while ((p = TAILQ_FIRST(&q->peers)) != NULL) {
		TAILQ_REMOVE(&q->peers, p, entry);
		p->gone = 1;
		p->up = 0;
		peer_hold(p);
		calls_fail(q, p, "stopping");
		peer_release(p);
	}
	evtimer_del(&q->call_ev);
}

struct qpeer *
peer_find(struct quorum *q, const char *node_id)
{
	struct qpeer	*p;

	TAILQ_FOREACH(p, &q->peers, entry)
		if (p->node_id != NULL && strcmp(p->node_id, node_id) == 0)
			return (p);
	return (NULL);
}

struct qpeer *
peer_by_handle(struct quorum *q, uint32_t handle)
{
	struct qpeer	*p;

	TAILQ_FOREACH(p, &q->peers, entry)
		if (p->handle == handle)
			return (p);
	return (NULL);
}

struct qpeer *
peer_master(struct quorum *q)
{
	const char	*master = heart_master(q);

	return (master != NULL ? peer_find(q, master) : NULL);
}

struct qpeer *
peer_bootstrap(struct quorum *q, const char *address,
    const char *fingerprint, void (*notify)(struct quorum *, struct qpeer *,
    enum peer_news, const char *, void *), void *arg)
{
	struct qpeer	*p;

	if ((p = peer_new(q)) == NULL)
		return (NULL);
	if (set(&p->advertise, address) == -1 ||
	    set(&p->fingerprint, fingerprint) == -1) {
		TAILQ_REMOVE(&q->peers, p, entry);
		peer_free(p);
		return (NULL);
	}
	p->notify = notify;
	p->notify_arg = arg;
	tell_engine(q, p);
	return (p);
}

void
peer_remove(struct quorum *q, struct qpeer *p)
{
	p->notify = NULL;
	peer_forget(q, p);
}

void
peer_message(struct quorum *q, struct imsg *imsg)
{
	struct ibuf	 buf;

	if (imsg_get_ibuf(imsg, &buf) == -1)
		fatalx("%s: malformed", __func__);
	switch (imsg_get_type(imsg)) {
	case IMSG_MESH_UP:
		message_up(q, &buf);
		break;
	case IMSG_MESH_DOWN:
		message_down(q, &buf);
		break;
	case IMSG_MESH_ANSWER:
		message_answer(q, &buf);
		break;
	}
}

void
peer_complain(struct quorum *q, struct qpeer *p, const char *fmt, ...)
{
	struct monotime	 now = mono_now();
	char		 text[TEXT_MAX], name[VIS_MAX];
	va_list		 ap;

	(void)q;
	if (p->complained.ns != 0 &&
	    mono_cmp(mono_sub(now, p->complained), COMPLAIN_EVERY) < 0)
		return;
	p->complained = now;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warnx("peer %s: %s", peer_name(p, name, sizeof(name)), text);
}

const char *
peer_name(const struct qpeer *p, char *buf, size_t size)
{
	return (fmt_vis(p->node_id != NULL ? p->node_id : str(p->advertise),
	    buf, size));
}

void
peer_hold(struct qpeer *p)
{
	p->refs++;
}

void
peer_release(struct qpeer *p)
{
	if (--p->refs == 0 && p->gone)
		peer_free(p);
}

void
peer_drop(struct quorum *q, struct qpeer *p, const char *why)
{
	struct mesh_frame	 mf;
	struct ibuf		*buf;

	if (!p->up)
		return;
	memset(&mf, 0, sizeof(mf));
	mf.peer = p->handle;
	mf.gen = p->gen;
	if ((buf = ibuf_dynamic(0, STRING_MAX)) == NULL ||
	    ibuf_add(buf, &mf, sizeof(mf)) == -1 ||
	    pack_string(buf, why) == -1)
		fatal("%s", __func__);
	ipc_send_ibuf(&q->engine, IMSG_MESH_DROP, 0, buf);
	p->dropped = 1;
	lost(q, p, why);
}

/* Slots go with membership: those who are about to join have no vote. */
static void
sync_member(struct quorum *q, const struct peer *peer)
{
	struct qpeer	*p;
	int		 told = 1;

	/* Without a key nobody can be told from others. */
	if (*str(peer->fingerprint) == '\0' ||
	    strcmp(peer->fingerprint, str(q->fingerprint)) == 0)
		return;
	/* With another key it is another node: nothing of the old one stays. */
	if ((p = peer_find(q, peer->node_id)) != NULL && p->conf != NULL &&
	    strcmp(str(p->fingerprint), peer->fingerprint) != 0) {
		peer_forget(q, p);
		p = NULL;
	}
	if (p == NULL &&
	    (p = find_bootstrap(q, peer->fingerprint)) == NULL) {
		told = 0;
		if ((p = peer_new(q)) == NULL)
			fatal("peer %s", peer->node_id);
	}
	if (p->conf == NULL)
		p->slot = slot_take(q);
	p->conf = peer;
	p->mark = 1;
	if (strcmp(str(p->advertise), str(peer->advertise)) != 0 ||
	    strcmp(str(p->fingerprint), peer->fingerprint) != 0 ||
	    strcmp(str(p->node_id), peer->node_id) != 0)
		told = 0;
	if (set(&p->node_id, peer->node_id) == -1 ||
	    set(&p->advertise, peer->advertise) == -1 ||
	    set(&p->fingerprint, peer->fingerprint) == -1)
		fatal("peer %s", peer->node_id);
	if (!told)
		tell_engine(q, p);
}

static struct qpeer *
find_bootstrap(struct quorum *q, const char *fingerprint)
{
	struct qpeer	*p;

	TAILQ_FOREACH(p, &q->peers, entry)
		if (p->conf == NULL &&
		    strcmp(str(p->fingerprint), fingerprint) == 0)
			return (p);
	return (NULL);
}

static struct qpeer *
peer_new(struct quorum *q)
{
	struct qpeer	*p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->sent);
	p->handle = ++q->last_handle;
	p->rtt = -1;
	TAILQ_INSERT_TAIL(&q->peers, p, entry);
	return (p);
}

/* It loses trust and connections at once. */
static void
peer_forget(struct quorum *q, struct qpeer *p)
{
	if (quorum_linked(&q->engine))
		ipc_send(&q->engine, IMSG_MESH_FORGET, 0, &p->handle,
		    sizeof(p->handle));
	TAILQ_REMOVE(&q->peers, p, entry);
	p->gone = 1;
	p->up = 0;
	peer_hold(p);
	if (p->conf != NULL) {
		p->conf = NULL;
		slot_drop(q, p->slot);
		publish_gone(q, p);
	}
	calls_fail(q, p, "it has gone");
	peer_release(p);
}

static void
peer_free(struct qpeer *p)
{
	free(p->node_id);
	free(p->advertise);
	free(p->fingerprint);
	free(p->cn);
	free(p->address);
	free(p->refusal);
	free(p->trouble);
	free(p);
}

static int
set(char **dst, const char *src)
{
	char	*copy;

	if (*dst != NULL && strcmp(*dst, str(src)) == 0)
		return (0);
	if ((copy = strdup(str(src))) == NULL)
		return (-1);
	free(*dst);
	*dst = copy;
	return (0);
}

static uint32_t
slot_take(const struct quorum *q)
{
	const struct qpeer	*p;
	uint32_t		 slot;

	for (slot = SELF + 1; ; slot++) {
		TAILQ_FOREACH(p, &q->peers, entry)
			if (p->conf != NULL && p->slot == slot)
				break;
		if (p == NULL)
			return (slot);
	}
}

/* Its votes are not the next one's. */
static void
slot_drop(struct quorum *q, uint32_t slot)
{
	struct qcheck	*c;
	uint32_t	 i;

	for (i = 0; i < q->checks.nslots; i++)
		if ((c = q->checks.slots[i].check) != NULL)
			verdict_forget(&c->verdict, slot);
}

static void
tell_engine(struct quorum *q, const struct qpeer *p)
{
	struct mesh_peer	 mp;
	struct ibuf		*buf;

	if (!quorum_linked(&q->engine))
		return;
	memset(&mp, 0, sizeof(mp));
	mp.peer = p->handle;
	mp.dial = *str(p->advertise) != '\0';
	if ((buf = ibuf_dynamic(0, IPC_MAXSIZE)) == NULL ||
	    ibuf_add(buf, &mp, sizeof(mp)) == -1 ||
	    pack_string(buf, p->node_id != NULL ? p->node_id :
	    str(p->advertise)) == -1 ||
	    pack_string(buf, str(p->advertise)) == -1 ||
	    pack_string(buf, str(p->fingerprint)) == -1)
		fatal("%s", __func__);
	ipc_send_ibuf(&q->engine, IMSG_MESH_PEER, 0, buf);
}

static void
message_up(struct quorum *q, struct ibuf *buf)
{
	struct mesh_up	 up;
	struct qpeer	*p;
	char		*cn, *address, name[VIS_MAX];

	if (ibuf_get(buf, &up, sizeof(up)) == -1 ||
	    (cn = unpack_string(buf, STRING_MAX)) == NULL ||
	    (address = unpack_string(buf, STRING_MAX)) == NULL ||
	    ibuf_size(buf) != 0)
		fatalx("%s: malformed", __func__);
	if ((p = peer_by_handle(q, up.peer)) == NULL) {
		free(cn);
		free(address);
		return;
	}
	if (p->up)
		lost(q, p, "connected anew");
	free(p->cn);
	free(p->address);
	free(p->trouble);
	p->trouble = NULL;
	p->cn = cn;
	p->address = address;
	p->gen = up.gen;
	p->not_after = up.not_after;
	p->quptimed = up.quptimed != 0;
	p->up = 1;
	p->dropped = 0;
	peer_name(p, name, sizeof(name));
	if (!p->refusing) {
		log_info("peer %s: connected to %s", name, address);
		monitor_event(q, "peer", name, "connected to %s", address);
	}
	if (p->conf != NULL && strcmp(cn, p->node_id) != 0)
		peer_complain(q, p, "its certificate names another node");
	peer_hold(p);
	if (p->notify != NULL)
		p->notify(q, p, PEER_UP, "", p->notify_arg);
	if (!p->gone)
		heart_up(q, p);
	if (!p->gone)
		calls_up(q, p);
	if (!p->gone && p == peer_master(q))
		report_master(q);
	peer_release(p);
}

static void
message_down(struct quorum *q, struct ibuf *buf)
{
	struct mesh_frame	 mf;
	struct qpeer		*p;
	char			*why, name[VIS_MAX], vis[TEXT_MAX];

	if (ibuf_get(buf, &mf, sizeof(mf)) == -1 ||
	    (why = unpack_string(buf, STRING_MAX)) == NULL ||
	    ibuf_size(buf) != 0)
		fatalx("%s: malformed", __func__);
	if ((p = peer_by_handle(q, mf.peer)) == NULL) {
		free(why);
		return;
	}
	peer_hold(p);
	fmt_vis(why, vis, sizeof(vis));
	if (p->up && mf.gen == p->gen)
		lost(q, p, vis);
	else if (p->dropped && mf.gen == p->gen)
		p->dropped = 0;
	else if (!p->up) {
		/* Said once, until it is another reason. */
		if (strcmp(str(p->trouble), vis) != 0 &&
		    set(&p->trouble, vis) == 0)
			log_info("peer %s: not connected: %s",
			    peer_name(p, name, sizeof(name)), vis);
		if (p->notify != NULL)
			p->notify(q, p, PEER_DOWN, vis, p->notify_arg);
		/*
		 * Its host is there, but nobody listens: it has died, and who
		 * waits for it does so for nothing.
		 */
		if (strstr(vis, strerror(ECONNREFUSED)) != NULL) {
			calls_fail(q, p, vis);
			if (q->commit != NULL && !p->gone)
				commit_down(q, p);
		}
	}
	peer_release(p);
	free(why);
}

static void
message_answer(struct quorum *q, struct ibuf *buf)
{
	struct mesh_frame	 mf;
	struct qpeer		*p;

	if (ibuf_get(buf, &mf, sizeof(mf)) == -1)
		fatalx("%s: malformed", __func__);
	if ((p = peer_by_handle(q, mf.peer)) == NULL || !p->up ||
	    p->gen != mf.gen)
		return;
	peer_hold(p);
	calls_answer(q, p, ibuf_data(buf), ibuf_size(buf));
	peer_release(p);
}

/* The dialled connection is gone, or as good as. */
static void
lost(struct quorum *q, struct qpeer *p, const char *why)
{
	char	 name[VIS_MAX];

	p->up = 0;
	(void)set(&p->trouble, why);
	peer_name(p, name, sizeof(name));
	if (!p->refusing) {
		log_info("peer %s: lost: %s", name, why);
		monitor_event(q, "peer", name, "lost: %s", why);
	}
	peer_hold(p);
	calls_down(q, p, why);
	if (!p->gone && p->notify != NULL)
		p->notify(q, p, PEER_DOWN, why, p->notify_arg);
	peer_release(p);
}
