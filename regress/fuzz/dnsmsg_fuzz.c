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

#include <sys/types.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dnsmsg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void	 text(const char *, size_t, void *);

/*
 * An answer to a question of some type, made to match it in id and question so
 * that what lies behind is reached.  A text comes only with an answer.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint16_t	 types[] = { DNS_A, DNS_AAAA, DNS_CNAME,
				    DNS_MX, DNS_NS, DNS_TXT };
	enum dns_status		 status;
	uint8_t			 question[DNS_QUESTION_MAX], *msg;
	size_t			 n, qlen;
	uint16_t		 type;
	unsigned int		 texts = 0;

	if (len < 1)
		return (0);
	type = types[data[0] % 6];
	qlen = dns_question(question, sizeof(question), 0x4142, "foo.test",
	    type == DNS_CNAME ? DNS_A : type, data[0] & 0x80);
	len--;
	if ((msg = malloc(len > 0 ? len : 1)) == NULL)
		abort();
	memcpy(msg, data + 1, len);
	if (len >= 26 && (data[0] & 0x40) == 0) {
		memcpy(msg, question, 2);
		msg[2] |= 0x80;
		msg[4] = 0;
		msg[5] = 1;
		n = 12 + 10 + 4;
		memcpy(msg + 12, question + 12, n - 12);
	}
	status = dns_answer(msg, len, question, qlen, type, text, &texts);
	if (status == DNS_ANSWER && texts == 0)
		abort();
	if (status == DNS_NODATA && texts != 0)
		abort();
	free(msg);
	return (0);
}

static void
text(const char *s, size_t n, void *arg)
{
	unsigned int	*texts = arg;

	if (s[n] != '\0')
		abort();
	++*texts;
}
