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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pack.h"
#include "parent.h"

#ifdef QUPTIMED_SANITIZE
#define STOP_WAIT	MONO_SEC(30)
#else
#define STOP_WAIT	MONO_SEC(5)
#endif
#define SOCKET_BUFFER	(4 * IBUF_READ_SIZE)

static const enum proc_id	 children[] = {
	PROC_ENGINE, PROC_QUORUM, PROC_PROBER, PROC_NOTIFIER
};
#define NCHILDREN	(sizeof(children) / sizeof(children[0]))

static int	 start_child(struct parent *, enum proc_id, const char *);
static void	 exec_child(struct parent *, enum proc_id, int, const char *)
		    __attribute__((__noreturn__));
static void	 make_pair(int[2]);
static void	 link_procs(struct parent *, enum proc_id, enum proc_id);
static void	 send_fd(struct parent *, enum proc_id, enum fd_use, int, int);
static void	 send_icmp(struct parent *);
static void	 send_identity(struct parent *, struct keypair *);
static void	 give_files(struct ipc *, struct imsg *);
static void	 child_eof(struct ipc *);
static void	 child_done(struct ipc *, struct imsg *);
static void	 report(struct parent *, enum proc_id, int);

static struct parent	*self;

#define FROM_QUORUM(type, min)						\
	{ type, PROC_QUORUM, PH_RUN, min, CTL_MAXSIZE, control_relay }

static const struct ipc_rule	 rules[] = {
	{ IMSG_SETUP_DONE, PROC_ENGINE, PH_SETUP, 0, 0, child_done },
	{ IMSG_SETUP_DONE, PROC_QUORUM, PH_SETUP, 0, 0, child_done },
	{ IMSG_SETUP_DONE, PROC_PROBER, PH_SETUP, 0, 0, child_done },
	{ IMSG_SETUP_DONE, PROC_NOTIFIER, PH_SETUP, 0, 0, child_done },
	FROM_QUORUM(IMSG_CTL_STATUS, 1),
	FROM_QUORUM(IMSG_CTL_PEER, 1),
	FROM_QUORUM(IMSG_CTL_CHECK, 1),
	FROM_QUORUM(IMSG_CTL_CHECK_CONF, 1),
	FROM_QUORUM(IMSG_CTL_NODE_RESULT, 1),
	FROM_QUORUM(IMSG_CTL_ALERT, 1),
	FROM_QUORUM(IMSG_CTL_TOKEN, 1),
	FROM_QUORUM(IMSG_CTL_TRUST, 1),
	FROM_QUORUM(IMSG_CTL_RESOLVER, 1),
	FROM_QUORUM(IMSG_CTL_EVENT, 1),
	FROM_QUORUM(IMSG_CTL_PROGRESS, 1),
	{ IMSG_OWN, PROC_QUORUM, PH_ANY, 0, 0, give_files },
	FROM_QUORUM(IMSG_CTL_RESULT, sizeof(struct ctl_result))
};

void
procs_start(struct parent *parent)
{
	char		 made[1100] = "", buf[sizeof(parent->sock)];
	const char	*root = "/";
	struct stat	 st;
	size_t		 i;

	self = parent;
	/* An empty place: the one that was installed, or one for this start. */
	if (geteuid() == 0) {
		root = PATH_CHROOT;
		if (stat(root, &st) == -1 || !S_ISDIR(st.st_mode) ||
		    st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH))) {
			strlcpy(buf, parent->sock, sizeof(buf));
			snprintf(made, sizeof(made), "%s/empty.XXXXXXXX",
			    dirname(buf));
			if ((root = mkdtemp(made)) == NULL)
				fatal("%s", made);
		}
	}
	for (i = 0; i < NCHILDREN; i++)
		parent->pid[children[i]] = start_child(parent, children[i],
		    children[i] == PROC_QUORUM ? parent->paths.dir : root);
	/*
	 * It stays what they are in when its name is gone, and nothing can be
	 * made in it any more; but they have to be in it first.
	 */
	if (made[0] != '\0')
		strlcpy(parent->empty, made, sizeof(parent->empty));
}

static int
start_child(struct parent *parent, enum proc_id proc, const char *root)
{
	int	 pair[2];
	pid_t	 pid;

	make_pair(pair);
	switch (pid = fork()) {
	case -1:
		fatal("fork");
	case 0:
		exec_child(parent, proc, pair[1], root);
	default:
		break;
	}
	close(pair[1]);
	ipc_init(&parent->ipc[proc], pair[0], proc, rules,
	    sizeof(rules) / sizeof(rules[0]), &parent->phase, IPC_MAXSIZE, 1);
	parent->ipc[proc].closed = child_eof;
	return (pid);
}

static void
exec_child(struct parent *parent, enum proc_id proc, int fd, const char *root)
{
	char	*argv[4];

	if (chdir(root) == -1)
		fatal("%s", root);
	/* Standard error last: from there on messages go the new way. */
	if (fd == CHILD_FD) {
		if (fcntl(fd, F_SETFD, 0) == -1)
			fatal("fcntl");
	} else if (dup2(fd, CHILD_FD) == -1)
		fatal("dup2");
	if (parent->log_fds[1] != -1 &&
	    dup2(parent->log_fds[1], STDERR_FILENO) == -1)
		fatal("dup2");
	if (log_getverbose() && setenv("QUPTIMED_VERBOSE", "1", 1) == -1)
		fatal("setenv");
	argv[0] = (char *)(uintptr_t)"quptimed";
	argv[1] = (char *)(uintptr_t)"-x";
	argv[2] = (char *)(uintptr_t)proc_name(proc);
	argv[3] = NULL;
	execv(parent->self, argv);
	fatal("%s", parent->self);
}

static void
make_pair(int pair[2])
{
	int	 i, size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    pair) == -1)
		fatal("socketpair");
	/* As much as the system gives; less is slower and not wrong. */
	for (i = 0; i < 2; i++) {
		(void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
		(void)setsockopt(pair[i], SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	}
}

void
procs_setup(struct parent *parent, int listen_fd, struct keypair *keys)
{
	struct watched	*w;
	size_t		 i;

	link_procs(parent, PROC_QUORUM, PROC_ENGINE);
	link_procs(parent, PROC_QUORUM, PROC_PROBER);
	link_procs(parent, PROC_QUORUM, PROC_NOTIFIER);
	send_fd(parent, PROC_ENGINE, FDU_LISTEN, listen_fd, 0);
	send_fd(parent, PROC_QUORUM, FDU_LOCK, dup(parent->lock_fd), 0);
	send_icmp(parent);
	for (w = open_watched(); w->use != FDU_COUNT; w++)
		procs_send_watched(parent, w);
	send_identity(parent, keys);
	/* The engine's turn is last: a peer may call before it has answered. */
	for (i = 0; i < NCHILDREN; i++)
		if (children[i] != PROC_ENGINE)
			ipc_send(&parent->ipc[children[i]], IMSG_SETUP_DONE, 0,
			    NULL, 0);
}

static void
link_procs(struct parent *parent, enum proc_id a, enum proc_id b)
{
	int32_t	 id_a = a, id_b = b;
	int	 pair[2];

	make_pair(pair);
	ipc_send_fd(&parent->ipc[a], IMSG_SETUP_PEER, 0, pair[0], &id_b,
	    sizeof(id_b));
	ipc_send_fd(&parent->ipc[b], IMSG_SETUP_PEER, 0, pair[1], &id_a,
	    sizeof(id_a));
}

static void
send_fd(struct parent *parent, enum proc_id proc, enum fd_use use, int fd,
    int arg)
{
	struct imsg_fd	 what;

	if (fd == -1)
		fatal("descriptor for %s", proc_name(proc));
	memset(&what, 0, sizeof(what));
	what.use = use;
	what.arg = arg;
	ipc_send_fd(&parent->ipc[proc], IMSG_SETUP_FD, 0, fd, &what,
	    sizeof(what));
}

static void
send_icmp(struct parent *parent)
{
	static const struct {
		int		 family;
		enum fd_use	 use;
		const char	*name;
	} kinds[] = {
		{ AF_INET, FDU_ICMP4, "ICMP" },
		{ AF_INET6, FDU_ICMP6, "ICMPv6" }
	};
	size_t	 i;
	int	 fd, raw;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((fd = open_icmp(kinds[i].family, &raw)) == -1)
			log_warn("no %s socket, such checks stay unknown "
			    "here", kinds[i].name);
		else
			send_fd(parent, PROC_PROBER, kinds[i].use, fd, raw);
	}
}

/* To all who use the file; how it was then is kept. */
void
procs_send_watched(struct parent *parent, struct watched *w)
{
	int	 fd;

	memset(&w->st, 0, sizeof(w->st));
	fd = open(w->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &w->st) == -1 || !S_ISREG(w->st.st_mode)) {
		log_debug("%s: not there", w->path);
		if (fd != -1)
			close(fd);
		return;
	}
	send_fd(parent, PROC_NOTIFIER, w->use, dup(fd), 0);
	if (w->use != FDU_CA)
		send_fd(parent, PROC_ENGINE, w->use, dup(fd), 0);
	send_fd(parent, PROC_PROBER, w->use, fd, 0);
}

static void
send_identity(struct parent *parent, struct keypair *keys)
{
	struct ibuf	*node, *pair;

	if ((node = ibuf_dynamic(1024, IPC_MAXSIZE)) == NULL ||
	    (pair = ibuf_dynamic(8192, IPC_MAXSIZE)) == NULL)
		fatal("identity");
	if (pack_record(node, &node_record, &parent->node) == -1 ||
	    pack_string(node, keys->fingerprint) == -1 ||
	    pack_string(node, keys->cert_pem) == -1 ||
	    pack_string(pair, keys->key_pem) == -1 ||
	    pack_string(pair, keys->cert_pem) == -1)
		fatal("identity");
	ipc_send_ibuf(&parent->ipc[PROC_QUORUM], IMSG_SETUP_NODE, 0, node);
	ipc_send_ibuf(&parent->ipc[PROC_ENGINE], IMSG_SETUP_KEYPAIR, 0, pair);
}

static void
child_done(struct ipc *ipc, struct imsg *imsg)
{
	size_t	 i;

	(void)imsg;
	self->ready[ipc->peer] = 1;
	for (i = 0; i < NCHILDREN; i++)
		if (!self->ready[children[i]] && children[i] != PROC_ENGINE)
			return;
	if (self->ready[PROC_ENGINE])
		parent_ready(self);
	else
		ipc_send(&self->ipc[PROC_ENGINE], IMSG_SETUP_DONE, 0, NULL, 0);
}

/* What root's editor has made anew, so that quorum can look at it. */
static void
give_files(struct ipc *ipc, struct imsg *imsg)
{
	(void)ipc;
	(void)imsg;
	if (self->owner == 0)
		open_give(self);
}

/*
 * A channel closes a moment before its process can be waited for.  The first
 * to end is the one to name; the others follow it.
 */
static void
child_eof(struct ipc *ipc)
{
	const struct timespec	 pause = { 0, 5 * 1000 * 1000 };
	struct monotime		 deadline;

	deadline = mono_add(mono_now(), STOP_WAIT);
	while (!procs_reap(self)) {
		if (mono_cmp(mono_now(), deadline) >= 0) {
			log_warnx("%s closed its channel and lives on",
			    proc_name(ipc->peer));
			break;
		}
		nanosleep(&pause, NULL);
	}
	parent_exit(self, 1);
}

int
procs_reap(struct parent *parent)
{
	pid_t	 pid;
	size_t	 i;
	int	 status, n = 0;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (i = 0; i < NCHILDREN; i++)
			if (parent->pid[children[i]] == pid) {
				parent->pid[children[i]] = 0;
				report(parent, children[i], status);
				n++;
			}
	return (n);
}

/* Once the daemon stops, a child that leaves well is no news. */
static void
report(struct parent *parent, enum proc_id proc, int status)
{
	if (WIFSIGNALED(status))
		log_warnx("%s terminated by signal %d (%s)", proc_name(proc),
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (!parent->stopping || WEXITSTATUS(status) != 0)
		log_warnx("%s exited with status %d", proc_name(proc),
		    WEXITSTATUS(status));
	if (parent->stopping && status != 0)
		parent->exit_code = 1;
}

void
procs_stop(struct parent *parent)
{
	const struct timespec	 pause = { 0, 5 * 1000 * 1000 };
	struct monotime		 deadline;
	size_t			 i, left;
	int			 killed = 0;

	parent->stopping = 1;
	for (i = 0; i < NCHILDREN; i++)
		ipc_close(&parent->ipc[children[i]]);
	deadline = mono_add(mono_now(), STOP_WAIT);
	for (;;) {
		procs_reap(parent);
		for (i = left = 0; i < NCHILDREN; i++)
			left += parent->pid[children[i]] > 0;
		if (left == 0)
			return;
		if (!killed && mono_cmp(mono_now(), deadline) >= 0) {
			for (i = 0; i < NCHILDREN; i++)
				if (parent->pid[children[i]] > 0)
					kill(parent->pid[children[i]],
					    SIGKILL);
			killed = 1;
		}
		nanosleep(&pause, NULL);
	}
}
