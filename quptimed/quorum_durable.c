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

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "quorum_durable.h"
#include "quptimed.h"
#include "yaml.h"

#define FILE_MODE	0600
#define TMP_SUFFIX	".new"
/* The last line: what it is, its stamp, and a checksum over all of that. */
#define SEAL_FORMAT	"# quptimed %s, term %llu, version %llu, sha256 "
#define SEAL_MAX	160
#define HEX_LEN		(2 * SHA256_DIGEST_LENGTH)
#define FILE_MAX	(YAML_FILE_MAX + SEAL_MAX)
#define NOT_SEALED	2

/* quorum.yaml. */
struct ballot {
	uint64_t	 term;
	char		*voted_for;
};

static const struct field	ballot_fields[] = {
	{ .yaml = "term", .type = FT_UINT, .flags = F_PRESENT,
	  .offset = offsetof(struct ballot, term), .help = "of the election" },
	{ .yaml = "voted_for", .type = FT_STR, .max = DURABLE_ID_MAX,
	  .offset = offsetof(struct ballot, voted_for), .help = "in it" }
};
static const struct record	ballot_record = {
	.name = "quorum", .size = sizeof(struct ballot), .level = 1,
	.extra = RECORD_NOEXTRA, .fields = ballot_fields,
	.nfields = sizeof(ballot_fields) / sizeof(ballot_fields[0])
};

enum seal {
	SEAL_OK,
	SEAL_NONE,	/* the file does not end with one */
	SEAL_BAD	/* what it says is not what is there */
};

static int	 disk_open(void *, const char *, int);
static ssize_t	 disk_read(void *, int, void *, size_t);
static ssize_t	 disk_write(void *, int, const void *, size_t);
static int	 disk_fsync(void *, int);
static int	 disk_close(void *, int);
static int	 disk_rename(void *, const char *, const char *);
static int	 disk_unlink(void *, const char *);
static int	 disk_fsync_dir(void *);
static int	 trouble(struct durable *, const char *, struct verr *,
		    const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));
static int	 load_vote(struct durable *, struct verr *);
static int	 load_config(struct durable *, const char *,
		    struct stamp *, char **, size_t *, struct verr *);
static int	 consistent(struct durable *, int, struct verr *);
static int	 slurp(struct durable *, const char *, char **, size_t *,
		    struct verr *);
static int	 replace(struct durable *, const char *, const char *,
		    const struct stamp *, const void *, size_t,
		    struct verr *);
static int	 write_all(struct durable *, int, const void *, size_t);
static int	 seal_make(char *, size_t, const char *,
		    const struct stamp *, const void *, size_t);
static enum seal seal_check(const char *, const char *, size_t *,
		    struct stamp *);

static const char	 kind_vote[] = "vote";
static const char	 kind_config[] = "configuration";

const struct durable_ops	 durable_disk = {
	.open = disk_open,
	.read = disk_read,
	.write = disk_write,
	.fsync = disk_fsync,
	.close = disk_close,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.fsync_dir = disk_fsync_dir
};

void
durable_init(struct durable *d, const struct durable_ops *ops, void *arg,
    const char *dir)
{
	memset(d, 0, sizeof(*d));
	d->ops = ops;
	d->arg = arg;
	if (dir != NULL)
		(void)strlcpy(d->dir, dir, sizeof(d->dir));
}

int
durable_load(struct durable *d, struct durable_texts *t, struct verr *ve)
{
	int	 vote, next, committed;

	memset(t, 0, sizeof(*t));
	d->term = 0;
	d->voted_for[0] = '\0';
	d->has_next = d->has_committed = 0;
	/* What a crash left half written has been promised to nobody. */
	(void)d->ops->unlink(d->arg, DURABLE_VOTE TMP_SUFFIX);
	(void)d->ops->unlink(d->arg, DURABLE_NEXT TMP_SUFFIX);
	if ((vote = load_vote(d, ve)) == -1 ||
	    (next = load_config(d, DURABLE_NEXT, &d->next, &t->next,
	    &t->next_len, ve)) == -1)
		return (-1);
	committed = load_config(d, DURABLE_COMMITTED, &d->committed,
	    &t->committed, &t->committed_len, ve);
	if (committed == -1)
		goto fail;
	if (next == NOT_SEALED) {
		(void)trouble(d, DURABLE_NEXT, ve, "its last line is missing");
		goto fail;
	}
	if (vote == 0 && next == 0 && (committed == 0 ||
	    committed == NOT_SEALED))
		return (0);
	if (committed == NOT_SEALED) {
		(void)trouble(d, DURABLE_COMMITTED, ve, "its last line is "
		    "missing: truncated, or edited while nothing ran");
		goto fail;
	}
	d->has_next = next;
	d->has_committed = committed;
	if (consistent(d, vote, ve) == -1)
		goto fail;
	return (1);

 fail:
	durable_texts_clear(t);
	return (-1);
}

void
durable_texts_clear(struct durable_texts *t)
{
	if (t->committed != NULL)
		freezero(t->committed, t->committed_len);
	if (t->next != NULL)
		freezero(t->next, t->next_len);
	memset(t, 0, sizeof(*t));
}

/* What each file says, against what the others say. */
static int
consistent(struct durable *d, int vote, struct verr *ve)
{
	const struct stamp	*c = &d->committed, *n = &d->next;

	if (!vote && ((d->has_committed && c->term > 0) || d->has_next))
		return (trouble(d, DURABLE_VOTE, ve, "missing, while %s is "
		    "there", d->has_next ? DURABLE_NEXT : DURABLE_COMMITTED));
	if (d->has_next && n->term > d->term)
		return (trouble(d, DURABLE_VOTE, ve, "of term %llu, but %s "
		    "was accepted in term %llu", (unsigned long long)d->term,
		    DURABLE_NEXT, (unsigned long long)n->term));
	if (d->has_committed && c->term > d->term)
		return (trouble(d, DURABLE_VOTE, ve, "of term %llu, but %s "
		    "was committed in term %llu", (unsigned long long)d->term,
		    DURABLE_COMMITTED, (unsigned long long)c->term));
	if (d->has_next && d->has_committed && stamp_cmp(*n, *c) <= 0)
		return (trouble(d, DURABLE_NEXT, ve, "version %llu of term "
		    "%llu, but %s has version %llu of term %llu",
		    (unsigned long long)n->n,
		    (unsigned long long)n->term, DURABLE_COMMITTED,
		    (unsigned long long)c->n,
		    (unsigned long long)c->term));
	return (0);
}

int
durable_save_vote(struct durable *d, uint64_t term, const char *voted_for,
    struct verr *ve)
{
	struct stamp	 s = { term, 0 };
	struct ballot		 b;
	char			*text;
	size_t			 len;
	int			 rv;

	b.term = term;
	b.voted_for = (char *)(uintptr_t)voted_for;
	if ((text = yaml_format(&ballot_record, &b, &len)) == NULL)
		return (verr_file(ve, DURABLE_VOTE, "%s", strerror(ENOMEM)));
	rv = replace(d, DURABLE_VOTE, kind_vote, &s, text, len, ve);
	free(text);
	if (rv == -1)
		return (-1);
	d->term = term;
	(void)strlcpy(d->voted_for, voted_for != NULL ? voted_for : "",
	    sizeof(d->voted_for));
	return (0);
}

int
durable_save_next(struct durable *d, uint64_t term, uint64_t version,
    const void *text, size_t len, struct verr *ve)
{
	struct stamp	 s = { term, version };

	if (len > YAML_FILE_MAX)
		return (verr_file(ve, DURABLE_NEXT, "would be larger than %d "
		    "bytes", YAML_FILE_MAX));
	/* The seal is a line of its own. */
	if (len == 0 || ((const char *)text)[len - 1] != '\n')
		return (verr_file(ve, DURABLE_NEXT, "is not made of lines"));
	if (replace(d, DURABLE_NEXT, kind_config, &s, text, len, ve) == -1)
		return (-1);
	d->next = s;
	d->has_next = 1;
	return (0);
}

int
durable_commit(struct durable *d, uint64_t term, uint64_t version,
    struct verr *ve)
{
	if (!d->has_next || d->next.term != term || d->next.n != version)
		return (verr_file(ve, DURABLE_NEXT, "is not version %llu of "
		    "term %llu", (unsigned long long)version,
		    (unsigned long long)term));
	if (d->ops->rename(d->arg, DURABLE_NEXT, DURABLE_COMMITTED) == -1)
		return (verr_file(ve, DURABLE_COMMITTED, "%s",
		    strerror(errno)));
	if (d->ops->fsync_dir(d->arg) == -1)
		return (verr_file(ve, DURABLE_COMMITTED, "directory: %s",
		    strerror(errno)));
	d->committed = d->next;
	d->has_committed = 1;
	d->has_next = 0;
	return (0);
}

int
durable_forget(struct durable *d, struct verr *ve)
{
	static const char *const	 names[] = {
		DURABLE_NEXT, DURABLE_VOTE
	};
	size_t				 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (d->ops->unlink(d->arg, names[i]) == -1 && errno != ENOENT)
			return (verr_file(ve, names[i], "%s",
			    strerror(errno)));
	if (d->ops->fsync_dir(d->arg) == -1)
		return (verr_file(ve, DURABLE_VOTE, "directory: %s",
		    strerror(errno)));
	d->term = 0;
	d->voted_for[0] = '\0';
	d->has_next = d->has_committed = 0;
	return (0);
}

/* 1, 0 when it is not there, or -1. */
static int
load_vote(struct durable *d, struct verr *ve)
{
	struct stamp	 s;
	struct ballot		 b;
	char			*buf;
	size_t			 len;
	int			 rv;

	if ((rv = slurp(d, DURABLE_VOTE, &buf, &len, ve)) != 1)
		return (rv);
	memset(&b, 0, sizeof(b));
	if (seal_check(kind_vote, buf, &len, &s) != SEAL_OK)
		rv = trouble(d, DURABLE_VOTE, ve, "it does not match its "
		    "checksum");
	else if (yaml_parse(&ballot_record, &b, DURABLE_VOTE, buf, len,
	    ve) == -1)
		rv = -1;
	else if (b.term != s.term || strlcpy(d->voted_for, str(b.voted_for),
	    sizeof(d->voted_for)) >= sizeof(d->voted_for))
		rv = trouble(d, DURABLE_VOTE, ve, "it contradicts itself");
	else
		d->term = b.term;
	record_clear(&ballot_record, &b);
	free(buf);
	return (rv);
}

/* 1, 0 when it is not there, NOT_SEALED, or -1. */
static int
load_config(struct durable *d, const char *name, struct stamp *s,
    char **text, size_t *len, struct verr *ve)
{
	int	 rv;

	if ((rv = slurp(d, name, text, len, ve)) != 1)
		return (rv);
	switch (seal_check(kind_config, *text, len, s)) {
	case SEAL_OK:
		(*text)[*len] = '\0';
		return (1);
	case SEAL_NONE:
		rv = NOT_SEALED;
		break;
	case SEAL_BAD:
		rv = trouble(d, name, ve, "it does not match its checksum: "
		    "damaged, or edited while nothing ran");
		break;
	}
	freezero(*text, *len);
	*text = NULL;
	return (rv);
}

/* What can be done about it is the same each time. */
static int
trouble(struct durable *d, const char *name, struct verr *ve,
    const char *fmt, ...)
{
	char	 path[sizeof(d->dir) + sizeof(DURABLE_NEXT)], what[128];
	va_list	 ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (d->dir[0] != '\0')
		(void)snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	else
		(void)strlcpy(path, name, sizeof(path));
	return (verr_file(ve, path, "%s; a node that forgets what it promised "
	    "can undo what others rely on: remove it from the cluster and let "
	    "it join anew", what));
}

/* The whole file: 1, 0 when it is not there, or -1. */
static int
slurp(struct durable *d, const char *name, char **buf, size_t *len,
    struct verr *ve)
{
	char	*p;
	size_t	 cap = 0;
	ssize_t	 n;
	int	 fd;

	*buf = NULL;
	*len = 0;
	if ((fd = d->ops->open(d->arg, name, 0)) == -1) {
		if (errno == ENOENT)
			return (0);
		return (verr_file(ve, name, "%s", strerror(errno)));
	}
	for (;;) {
		if (*len + 1 >= cap) {
			p = recallocarray(*buf, cap, cap * 2 + 4096, 1);
			if (p == NULL)
				goto fail;
			*buf = p;
			cap = cap * 2 + 4096;
		}
		n = d->ops->read(d->arg, fd, *buf + *len, cap - *len - 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			goto fail;
		if (n == 0)
			break;
		*len += n;
		if (*len > FILE_MAX) {
			errno = EFBIG;
			goto fail;
		}
	}
	(void)d->ops->close(d->arg, fd);
	return (1);

 fail:
	(void)verr_file(ve, name, "%s", strerror(errno));
	if (*buf != NULL)
		freezero(*buf, cap);
	*buf = NULL;
	(void)d->ops->close(d->arg, fd);
	return (-1);
}

/*
 * The new bytes are on the disk under another name before they take the place
 * of the old ones.
 */
static int
replace(struct durable *d, const char *name, const char *kind,
    const struct stamp *s, const void *text, size_t len,
    struct verr *ve)
{
	const struct durable_ops	*ops = d->ops;
	char				 tmp[64], seal[SEAL_MAX];
	int				 fd, saved, n;

	(void)snprintf(tmp, sizeof(tmp), "%s" TMP_SUFFIX, name);
	n = seal_make(seal, sizeof(seal), kind, s, text, len);
	if ((fd = ops->open(d->arg, tmp, 1)) == -1)
		return (verr_file(ve, name, "%s", strerror(errno)));
	if (write_all(d, fd, text, len) == -1 ||
	    write_all(d, fd, seal, n) == -1 ||
	    ops->fsync(d->arg, fd) == -1) {
		saved = errno;
		(void)ops->close(d->arg, fd);
		goto fail;
	}
	if (ops->close(d->arg, fd) == -1 ||
	    ops->rename(d->arg, tmp, name) == -1) {
		saved = errno;
		goto fail;
	}
	if (ops->fsync_dir(d->arg) == -1)
		return (verr_file(ve, name, "directory: %s", strerror(errno)));
	return (0);

 fail:
	(void)ops->unlink(d->arg, tmp);
	return (verr_file(ve, name, "%s", strerror(saved)));
}

static int
write_all(struct durable *d, int fd, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	while (len > 0) {
		n = d->ops->write(d->arg, fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		p += n;
		len -= n;
	}
	return (0);
}

/* Returns its length. */
static int
seal_make(char *buf, size_t size, const char *kind,
    const struct stamp *s, const void *text, size_t len)
{
	static const char	 hex[] = "0123456789abcdef";
	uint8_t			 sum[SHA256_DIGEST_LENGTH];
	uint8_t			 in[SHA256_DIGEST_LENGTH + SEAL_MAX];
	unsigned int		 i;
	int			 n;

	n = snprintf(buf, size, SEAL_FORMAT, kind,
	    (unsigned long long)s->term, (unsigned long long)s->n);
	(void)SHA256(text, len, in);
	memcpy(in + SHA256_DIGEST_LENGTH, buf, n);
	(void)SHA256(in, SHA256_DIGEST_LENGTH + n, sum);
	for (i = 0; i < sizeof(sum); i++) {
		buf[n++] = hex[sum[i] >> 4];
		buf[n++] = hex[sum[i] & 0xf];
	}
	buf[n++] = '\n';
	buf[n] = '\0';
	return (n);
}

/*
 * Cuts the seal off the length.  It is made again from what it says, so that
 * there is one way to write it.
 */
static enum seal
seal_check(const char *kind, const char *buf, size_t *len,
    struct stamp *s)
{
	char			 line[SEAL_MAX], again[SEAL_MAX], format[96];
	unsigned long long	 term, version;
	size_t			 at, n;

	if (*len == 0 || buf[*len - 1] != '\n')
		return (SEAL_NONE);
	for (at = *len - 1; at > 0 && buf[at - 1] != '\n'; at--)
		;
	n = *len - at;
	if (n >= sizeof(line) || strncmp(buf + at, "# quptimed ", 11) != 0)
		return (SEAL_NONE);
	memcpy(line, buf + at, n);
	line[n] = '\0';
	(void)snprintf(format, sizeof(format),
	    "# quptimed %s, term %%20llu, version %%20llu, sha256 ", kind);
	if (sscanf(line, format, &term, &version) != 2)
		return (SEAL_BAD);
	s->term = term;
	s->n = version;
	*len = at;
	(void)seal_make(again, sizeof(again), kind, s, buf, at);
	return (strcmp(line, again) == 0 ? SEAL_OK : SEAL_BAD);
}

static int
disk_open(void *arg, const char *name, int writing)
{
	(void)arg;
	if (!writing)
		return (open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	return (open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, FILE_MODE));
}

static ssize_t
disk_read(void *arg, int fd, void *buf, size_t len)
{
	(void)arg;
	return (read(fd, buf, len));
}

static ssize_t
disk_write(void *arg, int fd, const void *buf, size_t len)
{
	(void)arg;
	return (write(fd, buf, len));
}

static int
disk_fsync(void *arg, int fd)
{
	(void)arg;
	return (fsync(fd));
}

static int
disk_close(void *arg, int fd)
{
	(void)arg;
	return (close(fd));
}

static int
disk_rename(void *arg, const char *from, const char *to)
{
	(void)arg;
	return (rename(from, to));
}

static int
disk_unlink(void *arg, const char *name)
{
	(void)arg;
	return (unlink(name));
}

static int
disk_fsync_dir(void *arg)
{
	int	 fd, rv, saved;

	(void)arg;
	if ((fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (-1);
	rv = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return (rv);
}
