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

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#if HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "quorum.h"
#include "yaml.h"

/*
 * cluster.yaml, of which this process is the only writer but for an operator's
 * hand, and the index over the checks it holds.
 */

#define CLUSTER_FILE	"cluster.yaml"		/* in the current directory */
#define EDITED_FILE	"cluster.yaml.edited"
#define FILE_MODE	0600
#define TRIM_SIZE	(1024 * 1024)	/* worth giving back */

static int	 file_read(const struct store *, char **, size_t *,
		    struct verr *);
static int	 keep_edited(struct store *, struct verr *);
static void	 hash(const void *, size_t, uint8_t *);
static void	 trim(size_t);
static int	 id_cmp(const struct qcheck *, const struct qcheck *);
static int	 name_cmp(const struct qcheck *, const struct qcheck *);
static void	 slot_take(struct checks *, struct qcheck *);
static void	 slot_drop(struct checks *, uint32_t);
static int	 same_probe(const struct check *, const struct check *);
static void	 update(struct quorum *, struct qcheck *, struct check *);

RB_PROTOTYPE(qcheck_ids, qcheck, by_id, id_cmp)
RB_PROTOTYPE(qcheck_names, qcheck, by_name, name_cmp)

void
store_init(struct store *s, const char *dir)
{
	uint8_t	 first[STORE_HASHLEN];

	memset(s, 0, sizeof(*s));
	if (dir == NULL || snprintf(s->path, sizeof(s->path), "%s/%s", dir,
	    CLUSTER_FILE) >= (int)sizeof(s->path))
		(void)strlcpy(s->path, CLUSTER_FILE, sizeof(s->path));
	/* libcrypto looks for its own files when first used. */
	hash("", 0, first);
}

int
store_load(struct store *s, struct cluster *cl, struct verr *ve)
{
	uint8_t	 h[STORE_HASHLEN];
	char	*buf;
	size_t	 len;
	int	 rv;

	if ((rv = file_read(s, &buf, &len, ve)) == -1)
		return (-1);
	if (rv == 0) {
		if (!s->known)
			return (0);
		return (verr_file(ve, s->path, "%s", strerror(ENOENT)));
	}
	hash(buf, len, h);
	if (s->known && memcmp(h, s->hash, sizeof(h)) == 0)
		rv = 0;
	else
		rv = yaml_parse(&cluster_record, cl, s->path, buf, len,
		    ve) == -1 ? -1 : 1;
	if (rv == 1) {
		memcpy(s->hash, h, sizeof(s->hash));
		s->known = 1;
	}
	freezero(buf, len);
	trim(len);
	return (rv);
}

int
store_known(struct store *s, struct verr *ve)
{
	char	*buf;
	size_t	 len;
	int	 rv;

	if ((rv = file_read(s, &buf, &len, ve)) == -1)
		return (-1);
	if (rv == 0)
		return (verr_file(ve, s->path, "%s", strerror(ENOENT)));
	hash(buf, len, s->hash);
	s->known = 1;
	freezero(buf, len);
	return (0);
}

int
store_save(struct store *s, const struct cluster *cl, struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	if (keep_edited(s, ve) == -1)
		return (-1);
	if ((text = yaml_format(&cluster_record, cl, &len)) == NULL)
		return (verr_file(ve, s->path, "%s", strerror(ENOMEM)));
	/* It has to be readable at the next start. */
	if (len > YAML_FILE_MAX)
		rv = verr_file(ve, s->path, "would be larger than %d bytes",
		    YAML_FILE_MAX);
	else if ((rv = file_replace(CLUSTER_FILE, FILE_MODE, text, len,
	    ve)) == -1)
		(void)strlcpy(ve->file, s->path, sizeof(ve->file));
	else {
		hash(text, len, s->hash);
		s->known = 1;
	}
	freezero(text, len);
	trim(len);
	return (rv);
}

int
store_mark(struct store_mark *m)
{
	struct stat	 st;
	int		 fd, rv, saved;

	memset(m, 0, sizeof(*m));
	fd = open(CLUSTER_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (-1);
	rv = fstat(fd, &st);
	saved = errno;
	close(fd);
	errno = saved;
	if (rv == -1)
		return (-1);
	m->ino = st.st_ino;
	m->size = st.st_size;
	m->modified = st.st_mtim;
	m->changed = st.st_ctim;
	return (0);
}

int
store_keep(const struct store *s, const struct cluster *cl, struct verr *ve)
{
	char	*text;
	size_t	 len;
	int	 rv;

	if ((text = yaml_format(&cluster_record, cl, &len)) == NULL)
		return (verr_file(ve, s->path, "%s", strerror(ENOMEM)));
	rv = file_replace(EDITED_FILE, FILE_MODE, text, len, ve);
	freezero(text, len);
	if (rv == 0)
		log_warnx("%s: the edit is kept as %s", s->path, EDITED_FILE);
	return (rv);
}

/* 1 and the bytes, 0 when there is no file, or -1. */
static int
file_read(const struct store *s, char **buf, size_t *len, struct verr *ve)
{
	struct stat	 st;
	ssize_t		 n;
	int		 fd;

	*buf = NULL;
	*len = 0;
	fd = open(CLUSTER_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			return (0);
		return (verr_file(ve, s->path, "%s", strerror(errno)));
	}
	if (fstat(fd, &st) == -1) {
		verr_file(ve, s->path, "%s", strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > YAML_FILE_MAX) {
		verr_file(ve, s->path, "not a file of at most %d bytes",
		    YAML_FILE_MAX);
		goto fail;
	}
	if ((*buf = malloc(st.st_size + 1)) == NULL) {
		verr_file(ve, s->path, "%s", strerror(errno));
		goto fail;
	}
	while (*len < (size_t)st.st_size) {
		n = read(fd, *buf + *len, st.st_size - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			verr_file(ve, s->path, "%s", strerror(errno));
			goto fail;
		}
		if (n == 0)
			break;
		*len += n;
	}
	close(fd);
	return (1);

 fail:
	if (*buf != NULL)
		freezero(*buf, *len);
	close(fd);
	return (-1);
}

/* What somebody wrote by hand and did not load is not lost without a word. */
static int
keep_edited(struct store *s, struct verr *ve)
{
	uint8_t	 h[STORE_HASHLEN];
	char	*buf;
	size_t	 len;
	int	 rv;

	if ((rv = file_read(s, &buf, &len, ve)) != 1)
		return (rv);
	hash(buf, len, h);
	rv = 0;
	if (!s->known || memcmp(h, s->hash, sizeof(h)) != 0) {
		rv = file_replace(EDITED_FILE, FILE_MODE, buf, len, ve);
		if (rv == 0)
			log_warnx("%s was edited and not reloaded: kept as %s",
			    s->path, EDITED_FILE);
	}
	freezero(buf, len);
	return (rv);
}

static void
hash(const void *data, size_t len, uint8_t *h)
{
	(void)SHA256(data, len, h);
}

static void
trim(size_t len)
{
#if HAVE_MALLOC_TRIM
	if (len >= TRIM_SIZE)
		malloc_trim(0);
#else
	(void)len;
#endif
}

struct qcheck *
checks_find(struct quorum *q, const char *name)
{
	struct qcheck	*c;

	if ((c = checks_find_id(q, name)) != NULL)
		return (c);
	return (checks_find_name(q, name));
}

struct qcheck *
checks_find_name(struct quorum *q, const char *name)
{
	struct qcheck	 key;
	struct check	 conf;

	conf.name = (char *)(uintptr_t)name;
	key.conf = &conf;
	return (RB_FIND(qcheck_names, &q->checks.names, &key));
}

struct qcheck *
checks_find_id(struct quorum *q, const char *id)
{
	struct qcheck	 key;
	struct check	 conf;

	conf.id = (char *)(uintptr_t)id;
	key.conf = &conf;
	return (RB_FIND(qcheck_ids, &q->checks.ids, &key));
}

/* NULL when the handle has gone over to another definition. */
struct qcheck *
checks_by_handle(struct quorum *q, uint32_t handle, uint32_t gen)
{
	const struct slot	*slot = &q->checks.slots[handle];

	return (slot->gen == gen ? slot->check : NULL);
}

/* Adds n to what status counts it under. */
void
checks_count(struct quorum *q, const struct qcheck *c, int n)
{
	if (c->conf->disabled)
		q->checks.ndisabled += n;
	else
		q->checks.count[c->verdict.state] += n;
}

void
checks_add(struct quorum *q, struct check *conf)
{
	struct qcheck	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("check %s", conf->name);
	c->conf = conf;
	slot_take(&q->checks, c);
	RB_INSERT(qcheck_ids, &q->checks.ids, c);
	RB_INSERT(qcheck_names, &q->checks.names, c);
	c->seen = 1;
	checks_count(q, c, 1);
	if (!conf->disabled)
		quorum_probe_set(q, c);
}

/* The id is the same. */
void
checks_change(struct quorum *q, struct qcheck *c, struct check *conf)
{
	RB_REMOVE(qcheck_names, &q->checks.names, c);
	update(q, c, conf);
	RB_INSERT(qcheck_names, &q->checks.names, c);
}

void
checks_remove(struct quorum *q, struct qcheck *c)
{
	RB_REMOVE(qcheck_ids, &q->checks.ids, c);
	RB_REMOVE(qcheck_names, &q->checks.names, c);
	checks_count(q, c, -1);
	quorum_probe_del(q, c);
	report_forget(q, c);
	slot_drop(&q->checks, c->handle);
	verdict_clear(&c->verdict);
	free(c);
}

/*
 * From the list that was to another one, by id.  Names may have moved from one
 * to another, so that their tree is made anew.
 */
void
checks_replace(struct quorum *q, const struct reclist *list)
{
	struct checks	*cs = &q->checks;
	struct qcheck	*c, *next;
	struct check	*conf;
	uint32_t	 i;

	RB_FOREACH(c, qcheck_ids, &cs->ids)
		c->seen = 0;
	for (i = 0; i < list->n; i++) {
		conf = list->v[i];
		if ((c = checks_find_id(q, conf->id)) != NULL)
			c->seen = 1;
	}
	for (c = RB_MIN(qcheck_ids, &cs->ids); c != NULL; c = next) {
		next = RB_NEXT(qcheck_ids, &cs->ids, c);
		if (!c->seen)
			checks_remove(q, c);
	}
	RB_INIT(&cs->names);
	for (i = 0; i < list->n; i++) {
		conf = list->v[i];
		if ((c = checks_find_id(q, conf->id)) != NULL) {
			update(q, c, conf);
			RB_INSERT(qcheck_names, &cs->names, c);
		} else
			checks_add(q, conf);
	}
}

void
checks_clear(struct quorum *q)
{
	struct checks	*cs = &q->checks;
	struct qcheck	*c;

	while ((c = RB_ROOT(&cs->ids)) != NULL) {
		RB_REMOVE(qcheck_ids, &cs->ids, c);
		verdict_clear(&c->verdict);
		free(c);
	}
	free(cs->slots);
	memset(cs, 0, sizeof(*cs));
}

/*
 * Evidence about what was asked for before is none about what is asked for
 * now, but the state stands until there is new evidence: an outage that began
 * under the old definition ends with a word.
 */
static void
update(struct quorum *q, struct qcheck *c, struct check *conf)
{
	int	 same;

	same = same_probe(c->conf, conf);
	checks_count(q, c, -1);
	c->conf = conf;
	checks_count(q, c, 1);
	if (same)
		return;
	verdict_forget(&c->verdict, VERDICT_ALL);
	q->checks.slots[c->handle].gen++;
	if (conf->disabled)
		quorum_probe_del(q, c);
	else
		quorum_probe_set(q, c);
}

/* Whether the prober would do the same for both. */
static int
same_probe(const struct check *a, const struct check *b)
{
	struct check	 other = *b;

	other.alert_ids = a->alert_ids;
	other.suppress_alert_ids = a->suppress_alert_ids;
	other.extra = a->extra;
	return (record_equal(&check_record, a, &other));
}

static void
slot_take(struct checks *cs, struct qcheck *c)
{
	struct slot	*slots;
	uint32_t	 i, n;

	if (cs->free == NO_HANDLE) {
		n = cs->nslots == 0 ? 64 : cs->nslots * 2;
		slots = recallocarray(cs->slots, cs->nslots, n,
		    sizeof(*slots));
		if (slots == NULL)
			fatal("%u checks", n);
		for (i = cs->nslots; i < n; i++)
			slots[i].next = i + 1 < n ? i + 1 : NO_HANDLE;
		cs->free = cs->nslots;
		cs->slots = slots;
		cs->nslots = n;
	}
	c->handle = cs->free;
	cs->free = cs->slots[c->handle].next;
	cs->slots[c->handle].check = c;
}

static void
slot_drop(struct checks *cs, uint32_t handle)
{
	struct slot	*slot = &cs->slots[handle];

	slot->check = NULL;
	slot->gen++;
	slot->next = cs->free;
	cs->free = handle;
}

static int
id_cmp(const struct qcheck *a, const struct qcheck *b)
{
	return (strcmp(a->conf->id, b->conf->id));
}

static int
name_cmp(const struct qcheck *a, const struct qcheck *b)
{
	return (strcmp(a->conf->name, b->conf->name));
}

RB_GENERATE(qcheck_ids, qcheck, by_id, id_cmp)
RB_GENERATE(qcheck_names, qcheck, by_name, name_cmp)
