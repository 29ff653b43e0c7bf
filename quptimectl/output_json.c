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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "json.h"
#include "quptimectl.h"

/*
 * One object per command.  Rows of a kind that follow one another become an
 * array; a status stands with its members at the top, as the mesh's Status
 * does.
 */

static void	 json_head(const struct parse_result *);
static void	 json_status_row(const struct status *);
static void	 json_peer_row(const struct peer_status *);
static void	 json_check_row(const struct check_status *);
static void	 json_check_conf(const struct check *);
static void	 json_node_result(const struct node_result *);
static void	 json_alert_row(const struct alert *);
static void	 json_token_row(const struct token_status *);
static void	 json_trust_row(const struct trust_entry *);
static void	 json_resolver_row(const char *);
static void	 json_event_row(const struct event_row *);
static void	 json_progress(const char *);
static void	 json_proc_row(const struct procinfo *);
static void	 json_version_row(const char *);
static void	 json_change_row(const struct change_row *);
static void	 json_setup(const struct record *, const void *);
static void	 json_result(const struct parse_result *, uint64_t,
		    const char *);
static int	 json_tail(void);
static void	 array(const char *);
static void	 number(const char *, long);

const struct output	 json_output = {
	.head = json_head,
	.status = json_status_row,
	.peer = json_peer_row,
	.check = json_check_row,
	.check_conf = json_check_conf,
	.result_of = json_node_result,
	.alert = json_alert_row,
	.token = json_token_row,
	.trust = json_trust_row,
	.resolver = json_resolver_row,
	.event = json_event_row,
	.progress = json_progress,
	.proc = json_proc_row,
	.version = json_version_row,
	.change = json_change_row,
	.setup = json_setup,
	.result = json_result,
	.tail = json_tail
};

static struct json	*out;
static const char	*open_array;	/* its key; NULL: none is open */

/* Lists that a script may count on, even when no row came. */
static const struct {
	enum action	 action;
	const char	*key;
} lists[] = {
	{ ACT_SHOW_STATUS,	"peers" },
	{ ACT_SHOW_STATUS,	"checks" },
	{ ACT_SHOW_CHECKS,	"checks" },
	{ ACT_SHOW_ALERTS,	"alerts" },
	{ ACT_SHOW_PEERS,	"peers" },
	{ ACT_SHOW_RESOLVERS,	"resolvers" },
	{ ACT_SHOW_TOKENS,	"tokens" },
	{ ACT_SHOW_TRUST,	"entries" },
	{ ACT_APPLY,		"changes" },
	{ ACT_JOIN,		"peers" },
	{ ACT_SHOW_SANDBOX,	"processes" }
};
static int		 list_seen[sizeof(lists) / sizeof(lists[0])];
static enum action	 action;

static void
json_head(const struct parse_result *res)
{
	action = res->action;
	out = json_new();
	json_object(out, NULL);
}

static void
json_status_row(const struct status *s)
{
	json_members(out, &status_record, s);
}

static void
json_peer_row(const struct peer_status *p)
{
	array("peers");
	json_record(out, NULL, &peer_status_record, p);
}

static void
json_check_row(const struct check_status *c)
{
	array("checks");
	json_record(out, NULL, &check_status_record, c);
}

static void
json_check_conf(const struct check *c)
{
	array("configs");
	json_record(out, NULL, &check_record, c);
}

static void
json_node_result(const struct node_result *r)
{
	array("results");
	json_record(out, NULL, &node_result_record, r);
}

static void
json_alert_row(const struct alert *a)
{
	array("alerts");
	json_record(out, NULL, &alert_record, a);
}

/* The one that has just been made is what the answer is about. */
static void
json_token_row(const struct token_status *t)
{
	if (action == ACT_ENROLL_CREATE) {
		json_members(out, &token_status_record, t);
		return;
	}
	array("tokens");
	json_record(out, NULL, &token_status_record, t);
}

static void
json_trust_row(const struct trust_entry *t)
{
	array("entries");
	json_record(out, NULL, &trust_entry_record, t);
}

static void
json_resolver_row(const char *address)
{
	array("resolvers");
	json_string(out, NULL, address);
}

/* Each is a text of its own, to be read as it comes. */
static void
json_event_row(const struct event_row *e)
{
	struct json	*line;
	const char	*text;
	size_t		 len;

	line = json_new();
	json_record(line, NULL, &event_row_record, e);
	text = json_text(line, &len);
	if (text == NULL || fwrite(text, 1, len, stdout) != len ||
	    putchar('\n') == EOF || fflush(stdout) == EOF)
		err(EXIT_REFUSED, "standard output");
	json_free(line);
}

/* Not part of the answer. */
static void
json_progress(const char *text)
{
	char	 vis[1024];

	fprintf(stderr, "%s\n", fmt_vis(text, vis, sizeof(vis)));
}

static void
json_proc_row(const struct procinfo *p)
{
	array("processes");
	json_object(out, NULL);
	json_string(out, "name", p->name);
	json_int(out, "pid", p->pid);
	number("uid", p->uid);
	number("gid", p->gid);
	number("seccomp", p->seccomp);
	number("no_new_privs", p->no_new_privs);
	number("open_fds", p->fds);
	if (p->root[0] != '\0')
		json_string(out, "root", p->root);
	else
		json_null(out, "root");
	if (p->caps[0] != '\0')
		json_string(out, "cap_eff", p->caps);
	else
		json_null(out, "cap_eff");
	json_end(out);
}

static void
json_version_row(const char *version)
{
	json_string(out, "version", version);
}

static void
json_change_row(const struct change_row *c)
{
	static const char *const	 ops[] = {
		[CHANGE_ADD] = "add", [CHANGE_REMOVE] = "remove",
		[CHANGE_EDIT] = "edit"
	};

	array("changes");
	json_object(out, NULL);
	json_string(out, "op", ops[c->op]);
	json_string(out, "object", c->object);
	json_string(out, "name", c->name);
	if (c->op == CHANGE_EDIT) {
		json_string(out, "field", c->field);
		json_string(out, "from", c->from);
		json_string(out, "to", c->to);
	} else
		json_string(out, "type", str(c->type));
	json_end(out);
}

static void
json_setup(const struct record *rec, const void *setup)
{
	json_members(out, rec, setup);
}

static void
json_result(const struct parse_result *res, uint64_t version,
    const char *text)
{
	if (res->action == ACT_MONITOR)
		return;
	array(NULL);
	if (res->action >= ACT_SHOW_STATUS && res->action <= ACT_SHOW_VERSION) {
		if (*text != '\0')
			json_string(out, "note", text);
		return;
	}
	json_bool(out, "ok", 1);
	json_uint(out, "version", version);
	json_string(out, "text", text);
}

static int
json_tail(void)
{
	const char	*text;
	size_t		 i, len;
	int		 ret;

	if (action == ACT_MONITOR) {
		json_free(out);
		return (0);
	}
	array(NULL);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].action == action && !list_seen[i]) {
			array(lists[i].key);
			array(NULL);
		}
	json_end(out);
	text = json_text(out, &len);
	ret = text == NULL || fwrite(text, 1, len, stdout) != len ||
	    putchar('\n') == EOF || fflush(stdout) == EOF ? -1 : 0;
	json_free(out);
	out = NULL;
	return (ret);
}

/* Goes over to the array of that key, or out of any. */
static void
array(const char *key)
{
	size_t	 i;

	if (key != NULL && open_array != NULL && strcmp(key, open_array) == 0)
		return;
	if (open_array != NULL)
		json_end(out);
	open_array = key;
	if (key == NULL)
		return;
	json_array(out, key);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (lists[i].action == action &&
		    strcmp(lists[i].key, key) == 0)
			list_seen[i] = 1;
}

static void
number(const char *key, long n)
{
	if (n == -1)
		json_null(out, key);
	else
		json_int(out, key, n);
}
