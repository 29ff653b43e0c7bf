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

#include <netinet/in.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmt.h"
#include "resolve.h"

static uint32_t	 zone_number(const char *);

static struct if_nameindex	*zones;

void
addr_zones_init(void)
{
	addr_zones_clear();
	zones = if_nameindex();
}

void
addr_zones_clear(void)
{
	if (zones != NULL)
		if_freenameindex(zones);
	zones = NULL;
}

/* getaddrinfo(3) reads files even for literals: this does not. */
int
addr_parse(const char *s, uint16_t port, struct addr *a)
{
	const char	*zone;
	char		 buf[INET6_ADDRSTRLEN];
	size_t		 n;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, s, &a->u.in.sin_addr) == 1) {
		a->u.in.sin_family = AF_INET;
		a->u.in.sin_port = htons(port);
		return (0);
	}
	n = strcspn(s, "%");
	if (n >= sizeof(buf))
		return (-1);
	memcpy(buf, s, n);
	buf[n] = '\0';
	if (inet_pton(AF_INET6, buf, &a->u.in6.sin6_addr) != 1)
		return (-1);
	zone = s + n;
	if (*zone == '%' &&
	    (a->u.in6.sin6_scope_id = zone_number(zone + 1)) == 0)
		return (-1);
	a->u.in6.sin6_family = AF_INET6;
	a->u.in6.sin6_port = htons(port);
	return (0);
}

/* By number or by name; 0 when there is none. */
static uint32_t
zone_number(const char *s)
{
	const struct if_nameindex	*z;
	const char			*errstr;
	uint32_t			 n;

	n = strtonum(s, 1, UINT32_MAX, &errstr);
	if (errstr == NULL)
		return (n);
	for (z = zones; z != NULL && z->if_index != 0; z++)
		if (strcmp(z->if_name, s) == 0)
			return (z->if_index);
	return (0);
}

socklen_t
addr_len(const struct addr *a)
{
	return (a->u.sa.sa_family == AF_INET ? sizeof(a->u.in) :
	    sizeof(a->u.in6));
}

void
addr_setport(struct addr *a, uint16_t port)
{
	if (a->u.sa.sa_family == AF_INET)
		a->u.in.sin_port = htons(port);
	else
		a->u.in6.sin6_port = htons(port);
}

const char *
addr_format(const struct addr *a, char *buf, size_t size)
{
	char		 host[INET6_ADDRSTRLEN], zone[16] = "";
	uint16_t	 port;

	if (a->u.sa.sa_family == AF_INET) {
		port = ntohs(a->u.in.sin_port);
		inet_ntop(AF_INET, &a->u.in.sin_addr, host, sizeof(host));
		if (port == 0)
			strlcpy(buf, host, size);
		else
			snprintf(buf, size, "%s:%u", host, port);
		return (buf);
	}
	port = ntohs(a->u.in6.sin6_port);
	inet_ntop(AF_INET6, &a->u.in6.sin6_addr, host, sizeof(host));
	if (a->u.in6.sin6_scope_id != 0)
		snprintf(zone, sizeof(zone), "%%%u", a->u.in6.sin6_scope_id);
	if (port == 0)
		snprintf(buf, size, "%s%s", host, zone);
	else
		snprintf(buf, size, "[%s%s]:%u", host, zone, port);
	return (buf);
}

int
addr_equal(const struct addr *a, const struct addr *b)
{
	if (a->u.sa.sa_family != b->u.sa.sa_family)
		return (0);
	if (a->u.sa.sa_family == AF_INET)
		return (a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr);
	return (memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr,
	    sizeof(a->u.in6.sin6_addr)) == 0);
}

int
addr_isserver(const char *s)
{
	struct addr	 a;
	const char	*errstr;
	char		 buf[ADDR_STRLEN], *host, *port;

	if (addr_parse(s, 53, &a) == 0)
		return (1);
	if (strlcpy(buf, s, sizeof(buf)) >= sizeof(buf) ||
	    fmt_hostport(buf, &host, &port) == -1)
		return (0);
	if (port != NULL) {
		(void)strtonum(port, 1, UINT16_MAX, &errstr);
		if (errstr != NULL)
			return (0);
	}
	return (addr_parse(host, 53, &a) == 0);
}

struct addrs *
addrs_ref(struct addrs *as)
{
	if (as != NULL)
		as->refs++;
	return (as);
}

void
addrs_unref(struct addrs *as)
{
	if (as != NULL && --as->refs == 0)
		free(as);
}
