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

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/tree.h>

#include <errno.h>
#include <event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "fmt.h"
#include "pack.h"

/*
 * The peers that quorum has named, and one connection to each that is to be
 * dialled: resolve, try one address after the other, compare the key, and after
 * a failure begin anew, a little later each time.
 */

#define PEER_PORT	9901
#define NAME_LEN	1024
#define RESOLVE_TIME	MONO_SEC(5)
#define CONNECT_TIME	MONO_SEC(3)
#define BACKOFF_MIN	250		/* ms */
#define BACKOFF_MAX	2000
#define STEADY_TIME	MONO_SEC(5)	/* up for so long: a fresh start */

RB_HEAD(epeer_ids, epeer);
RB_HEAD(epeer_keys, epeer);

static int		 id_cmp(const struct epeer *, const struct epeer *);
static int		 key_cmp(const struct epeer *, const struct epeer *);
static void		 peer_set(struct ipc *, struct imsg *);
static struct epeer	*peer_new(uint32_t);
static int		 peer_change(struct epeer *, int, char *, char *,
			    const char *);
static void		 peer_forget(struct ipc *, struct imsg *);
static void		 peer_free(struct epeer *);
static void		 peer_call(struct ipc *, struct imsg *);
static void		 peer_drop(struct ipc *, struct imsg *);
static struct epeer	*peer_find(uint32_t);
static void		 peer_dial(struct epeer *);
static int		 peer_split(struct epeer *);
static void		 peer_addrs(struct epeer *, struct addrs *);
static void		 peer_resolved(struct addrs *, const char *, void *);
static void		 peer_next(struct epeer *);
static int		 peer_try(struct epeer *, struct addr);
static void		 peer_timer(int, short, void *);
static void		 peer_arm(struct epeer *, struct monotime);
static void		 peer_hang_up(struct epeer *, const char *);
static void		 peer_down(struct epeer *, const char *);
static const char	*peer_open(struct link *);
static const char	*peer_pin(struct epeer *);
static const char	*peer_frame(struct link *, struct ibuf *);
static void		 peer_end(struct link *, const char *);
static void		 peer_why(struct epeer *, const char *);

RB_PROTOTYPE(epeer_ids, epeer, by_id, id_cmp)
RB_PROTOTYPE(epeer_keys, epeer, by_key, key_cmp)

static const struct link_ops	 ops = { peer_open, peer_frame, peer_end };
static struct epeer_ids		 ids = RB_INITIALIZER(&ids);
static struct epeer_keys		 keys = RB_INITIALIZER(&keys);
static uint64_t			 orders;

void
peers_message(struct ipc *ipc, struct imsg *imsg)
{
	switch (imsg_get_type(imsg)) {
	case IMSG_MESH_PEER:
		peer_set(ipc, imsg);
		break;
	case IMSG_MESH_FORGET:
		peer_forget(ipc, imsg);
		break;
	case IMSG_MESH_CALL:
		peer_call(ipc, imsg);
		break;
	default:
		peer_drop(ipc, imsg);
		break;
	}
}

void
peers_shutdown(void)
{
	struct epeer	*p;

	while ((p = RB_MIN(epeer_ids, &ids)) != NULL)
		peer_free(p);
}

void
peers_relief(void)
{
	struct epeer	*p;

	RB_FOREACH(p, epeer_ids, &ids)
		link_update(&p->link);
}

/* The last one that was given that key. */
struct epeer *
peer_by_key(const char *fingerprint)
{
	struct epeer	 key, *p;

	if (fingerprint[0] == '\0' || strlcpy(key.fingerprint, fingerprint,
	    sizeof(key.fingerprint)) >= sizeof(key.fingerprint))
		return (NULL);
	key.order = UINT64_MAX;
	p = RB_NFIND(epeer_keys, &keys, &key);
	return (p != NULL && strcmp(p->fingerprint, fingerprint) == 0 ? p :
	    NULL);
}

void
peer_seen(struct epeer *p)
{
	p->backoff = BACKOFF_MIN;
	if (p->dial && !p->up && !p->trying)
		peer_arm(p, MONO_MSEC(arc4random_uniform(BACKOFF_MIN / 5)));
}

int
peer_expected(const struct addr *a)
{
	struct epeer	*p;
	unsigned int	 i;

	RB_FOREACH(p, epeer_ids, &ids) {
		if (p->ninbounds > 0)
			continue;
		if (p->has_last && addr_equal(&p->last, a))
			return (1);
		for (i = 0; p->addrs != NULL && i < p->addrs->n; i++)
			if (addr_equal(&p->addrs->a[i], a))
				return (1);
	}
	return (0);
}

/* A new peer, or another address or key of one. */
static void
peer_set(struct ipc *ipc, struct imsg *imsg)
{
	struct mesh_peer	 m;
	struct epeer		*p;
	struct ibuf		 buf;
	char			*name, *address, *key;
	int			 changed;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &m, sizeof(m)) == -1 || m.peer == MESH_STRANGER ||
	    (name = unpack_string(&buf, NAME_LEN)) == NULL ||
	    (address = unpack_string(&buf, NAME_LEN)) == NULL ||
	    (key = unpack_string(&buf, sizeof(p->fingerprint) - 1)) == NULL ||
	    ibuf_size(&buf) != 0)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((p = peer_find(m.peer)) == NULL)
		p = peer_new(m.peer);
	changed = peer_change(p, m.dial != 0, name, address, key);
	free(key);
	inbound_adopt(p);
	if (changed)
		peer_hang_up(p, "address or key has changed");
	if (p->dial && !p->up && !p->trying) {
		p->backoff = BACKOFF_MIN;
		peer_arm(p, MONO_SEC(0));
	}
}

static struct epeer *
peer_new(uint32_t id)
{
	struct epeer	*p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		fatal(NULL);
	p->id = id;
	p->link.fd = -1;
	p->link.favoured = 1;
	p->backoff = BACKOFF_MIN;
	TAILQ_INIT(&p->inbounds);
	evtimer_set(&p->retry, peer_timer, p);
	RB_INSERT(epeer_ids, &ids, p);
	return (p);
}

/* Takes the strings over.  1 when the dialled connection is not to be kept. */
static int
peer_change(struct epeer *p, int dial, char *name, char *address,
    const char *key)
{
	int	 changed;

	changed = p->address == NULL || strcmp(p->address, address) != 0 ||
	    strcmp(p->fingerprint, key) != 0 || (p->dial && !dial);
	if (strcmp(p->fingerprint, key) != 0)
		inbound_drop(p);
	if (p->fingerprint[0] != '\0')
		RB_REMOVE(epeer_keys, &keys, p);
	strlcpy(p->fingerprint, key, sizeof(p->fingerprint));
	p->order = ++orders;
	if (p->fingerprint[0] != '\0')
		RB_INSERT(epeer_keys, &keys, p);
	free(p->address);
	fmt_vis(name, p->name, sizeof(p->name));
	free(name);
	p->address = address;
	p->dial = dial;
	return (changed);
}

static void
peer_forget(struct ipc *ipc, struct imsg *imsg)
{
	struct epeer	*p;
	uint32_t	 id;

	(void)ipc;
	if (imsg_get_data(imsg, &id, sizeof(id)) == -1)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((p = peer_find(id)) != NULL)
		peer_free(p);
}

static void
peer_free(struct epeer *p)
{
	link_close(&p->link);
	resolve_cancel(&p->lookup);
	evtimer_del(&p->retry);
	inbound_drop(p);
	RB_REMOVE(epeer_ids, &ids, p);
	if (p->fingerprint[0] != '\0')
		RB_REMOVE(epeer_keys, &keys, p);
	addrs_unref(p->addrs);
	free(p->address);
	free(p->host);
	free(p);
}

static void
peer_call(struct ipc *ipc, struct imsg *imsg)
{
	struct mesh_frame	 m;
	struct epeer		*p;
	struct ibuf		 body, *frame;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &body) == -1 ||
	    ibuf_get(&body, &m, sizeof(m)) == -1)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((p = peer_find(m.peer)) == NULL || !p->up || p->gen != m.gen)
		return;
	if (ibuf_size(&body) > FRAME_MAX)
		fatalx("%s: too long", imsg_name(imsg_get_type(imsg)));
	if ((frame = frame_make(&body)) == NULL)
		peer_hang_up(p, "out of memory");
	else
		link_send(&p->link, frame);
}

/* The answers that came were none, or came too late. */
static void
peer_drop(struct ipc *ipc, struct imsg *imsg)
{
	struct mesh_frame	 m;
	struct epeer		*p;
	struct ibuf		 buf;
	char			*why;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &m, sizeof(m)) == -1 ||
	    (why = unpack_string(&buf, NAME_LEN)) == NULL)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((p = peer_find(m.peer)) != NULL && p->up && p->gen == m.gen)
		peer_hang_up(p, why);
	free(why);
}

static struct epeer *
peer_find(uint32_t id)
{
	struct epeer	 key;

	key.id = id;
	return (RB_FIND(epeer_ids, &ids, &key));
}

static void
peer_dial(struct epeer *p)
{
	struct addrs	*as;

	p->gen++;
	p->trying = 1;
	p->why[0] = '\0';
	if (peer_split(p) == -1) {
		peer_down(p, "address: not host:port");
		return;
	}
	if ((as = malloc(sizeof(*as) + sizeof(as->a[0]))) == NULL) {
		peer_down(p, "out of memory");
		return;
	}
	as->refs = as->n = 1;
	if (addr_parse(p->host, 0, &as->a[0]) == -1) {
		free(as);
		as = resolve_known(p->host, NULL);
	}
	if (as != NULL) {
		peer_addrs(p, as);
		return;
	}
	peer_arm(p, RESOLVE_TIME);
	if (resolve_start(&p->lookup, p->host, NULL, peer_resolved, p) == -1)
		peer_down(p, "out of memory");
}

/* Of the address: the port may be left out, and IPv6 needs brackets for it. */
static int
peer_split(struct epeer *p)
{
	const char	*errstr;
	char		*host, *port;

	free(p->host);
	p->port = PEER_PORT;
	if ((p->host = strdup(p->address)) == NULL ||
	    fmt_hostport(p->host, &host, &port) == -1)
		return (-1);
	if (port != NULL) {
		p->port = strtonum(port, 1, UINT16_MAX, &errstr);
		if (errstr != NULL)
			return (-1);
	}
	memmove(p->host, host, strlen(host) + 1);
	return (strlen(p->host) < HOST_MAX ? 0 : -1);
}

/* Takes the reference over.  Those from last time have served until now. */
static void
peer_addrs(struct epeer *p, struct addrs *as)
{
	addrs_unref(p->addrs);
	p->addrs = as;
	p->next = 0;
	peer_next(p);
}

static void
peer_resolved(struct addrs *addrs, const char *err, void *arg)
{
	struct epeer	*p = arg;

	evtimer_del(&p->retry);
	if (addrs == NULL) {
		snprintf(p->why, sizeof(p->why), "resolve %s: %s", p->host,
		    err);
		peer_down(p, p->why);
		return;
	}
	peer_addrs(p, addrs_ref(addrs));
}

/* Until one address does not fail at once. */
static void
peer_next(struct epeer *p)
{
	while (p->next < p->addrs->n)
		if (peer_try(p, p->addrs->a[p->next++]) == 0)
			return;
	peer_down(p, p->why);
}

static int
peer_try(struct epeer *p, struct addr a)
{
	int	 fd;

	addr_setport(&a, p->port);
	fd = socket(a.u.sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		peer_why(p, strerror(errno));
		return (-1);
	}
	if (connect(fd, &a.u.sa, addr_len(&a)) == -1 &&
	    errno != EINPROGRESS) {
		peer_why(p, strerror(errno));
		close(fd);
		return (-1);
	}
	p->head.peer = p->id;
	p->head.gen = p->gen;
	frame_init(&p->link.in, &p->head, sizeof(p->head));
	link_start(&p->link, fd, 0, LINK_CONNECT,
	    mono_add(mono_now(), CONNECT_TIME), &link_dialled, &ops);
	return (0);
}

/* Time to try again, or too much of it went by while resolving. */
static void
peer_timer(int fd, short events, void *arg)
{
	struct epeer	*p = arg;

	(void)fd;
	(void)events;
	if (p->trying) {
		snprintf(p->why, sizeof(p->why), "resolve %s: no answer",
		    p->host);
		peer_down(p, p->why);
	} else if (p->dial && !p->up)
		peer_dial(p);
}

static void
peer_arm(struct epeer *p, struct monotime wait)
{
	struct timeval	 tv;

	tv = mono_tv(wait);
	evtimer_add(&p->retry, &tv);
}

/* Ends it for a reason of ours. */
static void
peer_hang_up(struct epeer *p, const char *why)
{
	link_close(&p->link);
	if (p->up || p->trying)
		peer_down(p, why);
	evtimer_del(&p->retry);
	if (p->dial)
		peer_arm(p, MONO_MSEC(p->backoff));
}

/* To quorum, and when to try again. */
static void
peer_down(struct epeer *p, const char *why)
{
	struct mesh_frame	 m = { .peer = p->id, .gen = p->gen };
	struct ibuf		*buf;
	char			 text[256];

	/* A connection that was good for a while owes nothing to the past. */
	if (p->up && mono_cmp(mono_sub(mono_now(), p->since),
	    STEADY_TIME) >= 0)
		p->backoff = BACKOFF_MIN;
	resolve_cancel(&p->lookup);
	evtimer_del(&p->retry);
	p->up = p->trying = 0;
	fmt_vis(why, text, sizeof(text));
	log_debug("peer %s: %s", p->name, text);
	if ((buf = ibuf_dynamic(512, MESH_MAXSIZE)) == NULL ||
	    ibuf_add(buf, &m, sizeof(m)) == -1 ||
	    pack_string(buf, text) == -1)
		fatal(NULL);
	engine_send(IMSG_MESH_DOWN, buf);
	if (!p->dial)
		return;
	peer_arm(p, MONO_MSEC(p->backoff * 3 / 4 +
	    arc4random_uniform(p->backoff / 2)));
	p->backoff *= 2;
	if (p->backoff > BACKOFF_MAX)
		p->backoff = BACKOFF_MAX;
}

static const char *
peer_open(struct link *l)
{
	struct epeer	*p;
	struct mesh_up	 up;
	struct addr	 a;
	struct ibuf	*buf;
	char		 text[ADDR_STRLEN], cn[256];
	const char	*why;

	p = (struct epeer *)((char *)l - offsetof(struct epeer, link));
	if ((why = peer_pin(p)) != NULL)
		return (why);
	a = p->addrs->a[p->next - 1];
	addr_setport(&a, p->port);
	memset(&up, 0, sizeof(up));
	up.peer = p->id;
	up.gen = p->gen;
	up.not_after = l->info.not_after;
	up.quptimed = l->quptimed != 0;
	if ((buf = ibuf_dynamic(512, MESH_MAXSIZE)) == NULL ||
	    ibuf_add(buf, &up, sizeof(up)) == -1 ||
	    pack_string(buf, l->info.cn) == -1 ||
	    pack_string(buf, addr_format(&a, text, sizeof(text))) == -1)
		fatal(NULL);
	p->up = 1;
	p->trying = 0;
	p->since = mono_now();
	p->got[0] = '\0';
	log_debug("peer %s: connected to %s, cn %s%s", p->name, text,
	    fmt_vis(l->info.cn, cn, sizeof(cn)),
	    l->quptimed ? ", quptimed" : "");
	engine_send(IMSG_MESH_UP, buf);
	return (NULL);
}

/* Told once for each key that is not the right one. */
static const char *
peer_pin(struct epeer *p)
{
	static char	 text[256];

	if (p->fingerprint[0] != '\0' &&
	    strcmp(p->link.info.fingerprint, p->fingerprint) == 0)
		return (NULL);
	snprintf(text, sizeof(text), "fingerprint mismatch: got %s want %s",
	    p->link.info.fingerprint, p->fingerprint);
	if (strcmp(p->got, p->link.info.fingerprint) != 0) {
		strlcpy(p->got, p->link.info.fingerprint, sizeof(p->got));
		log_warnx("peer %s: %s", p->name, text);
	}
	/* Of several addresses' reasons this is the one to tell. */
	strlcpy(p->why, text, sizeof(p->why));
	return (text);
}

static const char *
peer_frame(struct link *l, struct ibuf *buf)
{
	(void)l;
	engine_send(IMSG_MESH_ANSWER, buf);
	return (NULL);
}

static void
peer_end(struct link *l, const char *why)
{
	struct epeer	*p;

	p = (struct epeer *)((char *)l - offsetof(struct epeer, link));
	if (p->up) {
		peer_down(p, why);
		return;
	}
	if (strncmp(p->why, "fingerprint", 11) != 0)
		peer_why(p, why);
	peer_next(p);
}

/* Of the address that was tried last. */
static void
peer_why(struct epeer *p, const char *why)
{
	struct addr	 a = p->addrs->a[p->next - 1];
	char		 to[ADDR_STRLEN], text[256];

	addr_setport(&a, p->port);
	snprintf(text, sizeof(text), "%s: %s",
	    addr_format(&a, to, sizeof(to)), why);
	strlcpy(p->why, text, sizeof(p->why));
}

static int
id_cmp(const struct epeer *a, const struct epeer *b)
{
	return (a->id < b->id ? -1 : a->id > b->id);
}

static int
key_cmp(const struct epeer *a, const struct epeer *b)
{
	int	 rc;

	if ((rc = strcmp(a->fingerprint, b->fingerprint)) != 0)
		return (rc);
	/* The latest first. */
	return (a->order > b->order ? -1 : a->order < b->order);
}

RB_GENERATE(epeer_ids, epeer, by_id, id_cmp)
RB_GENERATE(epeer_keys, epeer, by_key, key_cmp)
