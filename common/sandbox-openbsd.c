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

#include <errno.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

/*
 * pledge(2) and unveil(2).  Written from the manual pages and not yet run: the
 * tests know Linux only.
 */

static const struct {
	const char	*enter;
	const char	*tighten;	/* NULL: the same */
} promises[PROC_COUNT] = {
	/* cpath: the control socket goes with it; proc: to end a child */
	[PROC_PARENT] =		{ "stdio rpath cpath unix sendfd proc", NULL },
	/* These three are sent resolv.conf and hosts whenever they change. */
	[PROC_ENGINE] =		{ "stdio inet recvfd", NULL },
	[PROC_PROBER] =		{ "stdio inet recvfd", NULL },
	[PROC_NOTIFIER] =	{ "stdio inet recvfd", NULL },
	[PROC_QUORUM] =		{ "stdio rpath wpath cpath fattr flock recvfd",
				  "stdio rpath wpath cpath fattr flock" },
};

void
sandbox_enter(enum proc_id role, const struct sandbox_path *paths)
{
	if (unveil("/", "") == -1)
		fatal("unveil /");
	for (; paths != NULL && paths->path != NULL; paths++)
		if (unveil(paths->path, paths->perm) == -1 && errno != ENOENT)
			fatal("unveil %s", paths->path);
	if (unveil(NULL, NULL) == -1)
		fatal("unveil");
	if (pledge(promises[role].enter, NULL) == -1)
		fatal("pledge");
}

void
sandbox_tighten(enum proc_id role)
{
	if (promises[role].tighten != NULL &&
	    pledge(promises[role].tighten, NULL) == -1)
		fatal("pledge");
}

int
sandbox_skipped(void)
{
	return (0);
}
