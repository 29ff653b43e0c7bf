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


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notifier.h"
#include "template.h"

static char	*field(struct notify_message *, const char *, const char *,
		    const char *, const struct alert_event *);

int
notify_render(struct notify_message *m, const struct alert *a,
    const struct alert_event *ev)
{
	struct notify_text	 text;

	memset(m, 0, sizeof(*m));
	notify_text(&text, a, ev);
	m->own_body = *str(a->body_template) != '\0';
	m->subject = field(m, "subject", str(a->subject_template),
	    text.subject, ev);
	m->body = field(m, "body", str(a->body_template), text.body, ev);
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

/* The template's, else the built-in one: each by itself. */
static char *
field(struct notify_message *m, const char *name, const char *template,
    const char *otherwise, const struct alert_event *ev)
{
	struct template_error	 err;
	struct template		*t;
	char			*text = NULL;
	const char		*stage = "parse";
	size_t			 len = strlen(m->err);

	if (*template == '\0')
		return (strdup(otherwise));
	if ((t = template_parse(template, &err)) != NULL) {
		stage = "execute";
		text = template_render(t, ev, &err);
		template_free(t);
	}
	if (text != NULL)
		return (text);
	(void)snprintf(m->err + len, sizeof(m->err) - len,
	    "%s%s %s template: %u:%u: %s", len > 0 ? "; " : "", stage, name,
	    err.line, err.column, err.msg);
	return (strdup(otherwise));
}
