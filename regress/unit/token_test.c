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


#include <libgen.h>
#include <unistd.h>

#include "quorum.h"
#include "tap.h"

/* Tokens, against one that QUptime made. */

static char	 dir[1024];

static void
find_vectors(char *argv0)
{
	const char	*places[] = { ".", "regress/unit", dirname(argv0) };
	size_t		 i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(dir, sizeof(dir), "%s/vectors/token", places[i]);
		if (access(dir, R_OK) == 0)
			return;
	}
	printf("Bail out! no vectors\n");
	exit(1);
}

static const char *
slurp(const char *name)
{
	static char	 buf[65536];
	char		 path[1200];
	size_t		 n;
	FILE		*f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "r")) == NULL) {
		printf("Bail out! %s\n", path);
		exit(1);
	}
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return (buf);
}

static void
test_vector(void)
{
	struct token	 t;
	struct verr	 ve;
	char		 text[65536], wrapped[70000], when[WALL_STRLEN];
	char		*out;
	size_t		 i, n = 0;

	memset(&t, 0, sizeof(t));
	strlcpy(text, slurp("token.txt"), sizeof(text));
	ok(token_parse(text, &t, &ve) == 0, "the vector is a token");
	is_str(t.id, "hNkekBHJ", "its id");
	is_str(t.secret, "vxVMvsfmBV9CsC-WyNpey4GoQ473mIXkRl_BHqSVVXo",
	    "its secret");
	is_int(t.endpoints.n, 2, "two endpoints");
	is_str(((struct endpoint *)t.endpoints.v[1])->advertise,
	    "bravo.example.com:9901", "the second one's address");
	is_str(((struct endpoint *)t.endpoints.v[0])->fingerprint,
	    "sha256:8835e9b0ef763dd767037909e0e18096"
	    "640ade2af6bb5533f942c7c501cffba6", "the first one's key");
	is_str(wall_format(&t.expires_at, when, sizeof(when)),
	    "2026-05-15T15:01:00.123456789Z", "its end");
	out = token_format(&t);
	text[strcspn(text, "\r\n")] = '\0';
	is_str(out, text, "written it is the same, byte for byte");
	freezero(out, strlen(out));
	token_clear(&t);

	for (i = 0; text[i] != '\0'; i++) {
		wrapped[n++] = text[i];
		if (i % 60 == 59) {
			wrapped[n++] = '\r';
			wrapped[n++] = '\n';
		}
	}
	wrapped[n] = '\0';
	ok(token_parse(wrapped, &t, &ve) == 0,
	    "line ends within it do not count");
	token_clear(&t);
}

static void
test_hash(void)
{
	static const char	*const bad[] = {
		"", "sha256:", "sha1:55d1dd3f", "SHA256:55d1dd3f7a15dacf92ecc"
		"ed754e91e3f29dd71f174eb98c14eacbe77ea9ad892",
		"sha256:55d1dd3f7a15dacf92ecced754e91e3f29dd71f174eb98c14eacb"
		"e77ea9ad8",
		"sha256:55d1dd3f7a15dacf92ecced754e91e3f29dd71f174eb98c14eacb"
		"e77ea9ad892a",
		"sha256:g5d1dd3f7a15dacf92ecced754e91e3f29dd71f174eb98c14eacb"
		"e77ea9ad892"
	};
	static const char	 secret[] =
	    "vxVMvsfmBV9CsC-WyNpey4GoQ473mIXkRl_BHqSVVXo";
	static const char	 upper[] =
	    "sha256:55D1DD3F7A15DACF92ECCED754E91"
	    "E3F29DD71F174EB98C14EACBE77EA9AD892";
	char			 buf[72];
	size_t			 i;

	token_hash(secret, buf, sizeof(buf));
	ok(strstr(slurp("secret_hash.json"), buf) != NULL,
	    "the hash is the vector's");
	ok(token_verify(secret, buf), "the secret has that hash");
	ok(token_verify(secret, upper), "in upper case too");
	ok(!token_verify("vxVMvsfmBV9CsC", buf), "another has not");
	ok(!token_verify("", buf), "none has not");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!token_verify(secret, bad[i]), "no secret has \"%s\"",
		    bad[i]);
}

/* What is no token, and why. */
static void
test_hostile(void)
{
	static const struct {
		const char	*text;
		const char	*error;
	} bad[] = {
		{ "", "parse token: " },
		{ "A", "decode token: " },
		{ "e30=", "decode token: " },
		{ "e3 0", "decode token: " },
		{ "e3+0", "decode token: " },
		{ "e3/0", "decode token: " },
		{ "\xc3\xa4", "decode token: " },
		{ "AAAA", "parse token: " },
		{ "bnVsbA", "malformed token: missing id, secret, or "
		    "endpoints" },
		{ "e30", "malformed token: missing id, secret, or endpoints" },
		/* {"id":5} */
		{ "eyJpZCI6NX0", "parse token: id: must be a string" },
		/* {"id":"a","id":"b"} */
		{ "eyJpZCI6ImEiLCJpZCI6ImIifQ", "parse token: id: given" },
		/* {"id":"a","secret":"b","endpoints":[]} */
		{ "eyJpZCI6ImEiLCJzZWNyZXQiOiJiIiwiZW5kcG9pbnRzIjpbXX0",
		    "malformed token: missing id, secret, or endpoints" },
		/* {"endpoints":[5]} */
		{ "eyJlbmRwb2ludHMiOls1XX0", "parse token: endpoints" },
	};
	struct token	 t;
	struct verr	 ve;
	char		*big;
	size_t		 i;

	memset(&t, 0, sizeof(t));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!ok(token_parse(bad[i].text, &t, &ve) == -1 &&
		    strncmp(ve.msg, bad[i].error, strlen(bad[i].error)) == 0,
		    "\"%s\" is refused", bad[i].text))
			printf("#   %s\n", ve.msg);
		ok(t.id == NULL && t.secret == NULL && t.endpoints.n == 0,
		    "and leaves nothing");
	}
	if ((big = malloc(TOKEN_TEXT_MAX + 2)) == NULL)
		exit(1);
	memset(big, 'A', TOKEN_TEXT_MAX + 1);
	big[TOKEN_TEXT_MAX + 1] = '\0';
	ok(token_parse(big, &t, &ve) == -1, "one that is too long is refused");
	free(big);
}

int
main(int argc, char *argv[])
{
	(void)argc;
	find_vectors(argv[0]);
	test_vector();
	test_hash();
	test_hostile();
	return (tap_done());
}
