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

#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Test Anything Protocol for one program: checks, then tap_done() as main's
 * return value.  A failed check prints where it stands and what it saw.
 */

static int	tap_count, tap_failed;

#define ok(cond, ...)	tap_ok((cond) != 0, __FILE__, __LINE__, #cond,	\
			    __VA_ARGS__)
#define is_int(got, want, ...)	do {					\
	long long tap_g = (long long)(got), tap_w = (long long)(want);	\
	if (!tap_ok(tap_g == tap_w, __FILE__, __LINE__,			\
	    #got " == " #want, __VA_ARGS__))				\
		fprintf(stderr, "#   got %lld, want %lld\n",	\
		    tap_g, tap_w);					\
} while (0)
#define is_str(got, want, ...)	do {					\
	const char *tap_g = (got), *tap_w = (want);			\
	if (!tap_ok(tap_g != NULL && tap_w != NULL &&			\
	    strcmp(tap_g, tap_w) == 0, __FILE__, __LINE__,		\
	    #got " is " #want, __VA_ARGS__))				\
		fprintf(stderr,						\
		    "#   got  \"%s\"\n#   want \"%s\"\n",		\
		    tap_g ? tap_g : "(null)", tap_w ? tap_w : "(null)"); \
} while (0)

static inline int __attribute__((__format__(printf, 5, 6)))
tap_ok(int cond, const char *file, int line, const char *expr,
    const char *fmt, ...)
{
	va_list	 ap;

	printf("%sok %d - ", cond ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!cond) {
		tap_failed++;
		/* Where prove(1) shows it. */
		fprintf(stderr, "#   %s:%d: not ok %d: %s\n", file, line,
		    tap_count, expr);
	}
	fflush(stdout);
	return (cond);
}

static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return (tap_failed != 0);
}

#endif /* TAP_H */
