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

#ifndef SCHEMA_H
#define SCHEMA_H

#include <stddef.h>
#include <stdint.h>

/*
 * Records described by tables.  A record's fields stand once, in a table in
 * model.c; reading and writing YAML and JSON, the packed form that crosses
 * processes, validation, comparison, and the flags and columns of quptimectl
 * all walk that table.  Adding a field is adding a line.
 */

enum field_type {
	FT_STR,		/* char *; NULL is the empty string */
	FT_UINT,	/* uint64_t */
	FT_INT,		/* int64_t */
	FT_BOOL,	/* int */
	FT_DUR,		/* int64_t, nanoseconds */
	FT_TIME,	/* struct walltime */
	FT_STRS,	/* struct strlist */
	FT_REC,		/* pointer to a record or NULL */
	FT_RECS		/* struct reclist */
};

#define F_REQUIRED	0x01	/* must not be empty */
#define F_OMIT		0x02	/* not written to YAML when empty */
#define F_SECRET	0x04	/* never shown; wiped when freed */
#define F_UNIQUE	0x08	/* within its list */
#define F_ZERO		0x10	/* zero stands for the default, bounds or not */
#define F_JSONOMIT	0x20	/* not written to JSON when empty */
#define F_TEXT		0x40	/* may hold newlines and tabs */
#define F_PRESENT	0x80	/* a file without it lost its end */
#define F_STAMP		0x100	/* without it, people wrote the file, */
				/* who may leave out what is F_PRESENT */
#define F_V03		0x200	/* QUptime before v0.3 does not know it */
#define F_ARRAY		0x400	/* a list: empty is [] in JSON, not null */

#define LIST_ENTRY_MAX	256	/* bytes of a string in a list */

struct record;

struct field {
	const char		*json;	/* on the wire; NULL: not there */
	const char		*yaml;	/* in files; NULL: not there */
	enum field_type		 type;
	unsigned int		 flags;
	size_t			 offset;
	int64_t			 min;	/* value; bytes of a string; or count */
	int64_t			 max;	/* both 0: no bounds */
	const struct record	*rec;	/* FT_REC, FT_RECS */
	const char *const	*words;	/* FT_STR: allowed values, NULL ends */
	unsigned int		 applies;	/* the model's bits; 0: all */
	const char		*flag;	/* quptimectl's, without dashes */
	const char		*help;
};

struct verr;

struct record {
	const char		*name;
	size_t			 size;
	size_t			 extra;	/* offset of an xnode *, or NOEXTRA */
	unsigned int		 level;	/* of its members in a file, or 0 */
	const struct field	*fields;
	size_t			 nfields;
	/* Rules across fields; 0, or -1 with verr filled; may be NULL. */
	int			(*check)(const void *, struct verr *);
};

#define RECORD_NOEXTRA	((size_t)-1)

struct strlist {
	char		**v;
	uint32_t	 n;
};

struct reclist {
	void		**v;	/* each a record of its own, never moved */
	uint32_t	 n;
	uint32_t	 cap;
};

/*
 * Members that the table does not know, kept in order and written back, so
 * that an older version in a cluster of newer ones drops nothing.
 */
enum xkind {
	XK_PLAIN,	/* scalar written without quotes: number, bool, null */
	XK_STRING,
	XK_SEQ,
	XK_MAP
};

struct xnode {
	enum xkind	 kind;
	char		*key;	/* member name; NULL within a sequence */
	char		*text;	/* of a scalar */
	struct xnode	*child;
	struct xnode	*next;
};

#define XNODE_DEPTH_MAX	8
#define XNODE_COUNT_MAX	4096	/* in one document */
#define XNODE_KEY_MAX	128	/* bytes of a name */

/*
 * What is wrong and where.  Printed as "file:line:column: path: message"
 * without the parts that are not known (0 or empty).
 */
struct verr {
	char		 file[256];
	unsigned int	 line;
	unsigned int	 column;
	char		 path[128];	/* checks[3].interval */
	char		 msg[256];
};

/* Always returns -1, so that a caller may return it. */
int		 verr_set(struct verr *, const char *path, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
/* Puts a record's or list's name in front of the path. */
void		 verr_prefix(struct verr *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
const char	*verr_string(const struct verr *, char *, size_t);

/* A zeroed record, all fields empty; fatal-free: NULL when out of memory. */
void		*record_new(const struct record *);
/* Frees what the record holds and the record; secrets are wiped first. */
void		 record_free(const struct record *, void *);
/* Frees what the record holds and zeroes it, the record itself stays. */
void		 record_clear(const struct record *, void *);
void		*record_dup(const struct record *, const void *);
/* Whether all fields and kept members are equal. */
int		 record_equal(const struct record *, const void *,
		    const void *);
/* Where the kept members hang; NULL when the record has no room for them. */
struct xnode	**record_extra(const struct record *, const void *);
const struct field *
		 record_field(const struct record *, const char *yaml);
/*
 * The field that a flag sets in an object of the type with that bit, or, with
 * bit 0, in one of any type.
 */
const struct field *
		 record_flag(const struct record *, const char *flag,
		    unsigned int bit);
/* Its name in files, else on the wire. */
const char	*field_name(const struct field *);
/* The field's address in a record, const as the caller's record is. */
void		*field_ptr(const struct field *, const void *);
int		 field_isempty(const struct field *, const void *);
int		 field_equal(const struct field *, const void *, const void *);
/*
 * Sets an empty field from text: its type is checked, its bounds are not.
 * 0, or -1 with verr's path and msg.
 */
int		 field_parse(const struct field *, void *, const char *,
		    struct verr *);
/*
 * Sets a field from text as flags and files write it (a list: split at commas),
 * checking type and bounds of that field.  0; or -1 with verr's path and msg
 * and the field as it was.
 */
int		 field_set(const struct field *, void *, const char *,
		    struct verr *);
/*
 * The value as text, for tables; secrets as "***", nothing where a default is
 * in force.  Returns the buffer.
 */
const char	*field_text(const struct field *, const void *, char *, size_t);
/* Bounds of one field's present value. */
int		 field_validate(const struct field *, const void *,
		    struct verr *);
/* The whole record with all below it; path is the prefix, "" at the top. */
int		 record_validate(const struct record *, const void *,
		    const char *path, struct verr *);
/*
 * Replaces secrets by "***" where they are not empty, and drops what is kept
 * beside them, as it may be one too.
 */
int		 record_mask(const struct record *, void *);

int		 strlist_add(struct strlist *, const char *);
int		 strlist_has(const struct strlist *, const char *);
void		 strlist_clear(struct strlist *);
/* Takes the record over on success; 0 or -1 (memory). */
int		 reclist_add(struct reclist *, void *);
/* Takes entry i out of the list and returns it; the order stays. */
void		*reclist_take(struct reclist *, uint32_t);

struct xnode	*xnode_new(enum xkind, const char *key, const char *text);
struct xnode	*xnode_dup(const struct xnode *);
int		 xnode_equal(const struct xnode *, const struct xnode *);
void		 xnode_free(struct xnode *);
/* Whether text may be an XK_PLAIN: null, true, false or a JSON number. */
int		 xnode_isplain(const char *);

#endif /* SCHEMA_H */
