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


#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "json.h"
#include "quorum.h"

/*
 * Enrollment tokens: what an operator carries from a cluster to the host that
 * is to join it.  Pure.
 */

#define HASH_PREFIX	"sha256:"
#define PREFIX_LEN	(sizeof(HASH_PREFIX) - 1)
#define ENDPOINTS_MAX	MAX_PEERS

static char	*base64_encode(const char *, size_t);
static char	*base64_decode(const char *, size_t *, const char **);
static int	 base64_value(int);
static int	 hex_value(int);

/* RFC 4648, section 5. */
static const char	 alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_";

#define F(s, m, j, t, fl, hi, ...)					\
	{ .json = (j), .type = (t), .flags = (fl),			\
	  .offset = offsetof(struct s, m), .max = (hi), __VA_ARGS__ }

static const struct field	endpoint_fields[] = {
	F(endpoint, advertise, "advertise", FT_STR, 0, 0),
	F(endpoint, fingerprint, "fingerprint", FT_STR, 0, 0),
};
static const struct record	endpoint_record = {
	.name = "endpoint", .size = sizeof(struct endpoint),
	.extra = RECORD_NOEXTRA, .fields = endpoint_fields,
	.nfields = sizeof(endpoint_fields) / sizeof(endpoint_fields[0])
};
static const struct field	token_fields[] = {
	F(token, id, "id", FT_STR, 0, 0),
	F(token, secret, "secret", FT_STR, F_SECRET, 0),
	F(token, endpoints, "endpoints", FT_RECS, 0, ENDPOINTS_MAX,
	    .rec = &endpoint_record),
	F(token, expires_at, "expires_at", FT_TIME, 0, 0),
};
static const struct record	token_record = {
	.name = "token", .size = sizeof(struct token),
	.extra = RECORD_NOEXTRA, .fields = token_fields,
	.nfields = sizeof(token_fields) / sizeof(token_fields[0])
};

char *
token_format(const struct token *token)
{
	struct json	*json;
	const char	*text;
	char		*out = NULL;
	size_t		 len;

	if ((json = json_new()) == NULL)
		return (NULL);
	json_record(json, NULL, &token_record, token);
	if ((text = json_text(json, &len)) != NULL)
		out = base64_encode(text, len);
	json_free(json);
	return (out);
}

int
token_parse(const char *text, struct token *token, struct verr *ve)
{
	const char	*why;
	char		*json, buf[400];
	size_t		 len;
	int		 rv;

	memset(ve, 0, sizeof(*ve));
	if (strlen(text) > TOKEN_TEXT_MAX)
		return (verr_set(ve, "", "decode token: longer than %d bytes",
		    TOKEN_TEXT_MAX));
	if ((json = base64_decode(text, &len, &why)) == NULL)
		return (verr_set(ve, "", "decode token: %s", why));
	rv = json_parse(&token_record, token, json, len, ve);
	freezero(json, len + 1);
	if (rv == -1) {
		(void)snprintf(buf, sizeof(buf), "%s%s%.200s", ve->path,
		    ve->path[0] != '\0' ? ": " : "", ve->msg);
		memset(ve, 0, sizeof(*ve));
		return (verr_set(ve, "", "parse token: %s", buf));
	}
	if (*str(token->id) == '\0' || *str(token->secret) == '\0' ||
	    token->endpoints.n == 0) {
		token_clear(token);
		return (verr_set(ve, "", "malformed token: missing id, secret, "
		    "or endpoints"));
	}
	return (0);
}

void
token_clear(struct token *token)
{
	record_clear(&token_record, token);
}

/* Of the secret as it is written, not of the bytes it stands for. */
void
token_hash(const char *secret, char *buf, size_t size)
{
	uint8_t	 md[SHA256_DIGEST_LENGTH];
	size_t	 i, n;

	(void)SHA256((const uint8_t *)secret, strlen(secret), md);
	n = strlcpy(buf, HASH_PREFIX, size);
	for (i = 0; i < sizeof(md) && n + 2 < size; i++, n += 2)
		(void)snprintf(buf + n, size - n, "%02x", md[i]);
}

int
token_verify(const char *secret, const char *hash)
{
	uint8_t	 md[SHA256_DIGEST_LENGTH], want[SHA256_DIGEST_LENGTH];
	int	 hi, lo, bad;
	size_t	 i;

	bad = strncmp(hash, HASH_PREFIX, PREFIX_LEN) != 0 ||
	    strlen(hash) != PREFIX_LEN + 2 * sizeof(want);
	memset(want, 0, sizeof(want));
	for (i = 0; !bad && i < sizeof(want); i++) {
		hi = hex_value(hash[PREFIX_LEN + 2 * i]);
		lo = hex_value(hash[PREFIX_LEN + 2 * i + 1]);
		if (hi == -1 || lo == -1)
			bad = 1;
		else
			want[i] = hi << 4 | lo;
	}
	(void)SHA256((const uint8_t *)secret, strlen(secret), md);
	return (CRYPTO_memcmp(md, want, sizeof(md)) == 0 && !bad);
}

static char *
base64_encode(const char *data, size_t len)
{
	const uint8_t	*p = (const uint8_t *)data;
	uint32_t	 bits;
	char		*out, *o;
	size_t		 n;

	if (len > SIZE_MAX / 2 || (out = malloc(len / 3 * 4 + 5)) == NULL)
		return (NULL);
	for (o = out; len > 0; p += n, len -= n) {
		n = len < 3 ? len : 3;
		bits = (uint32_t)p[0] << 16;
		if (n > 1)
			bits |= (uint32_t)p[1] << 8;
		if (n > 2)
			bits |= p[2];
		*o++ = alphabet[bits >> 18];
		*o++ = alphabet[bits >> 12 & 63];
		if (n > 1)
			*o++ = alphabet[bits >> 6 & 63];
		if (n > 2)
			*o++ = alphabet[bits & 63];
	}
	*o = '\0';
	return (out);
}

/* Line ends do not count: a mail program may have put them there. */
static char *
base64_decode(const char *text, size_t *len, const char **why)
{
	uint32_t	 bits = 0;
	uint8_t		*out;
	size_t		 size, n = 0, digits = 0;
	int		 v;

	size = strlen(text) + 1;
	if ((out = calloc(1, size)) == NULL) {
		*why = "out of memory";
		return (NULL);
	}
	for (; *text != '\0'; text++) {
		if (*text == '\r' || *text == '\n')
			continue;
		if ((v = base64_value((unsigned char)*text)) == -1)
			break;
		bits = bits << 6 | (uint32_t)v;
		if (++digits % 4 != 1)
			out[n++] = bits >> (6 - 2 * ((digits - 1) % 4)) & 0xff;
	}
	*why = "not in base64url without padding";
	if (*text != '\0' || digits % 4 == 1) {
		freezero(out, size);
		return (NULL);
	}
	*len = n;
	return ((char *)out);
}

static int
base64_value(int c)
{
	const char	*p;

	if (c == '\0' || (p = strchr(alphabet, c)) == NULL)
		return (-1);
	return ((int)(p - alphabet));
}

static int
hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}
