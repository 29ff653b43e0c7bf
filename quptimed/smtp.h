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

#ifndef SMTP_H
#define SMTP_H

#include <stddef.h>

#include "mail.h"
#include "monotime.h"

#define SMTP_LINE_MAX	2048	/* of a reply; RFC 5321 has 512 */
#define SMTP_TEXT_MAX	4096	/* of one reply kept */
#define SMTP_LINES_MAX	128	/* of one reply */

/* notify_smtp_reply.c: what a server answers.  Pure. */
enum smtp_event {
	SMTP_MORE,	/* all is consumed, the reply goes on */
	SMTP_REPLY,	/* complete: code and text */
	SMTP_BAD	/* err says why; nothing can be read after it */
};

struct smtp_reply {
	int		 code;		/* 200 to 599 */
	/* What follows the code, line by line with \n between them. */
	char		 text[SMTP_TEXT_MAX];
	size_t		 len;
	const char	*err;
	/* within the parser */
	char		 line[SMTP_LINE_MAX];
	size_t		 linelen;
	unsigned int	 nlines;
};

/* Before each reply. */
void		 smtp_reply_init(struct smtp_reply *);
/* Moves on in the bytes; what is left after SMTP_REPLY is no part of it. */
enum smtp_event	 smtp_reply_next(struct smtp_reply *, const char **, size_t *);

/* What the answer to EHLO offers. */
struct smtp_ext {
	int	 starttls;
	int	 auth;		/* of any kind */
	int	 plain;
	int	 login;
	int	 eightbit;	/* 8BITMIME */
	int	 utf8;		/* SMTPUTF8 */
};

void		 smtp_reply_ext(const struct smtp_reply *, struct smtp_ext *);

/*
 * notify_smtp.c: one message to one server, non-blocking, under one deadline.
 */
struct alert;
struct smtp;

/* Valid during the callback only. */
struct smtp_res {
	const char		*err;	/* NULL: all who waited have it */
	int			 again;	/* it may be better another time */
	const struct mail	*mail;	/* says who has it */
};

/* How this node calls itself to servers; before the sandbox. */
void		 smtp_init(void);
/*
 * To those who wait for it.  Takes the message over in any case.  The callback
 * is called exactly once, from the event loop, and the handle is gone after it.
 * NULL with a reason as mail_make() has it.
 */
struct smtp	*smtp_start(const struct alert *, struct mail *,
		    struct monotime deadline,
		    void (*)(const struct smtp_res *, void *), void *,
		    const char **, int *again);
/* Ends it without a callback. */
void		 smtp_cancel(struct smtp *);

#endif /* SMTP_H */
