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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quptimed.h"
#include "yaml.h"

#define DEFAULT_DIR	"/etc/quptime"
#define DEFAULT_RUNDIR	"/run/quptime"
#define SOCKET_NAME	"quptimed.sock"
#define DEFAULT_BIND	"0.0.0.0"
#define TMP_MARK	".tmp-"
/*
 * What node.yaml will be, while an identity is being made.  It is there before
 * the first key and becomes node.yaml after the last file, so that a crash in
 * between is known as such and the work is done again.
 */
#define INIT_SUFFIX	".init"
#define KEYS_EXIST	"key material already exists; refusing to overwrite"

static int	 default_dir(char *, size_t);
static int	 absolute(char *, size_t, const char *);
static int	 join(char *, size_t, const char *, const char *);
static const char
		*env(const char *);
static int	 node_env(struct node *, struct verr *);
static int	 node_defaults(struct node *);
static int	 node_read(const char *, struct node *, struct verr *);
static int	 node_write(const char *, const struct node *, struct verr *);
static int	 node_complete(const struct paths *, struct node *,
		    struct verr *);
static int	 init_resume(const struct paths *, const char *,
		    struct node *, struct cluster *, struct verr *);
static int	 key_drop(const struct paths *, struct verr *);
static int	 cluster_read(const char *, struct cluster *, struct verr *);
static void	 cluster_drop_peer(struct cluster *, const char *);
static int	 cluster_add_self(struct cluster *, const struct paths *,
		    const struct node *, struct verr *);
static int	 cluster_write(const char *, struct cluster *,
		    const struct node *, struct verr *);
static int	 mkdir_all(const char *, struct verr *);
static int	 dir_sync(const char *);
static int	 write_all(int, const void *, size_t);
static int	 is_leftover(const char *);
static char	*uuid_new(void);

/* Variable and the field of node.yaml over which it wins. */
static const struct {
	const char	*var;
	const char	*field;
} overrides[] = {
	{ "QUPTIME_NODE_ID",	"node_id" },
	{ "QUPTIME_BIND_ADDR",	"bind_addr" },
	{ "QUPTIME_BIND_PORT",	"bind_port" },
	{ "QUPTIME_ADVERTISE",	"advertise" },
};

int
paths_init(struct paths *p, const char *dir)
{
	char	 def[sizeof(p->dir)];

	if (dir == NULL && (dir = env("QUPTIME_DIR")) == NULL) {
		if (default_dir(def, sizeof(def)) == -1)
			return (-1);
		dir = def;
	}
	if (absolute(p->dir, sizeof(p->dir), dir) == -1 ||
	    join(p->node, sizeof(p->node), p->dir, "node.yaml") == -1 ||
	    join(p->cluster, sizeof(p->cluster), p->dir,
	    "cluster.yaml") == -1 ||
	    join(p->trust, sizeof(p->trust), p->dir, "trust.yaml") == -1 ||
	    join(p->keydir, sizeof(p->keydir), p->dir, "keys") == -1 ||
	    join(p->privkey, sizeof(p->privkey), p->keydir,
	    "private.pem") == -1 ||
	    join(p->pubkey, sizeof(p->pubkey), p->keydir,
	    "public.pem") == -1 ||
	    join(p->cert, sizeof(p->cert), p->keydir, "cert.pem") == -1)
		return (-1);
	return (0);
}

int
socket_path(const char *sock, char *buf, size_t size)
{
	const struct sockaddr_un	*sun = NULL;
	const char			*base;
	char				 dir[PATH_MAX];
	int				 n, rv;

	if (sock != NULL || (sock = env("QUPTIME_SOCKET")) != NULL)
		rv = absolute(buf, size, sock);
	else {
		if (geteuid() == 0)
			n = snprintf(dir, sizeof(dir), "%s", DEFAULT_RUNDIR);
		else if ((base = env("XDG_RUNTIME_DIR")) != NULL)
			n = snprintf(dir, sizeof(dir), "%s/quptime", base);
		else
			n = snprintf(dir, sizeof(dir), "/tmp/quptime-%u",
			    (unsigned int)geteuid());
		if (n >= (int)sizeof(dir))
			return (-1);
		rv = join(buf, size, dir, SOCKET_NAME);
	}
	if (rv == -1 || strlen(buf) >= sizeof(sun->sun_path))
		return (-1);
	return (0);
}

/* -1 with errno ENOENT when there is no node.yaml. */
int
nodeconf_load(const struct paths *paths, struct node *node, struct verr *ve)
{
	if (node_read(paths->node, node, ve) == -1)
		return (-1);
	if (node_env(node, ve) == -1)
		goto fail;
	if (*str(node->node_id) == '\0') {
		verr_file(ve, paths->node,
		    "must not be empty: run `quptimectl init` first");
		(void)strlcpy(ve->path, "node_id", sizeof(ve->path));
		ve->line = ve->column = 1;
		goto fail;
	}
	if (node_defaults(node) == -1) {
		verr_file(ve, paths->node, "%s", strerror(errno));
		goto fail;
	}
	return (0);

 fail:
	record_clear(&node_record, node);
	errno = EINVAL;
	return (-1);
}

const char *
nodeconf_advertise(const struct node *node, char *buf, size_t size)
{
	const char	*host;
	int		 v6;

	if (*str(node->advertise) != '\0') {
		(void)strlcpy(buf, node->advertise, size);
		return (buf);
	}
	host = str(node->bind_addr);
	if (*host == '\0' || strcmp(host, DEFAULT_BIND) == 0 ||
	    strcmp(host, "::") == 0)
		host = "127.0.0.1";
	v6 = strchr(host, ':') != NULL && host[0] != '[';
	(void)snprintf(buf, size, "%s%s%s:%llu", v6 ? "[" : "", host,
	    v6 ? "]" : "", node->bind_port != 0 ?
	    (unsigned long long)node->bind_port : DEFAULT_PORT);
	return (buf);
}

int
nodeconf_init(const struct paths *paths, struct node *node, struct verr *ve)
{
	struct cluster	 cl;
	struct stat	 st;
	char		 pending[sizeof(paths->node) + sizeof(INIT_SUFFIX)];
	int		 rv;

	if (lstat(paths->node, &st) == 0)
		return (verr_file(ve, paths->node,
		    "already exists in data dir, refusing to overwrite"));
	if (errno != ENOENT && errno != ENOTDIR)
		return (verr_file(ve, paths->node, "%s", strerror(errno)));
	(void)snprintf(pending, sizeof(pending), "%s" INIT_SUFFIX,
	    paths->node);

	/* All that may be refused, before the first file is written. */
	memset(&cl, 0, sizeof(cl));
	rv = -1;
	if (node_env(node, ve) == -1 ||
	    cluster_read(paths->cluster, &cl, ve) == -1 ||
	    init_resume(paths, pending, node, &cl, ve) == -1 ||
	    node_complete(paths, node, ve) == -1)
		goto done;
	if (cl.peers.n != 0) {
		verr_file(ve, paths->cluster,
		    "has peers already, refusing to make a new node of it");
		goto done;
	}

	if (mkdir_all(paths->dir, ve) == -1)
		goto done;
	(void)file_sweep(paths->dir);
	(void)file_sweep(paths->keydir);
	if (node_write(pending, node, ve) == -1 ||
	    key_drop(paths, ve) == -1 ||
	    keys_generate(paths, node->node_id, ve) == -1 ||
	    cluster_add_self(&cl, paths, node, ve) == -1 ||
	    cluster_write(paths->cluster, &cl, node, ve) == -1)
		goto done;
	if (rename(pending, paths->node) == -1 || dir_sync(paths->node) == -1)
		verr_file(ve, paths->node, "%s", strerror(errno));
	else
		rv = 0;
 done:
	record_clear(&cluster_record, &cl);
	return (rv);
}

int
file_replace(const char *path, mode_t mode, const void *data, size_t len,
    struct verr *ve)
{
	char	 tmp[PATH_MAX];
	int	 fd, saved;

	if (snprintf(tmp, sizeof(tmp), "%s" TMP_MARK "XXXXXX", path) >=
	    (int)sizeof(tmp))
		return (verr_file(ve, path, "%s", strerror(ENAMETOOLONG)));
	if ((fd = mkostemp(tmp, O_CLOEXEC)) == -1)
		return (verr_file(ve, path, "%s", strerror(errno)));
	if (fchmod(fd, mode) == -1 ||
	    write_all(fd, data, len) == -1 ||
	    fsync(fd) == -1) {
		saved = errno;
		close(fd);
		goto fail;
	}
	if (close(fd) == -1 || rename(tmp, path) == -1) {
		saved = errno;
		goto fail;
	}
	if (dir_sync(path) == -1)
		return (verr_file(ve, path, "directory: %s",
		    strerror(errno)));
	return (0);

 fail:
	(void)unlink(tmp);
	return (verr_file(ve, path, "%s", strerror(saved)));
}

int
file_sweep(const char *dir)
{
	struct dirent	*de;
	DIR		*d;
	int		 n;

	if ((d = opendir(dir)) == NULL)
		return (-1);
	n = 0;
	while ((de = readdir(d)) != NULL)
		if (is_leftover(de->d_name) &&
		    unlinkat(dirfd(d), de->d_name, 0) == 0)
			n++;
	closedir(d);
	return (n);
}

int
verr_file(struct verr *ve, const char *file, const char *fmt, ...)
{
	char	 msg[sizeof(ve->msg)];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	memset(ve, 0, sizeof(*ve));
	(void)verr_set(ve, "", "%s", msg);
	(void)strlcpy(ve->file, file, sizeof(ve->file));
	return (-1);
}

static int
default_dir(char *buf, size_t size)
{
	const char	*base;
	int		 n;

	if (geteuid() == 0)
		n = snprintf(buf, size, "%s", DEFAULT_DIR);
	else if ((base = env("XDG_CONFIG_HOME")) != NULL)
		n = snprintf(buf, size, "%s/quptime", base);
	else if ((base = env("HOME")) != NULL)
		n = snprintf(buf, size, "%s/.config/quptime", base);
	else
		n = snprintf(buf, size, "quptime");
	return (n < (int)size ? 0 : -1);
}

/* The daemon changes its directory, and must still find its files. */
static int
absolute(char *buf, size_t size, const char *path)
{
	char	 cwd[PATH_MAX];

	if (path[0] == '/')
		return (strlcpy(buf, path, size) < size ? 0 : -1);
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		return (-1);
	return (join(buf, size, cwd, path));
}

static int
join(char *buf, size_t size, const char *dir, const char *name)
{
	int	 n;

	n = snprintf(buf, size, "%s/%s", dir, name);
	return (n >= 0 && n < (int)size ? 0 : -1);
}

/* A variable that is set to nothing counts as not set. */
static const char *
env(const char *name)
{
	const char	*value;

	value = getenv(name);
	return (value != NULL && *value != '\0' ? value : NULL);
}

static int
node_env(struct node *node, struct verr *ve)
{
	const char	*value;
	size_t		 i;

	for (i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		if ((value = env(overrides[i].var)) == NULL)
			continue;
		memset(ve, 0, sizeof(*ve));
		if (field_set(record_field(&node_record, overrides[i].field),
		    node, value, ve) == 0 &&
		    record_validate(&node_record, node, "", ve) == 0)
			continue;
		if (ve->path[0] == '\0' ||
		    strcmp(ve->path, overrides[i].field) == 0)
			(void)strlcpy(ve->path, overrides[i].var,
			    sizeof(ve->path));
		ve->file[0] = '\0';
		return (-1);
	}
	return (0);
}

static int
node_defaults(struct node *node)
{
	if (node->bind_port == 0)
		node->bind_port = DEFAULT_PORT;
	if (*str(node->bind_addr) == '\0') {
		free(node->bind_addr);
		if ((node->bind_addr = strdup(DEFAULT_BIND)) == NULL)
			return (-1);
	}
	return (0);
}

static int
node_read(const char *path, struct node *node, struct verr *ve)
{
	int	 fd, rv, saved;

	memset(node, 0, sizeof(*node));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		saved = errno;
		verr_file(ve, path, "%s", strerror(saved));
		errno = saved;
		return (-1);
	}
	rv = yaml_read(&node_record, node, path, fd, ve);
	close(fd);
	if (rv == -1)
		errno = EINVAL;
	return (rv);
}

static int
node_write(const char *path, const struct node *node, struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	if ((text = yaml_format(&node_record, node, &len)) == NULL)
		return (verr_file(ve, path, "%s", strerror(ENOMEM)));
	rv = file_replace(path, 0600, text, len, ve);
	freezero(text, len);
	return (rv);
}

/*
 * An identity of which a crash left a part belongs to nobody.  Its node id is
 * taken on, if no other is asked for, and its place in the cluster is free;
 * but a key that no such attempt made is somebody's.
 */
static int
init_resume(const struct paths *paths, const char *pending,
    struct node *node, struct cluster *cl, struct verr *ve)
{
	struct node	 old;
	struct stat	 st;

	if (node_read(pending, &old, ve) == -1) {
		if (errno != ENOENT && errno != ENOTDIR)
			return (-1);
		if (lstat(paths->privkey, &st) == 0)
			return (verr_file(ve, paths->privkey, KEYS_EXIST));
		return (0);
	}
	cluster_drop_peer(cl, str(old.node_id));
	if (*str(node->node_id) == '\0') {
		free(node->node_id);
		node->node_id = old.node_id;
		old.node_id = NULL;
	}
	record_clear(&node_record, &old);
	return (0);
}

static int
node_complete(const struct paths *paths, struct node *node, struct verr *ve)
{
	if (*str(node->node_id) == '\0') {
		free(node->node_id);
		node->node_id = uuid_new();
	}
	if (node->node_id == NULL || node_defaults(node) == -1)
		return (verr_file(ve, paths->node, "%s", strerror(ENOMEM)));
	return (record_validate(&node_record, node, "", ve));
}

/* From an attempt before, see init_resume(). */
static int
key_drop(const struct paths *paths, struct verr *ve)
{
	if (unlink(paths->privkey) == -1 && errno != ENOENT)
		return (verr_file(ve, paths->privkey, "%s",
		    strerror(errno)));
	return (0);
}

/* None is an empty one. */
static int
cluster_read(const char *path, struct cluster *cl, struct verr *ve)
{
	int	 fd, rv;

	memset(cl, 0, sizeof(*cl));
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return (errno == ENOENT || errno == ENOTDIR ? 0 :
		    verr_file(ve, path, "%s", strerror(errno)));
	rv = yaml_read(&cluster_record, cl, path, fd, ve);
	close(fd);
	return (rv);
}

static void
cluster_drop_peer(struct cluster *cl, const char *node_id)
{
	uint32_t	 i;

	for (i = cl->peers.n; i-- > 0; )
		if (strcmp(str(CLUSTER_PEER(cl, i)->node_id), node_id) == 0)
			record_free(&peer_record, reclist_take(&cl->peers, i));
}

static int
cluster_add_self(struct cluster *cl, const struct paths *paths,
    const struct node *node, struct verr *ve)
{
	struct keypair	 kp;
	struct peer	*peer;
	char		 addr[1024];

	if (keys_load(paths, &kp, ve) == -1)
		return (-1);
	if ((peer = record_new(&peer_record)) == NULL)
		goto fail;
	peer->node_id = strdup(node->node_id);
	peer->advertise = strdup(nodeconf_advertise(node, addr,
	    sizeof(addr)));
	peer->fingerprint = strdup(kp.fingerprint);
	peer->cert_pem = strdup(kp.cert_pem);
	if (peer->node_id == NULL || peer->advertise == NULL ||
	    peer->fingerprint == NULL || peer->cert_pem == NULL ||
	    reclist_add(&cl->peers, peer) == -1)
		goto fail;
	keys_clear(&kp);
	return (0);

 fail:
	record_free(&peer_record, peer);
	keys_clear(&kp);
	return (verr_file(ve, paths->cluster, "%s", strerror(ENOMEM)));
}

/* Checks and alerts that were written beforehand stay. */
static int
cluster_write(const char *path, struct cluster *cl, const struct node *node,
    struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	if (cl->version == 0)
		cl->version = 1;
	cl->updated_at = wall_now();
	free(cl->updated_by);
	if ((cl->updated_by = strdup(node->node_id)) == NULL ||
	    (text = yaml_format(&cluster_record, cl, &len)) == NULL)
		return (verr_file(ve, path, "%s", strerror(ENOMEM)));
	rv = file_replace(path, 0600, text, len, ve);
	freezero(text, len);
	return (rv);
}

static int
mkdir_all(const char *dir, struct verr *ve)
{
	char	 path[PATH_MAX], *p;

	if (strlcpy(path, dir, sizeof(path)) >= sizeof(path))
		return (verr_file(ve, dir, "%s", strerror(ENAMETOOLONG)));
	for (p = path + 1; p != NULL; ) {
		if ((p = strchr(p, '/')) != NULL)
			*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return (verr_file(ve, path, "%s", strerror(errno)));
		if (p != NULL)
			*p++ = '/';
	}
	return (0);
}

/* The directory of a path. */
static int
dir_sync(const char *path)
{
	char	 copy[PATH_MAX];
	int	 fd, rv;

	(void)strlcpy(copy, path, sizeof(copy));
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	rv = fsync(fd);
	close(fd);
	return (rv);
}

static int
write_all(int fd, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	while (len > 0) {
		if ((n = write(fd, p, len)) == -1) {
			if (errno == EINTR)
				continue;
			return (-1);
		}
		p += n;
		len -= n;
	}
	return (0);
}

/* <name>.tmp-<letters and digits>, as ours and the Go implementation's. */
static int
is_leftover(const char *name)
{
	const char	*p;

	if ((p = strstr(name, TMP_MARK)) == NULL || p == name)
		return (0);
	p += strlen(TMP_MARK);
	if (*p == '\0')
		return (0);
	while (isalnum((unsigned char)*p))
		p++;
	return (*p == '\0');
}

/* Version 4, RFC 9562, section 5.4. */
static char *
uuid_new(void)
{
	unsigned char	 b[16];
	char		*s;

	arc4random_buf(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	if (asprintf(&s, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]) == -1)
		return (NULL);
	return (s);
}
