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
#include <libgen.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "quptimed.h"
#include "tap.h"

/* Two identities that the Go implementation made. */
static const struct {
	const char	*name;
	const char	*cn;
	const char	*fingerprint;
} vectors[] = {
	{ "node-a", "11111111-1111-4111-8111-111111111111",
	    "sha256:8835e9b0ef763dd767037909e0e18096"
	    "640ade2af6bb5533f942c7c501cffba6" },
	{ "node-b", "22222222-2222-4222-8222-222222222222",
	    "sha256:776e7e6ddc6d5e13b07e255671d90a70"
	    "e2291ea3e24fd3e628c9a9fbf3540af5" },
};

static char	 dir[] = "/tmp/keys_test.XXXXXX";
static char	 vectors_dir[1024];
static char	 key_a[8192], cert_a[8192], cert_b[8192];

static void
find_vectors(char *argv0)
{
	const char	*places[] = { ".", "regress/unit", dirname(argv0) };
	size_t		 i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(vectors_dir, sizeof(vectors_dir),
		    "%s/vectors/keys", places[i]);
		if (access(vectors_dir, R_OK) == 0)
			return;
	}
	printf("Bail out! no vectors\n");
	exit(1);
}

static void
slurp(const char *path, char *buf, size_t size)
{
	size_t	 n = 0;
	FILE	*f;

	if ((f = fopen(path, "r")) != NULL) {
		n = fread(buf, 1, size - 1, f);
		fclose(f);
	}
	buf[n] = '\0';
}

static void
vector_text(const char *node, const char *name, char *buf, size_t size)
{
	char	 path[2048];

	(void)snprintf(path, sizeof(path), "%s/%s/keys/%s", vectors_dir,
	    node, name);
	slurp(path, buf, size);
}

static void
put(const char *path, mode_t mode, const void *data, size_t len)
{
	int	 fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd == -1 || fchmod(fd, mode) == -1 ||
	    write(fd, data, len) != (ssize_t)len)
		ok(0, "%s: %s", path, strerror(errno));
	close(fd);
}

static void
use_keys(const struct paths *p, const char *key, const char *cert)
{
	(void)mkdir(p->keydir, 0700);
	put(p->privkey, 0600, key, strlen(key));
	put(p->cert, 0644, cert, strlen(cert));
}

static void
drop_keys(const struct paths *p)
{
	(void)unlink(p->privkey);
	(void)unlink(p->pubkey);
	(void)unlink(p->cert);
	(void)rmdir(p->keydir);
}

static void
is_refused(const struct paths *p, const char *want, const char *what)
{
	struct keypair	 kp;
	struct verr	 ve;
	char		 text[1024];

	memset(&ve, 0, sizeof(ve));
	is_int(keys_load(p, &kp, &ve), -1, "%s: refused", what);
	(void)verr_string(&ve, text, sizeof(text));
	ok(strstr(text, want) != NULL, "%s: \"%s\" says \"%s\"", what, text,
	    want);
	ok(kp.key_pem == NULL && kp.cert_pem == NULL, "%s: nothing kept",
	    what);
}

static void
test_vectors(const struct paths *p)
{
	struct keypair	 kp;
	struct verr	 ve;
	char		 key[8192], cert[8192], fp[72];
	size_t		 i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		vector_text(vectors[i].name, "private.pem", key, sizeof(key));
		vector_text(vectors[i].name, "cert.pem", cert, sizeof(cert));
		use_keys(p, key, cert);
		is_int(keys_load(p, &kp, &ve), 0, "%s loads",
		    vectors[i].name);
		is_str(kp.cn, vectors[i].cn, "its name");
		is_str(kp.fingerprint, vectors[i].fingerprint,
		    "its fingerprint");
		is_str(kp.key_pem, key, "its key, the same bytes");
		is_int(kp.key_len, strlen(key), "and length");
		is_str(kp.cert_pem, cert, "its certificate, the same bytes");
		is_int(kp.cert_len, strlen(cert), "and length");
		keys_clear(&kp);
		ok(kp.key_pem == NULL && kp.fingerprint[0] == '\0',
		    "cleared");
		keys_clear(&kp);
		is_int(keys_fingerprint(cert, strlen(cert), fp, sizeof(fp)),
		    0, "fingerprint of a PEM text");
		is_str(fp, vectors[i].fingerprint, "the same");
	}
}

static void
test_fingerprint(void)
{
	char	 fp[72], two[16384];

	is_int(keys_fingerprint("", 0, fp, sizeof(fp)), -1, "nothing");
	is_int(keys_fingerprint("x", 1, fp, sizeof(fp)), -1, "no PEM");
	is_int(keys_fingerprint(key_a, strlen(key_a), fp, sizeof(fp)), -1,
	    "a key is no certificate");
	is_int(keys_fingerprint(cert_a, strlen(cert_a) / 2, fp, sizeof(fp)),
	    -1, "half a certificate");
	is_int(keys_fingerprint(cert_a, strlen(cert_a), fp, 71), -1,
	    "no room");
	(void)snprintf(two, sizeof(two), "%s%s", cert_b, cert_a);
	is_int(keys_fingerprint(two, strlen(two), fp, sizeof(fp)), 0,
	    "two certificates");
	is_str(fp, vectors[1].fingerprint, "the first counts");
	(void)snprintf(two, sizeof(two), "%s%s", key_a, cert_a);
	is_int(keys_fingerprint(two, strlen(two), fp, sizeof(fp)), -1,
	    "a certificate after something else");
}

/* A key in PKCS#8, as other tools write it. */
static void
pkcs8_text(EVP_PKEY *key, char *buf, size_t size)
{
	BIO	*bio;
	int	 n;

	bio = BIO_new(BIO_s_mem());
	if (PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
	    NULL) != 1)
		ok(0, "PKCS#8");
	n = BIO_read(bio, buf, (int)size - 1);
	buf[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
}

static EVP_PKEY *
make_key(int type, int arg)
{
	EVP_PKEY_CTX	*ctx;
	EVP_PKEY	*key = NULL;

	ctx = EVP_PKEY_CTX_new_id(type, NULL);
	if (EVP_PKEY_keygen_init(ctx) <= 0 || (type == EVP_PKEY_RSA ?
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, arg) :
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, arg)) <= 0 ||
	    EVP_PKEY_keygen(ctx, &key) <= 0)
		ok(0, "no key to test with");
	EVP_PKEY_CTX_free(ctx);
	return (key);
}

static void
test_pkcs8(const struct paths *p)
{
	struct keypair	 kp;
	struct verr	 ve;
	EVP_PKEY	*key;
	BIO		*bio;
	char		 text[8192];

	bio = BIO_new_mem_buf(key_a, -1);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	pkcs8_text(key, text, sizeof(text));
	EVP_PKEY_free(key);
	ok(strncmp(text, "-----BEGIN PRIVATE KEY-----", 27) == 0,
	    "a key in PKCS#8");
	use_keys(p, text, cert_a);
	is_int(keys_load(p, &kp, &ve), 0, "loads");
	is_str(kp.key_pem, key_a, "and is the same key");
	keys_clear(&kp);

	key = make_key(EVP_PKEY_EC, NID_X9_62_prime256v1);
	pkcs8_text(key, text, sizeof(text));
	EVP_PKEY_free(key);
	use_keys(p, text, cert_a);
	is_refused(p, "private key: not a valid RSA key", "an EC key");

	key = make_key(EVP_PKEY_RSA, 1024);
	pkcs8_text(key, text, sizeof(text));
	EVP_PKEY_free(key);
	use_keys(p, text, cert_a);
	is_refused(p, "private key: 1024 bits, must be at least 2048",
	    "a short key");
}

static void
test_hostile(const struct paths *p)
{
	static char	 big[100000];
	char		 text[16384];

	use_keys(p, key_a, cert_b);
	is_refused(p, "not the certificate of", "another's certificate");
	use_keys(p, cert_a, cert_a);
	is_refused(p, "private key: unexpected PEM type \"CERTIFICATE\"",
	    "a certificate for a key");
	use_keys(p, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n"
	    "-----END EC PRIVATE KEY-----\n", cert_a);
	is_refused(p, "private key: unexpected PEM type \"EC PRIVATE KEY\"",
	    "another type");
	use_keys(p, "-----BEGIN RSA PRIVATE KEY-----\n"
	    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n"
	    "-----END RSA PRIVATE KEY-----\n", cert_a);
	is_refused(p, "private key: encrypted", "an encrypted key");
	use_keys(p, "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n"
	    "-----END RSA PRIVATE KEY-----\n", cert_a);
	is_refused(p, "private key: not a valid RSA key", "an empty key");
	use_keys(p, "", cert_a);
	is_refused(p, "private key: no PEM block", "an empty file");
	use_keys(p, key_a, "");
	is_refused(p, "not a PEM certificate", "an empty certificate");
	use_keys(p, key_a, key_a);
	is_refused(p, "not a PEM certificate", "a key for a certificate");

	(void)strlcpy(text, key_a, sizeof(text));
	text[strlen(text) / 2] = '\0';
	use_keys(p, text, cert_a);
	is_refused(p, "private key: no PEM block", "half a key");

	memset(big, 'x', sizeof(big));
	put(p->privkey, 0600, big, sizeof(big));
	is_refused(p, "not a regular file of at most 65536 bytes", "a lot");
	put(p->privkey, 0600, "a\0b", 3);
	is_refused(p, "not a text", "a NUL");
	(void)unlink(p->privkey);
	is_refused(p, "No such file", "no key");
	(void)mkdir(p->privkey, 0700);
	is_refused(p, "not a regular file", "a directory");
	(void)rmdir(p->privkey);
	use_keys(p, key_a, cert_a);
	(void)unlink(p->cert);
	is_refused(p, "cert.pem: No such file", "no certificate");
}

static void
test_mode(const struct paths *p)
{
	struct keypair	 kp;
	struct verr	 ve;
	char		 path[PATH_MAX], text[1024];
	mode_t		 modes[] = { 0600, 0400, 0640, 0604 };
	size_t		 i;
	int		 fd, saved;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		use_keys(p, key_a, cert_a);
		(void)chmod(p->privkey, modes[i]);
		saved = dup(STDERR_FILENO);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDERR_FILENO);
		is_int(keys_load(p, &kp, &ve), 0, "mode %04o loads",
		    (unsigned int)modes[i]);
		fflush(stderr);
		dup2(saved, STDERR_FILENO);
		close(saved);
		close(fd);
		slurp(path, text, sizeof(text));
		is_int(strstr(text, "should be 0600") != NULL, i >= 2,
		    "mode %04o: %s", (unsigned int)modes[i],
		    i >= 2 ? "warned" : "no word");
		keys_clear(&kp);
	}
	(void)unlink(path);
}

static X509 *
read_cert(const char *pem)
{
	X509	*cert;
	BIO	*bio;

	bio = BIO_new_mem_buf(pem, -1);
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return (cert);
}

static void
check_name(X509_NAME *name, const char *cn, int type)
{
	X509_NAME_ENTRY	*e;
	ASN1_STRING	*s;

	is_int(X509_NAME_entry_count(name), 2, "two parts of a name");
	e = X509_NAME_get_entry(name, 0);
	s = X509_NAME_ENTRY_get_data(e);
	is_int(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)),
	    NID_organizationName, "O");
	is_str((const char *)ASN1_STRING_get0_data(s), "quptime", "quptime");
	is_int(ASN1_STRING_type(s), V_ASN1_PRINTABLESTRING, "printable");
	e = X509_NAME_get_entry(name, 1);
	s = X509_NAME_ENTRY_get_data(e);
	is_int(OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)), NID_commonName,
	    "CN");
	is_str((const char *)ASN1_STRING_get0_data(s), cn, "the node id");
	is_int(ASN1_STRING_type(s), type, "of the right type");
}

static void
check_extensions(X509 *cert)
{
	static const int	 want[][2] = {
		{ NID_key_usage, 1 },
		{ NID_ext_key_usage, 0 },
		{ NID_basic_constraints, 1 },
	};
	X509_EXTENSION		*ext;
	EXTENDED_KEY_USAGE	*eku;
	BASIC_CONSTRAINTS	*bc;
	ASN1_BIT_STRING		*ku;
	int			 i;

	is_int(X509_get_ext_count(cert), 3, "three extensions");
	for (i = 0; i < 3 && i < X509_get_ext_count(cert); i++) {
		ext = X509_get_ext(cert, i);
		is_int(OBJ_obj2nid(X509_EXTENSION_get_object(ext)),
		    want[i][0], "%s", OBJ_nid2sn(want[i][0]));
		is_int(X509_EXTENSION_get_critical(ext) != 0, want[i][1],
		    "critical or not");
	}
	ku = X509_get_ext_d2i(cert, NID_key_usage, NULL, NULL);
	ok(ku != NULL && ku->length == 1 && ku->data[0] == 0xa0,
	    "digitalSignature, keyEncipherment");
	ASN1_BIT_STRING_free(ku);
	eku = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	ok(eku != NULL && sk_ASN1_OBJECT_num(eku) == 2 &&
	    OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) == NID_server_auth &&
	    OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 1)) == NID_client_auth,
	    "serverAuth, clientAuth");
	EXTENDED_KEY_USAGE_free(eku);
	bc = X509_get_ext_d2i(cert, NID_basic_constraints, NULL, NULL);
	ok(bc != NULL && !bc->ca && bc->pathlen == NULL, "CA:FALSE");
	BASIC_CONSTRAINTS_free(bc);
}

static void
check_times(X509 *cert)
{
	int	 day, sec;

	is_int(ASN1_TIME_diff(&day, &sec, X509_get0_notBefore(cert), NULL),
	    1, "since");
	ok(day == 0 && sec >= 3600 && sec < 3660, "an hour ago (%d)", sec);
	is_int(ASN1_TIME_diff(&day, &sec, NULL, X509_get0_notAfter(cert)), 1,
	    "until");
	ok((day == 3650 && sec == 0) || (day == 3649 && sec > 86400 - 60),
	    "3650 days (%d, %d)", day, sec);
}

/* SHA-256 over the DER of public.pem, the long way round. */
static void
check_public(const struct paths *p, const char *fingerprint)
{
	unsigned char	 md[SHA256_DIGEST_LENGTH], *der = NULL;
	EVP_PKEY	*key;
	FILE		*f;
	char		 fp[80], text[8192];
	size_t		 i;
	int		 len;

	slurp(p->pubkey, text, sizeof(text));
	ok(strncmp(text, "-----BEGIN PUBLIC KEY-----\n", 27) == 0, "PKIX");
	if ((f = fopen(p->pubkey, "r")) == NULL)
		return;
	key = PEM_read_PUBKEY(f, NULL, NULL, NULL);
	fclose(f);
	ok(key != NULL && EVP_PKEY_bits(key) == 3072, "3072 bits");
	len = i2d_PUBKEY(key, &der);
	SHA256(der, len, md);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	(void)strlcpy(fp, "sha256:", sizeof(fp));
	for (i = 0; i < sizeof(md); i++)
		(void)snprintf(fp + 7 + 2 * i, 3, "%02x", md[i]);
	is_str(fp, fingerprint, "the fingerprint is that of public.pem");
}

static void
check_file(const char *path, mode_t mode)
{
	struct stat	 st;

	if (stat(path, &st) == -1)
		ok(0, "%s: %s", path, strerror(errno));
	else
		is_int(st.st_mode & 07777, mode, "%s: %04o", path,
		    (unsigned int)mode);
}

static void
test_generate(const struct paths *p, const char *node_id, int type)
{
	struct keypair	 kp;
	struct verr	 ve;
	X509		*cert;
	EVP_PKEY	*key;
	BIGNUM		*serial;
	char		 text[8192], again[8192];

	drop_keys(p);
	if (!ok(keys_generate(p, node_id, &ve) == 0, "generate")) {
		printf("# %s\n", verr_string(&ve, text, sizeof(text)));
		return;
	}
	check_file(p->keydir, 0700);
	check_file(p->privkey, 0600);
	check_file(p->pubkey, 0644);
	check_file(p->cert, 0644);
	slurp(p->privkey, text, sizeof(text));
	ok(strncmp(text, "-----BEGIN RSA PRIVATE KEY-----\n", 32) == 0,
	    "PKCS#1");
	is_int(keys_generate(p, node_id, &ve), -1, "not a second time");
	ok(strstr(ve.msg, "key material already exists; refusing to "
	    "overwrite") != NULL, "says: %s", ve.msg);
	slurp(p->privkey, again, sizeof(again));
	ok(strcmp(text, again) == 0, "the first one stays");

	is_int(keys_load(p, &kp, &ve), 0, "loads");
	is_str(kp.cn, node_id, "common name");
	check_public(p, kp.fingerprint);
	if ((cert = read_cert(kp.cert_pem)) == NULL) {
		ok(0, "a certificate");
		return;
	}
	is_int(X509_get_version(cert), 2, "version 3");
	serial = ASN1_INTEGER_to_BN(X509_get_serialNumber(cert), NULL);
	ok(BN_num_bits(serial) > 120 && BN_num_bits(serial) <= 128 &&
	    !BN_is_negative(serial), "serial of 128 bits");
	BN_free(serial);
	is_int(X509_get_signature_nid(cert), NID_sha256WithRSAEncryption,
	    "SHA256 with RSA");
	key = X509_get_pubkey(cert);
	is_int(X509_verify(cert, key), 1, "signed by itself");
	EVP_PKEY_free(key);
	check_name(X509_get_subject_name(cert), node_id, type);
	check_name(X509_get_issuer_name(cert), node_id, type);
	check_times(cert);
	check_extensions(cert);
	X509_free(cert);
	keys_clear(&kp);
}

static void
test_generate_refused(const struct paths *p)
{
	struct verr	 ve;
	struct stat	 st;
	char		 id[200];

	drop_keys(p);
	is_int(keys_generate(p, "", &ve), -1, "no node id");
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	is_int(keys_generate(p, id, &ve), -1, "a long node id");
	is_int(stat(p->privkey, &st), -1, "no key made");

	/* What a crash before the private key leaves is no obstacle. */
	(void)mkdir(p->keydir, 0700);
	put(p->cert, 0644, "half", 4);
	is_int(keys_generate(p, "again", &ve), 0, "over half a set");
	(void)unlink(p->privkey);
	is_int(symlink("/nonexistent/key", p->privkey), 0, "a link");
	is_int(keys_generate(p, "x", &ve), -1, "a symbolic link is a file");
}

int
main(int argc, char *argv[])
{
	struct paths	 p;

	(void)argc;
	log_init(LOG_STYLE_PLAIN, 0);
	log_procinit("test");
	find_vectors(argv[0]);
	vector_text("node-a", "private.pem", key_a, sizeof(key_a));
	vector_text("node-a", "cert.pem", cert_a, sizeof(cert_a));
	vector_text("node-b", "cert.pem", cert_b, sizeof(cert_b));
	if (mkdtemp(dir) == NULL || paths_init(&p, dir) == -1)
		return (1);

	test_vectors(&p);
	test_fingerprint();
	test_pkcs8(&p);
	test_hostile(&p);
	test_mode(&p);
	test_generate(&p, "c0ffee00-0000-4000-8000-000000000000",
	    V_ASN1_PRINTABLESTRING);
	test_generate(&p, "n\303\266de_*", V_ASN1_UTF8STRING);
	test_generate_refused(&p);

	drop_keys(&p);
	is_int(rmdir(dir), 0, "nothing left");
	return (tap_done());
}
