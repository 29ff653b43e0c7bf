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

#ifndef JSON_H
#define JSON_H

#include "schema.h"

#define JSON_DEPTH_MAX	16

/*
 * One JSON value of a record's form, as peers and control clients send it.
 * Member names match without regard to case, an exact match first; unknown
 * members are kept where the record has room for them and ignored elsewhere; a
 * duplicate member, a wrong type, a fraction where an integer belongs, nesting
 * deeper than JSON_DEPTH_MAX or anything after the value is an error; null is
 * the zero value.  Bounds are not checked: see record_validate().
 * 0; or -1 with verr's path and msg and the record cleared.
 */
int	 json_parse(const struct record *, void *, const char *, size_t,
	    struct verr *);
/*
 * The same; and how many members there were that the records at any depth know,
 * by which one that is absent differs from one that is null.
 */
int	 json_parse_count(const struct record *, void *, const char *, size_t,
	    size_t *, struct verr *);

/*
 * Streaming writer with one sticky error.  Keys are NULL within arrays and for
 * the outermost value.
 */
struct json;

struct json	*json_new(void);
void		 json_free(struct json *);	/* wipes the text */
/* Fields with any of these flags are left out when empty, from now on. */
void		 json_omit(struct json *, unsigned int);
void		 json_object(struct json *, const char *key);
void		 json_array(struct json *, const char *key);
void		 json_end(struct json *);	/* of the innermost of both */
void		 json_string(struct json *, const char *key, const char *);
void		 json_int(struct json *, const char *key, int64_t);
void		 json_uint(struct json *, const char *key, uint64_t);
void		 json_bool(struct json *, const char *key, int);
void		 json_null(struct json *, const char *key);
/* A whole record under its wire names, kept members last. */
void		 json_record(struct json *, const char *key,
		    const struct record *, const void *);
/* Its members into the object that is open. */
void		 json_members(struct json *, const struct record *,
		    const void *);
/* The text so far, NUL-terminated; NULL after any failure. */
const char	*json_text(struct json *, size_t *);
/* The same, given away for freezero(3), with which the writer is done. */
char		*json_take(struct json *, size_t *);

/* The field of that name, an exact match first; NULL: none. */
const struct field
		*json_member(const struct record *, const char *, size_t);
/* Bytes of the UTF-8 character at the start, 0: none that is valid. */
size_t		 json_charlen(const char *, size_t);

#endif /* JSON_H */
