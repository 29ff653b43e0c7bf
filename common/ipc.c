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
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "monotime.h"
#include "proc.h"

/* Handled before other channels have their turn. */
#define IPC_ROUND	64

static void	 ipc_event(int, short, void *);
static void	 ipc_write(struct ipc *);
static int	 ipc_read(struct ipc *);
static int	 ipc_dispatch(struct ipc *, int *);
static void	 ipc_handle(struct ipc *, struct imsg *);
static void	 ipc_gone(struct ipc *);
static void	 ipc_disarm(struct ipc *);
static int	 ipc_isopen(const struct ipc *);

static const char	*(*namer)(uint32_t);

void
ipc_set_namer(const char *(*fn)(uint32_t))
{
	namer = fn;
}

void
ipc_init(struct ipc *ipc, int fd, int peer, const struct ipc_rule *rules,
    size_t nrules, const int *phase, uint32_t maxsize, int fdpass)
{
	int	 flags;

	memset(ipc, 0, sizeof(*ipc));
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    imsgbuf_init(&ipc->ibuf, fd) == -1 ||
	    imsgbuf_set_maxsize(&ipc->ibuf, maxsize) == -1)
		fatal("channel to %s", proc_name(peer));
	if (fdpass)
		imsgbuf_allow_fdpass(&ipc->ibuf);
	ipc->peer = peer;
	ipc->rules = rules;
	ipc->nrules = nrules;
	ipc->phase = phase;
	evtimer_set(&ipc->more, ipc_event, ipc);
	ipc_arm(ipc);
}

void
ipc_arm(struct ipc *ipc)
{
	short	 events = EV_READ;

	if (!ipc_isopen(ipc))
		return;
	if (imsgbuf_queuelen(&ipc->ibuf) > 0 && !ipc->deaf)
		events |= EV_WRITE;
	if (events == ipc->events)
		return;
	if (ipc->events != 0)
		event_del(&ipc->ev);
	ipc->events = events;
	event_set(&ipc->ev, ipc->ibuf.fd, events | EV_PERSIST, ipc_event, ipc);
	if (event_add(&ipc->ev, NULL) == -1)
		fatalx("channel to %s: event_add", proc_name(ipc->peer));
}

static void
ipc_event(int fd, short event, void *arg)
{
	struct ipc	*ipc = arg;

	(void)fd;
	if (event & EV_WRITE)
		ipc_write(ipc);
	if ((event & (EV_READ | EV_TIMEOUT)) && ipc_read(ipc) == 0)
		ipc_gone(ipc);
	else
		ipc_arm(ipc);
}

static void
ipc_write(struct ipc *ipc)
{
	if (imsgbuf_write(&ipc->ibuf) == 0)
		return;
	if (errno != EPIPE && errno != ECONNRESET)
		fatal("write to %s", proc_name(ipc->peer));
	/* Its last words may be here to be read. */
	ipc->deaf = 1;
}

/* 0 at the end of the channel. */
static int
ipc_read(struct ipc *ipc)
{
	struct timeval	 now = { 0, 0 };
	int		 n = 1, left = IPC_ROUND;

	if (ipc_dispatch(ipc, &left) == 0 && ipc_isopen(ipc)) {
		n = imsgbuf_read(&ipc->ibuf);
		if (n == -1 && (errno == ERANGE || errno == EBADMSG))
			fatalx("malformed message from %s",
			    proc_name(ipc->peer));
		if (n == -1 && errno != ECONNRESET)
			fatal("read from %s", proc_name(ipc->peer));
		ipc_dispatch(ipc, &left);
	}
	if (left == 0 && ipc_isopen(ipc))
		evtimer_add(&ipc->more, &now);
	return (n == 1 || !ipc_isopen(ipc));
}

/* 0 when nothing is left, 1 when the round is over. */
static int
ipc_dispatch(struct ipc *ipc, int *left)
{
	struct imsg	 imsg;
	int		 n;

	for (; *left > 0; (*left)--) {
		if (!ipc_isopen(ipc))
			return (0);
		if ((n = imsgbuf_get(&ipc->ibuf, &imsg)) == -1)
			fatal("message from %s", proc_name(ipc->peer));
		if (n == 0)
			return (0);
		ipc_handle(ipc, &imsg);
		imsg_free(&imsg);
	}
	return (1);
}

static void
ipc_handle(struct ipc *ipc, struct imsg *imsg)
{
	const struct ipc_rule	*rule;
	const char		*name, *peer = proc_name(ipc->peer);
	uint32_t		 type = imsg_get_type(imsg);
	size_t			 i, len = imsg_get_len(imsg);

	name = namer != NULL ? namer(type) : "message";
	for (i = 0; i < ipc->nrules; i++) {
		rule = &ipc->rules[i];
		if (rule->type != type || rule->from != ipc->peer)
			continue;
		if ((rule->phases & *ipc->phase) == 0)
			fatalx("%s from %s: not allowed %s set-up is done",
			    name, peer,
			    *ipc->phase == PH_SETUP ? "before" : "after");
		if (len < rule->minlen || len > rule->maxlen)
			fatalx("%s from %s: length %zu, not %zu to %zu", name,
			    peer, len, rule->minlen, rule->maxlen);
		rule->handler(ipc, imsg);
		return;
	}
	fatalx("%s (%u) from %s: not expected", name, type, peer);
}

static void
ipc_gone(struct ipc *ipc)
{
	ipc_disarm(ipc);
	ipc->gone = 1;
	log_debug("the channel to %s is closed", proc_name(ipc->peer));
	if (ipc->closed != NULL)
		ipc->closed(ipc);
}

static void
ipc_disarm(struct ipc *ipc)
{
	if (ipc->events != 0)
		event_del(&ipc->ev);
	event_del(&ipc->more);
	ipc->events = 0;
}

static int
ipc_isopen(const struct ipc *ipc)
{
	return (ipc->ibuf.w != NULL && !ipc->gone);
}

void
ipc_send(struct ipc *ipc, uint32_t type, uint32_t id, const void *data,
    size_t len)
{
	ipc_send_fd(ipc, type, id, -1, data, len);
}

void
ipc_send_fd(struct ipc *ipc, uint32_t type, uint32_t id, int fd,
    const void *data, size_t len)
{
	if (!ipc_isopen(ipc) || ipc->deaf) {
		if (fd != -1)
			close(fd);
		return;
	}
	if (imsg_compose(&ipc->ibuf, type, id, 0, fd, data, len) == -1)
		fatal("message to %s", proc_name(ipc->peer));
	ipc_arm(ipc);
}

void
ipc_send_ibuf(struct ipc *ipc, uint32_t type, uint32_t id, struct ibuf *buf)
{
	if (!ipc_isopen(ipc) || ipc->deaf) {
		ibuf_free(buf);
		return;
	}
	if (imsg_compose_ibuf(&ipc->ibuf, type, id, 0, buf) == -1)
		fatal("message to %s", proc_name(ipc->peer));
	ipc_arm(ipc);
}

void
ipc_flush(struct ipc *ipc, int msec)
{
	struct monotime	 deadline, left;
	struct pollfd	 pfd;

	if (!ipc_isopen(ipc) || ipc->deaf)
		return;
	deadline = mono_add(mono_now(), MONO_MSEC(msec));
	while (imsgbuf_queuelen(&ipc->ibuf) > 0) {
		if (imsgbuf_write(&ipc->ibuf) == -1)
			return;
		left = mono_sub(deadline, mono_now());
		if (imsgbuf_queuelen(&ipc->ibuf) == 0 || left.ns <= 0)
			return;
		pfd.fd = ipc->ibuf.fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, (int)(left.ns / 1000000) + 1) == -1 &&
		    errno != EINTR)
			return;
	}
}

void
ipc_close(struct ipc *ipc)
{
	if (ipc->ibuf.w == NULL)
		return;
	ipc_disarm(ipc);
	close(ipc->ibuf.fd);
	imsgbuf_clear(&ipc->ibuf);
}
