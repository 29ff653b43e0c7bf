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

#ifndef IPC_H
#define IPC_H

#include <event.h>

#include "imsg.h"

/*
 * One channel to another process of the daemon, on libevent, and the table of
 * the messages that may come over it.  A message without a row, of the wrong
 * length or in the wrong phase is a bug or a break-in and ends the process.
 */
enum ipc_phase {
	PH_SETUP = 1,		/* until IMSG_SETUP_DONE */
	PH_RUN = 2,
	PH_ANY = PH_SETUP | PH_RUN
};

struct ipc;

struct ipc_rule {
	uint32_t	 type;
	int		 from;		/* enum proc_id of the sender */
	int		 phases;	/* enum ipc_phase bits */
	size_t		 minlen;	/* of the payload, bytes */
	size_t		 maxlen;	/* equal to minlen: fixed */
	/* May close the channel, but not free its structure. */
	void		(*handler)(struct ipc *, struct imsg *);
};

struct ipc {
	struct imsgbuf		 ibuf;
	struct event		 ev;
	struct event		 more;		/* the next round of messages */
	const struct ipc_rule	*rules;
	size_t			 nrules;
	const int		*phase;		/* of the owning process */
	int			 peer;		/* enum proc_id */
	short			 events;
	int			 deaf;		/* the peer reads no more */
	int			 gone;
	/*
	 * Called once at the end of the channel.  NULL: nothing is done, for
	 * a sibling's end is the parent's to deal with.
	 */
	void			(*closed)(struct ipc *);
};

/* Who turns a message type into a name for the log. */
void	 ipc_set_namer(const char *(*)(uint32_t));
/*
 * Takes the fd over.  maxsize bounds a message's payload in either direction.
 * FD passing is off unless asked for.
 */
void	 ipc_init(struct ipc *, int fd, int peer, const struct ipc_rule *,
	    size_t nrules, const int *phase, uint32_t maxsize, int fdpass);
/*
 * Queue one message and arm the event; cannot fail but by fatal().  To a peer
 * that is gone nothing is queued.
 */
void	 ipc_send(struct ipc *, uint32_t type, uint32_t id, const void *,
	    size_t);
/* The same with an fd, which is closed once sent. */
void	 ipc_send_fd(struct ipc *, uint32_t type, uint32_t id, int fd,
	    const void *, size_t);
/* Queue a buffer as the payload; takes it over. */
void	 ipc_send_ibuf(struct ipc *, uint32_t type, uint32_t id, struct ibuf *);
/* Re-arm for writing after something was queued on ipc->ibuf directly. */
void	 ipc_arm(struct ipc *);
/* Write what is queued, blocking for at most that long; for the way out. */
void	 ipc_flush(struct ipc *, int msec);
void	 ipc_close(struct ipc *);

#endif /* IPC_H */
