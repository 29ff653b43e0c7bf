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

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pack.h"
#include "parent.h"

/*
 * Clients of the control socket.  Requests go to quorum unread, marked with a
 * number that is given here; rows come back with that number.  What is checked
 * is who asks, for what kind of thing, and how long the request is.
 */

#define ACCEPT_PAUSE	1		/* seconds without descriptors */
#define SWEEP_INTERVAL	5		/* seconds */
#define IDLE_LIMIT	MONO_SEC(30)	/* without a request */
#define STALL_LIMIT	MONO_SEC(60)	/* without reading the answer */
#define NAME_LEN_MAX	512		/* a name or id, packed */
#define LIST_LEN_MAX	(64 * 1024)	/* MAX_LIST addresses, packed */

enum right {
	MAY_SHOW,
	MAY_CHANGE
};

struct client {
	LIST_ENTRY(client)	 entry;
	struct imsgbuf		 ibuf;
	struct event		 ev;
	struct monotime		 active;	/* last progress */
	uint32_t		 id;
	enum right		 right;
	int			 hello;		/* versions are equal */
	int			 busy;		/* an answer is due */
	int			 begun;		/* a change of several parts */
	int			 xoff;		/* quorum was told to wait */
	const char		*note;		/* see control_note() */
	short			 events;
};

struct request {
	uint32_t	 type;
	enum right	 right;
	size_t		 minlen;
	size_t		 maxlen;
	/* NULL: for quorum */
	void		(*handler)(struct client *, struct imsg *);
};

static void	 control_accept(int, short, void *);
static void	 control_resume(int, short, void *);
static void	 control_sweep(int, short, void *);
static void	 refuse(int, const char *);
static void	 queue_result(struct imsgbuf *, const struct ctl_result *,
		    const char *);
static void	 relay_noted(struct client *, struct imsg *);
static void	 client_event(int, short, void *);
static void	 client_arm(struct client *);
static int	 client_request(struct client *, struct imsg *);
static int	 client_hello(struct client *, struct imsg *);
static int	 client_drop(struct client *, const char *);
static void	 client_free(struct client *);
static struct client
		*client_find(uint32_t);
static enum right
		 client_right(int);
static void	 show_procs(struct client *, struct imsg *);
static void	 reload(struct client *, struct imsg *);
static void	 set_log(struct client *, struct imsg *);

static const struct request	 requests[] = {
	{ IMSG_CTL_SHOW_STATUS, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_CHECKS, MAY_SHOW, 0, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_SHOW_ALERTS, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_PEERS, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_TOKENS, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_TRUST, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_RESOLVERS, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_SHOW_CONFIG, MAY_CHANGE, 0, 0, NULL },
	{ IMSG_CTL_SHOW_PROCS, MAY_SHOW, 0, 0, show_procs },
	{ IMSG_CTL_MONITOR, MAY_SHOW, 0, 0, NULL },
	{ IMSG_CTL_MUTATE, MAY_CHANGE, sizeof(struct ctl_mutate),
	    CTL_MAXSIZE, NULL },
	{ IMSG_CTL_APPLY, MAY_CHANGE, sizeof(struct ctl_apply),
	    CTL_MAXSIZE, NULL },
	{ IMSG_CTL_UPGRADE, MAY_CHANGE, 0, 0, NULL },
	{ IMSG_CTL_RESOLVERS, MAY_CHANGE, sizeof(uint32_t),
	    LIST_LEN_MAX, NULL },
	{ IMSG_CTL_TRUST_REMOVE, MAY_CHANGE, 1, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_ENROLL_CREATE, MAY_CHANGE, sizeof(struct ctl_enroll) + 1,
	    sizeof(struct ctl_enroll) + NAME_LEN_MAX, NULL },
	{ IMSG_CTL_ENROLL_APPROVE, MAY_CHANGE, 1, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_ENROLL_REVOKE, MAY_CHANGE, 1, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_JOIN, MAY_CHANGE, 2, CTL_MAXSIZE, NULL },
	{ IMSG_CTL_ALERT_TEST, MAY_CHANGE, 1, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_CHECK_TEST, MAY_CHANGE, 2, NAME_LEN_MAX, NULL },
	{ IMSG_CTL_RELOAD, MAY_CHANGE, 0, 0, reload },
	{ IMSG_CTL_LOG, MAY_CHANGE, sizeof(int32_t), sizeof(int32_t),
	    set_log }
};

static LIST_HEAD(, client)	 clients = LIST_HEAD_INITIALIZER(clients);
static unsigned int		 nclients;
static struct event		 accept_ev, resume_ev, sweep_ev;
static struct parent		*parent;
static int			 control_fd = -1;
static int			 paused;	/* told once */
static uint32_t			 last_id;

void
control_init(struct parent *p, int fd)
{
	struct timeval	 tv = { SWEEP_INTERVAL, 0 };

	parent = p;
	control_fd = fd;
	event_set(&accept_ev, fd, EV_READ | EV_PERSIST, control_accept, NULL);
	event_add(&accept_ev, NULL);
	evtimer_set(&resume_ev, control_resume, NULL);
	evtimer_set(&sweep_ev, control_sweep, NULL);
	evtimer_add(&sweep_ev, &tv);
}

void
control_stop(void)
{
	struct client	*c;

	while ((c = LIST_FIRST(&clients)) != NULL)
		client_free(c);
	if (control_fd == -1)
		return;
	event_del(&accept_ev);
	evtimer_del(&resume_ev);
	evtimer_del(&sweep_ev);
	close(control_fd);
	control_fd = -1;
}

static void
control_accept(int fd, short event, void *arg)
{
	struct timeval	 tv = { ACCEPT_PAUSE, 0 };
	struct client	*c;
	int		 cfd;

	(void)event;
	(void)arg;
	cfd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (cfd == -1) {
		if (errno != EMFILE && errno != ENFILE)
			return;
		if (!paused)
			log_warn("control socket");
		paused = 1;
		event_del(&accept_ev);
		evtimer_add(&resume_ev, &tv);
		return;
	}
	paused = 0;
	if (nclients == CTL_CLIENTS) {
		refuse(cfd, "too many clients");
		return;
	}
	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    imsgbuf_init(&c->ibuf, cfd) == -1 ||
	    imsgbuf_set_maxsize(&c->ibuf, CTL_MAXSIZE) == -1) {
		log_warn("control client");
		free(c);
		close(cfd);
		return;
	}
	/* 0 stands for no client; after four thousand million it is reused. */
	do {
		last_id++;
	} while (last_id == 0 || client_find(last_id) != NULL);
	c->id = last_id;
	c->right = client_right(cfd);
	c->active = mono_now();
	LIST_INSERT_HEAD(&clients, c, entry);
	nclients++;
	client_arm(c);
}

static void
control_resume(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	event_add(&accept_ev, NULL);
}

/* Clients that do nothing must not keep others out. */
static void
control_sweep(int fd, short event, void *arg)
{
	struct timeval	 tv = { SWEEP_INTERVAL, 0 };
	struct client	*c, *next;
	struct monotime	 idle, now = mono_now();

	(void)fd;
	(void)event;
	(void)arg;
	for (c = LIST_FIRST(&clients); c != NULL; c = next) {
		next = LIST_NEXT(c, entry);
		idle = mono_sub(now, c->active);
		if (imsgbuf_queuelen(&c->ibuf) > 0) {
			if (mono_cmp(idle, STALL_LIMIT) >= 0)
				client_drop(c, "does not read its answer");
		} else if (!c->busy && mono_cmp(idle, IDLE_LIMIT) >= 0)
			client_drop(c, "asks nothing");
	}
	evtimer_add(&sweep_ev, &tv);
}

/* Root and whoever runs the daemon; the socket's mode lets others look. */
static enum right
client_right(int fd)
{
	uid_t	 uid;
	gid_t	 gid;

	if (getpeereid(fd, &uid, &gid) == -1)
		return (MAY_SHOW);
	return (uid == 0 || uid == parent->owner ? MAY_CHANGE : MAY_SHOW);
}

/* One answer to somebody who does not become a client. */
static void
refuse(int fd, const char *text)
{
	struct ctl_result	 r;
	struct imsgbuf		 ibuf;

	memset(&r, 0, sizeof(r));
	r.code = CTL_REFUSED;
	if (imsgbuf_init(&ibuf, fd) != -1) {
		queue_result(&ibuf, &r, text);
		(void)imsgbuf_write(&ibuf);
		imsgbuf_clear(&ibuf);
	}
	close(fd);
}

static void
client_arm(struct client *c)
{
	short	 events = EV_READ;

	if (imsgbuf_queuelen(&c->ibuf) > 0)
		events |= EV_WRITE;
	if (events == c->events)
		return;
	if (c->events != 0)
		event_del(&c->ev);
	c->events = events;
	event_set(&c->ev, c->ibuf.fd, events | EV_PERSIST, client_event, c);
	event_add(&c->ev, NULL);
}

static void
client_event(int fd, short event, void *arg)
{
	struct client	*c = arg;
	struct imsg	 imsg;
	size_t		 before;
	int		 n, alive = 1;

	(void)fd;
	if (event & EV_WRITE) {
		before = imsgbuf_queuesize(&c->ibuf);
		if (imsgbuf_write(&c->ibuf) == -1) {
			client_free(c);
			return;
		}
		if (imsgbuf_queuesize(&c->ibuf) < before)
			c->active = mono_now();
		if (c->xoff && imsgbuf_queuesize(&c->ibuf) < CTL_LOW_MARK) {
			c->xoff = 0;
			ipc_send(&parent->ipc[PROC_QUORUM], IMSG_CTL_XON,
			    c->id, NULL, 0);
		}
	}
	if (event & EV_READ) {
		if ((n = imsgbuf_read(&c->ibuf)) == 0) {
			client_free(c);
			return;
		}
		if (n == -1) {
			client_drop(c, "sent what is no message");
			return;
		}
		while (alive && (n = imsgbuf_get(&c->ibuf, &imsg)) == 1) {
			alive = client_request(c, &imsg);
			imsg_free(&imsg);
		}
		if (!alive)
			return;
		if (n == -1) {
			client_drop(c, "sent what is no message");
			return;
		}
	}
	client_arm(c);
}

/* Whether the client is still there after it. */
static int
client_request(struct client *c, struct imsg *imsg)
{
	const struct request	*r;
	uint32_t		 type = imsg_get_type(imsg);
	size_t			 i, len = imsg_get_len(imsg);

	c->active = mono_now();
	/* Who does not read what came before must not make it grow. */
	if (c->busy || imsgbuf_queuelen(&c->ibuf) > 0)
		return (client_drop(c, "asks before it is answered"));
	if (!c->hello)
		return (client_hello(c, imsg));
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].type == type)
			break;
	if (i == sizeof(requests) / sizeof(requests[0]))
		return (client_drop(c, "asks what is no request"));
	r = &requests[i];
	if (len < r->minlen || len > r->maxlen)
		return (client_drop(c, "sent a request of a wrong length"));
	c->busy = 1;
	c->begun |= type == IMSG_CTL_APPLY;
	if (c->right < r->right) {
		control_result(c->id, CTL_DENIED, "permission denied: only "
		    "root and the daemon's owner may change things");
		return (1);
	}
	if (r->handler != NULL)
		r->handler(c, imsg);
	else
		ipc_send(&parent->ipc[PROC_QUORUM], type, c->id, imsg->data,
		    len);
	return (1);
}

static int
client_hello(struct client *c, struct imsg *imsg)
{
	uint32_t	 version;

	if (imsg_get_type(imsg) != IMSG_CTL_HELLO ||
	    imsg_get_data(imsg, &version, sizeof(version)) == -1)
		return (client_drop(c, "did not say its version"));
	if (version != CTL_VERSION) {
		c->busy = 1;
		control_result(c->id, CTL_REFUSED, "quptimectl and quptimed "
		    "are of different versions");
		return (1);
	}
	c->hello = 1;
	return (1);
}

/* Returns 0: it is gone. */
static int
client_drop(struct client *c, const char *why)
{
	log_warnx("control client %u %s: dropped", c->id, why);
	client_free(c);
	return (0);
}

static void
client_free(struct client *c)
{
	if ((c->busy || c->begun) && !parent->stopping)
		ipc_send(&parent->ipc[PROC_QUORUM], IMSG_CTL_CLOSE, c->id,
		    NULL, 0);
	event_del(&c->ev);
	close(c->ibuf.fd);
	imsgbuf_clear(&c->ibuf);
	LIST_REMOVE(c, entry);
	nclients--;
	free(c);
}

static struct client *
client_find(uint32_t id)
{
	struct client	*c;

	LIST_FOREACH(c, &clients, entry)
		if (c->id == id)
			return (c);
	return (NULL);
}

void
control_relay(struct ipc *ipc, struct imsg *imsg)
{
	struct client	*c;

	/* Who has left meanwhile is nobody's fault. */
	if ((c = client_find(imsg_get_id(imsg))) == NULL)
		return;
	if (imsg_get_type(imsg) == IMSG_CTL_RESULT && c->note != NULL)
		relay_noted(c, imsg);
	else if (imsg_forward(&c->ibuf, imsg) == -1) {
		client_drop(c, "cannot be answered");
		return;
	}
	if (imsg_get_type(imsg) == IMSG_CTL_RESULT) {
		c->busy = 0;
		c->xoff = 0;
		c->note = NULL;
		c->active = mono_now();
	} else if (!c->xoff &&
	    imsgbuf_queuesize(&c->ibuf) > CTL_HIGH_MARK) {
		c->xoff = 1;
		ipc_send(ipc, IMSG_CTL_XOFF, c->id, NULL, 0);
	}
	client_arm(c);
}

void
control_result(uint32_t id, enum ctl_code code, const char *text)
{
	struct ctl_result	 r;
	struct client		*c;

	if ((c = client_find(id)) == NULL)
		return;
	memset(&r, 0, sizeof(r));
	r.code = code;
	queue_result(&c->ibuf, &r, text);
	c->busy = 0;
	client_arm(c);
}

void
control_note(uint32_t id, const char *note)
{
	struct client	*c;

	if ((c = client_find(id)) != NULL)
		c->note = note;
}

static void
relay_noted(struct client *c, struct imsg *imsg)
{
	struct ctl_result	 r;
	struct ibuf		 buf;
	char			 text[2048], *said;

	if (imsg_get_ibuf(imsg, &buf) == -1 ||
	    ibuf_get(&buf, &r, sizeof(r)) == -1 ||
	    (said = unpack_string(&buf, CTL_MAXSIZE)) == NULL)
		fatalx("IMSG_CTL_RESULT: malformed");
	snprintf(text, sizeof(text), "%s%s%s", said, *said != '\0' ? "; " : "",
	    c->note);
	free(said);
	queue_result(&c->ibuf, &r, text);
}

static void
queue_result(struct imsgbuf *ibuf, const struct ctl_result *r,
    const char *text)
{
	struct ibuf	*buf;

	buf = imsg_create(ibuf, IMSG_CTL_RESULT, 0, 0, sizeof(*r));
	if (buf == NULL || ibuf_add(buf, r, sizeof(*r)) == -1 ||
	    pack_string(buf, text) == -1) {
		log_warn("control client");
		ibuf_free(buf);
		return;
	}
	imsg_close(ibuf, buf);
}

static void
show_procs(struct client *c, struct imsg *imsg)
{
	struct ctl_proc	 row;
	int		 i;

	(void)imsg;
	for (i = 0; i < PROC_COUNT; i++) {
		memset(&row, 0, sizeof(row));
		row.proc = i;
		row.pid = i == PROC_PARENT ? getpid() : parent->pid[i];
		if (imsg_compose(&c->ibuf, IMSG_CTL_PROC, 0, 0, -1, &row,
		    sizeof(row)) == -1)
			log_warn("control client");
	}
	control_result(c->id, CTL_OK, "");
}

static void
reload(struct client *c, struct imsg *imsg)
{
	(void)imsg;
	parent_reload(parent, c->id);
}

static void
set_log(struct client *c, struct imsg *imsg)
{
	int32_t	 verbose;
	int	 i;

	if (imsg_get_data(imsg, &verbose, sizeof(verbose)) == -1)
		return;
	log_setverbose(verbose != 0);
	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++)
		ipc_send(&parent->ipc[i], IMSG_LOG_VERBOSE, 0, &verbose,
		    sizeof(verbose));
	control_result(c->id, CTL_OK, verbose ? "logging verbosely" :
	    "logging briefly");
}
