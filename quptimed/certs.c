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

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "fdread.h"
#include "quptimed.h"
#include "resolve.h"

#define CHAIN_MAX	16	/* certificates a server may send */
#define CERTS_LEVEL	1	/* no MD5 or SHA-1, no RSA below 1024 bits */

static X509_STORE	*certs_store(void);
static STACK_OF(X509)	*certs_chain(const uint8_t *, size_t);
static const char	*certs_check(X509_STORE *, STACK_OF(X509) *,
			    const char *);
static const char	*certs_error(int, int);

static int		 ca_fd = -1;
static X509_STORE	*store;

void
certs_set_ca(int fd)
{
	if (ca_fd != -1)
		close(ca_fd);
	ca_fd = fd;
	X509_STORE_free(store);
	store = NULL;
}

const char *
certs_verify(const uint8_t *pem, size_t len, const char *host)
{
	STACK_OF(X509)	*chain;
	X509_STORE	*cas;
	const char	*err;

	if ((cas = certs_store()) == NULL)
		return ("no CA bundle on this node");
	if ((chain = certs_chain(pem, len)) == NULL)
		return ("malformed certificate chain");
	err = certs_check(cas, chain, host);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return (err);
}

void
certs_shutdown(void)
{
	certs_set_ca(-1);
}

/* Loads the bundle when it is first needed: most nodes have no https check. */
static X509_STORE *
certs_store(void)
{
	X509	*ca;
	BIO	*bio;
	char	*text;
	size_t	 len;
	int	 n = 0;

	if (store != NULL || ca_fd == -1)
		return (store);
	text = fd_read_all(ca_fd, TEXT_FILE_MAX, &len);
	if (text == NULL)
		log_warn("CA bundle");
	close(ca_fd);
	ca_fd = -1;
	if (text == NULL)
		return (NULL);
	bio = BIO_new_mem_buf(text, len);
	store = X509_STORE_new();
	if (bio == NULL || store == NULL)
		fatalx("%s: out of memory", __func__);
	while ((ca = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		n += X509_STORE_add_cert(store, ca);
		X509_free(ca);
	}
	ERR_clear_error();
	BIO_free(bio);
	free(text);
	if (n == 0) {
		log_warnx("CA bundle: no certificate in it");
		X509_STORE_free(store);
		store = NULL;
	}
	return (store);
}

static STACK_OF(X509) *
certs_chain(const uint8_t *pem, size_t len)
{
	STACK_OF(X509)	*chain;
	X509		*cert;
	BIO		*bio;

	bio = BIO_new_mem_buf(pem, len);
	chain = sk_X509_new_null();
	if (bio == NULL || chain == NULL)
		fatalx("%s: out of memory", __func__);
	while (sk_X509_num(chain) < CHAIN_MAX &&
	    (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(chain, cert) == 0)
			fatalx("%s: out of memory", __func__);
	BIO_free(bio);
	ERR_clear_error();
	if (sk_X509_num(chain) == 0) {
		sk_X509_free(chain);
		return (NULL);
	}
	return (chain);
}

static const char *
certs_check(X509_STORE *cas, STACK_OF(X509) *chain, const char *host)
{
	X509_STORE_CTX		*ctx;
	X509_VERIFY_PARAM	*param;
	struct addr		 a;
	const char		*err;
	size_t			 n;
	int			 ok;

	if ((ctx = X509_STORE_CTX_new()) == NULL ||
	    X509_STORE_CTX_init(ctx, cas, sk_X509_value(chain, 0),
	    chain) == 0)
		fatalx("%s: out of memory", __func__);
	param = X509_STORE_CTX_get0_param(ctx);
	ok = X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(param, CERTS_LEVEL);
	/* A name counts where RFC 6125 has it, as for browsers. */
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (addr_parse(host, 0, &a) == -1) {
		/* The dot at its end is in no certificate. */
		if ((n = strlen(host)) > 1 && host[n - 1] == '.')
			n--;
		ok &= X509_VERIFY_PARAM_set1_host(param, host, n);
	}
	else if (a.u.sa.sa_family == AF_INET)
		ok &= X509_VERIFY_PARAM_set1_ip(param,
		    (const unsigned char *)&a.u.in.sin_addr, 4);
	else
		ok &= X509_VERIFY_PARAM_set1_ip(param,
		    (const unsigned char *)&a.u.in6.sin6_addr, 16);
	err = NULL;
	if (!ok)
		err = "cannot verify for this host";
	else if (X509_verify_cert(ctx) != 1)
		err = certs_error(X509_STORE_CTX_get_error(ctx),
		    X509_STORE_CTX_get_error_depth(ctx));
	X509_STORE_CTX_free(ctx);
	return (err);
}

/* The server's own certificate is at depth 0, its issuer's at 1. */
static const char *
certs_error(int code, int depth)
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return (depth > 0 ? "an issuer's certificate has expired" :
		    "certificate has expired");
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return (depth > 0 ?
		    "an issuer's certificate is not yet valid" :
		    "certificate is not yet valid");
	case X509_V_ERR_INVALID_PURPOSE:
		return (depth > 0 ? "an issuer's certificate is none for "
		    "servers" : "certificate is not for servers");
	case X509_V_ERR_INVALID_CA:
		return ("certificate is issued by one that must not issue");
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
		return (depth > 0 ? "an issuer's certificate has a weak key" :
		    "certificate has a weak key");
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return ("certificate has a weak signature");
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return ("certificate is for another host");
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return ("certificate is self-signed");
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return ("certificate signed by unknown authority");
	default:
		return (X509_verify_cert_error_string(code));
	}
}
