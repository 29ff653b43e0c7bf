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

#include "config.h"

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

#if HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

#include "engine.h"
#include "fmt.h"
#include "pack.h"

/*
 * Connections of others: requests to quorum, replies back.  Who has no key of
 * a peer's is a stranger, and of those there are never more than a few: the
 * oldest makes room for the newest, so that a peer always gets in.
 */

#define STRANGERS_MAX	128		/* and handshakes under way */
#define PEER_CONNS	4		/* of one peer */
#define HANDSHAKE_TIME	MONO_SEC(5)
#define ACCEPT_ROUND	8		/* then others have a turn */
#define ACCEPT_WAITING	32		/* handshake steps to be done first */
#define ACCEPT_PAUSE	1		/* seconds without descriptors */
#define TRIM_AFTER	64		/* strangers that have gone */
#define TRIM_WAIT	2		/* seconds, then memory goes back */
#define SAY_TICK	5		/* seconds */
#define GHOSTS		64		/* conns gone before the reply came */
#define HEAD_SIZE	1024

struct answer {
	TAILQ_ENTRY(answer)	 entry;
	uint32_t		 seq;
	uint32_t		 flags;
	struct ibuf		*frame;		/* NULL: not yet here */
};

struct inbound {
	TAILQ_ENTRY(inbound)	 entry;		/* strangers or a peer's */
	RB_ENTRY(inbound)	 by_id;
	struct link		 link;
	struct epeer		*peer;		/* NULL: (still) a stranger */
	struct addr		 from;
	uint32_t		 id;
	uint32_t		 seq;
	TAILQ_HEAD(, answer)	 answers;
	unsigned int		 nanswers;
	unsigned char		*head;		/* of its frames */
	int			 leaving;	/* a member no more */
};

/* Whom a late reply may complain of. */
struct ghost {
	uint32_t		 id;
	struct addr		 from;
};

RB_HEAD(inbound_ids, inbound);

static int		 inbound_cmp(const struct inbound *,
			    const struct inbound *);
static void		 inbound_accept(int, short, void *);
static int		 inbound_accept_one(int);
static void		 inbound_resume(int, short, void *);
static int		 inbound_welcome(const struct addr *);
static struct inbound	*inbound_new(const struct addr *);
static void		 inbound_evict(void);
static void		 inbound_free(struct inbound *);
static const char	*inbound_open(struct link *);
static int		 inbound_head(struct inbound *);
static void		 inbound_pin(struct inbound *, struct epeer *);
static void		 inbound_unpin(struct inbound *);
static const char	*inbound_frame(struct link *, struct ibuf *);
static void		 inbound_end(struct link *, const char *);
static void		 inbound_flush(struct inbound *);
static void		 inbound_limit(struct inbound *);
static struct inbound	*inbound_of(struct link *);
static void		 complain(const struct addr *, const struct epeer *,
			    const char *);
static void		 complain_late(int, short, void *);
static void		 complain_line(const char *, unsigned int);
static void		 ghost_add(const struct inbound *);
static void		 trim_later(void);
static void		 trim(int, short, void *);

RB_PROTOTYPE(inbound_ids, inbound, by_id, inbound_cmp)

static const struct link_ops	 ops = {
	inbound_open, inbound_frame, inbound_end
};
static struct inbound_ids	 ids = RB_INITIALIZER(&ids);
static struct inbounds		 strangers = TAILQ_HEAD_INITIALIZER(strangers);
static unsigned int		 nstrangers;
static uint32_t			 last_id;
static struct event		 accept_ev, resume_ev, say_ev, trim_ev;
static int			 listen_fd = -1;
static int			 paused;	/* told once */
static int			 saying;
static unsigned int		 ngone;
static struct ghost		 ghosts[GHOSTS];
static unsigned int		 nghosts;
static struct limits		*limits;

void
inbound_init(int fd)
{
	listen_fd = fd;
	if ((limits = limits_new(LIMIT_ADDRS)) == NULL)
		fatal(NULL);
	event_set(&accept_ev, fd, EV_READ | EV_PERSIST, inbound_accept, NULL);
	event_priority_set(&accept_ev, PRIO_STRANGER);
	event_add(&accept_ev, NULL);
	evtimer_set(&resume_ev, inbound_resume, NULL);
	evtimer_set(&say_ev, complain_late, NULL);
	evtimer_set(&trim_ev, trim, NULL);
}

void
inbound_shutdown(void)
{
	struct inbound	*c;

	while ((c = RB_MIN(inbound_ids, &ids)) != NULL)
		inbound_free(c);
	if (listen_fd != -1)
		close(listen_fd);
	limits_free(limits);
}

static void
inbound_accept(int fd, short event, void *arg)
{
	struct timeval	 tv = { ACCEPT_PAUSE, 0 };
	struct timeval	 soon = { 0, 1000 };
	int		 i;

	(void)event;
	(void)arg;
	for (i = 0; i < ACCEPT_ROUND; i++) {
		/* Those who are in come first; the kernel keeps the others. */
		if (links_waiting() >= ACCEPT_WAITING) {
			event_del(&accept_ev);
			evtimer_add(&resume_ev, &soon);
			return;
		}
		if (inbound_accept_one(fd) == 0)
			continue;
		if (errno == EMFILE || errno == ENFILE) {
			if (!paused)
				log_warn("accepting connections");
			paused = 1;
			event_del(&accept_ev);
			evtimer_add(&resume_ev, &tv);
		}
		return;
	}
}

/* 0, or -1 with errno. */
static int
inbound_accept_one(int fd)
{
	struct inbound	*c;
	struct addr	 from;
	socklen_t	 len = sizeof(from);
	int		 cfd;

	memset(&from, 0, sizeof(from));
	cfd = accept4(fd, &from.u.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (cfd == -1)
		return (errno == ECONNABORTED || errno == EINTR ? 0 : -1);
	paused = 0;
	addr_unmap(&from);
	addr_setport(&from, 0);
	if (!inbound_welcome(&from)) {
		close(cfd);
		return (0);
	}
	if (nstrangers >= STRANGERS_MAX)
		inbound_evict();
	if ((c = inbound_new(&from)) == NULL) {
		close(cfd);
		return (0);
	}
	link_start(&c->link, cfd, 1, LINK_HANDSHAKE,
	    mono_add(mono_now(), HANDSHAKE_TIME), &link_stranger, &ops);
	return (0);
}

static void
inbound_resume(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	event_add(&accept_ev, NULL);
}

/* A peer that is not here may share its address with somebody noisy. */
static int
inbound_welcome(const struct addr *from)
{
	if (limits_left(limits, from, mono_now()) || peer_expected(from))
		return (1);
	complain(from, NULL, "too many connections");
	return (0);
}

static struct inbound *
inbound_new(const struct addr *from)
{
	struct inbound	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (NULL);
	TAILQ_INIT(&c->answers);
	c->from = *from;
	c->link.favoured = peer_expected(from);
	do
		c->id = ++last_id;
	while (RB_INSERT(inbound_ids, &ids, c) != NULL);
	TAILQ_INSERT_TAIL(&strangers, c, entry);
	nstrangers++;
	return (c);
}

/*
 * The oldest, but rather one that is not from where a peer is awaited, nor one
 * whose handshake is about to go on.
 */
static void
inbound_evict(void)
{
	struct inbound	*c, *victim = NULL;

	TAILQ_FOREACH(c, &strangers, entry) {
		if (c->link.queued)
			continue;
		if (victim == NULL)
			victim = c;
		if (!c->link.favoured) {
			victim = c;
			break;
		}
	}
	if (victim == NULL)
		victim = TAILQ_FIRST(&strangers);
	/* Who got as far as a reply has paid already. */
	if (victim->link.state == LINK_HANDSHAKE && !victim->link.favoured)
		(void)limits_take(limits, &victim->from, mono_now());
	inbound_free(victim);
}

static void
inbound_free(struct inbound *c)
{
	struct answer	*a;

	if (c->nanswers > 0 && c->peer == NULL)
		ghost_add(c);
	link_close(&c->link);
	while ((a = TAILQ_FIRST(&c->answers)) != NULL) {
		TAILQ_REMOVE(&c->answers, a, entry);
		ibuf_free(a->frame);
		free(a);
	}
	RB_REMOVE(inbound_ids, &ids, c);
	if (c->peer != NULL) {
		TAILQ_REMOVE(&c->peer->inbounds, c, entry);
		c->peer->ninbounds--;
	} else {
		TAILQ_REMOVE(&strangers, c, entry);
		nstrangers--;
		trim_later();
	}
	free(c->head);
	free(c);
}

static const char *
inbound_open(struct link *l)
{
	struct inbound	*c = inbound_of(l);
	struct epeer	*p;

	if (inbound_head(c) == -1)
		return ("out of memory");
	if ((p = peer_by_key(l->info.fingerprint)) != NULL) {
		inbound_pin(c, p);
		return (NULL);
	}
	(void)limits_take(limits, &c->from, mono_now());
	return (NULL);
}

/* What stands in front of each of its requests; the numbers come later. */
static int
inbound_head(struct inbound *c)
{
	static const struct mesh_request	 none;
	const struct certinfo			*info = &c->link.info;
	struct ibuf				*buf;
	char					 from[ADDR_STRLEN];
	size_t					 len;

	if ((buf = ibuf_dynamic(256, HEAD_SIZE)) == NULL)
		return (-1);
	addr_format(&c->from, from, sizeof(from));
	if (ibuf_add(buf, &none, sizeof(none)) == -1 ||
	    pack_string(buf, info->cn) == -1 ||
	    pack_string(buf, info->fingerprint) == -1 ||
	    pack_string(buf, from) == -1 ||
	    (c->head = malloc(len = ibuf_size(buf))) == NULL) {
		ibuf_free(buf);
		return (-1);
	}
	memcpy(c->head, ibuf_data(buf), len);
	ibuf_free(buf);
	frame_init(&c->link.in, c->head, len);
	return (0);
}

static void
inbound_pin(struct inbound *c, struct epeer *p)
{
	struct inbound	*other;

	TAILQ_REMOVE(&strangers, c, entry);
	nstrangers--;
	/* Rather the oldest that is doing nothing. */
	if (p->ninbounds >= PEER_CONNS) {
		TAILQ_FOREACH(other, &p->inbounds, entry)
			if (other->nanswers == 0 &&
			    !frame_begun(&other->link.in))
				break;
		inbound_free(other != NULL ? other :
		    TAILQ_FIRST(&p->inbounds));
	}
	c->peer = p;
	TAILQ_INSERT_TAIL(&p->inbounds, c, entry);
	p->ninbounds++;
	p->last = c->from;
	p->has_last = 1;
	link_become(&c->link, &link_inbound);
	inbound_limit(c);
	peer_seen(p);
}

static const char *
inbound_frame(struct link *l, struct ibuf *buf)
{
	struct inbound		*c = inbound_of(l);
	struct mesh_request	 m;
	struct answer		*a;

	if (c->peer == NULL &&
	    !limits_take(limits, &c->from, mono_now())) {
		ibuf_free(buf);
		return ("too many requests");
	}
	if ((a = calloc(1, sizeof(*a))) == NULL) {
		ibuf_free(buf);
		return ("out of memory");
	}
	memset(&m, 0, sizeof(m));
	m.conn = c->id;
	m.seq = a->seq = ++c->seq;
	m.peer = c->peer != NULL ? c->peer->id : MESH_STRANGER;
	m.quptimed = l->quptimed != 0;
	ibuf_set(buf, 0, &m, sizeof(m));
	TAILQ_INSERT_TAIL(&c->answers, a, entry);
	c->nanswers++;
	inbound_limit(c);
	engine_send(IMSG_MESH_REQUEST, buf);
	return (NULL);
}

/* With so many requests unanswered it has to wait. */
static void
inbound_limit(struct inbound *c)
{
	c->link.busy = c->nanswers > 0;
	c->link.deaf = c->nanswers >= (c->peer != NULL ? MESH_PENDING : 1);
}

static void
inbound_end(struct link *l, const char *why)
{
	struct inbound	*c = inbound_of(l);
	char		 from[ADDR_STRLEN];

	log_debug("%s %s: %s", c->peer != NULL ? c->peer->name : "stranger",
	    addr_format(&c->from, from, sizeof(from)), why);
	if (c->peer == NULL && c->head == NULL)
		(void)limits_take(limits, &c->from, mono_now());
	if (strncmp(why, "closed", 6) != 0 && strcmp(why, "idle") != 0)
		complain(&c->from, c->peer, why);
	inbound_free(c);
}

void
inbound_reply(struct ipc *ipc, struct imsg *imsg)
{
	struct mesh_reply	 m;
	struct inbound		 key, *c;
	struct answer		*a;
	struct ibuf		 body;
	unsigned int		 i;

	(void)ipc;
	if (imsg_get_ibuf(imsg, &body) == -1 ||
	    ibuf_get(&body, &m, sizeof(m)) == -1 ||
	    m.why[sizeof(m.why) - 1] != '\0' || ibuf_size(&body) > FRAME_MAX)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	key.id = m.conn;
	if ((c = RB_FIND(inbound_ids, &ids, &key)) == NULL) {
		for (i = 0; m.flags & MESH_COMPLAIN && i < GHOSTS; i++)
			if (ghosts[i].id == m.conn)
				complain(&ghosts[i].from, NULL, m.why);
		return;
	}
	if (m.flags & MESH_COMPLAIN)
		complain(&c->from, c->peer, m.why);
	TAILQ_FOREACH(a, &c->answers, entry)
		if (a->seq == m.seq && a->frame == NULL)
			break;
	if (a == NULL)
		return;
	a->flags = m.flags;
	if ((a->frame = frame_make(&body)) == NULL) {
		log_warn("reply");
		inbound_free(c);
		return;
	}
	inbound_flush(c);
}

/* In the order of the requests, but for those that need not wait. */
static void
inbound_flush(struct inbound *c)
{
	struct answer	*a, *next;
	int		 waits = 0;

	for (a = TAILQ_FIRST(&c->answers); a != NULL; a = next) {
		next = TAILQ_NEXT(a, entry);
		if (a->frame == NULL)
			waits = 1;
		if (a->frame == NULL ||
		    (waits && !(a->flags & MESH_UNORDERED)))
			continue;
		TAILQ_REMOVE(&c->answers, a, entry);
		c->nanswers--;
		link_send(&c->link, a->frame);
		if (a->flags & MESH_CLOSE ||
		    (c->leaving && c->nanswers == 0))
			c->link.closing = 1;
		free(a);
	}
	inbound_limit(c);
	link_update(&c->link);
}

void
inbound_adopt(struct epeer *p)
{
	struct inbound	*c, *next;

	if (p->fingerprint[0] == '\0')
		return;
	TAILQ_FOREACH_SAFE(c, &strangers, entry, next)
		if (!c->leaving && c->link.state == LINK_OPEN &&
		    strcmp(c->link.info.fingerprint, p->fingerprint) == 0)
			inbound_pin(c, p);
}

void
inbound_drop(struct epeer *p)
{
	struct inbound	*c;

	while ((c = TAILQ_FIRST(&p->inbounds)) != NULL)
		if (c->nanswers > 0 && c->link.state == LINK_OPEN)
			inbound_unpin(c);
		else
			inbound_free(c);
}

/*
 * Who is no member any more is heard no more; but who asked for just that is
 * told how it went.
 */
static void
inbound_unpin(struct inbound *c)
{
	TAILQ_REMOVE(&c->peer->inbounds, c, entry);
	c->peer->ninbounds--;
	c->peer = NULL;
	c->leaving = 1;
	TAILQ_INSERT_TAIL(&strangers, c, entry);
	nstrangers++;
	link_become(&c->link, &link_stranger);
	inbound_limit(c);
	link_update(&c->link);
}

void
inbound_relief(void)
{
	struct inbound	*c;

	RB_FOREACH(c, inbound_ids, &ids)
		link_update(&c->link);
}

static struct inbound *
inbound_of(struct link *l)
{
	return ((struct inbound *)((char *)l -
	    offsetof(struct inbound, link)));
}

/* One line per address and minute. */
static void
complain(const struct addr *from, const struct epeer *p, const char *why)
{
	struct timeval	 tv = { SAY_TICK, 0 };
	char		 line[LIMIT_LINE], text[LIMIT_LINE / 2];
	char		 who[ADDR_STRLEN];
	unsigned int	 held;

	addr_format(from, who, sizeof(who));
	fmt_vis(why, text, sizeof(text));
	if (p != NULL)
		snprintf(line, sizeof(line), "peer %s: %s", p->name, text);
	else
		snprintf(line, sizeof(line), "stranger %s: %s", who, text);
	if (limits_say(limits, from, line, mono_now(), &held)) {
		complain_line(line, held);
		return;
	}
	if (saying)
		return;
	saying = 1;
	evtimer_add(&say_ev, &tv);
}

/* Lines that were held back until a minute was over. */
static void
complain_late(int fd, short event, void *arg)
{
	struct timeval	 tv = { SAY_TICK, 0 };
	char		 line[LIMIT_LINE];
	unsigned int	 held;

	(void)fd;
	(void)event;
	(void)arg;
	while (limits_due(limits, mono_now(), line, sizeof(line), &held))
		complain_line(line, held);
	saying = limits_holding(limits);
	if (saying)
		evtimer_add(&say_ev, &tv);
}

static void
complain_line(const char *line, unsigned int held)
{
	if (held > 0)
		log_warnx("%s (and %u more in the last minute)", line, held);
	else
		log_warnx("%s", line);
}

static void
ghost_add(const struct inbound *c)
{
	ghosts[nghosts].id = c->id;
	ghosts[nghosts].from = c->from;
	nghosts = (nghosts + 1) % GHOSTS;
}

/* What a crowd leaves behind goes back to the system. */
static void
trim_later(void)
{
	struct timeval	 tv = { TRIM_WAIT, 0 };

	if (++ngone == TRIM_AFTER)
		evtimer_add(&trim_ev, &tv);
}

static void
trim(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	ngone = 0;
#if HAVE_MALLOC_TRIM
	malloc_trim(0);
#endif
}

static int
inbound_cmp(const struct inbound *a, const struct inbound *b)
{
	return (a->id < b->id ? -1 : a->id > b->id);
}

RB_GENERATE(inbound_ids, inbound, by_id, inbound_cmp)
