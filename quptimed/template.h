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

#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "model.h"

/*
 * Templates of alerts: the part of QUptime's template language that people
 * write.  Pure: no clock, socket or log.  A template is parsed into a tree that
 * lives in its own arena; rendering it takes a bounded number of steps and of
 * bytes, and sees nothing but one event.  Quorum parses what is set, notifier
 * renders.
 */
#define TMPL_MEM_MAX	(1024 * 1024)	/* of a tree, and of one rendering */
#define TMPL_STEPS_MAX	200000
#define TMPL_STEP_BYTES	64		/* looked at, that count as a step */
#define TMPL_DEPTH_MAX	64		/* of parentheses, blocks, templates */
#define TMPL_ARGS_MAX	32		/* of one command */
#define TMPL_VARS_MAX	64		/* in scope at a time */

struct template;

/* What is wrong and where; line 0: nowhere in particular. */
struct template_error {
	unsigned int	 line;
	unsigned int	 column;	/* in bytes, from 1 */
	char		 msg[160];
};

/* NULL when it does not parse, or out of memory: the error says so. */
struct template	*template_parse(const char *, struct template_error *);
void		 template_free(struct template *);
/*
 * What it says of that event, NUL-ended, for free(3).  NULL when it fails, for
 * the error's reason.
 */
char		*template_render(const struct template *,
		    const struct alert_event *, struct template_error *);

/*
 * For who sets an alert's templates: those that the old alert (or NULL) did not
 * have must parse.  0; or -1 with the field, and line:column: and the reason.
 */
int		 template_check(const struct alert *, const struct alert *,
		    struct verr *);

/*
 * Between the files: notify_template_lex.c has the words,
 * notify_template_parse.c makes the tree, notify_template_eval.c walks it;
 * notify_template_func.c and notify_template_printf.c are what it calls, and
 * notify_template_value.c has values and memory.
 */

/* Memory that goes all at once. */
struct arena {
	struct arena_chunk	*chunks;
	size_t			 used;
	struct template_error	*err;	/* told when there is no more */
};

/* NULL, with the error set, at the end of it. */
void	*arena_get(struct arena *, size_t);
char	*arena_strndup(struct arena *, const char *, size_t);
void	 arena_clear(struct arena *);

enum tmpl_kind {
	TV_NIL,
	TV_BOOL,
	TV_INT,
	TV_FLOAT,
	TV_STRING,
	TV_LIST,		/* of strings */
	TV_DURATION,		/* compares as TV_INT */
	TV_TIME,
	TV_RECORD
};

struct tmpl_value {
	enum tmpl_kind		 kind;
	const char		*type;	/* what QUptime calls it */
	union {
		int64_t		 i;	/* bool, int, duration (ns) */
		double		 f;
		struct {
			const char	*s;	/* not NUL-ended */
			size_t		 len;
		}		 str;
		struct {
			char *const	*v;
			uint32_t	 n;
		}		 list;
		struct walltime	 t;
		struct {
			const struct record	*rec;
			const void		*p;
		}		 rec;
	} u;
};

enum tmpl_node_type {
	TN_TEXT,
	TN_ACTION,
	TN_IF,
	TN_WITH,
	TN_RANGE,
	TN_TEMPLATE,
	TN_BREAK,
	TN_CONTINUE
};

struct tmpl_pipe;
struct tmpl_func;

/* The beginning of an argument, and the fields taken of it. */
enum tmpl_arg_type {
	TA_DOT,
	TA_VAR,
	TA_CONST,
	TA_NIL,
	TA_FUNC,
	TA_PIPE
};

struct tmpl_arg {
	struct tmpl_arg		*next;
	enum tmpl_arg_type	 type;
	unsigned int		 line;
	unsigned int		 column;
	unsigned int		 var;		/* its slot */
	struct tmpl_value	 value;
	const struct tmpl_func	*func;
	struct tmpl_pipe	*pipe;
	char			**fields;
	unsigned int		 nfields;
};

struct tmpl_cmd {
	struct tmpl_cmd		*next;
	struct tmpl_arg		*args;
	unsigned int		 nargs;
};

struct tmpl_pipe {
	struct tmpl_cmd		*cmds;
	unsigned int		 vars[2];	/* declared or assigned */
	unsigned int		 nvars;
	int			 assigns;
};

struct tmpl_node {
	struct tmpl_node	*next;
	enum tmpl_node_type	 type;
	unsigned int		 line;
	unsigned int		 column;
	const char		*text;		/* or the name of a template */
	size_t			 len;
	struct tmpl_pipe	*pipe;
	struct tmpl_node	*list;
	struct tmpl_node	*otherwise;
};

struct tmpl_def {
	struct tmpl_def		*next;
	char			*name;
	struct tmpl_node	*list;
};

struct template {
	struct arena		 arena;
	char			*text;
	struct tmpl_node	*list;
	struct tmpl_def		*defs;
};

/* What functions are given; the memory is that of the rendering. */
struct tmpl_call {
	struct arena		*arena;
	struct template_error	*err;
	unsigned int		 line;		/* where it is called */
	unsigned int		 column;
	unsigned int		*steps;		/* left */
};

struct tmpl_func {
	const char	*name;
	unsigned int	 min;
	unsigned int	 max;		/* arguments; TMPL_ARGS_MAX: any */
	/* NULL: and, or, which the evaluator does itself. */
	int		(*fn)(struct tmpl_call *, const struct tmpl_value *,
			    unsigned int, struct tmpl_value *);
	int		 stops;		/* and, or: at what truth */
};

const struct tmpl_func	*tmpl_func_find(const char *, size_t);
/* Always returns -1. */
int		 tmpl_fail(struct template_error *, unsigned int line,
		    unsigned int column, const char *, ...)
		    __attribute__((__format__(printf, 4, 5)));
/* Takes that many bytes' worth of steps.  0, or -1 and the error. */
int		 tmpl_spend(struct tmpl_call *, size_t);
int		 tmpl_truth(const struct tmpl_value *);
void		 tmpl_string(struct tmpl_value *, const char *, size_t);
void		 tmpl_int(struct tmpl_value *, int64_t);
void		 tmpl_bool(struct tmpl_value *, int);
/* A field by its name.  0, or -1: there is none. */
int		 tmpl_field(const struct tmpl_value *, const char *,
		    struct tmpl_value *);

/* Text that grows within an arena; a failure sticks. */
struct tmpl_buf {
	struct arena	*arena;
	char		*s;
	size_t		 len;
	size_t		 size;
	int		 failed;
};

void		 tmpl_add(struct tmpl_buf *, const char *, size_t);
void		 tmpl_fill(struct tmpl_buf *, char, size_t);
void		 tmpl_addf(struct tmpl_buf *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
/* As {{.}} prints it: %v.  -1 for what is not printed. */
int		 tmpl_print(struct tmpl_buf *, const struct tmpl_value *);
/* A duration's or a time's own text; 0 for other kinds. */
int		 tmpl_text(const struct tmpl_value *, char *, size_t);

/* printf, print, println: arguments as the functions of the table have them. */
int		 tmpl_sprintf(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
int		 tmpl_sprint(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
int		 tmpl_sprintln(struct tmpl_call *, const struct tmpl_value *,
		    unsigned int, struct tmpl_value *);
/* The shortest text that is that number. */
const char	*tmpl_float(double, char *, size_t);
/* UTF-8: the character at the beginning, and its length (1 when malformed). */
size_t		 tmpl_rune(const char *, size_t, uint32_t *);
size_t		 tmpl_encode(uint32_t, char *);
int		 tmpl_isprint(uint32_t);
/* In quotes of that kind, with escapes. */
void		 tmpl_quote(struct tmpl_buf *, const char *, size_t, char,
		    int ascii);

#endif /* TEMPLATE_H */
