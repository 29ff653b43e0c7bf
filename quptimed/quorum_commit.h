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

#ifndef QUORUM_COMMIT_H
#define QUORUM_COMMIT_H

#include "quorum.h"
#include "quorum_consensus.h"
#include "quorum_durable.h"

/* Between quorum_commit.c and quorum_commit_rpc.c. */

#define WHAT_MAX	400

/* A change that waits, or that is under way. */
struct change {
	TAILQ_ENTRY(change)	 entry;
	struct proposal		 p;
	proposal_done		*done;
	void			*arg;
	struct monotime		 deadline;	/* for who is to learn */
	int			 learning;
	uint64_t		 version;	/* when it is under way */
	char			 what[WHAT_MAX];
};
TAILQ_HEAD(changes, change);

struct commit {
	struct consensus	 core;
	struct durable		 disk;
	struct event		 ev;
	struct changes		 waiting;
	unsigned int		 nwaiting;
	struct change		*flying;	/* in the version under way */
	struct request		*request;	/* being answered */
	struct cluster		*staged;	/* of the change at hand */
	char			*staged_what;
	int			 draining;
	int			 choosing;	/* the next change */
	/* The text of a configuration, for all who are sent it. */
	struct cons_config	*of;
	uint64_t		 of_term;
	char			*text;
	size_t			 len;
};

/* The content is the cluster, which is taken over; fatal without memory. */
struct cons_config
		*commit_config(struct cluster *);
/* Does what the core wants done; not from within that. */
void		 commit_drain(struct quorum *);
/* A change that waits is published, if it can be now. */
void		 commit_next(struct quorum *);

/* A request or an answer of the core's goes out. */
void		 commit_send(struct quorum *, const struct cons_out *);
void		 commit_answer(struct quorum *, const struct cons_out *);

#endif /* QUORUM_COMMIT_H */
