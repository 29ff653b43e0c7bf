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

#include <stdlib.h>
#include <string.h>

#include "template.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* A template, shown one event. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char		*list[] = { "a", "b c", "\xc3\xa9" };
	static struct check	 check = {
		.id = "6e1b", .name = "Caf\xc3\xa9 <web>", .type = "http",
		.target = "https://example.test/", .interval = 30000000000,
		.expect_status = 200, .alert_ids = { list, 3 }
	};
	static struct snapshot	 snapshot = {
		.check_id = "6e1b", .state = "down", .reports = 3,
		.not_ok = 2, .ok_count = 1, .detail = "status 503"
	};
	static struct alert_event	 ev = {
		.check = &check, .snapshot = &snapshot, .verb = "DOWN",
		.from = "up", .to = "down", .node_id = "node-a"
	};
	struct template_error	 err;
	struct template		*t;
	char			*out = NULL, *text;

	if ((text = malloc(len + 1)) == NULL)
		return (0);
	memcpy(text, data, len);
	text[len] = '\0';
	if ((t = template_parse(text, &err)) != NULL)
		out = template_render(t, &ev, &err);
	/* Either a text, within its bound, or a reason. */
	if (out != NULL ? strlen(out) > TMPL_MEM_MAX : *err.msg == '\0')
		abort();
	free(out);
	template_free(t);
	free(text);
	return (0);
}
