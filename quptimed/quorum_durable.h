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

#ifndef QUORUM_DURABLE_H
#define QUORUM_DURABLE_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "quorum_consensus.h"
#include "schema.h"

/*
 * quorum_durable.c: what protocol 2 has to find again after a crash, in three
 * files of one directory:
 *
 *	quorum.yaml		term, and who was voted for in it
 *	cluster.next.yaml	the configuration that was accepted, but is not
 *				known to be committed
 *	cluster.yaml		the one that was committed last
 *
 * The last line of each is a comment that says what it is and has a checksum
 * over the rest, so that a file which lost its end, or was mixed up with an
 * older one, is not taken for what it was.  The text of a configuration is the
 * caller's; here it is bytes.
 *
 * Each call that returns 0 has its effect on the disk, directory included.
 * After -1 it may or may not be there: whoever goes on has to load it again.
 */
#define DURABLE_VOTE		"quorum.yaml"
#define DURABLE_NEXT		"cluster.next.yaml"
#define DURABLE_COMMITTED	"cluster.yaml"

#define DURABLE_ID_MAX		128	/* bytes of a node's id */

/*
 * The disk: system calls, or what a test makes of them.  The first argument is
 * the caller's; open is for reading, or makes an empty file to be written.
 * -1 with errno, as the calls of that name do.
 */
struct durable_ops {
	int	 (*open)(void *, const char *, int writing);
	ssize_t	 (*read)(void *, int, void *, size_t);
	ssize_t	 (*write)(void *, int, const void *, size_t);
	int	 (*fsync)(void *, int);
	int	 (*close)(void *, int);
	int	 (*rename)(void *, const char *, const char *);
	int	 (*unlink)(void *, const char *);
	int	 (*fsync_dir)(void *);
};
/* In the current directory. */
extern const struct durable_ops	 durable_disk;

struct durable {
	const struct durable_ops	*ops;
	void				*arg;
	char				 dir[1024];	/* for messages */
	uint64_t			 term;
	char				 voted_for[DURABLE_ID_MAX + 1];
	int				 has_committed;
	int				 has_next;
	struct stamp			 committed;
	struct stamp			 next;
};

/* Texts of configurations, each with a NUL behind it; NULL: none. */
struct durable_texts {
	char	*committed;
	size_t	 committed_len;
	char	*next;
	size_t	 next_len;
};

/* The directory is what messages put before a file's name; NULL: nothing. */
void	 durable_init(struct durable *, const struct durable_ops *, void *,
	    const char *dir);
/*
 * 1 with what is there; 0 when nothing is, which is a node that has been in no
 * cluster of protocol 2 yet: a cluster.yaml without the last line stays
 * untouched, and is not read.  -1 when it is damaged, with what and what to do.
 */
int	 durable_load(struct durable *, struct durable_texts *,
	    struct verr *);
void	 durable_texts_clear(struct durable_texts *);
/* NULL: nobody in that term. */
int	 durable_save_vote(struct durable *, uint64_t term,
	    const char *voted_for, struct verr *);
/* The text ends with a newline. */
int	 durable_save_next(struct durable *, uint64_t term, uint64_t version,
	    const void *, size_t, struct verr *);
/* What was accepted under that stamp is committed. */
int	 durable_commit(struct durable *, uint64_t term, uint64_t version,
	    struct verr *);
/* This node promises nothing any more: it is about to be another cluster's. */
int	 durable_forget(struct durable *, struct verr *);

#endif /* QUORUM_DURABLE_H */
