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
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quptimectl.h"

#define TEMPLATE_FILE_MAX	(64 * 1024)

/*
 * The grammar is data: each word of the command line is matched against one
 * table, which says what follows.  Keywords in alphabetical order.
 */
enum token_type {
	T_END,		/* closes a table: nothing may follow */
	T_OPTEND,	/* closes a table: the command may end here */
	T_KEYWORD,
	T_TYPE,		/* http, webhook: a keyword that is kept */
	T_NAME,		/* a word; the keyword says what it is */
	T_TARGET,
	T_ONOFF,
	T_FLAGS		/* --flag value, the rest of them */
};

struct token {
	enum token_type			 type;
	const char			*keyword;
	enum action			 action;
	const struct token		*next;
};

static const struct token t_end[] = {
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_flags[] = {
	{ T_FLAGS,	NULL,		ACT_NONE,	NULL },
	{ T_OPTEND,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_name[] = {
	{ T_NAME,	"name",		ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_name_flags[] = {
	{ T_NAME,	"name",		ACT_NONE,	t_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_optname[] = {
	{ T_NAME,	"name",		ACT_NONE,	t_end },
	{ T_OPTEND,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_onoff[] = {
	{ T_ONOFF,	"off",		ACT_NONE,	t_end },
	{ T_ONOFF,	"on",		ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_name_onoff[] = {
	{ T_NAME,	"name",		ACT_NONE,	t_onoff },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_name_or_id[] = {
	{ T_NAME,	"name or id",	ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_node[] = {
	{ T_NAME,	"node-id",	ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_node_flags[] = {
	{ T_NAME,	"node-id",	ACT_NONE,	t_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};

static const struct token t_target[] = {
	{ T_TARGET,	"target",		ACT_NONE,	t_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_check_name[] = {
	{ T_NAME,	"name",		ACT_NONE,	t_target },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_check_add[] = {
	{ T_TYPE,	"dns",		ACT_NONE,	t_check_name },
	{ T_TYPE,	"http",		ACT_NONE,	t_check_name },
	{ T_TYPE,	"icmp",		ACT_NONE,	t_check_name },
	{ T_TYPE,	"tcp",		ACT_NONE,	t_check_name },
	{ T_TYPE,	"tls",		ACT_NONE,	t_check_name },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_check[] = {
	{ T_KEYWORD,	"add",		ACT_ADD,	t_check_add },
	{ T_KEYWORD,	"disable",	ACT_DISABLE,	t_name },
	{ T_KEYWORD,	"edit",		ACT_EDIT,	t_name_flags },
	{ T_KEYWORD,	"enable",	ACT_ENABLE,	t_name },
	{ T_KEYWORD,	"list",		ACT_SHOW_CHECKS, t_end },
	{ T_KEYWORD,	"remove",	ACT_REMOVE,	t_name },
	{ T_KEYWORD,	"test",		ACT_CHECK_TEST,	t_name_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_alert_add[] = {
	{ T_TYPE,	"discord",	ACT_NONE,	t_name_flags },
	{ T_TYPE,	"smtp",		ACT_NONE,	t_name_flags },
	{ T_TYPE,	"webhook",	ACT_NONE,	t_name_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_alert[] = {
	{ T_KEYWORD,	"add",		ACT_ADD,	t_alert_add },
	{ T_KEYWORD,	"default",	ACT_DEFAULT,	t_name_onoff },
	{ T_KEYWORD,	"disable",	ACT_DISABLE,	t_name },
	{ T_KEYWORD,	"edit",		ACT_EDIT,	t_name_flags },
	{ T_KEYWORD,	"enable",	ACT_ENABLE,	t_name },
	{ T_KEYWORD,	"list",		ACT_SHOW_ALERTS, t_end },
	{ T_KEYWORD,	"remove",	ACT_REMOVE,	t_name },
	{ T_KEYWORD,	"test",		ACT_ALERT_TEST,	t_name },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_join[] = {
	{ T_NAME,	"token",	ACT_NONE,	t_flags },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_enroll[] = {
	{ T_KEYWORD,	"approve",	ACT_ENROLL_APPROVE, t_name_or_id },
	{ T_KEYWORD,	"create",	ACT_ENROLL_CREATE, t_flags },
	{ T_KEYWORD,	"join",		ACT_JOIN,	t_join },
	{ T_KEYWORD,	"list",		ACT_SHOW_TOKENS, t_end },
	{ T_KEYWORD,	"revoke",	ACT_ENROLL_REVOKE, t_name_or_id },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_log[] = {
	{ T_KEYWORD,	"brief",	ACT_LOG_BRIEF,	t_end },
	{ T_KEYWORD,	"verbose",	ACT_LOG_VERBOSE, t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_peer[] = {
	{ T_KEYWORD,	"edit",		ACT_EDIT,	t_node_flags },
	{ T_KEYWORD,	"list",		ACT_SHOW_PEERS,	t_end },
	{ T_KEYWORD,	"remove",	ACT_REMOVE,	t_node },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_resolvers_set[] = {
	{ T_NAME,	"address[,...]", ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_resolvers[] = {
	{ T_KEYWORD,	"clear",	ACT_RESOLVERS_CLEAR, t_end },
	{ T_KEYWORD,	"list",		ACT_SHOW_RESOLVERS, t_end },
	{ T_KEYWORD,	"set",		ACT_RESOLVERS_SET, t_resolvers_set },
	{ T_KEYWORD,	"show",		ACT_SHOW_RESOLVERS, t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_cluster[] = {
	{ T_KEYWORD,	"resolvers",	ACT_NONE,	t_resolvers },
	{ T_KEYWORD,	"upgrade",	ACT_UPGRADE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_trust[] = {
	{ T_KEYWORD,	"list",		ACT_SHOW_TRUST,	t_end },
	{ T_KEYWORD,	"remove",	ACT_TRUST_REMOVE, t_node },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_apply[] = {
	{ T_NAME,	"[-n] file",	ACT_NONE,	t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_show[] = {
	{ T_KEYWORD,	"alerts",	ACT_SHOW_ALERTS, t_end },
	{ T_KEYWORD,	"checks",	ACT_SHOW_CHECKS, t_optname },
	{ T_KEYWORD,	"peers",	ACT_SHOW_PEERS,	t_end },
	{ T_KEYWORD,	"resolvers",	ACT_SHOW_RESOLVERS, t_end },
	{ T_KEYWORD,	"sandbox",	ACT_SHOW_SANDBOX, t_end },
	{ T_KEYWORD,	"status",	ACT_SHOW_STATUS, t_end },
	{ T_KEYWORD,	"tokens",	ACT_SHOW_TOKENS, t_end },
	{ T_KEYWORD,	"trust",	ACT_SHOW_TRUST,	t_end },
	{ T_KEYWORD,	"version",	ACT_SHOW_VERSION, t_end },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};
static const struct token t_main[] = {
	{ T_KEYWORD,	"alert",	ACT_NONE,	t_alert },
	{ T_KEYWORD,	"apply",	ACT_APPLY,	t_apply },
	{ T_KEYWORD,	"check",	ACT_NONE,	t_check },
	{ T_KEYWORD,	"cluster",	ACT_NONE,	t_cluster },
	{ T_KEYWORD,	"enroll",	ACT_NONE,	t_enroll },
	{ T_KEYWORD,	"export",	ACT_EXPORT,	t_flags },
	{ T_KEYWORD,	"init",		ACT_INIT,	t_flags },
	{ T_KEYWORD,	"join",		ACT_JOIN,	t_join },
	{ T_KEYWORD,	"log",		ACT_NONE,	t_log },
	{ T_KEYWORD,	"monitor",	ACT_MONITOR,	t_end },
	{ T_KEYWORD,	"node",		ACT_NONE,	t_peer },
	{ T_KEYWORD,	"peer",		ACT_NONE,	t_peer },
	{ T_KEYWORD,	"reload",	ACT_RELOAD,	t_end },
	{ T_KEYWORD,	"resolvers",	ACT_NONE,	t_resolvers },
	{ T_KEYWORD,	"show",		ACT_NONE,	t_show },
	{ T_KEYWORD,	"status",	ACT_SHOW_STATUS, t_end },
	{ T_KEYWORD,	"trust",	ACT_NONE,	t_trust },
	{ T_END,	NULL,		ACT_NONE,	NULL }
};

/* Which record's flags a word and what follows it are about. */
static const struct {
	const struct token	*table;
	const struct record	*rec;
	enum ctl_object		 object;
} objects[] = {
	{ t_alert,	&alert_record,	CTL_ALERT },
	{ t_check,	&check_record,	CTL_CHECK },
	{ t_peer,	&peer_record,	CTL_PEER }
};
static const struct {
	enum action		 action;
	const struct record	*rec;
} action_flags[] = {
	{ ACT_CHECK_TEST,	&test_args_record },
	{ ACT_ENROLL_CREATE,	&enroll_args_record },
	{ ACT_EXPORT,		&export_args_record },
	{ ACT_INIT,		&node_record },
	{ ACT_JOIN,		&join_args_record }
};

/* Flags that stand for nothing in a file; bounds are the daemon's. */
#define ARG(s, m, y, t, lo, hi, opt, ...)				\
	{ .yaml = (y), .type = (t), .offset = offsetof(struct s, m),	\
	  .min = (lo), .max = (hi), .flag = (opt), .help = __VA_ARGS__ }
#define ARGS(s, f)							\
const struct record s##_record = {					\
	.name = #s, .size = sizeof(struct s), .extra = RECORD_NOEXTRA,	\
	.fields = (f), .nfields = sizeof(f) / sizeof((f)[0])		\
}

static const struct field	enroll_args_fields[] = {
	ARG(enroll_args, name, "name", FT_STR, 1, 128, "name",
	    "to tell tokens apart"),
	ARG(enroll_args, ttl, "ttl", FT_DUR, 0, ENROLL_TTL_MAX, "ttl",
	    "how long it may be redeemed"),
	ARG(enroll_args, auto_approve, "auto_approve", FT_BOOL, 0, 0,
	    "auto-approve", "who redeems it need not be approved")
};
ARGS(enroll_args, enroll_args_fields);

static const struct field	join_args_fields[] = {
	ARG(join_args, advertise, "advertise", FT_STR, 1, 512, "advertise",
	    "host:port where peers reach this node"),
	ARG(join_args, yes, "yes", FT_BOOL, 0, 0, "yes", "ask nothing")
};
ARGS(join_args, join_args_fields);

static const struct field	export_args_fields[] = {
	ARG(export_args, secrets, "secrets", FT_BOOL, 0, 0, "secrets",
	    "print them as they are")
};
ARGS(export_args, export_args_fields);

static const char *const	test_states[] = {
	"down", "recovered", "up", NULL
};
static const struct field	test_args_fields[] = {
	ARG(test_args, state, "state", FT_STR, 1, 32, "state",
	    "what the check is said to have become", .words = test_states)
};
ARGS(test_args, test_args_fields);

/* Flags as QUptime has them, where ours have another name. */
static const struct {
	const struct record	*rec;
	const char		*flag;
	const char		*ours;
} synonyms[] = {
	{ &peer_record,		"address",	"advertise" }
};

/* What an added record has that its flags do not say. */
static const struct {
	const struct record	*rec;
	const char		*type;
	const char		*yaml;
	const char		*value;
} defaults[] = {
	{ &alert_record,	"smtp",	"smtp_port",		"587" },
	{ &alert_record,	"smtp",	"smtp_starttls",	"true" }
};

static const struct token *match(const struct token *, const char *);
static int	 is_option(struct parse_result *, const char *);
static int	 is_keyword(const struct token *);
static int	 complain(const struct token *, const char *);
static void	 enter(struct parse_result *, const struct token *,
		    const char *);
static int	 takes_flags(const struct token *);
static int	 is_flag(const char *);
static int	 parse_flags(int, char **, struct parse_result *);
static int	 parse_flag(int, char **, struct parse_result *, int);
static int	 add_flag(struct parse_result *, const char *, const char *);
static int	 resolve(struct parse_result *, struct setting *,
		    const char *);
static unsigned int
		 type_bit(const struct parse_result *, const char *);
static void	 chop(char *);
static char	*read_file(const char *);

int
parse(int argc, char **argv, struct parse_result *res)
{
	const struct token	*table = t_main, *t;
	int			 n, literal;

	while (argc > 0) {
		/* What is behind it is a name, whatever it looks like. */
		literal = 0;
		if (argc > 1 && strcmp(argv[0], "--") == 0 &&
		    table[0].type == T_NAME) {
			literal = 1;
			argc--;
			argv++;
		} else if (is_option(res, argv[0])) {
			argc--;
			argv++;
			continue;
		}
		if (table[0].type == T_FLAGS)
			return (parse_flags(argc, argv, res));
		if (!literal && is_flag(argv[0]) &&
		    (table[0].type == T_NAME || table[0].type == T_TARGET)) {
			if (!takes_flags(table)) {
				warnx("%s: there are no flags here", argv[0]);
				return (-1);
			}
			if ((n = parse_flag(argc, argv, res, 0)) == -1)
				return (-1);
			argc -= n;
			argv += n;
			continue;
		}
		if ((t = match(table, argv[0])) == NULL)
			return (complain(table, argv[0]));
		enter(res, t, argv[0]);
		table = t->next;
		argc--;
		argv++;
	}
	for (t = table; t->type != T_END && t->type != T_OPTEND; t++)
		;
	if (t->type == T_END && t != table)
		return (complain(table, NULL));
	return (0);
}

/* One that may stand anywhere; then it has been taken in. */
static int
is_option(struct parse_result *res, const char *word)
{
	if (strcmp(word, "-j") == 0)
		res->json = 1;
	else if (res->action == ACT_APPLY && strcmp(word, "-n") == 0)
		res->dry = 1;
	else	/* QUptime's --yes: nothing is asked here */
		return (res->action == ACT_JOIN && strcmp(word, "-y") == 0);
	return (1);
}

/* Exactly, or as the only one of which the word is a prefix. */
static const struct token *
match(const struct token *table, const char *word)
{
	const struct token	*t, *found = NULL;
	size_t			 len = strlen(word);
	int			 n = 0;

	for (t = table; t->type != T_END && t->type != T_OPTEND; t++) {
		if (!is_keyword(t))
			return (t);
		if (strcmp(t->keyword, word) == 0)
			return (t);
		if (len > 0 && strncmp(t->keyword, word, len) == 0) {
			found = t;
			n++;
		}
	}
	return (n == 1 ? found : NULL);
}

static int
is_keyword(const struct token *t)
{
	return (t->type == T_KEYWORD || t->type == T_TYPE ||
	    t->type == T_ONOFF);
}

/* One line: what is wrong, and what would not be. */
static int
complain(const struct token *table, const char *word)
{
	const struct token	*t;
	char			 valid[512] = "", one[64];
	const char		*sep = "";

	if (word != NULL && table->type == T_END) {
		warnx("%s: nothing may follow here", word);
		return (-1);
	}
	for (t = table; t->type != T_END && t->type != T_OPTEND; t++) {
		(void)snprintf(one, sizeof(one), is_keyword(t) ? "%s%s" :
		    "%s<%s>", sep, t->keyword);
		(void)strlcat(valid, one, sizeof(valid));
		sep = ", ";
	}
	if (word == NULL)
		warnx("the command is not complete; valid: %s", valid);
	else
		warnx("%s: not known, or not the only match; valid: %s", word,
		    valid);
	return (-1);
}

static void
enter(struct parse_result *res, const struct token *t, const char *word)
{
	size_t	 i;

	if (t->action != ACT_NONE)
		res->action = t->action;
	switch (t->type) {
	case T_TYPE:
		res->type = t->keyword;
		break;
	case T_NAME:
		res->name = word;
		break;
	case T_TARGET:
		res->target = word;
		break;
	case T_ONOFF:
		parse_add(res, "default",
		    strcmp(t->keyword, "on") == 0 ? "true" : "false");
		break;
	default:
		break;
	}
	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (t->next == objects[i].table) {
			res->rec = objects[i].rec;
			res->object = objects[i].object;
		}
	for (i = 0; i < sizeof(action_flags) / sizeof(action_flags[0]); i++)
		if (res->action == action_flags[i].action)
			res->rec = action_flags[i].rec;
}

/* Whether the names that are wanted here may have flags among them. */
static int
takes_flags(const struct token *table)
{
	while (table[0].type == T_NAME || table[0].type == T_TARGET)
		table = table[0].next;
	return (table[0].type == T_FLAGS);
}

static int
is_flag(const char *word)
{
	return (strncmp(word, "--", 2) == 0 && word[2] != '\0');
}

static int
parse_flags(int argc, char **argv, struct parse_result *res)
{
	int	 n;

	while (argc > 0) {
		n = 1;
		if (!is_option(res, argv[0]) &&
		    (n = parse_flag(argc, argv, res, 1)) == -1)
			return (-1);
		argc -= n;
		argv += n;
	}
	return (0);
}

/*
 * --flag value and --flag=value; a boolean may stand alone, and does so before
 * a name, which it would take for its value.  How many words it was, or -1.
 * What a flag means can depend on the type of the object, so fields are looked
 * up later.
 */
static int
parse_flag(int argc, char **argv, struct parse_result *res, int last)
{
	const struct field	*f;
	char			*eq, *name;
	int			 n = 1;

	if (!is_flag(argv[0])) {
		warnx("%s: a --flag is wanted here", argv[0]);
		return (-1);
	}
	if ((name = strdup(argv[0] + 2)) == NULL)
		err(EXIT_REFUSED, NULL);
	if ((eq = strchr(name, '=')) != NULL)
		*eq++ = '\0';
	f = res->rec != NULL ? record_flag(res->rec, name, 0) : NULL;
	if (eq == NULL && argc > 1 && strncmp(argv[1], "--", 2) != 0 &&
	    (last || f == NULL || f->type != FT_BOOL)) {
		eq = argv[1];
		n = 2;
	}
	if (add_flag(res, name, eq) == -1)
		n = -1;
	free(name);
	return (n);
}

static int
add_flag(struct parse_result *res, const char *name, const char *value)
{
	struct setting	*s;

	if (res->nsettings == SETTINGS_MAX) {
		warnx("too many flags");
		return (-1);
	}
	s = &res->settings[res->nsettings];
	memset(s, 0, sizeof(*s));
	if ((s->flag = strdup(name)) == NULL)
		err(EXIT_REFUSED, NULL);
	if (value != NULL && (s->value = strdup(value)) == NULL)
		err(EXIT_REFUSED, NULL);
	res->nsettings++;
	return (0);
}

int
parse_add(struct parse_result *res, const char *yaml, const char *value)
{
	if (add_flag(res, yaml, value) == -1)
		return (-1);
	res->settings[res->nsettings - 1].field = record_field(res->rec, yaml);
	return (0);
}

int
parse_settings(struct parse_result *res, const char *type)
{
	struct verr	 verr;
	struct setting	*s;
	void		*scratch;
	size_t		 i;
	int		 failed = 0;

	if ((scratch = record_new(res->rec)) == NULL)
		err(EXIT_REFUSED, NULL);
	for (i = 0; i < res->nsettings && !failed; i++) {
		s = &res->settings[i];
		if (s->field == NULL && resolve(res, s, type) == -1) {
			failed = 1;
			break;
		}
		memset(&verr, 0, sizeof(verr));
		if (field_set(s->field, scratch, s->value, &verr) == -1 ||
		    field_validate(s->field, scratch, &verr) == -1) {
			warnx("--%s: %s", s->flag, verr.msg);
			failed = 1;
		}
	}
	record_free(res->rec, scratch);
	return (failed ? -1 : 0);
}

int
parse_defaults(struct parse_result *res)
{
	const struct field	*f;
	size_t			 i, j;

	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (defaults[i].rec != res->rec ||
		    strcmp(defaults[i].type, res->type) != 0)
			continue;
		f = record_field(res->rec, defaults[i].yaml);
		for (j = 0; j < res->nsettings; j++)
			if (res->settings[j].field == f)
				break;
		if (j == res->nsettings && parse_add(res, defaults[i].yaml,
		    defaults[i].value) == -1)
			return (-1);
	}
	return (0);
}

void
parse_into(const struct parse_result *res, void *rec)
{
	struct verr	 ve;
	size_t		 i;

	memset(&ve, 0, sizeof(ve));
	for (i = 0; i < res->nsettings; i++)
		if (field_set(res->settings[i].field, rec,
		    res->settings[i].value, &ve) == -1)
			errx(EXIT_REFUSED, "%s", ve.msg);
}

/*
 * Finds the field of a flag; "--body-file f" is --body with f's contents, and
 * secrets, which ps(1) would show, are read from files likewise.
 */
static int
resolve(struct parse_result *res, struct setting *s, const char *type)
{
	unsigned int	 bit = type_bit(res, type);
	char		 base[32], *text;
	size_t		 i, len = strlen(s->flag);

	s->field = record_flag(res->rec, s->flag, bit);
	for (i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (s->field == NULL && synonyms[i].rec == res->rec &&
		    strcmp(synonyms[i].flag, s->flag) == 0)
			s->field = record_flag(res->rec, synonyms[i].ours, bit);
	if (s->field == NULL && len > 5 && len < sizeof(base) &&
	    strcmp(s->flag + len - 5, "-file") == 0) {
		strlcpy(base, s->flag, len - 4);
		s->field = record_flag(res->rec, base, bit);
		if (s->field != NULL &&
		    !(s->field->flags & (F_TEXT | F_SECRET)))
			s->field = NULL;
		if (s->field != NULL && s->value != NULL) {
			if ((text = read_file(s->value)) == NULL)
				return (-1);
			if (s->field->flags & F_SECRET)
				chop(text);
			free(s->value);
			s->value = text;
		}
	}
	if (s->field == NULL) {
		warnx("--%s: no such flag%s%s", s->flag,
		    type != NULL ? " for type " : "",
		    type != NULL ? type : "");
		return (-1);
	}
	if (s->value == NULL && s->field->type == FT_BOOL &&
	    (s->value = strdup("true")) == NULL)
		err(EXIT_REFUSED, NULL);
	if (s->value == NULL) {
		warnx("--%s: a value is wanted", s->flag);
		return (-1);
	}
	return (0);
}

static unsigned int
type_bit(const struct parse_result *res, const char *type)
{
	struct check	 check;
	struct alert	 alert;

	if (type == NULL)
		return (0);
	if (res->object == CTL_CHECK) {
		memset(&check, 0, sizeof(check));
		check.type = (char *)(uintptr_t)type;
		return (CHECK_BIT(check_type_of(&check)));
	}
	memset(&alert, 0, sizeof(alert));
	alert.type = (char *)(uintptr_t)type;
	return (ALERT_BIT(alert_type_of(&alert)));
}

/* Of a file that holds one line, what is not the end of it. */
static void
chop(char *s)
{
	size_t	 len = strlen(s);

	if (len > 0 && s[len - 1] == '\n')
		s[--len] = '\0';
	if (len > 0 && s[len - 1] == '\r')
		s[--len] = '\0';
}

/* A file's contents, or those of standard input for "-". */
static char *
read_file(const char *path)
{
	char	*buf = NULL;
	ssize_t	 n;
	size_t	 len = 0;
	int	 fd = STDIN_FILENO;

	if (strcmp(path, "-") != 0 &&
	    (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		warn("%s", path);
		return (NULL);
	}
	if ((buf = calloc(1, TEMPLATE_FILE_MAX + 1)) == NULL)
		err(EXIT_REFUSED, NULL);
	while ((n = read(fd, buf + len, TEMPLATE_FILE_MAX - len)) > 0)
		len += n;
	if (n == -1)
		warn("%s", path);
	else if (len == TEMPLATE_FILE_MAX || memchr(buf, '\0', len) != NULL) {
		warnx("%s: not a text of less than 64 KiB", path);
		n = -1;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	if (n == -1) {
		freezero(buf, TEMPLATE_FILE_MAX + 1);
		return (NULL);
	}
	return (buf);
}

void
parse_free(struct parse_result *res)
{
	size_t	 i;

	for (i = 0; i < res->nsettings; i++) {
		if (res->settings[i].value != NULL)
			freezero(res->settings[i].value,
			    strlen(res->settings[i].value));
		free((char *)(uintptr_t)res->settings[i].flag);
	}
	res->nsettings = 0;
}
