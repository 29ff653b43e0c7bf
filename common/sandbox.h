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

#ifndef SANDBOX_H
#define SANDBOX_H

#include "proc.h"

/*
 * What a process may still ask of the kernel, for good.  One file per
 * platform: sandbox-linux.c (seccomp and Landlock), sandbox-openbsd.c (pledge
 * and unveil), sandbox-null.c.
 */

/* Paths that the process goes on using; NULL ends the list. */
struct sandbox_path {
	const char	*path;
	const char	*perm;		/* of "r", "w", "c" as in unveil(2) */
};

/*
 * Called when everything that needs more is done and before the first outside
 * byte is read.  Fatal when the kernel refuses what is mandatory.
 */
void	 sandbox_enter(enum proc_id, const struct sandbox_path *);
/*
 * Whether this is a sanitizer build that is asked, by QUPTIMED_NOSANDBOX, to
 * go without, so that the leak checker can look at the process at exit.
 */
int	 sandbox_skipped(void);
/* Called after set-up, when no more descriptors are to be received. */
void	 sandbox_tighten(enum proc_id);

#endif /* SANDBOX_H */
