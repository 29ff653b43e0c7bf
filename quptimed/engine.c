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
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tls.h>
#include <unistd.h>

#include "pack.h"
#include "quptimed.h"

/*
 * The side of the mesh.  It speaks TLS 1.3 with whoever connects and presents a
 * certificate.  There are no peers in this version, so nobody is trusted, and
 * whoever has shaken hands is let go.
 */

#define STRANGERS_MAX		64	/* connections of no known peer */
#define HANDSHAKE_LIMIT		5	/* seconds */
#define ACCEPT_PAUSE		1	/* seconds without descriptors */
#define PEM_MAX			16384

struct stranger {
	LIST_ENTRY(stranger)	 entry;
	struct event		 ev;
	struct tls		*tls;
	struct monotime		 deadline;
	int			 fd;
};

static void	 engine_peer(struct ipc *, struct imsg *);
static void	 engine_fd(struct ipc *, struct imsg *);
static void	 engine_keypair(struct ipc *, struct imsg *);
static void	 engine_done(struct ipc *, struct imsg *);
static void	 engine_accept(int, short, void *);
static void	 engine_resume(int, short, void *);
static void	 stranger_step(int, short, void *);
static void	 stranger_free(struct stranger *);

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

static struct child			 child;
static struct ipc			 quorum;
static struct tls			*server;
static struct event			 accept_ev, resume_ev;
static int				 listen_fd = -1;
static LIST_HEAD(, stranger)		 strangers;
static unsigned int			 nstrangers;
static int				 paused;	/* told once */

void
engine_main(void)
{
	struct stranger	*s;

	tzset();
	if (tls_init() == -1)
		fatalx("tls_init");
	child_init(&child, PROC_ENGINE, rules,
	    sizeof(rules) / sizeof(rules[0]));
	child_loop(&child);
	while ((s = LIST_FIRST(&strangers)) != NULL)
		stranger_free(s);
	if (listen_fd != -1)
		close(listen_fd);
	ipc_close(&quorum);
	tls_free(server);
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
	ipc_init(&quorum, fd, PROC_QUORUM, NULL, 0, &child.phase, IPC_MAXSIZE,
	    0);
}

static void
engine_fd(struct ipc *ipc, struct imsg *imsg)
{
	struct imsg_fd	 what;
	int		 fd;

	(void)ipc;
	fd = child_take_fd(imsg, &what);
	if (what.use == FDU_LISTEN && child.phase == PH_SETUP &&
	    listen_fd == -1) {
		listen_fd = fd;
		return;
	}
	/* Names are not resolved yet. */
	if (what.use != FDU_RESOLV && what.use != FDU_HOSTS)
		fatalx("unexpected descriptor %d", what.use);
	close(fd);
}

/* The key stays in libtls' context alone. */
static void
engine_keypair(struct ipc *ipc, struct imsg *imsg)
{
	struct tls_config	*config;
	struct ibuf		 buf;
	char			*key, *cert;

	(void)ipc;
	if (server != NULL || imsg_get_ibuf(imsg, &buf) == -1 ||
	    (key = unpack_string(&buf, PEM_MAX)) == NULL ||
	    (cert = unpack_string(&buf, PEM_MAX)) == NULL)
		fatalx("IMSG_SETUP_KEYPAIR: malformed");
	if ((config = tls_config_new()) == NULL ||
	    (server = tls_server()) == NULL)
		fatalx("out of memory");
	if (tls_config_set_protocols(config, TLS_PROTOCOL_TLSv1_3) == -1 ||
	    tls_config_set_keypair_mem(config, (uint8_t *)cert, strlen(cert),
	    (uint8_t *)key, strlen(key)) == -1)
		fatalx("key and certificate: %s", tls_config_error(config));
	/* Any certificate will do; its key is what is compared. */
	tls_config_verify_client(config);
	tls_config_insecure_noverifycert(config);
	if (tls_configure(server, config) == -1)
		fatalx("key and certificate: %s", tls_error(server));
	tls_config_clear_keys(config);
	tls_config_free(config);
	freezero(key, strlen(key));
	free(cert);
}

static void
engine_done(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	(void)imsg;
	if (server == NULL || listen_fd == -1 || quorum.ibuf.w == NULL)
		fatalx("set-up is not complete");
	event_set(&accept_ev, listen_fd, EV_READ | EV_PERSIST, engine_accept,
	    NULL);
	event_add(&accept_ev, NULL);
	evtimer_set(&resume_ev, engine_resume, NULL);
	child_ready(&child);
}

static void
engine_accept(int fd, short event, void *arg)
{
	struct timeval	 tv = { ACCEPT_PAUSE, 0 };
	struct stranger	*s;
	int		 cfd;

	(void)event;
	(void)arg;
	cfd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (cfd == -1) {
		if (errno == EMFILE || errno == ENFILE) {
			if (!paused)
				log_warn("accepting connections");
			paused = 1;
			event_del(&accept_ev);
			evtimer_add(&resume_ev, &tv);
		}
		return;
	}
	paused = 0;
	if (nstrangers == STRANGERS_MAX ||
	    (s = calloc(1, sizeof(*s))) == NULL) {
		close(cfd);
		return;
	}
	if (tls_accept_socket(server, &s->tls, cfd) == -1) {
		log_debug("accept: %s", tls_error(server));
		close(cfd);
		free(s);
		return;
	}
	s->fd = cfd;
	s->deadline = mono_add(mono_now(), MONO_SEC(HANDSHAKE_LIMIT));
	LIST_INSERT_HEAD(&strangers, s, entry);
	nstrangers++;
	event_set(&s->ev, cfd, EV_READ, stranger_step, s);
	tv = mono_left(s->deadline, mono_now());
	event_add(&s->ev, &tv);
}

static void
engine_resume(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	event_add(&accept_ev, NULL);
}

static void
stranger_step(int fd, short event, void *arg)
{
	struct stranger	*s = arg;
	struct timeval	 tv;
	int		 rc;

	if (event & EV_TIMEOUT) {
		stranger_free(s);
		return;
	}
	rc = tls_handshake(s->tls);
	if (rc == TLS_WANT_POLLIN || rc == TLS_WANT_POLLOUT) {
		event_set(&s->ev, fd, rc == TLS_WANT_POLLIN ? EV_READ :
		    EV_WRITE, stranger_step, s);
		tv = mono_left(s->deadline, mono_now());
		event_add(&s->ev, &tv);
		return;
	}
	if (rc == -1)
		log_debug("handshake: %s", tls_error(s->tls));
	else
		log_debug("nobody is trusted yet: closing");
	stranger_free(s);
}

static void
stranger_free(struct stranger *s)
{
	event_del(&s->ev);
	LIST_REMOVE(s, entry);
	nstrangers--;
	(void)tls_close(s->tls);
	tls_free(s->tls);
	close(s->fd);
	free(s);
}
