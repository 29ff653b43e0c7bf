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

#ifndef DNSMSG_H
#define DNSMSG_H

#include <stddef.h>
#include <stdint.h>

/*
 * DNS messages (RFC 1035) as a client needs them: one question, and what an
 * answer says to it.  Pure: no sockets, no clock, no log.
 */

#define DNS_A		1
#define DNS_NS		2
#define DNS_CNAME	5
#define DNS_MX		15
#define DNS_TXT		16
#define DNS_AAAA	28

#define DNS_QUESTION_MAX	288	/* bytes of any question */
#define DNS_UDP_SIZE		1232	/* of an answer over UDP, asked for */
#define DNS_NAME_TEXT		1024	/* of a name with escapes, and NUL */

enum dns_status {
	DNS_ANSWER,		/* at least one record of the kind */
	DNS_NODATA,		/* the name exists, but no such record */
	DNS_NXDOMAIN,		/* there is no such name */
	DNS_TRUNCATED,		/* to be asked again over TCP */
	DNS_STRANGE,		/* not an answer to the question: ignore it */
	DNS_MALFORMED,
	DNS_LOOP,		/* its aliases lead round in a circle */
	DNS_NOEDNS,		/* to be asked again without EDNS */
	DNS_SERVFAIL,
	DNS_REFUSED,
	DNS_LAME,		/* neither responsible nor willing to ask */
	DNS_OTHER		/* an error of another number */
};

/*
 * A question for the records of a name, with EDNS (RFC 6891) or without.  Its
 * length, or 0 when it is no domain name.
 */
size_t		 dns_question(uint8_t *, size_t, uint16_t id, const char *name,
		    uint16_t type, int edns);
/*
 * What the message, without a length before it, says to that question.  Each
 * record of the kind is passed as text: an address, "pref host.", "host.", the
 * strings of a TXT joined, which may be any bytes.  For DNS_CNAME in place of
 * a kind it is the name at the end of the aliases, once.  The callback may be
 * NULL.
 */
enum dns_status	 dns_answer(const uint8_t *msg, size_t len,
		    const uint8_t *question, size_t qlen, uint16_t kind,
		    void (*)(const char *, size_t, void *), void *);
/* The number of a type by its name, and its name in capitals; 0, NULL. */
uint16_t	 dns_type(const char *);
const char	*dns_type_name(uint16_t);

#endif /* DNSMSG_H */
