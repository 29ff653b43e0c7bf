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

#ifndef PACK_H
#define PACK_H

#include "imsg.h"
#include "schema.h"

/*
 * The form in which records cross between processes and to quptimectl: per
 * field its number in the table and its value, empty fields left out, so that
 * a check costs about its own bytes.  Kept members travel too.
 */

/* 0, or -1 when the buffer is full or memory is out. */
int	 pack_record(struct ibuf *, const struct record *, const void *);
/*
 * Into a zeroed record; takes exactly one record from the buffer and leaves
 * what follows.  0, or -1 when the bytes are not a record of that form, with
 * the record cleared.  Bounds are not checked.
 */
int	 unpack_record(struct ibuf *, const struct record *, void *);
/* Strings with a length in front, for what is no record. */
int	 pack_string(struct ibuf *, const char *);
/* NULL at a malformed string or one over max bytes; the caller frees. */
char	*unpack_string(struct ibuf *, size_t max);

#endif /* PACK_H */
