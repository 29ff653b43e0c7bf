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

#ifndef QUORUM_HISTORY_H
#define QUORUM_HISTORY_H

#include "quorum_consensus.h"
#include "quorum_wire.h"

/*
 * history.db: what state each check is in, as the cluster has decided, and
 * every transition there was.  SQLite, with a write-ahead log, synced at each
 * commit: what is acknowledged has been written.
 */
#define HISTORY_FILE	"history.db"		/* in the current directory */

struct history;

/*
 * Opens it, or makes it anew when it is not there.  NULL with the reason: it is
 * damaged, of another version, or cannot be written.
 */
struct history	*history_open(const char *path, struct verr *);
void		 history_close(struct history *);
/* Of the highest verdict held; 0.0: none. */
struct stamp	 history_stamp(const struct history *);
/*
 * In one transaction: those verdicts whose stamp is above the one held for the
 * check, the others are passed over.  When it returns 0 they are on the disk;
 * or -1 with the reason, and nothing has changed.
 */
int		 history_put(struct history *,
		    const struct wire_verdict *const *, uint32_t,
		    struct verr *);
/*
 * Calls back with each verdict whose stamp is above that one, lowest first; the
 * verdict is valid until it returns.  It returns -1 to end.  0, or -1 with the
 * reason.
 */
int		 history_each(struct history *, const struct stamp *,
		    int (*)(const struct wire_verdict *, void *), void *,
		    struct verr *);
/* Checks that are no more: their verdicts go, what happened stays. */
int		 history_forget(struct history *, const char *check_id,
		    struct verr *);

#endif /* QUORUM_HISTORY_H */
