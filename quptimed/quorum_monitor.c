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


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorum.h"

/*
 * Clients that watch what happens.  Events are not kept for who does not read
 * them: he is told later how many he has missed.
 */

#define TEXT_MAX	640
#define PARENT_MARK	(512 * 1024)	/* bytes queued to the parent */

struct watcher {
	TAILQ_ENTRY(watcher)	 entry;
	uint32_t		 client;
	uint32_t		 lost;
	int			 stopped;	/* by XOFF */
};
TAILQ_HEAD(watchers, watcher);

struct monitors {
	struct watchers	 list;
};

static struct watcher
		*watcher_find(struct quorum *, uint32_t);
static void	 watcher_free(struct quorum *, struct watcher *);
static void	 tell(struct quorum *, struct watcher *, const char *,
		    const char *, const char *);

void
monitor_request(struct quorum *q, struct imsg *imsg)
{
	struct watcher	*w = NULL;
	uint32_t	 client = imsg_get_id(imsg);

	if (q->monitors == NULL &&
	    (q->monitors = calloc(1, sizeof(*q->monitors))) != NULL)
		TAILQ_INIT(&q->monitors->list);
	if (q->monitors == NULL || (w = calloc(1, sizeof(*w))) == NULL) {
		ctl_result(q, client, CTL_REFUSED, "out of memory");
		return;
	}
	w->client = client;
	TAILQ_INSERT_TAIL(&q->monitors->list, w, entry);
	tell(q, w, "monitor", "", "watching");
}

void
monitor_event(struct quorum *q, const char *kind, const char *subject,
    const char *fmt, ...)
{
	struct watcher	*w;
	char		 text[TEXT_MAX], lost[64];
	va_list		 ap;

	if (q->monitors == NULL || TAILQ_EMPTY(&q->monitors->list))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	TAILQ_FOREACH(w, &q->monitors->list, entry) {
		if (w->stopped ||
		    imsgbuf_queuesize(&q->child.parent.ibuf) > PARENT_MARK) {
			w->lost++;
			continue;
		}
		if (w->lost > 0) {
			(void)snprintf(lost, sizeof(lost),
			    "%u events were not read and are lost", w->lost);
			w->lost = 0;
			tell(q, w, "monitor", "", lost);
		}
		tell(q, w, kind, subject, text);
	}
}

void
monitor_stop(struct quorum *q, uint32_t client, int stopped)
{
	struct watcher	*w;

	if ((w = watcher_find(q, client)) != NULL)
		w->stopped = stopped;
}

void
monitor_client_gone(struct quorum *q, uint32_t client)
{
	struct watcher	*w;

	if ((w = watcher_find(q, client)) != NULL)
		watcher_free(q, w);
}

void
monitor_clear(struct quorum *q)
{
	struct watcher	*w;

	if (q->monitors == NULL)
		return;
	while ((w = TAILQ_FIRST(&q->monitors->list)) != NULL)
		watcher_free(q, w);
	free(q->monitors);
	q->monitors = NULL;
}

static struct watcher *
watcher_find(struct quorum *q, uint32_t client)
{
	struct watcher	*w;

	if (q->monitors == NULL)
		return (NULL);
	TAILQ_FOREACH(w, &q->monitors->list, entry)
		if (w->client == client)
			return (w);
	return (NULL);
}

static void
watcher_free(struct quorum *q, struct watcher *w)
{
	TAILQ_REMOVE(&q->monitors->list, w, entry);
	free(w);
}

static void
tell(struct quorum *q, struct watcher *w, const char *kind,
    const char *subject, const char *text)
{
	struct event_row	 row;

	memset(&row, 0, sizeof(row));
	row.when = wall_now();
	row.kind = (char *)(uintptr_t)kind;
	row.subject = (char *)(uintptr_t)subject;
	row.text = (char *)(uintptr_t)text;
	ctl_row(q, w->client, IMSG_CTL_EVENT, &event_row_record, &row);
}
