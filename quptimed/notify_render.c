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

#include "notifier.h"

int
notify_render(struct notify_message *m, const struct alert *a,
    const struct alert_event *ev)
{
	struct notify_text	 text;

	memset(m, 0, sizeof(*m));
	notify_text(&text, a, ev);
	m->own_body = *str(a->body_template) != '\0';
	m->subject = strdup(text.subject);
	m->body = strdup(text.body);
	if (m->subject == NULL || m->body == NULL) {
		notify_message_clear(m);
		return (-1);
	}
	return (0);
}

void
notify_message_clear(struct notify_message *m)
{
	free(m->subject);
	free(m->body);
	memset(m, 0, sizeof(*m));
}
