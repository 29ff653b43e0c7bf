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

#ifndef QUORUM_LEGACY_H
#define QUORUM_LEGACY_H

#include <sys/tree.h>

#include <stdint.h>

#include "monotime.h"

/*
 * quorum_legacy.c.  Pure: who is live and who is master, as protocol 1 has it:
 * values and a now, no clock, socket or log.
 */
#define LEGACY_HEARTBEAT	MONO_SEC(1)
#define LEGACY_DEAD_AFTER	MONO_SEC(4)
#define LEGACY_SETTLE		MONO_SEC(2)	/* with a quorum again */
#define LEGACY_COOLDOWN		MONO_SEC(120)

/* One node as this one sees it; the strings are its own. */
struct legacy_node {
	RB_ENTRY(legacy_node)	 entry;		/* by id, bytewise */
	char			*id;
	char			*master;	/* it reports; NULL: none */
	struct monotime		 last_seen;
	struct monotime		 live_since;
	int			 seen;		/* ever */
	uint32_t		 voices;	/* for it, when counted */
	int			 mark;		/* in the list that comes */
};
RB_HEAD(legacy_nodes, legacy_node);

struct legacy {
	struct legacy_nodes	 nodes;		/* members, this one too */
	uint32_t		 n;
	char			*self;
	char			*master;	/* NULL: none */
	uint64_t		 term;		/* local: counts its changes */
	struct monotime		 started;	/* no election before + dead */
	/* Until then those who were members before make the quorum. */
	struct monotime		 settled;
	uint32_t		 was;		/* their number; 0: none */
	int			 grown;		/* since the last election */
	int			 had;		/* a quorum, then */
	int			 broken;	/* one was lost, ever */
	struct monotime		 regained;	/* since when there is one */
	int			 restarted;	/* since the last list */
};

/* 0, or -1 when out of memory. */
int		 legacy_init(struct legacy *, const char *, struct monotime);
void		 legacy_clear(struct legacy *);
/*
 * The members, by id; who is new has not been seen, who is missing is
 * forgotten at once.  Those of before can go on without the new ones for the
 * time that it takes to miss somebody.  No members: this node alone.
 * 0, or -1 when out of memory and nothing changed.
 */
int		 legacy_members(struct legacy *, const char *const *,
		    uint32_t);
/* This node is about to find itself in another cluster: as after its start. */
void		 legacy_restart(struct legacy *, struct monotime);
/* A member was heard of, and whom it calls master (NULL or "": none). */
void		 legacy_seen(struct legacy *, const char *, const char *,
		    struct monotime);
/* Whom a member called master last; NULL: none. */
const char	*legacy_report(const struct legacy *, const char *);
int		 legacy_live(const struct legacy *, const char *,
		    struct monotime);
uint32_t	 legacy_nlive(const struct legacy *, struct monotime);
uint32_t	 legacy_quorum(const struct legacy *);
/* Never when this node is no member. */
int		 legacy_has_quorum(const struct legacy *, struct monotime);
/* 1 when the master has changed, and with it the term. */
int		 legacy_elect(struct legacy *, struct monotime);

#endif /* QUORUM_LEGACY_H */
