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

#ifndef YAML_IO_H
#define YAML_IO_H

#include "schema.h"

#define YAML_FILE_MAX	(16 * 1024 * 1024)	/* what one frame can carry */
#define YAML_DEPTH_MAX	8

/*
 * One document, from memory, into a zeroed record, and validated.  Unknown
 * members are kept.  Refused: aliases, tags, a second document, an empty one,
 * duplicate keys, invalid UTF-8, nesting deeper than YAML_DEPTH_MAX.
 * 0; or -1 with verr filled (file as given) and the record cleared.
 */
int	 yaml_parse(const struct record *, void *, const char *file,
	    const char *buf, size_t, struct verr *);
/*
 * The same from a file of at most YAML_FILE_MAX bytes.  fd is read to its end
 * and stays open.
 */
int	 yaml_read(const struct record *, void *, const char *file, int fd,
	    struct verr *);
/*
 * The record as a block-style document in a NUL-terminated buffer that the
 * caller frees with freezero(3), as it may hold secrets.
 * NULL when out of memory.
 */
char	*yaml_format(const struct record *, const void *, size_t *);

#endif /* YAML_IO_H */
