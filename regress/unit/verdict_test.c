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


#include "quorum.h"
#include "tap.h"

#define S(s)	MONO_SEC(s)

static const struct result	 pass = { PROBE_OK, 1500, "" };
static const struct result	 refused = { PROBE_FAIL, 10, "refused" };
static const struct result	 timeout = { PROBE_FAIL, 10, "timed out" };
static const struct result	 cannot = { PROBE_CANNOT, 0, "no socket" };

/* One result at a second; whether the state flipped. */
static int
report(struct verdict *v, uint32_t node, const struct result *res,
    int64_t sec, struct transition *tr)
{
	return (verdict_report(v, node, res, verdict_window(S(30).ns),
	    S(sec), tr));
}

static void
test_window(void)
{
	is_int(verdict_window(S(30).ns).ns, S(90).ns, "three intervals");
	is_int(verdict_window(S(10).ns).ns, S(30).ns, "at the least bound");
	is_int(verdict_window(S(1).ns).ns, S(30).ns, "never less");
	is_int(verdict_window(S(86400).ns).ns, S(3 * 86400).ns, "a long one");
}

static void
test_hysteresis(void)
{
	struct verdict		 v;
	struct transition	 tr;

	memset(&v, 0, sizeof(v));
	is_int(v.state, STATE_UNKNOWN, "nothing is known at first");
	is_int(report(&v, 0, &pass, 0, &tr), 0, "one result flips nothing");
	is_int(v.state, STATE_UNKNOWN, "still unknown");
	is_int(report(&v, 0, &pass, 30, &tr), 1, "the second one does");
	is_int(tr.from, STATE_UNKNOWN, "from unknown");
	is_int(tr.to, STATE_UP, "to up");
	is_int(tr.tally.ok, 1, "one node sees it up");
	is_int(tr.tally.fresh, 1, "of one");
	is_str(tr.tally.detail, "", "no detail when nothing fails");
	is_int(report(&v, 0, &pass, 60, &tr), 0, "it stays up");

	is_int(report(&v, 0, &refused, 90, &tr), 0, "one failure is none");
	is_int(v.state, STATE_UP, "it is still up");
	is_str(tr.tally.detail, "refused", "but the detail is there");
	is_int(report(&v, 0, &pass, 120, &tr), 0, "a pass starts over");
	is_int(report(&v, 0, &refused, 150, &tr), 0, "one failure again");
	is_int(report(&v, 0, &timeout, 180, &tr), 1, "two in a row are down");
	is_int(tr.from, STATE_UP, "from up");
	is_int(tr.to, STATE_DOWN, "to down");
	is_int(tr.tally.fail, 1, "one node sees it down");
	is_str(tr.tally.detail, "timed out", "with the last detail");
	is_int(report(&v, 0, &timeout, 210, &tr), 0, "told once");

	is_int(report(&v, 0, &pass, 240, &tr), 0, "one pass is none");
	is_int(report(&v, 0, &pass, 270, &tr), 1, "two are up");
	is_int(tr.from, STATE_DOWN, "from down");
	is_int(tr.to, STATE_UP, "to up");
	is_int(v.reports[0].latency_us, 1500, "the latency is kept");
	verdict_clear(&v);
	ok(v.reports == NULL && v.state == STATE_UNKNOWN, "cleared");
}

/* Many evaluations in one state do not wear out. */
static void
test_long(void)
{
	struct verdict		 v;
	struct transition	 tr;
	int			 i, flips = 0;

	memset(&v, 0, sizeof(v));
	for (i = 0; i < 1000; i++)
		flips += report(&v, 0, &pass, i, &tr);
	is_int(flips, 1, "a thousand passes are one flip");
	for (i = 0; i < 1000; i++)
		flips += report(&v, 0, i % 2 ? &pass : &refused, i, &tr);
	is_int(flips, 1, "a flapping target flips nothing");
	is_int(v.state, STATE_UP, "and stays what it was");
	verdict_clear(&v);
}

static void
test_nodes(void)
{
	struct verdict		 v;
	struct transition	 tr;

	memset(&v, 0, sizeof(v));
	report(&v, 0, &pass, 0, &tr);
	report(&v, 1, &pass, 1, &tr);
	report(&v, 2, &pass, 2, &tr);
	is_int(tr.tally.ok, 3, "three nodes see it up");
	is_int(report(&v, 2, &refused, 10, &tr), 0, "one of three fails");
	is_int(report(&v, 2, &refused, 20, &tr), 0, "and again");
	is_int(v.state, STATE_UP, "a minority does not decide");
	is_int(tr.tally.ok, 2, "two still pass");
	is_int(tr.tally.fail, 1, "one fails");
	is_str(tr.tally.detail, "refused", "its detail is shown");
	is_int(report(&v, 1, &timeout, 30, &tr), 0, "two of three fail");
	is_int(report(&v, 2, &refused, 40, &tr), 1, "evaluated twice: down");
	is_str(tr.tally.detail, "timed out",
	    "the detail is the first node's, whoever came last");

	/* A tie is up. */
	is_int(report(&v, 3, &pass, 50, &tr), 0, "two against two");
	is_int(report(&v, 0, &pass, 51, &tr), 1, "a tie is up");
	is_int(tr.tally.ok, 2, "two pass");
	is_int(tr.tally.fail, 2, "two fail");

	/* A node that is no more has no say. */
	verdict_forget(&v, 0);
	is_int(report(&v, 3, &pass, 52, &tr), 0, "one against two");
	is_int(tr.tally.fresh, 3, "the forgotten one does not count");
	is_int(report(&v, 3, &pass, 53, &tr), 1, "is down");
	is_int(tr.to, STATE_DOWN, "is down indeed");
	verdict_clear(&v);
}

static void
test_stale(void)
{
	struct verdict		 v;
	struct transition	 tr;
	struct tally		 t;

	memset(&v, 0, sizeof(v));
	report(&v, 1, &refused, 0, &tr);
	report(&v, 2, &refused, 0, &tr);
	is_int(v.state, STATE_DOWN, "two nodes see it down");
	report(&v, 0, &pass, 90, &tr);
	is_int(tr.tally.fresh, 3, "at the window's end they still count");
	is_int(report(&v, 0, &pass, 91, &tr), 0, "then they do not");
	is_int(tr.tally.fresh, 1, "one is left");
	is_int(report(&v, 0, &pass, 92, &tr), 1, "which decides");
	is_int(tr.to, STATE_UP, "as it sees it");

	verdict_tally(&v, verdict_window(S(30).ns), S(1000), &t);
	is_int(t.fresh, 0, "after a silence nothing is fresh");
	is_int(v.state, STATE_UP, "and the state stands");
	is_str(t.detail, "", "without a detail");
	verdict_clear(&v);
}

static void
test_cannot(void)
{
	struct verdict		 v;
	struct transition	 tr;
	int			 i, flips = 0;

	memset(&v, 0, sizeof(v));
	for (i = 0; i < 5; i++)
		flips += report(&v, 0, &cannot, i, &tr);
	is_int(flips, 0, "who cannot tell flips nothing");
	is_int(tr.tally.fresh, 0, "and has no vote");
	is_str(v.reports[0].cannot, "no socket", "the reason is kept");

	report(&v, 0, &refused, 10, &tr);
	ok(v.reports[0].cannot == NULL, "until there is a vote");
	report(&v, 0, &cannot, 20, &tr);
	is_int(tr.tally.fail, 1, "the vote before it stands");
	is_str(tr.tally.detail, "refused", "with its detail");
	is_int(report(&v, 0, &refused, 30, &tr), 1,
	    "and what lies between does not count");
	verdict_clear(&v);
}

static void
test_forget(void)
{
	struct verdict		 v;
	struct transition	 tr;

	memset(&v, 0, sizeof(v));
	report(&v, 0, &refused, 0, &tr);
	report(&v, 0, &refused, 1, &tr);
	verdict_forget(&v, VERDICT_ALL);
	is_int(v.state, STATE_DOWN, "another definition: the state stands");
	is_int(report(&v, 0, &pass, 2, &tr), 0, "but counts from one");
	is_int(report(&v, 0, &pass, 3, &tr), 1, "to two");
	is_int(tr.from, STATE_DOWN, "so that a recovery is one");
	report(&v, 0, &refused, 4, &tr);
	verdict_forget(&v, VERDICT_ALL);
	is_int(report(&v, 0, &refused, 5, &tr), 0,
	    "a failure before does not count for one after");
	verdict_clear(&v);
}

/* Every order of results against a plain restatement of the rules. */
static void
test_model(void)
{
	struct verdict		 v;
	struct transition	 tr;
	int			 vote[4], at[4], bad = 0;
	int			 state, cand, count, n, now, flip, up, down;
	unsigned int		 seed, r;

	for (seed = 1; seed <= 200; seed++) {
		memset(&v, 0, sizeof(v));
		memset(vote, 0, sizeof(vote));
		memset(at, 0, sizeof(at));
		state = cand = STATE_UNKNOWN;
		count = now = 0;
		r = seed;
		for (n = 0; n < 200; n++) {
			int	 i, node, want;

			r = r * 1103515245 + 12345;
			node = (r >> 16) % 4;
			now += (r >> 20) % 60;
			vote[node] = (r >> 8) & 1 ? VOTE_OK : VOTE_FAIL;
			at[node] = now;
			flip = report(&v, node, vote[node] == VOTE_OK ?
			    &pass : &refused, now, &tr);
			for (i = up = down = 0; i < 4; i++)
				if (vote[i] && now - at[i] <= 90) {
					up += vote[i] == VOTE_OK;
					down += vote[i] == VOTE_FAIL;
				}
			want = down > up ? STATE_DOWN : STATE_UP;
			count = want == cand ? count + 1 : 1;
			cand = want;
			if (flip != (count >= 2 && cand != state))
				bad++;
			if (count >= 2)
				state = cand;
			if (v.state != state || (int)tr.tally.ok != up ||
			    (int)tr.tally.fail != down)
				bad++;
		}
		verdict_clear(&v);
	}
	is_int(bad, 0, "200 random histories of 4 nodes");
}

int
main(void)
{
	test_window();
	test_hysteresis();
	test_long();
	test_nodes();
	test_stale();
	test_cannot();
	test_forget();
	test_model();
	return (tap_done());
}
