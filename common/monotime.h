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

#ifndef MONOTIME_H
#define MONOTIME_H

#include <sys/time.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A point on, or a distance along, the monotonic clock, in nanoseconds.  A
 * type of its own, so that the compiler refuses to mix it with time_t.
 */
struct monotime {
	int64_t	ns;
};

#define MONO_SEC(s)	((struct monotime){ (int64_t)(s) * 1000000000 })
#define MONO_MSEC(m)	((struct monotime){ (int64_t)(m) * 1000000 })
#define MONO_NSEC(n)	((struct monotime){ (n) })

struct monotime	 mono_now(void);
struct monotime	 mono_add(struct monotime, struct monotime);
struct monotime	 mono_sub(struct monotime, struct monotime);
/* <0, 0, >0 as a is before, at, after b. */
int		 mono_cmp(struct monotime, struct monotime);
/* What is left from now until the deadline, never negative. */
struct timeval	 mono_left(struct monotime, struct monotime);
struct timeval	 mono_tv(struct monotime);

/*
 * A wall clock reading as it stands in files and on the wire: seconds since
 * 0001-01-01T00:00:00Z, so that a zeroed structure is the zero time, and the
 * offset from UTC in seconds with which it was written.
 */
struct walltime {
	int64_t	sec;
	int32_t	nsec;
	int32_t	off;
};

#define WALL_STRLEN	40	/* enough for any RFC 3339 form, with NUL */

struct walltime	 wall_now(void);
int64_t		 wall_unix(const struct walltime *);
struct walltime	 wall_from_unix(int64_t, int32_t);
int		 wall_iszero(const struct walltime *);
int		 wall_cmp(const struct walltime *, const struct walltime *);
/* RFC 3339, nanoseconds with trailing zeros dropped.  The same every time. */
const char	*wall_format(const struct walltime *, char *, size_t);
/* 0, or -1 when it is not RFC 3339 with a year of 0 to 9999. */
int		 wall_parse(const char *, struct walltime *);

#endif /* MONOTIME_H */
