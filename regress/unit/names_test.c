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


#include <string.h>

#include "quptimed.h"
#include "tap.h"

/* Names of messages and processes, as they stand in logs. */
int
main(void)
{
	static const struct {
		int		 proc;
		const char	*name;
	} procs[] = {
		{ PROC_PARENT, "parent" },
		{ PROC_ENGINE, "engine" },
		{ PROC_QUORUM, "quorum" },
		{ PROC_PROBER, "prober" },
		{ PROC_NOTIFIER, "notifier" },
		{ PROC_CTL, "quptimectl" }
	};
	uint32_t	 t, other;
	size_t		 i;
	int		 named = 0, unique = 0;

	is_str(imsg_name(IMSG_NONE), "IMSG_NONE", "the first");
	is_str(imsg_name(IMSG_CTL_MUTATE), "IMSG_CTL_MUTATE", "one amidst");
	is_str(imsg_name(IMSG_MAX), "IMSG_MAX", "the last");
	is_str(imsg_name(IMSG_MAX + 1), "unknown message", "beyond it");
	is_str(imsg_name(UINT32_MAX), "unknown message", "far beyond");
	for (t = 0; t <= IMSG_MAX; t++) {
		named += strncmp(imsg_name(t), "IMSG_", 5) == 0;
		for (other = 0; other < t; other++)
			if (strcmp(imsg_name(t), imsg_name(other)) == 0)
				break;
		unique += other == t;
	}
	is_int(named, IMSG_MAX + 1, "every message has a name");
	is_int(unique, IMSG_MAX + 1, "of its own");
	for (i = 0; i < sizeof(procs) / sizeof(procs[0]); i++)
		is_str(proc_name(procs[i].proc), procs[i].name, "process %d",
		    procs[i].proc);
	return (tap_done());
}
