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

#include "json.h"
#include "notifier.h"

#define WEBHOOK_VERSION	1	/* of our document; goes up if it changes */
#define DISCORD_MAX	2000	/* characters of a message */
#define DISCORD_SIZE	(DISCORD_MAX * 4 + 16)

#define FENCE_OPEN	"\n```\n"
#define FENCE_CLOSE	"\n```"
#define ELLIPSIS	"\xe2\x80\xa6"

static void	 post_discord(struct json *, const struct notify_message *);
static void	 own_content(char *, size_t, const struct notify_message *);
static void	 fenced_content(char *, size_t, const struct notify_message *);
static void	 post_webhook(struct json *, const struct notify_message *,
		    const struct alert_event *);
static size_t	 fit(const char *, size_t *);

int
notify_post(struct notify_post *post, const struct alert *a,
    const struct alert_event *ev, const struct notify_message *m,
    const char **err, int *again)
{
	struct json		*j;
	const char		*text;
	enum alert_type		 type = alert_type_of(a);

	memset(post, 0, sizeof(*post));
	*again = 0;
	switch (type) {
	case ALERT_DISCORD:
		post->url = str(a->discord_webhook);
		break;
	case ALERT_WEBHOOK:
		post->url = str(a->webhook_url);
		break;
	case ALERT_SMTP:	/* is mailed */
	case ALERT_UNKNOWN:
		*err = "type is not known to this version";
		return (-1);
	}
	*err = "out of memory";
	*again = 1;
	if ((j = json_new()) == NULL)
		return (-1);
	if (type == ALERT_DISCORD)
		post_discord(j, m);
	else
		post_webhook(j, m, ev);
	if ((text = json_text(j, &post->len)) != NULL)
		post->body = strdup(text);
	json_free(j);
	return (post->body == NULL ? -1 : 0);
}

static void
post_discord(struct json *j, const struct notify_message *m)
{
	char	 buf[DISCORD_SIZE];

	if (m->own_body)
		own_content(buf, sizeof(buf), m);
	else
		fenced_content(buf, sizeof(buf), m);
	json_object(j, NULL);
	json_string(j, "content", buf);
	/* A check named @everyone calls nobody. */
	json_object(j, "allowed_mentions");
	json_array(j, "parse");
	json_end(j);
	json_end(j);
	json_end(j);
}

/* A template of the body is the whole message, whatever marks it uses. */
static void
own_content(char *buf, size_t size, const struct notify_message *m)
{
	const char	*more = "";
	size_t		 room = DISCORD_MAX, n;

	n = fit(m->body, &room);
	if (m->body[n] != '\0') {
		more = ELLIPSIS;
		room = DISCORD_MAX - 1;
		n = fit(m->body, &room);
	}
	(void)snprintf(buf, size, "%.*s%s", (int)n, m->body, more);
}

static void
fenced_content(char *buf, size_t size, const struct notify_message *m)
{
	const char	*more = "";
	char		*p;
	size_t		 room, left, nsubject, nbody, start;

	room = DISCORD_MAX - strlen(FENCE_OPEN FENCE_CLOSE);
	nsubject = fit(m->subject, &room);
	left = room;
	nbody = fit(m->body, &left);
	if (m->body[nbody] != '\0' && room > 0) {
		more = ELLIPSIS;
		left = room - 1;
		nbody = fit(m->body, &left);
	}
	(void)snprintf(buf, size, "%.*s" FENCE_OPEN, (int)nsubject,
	    m->subject);
	start = strlen(buf);
	(void)snprintf(buf + start, size - start, "%.*s", (int)nbody, m->body);
	/* Nothing that a target says may close the fence. */
	for (p = buf + start; (p = strchr(p, '`')) != NULL; )
		*p = '\'';
	(void)strlcat(buf, more, size);
	(void)strlcat(buf, FENCE_CLOSE, size);
}

static void
post_webhook(struct json *j, const struct notify_message *m,
    const struct alert_event *ev)
{
	const struct snapshot	*s = ev->snapshot;
	char			 when[WALL_STRLEN];

	json_object(j, NULL);
	json_int(j, "version", WEBHOOK_VERSION);
	json_string(j, "id", ev->id);
	json_string(j, "verb", ev->verb);
	if (ev->check == NULL)
		json_null(j, "check");
	else {
		json_object(j, "check");
		json_string(j, "id", ev->check->id);
		json_string(j, "name", ev->check->name);
		json_string(j, "type", ev->check->type);
		json_string(j, "target", ev->check->target);
		json_end(j);
	}
	json_string(j, "from", ev->from);
	json_string(j, "to", ev->to);
	json_string(j, "detail", s == NULL ? "" : s->detail);
	json_int(j, "ok_count", s == NULL ? 0 : s->ok_count);
	json_int(j, "total", s == NULL ? 0 : s->ok_count + s->not_ok);
	json_int(j, "reports", s == NULL ? 0 : s->reports);
	json_string(j, "node_id", ev->node_id);
	json_string(j, "when", wall_format(&ev->when, when, sizeof(when)));
	json_string(j, "subject", m->subject);
	json_string(j, "body", m->body);
	json_end(j);
}

/*
 * Bytes of the text's beginning that fit into the room, which is counted in
 * UTF-16 units, the most anybody would count; what is left of it.
 */
static size_t
fit(const char *s, size_t *room)
{
	size_t	 len = strlen(s), i, n, units;

	for (i = 0; i < len; i += n) {
		if ((n = json_charlen(s + i, len - i)) == 0)
			n = 1;
		units = n == 4 ? 2 : 1;
		if (units > *room)
			break;
		*room -= units;
	}
	return (i);
}
