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

#ifndef TEMPLATE_LEX_H
#define TEMPLATE_LEX_H

#include "template.h"

/* notify_template_lex.c: the words of a template. */
enum lex_type {
	LEX_CLOSE,		/* }} */
	LEX_IDENT,
	LEX_FIELD,		/* .Name, without the dot */
	LEX_DOT,
	LEX_VAR,		/* $name, without the dollar */
	LEX_STRING,		/* without quotes and escapes */
	LEX_INT,
	LEX_FLOAT,
	LEX_DECLARE,
	LEX_ASSIGN,
	LEX_BAR,
	LEX_COMMA,
	LEX_LPAREN,
	LEX_RPAREN
};

/* What lex_text() found behind the text. */
enum lex_found {
	LEX_END,
	LEX_ACTION,
	LEX_COMMENT,
	LEX_ERROR
};

struct lex_token {
	enum lex_type	 type;
	int		 space;		/* before it */
	unsigned int	 line;
	unsigned int	 column;
	const char	*s;
	size_t		 len;
	int64_t		 i;
	double		 f;
};

struct lexer {
	const char		*p;
	const char		*end;
	const char		*at;		/* lines are counted up to it */
	const char		*line_start;
	unsigned int		 line;
	struct arena		*arena;
	struct template_error	*err;
	struct lex_token	 tok;
};

void	 lex_init(struct lexer *, const char *, struct arena *,
	    struct template_error *);
/* The text up to the next action, without what the action trims of it. */
enum lex_found
	 lex_text(struct lexer *, const char **, size_t *);
/* The next word, into tok.  0, or -1 and the error. */
int	 lex_next(struct lexer *);

#endif /* TEMPLATE_LEX_H */
