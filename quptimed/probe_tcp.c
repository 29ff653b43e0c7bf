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

#include "fmt.h"
#include "prober.h"
#include "quptimed.h"

static int	 tcp_prepare(struct probe *, const struct check *);
static void	 tcp_start(struct probe *);

const struct probe_ops	 probe_tcp_ops = {
	tcp_prepare,
	tcp_start,
	probe_disconnect
};

/* The services file cannot be read from the jail. */
static const struct {
	const char	*name;
	uint16_t	 port;
} services[] = {
	{ "domain",		53 },
	{ "ftp",		21 },
	{ "ftps",		990 },
	{ "git",		9418 },
	{ "http",		80 },
	{ "http-alt",		8080 },
	{ "https",		443 },
	{ "imap",		143 },
	{ "imap2",		143 },
	{ "imaps",		993 },
	{ "ldap",		389 },
	{ "ldaps",		636 },
	{ "microsoft-ds",	445 },
	{ "mqtt",		1883 },
	{ "mysql",		3306 },
	{ "pop3",		110 },
	{ "pop3s",		995 },
	{ "postgresql",		5432 },
	{ "redis",		6379 },
	{ "rsync",		873 },
	{ "smtp",		25 },
	{ "smtps",		465 },
	{ "ssh",		22 },
	{ "submission",		587 },
	{ "submissions",	465 },
	{ "telnet",		23 },
	{ "xmpp-client",	5222 },
	{ "xmpp-server",	5269 }
};

uint16_t
port_parse(const char *s)
{
	const char	*errstr;
	size_t		 i;
	uint16_t	 port;

	port = strtonum(s, 1, UINT16_MAX, &errstr);
	if (errstr == NULL)
		return (port);
	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(s, services[i].name) == 0)
			return (services[i].port);
	return (0);
}

static int
tcp_prepare(struct probe *p, const struct check *c)
{
	char	*port;

	if ((p->target = strdup(str(c->target))) == NULL)
		return (-1);
	if (fmt_hostport(p->target, &p->host, &port) == -1 || port == NULL)
		return (probe_broken(p, "target must be host:port"));
	if (*p->host == '\0')
		return (probe_broken(p, "no host in target"));
	if ((p->port = port_parse(port)) == 0)
		return (probe_broken(p, "unknown port %s", port));
	p->literal = addr_parse(p->host, p->port, &p->addr) == 0;
	return (0);
}

static void
tcp_start(struct probe *p)
{
	probe_connect(p, CONN_PLAIN, NULL);
}
