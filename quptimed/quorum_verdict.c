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
 * Results of all nodes in, the cluster's opinion out.  More failing votes than
 * passing ones: down; otherwise up.  Two evaluations in a row have to agree
 * before the state flips.  Votes age from their arrival on this node's
 * monotonic clock, so nobody's wall clock matters.
 */

#define WINDOW_INTERVALS	3
#define WINDOW_MIN		MONO_SEC(30)
#define EVALUATIONS		2

static int	 reports_room(struct verdict *, uint32_t);
static int	 text_set(char **, const char *);
static void	 report_wipe(struct report *);
static int	 evaluate(struct verdict *, struct transition *);

struct monotime
verdict_window(int64_t interval)
{
	struct monotime	 w;

	w = MONO_NSEC(interval * WINDOW_INTERVALS);
	return (mono_cmp(w, WINDOW_MIN) < 0 ? WINDOW_MIN : w);
}

int
verdict_report(struct verdict *v, uint32_t node, const struct result *res,
    struct monotime window, struct monotime now, struct transition *tr)
{
	tr->from = tr->to = v->state;
	if (verdict_note(v, node, res, now) == -1)
		return (-1);
	verdict_tally(v, window, now, &tr->tally);
	/* Whoever cannot tell has not changed his mind. */
	return (res->verdict != PROBE_CANNOT ? evaluate(v, tr) : 0);
}

int
verdict_note(struct verdict *v, uint32_t node, const struct result *res,
    struct monotime now)
{
	struct report	*r;

	if (reports_room(v, node) == -1)
		return (-1);
	r = &v->reports[node];
	if (res->verdict == PROBE_CANNOT)
		return (text_set(&r->cannot, res->detail));
	if (text_set(&r->detail, res->detail) == -1)
		return (-1);
	free(r->cannot);
	r->cannot = NULL;
	r->vote = res->verdict == PROBE_OK ? VOTE_OK : VOTE_FAIL;
	r->latency_us = res->latency_us;
	r->at = now;
	return (0);
}

void
verdict_tally(const struct verdict *v, struct monotime window,
    struct monotime now, struct tally *t)
{
	const struct report	*r;
	uint32_t		 i;

	memset(t, 0, sizeof(*t));
	t->detail = "";
	for (i = 0; i < v->nreports; i++) {
		r = &v->reports[i];
		if (r->vote == VOTE_NONE ||
		    mono_cmp(mono_sub(now, r->at), window) > 0)
			continue;
		t->fresh++;
		if (r->vote == VOTE_OK) {
			t->ok++;
			continue;
		}
		if (t->fail++ == 0)
			t->detail = str(r->detail);
	}
}

void
verdict_forget(struct verdict *v, uint32_t node)
{
	uint32_t	 i;

	for (i = 0; i < v->nreports; i++)
		if (node == VERDICT_ALL || node == i)
			report_wipe(&v->reports[i]);
	if (node == VERDICT_ALL) {
		v->candidate = STATE_UNKNOWN;
		v->count = 0;
	}
}

void
verdict_clear(struct verdict *v)
{
	verdict_forget(v, VERDICT_ALL);
	free(v->reports);
	memset(v, 0, sizeof(*v));
}

static int
evaluate(struct verdict *v, struct transition *tr)
{
	enum check_state	 opinion;

	if (tr->tally.fresh == 0)
		opinion = STATE_UNKNOWN;
	else if (tr->tally.fail > tr->tally.ok)
		opinion = STATE_DOWN;
	else
		opinion = STATE_UP;
	if (opinion != v->candidate) {
		v->candidate = opinion;
		v->count = 0;
	}
	if (v->count < EVALUATIONS)
		v->count++;
	if (v->count < EVALUATIONS || v->candidate == v->state)
		return (0);
	tr->to = v->state = v->candidate;
	return (1);
}

static int
reports_room(struct verdict *v, uint32_t node)
{
	struct report	*r;

	if (node < v->nreports)
		return (0);
	r = recallocarray(v->reports, v->nreports, node + 1, sizeof(*r));
	if (r == NULL)
		return (-1);
	v->reports = r;
	v->nreports = node + 1;
	return (0);
}

/* Most results say what the last one said. */
static int
text_set(char **p, const char *text)
{
	char	*copy = NULL;

	if (strcmp(str(*p), text) == 0)
		return (0);
	if (*text != '\0' && (copy = strdup(text)) == NULL)
		return (-1);
	free(*p);
	*p = copy;
	return (0);
}

static void
report_wipe(struct report *r)
{
	free(r->detail);
	free(r->cannot);
	memset(r, 0, sizeof(*r));
}
