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
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent.h"

#define LOCK_WAIT	MONO_SEC(5)	/* for a killed daemon's quorum */
#define LISTEN_BACKLOG	1024	/* while the engine shakes hands */

/* In the data directory: what is the parent's, and what quorum writes. */
static const char	*const parent_files[] = {
	"node.yaml", "keys", "keys/private.pem", "keys/public.pem",
	"keys/cert.pem"
};
static const char	*const quorum_files[] = {
	"cluster.yaml", "cluster.yaml.edited", "cluster.next.yaml",
	"trust.yaml", "quorum.yaml", "history.db", "history.db-wal",
	"history.db-shm"
};
#define NFILES(list)	(sizeof(list) / sizeof((list)[0]))

static int	 bind_listener(const struct addrinfo *, const char *);
static int	 control_taken(const struct sockaddr_un *);
static int	 make_socket_dir(const char *);
static void	 give_file(struct parent *, const char *, uid_t, gid_t);

static struct stat	 control_st;	/* of the socket that is ours */
static int		 control_made;

int
open_listener(const struct node *node)
{
	struct addrinfo	 hints, *res;
	char		 host[256], port[8], name[300];
	const char	*h = str(node->bind_addr);
	size_t		 len;
	int		 error, fd;

	/* QUptime joins address and port, so its IPv6 ones have brackets. */
	len = strlen(h);
	if (h[0] == '[' && len > 2 && h[len - 1] == ']') {
		h++;
		len -= 2;
	}
	if (len >= sizeof(host)) {
		log_warnx("bind_addr is too long");
		return (-1);
	}
	memcpy(host, h, len);
	host[len] = '\0';
	snprintf(port, sizeof(port), "%llu",
	    (unsigned long long)node->bind_port);
	snprintf(name, sizeof(name), strchr(host, ':') != NULL ? "[%s]:%s" :
	    "%s:%s", host, port);

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	if ((error = getaddrinfo(host, port, &hints, &res)) != 0) {
		log_warnx("bind_addr %s: %s", name, gai_strerror(error));
		return (-1);
	}
	fd = bind_listener(res, name);
	freeaddrinfo(res);
	return (fd);
}

static int
bind_listener(const struct addrinfo *res, const char *name)
{
	int	 fd, on = 1;

	fd = socket(res->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1) {
		log_warn("listen on %s", name);
		return (-1);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, res->ai_addr, res->ai_addrlen) == -1 ||
	    listen(fd, LISTEN_BACKLOG) == -1) {
		log_warn("listen on %s", name);
		close(fd);
		return (-1);
	}
	return (fd);
}

/*
 * A raw socket where that is permitted, else the kernel's datagram form; -1
 * without a word when there is neither.
 */
int
open_icmp(int family, int *raw)
{
	int	 fd, flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
	int	 proto = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	*raw = 1;
	if ((fd = socket(family, SOCK_RAW | flags, proto)) != -1)
		return (fd);
	*raw = 0;
	return (socket(family, SOCK_DGRAM | flags, proto));
}

int
open_control(struct parent *parent)
{
	struct sockaddr_un	 sun;
	struct group		*gr;
	mode_t			 old;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, parent->sock, sizeof(sun.sun_path));
	if (make_socket_dir(parent->sock) == -1 || control_taken(&sun))
		return (-1);
	if (unlink(parent->sock) == -1 && errno != ENOENT) {
		log_warn("%s", parent->sock);
		return (-1);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		log_warn("control socket");
		return (-1);
	}
	old = umask(S_IXUSR | S_IXGRP | S_IRWXO);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		log_warn("%s", parent->sock);
		umask(old);
		close(fd);
		return (-1);
	}
	umask(old);
	if (geteuid() == 0 && (gr = getgrnam(QUPTIME_GROUP)) != NULL &&
	    chown(parent->sock, (uid_t)-1, gr->gr_gid) == -1)
		log_warn("%s", parent->sock);
	endgrent();
	if (listen(fd, CTL_CLIENTS) == -1 ||
	    stat(parent->sock, &control_st) == -1) {
		log_warn("%s", parent->sock);
		close(fd);
		return (-1);
	}
	control_made = 1;
	return (fd);
}

/* A daemon that answers there is left alone; a stale socket is not one. */
static int
control_taken(const struct sockaddr_un *sun)
{
	struct stat	 st;
	int		 fd, taken = 0;

	if (lstat(sun->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		log_warnx("%s: there is a file that is no socket",
		    sun->sun_path);
		return (1);
	}
	/* One that does not accept is not stale either, and not waited for. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		log_warn("control socket");
		return (1);
	}
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 ||
	    errno == EAGAIN) {
		log_warnx("%s: another daemon answers there", sun->sun_path);
		taken = 1;
	}
	close(fd);
	return (taken);
}

static int
make_socket_dir(const char *path)
{
	struct stat	 st;
	char		 buf[sizeof(((struct parent *)NULL)->sock)], *dir;

	strlcpy(buf, path, sizeof(buf));
	dir = dirname(buf);
	if (mkdir(dir, geteuid() == 0 ? 0755 : 0700) == -1 &&
	    errno != EEXIST) {
		log_warn("%s", dir);
		return (-1);
	}
	/* In /tmp anyone may have been there before. */
	if (geteuid() != 0 && stat(dir, &st) == 0 && st.st_uid != 0 &&
	    st.st_uid != geteuid()) {
		log_warnx("%s: belongs to somebody else", dir);
		return (-1);
	}
	return (0);
}

/* Only if it is still the one that was made. */
void
close_control(struct parent *parent)
{
	struct stat	 st;

	if (!control_made || stat(parent->sock, &st) == -1)
		return;
	if (st.st_dev == control_st.st_dev && st.st_ino == control_st.st_ino &&
	    unlink(parent->sock) == -1)
		log_warn("%s", parent->sock);
}

/*
 * The lock is on the directory and lives as long as anyone has the descriptor:
 * quorum has it too, so that no second writer starts while it still works.
 */
int
open_lock(const struct paths *paths)
{
	const struct timespec	 pause = { 0, 20 * 1000 * 1000 };
	struct monotime		 deadline = mono_add(mono_now(), LOCK_WAIT);
	int			 fd;

	if ((fd = open(paths->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		log_warn("%s", paths->dir);
		return (-1);
	}
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK ||
		    mono_cmp(mono_now(), deadline) >= 0) {
			if (errno == EWOULDBLOCK)
				log_warnx("another quptimed runs on %s",
				    paths->dir);
			else
				log_warn("lock %s", paths->dir);
			close(fd);
			return (-1);
		}
		nanosleep(&pause, NULL);
	}
	return (fd);
}

/*
 * The directory is root's and sticky: quorum may replace what is its own, and
 * neither node.yaml nor the keys.
 */
void
open_ownership(struct parent *parent)
{
	size_t	 i;

	if (fchown(parent->lock_fd, 0, parent->quorum_gid) == -1 ||
	    fchmod(parent->lock_fd, S_ISVTX | S_IRWXU | S_IRWXG) == -1)
		fatal("%s", parent->paths.dir);
	/* The parent has no right any more to read what is others'. */
	for (i = 0; i < NFILES(parent_files); i++)
		give_file(parent, parent_files[i], 0, 0);
	open_give(parent);
}

void
open_give(struct parent *parent)
{
	size_t	 i;

	for (i = 0; i < NFILES(quorum_files); i++)
		give_file(parent, quorum_files[i], parent->quorum_uid,
		    parent->quorum_gid);
}

/* Not to be led to another file by a link in the directory. */
static void
give_file(struct parent *parent, const char *name, uid_t uid, gid_t gid)
{
	struct stat	 st;
	int		 fd;

	fd = openat(parent->lock_fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_uid != uid &&
	    (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) &&
	    st.st_nlink == 1)) && fchown(fd, uid, gid) == -1)
		log_warn("%s/%s", parent->paths.dir, name);
	close(fd);
}

struct watched *
open_watched(void)
{
	static struct watched	 table[] = {
		{ .use = FDU_CA },
		{ .use = FDU_RESOLV, .path = "/etc/resolv.conf" },
		{ .use = FDU_HOSTS, .path = "/etc/hosts" },
		{ .use = FDU_COUNT }
	};
	static const char	*const bundles[] = {
		"/etc/ssl/cert.pem",
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem"
	};
	size_t			 i;

	for (i = 0; table[0].path == NULL &&
	    i < sizeof(bundles) / sizeof(bundles[0]); i++)
		if (access(bundles[i], R_OK) == 0)
			table[0].path = bundles[i];
	/* Where none is there yet, one may come. */
	if (table[0].path == NULL)
		table[0].path = bundles[1];
	return (table);
}
