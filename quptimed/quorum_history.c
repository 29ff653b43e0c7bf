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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "quorum_history.h"

#define SCHEMA_VERSION	1
#define FILE_MODE	0600

/* A row of "verdict"; "transition" has the same of those that were. */
#define COLUMNS								\
	"check_id, state, was, since, term, counter, ok_count, total, "	\
	"detail, alert, attempts, alert_id"

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_HELD,
	ST_PUT,
	ST_NOTE,
	ST_EACH,
	ST_FORGET,
	ST_COUNT
};

struct history {
	sqlite3		*db;
	sqlite3_stmt	*st[ST_COUNT];
	struct stamp	 high;
};

static const char	 schema[] =
	"CREATE TABLE verdict ("
	"check_id TEXT PRIMARY KEY, state TEXT NOT NULL, was TEXT NOT NULL,"
	"since TEXT NOT NULL, term INTEGER NOT NULL,"
	"counter INTEGER NOT NULL, ok_count INTEGER NOT NULL,"
	"total INTEGER NOT NULL, detail TEXT NOT NULL, alert TEXT NOT NULL,"
	"attempts INTEGER NOT NULL, alert_id TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX verdict_stamp ON verdict (term, counter);"
	"CREATE TABLE transition ("
	"check_id TEXT NOT NULL, state TEXT NOT NULL, was TEXT NOT NULL,"
	"since TEXT NOT NULL, term INTEGER NOT NULL,"
	"counter INTEGER NOT NULL, ok_count INTEGER NOT NULL,"
	"total INTEGER NOT NULL, detail TEXT NOT NULL, alert TEXT NOT NULL,"
	"attempts INTEGER NOT NULL, alert_id TEXT NOT NULL,"
	"PRIMARY KEY (check_id, since, state)) WITHOUT ROWID;";

static const char *const	 statements[ST_COUNT] = {
	[ST_BEGIN] =	"BEGIN IMMEDIATE",
	[ST_COMMIT] =	"COMMIT",
	[ST_ROLLBACK] =	"ROLLBACK",
	[ST_HELD] =	"SELECT term, counter FROM verdict WHERE check_id = ?",
	[ST_PUT] =	"INSERT OR REPLACE INTO verdict (" COLUMNS ") "
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_NOTE] =	"INSERT OR REPLACE INTO transition (" COLUMNS ") "
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[ST_EACH] =	"SELECT " COLUMNS " FROM verdict WHERE term > ?1 OR "
			"(term = ?1 AND counter > ?2) ORDER BY term, counter",
	[ST_FORGET] =	"DELETE FROM verdict WHERE check_id = ?"
};

static int	 set_up(struct history *, struct verr *);
static int	 look(struct history *, struct verr *);
static int	 number(struct history *, const char *, int64_t *);
static int	 prepare(struct history *);
static int	 run(struct history *, enum statement);
static int	 put_one(struct history *, const struct wire_verdict *);
static int	 is_newer(struct history *, const struct wire_verdict *);
static int	 write_row(struct history *, enum statement,
		    const struct wire_verdict *);
static int	 text(sqlite3_stmt *, int, const char *);
static char	*column(sqlite3_stmt *, int);
static void	 read_row(sqlite3_stmt *, struct wire_verdict *);
static int	 failed(struct history *, struct verr *);

struct history *
history_open(const char *path, struct verr *ve)
{
	struct history	*h;
	int		 fd, ok = 0;

	memset(ve, 0, sizeof(*ve));
	if ((h = calloc(1, sizeof(*h))) == NULL)
		(void)verr_set(ve, "", "out of memory");
	/* SQLite would make it readable by others. */
	else if ((fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC,
	    FILE_MODE)) == -1)
		(void)verr_set(ve, "", "%s", strerror(errno));
	else {
		close(fd);
		if (sqlite3_open_v2(path, &h->db, SQLITE_OPEN_READWRITE |
		    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
			(void)failed(h, ve);
		else
			ok = set_up(h, ve) == 0;
	}
	if (!ok) {
		(void)strlcpy(ve->file, path, sizeof(ve->file));
		history_close(h);
		return (NULL);
	}
	return (h);
}

void
history_close(struct history *h)
{
	int	 i;

	if (h == NULL)
		return;
	for (i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(h->st[i]);
	(void)sqlite3_close_v2(h->db);
	free(h);
}

/*
 * This process is its only user, so that the lock is kept and no memory is
 * shared; the sandbox has no file names outside of this directory.
 */
static int
set_up(struct history *h, struct verr *ve)
{
	if (sqlite3_exec(h->db, "PRAGMA locking_mode = EXCLUSIVE;"
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512",
	    NULL, NULL, NULL) != SQLITE_OK)
		return (failed(h, ve));
	if (look(h, ve) == -1)
		return (-1);
	return (prepare(h) == -1 ? failed(h, ve) : 0);
}

static int
look(struct history *h, struct verr *ve)
{
	sqlite3_stmt	*st = NULL;
	int64_t		 version;
	int		 sound = 0;

	if (number(h, "PRAGMA user_version", &version) == -1)
		return (failed(h, ve));
	if (version == 0)
		return (sqlite3_exec(h->db, "BEGIN", NULL, NULL, NULL) !=
		    SQLITE_OK || sqlite3_exec(h->db, schema, NULL, NULL,
		    NULL) != SQLITE_OK || sqlite3_exec(h->db,
		    "PRAGMA user_version = 1; COMMIT", NULL, NULL, NULL) !=
		    SQLITE_OK ? failed(h, ve) : 0);
	if (version != SCHEMA_VERSION)
		return (verr_set(ve, "", "is of version %lld, of a newer "
		    "quptimed", (long long)version));
	if (sqlite3_prepare_v2(h->db, "PRAGMA quick_check(1)", -1, &st,
	    NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		sound = strcmp(str(column(st, 0)), "ok") == 0;
	sqlite3_finalize(st);
	if (!sound)
		return (verr_set(ve, "", "is damaged"));
	if (number(h, "SELECT max(term) FROM verdict", &version) == -1)
		return (failed(h, ve));
	h->high.term = (uint64_t)version;
	if (number(h, "SELECT max(counter) FROM verdict WHERE term = "
	    "(SELECT max(term) FROM verdict)", &version) == -1)
		return (failed(h, ve));
	h->high.n = (uint64_t)version;
	return (0);
}

/* NULL is 0. */
static int
number(struct history *h, const char *sql, int64_t *n)
{
	sqlite3_stmt	*st = NULL;
	int		 rv = -1;

	if (sqlite3_prepare_v2(h->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW) {
		*n = sqlite3_column_int64(st, 0);
		rv = 0;
	}
	sqlite3_finalize(st);
	return (rv);
}

static int
prepare(struct history *h)
{
	int	 i;

	for (i = 0; i < ST_COUNT; i++)
		if (sqlite3_prepare_v3(h->db, statements[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &h->st[i], NULL) != SQLITE_OK)
			return (-1);
	return (0);
}

struct stamp
history_stamp(const struct history *h)
{
	return (h->high);
}

int
history_put(struct history *h, const struct wire_verdict *const *v,
    uint32_t n, struct verr *ve)
{
	struct stamp	 high = h->high, s;
	uint32_t	 i;

	if (run(h, ST_BEGIN) == -1)
		return (failed(h, ve));
	for (i = 0; i < n; i++) {
		if (put_one(h, v[i]) == -1)
			break;
		s.term = v[i]->term;
		s.n = v[i]->counter;
		if (stamp_cmp(s, high) > 0)
			high = s;
	}
	if (i < n || run(h, ST_COMMIT) == -1) {
		(void)failed(h, ve);
		(void)run(h, ST_ROLLBACK);
		return (-1);
	}
	h->high = high;
	return (0);
}

static int
put_one(struct history *h, const struct wire_verdict *v)
{
	int	 newer;

	if ((newer = is_newer(h, v)) != 1)
		return (newer);
	if (write_row(h, ST_PUT, v) == -1)
		return (-1);
	return (strcmp(str(v->state), str(v->from)) != 0 ?
	    write_row(h, ST_NOTE, v) : 0);
}

static int
is_newer(struct history *h, const struct wire_verdict *v)
{
	sqlite3_stmt	*st = h->st[ST_HELD];
	struct stamp	 s, held = { 0, 0 };
	int		 rc;

	if (text(st, 1, v->check_id) == -1)
		return (-1);
	if ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		held.term = (uint64_t)sqlite3_column_int64(st, 0);
		held.n = (uint64_t)sqlite3_column_int64(st, 1);
	}
	(void)sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return (-1);
	s.term = v->term;
	s.n = v->counter;
	return (stamp_cmp(s, held) > 0);
}

static int
write_row(struct history *h, enum statement which,
    const struct wire_verdict *v)
{
	sqlite3_stmt	*st = h->st[which];
	struct walltime	 since = v->since;
	char		 buf[WALL_STRLEN];

	/* Text that sorts, for who looks into it with other programs. */
	since.off = 0;
	if (text(st, 1, v->check_id) == -1 || text(st, 2, v->state) == -1 ||
	    text(st, 3, v->from) == -1 ||
	    text(st, 4, wall_format(&since, buf, sizeof(buf))) == -1 ||
	    sqlite3_bind_int64(st, 5, (int64_t)v->term) ||
	    sqlite3_bind_int64(st, 6, (int64_t)v->counter) ||
	    sqlite3_bind_int64(st, 7, v->ok_count) ||
	    sqlite3_bind_int64(st, 8, v->total) ||
	    text(st, 9, v->detail) == -1 || text(st, 10, v->alert) == -1 ||
	    sqlite3_bind_int64(st, 11, v->attempts) ||
	    text(st, 12, v->alert_id) == -1)
		return (-1);
	return (run(h, which));
}

int
history_each(struct history *h, const struct stamp *above,
    int (*cb)(const struct wire_verdict *, void *), void *arg,
    struct verr *ve)
{
	sqlite3_stmt		*st = h->st[ST_EACH];
	struct wire_verdict	 v;
	int			 rc;

	if (sqlite3_bind_int64(st, 1, (int64_t)above->term) ||
	    sqlite3_bind_int64(st, 2, (int64_t)above->n))
		return (failed(h, ve));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		read_row(st, &v);
		if (cb(&v, arg) == -1)
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		(void)failed(h, ve);
		(void)sqlite3_reset(st);
		return (-1);
	}
	(void)sqlite3_reset(st);
	return (0);
}

int
history_forget(struct history *h, const char *check_id, struct verr *ve)
{
	if (text(h->st[ST_FORGET], 1, check_id) == -1 ||
	    run(h, ST_FORGET) == -1)
		return (failed(h, ve));
	return (0);
}

/* A statement that has no rows. */
static int
run(struct history *h, enum statement which)
{
	int	 rc;

	rc = sqlite3_step(h->st[which]);
	(void)sqlite3_reset(h->st[which]);
	return (rc == SQLITE_DONE ? 0 : -1);
}

/* Bound until the statement is run again. */
static int
text(sqlite3_stmt *st, int i, const char *s)
{
	return (sqlite3_bind_text(st, i, str(s), -1, SQLITE_STATIC) ==
	    SQLITE_OK ? 0 : -1);
}

/* The statement's own, until it goes on. */
static char *
column(sqlite3_stmt *st, int i)
{
	return ((char *)(uintptr_t)sqlite3_column_text(st, i));
}

static void
read_row(sqlite3_stmt *st, struct wire_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->check_id = column(st, 0);
	v->state = column(st, 1);
	v->from = column(st, 2);
	(void)wall_parse(str(column(st, 3)), &v->since);
	v->term = (uint64_t)sqlite3_column_int64(st, 4);
	v->counter = (uint64_t)sqlite3_column_int64(st, 5);
	v->ok_count = sqlite3_column_int64(st, 6);
	v->total = sqlite3_column_int64(st, 7);
	v->detail = column(st, 8);
	v->alert = column(st, 9);
	v->attempts = sqlite3_column_int64(st, 10);
	v->alert_id = column(st, 11);
}

/* Always -1. */
static int
failed(struct history *h, struct verr *ve)
{
	return (verr_set(ve, "", "%s", h->db != NULL ?
	    sqlite3_errmsg(h->db) : "out of memory"));
}
