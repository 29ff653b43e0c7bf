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

#ifndef DURATION_H
#define DURATION_H

#include <stddef.h>
#include <stdint.h>

#define DURATION_STRLEN	40

/*
 * Durations as configuration files, flags and messages write them: a sign, then
 * decimal numbers each with a unit of ns, us, µs, ms, s, m or h: "1h30m",
 * "1.5s"; "0" alone needs no unit.
 */

/*
 * Nanoseconds in *ns and 0; or -1 and a static reason in *errstr.
 */
int		 duration_parse(const char *, int64_t *, const char **);
/* The canonical form, "1m30s", "250µs", "0s"; returns the buffer. */
const char	*duration_format(int64_t, char *, size_t);

#endif /* DURATION_H */
