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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resolve.h"

#define WORD_MAX	256
#define NDOTS_MAX	15	/* as resolv.conf(5) */

static int	 next_line(const char **, const char *, const char **,
		    const char **);
static int	 next_word(const char **, const char *, char *, size_t);
static void	 conf_search(struct resolvconf *, const char *, const char *);
static void	 conf_options(struct resolvconf *, const char *, const char *);
static int	 hosts_grow(struct hosts *, size_t *);
static int	 hosts_cmp(const void *, const void *);

void
resolvconf_parse(struct resolvconf *rc, const char *text, size_t len)
{
	struct addr	*a;
	const char	*end, *line, *p;
	char		 word[WORD_MAX];

	memset(rc, 0, sizeof(*rc));
	rc->ndots = 1;
	for (p = text; next_line(&p, text + len, &line, &end);) {
		if (*line == ';' || *line == '#' ||
		    !next_word(&line, end, word, sizeof(word)))
			continue;
		if (strcmp(word, "nameserver") == 0) {
			if (rc->nservers == RESOLVCONF_SERVERS ||
			    !next_word(&line, end, word, sizeof(word)))
				continue;
			a = &rc->servers[rc->nservers];
			if (addr_parse(word, 53, a) == 0)
				rc->nservers++;
		} else if (strcmp(word, "search") == 0 ||
		    strcmp(word, "domain") == 0)
			conf_search(rc, line, end);
		else if (strcmp(word, "options") == 0)
			conf_options(rc, line, end);
	}
	if (rc->nservers == 0)
		addr_parse("127.0.0.1", 53, &rc->servers[rc->nservers++]);
}

int
hosts_parse(struct hosts *h, const char *text, size_t len)
{
	struct addr	 a;
	const char	*end, *line, *p;
	char		*w, word[WORD_MAX];
	size_t		 cap = 0;
	uint32_t	 n = 0;

	memset(h, 0, sizeof(*h));
	/* A name takes no more room here than it took there with its blank. */
	if ((h->text = w = malloc(len + 1)) == NULL)
		return (-1);
	for (p = text; next_line(&p, text + len, &line, &end); n++) {
		if (memchr(line, '#', end - line) != NULL)
			end = memchr(line, '#', end - line);
		if (!next_word(&line, end, word, sizeof(word)) ||
		    addr_parse(word, 0, &a) == -1)
			continue;
		while (next_word(&line, end, word, sizeof(word))) {
			if (word[0] == '\0')
				continue;
			if (h->n == cap && hosts_grow(h, &cap) == -1)
				return (-1);
			h->v[h->n].name = w;
			h->v[h->n].line = n;
			h->v[h->n++].addr = a;
			w = memcpy(w, word, strlen(word) + 1);
			w += strlen(w) + 1;
		}
	}
	if (h->n > 0)
		qsort(h->v, h->n, sizeof(*h->v), hosts_cmp);
	return (0);
}

const struct hosts_entry *
hosts_find(const struct hosts *h, const char *name, size_t *n)
{
	size_t	 hi, lo, mid;

	for (lo = 0, hi = h->n; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		if (strcasecmp(h->v[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < h->n; (*n)++)
		if (strcasecmp(h->v[lo + *n].name, name) != 0)
			break;
	return (*n > 0 ? &h->v[lo] : NULL);
}

void
hosts_clear(struct hosts *h)
{
	free(h->text);
	free(h->v);
	memset(h, 0, sizeof(*h));
}

static int
next_line(const char **p, const char *end, const char **line,
    const char **line_end)
{
	const char	*nl;

	if (*p == end)
		return (0);
	nl = memchr(*p, '\n', end - *p);
	*line = *p;
	*line_end = nl != NULL ? nl : end;
	*p = nl != NULL ? nl + 1 : end;
	return (1);
}

/*
 * 1 and the next word, which is empty when it is too long or holds a NUL; 0 at
 * the end of the line.
 */
static int
next_word(const char **p, const char *end, char *buf, size_t size)
{
	const char	*start;
	size_t		 n;

	while (*p < end && (**p == ' ' || **p == '\t' || **p == '\r'))
		(*p)++;
	start = *p;
	while (*p < end && **p != ' ' && **p != '\t' && **p != '\r')
		(*p)++;
	n = *p - start;
	if (n == 0)
		return (0);
	if (n >= size || memchr(start, '\0', n) != NULL)
		n = 0;
	memcpy(buf, start, n);
	buf[n] = '\0';
	return (1);
}

/* The last search or domain line counts. */
static void
conf_search(struct resolvconf *rc, const char *line, const char *end)
{
	char	 word[WORD_MAX];

	rc->nsearch = 0;
	while (rc->nsearch < RESOLVCONF_SEARCH &&
	    next_word(&line, end, word, sizeof(word))) {
		/* "." is the root: no suffix at all. */
		if (word[0] == '\0' || word[0] == '.' ||
		    strlen(word) >= sizeof(rc->search[0]))
			continue;
		strlcpy(rc->search[rc->nsearch++], word,
		    sizeof(rc->search[0]));
	}
}

static void
conf_options(struct resolvconf *rc, const char *line, const char *end)
{
	const char	*errstr;
	char		 word[WORD_MAX];
	long long	 v;

	while (next_word(&line, end, word, sizeof(word))) {
		if (strncmp(word, "ndots:", 6) != 0)
			continue;
		v = strtonum(word + 6, 0, INT32_MAX, &errstr);
		if (errstr == NULL)
			rc->ndots = v > NDOTS_MAX ? NDOTS_MAX : v;
	}
}

static int
hosts_grow(struct hosts *h, size_t *cap)
{
	struct hosts_entry	*v;
	size_t			 n;

	n = *cap == 0 ? 16 : *cap * 2;
	if ((v = reallocarray(h->v, n, sizeof(*v))) == NULL)
		return (-1);
	h->v = v;
	*cap = n;
	return (0);
}

static int
hosts_cmp(const void *a, const void *b)
{
	const struct hosts_entry	*x = a, *y = b;
	int				 c;

	if ((c = strcasecmp(x->name, y->name)) != 0)
		return (c);
	return (x->line < y->line ? -1 : x->line > y->line);
}
