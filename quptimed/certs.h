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

#ifndef CERTS_H
#define CERTS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Verification of a server's certificate chain.  libtls would parse the whole
 * CA bundle again for every connection; here it is parsed once, when the first
 * chain has to be verified.
 */

/* The CA bundle, PEM; takes the descriptor over. */
void		 certs_set_ca(int);
/*
 * The chain as the server sent it, in PEM, for a host name or literal address,
 * at the present time.  NULL when it is good, else why not.
 */
const char	*certs_verify(const uint8_t *, size_t, const char *);
void		 certs_shutdown(void);

#endif /* CERTS_H */
