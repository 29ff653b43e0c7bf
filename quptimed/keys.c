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
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "quptimed.h"

/*
 * The node's identity: an RSA key and the self-signed certificate by whose
 * public key, not by whose issuer or dates, the other nodes know it.
 */

#define KEY_BITS	3072
#define KEY_BITS_MIN	2048		/* what TLS libraries still take */
#define KEY_FILE_MAX	65536
#define SERIAL_BYTES	16
#define BACKDATE	3600		/* for peers whose clock is behind */
#define VALID_DAYS	3650
#define ORGANISATION	"quptime"

/* An X509 extension as X509V3_EXT_conf_nid(3) reads it. */
struct extension {
	int		 nid;
	const char	*value;
};

static char	*slurp(const char *, int, struct verr *);
static EVP_PKEY	*key_new(void);
static EVP_PKEY	*key_parse(const char *, const char *, struct verr *);
static EVP_PKEY	*key_decode(const char *, const unsigned char *, long);
static X509	*cert_new(EVP_PKEY *, const char *);
static int	 cert_set_name(X509 *, const char *);
static int	 cert_set_serial(X509 *);
static int	 cert_add_extensions(X509 *);
static X509	*cert_parse(const char *, size_t);
static int	 cert_cn(X509 *, char *, size_t);
static int	 cert_fingerprint(X509 *, char *, size_t);
static char	*key_pem(EVP_PKEY *, size_t *);
static char	*bio_text(BIO *, size_t *);
static int	 write_files(const struct paths *, EVP_PKEY *, X509 *,
		    struct verr *);

static const struct extension extensions[] = {
	{ NID_key_usage,	 "critical,digitalSignature,keyEncipherment" },
	{ NID_ext_key_usage,	 "serverAuth,clientAuth" },
	{ NID_basic_constraints, "critical,CA:FALSE" },
};

int
keys_generate(const struct paths *paths, const char *node_id, struct verr *ve)
{
	struct stat	 st;
	EVP_PKEY	*key;
	X509		*cert;
	int		 rv;

	if (strlen(node_id) >= sizeof(((struct keypair *)NULL)->cn))
		return (verr_file(ve, paths->cert, "node_id is too long"));
	if (lstat(paths->privkey, &st) == 0)
		return (verr_file(ve, paths->privkey,
		    "key material already exists; refusing to overwrite"));
	if (errno != ENOENT)
		return (verr_file(ve, paths->privkey, "%s", strerror(errno)));
	if (mkdir(paths->keydir, 0700) == -1 && errno != EEXIST)
		return (verr_file(ve, paths->keydir, "%s", strerror(errno)));

	cert = NULL;
	if ((key = key_new()) == NULL ||
	    (cert = cert_new(key, node_id)) == NULL)
		rv = verr_file(ve, paths->privkey, "cannot make a key");
	else
		rv = write_files(paths, key, cert, ve);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return (rv);
}

int
keys_load(const struct paths *paths, struct keypair *kp, struct verr *ve)
{
	EVP_PKEY	*key;
	X509		*cert;
	BIO		*bio;
	char		*keytext, *certtext;

	memset(kp, 0, sizeof(*kp));
	key = NULL;
	cert = NULL;
	bio = NULL;
	certtext = NULL;
	if ((keytext = slurp(paths->privkey, 1, ve)) == NULL ||
	    (certtext = slurp(paths->cert, 0, ve)) == NULL)
		goto fail;
	if ((key = key_parse(paths->privkey, keytext, ve)) == NULL)
		goto fail;
	if ((cert = cert_parse(certtext, strlen(certtext))) == NULL) {
		verr_file(ve, paths->cert, "not a PEM certificate");
		goto fail;
	}
	if (X509_check_private_key(cert, key) != 1) {
		verr_file(ve, paths->cert, "not the certificate of %s",
		    paths->privkey);
		goto fail;
	}
	if (cert_cn(cert, kp->cn, sizeof(kp->cn)) == -1) {
		verr_file(ve, paths->cert, "no usable common name");
		goto fail;
	}
	if ((bio = BIO_new(BIO_s_mem())) == NULL ||
	    PEM_write_bio_X509(bio, cert) != 1 ||
	    (kp->cert_pem = bio_text(bio, &kp->cert_len)) == NULL ||
	    (kp->key_pem = key_pem(key, &kp->key_len)) == NULL ||
	    cert_fingerprint(cert, kp->fingerprint,
	    sizeof(kp->fingerprint)) == -1) {
		verr_file(ve, paths->cert, "cannot encode");
		goto fail;
	}
	freezero(keytext, strlen(keytext));
	free(certtext);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (0);

 fail:
	if (keytext != NULL)
		freezero(keytext, strlen(keytext));
	free(certtext);
	BIO_free(bio);
	X509_free(cert);
	EVP_PKEY_free(key);
	keys_clear(kp);
	ERR_clear_error();
	return (-1);
}

void
keys_clear(struct keypair *kp)
{
	if (kp->key_pem != NULL)
		freezero(kp->key_pem, kp->key_len);
	free(kp->cert_pem);
	memset(kp, 0, sizeof(*kp));
}

int
keys_fingerprint(const char *pem, size_t len, char *buf, size_t size)
{
	struct certinfo	 info;

	if (keys_certinfo(pem, len, &info) == -1 ||
	    strlcpy(buf, info.fingerprint, size) >= size)
		return (-1);
	return (0);
}

int
keys_certinfo(const char *pem, size_t len, struct certinfo *info)
{
	struct tm	 tm;
	X509		*cert;
	int		 rv;

	memset(info, 0, sizeof(*info));
	if ((cert = cert_parse(pem, len)) == NULL)
		return (-1);
	rv = cert_fingerprint(cert, info->fingerprint,
	    sizeof(info->fingerprint));
	if (cert_cn(cert, info->cn, sizeof(info->cn)) == -1)
		info->cn[0] = '\0';
	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		info->not_after = timegm(&tm);
	X509_free(cert);
	return (rv);
}

/* A small file as a string. */
static char *
slurp(const char *path, int secret, struct verr *ve)
{
	struct stat	 st;
	char		*text;
	ssize_t		 n;
	int		 fd;

	text = NULL;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1) {
		verr_file(ve, path, "%s", strerror(errno));
		goto done;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_MAX) {
		verr_file(ve, path, "not a regular file of at most %d bytes",
		    KEY_FILE_MAX);
		goto done;
	}
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		log_warnx("%s: mode is %04o, others may read or change it; "
		    "should be 0600", path, (unsigned int)st.st_mode & 07777);
	if ((text = calloc(1, st.st_size + 1)) == NULL) {
		verr_file(ve, path, "%s", strerror(errno));
		goto done;
	}
	if ((n = read(fd, text, st.st_size)) != st.st_size ||
	    strlen(text) != (size_t)n) {
		verr_file(ve, path, "%s", n == -1 ? strerror(errno) :
		    "not a text");
		freezero(text, st.st_size);
		text = NULL;
	}
 done:
	if (fd != -1)
		close(fd);
	return (text);
}

static EVP_PKEY *
key_new(void)
{
	EVP_PKEY_CTX	*ctx;
	EVP_PKEY	*key;

	key = NULL;
	if ((ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL)) == NULL ||
	    EVP_PKEY_keygen_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, KEY_BITS) <= 0 ||
	    EVP_PKEY_keygen(ctx, &key) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return (key);
}

/* The first PEM block of a text has to be an RSA key, not encrypted. */
static EVP_PKEY *
key_parse(const char *file, const char *text, struct verr *ve)
{
	EVP_PKEY	*key;
	BIO		*bio;
	unsigned char	*data;
	char		*type, *header;
	long		 len;

	key = NULL;
	data = NULL;
	type = header = NULL;
	len = 0;
	if ((bio = BIO_new_mem_buf(text, -1)) == NULL ||
	    PEM_read_bio(bio, &type, &header, &data, &len) != 1)
		verr_file(ve, file, "private key: no PEM block");
	else if (strcmp(type, PEM_STRING_RSA) != 0 &&
	    strcmp(type, PEM_STRING_PKCS8INF) != 0)
		verr_file(ve, file,
		    "private key: unexpected PEM type \"%.64s\"", type);
	else if (header[0] != '\0')
		verr_file(ve, file, "private key: encrypted");
	else if ((key = key_decode(type, data, len)) == NULL)
		verr_file(ve, file, "private key: not a valid RSA key");
	else if (EVP_PKEY_bits(key) < KEY_BITS_MIN) {
		verr_file(ve, file, "private key: %d bits, must be at least %d",
		    EVP_PKEY_bits(key), KEY_BITS_MIN);
		EVP_PKEY_free(key);
		key = NULL;
	}
	if (data != NULL)
		explicit_bzero(data, len);
	OPENSSL_free(data);
	OPENSSL_free(header);
	OPENSSL_free(type);
	BIO_free(bio);
	return (key);
}

static EVP_PKEY *
key_decode(const char *type, const unsigned char *data, long len)
{
	PKCS8_PRIV_KEY_INFO	*p8;
	EVP_PKEY		*key;
	const unsigned char	*p;

	p = data;
	if (strcmp(type, PEM_STRING_RSA) == 0)
		key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, len);
	else if ((p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, len)) != NULL) {
		key = EVP_PKCS82PKEY(p8);
		PKCS8_PRIV_KEY_INFO_free(p8);
	} else
		key = NULL;
	if (key != NULL && (p != data + len ||
	    EVP_PKEY_base_id(key) != EVP_PKEY_RSA)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return (key);
}

static X509 *
cert_new(EVP_PKEY *key, const char *node_id)
{
	X509	*cert;
	time_t	 now;

	now = time(NULL);
	if ((cert = X509_new()) == NULL ||
	    X509_set_version(cert, 2) != 1 ||		/* v3 */
	    cert_set_serial(cert) == -1 ||
	    cert_set_name(cert, node_id) == -1 ||
	    X509_time_adj_ex(X509_getm_notBefore(cert), 0, -BACKDATE,
	    &now) == NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS, 0,
	    &now) == NULL ||
	    X509_set_pubkey(cert, key) != 1 ||
	    cert_add_extensions(cert) == -1 ||
	    X509_sign(cert, key, EVP_sha256()) == 0) {
		X509_free(cert);
		return (NULL);
	}
	return (cert);
}

static int
cert_set_serial(X509 *cert)
{
	unsigned char	 bytes[SERIAL_BYTES];
	BIGNUM		*bn;
	int		 rv;

	do
		arc4random_buf(bytes, sizeof(bytes));
	while (bytes[0] == 0);
	if ((bn = BN_bin2bn(bytes, sizeof(bytes), NULL)) == NULL)
		return (-1);
	rv = BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL ?
	    0 : -1;
	BN_free(bn);
	return (rv);
}

/* Subject and issuer, in the string type that holds it and is the shortest. */
static int
cert_set_name(X509 *cert, const char *node_id)
{
	const struct {
		int		 nid;
		const char	*value;
	} parts[] = {
		{ NID_organizationName,	ORGANISATION },
		{ NID_commonName,	node_id },
	};
	X509_NAME		*name;
	const unsigned char	*value;
	size_t			 i;
	int			 type, rv;

	if (node_id[0] == '\0' || (name = X509_NAME_new()) == NULL)
		return (-1);
	rv = 0;
	for (i = 0; rv == 0 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		value = (const unsigned char *)parts[i].value;
		type = ASN1_PRINTABLE_type(value, -1);
		if (type != V_ASN1_PRINTABLESTRING)
			type = V_ASN1_UTF8STRING;
		if (X509_NAME_add_entry_by_NID(name, parts[i].nid, type,
		    value, -1, -1, 0) != 1)
			rv = -1;
	}
	if (rv == 0 && (X509_set_subject_name(cert, name) != 1 ||
	    X509_set_issuer_name(cert, name) != 1))
		rv = -1;
	X509_NAME_free(name);
	return (rv);
}

static int
cert_add_extensions(X509 *cert)
{
	X509_EXTENSION	*ext;
	X509V3_CTX	 ctx;
	size_t		 i;
	int		 rv;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		ext = X509V3_EXT_conf_nid(NULL, &ctx, extensions[i].nid,
		    extensions[i].value);
		if (ext == NULL)
			return (-1);
		rv = X509_add_ext(cert, ext, -1);
		X509_EXTENSION_free(ext);
		if (rv != 1)
			return (-1);
	}
	return (0);
}

/* The first PEM block of a text has to be a certificate. */
static X509 *
cert_parse(const char *pem, size_t len)
{
	X509			*cert;
	BIO			*bio;
	const unsigned char	*p;
	unsigned char		*data;
	char			*type, *header;
	long			 dlen;

	cert = NULL;
	data = NULL;
	type = header = NULL;
	if (len <= KEY_FILE_MAX &&
	    (bio = BIO_new_mem_buf(pem, (int)len)) != NULL) {
		if (PEM_read_bio(bio, &type, &header, &data, &dlen) == 1 &&
		    strcmp(type, PEM_STRING_X509) == 0) {
			p = data;
			cert = d2i_X509(NULL, &p, dlen);
			if (cert != NULL && p != data + dlen) {
				X509_free(cert);
				cert = NULL;
			}
		}
		BIO_free(bio);
	}
	OPENSSL_free(data);
	OPENSSL_free(header);
	OPENSSL_free(type);
	ERR_clear_error();
	return (cert);
}

static int
cert_cn(X509 *cert, char *buf, size_t size)
{
	X509_NAME	*name;
	unsigned char	*utf8;
	int		 i, len, rv;

	name = X509_get_subject_name(cert);
	i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (i < 0)
		return (-1);
	len = ASN1_STRING_to_UTF8(&utf8,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (len < 0)
		return (-1);
	rv = -1;
	if (len > 0 && strlen((char *)utf8) == (size_t)len &&
	    strlcpy(buf, (char *)utf8, size) < size)
		rv = 0;
	OPENSSL_free(utf8);
	return (rv);
}

static int
cert_fingerprint(X509 *cert, char *buf, size_t size)
{
	unsigned char	*der, md[SHA256_DIGEST_LENGTH];
	unsigned int	 i;
	int		 len, n, rv;

	der = NULL;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	if (len <= 0)
		return (-1);
	rv = EVP_Digest(der, len, md, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
	OPENSSL_free(der);
	if (rv == -1 || size < sizeof("sha256:") + 2 * sizeof(md))
		return (-1);
	n = snprintf(buf, size, "sha256:");
	for (i = 0; i < sizeof(md); i++)
		n += snprintf(buf + n, size - n, "%02x", md[i]);
	return (0);
}

/* PKCS#1, which PEM_write_bio_PrivateKey(3) no longer writes. */
static char *
key_pem(EVP_PKEY *key, size_t *len)
{
	BIO		*bio;
	unsigned char	*der;
	char		*text;
	int		 derlen;

	der = NULL;
	if ((derlen = i2d_PrivateKey(key, &der)) <= 0)
		return (NULL);
	text = NULL;
	if ((bio = BIO_new(BIO_s_mem())) != NULL &&
	    PEM_write_bio(bio, PEM_STRING_RSA, "", der, derlen) > 0)
		text = bio_text(bio, len);
	BIO_free(bio);		/* wipes what it holds */
	explicit_bzero(der, derlen);
	OPENSSL_free(der);
	return (text);
}

static char *
bio_text(BIO *bio, size_t *len)
{
	char	*data, *text;
	long	 n;

	if ((n = BIO_get_mem_data(bio, &data)) <= 0 ||
	    (text = malloc(n + 1)) == NULL)
		return (NULL);
	memcpy(text, data, n);
	text[n] = '\0';
	*len = n;
	return (text);
}

/* The private key last: as long as it is not there, all may be done again. */
static int
write_files(const struct paths *paths, EVP_PKEY *key, X509 *cert,
    struct verr *ve)
{
	BIO	*pub, *crt;
	char	*priv, *text;
	size_t	 len;
	long	 n;
	int	 rv;

	rv = -1;
	priv = NULL;
	crt = NULL;
	if ((pub = BIO_new(BIO_s_mem())) == NULL ||
	    (crt = BIO_new(BIO_s_mem())) == NULL ||
	    PEM_write_bio_PUBKEY(pub, key) != 1 ||
	    PEM_write_bio_X509(crt, cert) != 1 ||
	    (priv = key_pem(key, &len)) == NULL) {
		verr_file(ve, paths->privkey, "cannot encode");
		goto done;
	}
	n = BIO_get_mem_data(crt, &text);
	if (file_replace(paths->cert, 0644, text, n, ve) == -1)
		goto done;
	n = BIO_get_mem_data(pub, &text);
	if (file_replace(paths->pubkey, 0644, text, n, ve) == -1)
		goto done;
	rv = file_replace(paths->privkey, 0600, priv, len, ve);
 done:
	if (priv != NULL)
		freezero(priv, len);
	BIO_free(crt);
	BIO_free(pub);
	return (rv);
}
