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


#include <stdlib.h>
#include <string.h>

#include "quorum.h"

/*
 * Who is live and who is master, as protocol 1 has it: every node judges for
 * itself from the heartbeats it has seen, and all come to the same result when
 * they see the same.  Where that leaves room for two masters, this node goes by
 * what the others report: it has none for a while after its start, comes back
 * to the master the others have, and gives up one that only it believes in.
 */

static struct legacy_node
		*find(const struct legacy *, const char *);
static struct legacy_node
		*node_new(const char *);
static void	 node_free(struct legacy_node *);
static int	 node_cmp(const struct legacy_node *,
		    const struct legacy_node *);
static int	 node_live(const struct legacy *, const struct legacy_node *,
		    struct monotime);
static const char
		*choose(struct legacy *, struct monotime);
static int	 hinted(struct legacy *, struct monotime);
static int	 yields(const struct legacy *, const char *, struct monotime);
static const char
		*lowest(struct legacy *, struct monotime);
static const char
		*senior(struct legacy *, struct monotime);
static const char
		*reported(struct legacy *, struct monotime, int);

RB_PROTOTYPE(legacy_nodes, legacy_node, entry, node_cmp)

int
legacy_init(struct legacy *l, const char *self, struct monotime now)
{
	memset(l, 0, sizeof(*l));
	RB_INIT(&l->nodes);
	l->started = now;
	return ((l->self = strdup(self)) != NULL ? 0 : -1);
}

void
legacy_clear(struct legacy *l)
{
	struct legacy_node	*n;

	while ((n = RB_ROOT(&l->nodes)) != NULL) {
		RB_REMOVE(legacy_nodes, &l->nodes, n);
		node_free(n);
	}
	free(l->self);
	free(l->master);
	memset(l, 0, sizeof(*l));
}

int
legacy_members(struct legacy *l, const char *const *ids, uint32_t nids)
{
	const char *const	 alone[] = { l->self };
	struct legacy_nodes	 fresh = RB_INITIALIZER(&fresh);
	struct legacy_node	*n, *next;
	uint32_t		 i, was = l->n;
	int			 rv = 0;

	/* Nobody is listed before this node has heard of a cluster. */
	if (nids == 0) {
		ids = alone;
		nids = 1;
	}
	RB_FOREACH(n, legacy_nodes, &l->nodes)
		n->mark = 0;
	for (i = 0; i < nids && rv == 0; i++) {
		if ((n = find(l, ids[i])) != NULL)
			n->mark = 1;
		else if ((n = node_new(ids[i])) == NULL)
			rv = -1;
		else if (RB_INSERT(legacy_nodes, &fresh, n) != NULL)
			node_free(n);
	}
	for (n = RB_MIN(legacy_nodes, &l->nodes); n != NULL && rv == 0;
	    n = next) {
		next = RB_NEXT(legacy_nodes, &l->nodes, n);
		if (n->mark)
			continue;
		RB_REMOVE(legacy_nodes, &l->nodes, n);
		node_free(n);
		l->n--;
	}
	while ((n = RB_ROOT(&fresh)) != NULL) {
		RB_REMOVE(legacy_nodes, &fresh, n);
		if (rv == 0) {
			RB_INSERT(legacy_nodes, &l->nodes, n);
			l->n++;
		} else
			node_free(n);
	}
	if (was > 0 && l->n > was && !l->restarted) {
		l->grown = 1;
		l->was = was;
	}
	l->restarted = 0;
	return (rv);
}

void
legacy_restart(struct legacy *l, struct monotime now)
{
	struct legacy_node	*n;

	RB_FOREACH(n, legacy_nodes, &l->nodes)
		n->seen = 0;
	l->started = now;
	l->restarted = 1;
	l->grown = 0;
	l->was = 0;
	if (l->master == NULL)
		return;
	free(l->master);
	l->master = NULL;
	l->term++;
}

void
legacy_seen(struct legacy *l, const char *id, const char *master,
    struct monotime now)
{
	struct legacy_node	*n;

	if ((n = find(l, id)) == NULL)
		return;
	if (!n->seen || mono_cmp(mono_sub(now, n->last_seen),
	    LEGACY_DEAD_AFTER) > 0)
		n->live_since = now;
	n->last_seen = now;
	n->seen = 1;
	if (strcmp(str(n->master), str(master)) == 0)
		return;
	free(n->master);
	/* Out of memory is as good as silence. */
	n->master = *str(master) != '\0' ? strdup(master) : NULL;
}

const char *
legacy_report(const struct legacy *l, const char *id)
{
	const struct legacy_node	*n;

	return ((n = find(l, id)) != NULL ? n->master : NULL);
}

int
legacy_live(const struct legacy *l, const char *id, struct monotime now)
{
	const struct legacy_node	*n;

	return ((n = find(l, id)) != NULL && node_live(l, n, now));
}

uint32_t
legacy_nlive(const struct legacy *l, struct monotime now)
{
	struct legacy_node	*n;
	struct legacy_nodes	*nodes;
	uint32_t		 live = 0;

	nodes = (struct legacy_nodes *)(uintptr_t)&l->nodes;
	RB_FOREACH(n, legacy_nodes, nodes)
		live += node_live(l, n, now);
	return (live);
}

uint32_t
legacy_quorum(const struct legacy *l)
{
	return (l->n / 2 + 1);
}

int
legacy_has_quorum(const struct legacy *l, struct monotime now)
{
	uint32_t	 n = l->n;

	if (find(l, l->self) == NULL)
		return (0);
	if (l->was > 0 && l->was < n && mono_cmp(now, l->settled) < 0)
		n = l->was;
	return (legacy_nlive(l, now) >= n / 2 + 1);
}

int
legacy_elect(struct legacy *l, struct monotime now)
{
	const char	*master;
	char		*copy = NULL;
	int		 has;

	legacy_seen(l, l->self, l->master, now);
	has = legacy_has_quorum(l, now);
	if (has && !l->had)
		l->regained = now;
	l->broken |= l->had && !has;
	l->had = has;
	if (l->grown) {
		l->grown = 0;
		l->settled = mono_add(now, LEGACY_DEAD_AFTER);
	} else if (l->was > 0 && mono_cmp(now, l->settled) >= 0)
		l->was = 0;
	master = choose(l, now);
	if (strcmp(str(master), str(l->master)) == 0)
		return (0);
	/* Out of memory: no master is safe, and there will be a next time. */
	if (master != NULL)
		copy = strdup(master);
	if (copy == NULL && l->master == NULL)
		return (0);
	free(l->master);
	l->master = copy;
	l->term++;
	return (1);
}

/* NULL: none. */
static const char *
choose(struct legacy *l, struct monotime now)
{
	const char	*agreed, *master;

	if (!legacy_has_quorum(l, now))
		return (NULL);
	if (l->n == 1)
		return (l->self);
	agreed = reported(l, now, 1);
	if (l->master == NULL || !legacy_live(l, l->master, now)) {
		if (agreed != NULL)
			return (agreed);
		if (mono_cmp(now, mono_add(l->started, LEGACY_DEAD_AFTER)) < 0)
			return (NULL);
		master = reported(l, now, 0);
		if (master != NULL && strcmp(master, l->self) != 0)
			return (master);
		/* A healed link first brings what was said before it broke. */
		if (l->master == NULL && l->broken && l->n > 2 &&
		    mono_cmp(now, mono_add(l->regained, LEGACY_SETTLE)) < 0)
			return (NULL);
		if (master != NULL)
			return (master);
		/* And it shows one node after the other. */
		if (l->master == NULL && mono_cmp(now, mono_add(l->regained,
		    LEGACY_DEAD_AFTER)) < 0 && hinted(l, now))
			return (NULL);
		return (lowest(l, now));
	}
	if (agreed != NULL && yields(l, agreed, now))
		return (agreed);
	return (senior(l, now));
}

/*
 * Whether to follow the others to the master they agree on.  To a higher one
 * only while it is not its age that has brought this one, or they would be on
 * their way here; and one of two does not, or they might pass each other.
 */
static int
yields(const struct legacy *l, const char *agreed, struct monotime now)
{
	const struct legacy_node	*n;
	int				 cmp;

	cmp = strcmp(agreed, l->master);
	if (cmp < 0)
		return (1);
	return (cmp > 0 && l->n > 2 && (n = find(l, l->master)) != NULL &&
	    mono_cmp(mono_sub(now, n->live_since), LEGACY_COOLDOWN) < 0);
}

static const char *
lowest(struct legacy *l, struct monotime now)
{
	struct legacy_node	*n;

	RB_FOREACH(n, legacy_nodes, &l->nodes)
		if (node_live(l, n, now))
			return (n->id);
	return (NULL);
}

/* The master, unless somebody lower has been live for long. */
static const char *
senior(struct legacy *l, struct monotime now)
{
	struct legacy_node	*n;

	RB_FOREACH(n, legacy_nodes, &l->nodes) {
		if (strcmp(n->id, l->master) >= 0)
			break;
		if (node_live(l, n, now) && mono_cmp(mono_sub(now,
		    n->live_since), LEGACY_COOLDOWN) >= 0)
			return (n->id);
	}
	return (l->master);
}

/*
 * The live master that the other live nodes report.  Firmly: all other members
 * or a quorum of them do.  Otherwise more than half of those who have one.
 */
static const char *
reported(struct legacy *l, struct monotime now, int firmly)
{
	struct legacy_node	*n, *master;
	uint32_t		 voices = 0;

	RB_FOREACH(n, legacy_nodes, &l->nodes)
		n->voices = 0;
	RB_FOREACH(n, legacy_nodes, &l->nodes) {
		if (n->master == NULL || strcmp(n->id, l->self) == 0 ||
		    !node_live(l, n, now) ||
		    (master = find(l, n->master)) == NULL ||
		    !node_live(l, master, now))
			continue;
		master->voices++;
		voices++;
	}
	master = NULL;
	RB_FOREACH(n, legacy_nodes, &l->nodes)
		if (n->voices > (master != NULL ? master->voices : 0))
			master = n;
	if (master == NULL)
		return (NULL);
	if (firmly && master->voices < legacy_quorum(l) &&
	    master->voices < l->n - 1)
		return (NULL);
	return (master->voices > voices / 2 ? master->id : NULL);
}

/* Whether a live node has a master that is about to be heard of here. */
static int
hinted(struct legacy *l, struct monotime now)
{
	struct legacy_node	*n;

	RB_FOREACH(n, legacy_nodes, &l->nodes)
		if (n->master != NULL && strcmp(n->id, l->self) != 0 &&
		    node_live(l, n, now) && strcmp(n->master, l->self) != 0 &&
		    find(l, n->master) != NULL &&
		    !legacy_live(l, n->master, now))
			return (1);
	return (0);
}

static int
node_live(const struct legacy *l, const struct legacy_node *n,
    struct monotime now)
{
	if (strcmp(n->id, l->self) == 0)
		return (1);
	return (n->seen && mono_cmp(mono_sub(now, n->last_seen),
	    LEGACY_DEAD_AFTER) < 0);
}

static struct legacy_node *
find(const struct legacy *l, const char *id)
{
	struct legacy_nodes	*nodes;
	struct legacy_node	 key;

	nodes = (struct legacy_nodes *)(uintptr_t)&l->nodes;
	memset(&key, 0, sizeof(key));
	key.id = (char *)(uintptr_t)id;
	return (RB_FIND(legacy_nodes, nodes, &key));
}

static struct legacy_node *
node_new(const char *id)
{
	struct legacy_node	*n;

	if ((n = calloc(1, sizeof(*n))) == NULL)
		return (NULL);
	if ((n->id = strdup(id)) == NULL) {
		free(n);
		return (NULL);
	}
	return (n);
}

static void
node_free(struct legacy_node *n)
{
	free(n->id);
	free(n->master);
	free(n);
}

static int
node_cmp(const struct legacy_node *a, const struct legacy_node *b)
{
	return (strcmp(a->id, b->id));
}

RB_GENERATE(legacy_nodes, legacy_node, entry, node_cmp)
