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

#ifndef MAIL_H
#define MAIL_H

#include <stddef.h>

#include "monotime.h"

struct alert;
struct alert_event;

#define MAIL_ADDR_MAX	320	/* RFC 5321: 64 before the @, 255 after it */

/* How far it is with one who shall receive it. */
enum mail_rcpt {
	RCPT_WAITS,	/* nothing said yet, or not now */
	RCPT_TAKEN,	/* the server would, once it has the text */
	RCPT_HAS,
	RCPT_REFUSED	/* for good */
};

/* notify_mime.c: an alert as a message.  Pure. */
struct mail {
	char		*from;		/* what MAIL FROM says */
	char		**to;		/* what each RCPT TO says */
	enum mail_rcpt	*rcpt;		/* of each */
	unsigned int	 nto;
	int		 utf8;		/* an address is not ASCII */
	char		*text;		/* lines end in CRLF; dots are single */
	size_t		 len;
};

/*
 * 0; or -1 with a reason: it is for good, unless *again is set.  The message
 * is the same every time for the same event and alert, so that a copy which
 * came of a retry is known by its Message-ID.
 */
int	 mail_make(struct mail *, const struct alert *,
	    const struct alert_event *, const char *subject, const char *body,
	    const char **, int *again);
void	 mail_clear(struct mail *);

#endif /* MAIL_H */
