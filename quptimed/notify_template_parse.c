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

#include "template_lex.h"

/*
 * From the text to the tree.  What a name means is settled here: functions are
 * found, variables get slots; fields are looked up when there is a value.
 */

#define FIELDS_MAX	16		/* .A.B.C ... */

/* A variable in scope; its slot is its place. */
struct scope {
	const char	*name;
	size_t		 len;
};

struct parser {
	struct template		*t;
	struct lexer		 lx;
	struct template_error	*err;
	struct scope		 vars[TMPL_VARS_MAX];
	unsigned int		 nvars;
	unsigned int		 depth;
	unsigned int		 loops;		/* ranges around */
	unsigned int		 line;		/* of the last end or else */
	unsigned int		 column;
};

/* What ended a list of nodes. */
enum ending {
	END_EOF,
	END_END,
	END_ELSE,
	END_ERROR
};

static enum ending	 parse_list(struct parser *, struct tmpl_node **);
static enum ending	 parse_action(struct parser *, struct tmpl_node ***);
static enum ending	 keyword(struct parser *, struct tmpl_node ***, int *);
static int		 parse_control(struct parser *, struct tmpl_node *);
static int		 parse_otherwise(struct parser *,
			    struct tmpl_node *);
static int		 parse_template(struct parser *, struct tmpl_node *,
			    int);
static int		 parse_define(struct parser *);
static int		 parse_body(struct parser *, struct tmpl_node **);
static struct tmpl_pipe	*parse_pipe(struct parser *, int, enum lex_type);
static int		 parse_vars(struct parser *, struct tmpl_pipe *, int);
static struct tmpl_cmd	*parse_cmd(struct parser *);
static struct tmpl_arg	*parse_arg(struct parser *);
static int		 arg_start(struct parser *, struct tmpl_arg *);
static int		 arg_ident(struct parser *, struct tmpl_arg *);
static int		 arg_fields(struct parser *, struct tmpl_arg *);
static int		 find_var(const struct parser *, const char *, size_t);
static int		 is_word(const struct parser *, const char *);
static int		 wants_close(struct parser *, const char *);
static int		 unexpected(struct parser *, const char *);
static int		 unexpected_at(struct parser *, const char *);
static struct tmpl_node	*node_new(struct parser *, enum tmpl_node_type);

struct template *
template_parse(const char *text, struct template_error *err)
{
	struct template	*t;
	struct parser	 p;

	memset(err, 0, sizeof(*err));
	if ((t = calloc(1, sizeof(*t))) == NULL ||
	    (t->text = strdup(text)) == NULL) {
		free(t);
		tmpl_fail(err, 0, 0, "out of memory");
		return (NULL);
	}
	t->arena.err = err;
	memset(&p, 0, sizeof(p));
	p.t = t;
	p.err = err;
	p.nvars = 1;			/* $ itself */
	lex_init(&p.lx, t->text, &t->arena, err);
	switch (parse_list(&p, &t->list)) {
	case END_EOF:
		t->arena.err = NULL;
		return (t);
	case END_END:
		unexpected_at(&p, "{{end}}");
		break;
	case END_ELSE:
		unexpected_at(&p, "{{else}}");
		break;
	case END_ERROR:
		break;
	}
	/* It had too much of something when it was here. */
	if (err->line == 0) {
		err->line = p.lx.tok.line;
		err->column = p.lx.tok.column;
	}
	template_free(t);
	return (NULL);
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	arena_clear(&t->arena);
	free(t->text);
	free(t);
}

static enum ending
parse_list(struct parser *p, struct tmpl_node **list)
{
	struct tmpl_node	**last = list, *n;
	enum lex_found		 found;
	enum ending		 end;
	const char		*text;
	size_t			 len;

	for (;;) {
		if ((found = lex_text(&p->lx, &text, &len)) == LEX_ERROR)
			return (END_ERROR);
		if (len > 0) {
			if ((n = node_new(p, TN_TEXT)) == NULL)
				return (END_ERROR);
			n->text = text;
			n->len = len;
			*last = n;
			last = &n->next;
		}
		if (found == LEX_END)
			return (END_EOF);
		if (found == LEX_COMMENT)
			continue;
		end = parse_action(p, &last);
		if (end != END_EOF)
			return (end);
	}
}

/* END_EOF: the list goes on. */
static enum ending
parse_action(struct parser *p, struct tmpl_node ***last)
{
	struct tmpl_node	*n;
	enum ending		 end;
	int			 done = 0;

	if (lex_next(&p->lx) == -1)
		return (END_ERROR);
	if (p->lx.tok.type == LEX_IDENT) {
		end = keyword(p, last, &done);
		if (done)
			return (end);
	}
	if ((n = node_new(p, TN_ACTION)) == NULL ||
	    (n->pipe = parse_pipe(p, 0, LEX_CLOSE)) == NULL)
		return (END_ERROR);
	**last = n;
	*last = &n->next;
	return (END_EOF);
}

static enum ending
keyword(struct parser *p, struct tmpl_node ***last, int *done)
{
	static const struct {
		const char		*word;
		enum tmpl_node_type	 type;
	} words[] = {
		{ "if", TN_IF }, { "with", TN_WITH }, { "range", TN_RANGE },
		{ "template", TN_TEMPLATE }, { "block", TN_TEMPLATE },
		{ "break", TN_BREAK }, { "continue", TN_CONTINUE }
	};
	struct tmpl_node	*n;
	size_t			 i;
	int			 rv;

	*done = 1;
	p->line = p->lx.tok.line;
	p->column = p->lx.tok.column;
	if (is_word(p, "end"))
		return (wants_close(p, "end") == -1 ? END_ERROR : END_END);
	if (is_word(p, "else"))
		return (END_ELSE);
	if (is_word(p, "define"))
		return (parse_define(p) == -1 ? END_ERROR : END_EOF);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(p, words[i].word))
			break;
	if (i == sizeof(words) / sizeof(words[0])) {
		*done = 0;
		return (END_EOF);
	}
	if ((n = node_new(p, words[i].type)) == NULL)
		return (END_ERROR);
	**last = n;
	*last = &n->next;
	switch (n->type) {
	case TN_TEMPLATE:
		rv = parse_template(p, n, is_word(p, "block"));
		break;
	case TN_BREAK:
	case TN_CONTINUE:
		rv = p->loops == 0 ? unexpected(p, words[i].word) :
		    wants_close(p, words[i].word);
		break;
	default:
		rv = parse_control(p, n);
		break;
	}
	return (rv == -1 ? END_ERROR : END_EOF);
}

/* if, with and range, up to their end. */
static int
parse_control(struct parser *p, struct tmpl_node *n)
{
	unsigned int	 mark = p->nvars, head;
	enum ending	 end;
	int		 rv = 0;

	if (++p->depth > TMPL_DEPTH_MAX)
		return (tmpl_fail(p->err, n->line, n->column, "nested too "
		    "deep"));
	if (lex_next(&p->lx) == -1 || (n->pipe = parse_pipe(p, n->type ==
	    TN_RANGE ? 2 : 1, LEX_CLOSE)) == NULL)
		return (-1);
	head = p->nvars;
	p->loops += n->type == TN_RANGE;
	end = parse_list(p, &n->list);
	p->loops -= n->type == TN_RANGE;
	/* What the list has made is not there for an else. */
	p->nvars = head;
	if (end == END_ELSE)
		rv = parse_otherwise(p, n);
	else if (end == END_EOF)
		rv = unexpected(p, "EOF");
	else if (end == END_ERROR)
		rv = -1;
	p->nvars = mark;
	p->depth--;
	return (rv);
}

/* Behind an else: its list, or another if or with in its place. */
static int
parse_otherwise(struct parser *p, struct tmpl_node *n)
{
	enum ending	 end;
	const char	*word = n->type == TN_IF ? "if" : "with";

	if (lex_next(&p->lx) == -1)
		return (-1);
	if (n->type != TN_RANGE && is_word(p, word)) {
		n->otherwise = node_new(p, n->type);
		return (n->otherwise == NULL ? -1 :
		    parse_control(p, n->otherwise));
	}
	if (p->lx.tok.type != LEX_CLOSE)
		return (unexpected(p, "word in else"));
	end = parse_list(p, &n->otherwise);
	if (end == END_ELSE)
		return (unexpected_at(p, "{{else}}"));
	if (end == END_EOF)
		return (unexpected(p, "EOF"));
	return (end == END_ERROR ? -1 : 0);
}

/* {{template "name" pipe}}; a block defines that one in its place. */
static int
parse_template(struct parser *p, struct tmpl_node *n, int block)
{
	struct tmpl_def	*d;

	if (lex_next(&p->lx) == -1)
		return (-1);
	if (p->lx.tok.type != LEX_STRING)
		return (unexpected(p, "name of a template: not a string"));
	n->text = arena_strndup(&p->t->arena, p->lx.tok.s, p->lx.tok.len);
	if (n->text == NULL || lex_next(&p->lx) == -1)
		return (-1);
	if (p->lx.tok.type != LEX_CLOSE) {
		if ((n->pipe = parse_pipe(p, 0, LEX_CLOSE)) == NULL)
			return (-1);
	} else if (block)
		return (unexpected(p, "end of block clause"));
	if (!block)
		return (0);
	if ((d = arena_get(&p->t->arena, sizeof(*d))) == NULL)
		return (-1);
	d->name = (char *)(uintptr_t)n->text;
	if (parse_body(p, &d->list) == -1)
		return (-1);
	d->next = p->t->defs;
	p->t->defs = d;
	return (0);
}

static int
parse_define(struct parser *p)
{
	struct tmpl_def	*d;

	if (p->depth > 0)
		return (unexpected(p, "{{define}}"));
	if (lex_next(&p->lx) == -1)
		return (-1);
	if (p->lx.tok.type != LEX_STRING)
		return (unexpected(p, "name of a template: not a string"));
	if ((d = arena_get(&p->t->arena, sizeof(*d))) == NULL ||
	    (d->name = arena_strndup(&p->t->arena, p->lx.tok.s,
	    p->lx.tok.len)) == NULL ||
	    wants_close(p, "define") == -1 || parse_body(p, &d->list) == -1)
		return (-1);
	d->next = p->t->defs;
	p->t->defs = d;
	return (0);
}

/* Of a template of its own: it sees no variable but $. */
static int
parse_body(struct parser *p, struct tmpl_node **list)
{
	struct scope	 vars[TMPL_VARS_MAX];
	unsigned int	 nvars = p->nvars, loops = p->loops;
	enum ending	 end;

	if (++p->depth > TMPL_DEPTH_MAX)
		return (tmpl_fail(p->err, p->lx.tok.line, p->lx.tok.column,
		    "nested too deep"));
	memcpy(vars, p->vars, sizeof(vars));
	p->nvars = 1;
	p->loops = 0;
	end = parse_list(p, list);
	memcpy(p->vars, vars, sizeof(vars));
	p->nvars = nvars;
	p->loops = loops;
	p->depth--;
	if (end == END_EOF)
		return (unexpected(p, "EOF"));
	if (end == END_ELSE)
		return (unexpected_at(p, "{{else}}"));
	return (end == END_ERROR ? -1 : 0);
}

/*
 * From the present word up to what closes it, which is taken.  declares: how
 * many variables it may make.
 */
static struct tmpl_pipe *
parse_pipe(struct parser *p, int declares, enum lex_type close)
{
	struct tmpl_pipe	*pipe;
	struct tmpl_cmd		**last;

	if ((pipe = arena_get(&p->t->arena, sizeof(*pipe))) == NULL ||
	    parse_vars(p, pipe, declares) == -1)
		return (NULL);
	last = &pipe->cmds;
	for (;;) {
		if (p->lx.tok.type == close || p->lx.tok.type == LEX_BAR) {
			unexpected(p, "end: missing value for command");
			return (NULL);
		}
		if ((*last = parse_cmd(p)) == NULL)
			return (NULL);
		/* What is no function takes no value. */
		if (last != &pipe->cmds && (*last)->args->type != TA_FUNC &&
		    (*last)->args->nfields == 0) {
			unexpected(p, "value in a pipeline that is no "
			    "function");
			return (NULL);
		}
		last = &(*last)->next;
		if (p->lx.tok.type == close)
			return (pipe);
		if (p->lx.tok.type != LEX_BAR) {
			unexpected(p, "word in command");
			return (NULL);
		}
		if (lex_next(&p->lx) == -1)
			return (NULL);
	}
}

/* $x :=, $x =, and of range $i, $x :=.  Others are part of a command. */
static int
parse_vars(struct parser *p, struct tmpl_pipe *pipe, int declares)
{
	struct lexer		 save;
	struct lex_token	 names[2];
	unsigned int		 i, n = 0;
	int			 slot;

	save = p->lx;
	while (p->lx.tok.type == LEX_VAR && n < 2) {
		names[n++] = p->lx.tok;
		if (lex_next(&p->lx) == -1)
			return (-1);
		if (p->lx.tok.type != LEX_COMMA || declares < 2)
			break;
		if (lex_next(&p->lx) == -1)
			return (-1);
	}
	if (n == 0 || (p->lx.tok.type != LEX_DECLARE &&
	    p->lx.tok.type != LEX_ASSIGN)) {
		p->lx = save;
		return (0);
	}
	pipe->assigns = p->lx.tok.type == LEX_ASSIGN;
	pipe->nvars = n;
	for (i = 0; i < n; i++) {
		slot = find_var(p, names[i].s, names[i].len);
		if (pipe->assigns && slot == -1)
			return (tmpl_fail(p->err, names[i].line,
			    names[i].column, "undefined variable \"$%.*s\"",
			    (int)names[i].len, names[i].s));
		if (!pipe->assigns) {
			if (p->nvars == TMPL_VARS_MAX)
				return (tmpl_fail(p->err, names[i].line,
				    names[i].column, "too many variables"));
			slot = p->nvars++;
			p->vars[slot].name = names[i].s;
			p->vars[slot].len = names[i].len;
		}
		pipe->vars[i] = slot;
	}
	return (lex_next(&p->lx));
}

static struct tmpl_cmd *
parse_cmd(struct parser *p)
{
	struct tmpl_cmd	*cmd;
	struct tmpl_arg	**last;

	if ((cmd = arena_get(&p->t->arena, sizeof(*cmd))) == NULL)
		return (NULL);
	last = &cmd->args;
	while (p->lx.tok.type != LEX_CLOSE && p->lx.tok.type != LEX_BAR &&
	    p->lx.tok.type != LEX_RPAREN) {
		if (cmd->nargs > 0 && !p->lx.tok.space) {
			unexpected(p, "word: a blank is missing");
			return (NULL);
		}
		if (cmd->nargs == TMPL_ARGS_MAX) {
			unexpected(p, "number of arguments");
			return (NULL);
		}
		if ((*last = parse_arg(p)) == NULL)
			return (NULL);
		last = &(*last)->next;
		cmd->nargs++;
	}
	if (cmd->nargs == 0) {
		unexpected(p, "end: missing value for command");
		return (NULL);
	}
	return (cmd);
}

static struct tmpl_arg *
parse_arg(struct parser *p)
{
	struct tmpl_arg	*a;

	if ((a = arena_get(&p->t->arena, sizeof(*a))) == NULL)
		return (NULL);
	a->line = p->lx.tok.line;
	a->column = p->lx.tok.column;
	if (arg_start(p, a) == -1 || arg_fields(p, a) == -1)
		return (NULL);
	return (a);
}

static int
arg_start(struct parser *p, struct tmpl_arg *a)
{
	const struct lex_token	*tok = &p->lx.tok;
	int			 slot;

	a->type = TA_CONST;
	switch (tok->type) {
	case LEX_FIELD:
		/* Its fields begin with this one. */
		a->type = TA_DOT;
		return (0);
	case LEX_DOT:
		a->type = TA_DOT;
		if (lex_next(&p->lx) == -1)
			return (-1);
		return (tok->type == LEX_FIELD && !tok->space ?
		    unexpected(p, "field after a dot") : 0);
	case LEX_VAR:
		a->type = TA_VAR;
		if ((slot = find_var(p, tok->s, tok->len)) == -1)
			return (tmpl_fail(p->err, tok->line, tok->column,
			    "undefined variable \"$%.*s\"", (int)tok->len,
			    tok->s));
		a->var = slot;
		break;
	case LEX_STRING:
		tmpl_string(&a->value, tok->s, tok->len);
		break;
	case LEX_INT:
		a->value.kind = TV_INT;
		a->value.type = "int";
		a->value.u.i = tok->i;
		break;
	case LEX_FLOAT:
		a->value.kind = TV_FLOAT;
		a->value.type = "float64";
		a->value.u.f = tok->f;
		break;
	case LEX_IDENT:
		if (arg_ident(p, a) == -1)
			return (-1);
		break;
	case LEX_LPAREN:
		a->type = TA_PIPE;
		if (++p->depth > TMPL_DEPTH_MAX)
			return (unexpected(p, "depth of parentheses"));
		if (lex_next(&p->lx) == -1 ||
		    (a->pipe = parse_pipe(p, 0, LEX_RPAREN)) == NULL)
			return (-1);
		p->depth--;
		break;
	default:
		return (unexpected(p, "word in command"));
	}
	return (lex_next(&p->lx));
}

static int
arg_ident(struct parser *p, struct tmpl_arg *a)
{
	const struct lex_token	*tok = &p->lx.tok;

	if (is_word(p, "true") || is_word(p, "false")) {
		a->value.kind = TV_BOOL;
		a->value.type = "bool";
		a->value.u.i = tok->len == 4;
		return (0);
	}
	if (is_word(p, "nil")) {
		a->type = TA_NIL;
		return (0);
	}
	a->type = TA_FUNC;
	if ((a->func = tmpl_func_find(tok->s, tok->len)) == NULL)
		return (tmpl_fail(p->err, tok->line, tok->column,
		    "function \"%.*s\" not defined",
		    tok->len > 64 ? 64 : (int)tok->len, tok->s));
	return (0);
}

/* Those that follow without a blank; the first may be its beginning. */
static int
arg_fields(struct parser *p, struct tmpl_arg *a)
{
	const struct lex_token	*tok = &p->lx.tok;
	char			*names[FIELDS_MAX];
	unsigned int		 n = 0;

	while (tok->type == LEX_FIELD && (!tok->space || (n == 0 &&
	    a->type == TA_DOT && tok->column == a->column &&
	    tok->line == a->line))) {
		if (n == FIELDS_MAX)
			return (unexpected(p, "number of fields"));
		if (a->type == TA_CONST || a->type == TA_NIL ||
		    a->type == TA_FUNC)
			return (unexpected(p, "field of what has none"));
		names[n] = arena_strndup(&p->t->arena, tok->s, tok->len);
		if (names[n++] == NULL || lex_next(&p->lx) == -1)
			return (-1);
	}
	if (n == 0)
		return (0);
	if ((a->fields = arena_get(&p->t->arena, n * sizeof(char *))) == NULL)
		return (-1);
	memcpy(a->fields, names, n * sizeof(char *));
	a->nfields = n;
	return (0);
}

/* The innermost; -1: there is none.  "" is $ itself. */
static int
find_var(const struct parser *p, const char *name, size_t len)
{
	unsigned int	 i;

	for (i = p->nvars; i > 1; i--)
		if (p->vars[i - 1].len == len &&
		    memcmp(p->vars[i - 1].name, name, len) == 0)
			return (i - 1);
	return (len == 0 ? 0 : -1);
}

static int
is_word(const struct parser *p, const char *word)
{
	return (p->lx.tok.type == LEX_IDENT &&
	    p->lx.tok.len == strlen(word) &&
	    memcmp(p->lx.tok.s, word, p->lx.tok.len) == 0);
}

static int
wants_close(struct parser *p, const char *word)
{
	char	 msg[64];

	if (lex_next(&p->lx) == -1)
		return (-1);
	if (p->lx.tok.type == LEX_CLOSE)
		return (0);
	(void)snprintf(msg, sizeof(msg), "word in %s", word);
	return (unexpected(p, msg));
}

static int
unexpected(struct parser *p, const char *what)
{
	return (tmpl_fail(p->err, p->lx.tok.line, p->lx.tok.column,
	    "unexpected %s", what));
}

/* What ended a list and should not have. */
static int
unexpected_at(struct parser *p, const char *what)
{
	return (tmpl_fail(p->err, p->line, p->column, "unexpected %s", what));
}

static struct tmpl_node *
node_new(struct parser *p, enum tmpl_node_type type)
{
	struct tmpl_node	*n;

	if ((n = arena_get(&p->t->arena, sizeof(*n))) == NULL)
		return (NULL);
	n->type = type;
	n->line = p->lx.tok.line;
	n->column = p->lx.tok.column;
	return (n);
}
