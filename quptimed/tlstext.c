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

#include <string.h>

#include "conn.h"
#include "fmt.h"

/*
 * Libraries name what happened by routine and reason, and not all by the same
 * words.  The first text found in theirs decides.
 */
static const struct {
	const char	*theirs;
	const char	*ours;
} reasons[] = {
	{ "certificate required",	"the server wants our certificate" },
	{ "bad certificate",		"the server wants our certificate" },
	{ "unrecognized name",		"the server knows no host of that "
					"name" },
	{ "alert protocol version",	"the server speaks no TLS 1.2 or "
					"newer" },
	{ "unsupported protocol",	"the server speaks no TLS 1.2 or "
					"newer" },
	{ "inappropriate fallback",	"the server speaks no TLS 1.2 or "
					"newer" },
	{ "alert handshake failure",	"the server refuses the handshake: no "
					"cipher in common, or it wants a "
					"certificate of us" },
	{ "alert insufficient security", "the server wants stronger ciphers" },
	{ "alert internal error",	"the server reports an internal "
					"error" },
	{ "alert access denied",	"the server denies access" },
	{ "wrong version number",	"first record does not look like a TLS "
					"handshake" },
	{ "unknown protocol",		"first record does not look like a TLS "
					"handshake" },
	{ "packet length too long",	"first record does not look like a TLS "
					"handshake" },
	{ "http request",		"first record does not look like a TLS "
					"handshake" },
	{ "bad record type",		"first record does not look like a TLS "
					"handshake" },
	{ "unexpected message",		"the server does not keep to the "
					"handshake" },
	{ "unsafe legacy renegotiation", "the server's TLS is outdated (no "
					"secure renegotiation)" },
	{ "dh key too small",		"the server's Diffie-Hellman key is "
					"too small" },
	{ "unexpected eof",		"connection closed within the "
					"handshake" },
	{ "EOF",			"connection closed within the "
					"handshake" },
	{ "eset by peer",		"connection reset within the "
					"handshake" },
	{ "roken pipe",			"connection closed within the "
					"handshake" }
};

const char *
tls_plain(const char *text, char *buf, size_t size)
{
	const char	*p;
	size_t		 i;

	if (text == NULL) {
		strlcpy(buf, "the handshake failed", size);
		return (buf);
	}
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcasestr(text, reasons[i].theirs) != NULL) {
			strlcpy(buf, reasons[i].ours, size);
			return (buf);
		}
	/* "handshake failed: error:0A000126:SSL routines::the reason" */
	if (strstr(text, "error:") != NULL &&
	    (p = strrchr(text, ':')) != NULL && p[1] != '\0')
		text = p + 1;
	return (fmt_vis(text, buf, size));
}
