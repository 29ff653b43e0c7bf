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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "fmt.h"
#include "quptimectl.h"

/*
 * Rows for people: one header line, then columns.  Names may be longer than
 * their column; then the rest of that line moves, nothing is cut.
 */

static void	 text_head(const struct parse_result *);
static void	 text_status(const struct status *);
static void	 text_peer(const struct peer_status *);
static void	 text_check(const struct check_status *);
static void	 text_check_conf(const struct check *);
static void	 text_alert(const struct alert *);
static void	 text_proc(const struct procinfo *);
static void	 text_version(const char *);
static void	 text_result(const struct parse_result *, uint64_t,
		    const char *);
static int	 text_tail(void);
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
	.alert = text_alert,
	.proc = text_proc,
	.version = text_version,
	.result = text_result,
	.tail = text_tail
};

/* A header is printed before the first row of its kind. */
static enum {
	SECTION_NONE,
	SECTION_STATUS,
	SECTION_PEERS,
	SECTION_CHECKS
} section;
static int	 detailed;	/* one check with everything about it */

static void
text_head(const struct parse_result *res)
{
	section = SECTION_NONE;
	detailed = res->action == ACT_SHOW_CHECKS && res->name != NULL;
	switch (res->action) {
	case ACT_SHOW_ALERTS:
		printf("%-24s %-8s %-8s %-8s %s\n", "NAME", "TYPE", "ENABLED",
		    "DEFAULT", "ID");
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
	char	 age[32];
	int	 self;

	section = SECTION_STATUS;
	self = s->master_id != NULL && s->node_id != NULL &&
	    strcmp(s->master_id, s->node_id) == 0;
	printf("node       %s\n", str(s->node_id));
	printf("master     %s%s\n", s->master_id == NULL ||
	    s->master_id[0] == '\0' ? "(none)" : s->master_id,
	    self ? " (this node)" : "");
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
		printf("\nPEERS\n%-36s %-24s %-4s %s\n", "NODE_ID",
		    "ADVERTISE", "LIVE", "LAST_SEEN");
		section = SECTION_PEERS;
	}
	pad(str(p->node_id), 36);
	pad(str(p->advertise), 24);
	printf("%-4s ", p->live ? "yes" : "no");
	since(&p->last_seen, 0);
	putchar('\n');
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
text_alert(const struct alert *a)
{
	pad(str(a->name), 24);
	printf("%-8s %-8s %-8s %s\n", str(a->type), a->disabled ? "no" : "yes",
	    a->is_default ? "yes" : "no", str(a->id));
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
text_result(const struct parse_result *res, uint64_t version,
    const char *text)
{
	if (text[0] == '\0')
		return;
	switch (res->action) {
	case ACT_ADD:
	case ACT_EDIT:
	case ACT_DEFAULT:
	case ACT_REMOVE:
	case ACT_ENABLE:
	case ACT_DISABLE:
	case ACT_RELOAD:
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
