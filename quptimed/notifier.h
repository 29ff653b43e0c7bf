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


#ifndef NOTIFIER_H
#define NOTIFIER_H

#include "quptimed.h"

/* Bounds on what quorum may leave with the notifier. */
#define NOTIFY_QUEUE_MAX	256	/* messages of one alert */
#define NOTIFY_JOBS_MAX		4096	/* of all */
#define NOTIFY_INFLIGHT_MAX	64	/* being sent at a time */
#define NOTIFY_ERR_MAX		256

/* notify_text.c: the built-in messages.  Pure. */
struct notify_text {
	char	subject[640];
	char	body[6144];
};

void	 notify_text(struct notify_text *, const struct alert *,
	    const struct alert_event *);

/*
 * notify_render.c: what is said of an event through an alert, whatever kind
 * that is: its templates' text, and the built-in one for want of a template and
 * in place of one that fails.  Pure.
 */
struct notify_message {
	char	*subject;
	char	*body;
	int	 own_body;	/* the alert has a template for it */
	char	 err[NOTIFY_ERR_MAX - 32]; /* why templates failed, or "" */
};

/* 0; or -1, out of memory, with nothing to clear. */
int	 notify_render(struct notify_message *, const struct alert *,
	    const struct alert_event *);
void	 notify_message_clear(struct notify_message *);

/* notify_http.c: what is posted.  Pure. */
struct notify_post {
	const char	*url;		/* of the alert */
	char		*body;		/* freezero(3) with its length */
	size_t		 len;
};

/*
 * 0; or -1 with a reason, for good unless *again is set.  The body is JSON.
 */
int	 notify_post(struct notify_post *, const struct alert *,
	    const struct alert_event *, const struct notify_message *,
	    const char **, int *again);

/* notify_queue.c: one message at a time per alert, with retries. */
struct notify_conf {
	struct monotime	 backoff;	/* before the second attempt; doubles */
	struct monotime	 backoff_max;
	struct monotime	 after_max;	/* bound on Retry-After */
	struct monotime	 attempt;	/* for one attempt */
	struct monotime	 mail;		/* the same, of a mail */
	struct monotime	 lifetime;	/* of a message, then it is given up */
};

extern const struct notify_conf	 notify_conf_default;

/* Calls back once per message: whether it was sent, attempts, last error. */
void	 notify_init(const struct notify_conf *,
	    void (*)(uint64_t, int, unsigned int, const char *));
/* Takes both records over.  attempts 0: until its lifetime ends. */
void	 notify_send(uint64_t job, unsigned int attempts, struct alert *,
	    struct alert_event *);
/* Gives up all messages of that alert. */
void	 notify_cancel(const char *alert_id);
/* Without calling back. */
void	 notify_shutdown(void);

#endif /* NOTIFIER_H */
