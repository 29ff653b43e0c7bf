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

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "fmt.h"
#include "quptimectl.h"
#include "yaml.h"

/*
 * Rows for people: one header line, then columns.  Names may be longer than
 * their column; then the rest of that line moves, nothing is cut.
 */

static void	 text_head(const struct parse_result *);
static void	 text_status(const struct status *);
static void	 text_peer(const struct peer_status *);
static void	 text_check(const struct check_status *);
static void	 text_check_conf(const struct check *);
static void	 text_result_of(const struct node_result *);
static void	 text_alert(const struct alert *);
static void	 text_token(const struct token_status *);
static void	 text_trust(const struct trust_entry *);
static void	 text_resolver(const char *);
static void	 text_event(const struct event_row *);
static void	 text_progress(const char *);
static void	 text_proc(const struct procinfo *);
static void	 text_version(const char *);
static void	 text_change(const struct change_row *);
static void	 text_setup(const struct record *, const void *);
static void	 text_result(const struct parse_result *, uint64_t,
		    const char *);
static int	 text_tail(void);
static void	 peer_details(const struct peer_status *);
static void	 item(const char **, const char *);
static void	 until(const struct walltime *, char *, size_t);
static void	 pad(const char *, int);
static void	 number(long, int);
static void	 since(const struct walltime *, int);
static void	 join(const struct strlist *, char *, size_t);

const struct output	 text_output = {
	.head = text_head,
	.status = text_status,
	.peer = text_peer,
	.check = text_check,
	.check_conf = text_check_conf,
	.result_of = text_result_of,
	.alert = text_alert,
	.token = text_token,
	.trust = text_trust,
	.resolver = text_resolver,
	.event = text_event,
	.progress = text_progress,
	.proc = text_proc,
	.version = text_version,
	.change = text_change,
	.setup = text_setup,
	.result = text_result,
	.tail = text_tail
};

/* A header is printed before the first row of its kind. */
static enum {
	SECTION_NONE,
	SECTION_STATUS,
	SECTION_PEERS,
	SECTION_CHECKS,
	SECTION_RESULTS
} section;
static int	 detailed;	/* one check with everything about it */
static int	 any;		/* a row has been shown */
static enum action action;

static void
text_head(const struct parse_result *res)
{
	section = SECTION_NONE;
	any = 0;
	action = res->action;
	detailed = res->action == ACT_SHOW_CHECKS && res->name != NULL;
	switch (res->action) {
	case ACT_SHOW_ALERTS:
		printf("%-24s %-8s %-8s %-8s %s\n", "NAME", "TYPE", "ENABLED",
		    "DEFAULT", "ID");
		break;
	case ACT_SHOW_TOKENS:
		printf("%-16s %-20s %-8s %-8s %s\n", "ID", "NAME", "APPROVAL",
		    "EXPIRES", "CREATED_BY");
		break;
	case ACT_SHOW_TRUST:
		printf("%-36s %-24s %s\n", "NODE_ID", "ADDRESS", "ADDED");
		break;
	case ACT_SHOW_SANDBOX:
		printf("%-9s %7s %6s %6s %7s %10s %4s %s\n", "PROCESS", "PID",
		    "UID", "GID", "SECCOMP", "NONEWPRIVS", "FDS", "ROOT");
		break;
	default:
		break;
	}
}

static void
text_status(const struct status *s)
{
	char	 age[32], vis[1024];
	int	 self;

	section = SECTION_STATUS;
	self = s->master_id != NULL && s->node_id != NULL &&
	    strcmp(s->master_id, s->node_id) == 0;
	printf("node       %s\n", str(s->node_id));
	if (*str(s->master_id) != '\0')
		printf("master     %s%s\n",
		    fmt_vis(s->master_id, vis, sizeof(vis)),
		    self ? " (this node)" : "");
	else if (*str(s->trouble) != '\0')
		printf("master     (none) %s\n",
		    fmt_vis(s->trouble, vis, sizeof(vis)));
	else
		printf("master     (none)\n");
	printf("term       %llu\n", (unsigned long long)s->term);
	printf("quorum     %s (need %lld)\n", s->has_quorum ? "yes" : "no",
	    (long long)s->quorum_size);
	printf("config     version %llu\n",
	    (unsigned long long)s->config_version);
	printf("uptime     %s, quptimed %s\n",
	    fmt_age(s->uptime, age, sizeof(age)), str(s->version));
	printf("checks     %lld up, %lld down, %lld unknown, "
	    "%lld disabled\n", (long long)s->checks_up,
	    (long long)s->checks_down, (long long)s->checks_unknown,
	    (long long)s->checks_disabled);
}

static void
text_peer(const struct peer_status *p)
{
	if (section != SECTION_PEERS) {
		printf("%s%-36s %-24s %-4s %s\n",
		    section == SECTION_STATUS ? "\nPEERS\n" : "", "NODE_ID",
		    "ADVERTISE", "LIVE", "LAST_SEEN");
		section = SECTION_PEERS;
	}
	pad(str(p->node_id), 36);
	pad(str(p->advertise), 24);
	printf("%-4s ", p->live ? "yes" : "no");
	since(&p->last_seen, 0);
	putchar('\n');
	if (action != ACT_SHOW_STATUS)
		peer_details(p);
}

/* On lines of their own: all of it is wider than a terminal. */
static void
peer_details(const struct peer_status *p)
{
	char		 when[WALL_STRLEN], vis[1024];
	const char	*sep = "    ";

	if (p->self)
		item(&sep, "this node");
	if (p->master)
		item(&sep, "master");
	if (*str(p->protocol) != '\0')
		item(&sep, p->protocol);
	if (p->config_version != 0) {
		snprintf(vis, sizeof(vis), "config %llu",
		    (unsigned long long)p->config_version);
		item(&sep, vis);
	}
	if (p->rtt >= 0 && !p->self) {
		snprintf(vis, sizeof(vis), "rtt %.1f ms", p->rtt / 1e6);
		item(&sep, vis);
	}
	if (p->has_offset) {
		snprintf(vis, sizeof(vis), "clock %+.1f ms",
		    p->clock_offset / 1e6);
		item(&sep, vis);
	}
	if (!wall_iszero(&p->cert_expires)) {
		wall_format(&p->cert_expires, when, sizeof(when));
		snprintf(vis, sizeof(vis), "cert to %.10s", when);
		item(&sep, vis);
	}
	if (*sep == ',')
		putchar('\n');
	if (*str(p->address) != '\0' &&
	    strcmp(p->address, str(p->advertise)) != 0)
		printf("    at %s\n", fmt_vis(p->address, vis, sizeof(vis)));
	if (*str(p->trouble) != '\0')
		printf("    %s%s\n", p->connected ? "" : "not connected: ",
		    fmt_vis(p->trouble, vis, sizeof(vis)));
}

static void
item(const char **sep, const char *text)
{
	char	 vis[1024];

	printf("%s%s", *sep, fmt_vis(text, vis, sizeof(vis)));
	*sep = ", ";
}

static void
text_check(const struct check_status *c)
{
	char	 alerts[512], buf[64], vis[DETAIL_MAX * 2];

	if (section != SECTION_CHECKS && !detailed) {
		printf("%s%-24s %-8s %-7s %-6s %-16s %s\n",
		    section == SECTION_NONE ? "" : "\nCHECKS\n", "NAME",
		    "STATE", "OK", "SINCE", "ALERTS", "DETAIL");
		section = SECTION_CHECKS;
	}
	join(&c->alerts, alerts, sizeof(alerts));
	snprintf(buf, sizeof(buf), "%lld/%lld", (long long)c->ok_count,
	    (long long)c->total);
	fmt_vis(str(c->detail), vis, sizeof(vis));
	if (!detailed) {
		pad(str(c->name), 24);
		printf("%-8s %-7s ", c->disabled ? "disabled" :
		    str(c->state), buf);
		since(&c->since, 6);
		pad(alerts, 16);
		printf("%s\n", vis);
		return;
	}
	printf("%-20s %s%s\n", "state", str(c->state),
	    c->disabled ? " (disabled)" : "");
	printf("%-20s ", "since");
	since(&c->since, 0);
	printf("\n%-20s %s\n", "ok", buf);
	if (c->age >= 0) {
		fmt_age(c->age, buf, sizeof(buf));
		printf("%-20s %s%s, took %.1f ms\n", "last result", buf,
		    strcmp(buf, "now") == 0 ? "" : " ago", c->latency / 1e6);
	}
	printf("%-20s %s\n", "detail", vis[0] != '\0' ? vis : "-");
	printf("%-20s %s\n", "alerts in force", alerts);
}

/* Every configured field; the defaults in force where nothing is set. */
static void
text_check_conf(const struct check *check)
{
	const struct field	*f;
	char			 buf[8192], vis[8192];
	unsigned int		 bit = CHECK_BIT(check_type_of(check));
	size_t			 i;

	for (i = 0; i < check_record.nfields; i++) {
		f = &check_record.fields[i];
		if (f->yaml == NULL || (f->applies && !(f->applies & bit)))
			continue;
		field_text(f, check, buf, sizeof(buf));
		if (f->offset == offsetof(struct check, interval))
			duration_format(check_interval(check), buf,
			    sizeof(buf));
		if (f->offset == offsetof(struct check, timeout))
			duration_format(check_timeout(check), buf,
			    sizeof(buf));
		printf("%-20s %s\n", f->yaml, buf[0] == '\0' ? "-" :
		    fmt_vis(buf, vis, sizeof(vis)));
	}
}

static void
text_result_of(const struct node_result *r)
{
	char	 buf[32] = "-", took[32] = "-", vis[DETAIL_MAX * 2];

	if (section != SECTION_RESULTS)
		printf("\n%-36s %-6s %-7s %-9s %s\n", "NODE_ID", "RESULT",
		    "AGE", "TOOK", "DETAIL");
	section = SECTION_RESULTS;
	if (r->age >= 0) {
		fmt_age(r->age, buf, sizeof(buf));
		if (r->latency > 0)
			snprintf(took, sizeof(took), "%.1f ms",
			    r->latency / 1e6);
		else
			(void)strlcpy(took, "<1 ms", sizeof(took));
	}
	pad(str(r->node_id), 36);
	printf("%-6s %-7s %-9s %s\n", r->age >= 0 && !r->fresh ? "(old)" :
	    str(r->result), buf, took, fmt_vis(str(r->detail), vis,
	    sizeof(vis)));
}

static void
text_alert(const struct alert *a)
{
	pad(str(a->name), 24);
	printf("%-8s %-8s %-8s %s\n", str(a->type), a->disabled ? "no" : "yes",
	    a->is_default ? "yes" : "no", str(a->id));
}

/* What redeems it is shown once, alone on its line. */
static void
text_token(const struct token_status *t)
{
	char	 buf[32], vis[1024];

	any = 1;
	until(&t->expires_at, buf, sizeof(buf));
	if (action == ACT_ENROLL_CREATE) {
		printf("%s\n\non the new node, within %s:\n"
		    "    quptimectl join %s\n", str(t->token), buf,
		    str(t->token));
		if (!t->auto_approve)
			printf("then here:\n    quptimectl enroll approve "
			    "%s%s\n", str(t->id)[0] == '-' ? "-- " : "",
			    fmt_vis(str(t->id), vis, sizeof(vis)));
		return;
	}
	pad(str(t->id), 16);
	pad(*str(t->name) != '\0' ? t->name : "-", 20);
	printf("%-8s %-8s ", t->auto_approve ? "auto" : "manual", buf);
	printf("%s\n", fmt_vis(str(t->created_by), vis, sizeof(vis)));
	if (*str(t->joiner) == '\0')
		return;
	printf("    waits: %s", fmt_vis(t->joiner, vis, sizeof(vis)));
	printf(" at %s\n", fmt_vis(str(t->advertise), vis, sizeof(vis)));
	printf("    %s\n", fmt_vis(str(t->fingerprint), vis, sizeof(vis)));
}

static void
text_trust(const struct trust_entry *t)
{
	char	 vis[1024];

	pad(str(t->node_id), 36);
	pad(str(t->address), 24);
	since(&t->added_at, 0);
	printf("\n    %s\n", fmt_vis(str(t->fingerprint), vis, sizeof(vis)));
}

static void
text_resolver(const char *address)
{
	char	 vis[1024];

	any = 1;
	printf("%s\n", fmt_vis(address, vis, sizeof(vis)));
}

static void
text_event(const struct event_row *e)
{
	char	 when[WALL_STRLEN], kind[256], subject[1024], text[4096];

	/* Seconds are enough for people. */
	wall_format(&e->when, when, sizeof(when));
	when[strcspn(when, ".+Z")] = '\0';
	printf("%sZ %-6s %s%s%s\n", when,
	    fmt_vis(str(e->kind), kind, sizeof(kind)),
	    fmt_vis(str(e->subject), subject, sizeof(subject)),
	    *str(e->subject) != '\0' ? " " : "",
	    fmt_vis(str(e->text), text, sizeof(text)));
	if (fflush(stdout) == EOF)
		err(EXIT_REFUSED, "standard output");
}

static void
text_progress(const char *text)
{
	char	 vis[1024];

	printf("%s\n", fmt_vis(text, vis, sizeof(vis)));
	fflush(stdout);
}

static void
text_proc(const struct procinfo *p)
{
	printf("%-9s %7d", p->name, p->pid);
	number(p->uid, 6);
	number(p->gid, 6);
	number(p->seccomp, 7);
	number(p->no_new_privs, 10);
	number(p->fds, 4);
	printf(" %s\n", p->root[0] != '\0' ? p->root : "-");
}

static void
text_version(const char *version)
{
	printf("quptimectl %s\n", version);
}

static void
text_change(const struct change_row *c)
{
	static const char	 signs[] = {
		[CHANGE_ADD] = '+', [CHANGE_REMOVE] = '-', [CHANGE_EDIT] = '~'
	};
	char			 name[512], from[256], to[256];

	any = 1;
	printf("%c %s %s", signs[c->op], c->object,
	    fmt_vis(c->name, name, sizeof(name)));
	if (c->op != CHANGE_EDIT)
		printf(" (%s)\n", fmt_vis(str(c->type), to, sizeof(to)));
	else
		printf(": %s %s -> %s\n", c->field,
		    *c->from != '\0' ? fmt_vis(c->from, from, sizeof(from)) :
		    "(none)", *c->to != '\0' ? fmt_vis(c->to, to,
		    sizeof(to)) : "(none)");
}

static void
text_setup(const struct record *rec, const void *setup)
{
	char	*text;
	size_t	 len;

	if ((text = yaml_format(rec, setup, &len)) == NULL)
		err(EXIT_REFUSED, NULL);
	fwrite(text, 1, len, stdout);
	freezero(text, len);
}

static void
text_result(const struct parse_result *res, uint64_t version,
    const char *text)
{
	if (!any && res->action == ACT_SHOW_RESOLVERS)
		printf("(none: each node asks those of its system)\n");
	if (text[0] == '\0')
		return;
	switch (res->action) {
	case ACT_SHOW_STATUS:
	case ACT_SHOW_CHECKS:
		printf("\n%s\n", text);
		break;
	case ACT_ENROLL_CREATE:
		break;
	case ACT_APPLY:
		if (res->dry || !any) {
			printf("%s\n", text);
			break;
		}
		/* FALLTHROUGH */
	case ACT_ADD:
	case ACT_EDIT:
	case ACT_DEFAULT:
	case ACT_REMOVE:
	case ACT_ENABLE:
	case ACT_DISABLE:
	case ACT_RELOAD:
	case ACT_RESOLVERS_SET:
	case ACT_RESOLVERS_CLEAR:
	case ACT_UPGRADE:
	case ACT_ENROLL_APPROVE:
	case ACT_ENROLL_REVOKE:
		printf("%s (cluster version now %llu)\n", text,
		    (unsigned long long)version);
		break;
	default:
		printf("%s\n", text);
		break;
	}
}

static int
text_tail(void)
{
	return (fflush(stdout) == EOF || ferror(stdout) ? -1 : 0);
}

/* A column of at least that width in characters, not bytes, and a blank. */
static void
pad(const char *s, int width)
{
	char		 vis[1024];
	const char	*p;
	int		 n = 0;

	fmt_vis(s, vis, sizeof(vis));
	for (p = vis; *p != '\0'; p++)
		if ((*p & 0xc0) != 0x80)
			n++;
	printf("%s%*s ", vis, n < width ? width - n : 0, "");
}

static void
number(long n, int width)
{
	if (n == -1)
		printf(" %*s", width, "-");
	else
		printf(" %*ld", width, n);
}

/* How long ago; "-" for never. */
static void
since(const struct walltime *t, int width)
{
	struct walltime	 now = wall_now();
	char		 buf[32] = "-";
	int64_t		 ago;

	if (!wall_iszero(t)) {
		ago = now.sec - t->sec;
		fmt_age((ago > 0 ? ago : 0) * 1000000000LL, buf, sizeof(buf));
	}
	printf("%-*s%s", width, buf, width > 0 ? " " : "");
}

/* How long until then. */
static void
until(const struct walltime *t, char *buf, size_t len)
{
	struct walltime	 now = wall_now();
	int64_t		 left = wall_unix(t) - wall_unix(&now);

	if (wall_iszero(t))
		strlcpy(buf, "-", len);
	else if (left <= 0)
		strlcpy(buf, "expired", len);
	else
		fmt_age(left * 1000000000LL, buf, len);
}

static void
join(const struct strlist *list, char *buf, size_t len)
{
	uint32_t	 i;

	strlcpy(buf, list->n == 0 ? "-" : "", len);
	for (i = 0; i < list->n; i++) {
		if (i > 0)
			strlcat(buf, ",", len);
		strlcat(buf, list->v[i], len);
	}
}
