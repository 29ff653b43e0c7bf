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

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "pack.h"

/*
 * The side of the mesh: TLS 1.3 to and from everybody, frames, and whose key it
 * is.  What is in a frame is quorum's business.
 */

#define PEM_MAX			16384
#define MESH_STRINGS		4096	/* of a peer: name, address, key */
#define BACKLOG_HIGH		(1024 * 1024)
#define BACKLOG_LOW		(512 * 1024)
#define RELIEF_TICK		20000	/* us */
#define ENGINE_CHANNELS		2	/* of c-ares */

static void	 engine_peer(struct ipc *, struct imsg *);
static void	 engine_fd(struct ipc *, struct imsg *);
static void	 engine_keypair(struct ipc *, struct imsg *);
static void	 engine_done(struct ipc *, struct imsg *);
static void	 engine_relief(int, short, void *);

static const struct ipc_rule	 rules[] = {
	{ IMSG_SETUP_PEER, PROC_PARENT, PH_SETUP, sizeof(int32_t),
	    sizeof(int32_t), engine_peer },
	{ IMSG_SETUP_FD, PROC_PARENT, PH_ANY, sizeof(struct imsg_fd),
	    sizeof(struct imsg_fd), engine_fd },
	{ IMSG_SETUP_KEYPAIR, PROC_PARENT, PH_SETUP, 1, 3 * PEM_MAX,
	    engine_keypair },
	{ IMSG_SETUP_DONE, PROC_PARENT, PH_SETUP, 0, 0, engine_done },
	{ IMSG_LOG_VERBOSE, PROC_PARENT, PH_ANY, sizeof(int32_t),
	    sizeof(int32_t), child_verbose }
};

/*
 * Quorum is through with its set-up first, and members are dialled at once:
 * they can be spoken to before this process is told that all is well.
 */
static const struct ipc_rule	 quorum_rules[] = {
	{ IMSG_MESH_PEER, PROC_QUORUM, PH_ANY, sizeof(struct mesh_peer),
	    MESH_STRINGS, peers_message },
	{ IMSG_MESH_FORGET, PROC_QUORUM, PH_ANY, sizeof(uint32_t),
	    sizeof(uint32_t), peers_message },
	{ IMSG_MESH_CALL, PROC_QUORUM, PH_ANY, sizeof(struct mesh_frame),
	    MESH_MAXSIZE, peers_message },
	{ IMSG_MESH_DROP, PROC_QUORUM, PH_ANY, sizeof(struct mesh_frame),
	    MESH_STRINGS, peers_message },
	{ IMSG_MESH_REPLY, PROC_QUORUM, PH_ANY, sizeof(struct mesh_reply),
	    MESH_MAXSIZE, inbound_reply },
};

static struct child	 child;
static struct ipc	 quorum;
static struct event	 relief_ev;
static int		 relieving;
static int		 listen_fd = -1;

void
engine_main(void)
{
	tzset();
	links_init();
	resolve_init(ENGINE_CHANNELS);
	child_init(&child, PROC_ENGINE, rules,
	    sizeof(rules) / sizeof(rules[0]));
	event_priority_init(ENGINE_PRIORITIES);
	evtimer_set(&relief_ev, engine_relief, NULL);
	child_loop(&child);
	inbound_shutdown();
	peers_shutdown();
	ipc_close(&quorum);
	links_shutdown();
	resolve_shutdown();
	exit(0);
}

static void
engine_peer(struct ipc *ipc, struct imsg *imsg)
{
	enum proc_id	 peer;
	int		 fd;

	(void)ipc;
	fd = child_take_peer(imsg, &peer);
	if (peer != PROC_QUORUM || quorum.ibuf.w != NULL)
		fatalx("unexpected link to %s", proc_name(peer));
	ipc_init(&quorum, fd, PROC_QUORUM, quorum_rules,
	    sizeof(quorum_rules) / sizeof(quorum_rules[0]), &child.phase,
	    MESH_MAXSIZE, 0);
}

static void
engine_fd(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_fd	 what;
	int		 fd;

	(void)ipc;
	fd = child_take_fd(imsg, &what);
	switch (what.use) {
	case FDU_LISTEN:
		if (child.phase != PH_SETUP || listen_fd != -1)
			fatalx("a second listener");
		listen_fd = fd;
		break;
	case FDU_RESOLV:
		resolve_set_conf(fd);
		break;
	case FDU_HOSTS:
		resolve_set_hosts(fd);
		break;
	default:
		fatalx("unexpected descriptor %d", what.use);
	}
}

static void
engine_keypair(struct ipc *ipc, struct imsg *imsg)
{
	struct ibuf	 buf;
	char		*key, *cert;

	(void)ipc;
	if (links_ready() || imsg_get_ibuf(imsg, &buf) == -1 ||
	    (key = unpack_string(&buf, PEM_MAX)) == NULL ||
	    (cert = unpack_string(&buf, PEM_MAX)) == NULL)
		fatalx("IMSG_SETUP_KEYPAIR: malformed");
	links_keypair(key, cert);
	free(key);
	free(cert);
}

static void
engine_done(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	(void)imsg;
	if (!links_ready() || listen_fd == -1 || quorum.ibuf.w == NULL)
		fatalx("set-up is not complete");
	inbound_init(listen_fd);
	child_ready(&child);
}

void
engine_send(uint32_t type, struct ibuf *buf)
{
	struct timeval	 tv = { 0, RELIEF_TICK };

	ipc_send_ibuf(&quorum, type, 0, buf);
	if (relieving || engine_backlog() < BACKLOG_HIGH)
		return;
	relieving = 1;
	evtimer_add(&relief_ev, &tv);
}

size_t
engine_backlog(void)
{
	return (quorum.ibuf.w != NULL ? imsgbuf_queuesize(&quorum.ibuf) : 0);
}

/* The channel does not tell when it has become empty. */
static void
engine_relief(int fd, short event, void *arg)
{
	struct timeval	 tv = { 0, RELIEF_TICK };

	(void)fd;
	(void)event;
	(void)arg;
	if (engine_backlog() > BACKLOG_LOW) {
		evtimer_add(&relief_ev, &tv);
		return;
	}
	relieving = 0;
	inbound_relief();
	peers_relief();
}
