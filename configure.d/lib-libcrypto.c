/* Keys, certificates and their fingerprints. */

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

int
main(void)
{
	EVP_PKEY	*key;
	X509		*cert;

	key = EVP_PKEY_new();
	cert = X509_new();
	return (X509_set_pubkey(cert, key) == 0 || PEM_write_X509(NULL,
	    cert) == 0);
}
