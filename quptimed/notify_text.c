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


#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fmt.h"
#include "notifier.h"

#define LABEL_WIDTH	12
#define VALUE_MAX	768	/* bytes of one line's value */
#define SHORT_MAX	256	/* of one in the subject or a sentence */

/* How a type of check is spoken of. */
struct layout {
	const char	*label;		/* in the subject */
	const char	*noun;
	const char	*target;	/* what its target is called */
	void		(*lines)(struct notify_text *, const struct check *);
};

static void	 add(struct notify_text *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
static void	 add_line(struct notify_text *, const char *, const char *);
static void	 add_number(struct notify_text *, const char *, const char *,
		    int64_t, const char *);
static void	 lines_http(struct notify_text *, const struct check *);
static void	 lines_tls(struct notify_text *, const struct check *);
static void	 lines_dns(struct notify_text *, const struct check *);
static void	 text_check(struct notify_text *, const struct alert_event *,
		    const struct layout *);
static void	 text_test(struct notify_text *, const struct alert *,
		    const struct alert_event *);
static void	 text_evidence(struct notify_text *,
		    const struct alert_event *);

static const struct layout	 layouts[] = {
	[CHECK_UNKNOWN] = { "Check", "Check", "Target", NULL },
	[CHECK_HTTP] = { "HTTP", "Web check", "URL", lines_http },
	[CHECK_TCP] = { "TCP", "TCP service", "Address", NULL },
	[CHECK_ICMP] = { "Ping", "Host", "Host", NULL },
	[CHECK_TLS] = { "TLS cert", "Certificate check", "Server", lines_tls },
	[CHECK_DNS] = { "DNS", "DNS name", "Name", lines_dns },
};

/* What the verb says in a sentence. */
static const struct {
	const char	*verb;
	const char	*says;
} verbs[] = {
	{ "DOWN", "is down" },
	{ "UP", "is up" },
	{ "RECOVERED", "has recovered" },
};

void
notify_text(struct notify_text *t, const struct alert *a,
    const struct alert_event *ev)
{
	const struct layout	*l;
	char			 name[SHORT_MAX], target[SHORT_MAX];

	t->subject[0] = t->body[0] = '\0';
	if (ev->check == NULL) {
		snprintf(t->subject, sizeof(t->subject),
		    "[quptime] TEST \xe2\x80\x94 alert %s",
		    fmt_vis(str(a->name), name, sizeof(name)));
		text_test(t, a, ev);
		return;
	}
	l = &layouts[check_type_of(ev->check)];
	snprintf(t->subject, sizeof(t->subject),
	    "[quptime] %s %s \xe2\x80\x94 %s (%s)", l->label, str(ev->verb),
	    fmt_vis(str(ev->check->name), name, sizeof(name)),
	    fmt_vis(str(ev->check->target), target, sizeof(target)));
	if (strcmp(str(ev->verb), "TEST") == 0)
		text_test(t, a, ev);
	text_check(t, ev, l);
}

static void
text_test(struct notify_text *t, const struct alert *a,
    const struct alert_event *ev)
{
	char	 name[SHORT_MAX], node[SHORT_MAX];

	add(t, "A test of alert \"%s\", sent by node %s.\n"
	    "Nothing has happened; that you read this means it works.\n",
	    fmt_vis(str(a->name), name, sizeof(name)),
	    fmt_vis(str(ev->node_id), node, sizeof(node)));
	if (ev->check != NULL)
		add(t, "\n");
}

static void
text_check(struct notify_text *t, const struct alert_event *ev,
    const struct layout *l)
{
	char	 name[SHORT_MAX];
	size_t	 i;

	fmt_vis(str(ev->check->name), name, sizeof(name));
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(str(ev->verb), verbs[i].verb) == 0)
			add(t, "%s \"%s\" %s.\n\n", l->noun, name,
			    verbs[i].says);
	add_line(t, l->target, ev->check->target);
	if (l->lines != NULL)
		l->lines(t, ev->check);
	text_evidence(t, ev);
}

static void
text_evidence(struct notify_text *t, const struct alert_event *ev)
{
	const struct snapshot	*s = ev->snapshot;
	struct walltime		 when = ev->when;
	char			 buf[WALL_STRLEN];

	if (s != NULL)
		add_line(t, "Detail", s->detail);
	add_line(t, "Previous", ev->from);
	if (s != NULL)
		add(t, "%-*s%lld/%lld OK, %lld failing\n", LABEL_WIDTH,
		    "Reporters:", (long long)s->ok_count,
		    (long long)s->reports, (long long)s->not_ok);
	add_line(t, "Master", ev->node_id);
	when.nsec = 0;
	when.off = 0;
	add_line(t, "When", wall_format(&when, buf, sizeof(buf)));
}

static void
lines_http(struct notify_text *t, const struct check *c)
{
	add_number(t, "Expected", "status ", c->expect_status, "");
	add_line(t, "Body with", c->body_match);
}

static void
lines_tls(struct notify_text *t, const struct check *c)
{
	add_line(t, "Asked for", c->tls_server_name);
	add_number(t, "Warns", "", c->tls_warn_days, " days before");
}

static void
lines_dns(struct notify_text *t, const struct check *c)
{
	char	 record[16];
	size_t	 i;

	strlcpy(record, str(c->dns_record), sizeof(record));
	for (i = 0; record[i] != '\0'; i++)
		record[i] = toupper((unsigned char)record[i]);
	add_line(t, "Record", record);
	add_line(t, "Expected", c->dns_expect);
	add_line(t, "Resolver", c->dns_resolver);
}

/* Left out when there is no value. */
static void
add_line(struct notify_text *t, const char *label, const char *value)
{
	char	 safe[VALUE_MAX], buf[32];

	if (value == NULL || value[0] == '\0')
		return;
	snprintf(buf, sizeof(buf), "%s:", label);
	add(t, "%-*s%s\n", LABEL_WIDTH, buf, fmt_vis(value, safe,
	    sizeof(safe)));
}

static void
add_number(struct notify_text *t, const char *label, const char *before,
    int64_t v, const char *after)
{
	char	 buf[64];

	if (v == 0)
		return;
	snprintf(buf, sizeof(buf), "%s%lld%s", before, (long long)v, after);
	add_line(t, label, buf);
}

static void
add(struct notify_text *t, const char *fmt, ...)
{
	va_list	 ap;
	size_t	 len = strlen(t->body);

	va_start(ap, fmt);
	vsnprintf(t->body + len, sizeof(t->body) - len, fmt, ap);
	va_end(ap);
}
