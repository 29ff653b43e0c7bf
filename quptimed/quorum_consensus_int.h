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

#ifndef QUORUM_CONSENSUS_INT_H
#define QUORUM_CONSENSUS_INT_H

#include "quorum_consensus.h"
#include "quorum_mutant.h"

/* Between the files of quorum_consensus.h. */

/* quorum_consensus.c */
extern const char	 cons_lost_term[];

struct stamp	 cons_accepted_stamp(const struct consensus *);
/* NULL: none of that id. */
struct cons_peer *cons_peer_find(const struct consensus *, const char *);
/* NULL: out of memory, which is noted. */
struct cons_peer *cons_peer_add(struct consensus *, const char *);
/* Whether that one is still among the peers. */
int		 cons_peer_known(const struct consensus *,
		    const struct cons_peer *);
int		 cons_peer_live(const struct consensus *,
		    const struct cons_peer *, struct monotime);
/* Whether that long has passed since then. */
int		 cons_elapsed(struct monotime, struct monotime,
		    struct monotime);
/* Anything below that. */
struct monotime	 cons_jitter(struct consensus *, struct monotime);
/* An action, or a message to a peer, last in the queue; NULL: no memory. */
struct cons_out	*cons_emit(struct consensus *, enum cons_action,
		    const char *);
struct cons_msg	*cons_message(struct consensus *, const char *,
		    enum cons_kind);
void		 cons_save_vote(struct consensus *);
/* What is accepted, which may bring and take away peers. */
void		 cons_save_config(struct consensus *);
/* What was accepted is in force. */
void		 cons_commit(struct consensus *);
int		 cons_self_votes(const struct consensus *);
/* So many others, and this node if it is one of the voters. */
int		 cons_majority(const struct consensus *, uint32_t);
void		 cons_set_master(struct consensus *, const char *);
/* A follower from now on; a master's clients are told why. */
void		 cons_step_down(struct consensus *, const char *);

/* quorum_consensus_elect.c */
int		 cons_may_stand(const struct consensus *);
void		 cons_campaign(struct consensus *, struct monotime);
void		 cons_on_vote(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);
void		 cons_on_vote_ok(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);

/* quorum_consensus_master.c */
void		 cons_master_tick(struct consensus *, struct monotime);
/* Heartbeats to all, a master's or not. */
void		 cons_beat(struct consensus *, struct monotime);
/* Accepts it here and sends it to the others. */
void		 cons_fly(struct consensus *, struct cons_config *,
		    struct monotime);
void		 cons_on_heartbeat_ok(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);
void		 cons_on_apply_ok(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);
void		 cons_on_verdicts_ok(struct consensus *, const char *,
		    const struct cons_msg *, struct monotime);

#endif /* QUORUM_CONSENSUS_INT_H */
