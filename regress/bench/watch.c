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
#include <sys/time.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * How late probes are, whoever answers them: looks at the packets on loopback
 * that begin one, a SYN to one of two TCP ports or a question to a UDP port,
 * with the time that the kernel saw them.  The target is the last half of the
 * address, or the number that begins the name asked for.
 *
 * Each target is probed once in an interval.  In time is what is least late of
 * all its probes, modulo the interval.  Prints how late the others were in ms:
 * half, 99 % and all were no later than that; then their number, and that of
 * the targets.
 */

#define TARGETS	65536
#define SEEN	2000000
#define QNAME	(8 + 12)	/* behind headers of UDP and DNS */

struct seen {
	uint32_t	 target;
	uint32_t	 phase;		/* us */
};

static int	 sniffer(const uint16_t *);
static int	 target(const uint8_t *, size_t);
static int64_t	 stamp(struct msghdr *);
static int64_t	 now(void);
static void	 report(void);
static int	 late_cmp(const void *, const void *);
static void	 usage(void) __attribute__((__noreturn__));

static struct seen	*seen;
static size_t		 nseen;
static int64_t		 interval;	/* us */

int
main(int argc, char *argv[])
{
	struct msghdr	 msg;
	struct iovec	 iov;
	const char	*errstr[5];
	union {
		struct cmsghdr	 align;
		char		 buf[256];
	}		 ctl;
	uint8_t		 buf[128];
	uint16_t	 ports[3];
	int64_t		 end, t;
	ssize_t		 n;
	int		 fd, i;

	if (argc != 6)
		usage();
	for (i = 0; i < 3; i++)
		ports[i] = strtonum(argv[i + 1], 1, UINT16_MAX, &errstr[i]);
	interval = strtonum(argv[4], 1, 3600, &errstr[3]) * 1000000;
	end = strtonum(argv[5], 1, 86400, &errstr[4]) * 1000000;
	for (i = 0; i < 5; i++)
		if (errstr[i] != NULL)
			usage();
	if ((seen = calloc(SEEN, sizeof(*seen))) == NULL)
		err(1, NULL);
	fd = sniffer(ports);
	for (end += now(); now() < end && nseen < SEEN;) {
		memset(&msg, 0, sizeof(msg));
		iov.iov_base = buf;
		iov.iov_len = sizeof(buf) - 1;
		msg.msg_iov = &iov;
		msg.msg_iovlen = 1;
		msg.msg_control = &ctl;
		msg.msg_controllen = sizeof(ctl);
		if ((n = recvmsg(fd, &msg, 0)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			err(1, "recvmsg");
		}
		buf[n] = '\0';
		if ((i = target(buf, n)) == -1 || (t = stamp(&msg)) == -1)
			continue;
		seen[nseen].target = i;
		seen[nseen++].phase = t % interval;
	}
	report();
	return (0);
}

/* A socket that has only what begins a probe; waits 100 ms at most. */
static int
sniffer(const uint16_t *ports)
{
	struct sock_filter	 code[] = {
		/* Loopback has each packet twice: going and coming. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 14, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 7, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10),
		/* SYN without ACK. */
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 7),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ports[0], 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ports[1], 3, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ports[2], 1, 2),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 127),
		BPF_STMT(BPF_RET | BPF_K, 0)
	};
	struct sock_fprog	 prog = { sizeof(code) / sizeof(code[0]),
				    code };
	struct sockaddr_ll	 sll;
	struct timeval		 tv = { 0, 100000 };
	int			 fd, one = 1, size = 4 * 1024 * 1024;

	/* Nothing comes before the filter is set and the address bound. */
	if ((fd = socket(AF_PACKET, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");
	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(0x0800);
	sll.sll_ifindex = if_nametoindex("lo");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
	    sizeof(prog)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &one,
	    sizeof(one)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == -1 ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "sniffer");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return (fd);
}

/* Whom a packet is to probe, or -1. */
static int
target(const uint8_t *p, size_t n)
{
	size_t	 head;

	if (n < 20)
		return (-1);
	if (p[9] == IPPROTO_TCP)
		return (p[18] << 8 | p[19]);
	head = (p[0] & 0x0f) * 4;
	if (n < head + QNAME + 2)
		return (-1);
	return (atoi((const char *)p + head + QNAME + 1) & 0xffff);
}

static int64_t
stamp(struct msghdr *msg)
{
	struct cmsghdr	*c;
	struct timeval	 tv;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMP) {
			memcpy(&tv, CMSG_DATA(c), sizeof(tv));
			return (tv.tv_sec * 1000000LL + tv.tv_usec);
		}
	return (-1);
}

static int64_t
now(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (ts.tv_sec * 1000000LL + ts.tv_nsec / 1000);
}

static void
report(void)
{
	static int64_t	 first[TARGETS], least[TARGETS];
	int64_t		*d;
	size_t		 i, ntargets = 0;

	/* Around the first time that each was asked, so that none wraps. */
	for (i = 0; i < TARGETS; i++) {
		first[i] = -1;
		least[i] = interval;
	}
	for (i = 0; i < nseen; i++) {
		d = &first[seen[i].target];
		if (*d == -1) {
			*d = seen[i].phase;
			ntargets++;
		}
		seen[i].phase = (seen[i].phase - *d + interval +
		    interval / 2) % interval;
		if (seen[i].phase < least[seen[i].target])
			least[seen[i].target] = seen[i].phase;
	}
	for (i = 0; i < nseen; i++)
		seen[i].phase -= least[seen[i].target];
	if (nseen == 0)
		errx(1, "no probe seen");
	qsort(seen, nseen, sizeof(*seen), late_cmp);
	printf("%.1f %.1f %.1f %zu %zu\n",
	    seen[nseen / 2].phase / 1000.0,
	    seen[nseen - 1 - nseen / 100].phase / 1000.0,
	    seen[nseen - 1].phase / 1000.0, nseen, ntargets);
}

static int
late_cmp(const void *a, const void *b)
{
	const struct seen	*x = a, *y = b;

	return (x->phase < y->phase ? -1 : x->phase > y->phase);
}

static void
usage(void)
{
	fprintf(stderr, "usage: watch tcp-port tcp-port udp-port interval "
	    "seconds\n");
	exit(2);
}
