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

#ifndef QUORUM_MUTANT_H
#define QUORUM_MUTANT_H

/*
 * Faults that the simulator has to find, or it proves nothing: regress/sim
 * builds the core and the store with them, and chooses one when it runs.  A
 * daemon has none of them: there the compiler drops each at its place.
 */
#ifdef QUORUM_MUTANTS
enum quorum_mutant {
	MUTANT_NONE,
	MUTANT_VOTE_NOT_DURABLE,
	MUTANT_ACK_BEFORE_FSYNC,
	MUTANT_NO_REPUBLISH,
	MUTANT_OLD_TERM_ACKS,
	MUTANT_TWO_MEMBERS,
	MUTANT_ALERT_BEFORE_COMMIT,
	MUTANT_VERDICTS_ANY_TERM,
	MUTANT_RENAME_NO_FSYNC,
	MUTANT_VERDICTS_NOT_COUNTED
};

extern enum quorum_mutant	 quorum_mutant;

#define MUTANT(m)	(quorum_mutant == MUTANT_##m)
#else
#define MUTANT(m)	0
#endif

#endif /* QUORUM_MUTANT_H */
