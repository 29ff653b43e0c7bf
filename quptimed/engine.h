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

#ifndef ENGINE_H
#define ENGINE_H

#include <sys/queue.h>
#include <sys/tree.h>

#include <event.h>
#include <stddef.h>
#include <stdint.h>

#include "quptimed.h"
#include "resolve.h"

struct tls;

/* Of the event loop: who is trusted comes first. */
#define ENGINE_PRIORITIES	3
#define PRIO_PEER		1	/* what libevent gives everybody */
#define PRIO_STRANGER		2

/*
 * engine_frame.c: frames in the making, pure.  A frame is built behind a head
 * that the connection gives, so that it goes to quorum as it is; memory grows
 * with what has arrived, whatever length was announced.
 */
#define FRAME_HEADER	4

struct frame {
	const void	*head;		/* the owner's */
	size_t		 headlen;
	unsigned char	 hdr[FRAME_HEADER];
	size_t		 hdrlen;
	uint32_t	 len;		/* announced, with a whole header */
	size_t		 room;		/* given out by frame_room() */
	struct ibuf	*buf;
};

enum frame_state {
	FRAME_MORE,
	FRAME_WHOLE,
	FRAME_LONG,		/* longer than it may be */
	FRAME_MEMORY
};

void		 frame_init(struct frame *, const void *head, size_t headlen);
void		 frame_clear(struct frame *);
/* Whether some of a frame has come. */
int		 frame_begun(const struct frame *);
/* Where the next bytes go; NULL when out of memory. */
void		*frame_room(struct frame *, size_t *);
/* That many of them have come, which may be none; max is the longest frame. */
enum frame_state frame_fill(struct frame *, size_t, size_t max);
/* A whole frame behind its head; the caller frees. */
struct ibuf	*frame_take(struct frame *);
/* The rest of a buffer as it goes out, header first; NULL: out of memory. */
struct ibuf	*frame_make(const struct ibuf *);

/*
 * engine_limit.c: what is known of addresses from which strangers come, pure.
 * An address is an IPv4 address or an IPv6 /64.  The table has room for a
 * number of them; the one that was quiet for the longest gives way.
 */
#define LIMIT_ADDRS	2048
#define LIMIT_BURST	256	/* tokens of an address that was quiet */
#define LIMIT_REFILL	64	/* a second */
#define LIMIT_MINUTE	MONO_SEC(60)
#define LIMIT_LINE	320

struct limits;

/* NULL: out of memory. */
struct limits	*limits_new(size_t naddrs);
void		 limits_free(struct limits *);
/* Whether the address has a token left. */
int		 limits_left(struct limits *, const struct addr *,
		    struct monotime now);
/* Takes one; 0 when there was none. */
int		 limits_take(struct limits *, const struct addr *,
		    struct monotime now);
/*
 * Whether this line about the address may be written now, and how many others
 * were held back since the last.  If not, it is counted, and kept.
 */
int		 limits_say(struct limits *, const struct addr *,
		    const char *line, struct monotime now,
		    unsigned int *held);
/*
 * One that was held back and whose minute is over, to be written: 1, with how
 * many others there were; 0: there is none.
 */
int		 limits_due(struct limits *, struct monotime now, char *line,
		    size_t, unsigned int *held);
/* Whether any line is held back. */
int		 limits_holding(const struct limits *);
/* IPv4 in an IPv6 address becomes what it is. */
void		 addr_unmap(struct addr *);

/*
 * engine_tls.c: one connection of the mesh, of either direction.  Its owner
 * gives it a connected descriptor, or one that is about to be, and hears of
 * frames and of the end.
 */
struct link;

struct link_ops {
	/* Hands have been shaken: NULL, or why it shall end. */
	const char	*(*open)(struct link *);
	/* Takes the frame over: NULL, or why it shall end. */
	const char	*(*frame)(struct link *, struct ibuf *);
	/* It has ended by itself and is closed; the owner may free it. */
	void		 (*end)(struct link *, const char *);
};

/* Seconds and bytes that depend on who the other side is. */
struct link_kind {
	int		 frame;		/* for a frame that has begun */
	int		 idle;		/* when nothing is due */
	int		 stall;		/* when it reads nothing */
	size_t		 frame_max;
	size_t		 backlog;	/* of quorum, when no more is read */
	int		 priority;
};

enum link_state {
	LINK_CLOSED,
	LINK_CONNECT,
	LINK_HANDSHAKE,
	LINK_OPEN,
	LINK_LINGER		/* all is sent, what comes is thrown away */
};

struct link {
	TAILQ_ENTRY(link)	 queue;		/* of handshakes to go on */
	struct event		 ev;
	struct event		 timer;
	struct tls		*tls;
	const struct link_ops	*ops;
	const struct link_kind	*kind;
	struct frame		 in;
	TAILQ_HEAD(, ibuf)	 out;
	struct monotime		 deadline;	/* until it is open */
	struct monotime		 active;	/* any byte, either way */
	struct monotime		 begun;		/* the frame in the making */
	struct monotime		 moved;		/* the latest byte out */
	struct monotime		 armed;		/* the timer's */
	enum link_state		 state;
	int			 fd;
	int			 server;
	int			 queued;	/* 1; 2: among the first */
	int			 favoured;
	short			 events;
	short			 rwant, wwant;	/* what TLS waits for */
	int			 timing;
	int			 deaf;		/* the owner wants no more */
	int			 busy;		/* an answer is due: not idle */
	int			 closing;	/* once all is sent */
	int			 quptimed;
	struct certinfo		 info;
};

extern const struct link_kind	 link_dialled, link_inbound, link_stranger;

/* Before the sandbox. */
void		 links_init(void);
/* Takes the keypair in and wipes key. */
void		 links_keypair(char *key, char *cert);
/* Ready to shake hands. */
int		 links_ready(void);
void		 links_shutdown(void);
/* Steps of handshakes that are ready to go on. */
unsigned int	 links_waiting(void);
/*
 * The descriptor is taken over.  state is LINK_CONNECT or LINK_HANDSHAKE and
 * ends by the deadline.
 */
void		 link_start(struct link *, int fd, int server, enum link_state,
		    struct monotime deadline, const struct link_kind *,
		    const struct link_ops *);
/* Without a word to the owner; harmless when it is closed. */
void		 link_close(struct link *);
/* A frame, which is taken over.  Not from within a callback. */
void		 link_send(struct link *, struct ibuf *);
/* Another kind from now on. */
void		 link_become(struct link *, const struct link_kind *);
/* After deaf, busy or closing has been set or cleared. */
void		 link_update(struct link *);

/* engine_peer.c: peers, and the connections to them */
struct inbound;
TAILQ_HEAD(inbounds, inbound);

struct epeer {
	RB_ENTRY(epeer)		 by_id;
	RB_ENTRY(epeer)		 by_key;
	uint32_t		 id;
	uint64_t		 order;		/* later ones come first */
	int			 dial;
	char			 name[128];	/* for the log */
	char			*address;
	char			*host;		/* of address */
	uint16_t		 port;
	char			 fingerprint[72];

	struct link		 link;
	struct event		 retry;
	struct resolve		 lookup;
	struct addrs		*addrs;
	unsigned int		 next;		/* address to try */
	uint32_t		 gen;
	int			 up;
	int			 trying;
	struct monotime		 since;		/* it is up */
	unsigned int		 backoff;	/* ms */
	struct mesh_frame	 head;		/* of its answers */
	char			 why[256];	/* the attempt has failed */
	char			 got[72];	/* wrong key, told of */

	struct inbounds		 inbounds;
	unsigned int		 ninbounds;
	struct addr		 last;		/* it came from there */
	int			 has_last;
};

void		 peers_message(struct ipc *, struct imsg *);
void		 peers_shutdown(void);
void		 peers_relief(void);
struct epeer	*peer_by_key(const char *fingerprint);
/* It has an inbound connection: no need to wait before dialling. */
void		 peer_seen(struct epeer *);
/* Whether a peer that has no inbound connection may come from there. */
int		 peer_expected(const struct addr *);

/* engine_conn.c: connections of others */
void		 inbound_init(int fd);
void		 inbound_shutdown(void);
/* IMSG_MESH_REPLY */
void		 inbound_reply(struct ipc *, struct imsg *);
/* Who has that key is that peer. */
void		 inbound_adopt(struct epeer *);
/* The backlog of quorum is gone: reading goes on. */
void		 inbound_relief(void);
/* Closes all of a peer. */
void		 inbound_drop(struct epeer *);

/* engine.c */
void		 engine_send(uint32_t type, struct ibuf *);
/* Bytes that wait for quorum. */
size_t		 engine_backlog(void);

#endif /* ENGINE_H */
