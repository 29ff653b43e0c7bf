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

#include <stddef.h>
#include <string.h>

#include "template.h"

static const size_t	 members[] = {
	offsetof(struct alert, subject_template),
	offsetof(struct alert, body_template)
};
static const char *const	 names[] = {
	"subject_template", "body_template"
};

int
template_check(const struct alert *a, const struct alert *old,
    struct verr *ve)
{
	struct template_error	 err;
	struct template		*t;
	const char		*text, *was;
	size_t			 i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		text = str(*(char *const *)((const char *)a + members[i]));
		was = old == NULL ? "" :
		    str(*(char *const *)((const char *)old + members[i]));
		if (strcmp(text, was) == 0)
			continue;
		if ((t = template_parse(text, &err)) == NULL)
			return (verr_set(ve, names[i], "%u:%u: %s", err.line,
			    err.column, err.msg));
		template_free(t);
	}
	return (0);
}
