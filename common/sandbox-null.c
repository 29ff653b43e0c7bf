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

#include "log.h"
#include "sandbox.h"

/*
 * For systems without pledge(2) or seccomp: separate processes, users and
 * roots are all there is, and the log says so.
 */

void
sandbox_enter(enum proc_id role, const struct sandbox_path *paths)
{
	(void)paths;

	if (role == PROC_PARENT)
		log_warnx("no sandbox on this system, going on without it");
}

void
sandbox_tighten(enum proc_id role)
{
	(void)role;
}

int
sandbox_skipped(void)
{
	return (0);
}
