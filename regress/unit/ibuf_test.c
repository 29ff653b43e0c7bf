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

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "imsg.h"
#include "tap.h"

static void	 test_bounds(void);
static void	 test_growth(void);
static void	 test_numbers(void);
static void	 test_number_bounds(void);
static void	 test_strings(void);
static void	 test_place(void);
static void	 test_views(void);
static void	 test_empty(void);
static void	 test_fd(void);

int
main(void)
{
	test_bounds();
	test_growth();
	test_numbers();
	test_number_bounds();
	test_strings();
	test_place();
	test_views();
	test_empty();
	test_fd();
	return (tap_done());
}

static void
test_bounds(void)
{
	struct ibuf	*buf;
	char		 x[8] = "1234567";

	ok(ibuf_open(0) == NULL && errno == EINVAL, "none of size 0");
	ok(ibuf_dynamic(8, 4) == NULL && errno == EINVAL,
	    "nor larger than its bound");
	buf = ibuf_open(8);
	is_int(ibuf_left(buf), 8, "all is left");
	is_int(ibuf_add(buf, x, 5), 0, "some fits");
	is_int(ibuf_size(buf), 5, "and is there");
	is_int(ibuf_left(buf), 3, "the rest is left");
	errno = 0;
	ok(ibuf_add(buf, x, 4) == -1 && errno == ERANGE, "more does not fit");
	ok(ibuf_add(buf, x, SIZE_MAX) == -1 && errno == ERANGE,
	    "nor as much as there may be");
	ok(ibuf_reserve(buf, SIZE_MAX - 2) == NULL && errno == ERANGE,
	    "nor so that a sum wraps");
	ok(ibuf_add_zero(buf, 4) == -1, "not as zeros");
	is_int(ibuf_size(buf), 5, "which changes nothing");
	is_int(ibuf_add(buf, x, 3), 0, "up to the bound");
	is_int(ibuf_left(buf), 0, "nothing is left");
	ok(memcmp(ibuf_data(buf), "12345123", 8) == 0, "what was added");
	ibuf_free(buf);
	ibuf_free(NULL);
}

static void
test_growth(void)
{
	struct ibuf	*buf;
	unsigned char	*p;
	size_t		 i;

	buf = ibuf_dynamic(0, 100000);
	for (i = 0; i < 100000; i++)
		if (ibuf_add_n8(buf, i % 251) == -1)
			break;
	is_int(i, 100000, "it grows to its bound");
	errno = 0;
	ok(ibuf_add_n8(buf, 0) == -1 && errno == ERANGE, "and no further");
	ok(buf->size <= 100000, "nor is more allocated: %zu", buf->size);
	p = ibuf_data(buf);
	for (i = 0; i < 100000; i++)
		if (p[i] != i % 251)
			break;
	is_int(i, 100000, "and keeps what it has");
	ibuf_free(buf);
	buf = ibuf_dynamic(3, 1000000000);
	is_int(ibuf_add_n64(buf, 1), 0, "a large bound");
	ok(buf->size < 100, "costs nothing: %zu", buf->size);
	ibuf_free(buf);
}

static void
test_numbers(void)
{
	static const unsigned char	 net[] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x02,
		0x03, 0x04, 0x05, 0x06, 0x07
	};
	struct ibuf	*buf;
	uint64_t	 n64, h64;
	uint32_t	 n32, h32;
	uint16_t	 n16, h16;
	uint8_t		 n8;

	buf = ibuf_dynamic(1, 64);
	ok(ibuf_add_n8(buf, 0x01) == 0 && ibuf_add_n16(buf, 0x2345) == 0 &&
	    ibuf_add_n32(buf, 0x6789abcd) == 0 &&
	    ibuf_add_n64(buf, 0xef01020304050607ULL) == 0, "numbers");
	ok(ibuf_size(buf) == sizeof(net) &&
	    memcmp(ibuf_data(buf), net, sizeof(net)) == 0,
	    "in network order");
	ok(ibuf_add_h16(buf, 0x1234) == 0 && ibuf_add_h32(buf, 0x12345678) ==
	    0 && ibuf_add_h64(buf, 0x123456789abcdef0ULL) == 0,
	    "in the host's");
	ok(ibuf_get_n8(buf, &n8) == 0 && ibuf_get_n16(buf, &n16) == 0 &&
	    ibuf_get_n32(buf, &n32) == 0 && ibuf_get_n64(buf, &n64) == 0 &&
	    ibuf_get_h16(buf, &h16) == 0 && ibuf_get_h32(buf, &h32) == 0 &&
	    ibuf_get_h64(buf, &h64) == 0, "and read");
	ok(n8 == 0x01 && n16 == 0x2345 && n32 == 0x6789abcd &&
	    n64 == 0xef01020304050607ULL && h16 == 0x1234 &&
	    h32 == 0x12345678 && h64 == 0x123456789abcdef0ULL,
	    "as they were");
	is_int(ibuf_size(buf), 0, "to the end");
	errno = 0;
	ok(ibuf_get_n8(buf, &n8) == -1 && errno == EBADMSG, "no further");
	ibuf_rewind(buf);
	is_int(ibuf_skip(buf, 22), 0, "again, but for the last");
	ok(ibuf_get_n64(buf, &n64) == -1 && ibuf_get_h64(buf, &h64) == -1,
	    "half a number is none");
	is_int(ibuf_size(buf), 7, "and is not consumed");
	ok(ibuf_skip(buf, 8) == -1 && ibuf_skip(buf, SIZE_MAX) == -1,
	    "nor skipped");
	is_int(ibuf_skip(buf, 7), 0, "but what is there");
	ibuf_free(buf);
}

static void
test_number_bounds(void)
{
	struct ibuf	*buf = ibuf_dynamic(1, 64);

	ok(ibuf_add_n8(buf, 256) == -1 && ibuf_add_n16(buf, 65536) == -1 &&
	    ibuf_add_n32(buf, 1ULL << 32) == -1 &&
	    ibuf_add_h16(buf, 65536) == -1 &&
	    ibuf_add_h32(buf, 1ULL << 32) == -1,
	    "too large a number is refused");
	is_int(errno, EINVAL, "as that");
	is_int(ibuf_size(buf), 0, "and nothing is added");
	ok(ibuf_add_n8(buf, 255) == 0 && ibuf_add_n16(buf, 65535) == 0 &&
	    ibuf_add_n32(buf, UINT32_MAX) == 0 &&
	    ibuf_add_n64(buf, UINT64_MAX) == 0, "the largest are not");
	ok(ibuf_set_n32(buf, 0, 1ULL << 32) == -1 &&
	    ibuf_set_n32(buf, 3, 0x01020304) == 0 &&
	    memcmp(ibuf_data(buf), "\xff\xff\xff\1\2\3\4\xff", 8) == 0,
	    "one is replaced");
	ibuf_free(buf);
}

static void
test_strings(void)
{
	struct ibuf	*buf = ibuf_dynamic(1, 64);
	char		 name[8], *s;

	is_int(ibuf_add_strbuf(buf, "engine", 8), 0, "a string in a field");
	errno = 0;
	ok(ibuf_add_strbuf(buf, "notifier", 8) == -1 && errno == EOVERFLOW,
	    "that has no room for its end");
	ok(ibuf_add_strbuf(buf, "", 0) == -1, "nor for anything");
	is_int(ibuf_size(buf), 8, "padded");
	is_int(ibuf_get_strbuf(buf, name, sizeof(name)), 0, "read");
	is_str(name, "engine", "as it was");
	ibuf_add(buf, "12345678", 8);
	errno = 0;
	ok(ibuf_get_strbuf(buf, name, sizeof(name)) == -1 &&
	    errno == EOVERFLOW, "without an end it is refused");
	is_str(name, "1234567", "and has one now");
	ok(ibuf_get_strbuf(buf, name, 0) == -1, "no field, no string");
	ibuf_add(buf, "ab\0cd", 5);
	ok((s = ibuf_get_string(buf, 5)) != NULL, "a string of that length");
	is_str(s, "ab", "ends at its NUL");
	is_int(ibuf_size(buf), 0, "but all of it is consumed");
	ok(ibuf_get_string(buf, 1) == NULL && errno == EBADMSG, "or none");
	free(s);
	ibuf_free(buf);
}

static void
test_place(void)
{
	struct ibuf	*buf = ibuf_dynamic(4, 16);

	ibuf_add(buf, "0123456789", 10);
	ibuf_skip(buf, 2);
	is_int(ibuf_set(buf, 0, "ab", 2), 0, "from where it is read");
	is_int(ibuf_set(buf, 6, "yz", 2), 0, "up to the end");
	ok(memcmp(ibuf_data(buf), "ab4567yz", 8) == 0, "replaced");
	ok(ibuf_set(buf, 7, "yz", 2) == -1 && ibuf_set(buf, 9, "", 0) == -1 &&
	    ibuf_seek(buf, SIZE_MAX, 2) == NULL &&
	    ibuf_seek(buf, 2, SIZE_MAX) == NULL && errno == ERANGE,
	    "not beyond");
	is_int(ibuf_truncate(buf, 3), 0, "cut");
	is_int(ibuf_size(buf), 3, "to that size");
	is_int(ibuf_truncate(buf, 5), 0, "filled up");
	ok(ibuf_size(buf) == 5 && memcmp(ibuf_data(buf), "ab4\0\0", 5) == 0,
	    "with zeros");
	ok(ibuf_truncate(buf, 15) == -1 && ibuf_truncate(buf, 14) == 0,
	    "to the bound");
	ibuf_free(buf);
}

static void
test_views(void)
{
	struct ibuf	 view, part, *buf = ibuf_dynamic(1, 64), *copy;
	uint8_t		 n8;
	char		 mem[] = "abcdef";

	ibuf_from_buffer(&view, mem, 6);
	ok(ibuf_add(&view, "x", 1) == -1 && ibuf_reserve(&view, 0) == NULL,
	    "nothing is added to a view");
	is_int(ibuf_left(&view), 0, "it has no room");
	is_int(ibuf_get_ibuf(&view, 4, &part), 0, "a part");
	ok(ibuf_size(&view) == 2 && ibuf_size(&part) == 4, "is consumed");
	ok(ibuf_get_ibuf(&view, 3, &part) == -1, "more is not there");
	is_int(ibuf_add_ibuf(buf, &part), 0, "added to another");
	ok(ibuf_size(buf) == 4 && ibuf_size(&part) == 4 &&
	    memcmp(ibuf_data(buf), "abcd", 4) == 0, "and not consumed");
	ibuf_skip(buf, 1);
	ibuf_from_ibuf(&view, buf);
	ok(ibuf_get_n8(&view, &n8) == 0 && n8 == 'b' && ibuf_size(buf) == 3,
	    "a look ahead consumes nothing");
	ok((copy = ibuf_open(3)) != NULL && ibuf_add_ibuf(copy, buf) == 0 &&
	    memcmp(ibuf_data(copy), "bcd", 3) == 0, "nor does a copy");
	ibuf_free(copy);
	ibuf_free(buf);
}

static void
test_empty(void)
{
	struct ibuf	*buf = ibuf_dynamic(0, 16), *other = ibuf_open(4), view;
	char		 c;

	is_int(ibuf_add_ibuf(other, buf), 0, "nothing is added");
	is_int(ibuf_add_zero(buf, 0), 0, "no zeros");
	is_int(ibuf_get(buf, &c, 0), 0, "nothing is read");
	is_int(ibuf_truncate(buf, 0), 0, "nothing is cut");
	ok(ibuf_get(buf, &c, 1) == -1, "there is nothing");
	ibuf_from_ibuf(&view, buf);
	is_int(ibuf_size(&view), 0, "a view on nothing");
	ibuf_from_buffer(&view, NULL, 0);
	ok(ibuf_get(&view, &c, 1) == -1, "and on no memory");
	ibuf_free(buf);
	ibuf_free(other);
}

static void
test_fd(void)
{
	struct ibuf	*buf = ibuf_open(4);
	int		 a, b;

	a = open("/dev/null", O_RDONLY);
	b = open("/dev/null", O_RDONLY);
	ok(!ibuf_fd_avail(buf) && ibuf_fd_get(buf) == -1, "no descriptor");
	ibuf_fd_set(buf, a);
	ok(ibuf_fd_avail(buf), "one");
	ibuf_fd_set(buf, b);
	ok(fcntl(a, F_GETFD) == -1 && fcntl(b, F_GETFD) != -1,
	    "another replaces it");
	is_int(ibuf_fd_get(buf), b, "which is handed out");
	ok(!ibuf_fd_avail(buf), "once");
	ibuf_fd_set(buf, b);
	ibuf_free(buf);
	ok(fcntl(b, F_GETFD) == -1, "or closed in the end");
}
