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

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quptimed.h"
#include "sandbox.h"

static void	 child_log(enum proc_id);
static void	 child_drop(enum proc_id);
static void	 child_eof(struct ipc *);

void
child_init(struct child *child, enum proc_id proc,
    const struct ipc_rule *rules, size_t nrules)
{
	static const struct sandbox_path	 all_below[] = {
		{ ".",	"rwc" },
		{ NULL,	NULL }
	};
	static const struct rlimit		 no_core = { 0, 0 };
	struct stat				 st;

	child_log(proc);
	if (fstat(CHILD_FD, &st) == -1 || !S_ISSOCK(st.st_mode))
		fatalx("not started by quptimed");
	closefrom(CHILD_FD + 1);
	/* The terminal's signals are the parent's business. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);

	setproctitle("%s", proc_name(proc));
	if (setrlimit(RLIMIT_CORE, &no_core) == -1)
		fatal("setrlimit");
	memset(child, 0, sizeof(*child));
	child->proc = proc;
	child->phase = PH_SETUP;
	event_init();
	if (geteuid() == 0 && !sandbox_skipped())
		child_drop(proc);
	sandbox_enter(proc, proc == PROC_QUORUM ? all_below : NULL);

	ipc_set_namer(imsg_name);
	ipc_init(&child->parent, CHILD_FD, PROC_PARENT, rules, nrules,
	    &child->phase, IPC_MAXSIZE, 1);
	child->parent.closed = child_eof;
}

/* In the style of the parent, which alone knows where the lines go. */
static void
child_log(enum proc_id proc)
{
	const char	*style = getenv("QUPTIMED_LOG");
	int		 verbose = getenv("QUPTIMED_VERBOSE") != NULL;

	log_init(style != NULL && strcmp(style, "priority") == 0 ?
	    LOG_STYLE_PRIORITY : LOG_STYLE_PLAIN, verbose);
	log_procinit(proc_name(proc));
}

/*
 * The parent has made the future root the working directory.  Users are looked
 * up while their files can still be read.
 */
static void
child_drop(enum proc_id proc)
{
	const char	*name;
	struct passwd	*pw;

	name = proc == PROC_QUORUM ? QUPTIMEQ_USER : QUPTIMED_USER;
	if ((pw = getpwnam(name)) == NULL &&
	    (pw = getpwnam(FALLBACK_USER)) == NULL)
		fatalx("there is neither a user %s nor %s", name,
		    FALLBACK_USER);
	if (chroot(".") == -1 || chdir("/") == -1)
		fatal("chroot");
	if (setgroups(1, &pw->pw_gid) == -1 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == -1 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == -1)
		fatal("user %s", pw->pw_name);
	endpwent();
}

static void
child_eof(struct ipc *ipc)
{
	(void)ipc;
	event_loopexit(NULL);
}

void
child_ready(struct child *child)
{
	sandbox_tighten(child->proc);
	child->phase = PH_RUN;
	ipc_send(&child->parent, IMSG_SETUP_DONE, 0, NULL, 0);
}

void
child_loop(struct child *child)
{
	event_dispatch();
	log_debug("leaving");
	ipc_close(&child->parent);
}

void
child_verbose(struct ipc *ipc, struct imsg *imsg)
{
	int32_t	 verbose;

	(void)ipc;
	if (imsg_get_data(imsg, &verbose, sizeof(verbose)) == -1)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	log_setverbose(verbose);
}

int
child_take_fd(struct imsg *imsg, struct imsg_fd *what)
{
	int	 fd;

	if (imsg_get_data(imsg, what, sizeof(*what)) == -1 ||
	    what->use < 0 || what->use >= FDU_COUNT)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((fd = imsg_get_fd(imsg)) == -1)
		fatalx("%s: without a descriptor",
		    imsg_name(imsg_get_type(imsg)));
	return (fd);
}

int
child_take_peer(struct imsg *imsg, enum proc_id *peer)
{
	int32_t	 id;
	int	 fd;

	if (imsg_get_data(imsg, &id, sizeof(id)) == -1 || id < 0 ||
	    id >= PROC_COUNT)
		fatalx("%s: malformed", imsg_name(imsg_get_type(imsg)));
	if ((fd = imsg_get_fd(imsg)) == -1)
		fatalx("%s: without a descriptor",
		    imsg_name(imsg_get_type(imsg)));
	*peer = id;
	return (fd);
}
