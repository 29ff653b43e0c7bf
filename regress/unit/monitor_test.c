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


#include "quorum_fixture.h"

/* Events, and those who watch them or do not. */

#define ONE	11
#define TWO	12
#define MANY	2000
#define MARK	(512 * 1024)

static void
watch(uint32_t client)
{
	struct event_row	 row;
	struct imsg		 imsg;

	fix_imsg(&imsg, IMSG_CTL_MONITOR, client, NULL);
	monitor_request(&q, &imsg);
	imsg_free(&imsg);
	fix_row(client, IMSG_CTL_EVENT, &event_row_record, &row);
	is_str(row.text, "watching", "client %u watches", client);
	record_clear(&event_row_record, &row);
}

/* Whether the next event is that one. */
static int
sees(uint32_t client, const char *kind, const char *subject,
    const char *text)
{
	struct event_row	 row;
	int			 rv;

	fix_row(client, IMSG_CTL_EVENT, &event_row_record, &row);
	rv = strcmp(row.kind, kind) == 0 &&
	    strcmp(str(row.subject), subject) == 0 &&
	    strcmp(row.text, text) == 0 && !wall_iszero(&row.when);
	if (!rv)
		printf("# %s %s: %s\n", row.kind, str(row.subject), row.text);
	record_clear(&event_row_record, &row);
	return (rv);
}

static void
load(void)
{
	struct verr	 ve;

	fix_write("cluster.yaml", "version: 1\n"
	    "updated_at: 2026-05-15T14:01:00Z\nupdated_by: node-a\npeers: []\n"
	    "checks: []\nalerts: []\n");
	if (fix_load(&ve) == -1)
		fix_die(ve.msg);
}

static void
test_events(void)
{
	load();
	monitor_event(&q, "check", "one", "nobody watches");
	ok(fix_silent(&parent), "nobody is told");
	watch(ONE);
	watch(TWO);
	monitor_event(&q, "check", "one", "up -> %s", "down");
	ok(sees(ONE, "check", "one", "up -> down"), "one is told");
	ok(sees(TWO, "check", "one", "up -> down"), "and the other");
	monitor_client_gone(&q, ONE);
	monitor_client_gone(&q, ONE);
	monitor_event(&q, "peer", "", "x");
	ok(sees(TWO, "peer", "", "x"), "who has gone is not");
	fix_unload();
}

/* Where the parent does not read what it is sent. */
static void
test_queue(void)
{
	struct event_row	 row;
	size_t			 most = 0, size;
	int			 i, n = 0, lost = 0;
	char			 text[600];

	load();
	watch(ONE);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < MANY; i++) {
		monitor_event(&q, "check", "one", "%s", text);
		size = imsgbuf_queuesize(&q.child.parent.ibuf);
		most = size > most ? size : most;
	}
	ok(most > MARK && most < MARK + 1024, "the queue has an end");
	while (!fix_silent(&parent))
		n++;
	ok(n > 500 && n < MANY, "%d events have arrived", n);
	monitor_event(&q, "check", "one", "last");
	fix_row(ONE, IMSG_CTL_EVENT, &event_row_record, &row);
	if (sscanf(row.text, "%d events were not read", &lost) != 1)
		lost = 0;
	record_clear(&event_row_record, &row);
	is_int(n + lost, MANY, "the rest is told as lost");
	ok(sees(ONE, "check", "one", "last"), "then it goes on");
	memset(text, 'y', sizeof(text) - 1);
	monitor_event(&q, "check", "one", "%s%s%s", text, text, text);
	fix_row(ONE, IMSG_CTL_EVENT, &event_row_record, &row);
	ok(strlen(row.text) < 700, "a long text is cut");
	record_clear(&event_row_record, &row);
	fix_unload();
}

static void
test_stopped(void)
{
	int	 i;

	load();
	watch(ONE);
	watch(TWO);
	monitor_stop(&q, ONE, 1);
	monitor_stop(&q, 99, 1);
	for (i = 0; i < 3; i++) {
		monitor_event(&q, "check", "one", "event");
		ok(sees(TWO, "check", "one", "event"),
		    "the other is told of each");
	}
	monitor_stop(&q, ONE, 0);
	ok(fix_silent(&parent), "what was not read is not kept");
	monitor_event(&q, "check", "one", "event 3");
	ok(sees(ONE, "monitor", "", "3 events were not read and are lost"),
	    "who reads again is told how many there were");
	ok(sees(ONE, "check", "one", "event 3"), "and goes on");
	ok(sees(TWO, "check", "one", "event 3"), "as does the other");
	monitor_event(&q, "check", "one", "event 4");
	ok(sees(ONE, "check", "one", "event 4"), "that is told once");
	fix_unload();
}

int
main(void)
{
	fix_start();
	test_events();
	test_stopped();
	test_queue();
	fix_end();
	return (tap_done());
}
