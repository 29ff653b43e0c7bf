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

#include <stdlib.h>
#include <string.h>

#include "http1.h"
#include "tap.h"

/*
 * Each response is fed in one piece and byte by byte: the outcome must be the
 * same, and is written down as "status reason|body" or "! error".
 */

static char *
repeat(const char *text, size_t n)
{
	char	*buf;
	size_t	 i, len = strlen(text);

	if ((buf = malloc(n * len + 1)) == NULL)
		abort();
	for (i = 0; i < n; i++)
		memcpy(buf + i * len, text, len);
	buf[n * len] = '\0';
	return (buf);
}

/* What a reader makes of it, fed step bytes at a time; 0: all at once. */
static const char *
outcome(const char *text, size_t len, size_t step, int nobody)
{
	static char		 out[512];
	struct http1		 h;
	enum http1_event	 ev = HTTP1_MORE;
	const char		*p, *piece;
	size_t			 n, off, plen, used = 0;
	char			 body[256] = "";

	memset(&h, 0, sizeof(h));
	http1_init(&h, nobody);
	if (step == 0)
		step = len > 0 ? len : 1;
	for (off = 0; off < len && ev != HTTP1_END && ev != HTTP1_BAD;
	    off += step) {
		p = text + off;
		n = len - off < step ? len - off : step;
		do {
			ev = http1_next(&h, &p, &n, &piece, &plen);
			if (ev == HTTP1_BODY && used + plen < sizeof(body)) {
				memcpy(body + used, piece, plen);
				used += plen;
				body[used] = '\0';
			}
		} while (ev == HTTP1_HEAD || ev == HTTP1_BODY);
	}
	if (ev != HTTP1_END && ev != HTTP1_BAD)
		ev = http1_eof(&h);
	if (ev == HTTP1_BAD)
		snprintf(out, sizeof(out), "! %s", h.err);
	else
		snprintf(out, sizeof(out), "%d %s|%s", h.status, h.reason,
		    body);
	http1_free(&h);
	return (out);
}

static void
check(const char *name, const char *text, size_t len, int nobody,
    const char *want)
{
	is_str(outcome(text, len, 0, nobody), want, "%s", name);
	is_str(outcome(text, len, 1, nobody), want, "%s, byte by byte", name);
	is_str(outcome(text, len, 7, nobody), want, "%s, by sevens", name);
}

#define OK	"HTTP/1.1 200 OK\r\n"
#define FOLDS10	" f\r\n f\r\n f\r\n f\r\n f\r\n f\r\n f\r\n f\r\n f\r\n f\r\n"
#define FOLDS	FOLDS10 FOLDS10 FOLDS10

static const struct {
	const char	*name, *text, *want;
} answers[] = {
	{ "counted body", OK "Content-Length: 5\r\n\r\nhello, more",
	    "200 OK|hello" },
	{ "empty body", OK "Content-Length: 0\r\n\r\n", "200 OK|" },
	{ "body until the end", OK "\r\nall of this",
	    "200 OK|all of this" },
	{ "HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nx", "200 OK|x" },
	{ "chunks", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
	    "200 OK|abc0123456789" },
	{ "chunk extensions and trailers", OK
	    "transfer-encoding: CHUNKED\r\n\r\n3;a=\"b\"\r\nabc\r\n"
	    "0\r\nX: y\r\nZ: 1\r\n\r\n", "200 OK|abc" },
	{ "304 has no body", "HTTP/1.1 304 Not Modified\r\n"
	    "Content-Length: 9\r\n\r\n", "304 Not Modified|" },
	{ "204 has no body", "HTTP/1.1 204 No Content\r\n\r\nxx",
	    "204 No Content|" },
	{ "interim responses", "HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 103 Hints\r\nContent-Length: 7\r\n\r\n" OK
	    "Content-Length: 2\r\n\r\nhi", "200 OK|hi" },
	{ "no reason", "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n",
	    "404 |" },
	{ "no space before no reason",
	    "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", "404 |" },
	{ "bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
	    "200 OK|hi" },
	{ "equal lengths", OK "Content-Length: 2\r\n"
	    "Content-Length: 2\r\n\r\nhi", "200 OK|hi" },
	{ "blanks around a value", OK "Content-Length: \t 2 \t\r\n\r\n"
	    "hi", "200 OK|hi" },
	{ "status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
	    "999 Odd|" },

	{ "nothing", "", "! closed without an answer" },
	{ "another protocol", "SSH-2.0-x\r\n",
	    "! malformed HTTP response" },
	{ "another protocol without a line's end", "\x4a\1\1\1\1\1",
	    "! malformed HTTP response" },
	{ "a cut status line", "HTTP/1.1 20",
	    "! malformed HTTP response" },
	{ "HTTP/2", "HTTP/2 200 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "status of two digits", "HTTP/1.1 20 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "status 099", "HTTP/1.1 099 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "status of four digits", "HTTP/1.1 2000 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "signed status", "HTTP/1.1 +20 OK\r\n\r\n",
	    "! malformed HTTP response" },
	{ "escape in reason", "HTTP/1.1 200 \33[31m\r\n\r\n",
	    "! malformed HTTP response" },
	{ "protocol switch", "HTTP/1.1 101 Switching\r\n\r\n",
	    "! unasked-for protocol switch" },
	{ "length and chunks", OK "Content-Length: 3\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
	    "200 OK|body" },
	{ "chunks and length", OK "Transfer-Encoding: chunked\r\n"
	    "Content-Length: 3\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
	    "200 OK|body" },
	{ "chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "! Transfer-Encoding in HTTP/1.0" },
	{ "two lengths", OK "Content-Length: 2\r\n"
	    "Content-Length: 3\r\n\r\nhi", "! bad Content-Length" },
	{ "list of lengths", OK "Content-Length: 2, 2\r\n\r\nhi",
	    "! bad Content-Length" },
	{ "negative length", OK "Content-Length: -1\r\n\r\n",
	    "! bad Content-Length" },
	{ "signed length", OK "Content-Length: +1\r\n\r\n",
	    "! bad Content-Length" },
	{ "hexadecimal length", OK "Content-Length: 0x2\r\n\r\n",
	    "! bad Content-Length" },
	{ "length without digits", OK "Content-Length:\r\n\r\n",
	    "! bad Content-Length" },
	{ "length beyond 64 bits", OK
	    "Content-Length: 18446744073709551616\r\n\r\n",
	    "! bad Content-Length" },
	{ "gzip, chunked", OK "Transfer-Encoding: gzip, chunked\r\n"
	    "\r\n", "! unsupported Transfer-Encoding" },
	{ "chunked twice", OK "Transfer-Encoding: chunked\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n",
	    "! unsupported Transfer-Encoding" },
	{ "folded line", OK "A: b\r\n c\r\n\td\r\n\r\nx", "200 OK|x" },
	{ "folded length", OK "Content-Length: 1\r\n 2\r\n\r\nx",
	    "! folded header line" },
	{ "a folded line after a length", OK "A: b\r\nContent-Length: 1\r\n"
	    " c\r\n\r\nx", "! folded header line" },
	{ "folded lines without end", OK "A: b\r\n" FOLDS FOLDS FOLDS FOLDS
	    "\r\n", "! too many header lines" },
	{ "blank before the first field", OK " A: b\r\n\r\n",
	    "! folded header line" },
	{ "blank before the colon", OK "A : b\r\n\r\n",
	    "! malformed header line" },
	{ "no colon", OK "Content-Length 5\r\n\r\n",
	    "! malformed header line" },
	{ "no name", OK ": b\r\n\r\n", "! malformed header line" },
	{ "CR within a value", OK "A: b\rContent-Length: 1\r\n\r\n",
	    "! malformed header line" },
	{ "a name with a comma", OK "A,B: c\r\n\r\n",
	    "! malformed header line" },
	{ "two Locations", OK "Location: /a\r\nLocation: /b\r\n\r\n",
	    "! more than one Location" },
	{ "cut header", OK "A: b\r\n",
	    "! unexpected end of the stream" },
	{ "cut body", OK "Content-Length: 5\r\n\r\nhell",
	    "! unexpected end of the stream" },
	{ "cut chunk", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
	    "! unexpected end of the stream" },
	{ "no last chunk", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "1\r\nh\r\n", "! unexpected end of the stream" },
	{ "no end of trailers", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "0\r\n", "! unexpected end of the stream" },
	{ "chunk size beyond 64 bits", OK
	    "Transfer-Encoding: chunked\r\n\r\n"
	    "10000000000000000\r\n", "! malformed chunk" },
	{ "chunk size with 0x", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "0x3\r\nabc\r\n", "! malformed chunk" },
	{ "negative chunk size", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "-1\r\n", "! malformed chunk" },
	{ "chunk without size", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "\r\n", "! malformed chunk" },
	{ "chunk longer than it says", OK
	    "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
	    "! malformed chunk" },
	{ "bad trailer", OK "Transfer-Encoding: chunked\r\n\r\n"
	    "0\r\nx y\r\n\r\n", "! malformed trailer line" },
};

static void
test_table(void)
{
	size_t	 i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		check(answers[i].name, answers[i].text,
		    strlen(answers[i].text), 0, answers[i].want);
	check("HEAD", OK "Content-Length: 5\r\n\r\n",
	    strlen(OK "Content-Length: 5\r\n\r\n"), 1, "200 OK|");
	check("NUL in a value", OK "A: b\0c\r\n\r\n",
	    sizeof(OK "A: b\0c\r\n\r\n") - 1, 0, "! malformed header line");
	check("NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n",
	    sizeof("HTTP/1.1 200 O\0K\r\n\r\n") - 1, 0,
	    "! malformed HTTP response");
}

/* head, n times the line, tail */
static void
bound(const char *name, const char *head, const char *line, size_t n,
    const char *tail, const char *want)
{
	char	*lines, *text;

	lines = repeat(line, n);
	if (asprintf(&text, "%s%s%s", head, lines, tail) == -1)
		abort();
	is_str(outcome(text, strlen(text), 0, 0), want, "%s", name);
	is_str(outcome(text, strlen(text), 1, 0), want, "%s, byte by byte",
	    name);
	free(lines);
	free(text);
}

static void
test_bounds(void)
{
	bound("100 lines", OK, "A: b\r\n", HTTP1_LINES_MAX, "\r\nx",
	    "200 OK|x");
	bound("101 lines", OK, "A: b\r\n", HTTP1_LINES_MAX + 1, "\r\n",
	    "! too many header lines");
	bound("101 interim responses", "", "HTTP/1.1 100 Go\r\n\r\n",
	    HTTP1_LINES_MAX + 1, OK "\r\n", "! too many header lines");
	bound("64 KiB", OK "A: ", "a",
	    HTTP1_HEAD_MAX - strlen(OK "A: \r\n\r\n"), "\r\n\r\nx", "200 OK|x");
	bound("64 KiB and one", OK "A: ", "a",
	    HTTP1_HEAD_MAX - strlen(OK "A: \r\n\r\n") + 1, "\r\n\r\nx",
	    "! header too large");
	bound("a line without end", "HTTP/1.1 200 ", "a", 100000, "",
	    "! header too large");
	bound("a chunk line without end",
	    OK "Transfer-Encoding: chunked\r\n\r\n1;", "a",
	    HTTP1_CHUNKLINE_MAX, "\r\nx\r\n0\r\n\r\n", "! header too large");
	bound("many chunks", OK "Transfer-Encoding: chunked\r\n\r\n",
	    "1;a=b\r\nx\r\n", 200, "0\r\n\r\n",
	    "200 OK|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxx");
	bound("101 trailers", OK "Transfer-Encoding: chunked\r\n\r\n0\r\n",
	    "A: b\r\n", HTTP1_LINES_MAX + 1, "\r\n",
	    "! too many header lines");
	bound("a Location that is too long", OK "Location: /", "a",
	    HTTP1_LOCATION_MAX, "\r\n\r\n", "! Location too long");
	bound("a long reason is cut", "HTTP/1.1 200 ", "r", 300,
	    "\r\nContent-Length: 0\r\n\r\n",
	    "200 rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
	    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
	    "rrrrrr|");
}

/* The fields a client wants, and one reader for one message after another. */
static void
test_fields(void)
{
	static const char	 one[] = "HTTP/1.1 503 Busy\r\nRetry-After: 12"
				    "\r\nLOCATION: /x\r\n\r\n";
	static const char	 two[] = OK "Retry-After: Fri, 31 Dec 1999 "
				    "23:59:59 GMT\r\nLocation: \r\n\r\n";
	struct http1		 h;
	const char		*p, *piece;
	size_t			 n, len;

	memset(&h, 0, sizeof(h));
	http1_init(&h, 0);
	p = one;
	n = strlen(one);
	is_int(http1_next(&h, &p, &n, &piece, &len), HTTP1_HEAD, "a header");
	is_int(h.retry_after, 12, "Retry-After in seconds");
	is_str(h.location, "/x", "Location");
	http1_init(&h, 0);
	p = two;
	n = strlen(two);
	is_int(http1_next(&h, &p, &n, &piece, &len), HTTP1_HEAD, "the next");
	is_int(h.retry_after, -1, "Retry-After as a date is absent");
	ok(h.location == NULL, "an empty Location is absent");
	http1_free(&h);
}

static void
test_request(void)
{
	struct http1_req	 r;
	char			*buf = NULL;
	size_t			 cap = 0, len;

	memset(&r, 0, sizeof(r));
	r.method = "GET";
	r.target = "/a?b";
	r.host = "example.org:8080";
	len = http1_request(&r, &buf, &cap);
	ok(len == strlen(buf), "its length");
	is_str(buf, "GET /a?b HTTP/1.1\r\nHost: example.org:8080\r\n"
	    "User-Agent: quptime/1.0\r\nConnection: close\r\n\r\n", "GET");
	r.method = "POST";
	r.auth = "dXNlcjpwdw==";
	r.content_type = "application/json";
	r.body = "{\"a\":1}";
	r.bodylen = 7;
	len = http1_request(&r, &buf, &cap);
	ok(len < cap, "there is room");
	buf[len] = '\0';
	is_str(buf, "POST /a?b HTTP/1.1\r\nHost: example.org:8080\r\n"
	    "User-Agent: quptime/1.0\r\nConnection: close\r\n"
	    "Authorization: Basic dXNlcjpwdw==\r\n"
	    "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n"
	    "{\"a\":1}", "POST");
	free(buf);
}

int
main(void)
{
	test_table();
	test_bounds();
	test_fields();
	test_request();
	return (tap_done());
}
