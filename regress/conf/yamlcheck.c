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


#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"
#include "yaml.h"

/*
 * usage: yamlcheck node|cluster|trust file
 * Prints the file in canonical form, or the one line that says what is wrong.
 */

static const struct record *const	 records[] = {
	&node_record, &cluster_record, &trust_record
};

int
main(int argc, char *argv[])
{
	const struct record	*rec = NULL;
	struct verr		 ve;
	char			 line[1024], *text;
	void			*rp;
	size_t			 i, len;
	int			 fd;

	for (i = 0; argc == 3 && i < sizeof(records) / sizeof(records[0]); i++)
		if (strcmp(argv[1], records[i]->name) == 0)
			rec = records[i];
	if (rec == NULL) {
		fprintf(stderr,
		    "usage: yamlcheck node|cluster|trust file\n");
		return (2);
	}
	if ((fd = open(argv[2], O_RDONLY)) == -1) {
		perror(argv[2]);
		return (1);
	}
	if ((rp = record_new(rec)) == NULL)
		return (2);
	if (yaml_read(rec, rp, argv[2], fd, &ve) == -1) {
		printf("%s\n", verr_string(&ve, line, sizeof(line)));
		free(rp);
		return (1);
	}
	close(fd);
	if ((text = yaml_format(rec, rp, &len)) == NULL)
		return (2);
	fwrite(text, 1, len, stdout);
	freezero(text, len);
	record_free(rec, rp);
	return (0);
}
