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

#include <sys/types.h>

#include <stdint.h>

#include "prober.h"

#define GOLDEN	0x9e3779b97f4a7c15ULL	/* 2^64 over the golden ratio */

static int64_t	 sched_offset(struct monotime, uint64_t);

uint64_t
sched_phase(uint64_t seed, uint64_t seq)
{
	return (seed + seq * GOLDEN);
}

/*
 * The order of the first probes is that of the steady times, only closer
 * together, so that both never add up to more than the denser of the two.
 */
struct monotime
sched_first(struct monotime now, struct monotime interval, uint64_t phase,
    struct monotime spread)
{
	struct monotime	 wait;

	wait = mono_sub(sched_next(MONO_NSEC(now.ns - 1), interval, phase),
	    now);
	if (spread.ns < interval.ns)
		wait.ns = (double)wait.ns * spread.ns / interval.ns;
	return (mono_add(now, wait));
}

struct monotime
sched_next(struct monotime after, struct monotime interval, uint64_t phase)
{
	int64_t	 off, rest;

	off = sched_offset(interval, phase);
	rest = (after.ns - off) % interval.ns;
	if (rest < 0)
		rest += interval.ns;
	return (MONO_NSEC(after.ns - rest + interval.ns));
}

static int64_t
sched_offset(struct monotime interval, uint64_t phase)
{
	return ((double)(phase >> 11) / (1ULL << 53) * interval.ns);
}
