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

#ifndef PARENT_H
#define PARENT_H

#include <sys/stat.h>

#include "quptimed.h"

/* A file whose descriptor children get, again when it has changed. */
struct watched {
	enum fd_use	 use;
	const char	*path;
	struct stat	 st;		/* as it was when last sent */
};

struct parent {
	struct paths	 paths;
	char		 sock[104];	/* as long as sun_path */
	char		 self[1024];	/* the program */
	struct node	 node;
	int		 debug;		/* in the foreground */
	int		 phase;		/* enum ipc_phase */
	int		 lock_fd;
	int		 control_fd;
	int		 stopping;
	int		 exit_code;
	char		 empty[1100];	/* the children's root, until they */
					/* are in it */
	uid_t		 owner;		/* who may change things */
	uid_t		 quorum_uid;
	gid_t		 quorum_gid;

	struct ipc	 ipc[PROC_COUNT];
	pid_t		 pid[PROC_COUNT];
	int		 ready[PROC_COUNT];
	int		 log_fds[2];	/* children's lines; background only */
	int		 waiter_fd;	/* the process that waits for us */
	int		 null_fd;	/* for later; background only */
};

/* quptimed.c */
/* Ends the daemon; what it has started is stopped first. */
void	 parent_exit(struct parent *, int) __attribute__((__noreturn__));
/* All children are set up: from here on it serves. */
void	 parent_ready(struct parent *);
/* Reads node.yaml and the watched files again; id is the client that asked. */
void	 parent_reload(struct parent *, uint32_t id);

/* parent_procs.c */
void	 procs_start(struct parent *);
/* Descriptors and configuration to all, then IMSG_SETUP_DONE. */
void	 procs_setup(struct parent *, int listen_fd, struct keypair *);
void	 procs_send_watched(struct parent *, struct watched *);
/* What has ended, told in one line; whether there was any. */
int	 procs_reap(struct parent *);
/* Closes the channels and waits, at last with SIGKILL. */
void	 procs_stop(struct parent *);

/* parent_open.c: -1 and one log line where it fails */
int	 open_listener(const struct node *);
int	 open_icmp(int family, int *raw);
int	 open_control(struct parent *);
void	 close_control(struct parent *);
int	 open_lock(const struct paths *);
/* Hands the data directory's files to those who use them; as root only. */
void	 open_ownership(struct parent *);
/* Only those that quorum writes: root's editor may have made them anew. */
void	 open_give(struct parent *);
/* The files of resolv.conf, hosts and CA; NULL path ends the table. */
struct watched
	*open_watched(void);

/* control.c */
void	 control_init(struct parent *, int fd);
void	 control_stop(void);
/* A row or result from quorum, on its way to the client of its id. */
void	 control_relay(struct ipc *, struct imsg *);
/* An answer of the parent's own. */
void	 control_result(uint32_t, enum ctl_code, const char *);
/* Said behind quorum's answer to the present request; a static string. */
void	 control_note(uint32_t, const char *);

#endif /* PARENT_H */
