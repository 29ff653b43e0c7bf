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

#include "quorum.h"

void
heart_start(struct quorum *a0)
{
	(void)a0;
}

void
heart_stop(struct quorum *a0)
{
	(void)a0;
}

void
heart_elect(struct quorum *a0)
{
	(void)a0;
}

const char *
heart_master(const struct quorum *a0)
{
	(void)a0;
	return (NULL);
}

int
heart_has_quorum(const struct quorum *a0)
{
	(void)a0;
	return (0);
}

void
heart_heard(struct quorum *a0, struct qpeer *a1, const char *advertise, const char *master, uint64_t version)
{
	(void)a0;
	(void)a1;
	(void)advertise;
	(void)master;
	(void)version;
}

void
heart_up(struct quorum *a0, struct qpeer *a1)
{
	(void)a0;
	(void)a1;
}

const char *
heart_advertise(const struct quorum *a0, char *a1, size_t a2)
{
	(void)a0;
	(void)a1;
	(void)a2;
	return (NULL);
}

int
heart_adopt(struct quorum *a0, struct qpeer *a1, struct cluster *a2, struct verr *a3)
{
	(void)a0;
	(void)a1;
	(void)a2;
	(void)a3;
	return (0);
}
