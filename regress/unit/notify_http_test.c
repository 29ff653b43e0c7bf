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


#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "notifier.h"
#include "tap.h"

/* The documents, as who receives them declares them. */
struct mentions {
	struct strlist	 parse;
	struct xnode	*extra;
};

struct discord {
	char		*content;
	struct mentions	*mentions;
	struct xnode	*extra;
};

struct webhook {
	int64_t		 version;
	char		*id;
	char		*verb;
	struct check	*check;
	char		*from;
	char		*to;
	char		*detail;
	int64_t		 ok_count;
	int64_t		 total;
	int64_t		 reports;
	char		*node_id;
	struct walltime	 when;
	char		*subject;
	char		*body;
	struct xnode	*extra;
};

#define F(s, m, t, ...)							\
	{ .json = #m, .yaml = #m, .type = (t),				\
	  .offset = offsetof(struct s, m), __VA_ARGS__ }
#define R(s)								\
static const struct record	 s##_record = { .name = #s,		\
	.size = sizeof(struct s), .extra = offsetof(struct s, extra),	\
	.fields = s##_fields,						\
	.nfields = sizeof(s##_fields) / sizeof(s##_fields[0]) }

static const struct field	 mentions_fields[] = {
	F(mentions, parse, FT_STRS, .max = 8),
};
R(mentions);

static const struct field	 discord_fields[] = {
	F(discord, content, FT_STR),
	{ .json = "allowed_mentions", .yaml = "allowed_mentions",
	  .type = FT_REC, .offset = offsetof(struct discord, mentions),
	  .rec = &mentions_record },
};
R(discord);

static const struct field	 webhook_fields[] = {
	F(webhook, version, FT_INT), F(webhook, id, FT_STR),
	F(webhook, verb, FT_STR),
	F(webhook, check, FT_REC, .rec = &check_record),
	F(webhook, from, FT_STR), F(webhook, to, FT_STR),
	F(webhook, detail, FT_STR), F(webhook, ok_count, FT_INT),
	F(webhook, total, FT_INT), F(webhook, reports, FT_INT),
	F(webhook, node_id, FT_STR), F(webhook, when, FT_TIME),
	F(webhook, subject, FT_STR), F(webhook, body, FT_STR),
};
R(webhook);

static struct alert		 alert = { .name = "oncall" };
static struct snapshot		 snap;
static struct check		 check;
static struct alert_event	 ev;

static void
event(void)
{
	memset(&check, 0, sizeof(check));
	memset(&snap, 0, sizeof(snap));
	memset(&ev, 0, sizeof(ev));
	check.id = "c-1";
	check.name = "web";
	check.type = "http";
	check.target = "https://example.com/?a=1&b=<2>";
	snap.reports = snap.not_ok = 2;
	snap.ok_count = 1;
	snap.detail = "status 503 \"x\"";
	ev.id = "event-1";
	ev.check = &check;
	ev.snapshot = &snap;
	ev.verb = "DOWN";
	ev.from = "up";
	ev.to = "down";
	ev.node_id = "node-a";
	wall_parse("2026-05-15T14:01:00.25Z", &ev.when);
}

/* Renders and parses back. */
static void
post(const char *type, const struct record *rec, void *p)
{
	struct notify_message	 m;
	struct notify_post	 np;
	struct verr		 verr;
	const char		*err = NULL;
	int			 again;

	alert.type = (char *)type;
	alert.discord_webhook = "https://discord.example/d";
	alert.webhook_url = "https://hook.example/w";
	ok(notify_render(&m, &alert, &ev) == 0, "it is rendered");
	ok(notify_post(&np, &alert, &ev, &m, &err, &again) == 0, "%s is made",
	    type);
	notify_message_clear(&m);
	is_str(np.url, type[0] == 'd' ? "https://discord.example/d" :
	    "https://hook.example/w", "for its own URL");
	is_int(strlen(np.body), np.len, "length");
	ok(json_parse(rec, p, np.body, np.len, &verr) == 0,
	    "it is JSON: %s %s", verr.path, verr.msg);
	freezero(np.body, np.len);
}

/* As UTF-16 units, which is the most anybody counts. */
static size_t
units(const char *s)
{
	size_t	 n = 0;

	for (; *s != '\0'; s++)
		n += (*s & 0xc0) == 0x80 ? 0 :
		    ((unsigned char)*s >= 0xf0 ? 2 : 1);
	return (n);
}

static int
ends(const char *s, const char *tail)
{
	return (strlen(s) >= strlen(tail) &&
	    strcmp(s + strlen(s) - strlen(tail), tail) == 0);
}

static void
test_webhook(void)
{
	struct webhook		 w;
	struct notify_text	 t;

	event();
	memset(&w, 0, sizeof(w));
	post("webhook", &webhook_record, &w);
	notify_text(&t, &alert, &ev);
	ok(w.extra == NULL && w.check != NULL && w.check->extra == NULL,
	    "nothing that is not documented");
	is_int(w.version, 1, "version");
	is_str(w.id, "event-1", "id");
	is_str(w.verb, "DOWN", "verb");
	is_str(w.check->id, "c-1", "check.id");
	is_str(w.check->name, "web", "check.name");
	is_str(w.check->type, "http", "check.type");
	is_str(w.check->target, check.target, "check.target");
	is_str(w.from, "up", "from");
	is_str(w.to, "down", "to");
	is_str(w.detail, snap.detail, "detail");
	is_int(w.ok_count, 1, "ok_count");
	is_int(w.total, 3, "total");
	is_int(w.reports, 2, "reports");
	is_str(w.node_id, "node-a", "node_id");
	is_int(wall_cmp(&w.when, &ev.when), 0, "when");
	is_str(w.subject, t.subject, "subject");
	is_str(w.body, t.body, "body");
	record_clear(&webhook_record, &w);

	ev.check = NULL;
	ev.snapshot = NULL;
	ev.verb = "TEST";
	post("webhook", &webhook_record, &w);
	ok(w.check == NULL, "a test without a check");
	record_clear(&webhook_record, &w);
}

static void
test_discord(void)
{
	static char		 smile[3000];
	struct discord		 d;
	struct notify_text	 t;
	char			 want[8192], *p;
	size_t			 pad;

	event();
	memset(&d, 0, sizeof(d));
	post("discord", &discord_record, &d);
	notify_text(&t, &alert, &ev);
	snprintf(want, sizeof(want), "%s\n```\n%s\n```", t.subject, t.body);
	is_str(d.content, want, "content");
	ok(d.mentions != NULL && d.mentions->parse.n == 0 &&
	    d.extra == NULL, "nobody is pinged");
	record_clear(&discord_record, &d);

	check.name = "@everyone";
	snap.detail = "```\n@everyone **x**";
	post("discord", &discord_record, &d);
	p = strstr(d.content, "\n```\n") + 5;
	ok(strstr(p, "```") == d.content + strlen(d.content) - 3,
	    "a detail does not close the fence");
	record_clear(&discord_record, &d);

	/* Every length around the limit, by one byte and one character. */
	for (pad = 0; pad < 8; pad++) {
		memset(smile, 'x', pad);
		for (p = smile + pad; p < smile + 1000; p += 4)
			memcpy(p, "\xf0\x9f\x98\x80", 4);
		*p = '\0';
		event();
		snap.detail = check.body_match = ev.from = smile;
		ev.node_id = check.target = smile;
		post("discord", &discord_record, &d);
		ok(units(d.content) <= 2000 && units(d.content) >= 1998,
		    "cut to 2000 characters: %zu", units(d.content));
		ok(ends(d.content, "\xe2\x80\xa6\n```"), "and says so");
		ok(strstr(d.content, "\xef\xbf\xbd") == NULL,
		    "at the end of a character");
		record_clear(&discord_record, &d);
	}

	/* One that just fits is left whole. */
	event();
	memset(smile, 'x', sizeof(smile));
	smile[700] = '\0';
	snap.detail = check.body_match = smile;
	notify_text(&t, &alert, &ev);
	pad = 2000 - 9 - units(t.subject) - units(t.body);
	ok(pad < 900, "there is room for %zu more", pad);
	ev.node_id = want;
	memset(want, 'n', pad + 6);
	want[pad + 6] = '\0';
	post("discord", &discord_record, &d);
	is_int(units(d.content), 2000, "a message that just fits");
	ok(ends(d.content, "Z\n\n```"), "is whole");
	record_clear(&discord_record, &d);
	want[pad + 6] = 'n';
	want[pad + 7] = '\0';
	post("discord", &discord_record, &d);
	is_int(units(d.content), 2000, "one character more");
	ok(ends(d.content, "\xe2\x80\xa6\n```"), "is cut");
	record_clear(&discord_record, &d);
}

/* Each field by itself; what fails leaves the built-in text. */
static void
test_templates(void)
{
	struct notify_message	 m, plain;

	event();
	ok(notify_render(&plain, &alert, &ev) == 0, "without templates");
	alert.subject_template = (char *)"{{.Check.Name}}: {{.Verb}}";
	alert.body_template = (char *)"{{if lt .Verb 1}}{{end}}";
	ok(notify_render(&m, &alert, &ev) == 0, "with one that fails");
	is_str(m.subject, "web: DOWN", "the subject is its template's");
	is_str(m.body, plain.body, "the body is the built-in one");
	ok(m.own_body, "but goes where its own one would have gone");
	is_str(m.err, "execute body template: 1:6: error calling lt: "
	    "incompatible types for comparison: string and int",
	    "and why is told");
	notify_message_clear(&m);
	alert.subject_template = (char *)"{{.Nope}}";
	alert.body_template = (char *)"{{";
	ok(notify_render(&m, &alert, &ev) == 0, "with two that fail");
	is_str(m.subject, plain.subject, "the subject is the built-in one");
	is_str(m.body, plain.body, "and the body");
	ok(strstr(m.err, "execute subject template: 1:3: ") == m.err &&
	    strstr(m.err, "; parse body template: 1:") != NULL,
	    "both are told: %s", m.err);
	notify_message_clear(&m);
	alert.subject_template = alert.body_template = NULL;
	notify_message_clear(&plain);
}

static void
test_refused(void)
{
	struct notify_message	 m;
	struct notify_post	 np;
	const char		*err = NULL;
	int			 again = 1;

	event();
	ok(notify_render(&m, &alert, &ev) == 0, "it is rendered");
	alert.type = "smtp";
	is_int(notify_post(&np, &alert, &ev, &m, &err, &again), -1, "smtp");
	is_str(err, "type is not known to this version", "is not posted");
	is_int(again, 0, "for good");
	alert.type = "carrier-pigeon";
	again = 1;
	is_int(notify_post(&np, &alert, &ev, &m, &err, &again), -1,
	    "a type to come");
	is_int(again, 0, "is refused for good");
	notify_message_clear(&m);
}

int
main(void)
{
	test_webhook();
	test_discord();
	test_templates();
	test_refused();
	return (tap_done());
}
