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
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <err.h>
#include <event.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

#include "certs.h"
#include "conn.h"
#include "httpc.h"
#include "quptimed.h"
#include "resolve.h"
#include "server.h"
#include "tap.h"

/* The client side over real sockets, plain and TLS, against forked servers. */

#define DAY	86400L

struct outcome {
	int	 calls;
	int	 status;
	int	 timeout;
	int	 truncated;
	int	 stage;
	long	 retry_after;
	char	 err[256];
	char	 url[256];
	char	 reason[128];
	char	 body[4096];
	size_t	 bodylen;
};

static uint16_t		 port;
static struct servers	*servers;
static struct outcome	 out;

static void
answered(const struct httpc_res *res, void *arg)
{
	struct outcome	*o = arg;

	o->calls++;
	o->status = res->status;
	o->timeout = res->timeout;
	o->truncated = res->truncated;
	o->stage = res->stage;
	o->retry_after = res->retry_after;
	strlcpy(o->err, res->err != NULL ? res->err : "", sizeof(o->err));
	strlcpy(o->url, res->url, sizeof(o->url));
	strlcpy(o->reason, res->reason, sizeof(o->reason));
	strlcpy(o->body, res->body, sizeof(o->body));
	o->bodylen = res->bodylen;
}

static void
run(const char *method, const char *url, const char *body, int redirects,
    size_t keep, int ms)
{
	struct httpc_req	 req;

	memset(&out, 0, sizeof(out));
	memset(&req, 0, sizeof(req));
	req.method = method;
	req.url = url;
	if (body != NULL) {
		req.content_type = "text/x-test";
		req.body = body;
		req.bodylen = strlen(body);
	}
	req.redirects = redirects;
	req.servers = servers;
	req.keep = keep;
	req.deadline = mono_add(mono_now(), MONO_MSEC(ms));
	if (httpc_start(&req, answered, &out) == NULL)
		err(1, "httpc_start");
	if (out.calls != 0)
		errx(1, "called back at once");
	while (out.calls == 0)
		event_loop(EVLOOP_ONCE);
}

static void
get(const char *path, int redirects, size_t keep, int ms)
{
	char	 url[256];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
	run("GET", url, NULL, redirects, keep, ms);
}

static void
test_answers(void)
{
	get("/ok", 0, 100, 5000);
	is_int(out.calls, 1, "one answer");
	is_int(out.status, 200, "its status");
	is_str(out.reason, "OK", "its reason");
	is_str(out.body, "ok\n", "its body");
	get("/ok", 0, 0, 5000);
	is_int(out.status, 200, "without a body");
	is_int(out.bodylen, 0, "none is kept");
	get("/chunked", 0, 100, 5000);
	is_str(out.body, "hello, world", "chunks");
	get("/close", 0, 100, 5000);
	is_str(out.body, "until the end", "until the end");
	get("/early", 5, 100, 5000);
	is_str(out.body, "ok", "after an interim response");
	get("/big", 0, 1000, 5000);
	ok(out.truncated && out.bodylen == 1000, "cut at what is kept");
	get("/chunked", 0, 12, 5000);
	ok(!out.truncated && out.bodylen == 12, "exactly what is kept");
	get("/retry", 0, 10, 5000);
	is_int(out.retry_after, 7, "Retry-After");
	get("/vis", 0, 10, 5000);
	is_str(out.reason, "\\x9b31m\xc3\xa9", "a reason made safe");
	get("/cut", 0, 10, 5000);
	is_str(out.err, "unexpected end of the stream", "a cut body");
	is_int(out.stage, HTTPC_BODY, "which is after the header");
	get("/eof", 0, 10, 5000);
	is_str(out.err, "closed without an answer", "no answer");
	is_int(out.stage, HTTPC_HEAD, "which is before it");
	is_int(out.status, 0, "and has no status");
	get("/slow", 0, 10, 100);
	is_str(out.err, "deadline exceeded (timeout)", "the deadline");
	is_int(out.timeout, 1, "is marked as such");
	get("/drip", 0, 1000000, 300);
	is_int(out.timeout, 1, "bytes now and then do not extend it");
	run("GET", "http://[::1/", NULL, 0, 0, 1000);
	is_str(out.err, "missing ']' in host", "a bad URL");
	is_int(out.stage, HTTPC_URL, "is known as that");
	run("GET", "http://127.0.0.1:1/", NULL, 0, 0, 1000);
	is_str(out.err, "connect 127.0.0.1:1: Connection refused", "refused");
	run("GET", "http://nobody.invalid/", NULL, 0, 0, 100);
	is_str(out.err, "resolve nobody.invalid: deadline exceeded (timeout)",
	    "a name server that is silent");
}

static void
test_redirects(void)
{
	char	 url[128], want[160];

	get("/to/3", 10, 4000, 5000);
	is_int(out.status, 200, "three redirects");
	ok(strncmp(out.body, "GET /echo HTTP/1.1\r\n", 20) == 0,
	    "lead there");
	get("/to/3", 3, 0, 5000);
	is_int(out.status, 200, "as many as allowed");
	get("/to/3", 2, 0, 5000);
	is_str(out.err, "stopped after 2 redirects", "one less");
	get("/loop", 10, 0, 5000);
	is_str(out.err, "stopped after 10 redirects", "a loop");
	get("/loop", 0, 0, 5000);
	is_int(out.status, 301, "none allowed: it is the answer");
	get("/noloc", 10, 0, 5000);
	is_int(out.status, 302, "no Location: it is the answer");
	get("/ftp", 10, 0, 5000);
	is_str(out.err, "unsupported protocol scheme", "to another protocol");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/307", port);
	run("POST", url, "data", 5, 4000, 5000);
	ok(strncmp(out.body, "POST /echo ", 11) == 0 &&
	    strstr(out.body, "\r\n\r\ndata") != NULL, "307 keeps the method");
	snprintf(url, sizeof(url), "http://u:secret@127.0.0.1:%u/303", port);
	run("POST", url, "data", 5, 4000, 5000);
	ok(strncmp(out.body, "GET /echo?x ", 12) == 0 &&
	    strstr(out.body, "data") == NULL &&
	    strstr(out.body, "Content-Type") == NULL, "303 does not");
	ok(strstr(out.body, "Authorization: Basic dTpzZWNyZXQ=\r\n") != NULL,
	    "the user goes along on the same host");
	snprintf(want, sizeof(want), "http://u:***@127.0.0.1:%u/echo?x", port);
	is_str(out.url, want, "the password is not shown");
}

static int
count_sink(int status, const void *data, size_t len, void *arg)
{
	struct outcome	*o = arg;

	(void)status;
	if (data != NULL)
		o->bodylen += len;
	return (o->bodylen > 100000);
}

static void
test_sink(void)
{
	struct httpc_req	 req;
	struct httpc		*h;
	char			 url[64];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/big", port);
	memset(&req, 0, sizeof(req));
	memset(&out, 0, sizeof(out));
	req.method = "GET";
	req.url = url;
	req.sink = count_sink;
	req.deadline = mono_add(mono_now(), MONO_SEC(5));
	httpc_start(&req, answered, &out);
	while (out.calls == 0)
		event_loop(EVLOOP_ONCE);
	is_int(out.status, 200, "a sink that has seen enough ends it well");
	if ((h = httpc_start(&req, answered, &out)) != NULL)
		httpc_cancel(h);
	event_loop(EVLOOP_NONBLOCK);
	is_int(out.calls, 1, "cancelled: not called back");
}

/* A certificate for the names, signed by the issuer or by itself. */
static X509 *
cert_make(EVP_PKEY *key, const char *cn, const char *san, X509 *ca,
    EVP_PKEY *cakey, long from, long to)
{
	static long	 serial = 1;
	X509V3_CTX	 ctx;
	X509_EXTENSION	*ext;
	X509_NAME	*name;
	X509		*x;

	if ((x = X509_new()) == NULL)
		errx(1, "X509_new");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	X509_set_pubkey(x, key);
	name = X509_get_subject_name(x);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, ca != NULL ? X509_get_subject_name(ca) : name);
	X509V3_set_ctx(&ctx, ca != NULL ? ca : x, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, san != NULL ?
	    NID_subject_alt_name : NID_basic_constraints,
	    san != NULL ? san : "critical,CA:TRUE");
	if (ext == NULL || X509_add_ext(x, ext, -1) == 0 ||
	    X509_sign(x, cakey != NULL ? cakey : key, EVP_sha256()) == 0)
		errx(1, "certificate %s", cn);
	X509_EXTENSION_free(ext);
	return (x);
}

static char *
cert_pem(X509 *x)
{
	BIO	*bio;
	char	*data, *text;
	long	 len;

	if ((bio = BIO_new(BIO_s_mem())) == NULL ||
	    PEM_write_bio_X509(bio, x) == 0)
		errx(1, "PEM");
	len = BIO_get_mem_data(bio, &data);
	text = strndup(data, len);
	BIO_free(bio);
	X509_free(x);
	return (text);
}

static void
verify(const char *name, X509 *x, const char *host, const char *want)
{
	const char	*errstr;
	char		*pem;

	pem = cert_pem(x);
	errstr = certs_verify((const uint8_t *)pem, strlen(pem), host);
	is_str(errstr != NULL ? errstr : "good", want, "%s", name);
	free(pem);
}

static void
test_certs(EVP_PKEY *key, X509 *ca, EVP_PKEY *cakey)
{
	static const char	 junk[] = "-----BEGIN CERTIFICATE-----\nAAAA\n";
	static const char	 host[] = "DNS:a.test,DNS:*.b.test,IP:192.0.2.1"
				    ",IP:2001:db8::1";
	EVP_PKEY		*other;

	verify("its host", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "a.test", "good");
	verify("in capitals", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "A.Test", "good");
	verify("a wildcard", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "w.b.test", "good");
	verify("for one label only", cert_make(key, "x", host, ca, cakey, -DAY,
	    DAY), "v.w.b.test", "certificate is for another host");
	verify("an address", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "192.0.2.1", "good");
	verify("IPv6", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "2001:db8::1", "good");
	verify("another address", cert_make(key, "x", host, ca, cakey, -DAY,
	    DAY), "192.0.2.2", "certificate is for another host");
	verify("another host", cert_make(key, "x", host, ca, cakey, -DAY, DAY),
	    "aa.test", "certificate is for another host");
	verify("expired", cert_make(key, "x", host, ca, cakey, -2 * DAY, -DAY),
	    "a.test", "certificate has expired");
	verify("too early", cert_make(key, "x", host, ca, cakey, DAY, 2 * DAY),
	    "a.test", "certificate is not yet valid");
	verify("self-signed", cert_make(key, "x", host, NULL, NULL, -DAY, DAY),
	    "a.test", "certificate is self-signed");
	if ((other = EVP_EC_gen("P-256")) == NULL)
		errx(1, "EVP_EC_gen");
	verify("a forged issuer", cert_make(key, "x", host, ca, other, -DAY,
	    DAY), "a.test", "certificate signature failure");
	EVP_PKEY_free(other);
	is_str(certs_verify((const uint8_t *)junk, strlen(junk), "a.test"),
	    "malformed certificate chain", "junk");
}

static int
text_fd(const char *text)
{
	char	 path[] = "/tmp/httpc_test.XXXXXX";
	int	 fd;

	if ((fd = mkstemp(path)) == -1 ||
	    write(fd, text, strlen(text)) == -1)
		err(1, "%s", path);
	unlink(path);
	return (fd);
}

/* Answers each connection with a fixed text. */
static pid_t
tls_server_start(int ls, const char *cert, EVP_PKEY *key)
{
	static const char	 text[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Length: 6\r\n\r\nsecret";
	struct tls_config	*conf;
	struct tls		*ctx, *c;
	BIO			*bio;
	char			*pem, buf[1024];
	long			 len;
	pid_t			 pid;
	int			 fd;

	fflush(stdout);
	if ((pid = fork()) != 0) {
		close(ls);
		return (pid);
	}
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &pem);
	if ((conf = tls_config_new()) == NULL || (ctx = tls_server()) == NULL ||
	    tls_config_set_keypair_mem(conf, (const uint8_t *)cert,
	    strlen(cert), (const uint8_t *)pem, len) == -1 ||
	    tls_configure(ctx, conf) == -1)
		_exit(1);
	while ((fd = accept(ls, NULL, NULL)) != -1) {
		if (tls_accept_socket(ctx, &c, fd) == 0 &&
		    tls_read(c, buf, sizeof(buf)) > 0) {
			tls_write(c, text, sizeof(text) - 1);
			tls_close(c);
		}
		tls_free(c);
		close(fd);
	}
	_exit(1);
}

static void
test_tls(void)
{
	EVP_PKEY	*cakey, *key;
	X509		*ca;
	char		*capem, *cert, url[64];
	uint16_t	 tlsport;
	pid_t		 pid;
	int		 ls;

	if ((cakey = EVP_EC_gen("P-256")) == NULL ||
	    (key = EVP_EC_gen("P-256")) == NULL)
		errx(1, "EVP_EC_gen");
	ca = cert_make(cakey, "Test CA", NULL, NULL, NULL, -DAY, DAY);
	X509_up_ref(ca);
	capem = cert_pem(ca);
	cert = cert_pem(cert_make(key, "x", "IP:127.0.0.1", ca, cakey, -DAY,
	    DAY));
	ls = server_listen(&tlsport);
	pid = tls_server_start(ls, cert, key);

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", tlsport);
	run("GET", url, NULL, 0, 100, 5000);
	is_str(out.err, "tls: no CA bundle on this node", "no bundle");
	httpc_set_ca(text_fd(capem));
	run("GET", url, NULL, 0, 100, 5000);
	is_str(out.err, "", "https");
	is_str(out.body, "secret", "its body");
	snprintf(url, sizeof(url), "https://localhost:%u/", tlsport);
	run("GET", url, NULL, 0, 100, 5000);
	is_str(out.err, "tls: certificate is for another host", "by name");
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", port);
	run("GET", url, NULL, 0, 100, 200);
	ok(out.err[0] != '\0', "https to a plain server: %s", out.err);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", tlsport);
	run("GET", url, NULL, 0, 100, 5000);
	ok(out.err[0] != '\0', "http to a TLS server: %s", out.err);

	test_certs(key, ca, cakey);
	httpc_set_ca(text_fd("junk"));
	is_str(certs_verify((const uint8_t *)cert, strlen(cert), "127.0.0.1"),
	    "no CA bundle on this node", "a bundle of junk");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(cakey);
	free(capem);
	free(cert);
}

int
main(void)
{
	struct sockaddr_in	 sin;
	char			 text[32], *v[1] = { text };
	socklen_t		 len = sizeof(sin);
	pid_t			 pid;
	int			 fd, ls;

	log_init(LOG_STYLE_PLAIN, 0);
	signal(SIGPIPE, SIG_IGN);
	ls = server_listen(&port);
	pid = server_start(ls);
	event_init();
	httpc_init();
	/* The name server is silent. */
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "socket");
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(sin.sin_port));
	servers = servers_get(v, 1);
	test_answers();
	test_redirects();
	test_sink();
	test_tls();
	servers_unref(servers);
	httpc_shutdown();
	close(fd);
	server_stop(pid);
	return (tap_done());
}
