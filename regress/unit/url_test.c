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

#include "tap.h"
#include "url.h"

static void
test_parse(void)
{
	static const struct {
		const char	*text, *want;
	} t[] = {
		/* tls host port Host target auth shown */
		{ "http://example.org", "0 example.org 80 example.org / - "
		    "http://example.org" },
		{ "HTTP://h/", "0 h 80 h / - http://h/" },
		{ "https://h:443/x", "1 h 443 h /x - https://h:443/x" },
		{ "https://h:80", "1 h 80 h:80 / - https://h:80" },
		{ "http://h:/x", "0 h 80 h /x - http://h:/x" },
		{ "http://[::1]:8080/", "0 ::1 8080 [::1]:8080 / - "
		    "http://[::1]:8080/" },
		{ "http://h?q=1", "0 h 80 h /?q=1 - http://h?q=1" },
		{ "http://h/p?q#frag", "0 h 80 h /p?q - http://h/p?q" },
		{ "http://h#frag", "0 h 80 h / - http://h" },
		{ "http://user:pw@h/", "0 h 80 h / dXNlcjpwdw== "
		    "http://user:***@h/" },
		{ "http://user@h/", "0 h 80 h / dXNlcjo= http://user@h/" },
		{ "http://u%40x:p%3Aw@h/", "0 h 80 h / dUB4OnA6dw== "
		    "http://u%40x:***@h/" },
		{ "http://a:b@c:d@h/", "0 h 80 h / YTpiQGM6ZA== "
		    "http://a:***@h/" },
		{ "http://h/a b\"<>", "0 h 80 h /a%20b%22%3C%3E - "
		    "http://h/a b\"<>" },
		{ "http://h/\xc3\xa9", "0 h 80 h /%C3%A9 - http://h/\xc3\xa9" },
		{ "http://h/%41%zz?", "! invalid escape in URL" },
		{ "http://h/?a=%zz", "0 h 80 h /?a=%zz - http://h/?a=%zz" },
		{ "http://h/%4", "! invalid escape in URL" },
		{ "", "! unsupported protocol scheme" },
		{ "ftp://h/", "! unsupported protocol scheme" },
		{ "http:/h/", "! unsupported protocol scheme" },
		{ "127.0.0.1:1", "! unsupported protocol scheme" },
		{ "http://", "! no host in URL" },
		{ "http:///x", "! no host in URL" },
		{ "http://:80/", "! no host in URL" },
		{ "http://u@/", "! no host in URL" },
		{ "http://[::1", "! missing ']' in host" },
		{ "http://[::1]x/", "! invalid port" },
		{ "http://[1.2.3.4]/", "! invalid host" },
		{ "http://[fe80::1%25eth0]/", "0 fe80::1%eth0 80 [fe80::1] / - "
		    "http://[fe80::1%25eth0]/" },
		{ "http://[fe80::1%25e*h0]/", "! invalid host" },
		{ "http://[fe80::1%252]:81/", "0 fe80::1%2 81 [fe80::1]:81 / - "
		    "http://[fe80::1%252]:81/" },
		{ "http://[fe80::1%2]/", "0 fe80::1%2 80 [fe80::1] / - "
		    "http://[fe80::1%2]/" },
		{ "http://[fe80::1%25]/", "0 fe80::1%25 80 [fe80::1] / - "
		    "http://[fe80::1%25]/" },
		{ "http://[fe80::1%]/", "! invalid host" },
		{ "http://[%2]/", "! no host in URL" },
		{ "http://::1/", "! no host in URL" },
		{ "http://h:0/", "! invalid port" },
		{ "http://h:65536/", "! invalid port" },
		{ "http://h:+1/", "! invalid port" },
		{ "http://h:http/", "! invalid port" },
		{ "http://h h/", "! invalid host" },
		{ "http://h%41/", "! invalid host" },
		{ "http://b\xc3\xbc" "cher.example/",
		    "! host is not ASCII (write its xn-- form)" },
		{ "http://h/\r\nX: y", "! control character in URL" },
		{ "http://h\t/", "! control character in URL" },
		{ "http://h/\x7f", "! control character in URL" },
	};
	struct url	 u;
	const char	*errstr;
	char		 got[512];
	size_t		 i;

	memset(&u, 0, sizeof(u));
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (url_parse(&u, t[i].text, &errstr) == -1)
			snprintf(got, sizeof(got), "! %s", errstr);
		else
			snprintf(got, sizeof(got), "%d %s %u %s %s %s %s",
			    u.tls, u.host, u.port, u.hostport, u.target,
			    u.auth != NULL ? u.auth : "-", u.shown);
		is_str(got, t[i].want, "URL %zu", i);
	}
	url_clear(&u);
}

/* A scope stays through redirects. */
static void
test_zone(void)
{
	struct url	 u;
	const char	*errstr;
	char		*got;

	memset(&u, 0, sizeof(u));
	if (url_parse(&u, "http://u@[fe80::1%2]:81/x/y", &errstr) == -1)
		abort();
	got = url_join(&u, "z", &errstr);
	is_str(got, "http://u@[fe80::1%252]:81/x/z", "with its scope");
	free(got);
	url_clear(&u);
}

static void
test_join(void)
{
	/* RFC 3986, 5.4, as far as it is http */
	static const struct {
		const char	*ref, *want;
	} t[] = {
		{ "g",			"http://a/b/c/g" },
		{ "./g",		"http://a/b/c/g" },
		{ "g/",			"http://a/b/c/g/" },
		{ "/g",			"http://a/g" },
		{ "//g",		"http://g" },
		{ "?y",			"http://a/b/c/d;p?y" },
		{ "g?y",		"http://a/b/c/g?y" },
		{ "#s",			"http://a/b/c/d;p?q" },
		{ "g#s",		"http://a/b/c/g" },
		{ "g;x?y#s",		"http://a/b/c/g;x?y" },
		{ "",			"http://a/b/c/d;p?q" },
		{ ".",			"http://a/b/c/" },
		{ "./",			"http://a/b/c/" },
		{ "..",			"http://a/b/" },
		{ "../",		"http://a/b/" },
		{ "../g",		"http://a/b/g" },
		{ "../..",		"http://a/" },
		{ "../../g",		"http://a/g" },
		{ "../../../g",		"http://a/g" },
		{ "../../../../g",	"http://a/g" },
		{ "/./g",		"http://a/g" },
		{ "/../g",		"http://a/g" },
		{ "g.",			"http://a/b/c/g." },
		{ "..g",		"http://a/b/c/..g" },
		{ "./../g",		"http://a/b/g" },
		{ "./g/.",		"http://a/b/c/g/" },
		{ "g/./h",		"http://a/b/c/g/h" },
		{ "g/../h",		"http://a/b/c/h" },
		{ "g;x=1/../y",		"http://a/b/c/y" },
		{ "g?y/../x",		"http://a/b/c/g?y/../x" },
		{ "https://h/x",	"https://h/x" },
		{ "mailto:x",		"mailto:x" },
	};
	struct url	 u;
	const char	*errstr;
	char		*got, *big;
	size_t		 i;

	memset(&u, 0, sizeof(u));
	ok(url_parse(&u, "http://a/b/c/d;p?q", &errstr) == 0, "the base");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		got = url_join(&u, t[i].ref, &errstr);
		is_str(got, t[i].want, "reference \"%s\"", t[i].ref);
		free(got);
	}
	ok(url_parse(&u, "https://u:p@[::1]:8443/x", &errstr) == 0, "a base");
	got = url_join(&u, "y", &errstr);
	is_str(got, "https://u:p@[::1]:8443/y", "the user stays at the host");
	free(got);
	if ((big = malloc(URL_MAX + 2)) == NULL)
		abort();
	memset(big, 'a', URL_MAX + 1);
	big[URL_MAX + 1] = '\0';
	ok(url_join(&u, big, &errstr) == NULL, "too long: %s", errstr);
	memcpy(big, "http://", 7);
	ok(url_parse(&u, big, &errstr) == -1, "too long: %s", errstr);
	big[URL_MAX] = '\0';
	ok(url_parse(&u, big, &errstr) == 0, "just not too long");
	free(big);
	url_clear(&u);
}

int
main(void)
{
	test_parse();
	test_zone();
	test_join();
	return (tap_done());
}
