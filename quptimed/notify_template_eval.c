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

#include "template.h"

/*
 * From the tree to text.  Recursion follows the tree, whose depth the parser
 * bounds, and templates that call templates, which are counted.
 */

/* How a list of nodes was left. */
enum flow {
	FLOW_ON,
	FLOW_BREAK,
	FLOW_CONTINUE,
	FLOW_FAIL
};

struct eval {
	const struct template	*t;
	struct arena		 arena;
	struct tmpl_buf		 out;
	struct tmpl_call	 call;
	struct tmpl_value	*vars;		/* of this template */
	unsigned int		 depth;
	unsigned int		 steps;
	char			*lower;		/* the verb */
	char			 when[WALL_STRLEN];
	const char		*verb;
};

static enum flow eval_list(struct eval *, const struct tmpl_node *,
		    const struct tmpl_value *);
static enum flow eval_node(struct eval *, const struct tmpl_node *,
		    const struct tmpl_value *);
static enum flow eval_range(struct eval *, const struct tmpl_node *,
		    const struct tmpl_value *);
static enum flow eval_round(struct eval *, const struct tmpl_node *,
		    int64_t, const struct tmpl_value *);
static enum flow eval_template(struct eval *, const struct tmpl_node *,
		    const struct tmpl_value *);
static int	 eval_pipe(struct eval *, const struct tmpl_pipe *,
		    const struct tmpl_value *, struct tmpl_value *);
static int	 eval_cmd(struct eval *, const struct tmpl_cmd *,
		    const struct tmpl_value *, const struct tmpl_value *,
		    struct tmpl_value *);
static int	 eval_func(struct eval *, const struct tmpl_func *,
		    const struct tmpl_arg *, const struct tmpl_value *,
		    const struct tmpl_value *, struct tmpl_value *);
static int	 eval_logic(struct eval *, const struct tmpl_func *,
		    const struct tmpl_arg *, const struct tmpl_value *,
		    const struct tmpl_value *, struct tmpl_value *);
static int	 eval_arg(struct eval *, const struct tmpl_arg *,
		    const struct tmpl_value *, struct tmpl_value *);
static int	 eval_field(struct eval *, const struct tmpl_arg *,
		    const char *, struct tmpl_value *);
static int	 root_field(const struct eval *, const char *,
		    struct tmpl_value *);
static void	 root_init(struct eval *, const struct alert_event *);
static int	 at(struct eval *, unsigned int, unsigned int);

char *
template_render(const struct template *t, const struct alert_event *ev,
    struct template_error *err)
{
	struct eval		 e;
	struct tmpl_value	 root, vars[TMPL_VARS_MAX];
	char			*text = NULL;

	memset(err, 0, sizeof(*err));
	memset(&e, 0, sizeof(e));
	memset(&root, 0, sizeof(root));
	memset(vars, 0, sizeof(vars));
	e.t = t;
	e.steps = TMPL_STEPS_MAX;
	e.arena.err = err;
	e.out.arena = e.call.arena = &e.arena;
	e.call.err = err;
	e.call.steps = &e.steps;
	root_init(&e, ev);
	root.kind = TV_RECORD;
	root.type = "alerts.TemplateContext";
	root.u.rec.rec = &alert_event_record;
	root.u.rec.p = ev;
	vars[0] = root;
	e.vars = vars;
	if (eval_list(&e, t->list, &root) != FLOW_FAIL && !e.out.failed) {
		if ((text = malloc(e.out.len + 1)) == NULL)
			tmpl_fail(err, 0, 0, "out of memory");
		else {
			if (e.out.len > 0)
				memcpy(text, e.out.s, e.out.len);
			text[e.out.len] = '\0';
		}
	}
	/* What ran out did so at this point. */
	if (text == NULL && err->line == 0) {
		err->line = e.call.line;
		err->column = e.call.column;
	}
	arena_clear(&e.arena);
	return (text);
}

/* What is seen of an event that does not stand in it as it is seen. */
static void
root_init(struct eval *e, const struct alert_event *ev)
{
	struct walltime	 when = ev->when;
	size_t		 len, i;

	when.nsec = 0;
	when.off = 0;
	(void)wall_format(&when, e->when, sizeof(e->when));
	/* A test shows what it would be like. */
	e->verb = str(ev->verb);
	if (strcmp(e->verb, "TEST") == 0)
		e->verb = "DOWN";
	len = strlen(e->verb);
	if ((e->lower = arena_strndup(&e->arena, e->verb, len)) == NULL)
		return;
	for (i = 0; i < len; i++)
		if (e->lower[i] >= 'A' && e->lower[i] <= 'Z')
			e->lower[i] += 'a' - 'A';
}

/* Where an error is, and one step of those there are. */
static int
at(struct eval *e, unsigned int line, unsigned int column)
{
	e->call.line = line;
	e->call.column = column;
	return (tmpl_spend(&e->call, 0));
}

static enum flow
eval_list(struct eval *e, const struct tmpl_node *n,
    const struct tmpl_value *dot)
{
	enum flow	 flow = FLOW_ON;

	for (; n != NULL && flow == FLOW_ON; n = n->next) {
		if (at(e, n->line, n->column) == -1)
			return (FLOW_FAIL);
		flow = eval_node(e, n, dot);
		if (e->out.failed)
			return (FLOW_FAIL);
	}
	return (flow);
}

static enum flow
eval_node(struct eval *e, const struct tmpl_node *n,
    const struct tmpl_value *dot)
{
	struct tmpl_value	 v;

	switch (n->type) {
	case TN_TEXT:
		if (tmpl_spend(&e->call, n->len) == -1)
			return (FLOW_FAIL);
		tmpl_add(&e->out, n->text, n->len);
		return (FLOW_ON);
	case TN_BREAK:
		return (FLOW_BREAK);
	case TN_CONTINUE:
		return (FLOW_CONTINUE);
	case TN_RANGE:
		return (eval_range(e, n, dot));
	case TN_TEMPLATE:
		return (eval_template(e, n, dot));
	case TN_ACTION:
	case TN_IF:
	case TN_WITH:
		break;
	}
	if (eval_pipe(e, n->pipe, dot, &v) == -1)
		return (FLOW_FAIL);
	if (n->type != TN_ACTION) {
		if (!tmpl_truth(&v))
			return (eval_list(e, n->otherwise, dot));
		return (eval_list(e, n->list, n->type == TN_WITH ? &v : dot));
	}
	if (n->pipe->nvars > 0)
		return (FLOW_ON);
	if (v.kind == TV_STRING && tmpl_spend(&e->call, v.u.str.len) == -1)
		return (FLOW_FAIL);
	if (v.kind == TV_NIL)
		tmpl_addf(&e->out, "<no value>");
	else if (tmpl_print(&e->out, &v) == -1) {
		tmpl_fail(e->call.err, n->line, n->column,
		    "can't print a value of type %s", v.type);
		return (FLOW_FAIL);
	}
	return (FLOW_ON);
}

static enum flow
eval_range(struct eval *e, const struct tmpl_node *n,
    const struct tmpl_value *dot)
{
	struct tmpl_value	 v, elem;
	enum flow		 flow;
	int64_t			 i, count;
	const char		*s;

	if (eval_pipe(e, n->pipe, dot, &v) == -1)
		return (FLOW_FAIL);
	switch (v.kind) {
	case TV_NIL:
		count = 0;
		break;
	case TV_LIST:
		count = v.u.list.n;
		break;
	case TV_INT:
	case TV_DURATION:
		count = v.u.i;
		if (n->pipe->nvars < 2)
			break;
		/* FALLTHROUGH */
	default:
		tmpl_fail(e->call.err, n->line, n->column,
		    "range can't iterate over a value of type %s", v.type);
		return (FLOW_FAIL);
	}
	if (count <= 0)
		return (eval_list(e, n->otherwise, dot));
	for (i = 0; i < count; i++) {
		if (at(e, n->line, n->column) == -1)
			return (FLOW_FAIL);
		if (v.kind == TV_LIST) {
			s = v.u.list.v[i];
			tmpl_string(&elem, s, strlen(s));
		} else {
			elem = v;
			elem.u.i = i;
		}
		flow = eval_round(e, n, i, &elem);
		if (flow == FLOW_FAIL)
			return (flow);
		if (flow == FLOW_BREAK)
			break;
	}
	return (FLOW_ON);
}

/* The last variable is the element, one before it the index. */
static enum flow
eval_round(struct eval *e, const struct tmpl_node *n, int64_t i,
    const struct tmpl_value *elem)
{
	const struct tmpl_pipe	*p = n->pipe;

	if (p->nvars > 0)
		e->vars[p->vars[p->nvars - 1]] = *elem;
	if (p->nvars > 1)
		tmpl_int(&e->vars[p->vars[0]], i);
	return (eval_list(e, n->list, elem));
}

/* It sees its own variables, of which $ is what it is given. */
static enum flow
eval_template(struct eval *e, const struct tmpl_node *n,
    const struct tmpl_value *dot)
{
	struct tmpl_value	 vars[TMPL_VARS_MAX], *outer = e->vars;
	const struct tmpl_def	*d;
	enum flow		 flow;

	for (d = e->t->defs; d != NULL; d = d->next) {
		if (at(e, n->line, n->column) == -1)
			return (FLOW_FAIL);
		if (strcmp(d->name, n->text) == 0)
			break;
	}
	if (d == NULL || e->depth == TMPL_DEPTH_MAX) {
		tmpl_fail(e->call.err, n->line, n->column, d == NULL ?
		    "template \"%.64s\" not defined" :
		    "template \"%.64s\": nested too deep", n->text);
		return (FLOW_FAIL);
	}
	memset(vars, 0, sizeof(vars));
	if (n->pipe != NULL && eval_pipe(e, n->pipe, dot, &vars[0]) == -1)
		return (FLOW_FAIL);
	e->depth++;
	e->vars = vars;
	flow = eval_list(e, d->list, &vars[0]);
	e->vars = outer;
	e->depth--;
	return (flow);
}

static int
eval_pipe(struct eval *e, const struct tmpl_pipe *p,
    const struct tmpl_value *dot, struct tmpl_value *v)
{
	const struct tmpl_cmd	*c;
	struct tmpl_value	 last;
	unsigned int		 i;

	memset(v, 0, sizeof(*v));
	for (c = p->cmds; c != NULL; c = c->next) {
		last = *v;
		if (eval_cmd(e, c, dot, c == p->cmds ? NULL : &last, v) == -1)
			return (-1);
	}
	for (i = 0; i < p->nvars; i++)
		e->vars[p->vars[i]] = *v;
	return (0);
}

/* final: what the command before it in a pipeline has given. */
static int
eval_cmd(struct eval *e, const struct tmpl_cmd *c,
    const struct tmpl_value *dot, const struct tmpl_value *final,
    struct tmpl_value *v)
{
	const struct tmpl_arg	*a = c->args;

	if (at(e, a->line, a->column) == -1)
		return (-1);
	if (a->type == TA_FUNC && a->nfields == 0)
		return (eval_func(e, a->func, a, dot, final, v));
	if (c->nargs > 1 || final != NULL)
		return (tmpl_fail(e->call.err, a->line, a->column,
		    "can't give argument to what is no function"));
	if (a->type == TA_NIL)
		return (tmpl_fail(e->call.err, a->line, a->column,
		    "nil is not a command"));
	return (eval_arg(e, a, dot, v));
}

/* a: its name, behind which the arguments stand. */
static int
eval_func(struct eval *e, const struct tmpl_func *f, const struct tmpl_arg *a,
    const struct tmpl_value *dot, const struct tmpl_value *final,
    struct tmpl_value *v)
{
	struct tmpl_value	 args[TMPL_ARGS_MAX + 1];
	const struct tmpl_arg	*next;
	unsigned int		 n = final != NULL, i;
	size_t			 bytes = 0;

	for (next = a->next; next != NULL; next = next->next)
		n++;
	if (n < f->min || (n > f->max && f->max != TMPL_ARGS_MAX))
		return (tmpl_fail(e->call.err, a->line, a->column,
		    "wrong number of args for %s: want %s%u got %u", f->name,
		    f->min == f->max ? "" : n < f->min ? "at least " :
		    "at most ", n < f->min ? f->min : f->max, n));
	if (f->fn == NULL)
		return (eval_logic(e, f, a, dot, final, v));
	for (i = 0, next = a->next; next != NULL; next = next->next, i++)
		if (eval_arg(e, next, dot, &args[i]) == -1)
			return (-1);
	if (final != NULL)
		args[i] = *final;
	for (i = 0; i < n; i++)
		if (args[i].kind == TV_STRING)
			bytes += args[i].u.str.len;
	/* Errors are told of the function, not of its last argument. */
	if (at(e, a->line, a->column) == -1 ||
	    tmpl_spend(&e->call, bytes) == -1)
		return (-1);
	memset(v, 0, sizeof(*v));
	return (f->fn(&e->call, args, n, v));
}

/* and, or: the first that decides it, else the last; none behind it is read. */
static int
eval_logic(struct eval *e, const struct tmpl_func *f,
    const struct tmpl_arg *a, const struct tmpl_value *dot,
    const struct tmpl_value *final, struct tmpl_value *v)
{
	for (a = a->next; a != NULL; a = a->next) {
		if (eval_arg(e, a, dot, v) == -1)
			return (-1);
		if (tmpl_truth(v) == f->stops)
			return (0);
	}
	if (final != NULL)
		*v = *final;
	return (0);
}

static int
eval_arg(struct eval *e, const struct tmpl_arg *a,
    const struct tmpl_value *dot, struct tmpl_value *v)
{
	struct tmpl_arg	 alone;
	unsigned int	 i;

	if (at(e, a->line, a->column) == -1)
		return (-1);
	memset(v, 0, sizeof(*v));
	switch (a->type) {
	case TA_DOT:
		*v = *dot;
		break;
	case TA_VAR:
		*v = e->vars[a->var];
		break;
	case TA_CONST:
		*v = a->value;
		break;
	case TA_NIL:
		break;
	case TA_FUNC:
		/* As an argument it takes none of what follows it. */
		alone = *a;
		alone.next = NULL;
		if (eval_func(e, a->func, &alone, dot, NULL, v) == -1)
			return (-1);
		break;
	case TA_PIPE:
		if (eval_pipe(e, a->pipe, dot, v) == -1)
			return (-1);
		break;
	}
	for (i = 0; i < a->nfields; i++)
		if (eval_field(e, a, a->fields[i], v) == -1)
			return (-1);
	return (0);
}

static int
eval_field(struct eval *e, const struct tmpl_arg *a, const char *name,
    struct tmpl_value *v)
{
	struct tmpl_value	 of = *v;
	int			 rv;

	if (of.kind == TV_NIL)
		return (tmpl_fail(e->call.err, a->line, a->column,
		    "field %.64s of what is not there", name));
	if (of.kind == TV_RECORD && of.u.rec.rec == &alert_event_record)
		rv = root_field(e, name, v);
	else
		rv = tmpl_field(&of, name, v);
	if (rv == -1)
		return (tmpl_fail(e->call.err, a->line, a->column,
		    "can't evaluate field %.64s in type %s", name, of.type));
	return (0);
}

/* Fields of the event, in the form in which QUptime shows them. */
static int
root_field(const struct eval *e, const char *name, struct tmpl_value *v)
{
	struct tmpl_value	 of = *v;
	const char		*text = NULL;

	if (strcmp(name, "ID") == 0)
		return (-1);
	if (strcmp(name, "When") == 0)
		text = e->when;
	else if (strcmp(name, "Verb") == 0)
		text = e->verb;
	else if (strcmp(name, "VerbLower") == 0)
		text = str(e->lower);
	if (text == NULL)
		return (tmpl_field(&of, name, v));
	tmpl_string(v, text, strlen(text));
	return (0);
}
