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
#include <sys/queue.h>
#include <sys/tree.h>

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "engine.h"

/*
 * Token buckets and the log's patience, per address.  All memory is taken at
 * the start; what is needed for an address comes from the one that was quiet
 * for the longest, but rather not from one about which a line is held back.
 */

#define TOKEN		1000000000LL		/* the price of one, in ns */

struct limit {
	TAILQ_ENTRY(limit)	 entry;		/* quiet ones first */
	TAILQ_ENTRY(limit)	 hold;		/* lines held back */
	RB_ENTRY(limit)		 node;
	unsigned char		 key[17];	/* family, address */
	int			 used;
	int64_t			 tokens;	/* LIMIT_REFILL * ns */
	struct monotime		 filled;
	struct monotime		 said;
	int			 has_said;
	unsigned int		 held;
	char			*line;		/* the latest held back */
};

RB_HEAD(limit_tree, limit);
TAILQ_HEAD(limit_list, limit);

struct limits {
	struct limit_tree	 tree;
	struct limit_list	 list;
	struct limit_list	 holding;
	struct limit		 v[];
};

static int		 limit_cmp(const struct limit *, const struct limit *);
static void		 limit_key(const struct addr *, unsigned char *);
static struct limit	*limit_get(struct limits *, const struct addr *,
			    struct monotime);
static void		 limit_fill(struct limit *, struct monotime);
static void		 limit_release(struct limits *, struct limit *);

RB_PROTOTYPE(limit_tree, limit, node, limit_cmp)

struct limits *
limits_new(size_t n)
{
	struct limits	*ls;
	size_t		 i;

	if ((ls = calloc(1, sizeof(*ls) + n * sizeof(ls->v[0]))) == NULL)
		return (NULL);
	RB_INIT(&ls->tree);
	TAILQ_INIT(&ls->list);
	TAILQ_INIT(&ls->holding);
	for (i = 0; i < n; i++)
		TAILQ_INSERT_TAIL(&ls->list, &ls->v[i], entry);
	return (ls);
}

void
limits_free(struct limits *ls)
{
	struct limit	*l;

	if (ls == NULL)
		return;
	TAILQ_FOREACH(l, &ls->list, entry)
		free(l->line);
	free(ls);
}

int
limits_left(struct limits *ls, const struct addr *a, struct monotime now)
{
	struct limit	*l, key;

	limit_key(a, key.key);
	/* To ask is no reason to be remembered. */
	if ((l = RB_FIND(limit_tree, &ls->tree, &key)) == NULL)
		return (1);
	limit_fill(l, now);
	return (l->tokens >= TOKEN);
}

int
limits_take(struct limits *ls, const struct addr *a, struct monotime now)
{
	struct limit	*l = limit_get(ls, a, now);

	if (l->tokens < TOKEN)
		return (0);
	l->tokens -= TOKEN;
	return (1);
}

int
limits_say(struct limits *ls, const struct addr *a, const char *line,
    struct monotime now, unsigned int *held)
{
	struct limit	*l = limit_get(ls, a, now);

	if (l->has_said && mono_cmp(mono_sub(now, l->said),
	    LIMIT_MINUTE) < 0) {
		if (l->held++ == 0)
			TAILQ_INSERT_TAIL(&ls->holding, l, hold);
		if (l->line == NULL)
			l->line = strdup(line);
		return (0);
	}
	*held = l->held;
	limit_release(ls, l);
	l->has_said = 1;
	l->said = now;
	return (1);
}

int
limits_due(struct limits *ls, struct monotime now, char *line, size_t size,
    unsigned int *held)
{
	struct limit	*l;

	TAILQ_FOREACH(l, &ls->holding, hold)
		if (mono_cmp(mono_sub(now, l->said), LIMIT_MINUTE) >= 0)
			break;
	if (l == NULL)
		return (0);
	strlcpy(line, l->line != NULL ? l->line : "out of memory", size);
	*held = l->held - 1;
	limit_release(ls, l);
	l->said = now;
	return (1);
}

int
limits_holding(const struct limits *ls)
{
	return (!TAILQ_EMPTY(&ls->holding));
}

void
addr_unmap(struct addr *a)
{
	struct sockaddr_in	 in;

	if (a->u.sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&a->u.in6.sin6_addr))
		return;
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = a->u.in6.sin6_port;
	memcpy(&in.sin_addr, &a->u.in6.sin6_addr.s6_addr[12],
	    sizeof(in.sin_addr));
	memset(a, 0, sizeof(*a));
	a->u.in = in;
}

/* A household has a whole /64 of addresses to come from. */
static void
limit_key(const struct addr *a, unsigned char *key)
{
	memset(key, 0, sizeof(((struct limit *)NULL)->key));
	if (a->u.sa.sa_family == AF_INET) {
		key[0] = 4;
		memcpy(key + 1, &a->u.in.sin_addr, 4);
	} else {
		key[0] = 6;
		memcpy(key + 1, &a->u.in6.sin6_addr, 8);
	}
}

static struct limit *
limit_get(struct limits *ls, const struct addr *a, struct monotime now)
{
	struct limit	*l, key;

	limit_key(a, key.key);
	if ((l = RB_FIND(limit_tree, &ls->tree, &key)) == NULL) {
		TAILQ_FOREACH(l, &ls->list, entry)
			if (l->held == 0)
				break;
		if (l == NULL)
			l = TAILQ_FIRST(&ls->list);
		if (l->used)
			RB_REMOVE(limit_tree, &ls->tree, l);
		limit_release(ls, l);
		memcpy(l->key, key.key, sizeof(l->key));
		l->used = 1;
		l->has_said = 0;
		l->tokens = LIMIT_BURST * TOKEN;
		l->filled = now;
		RB_INSERT(limit_tree, &ls->tree, l);
	}
	TAILQ_REMOVE(&ls->list, l, entry);
	TAILQ_INSERT_TAIL(&ls->list, l, entry);
	limit_fill(l, now);
	return (l);
}

static void
limit_fill(struct limit *l, struct monotime now)
{
	struct monotime	 gone = mono_sub(now, l->filled);

	if (gone.ns <= 0)
		return;
	l->filled = now;
	if (gone.ns >= LIMIT_BURST * TOKEN / LIMIT_REFILL)
		l->tokens = LIMIT_BURST * TOKEN;
	else
		l->tokens += gone.ns * LIMIT_REFILL;
	if (l->tokens > LIMIT_BURST * TOKEN)
		l->tokens = LIMIT_BURST * TOKEN;
}

/* Nothing is held back of it any more. */
static void
limit_release(struct limits *ls, struct limit *l)
{
	if (l->held > 0)
		TAILQ_REMOVE(&ls->holding, l, hold);
	l->held = 0;
	free(l->line);
	l->line = NULL;
}

static int
limit_cmp(const struct limit *a, const struct limit *b)
{
	return (memcmp(a->key, b->key, sizeof(a->key)));
}

RB_GENERATE(limit_tree, limit, node, limit_cmp)
