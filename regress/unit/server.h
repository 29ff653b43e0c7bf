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

#ifndef SERVER_H
#define SERVER_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A small HTTP server on the loopback address for tests of clients: one
 * process per connection, the path says what to do.
 */

static inline int
server_listen(uint16_t *port)
{
	struct sockaddr_in	 sin;
	socklen_t		 len = sizeof(sin);
	int			 fd;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "server_listen");
	*port = ntohs(sin.sin_port);
	return (fd);
}

static inline void
server_put(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) == -1)
		_exit(0);
}

static inline void
server_head(int fd, const char *status, size_t len)
{
	char	 buf[256];

	snprintf(buf, sizeof(buf), "HTTP/1.1 %s\r\nContent-Type: text/plain"
	    "\r\nContent-Length: %zu\r\n\r\n", status, len);
	server_put(fd, buf);
}

static inline void
server_redirect(int fd, const char *status, const char *to)
{
	char	 buf[512];

	snprintf(buf, sizeof(buf), "HTTP/1.1 %s\r\nLocation: %s\r\n"
	    "Content-Length: 0\r\n\r\n", status, to);
	server_put(fd, buf);
}

/* What is sent for the paths that need no more than a fixed text. */
static inline const char *
server_text(const char *path)
{
	static const char *const	 texts[][2] = {
		{ "/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
		    "\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nA: b\r\n"
		    "\r\n" },
		{ "/close", "HTTP/1.0 200 Fine\r\n\r\nuntil the end" },
		{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour" },
		{ "/early", "HTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\n"
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
		{ "/eof", "" },
		{ "/garbage", "garbage\r\n" },
		{ "/noloc", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n" },
		{ "/retry", "HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\n"
		    "Content-Length: 0\r\n\r\n" },
		{ "/vis", "HTTP/1.1 500 \x9b" "31m\xc3\xa9\r\n"
		    "Content-Length: 0\r\n\r\n" },
	};
	size_t				 i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(path, texts[i][0]) == 0)
			return (texts[i][1]);
	return (NULL);
}

static inline void
server_answer(int fd, const char *path, const char *request)
{
	static char	 big[64 * 1024];
	const char	*text;
	int		 i, n;
	char		 to[64];

	if ((text = server_text(path)) != NULL) {
		for (; *text != '\0'; text++)
			if (write(fd, text, 1) == -1)
				return;
	} else if (strcmp(path, "/echo") == 0) {
		server_head(fd, "200 OK", strlen(request));
		server_put(fd, request);
	} else if (strcmp(path, "/slow") == 0)
		pause();
	else if (strcmp(path, "/slowbody") == 0) {
		server_head(fd, "200 OK", 100);
		pause();
	} else if (strcmp(path, "/drip") == 0) {
		server_head(fd, "200 OK", 1000000);
		for (i = 0; i < 10000; i++) {
			server_put(fd, "x");
			usleep(1000);
		}
	} else if (strcmp(path, "/big") == 0) {
		memset(big, 'x', sizeof(big));
		server_head(fd, "200 OK", 32 * sizeof(big) + 6);
		for (i = 0; i < 32; i++)
			if (write(fd, big, sizeof(big)) == -1)
				return;
		server_put(fd, "needle");
	} else if (sscanf(path, "/to/%d", &n) == 1) {
		snprintf(to, sizeof(to), n > 1 ? "../to/%d" : "/echo", n - 1);
		server_redirect(fd, "302 Found", to);
	} else if (strcmp(path, "/loop") == 0)
		server_redirect(fd, "301 Moved", "/loop");
	else if (strcmp(path, "/303") == 0)
		server_redirect(fd, "303 See Other", "echo?x#frag");
	else if (strcmp(path, "/307") == 0)
		server_redirect(fd, "307 Temporary Redirect", "/echo");
	else if (strcmp(path, "/ftp") == 0)
		server_redirect(fd, "302 Found", "ftp://127.0.0.1/");
	else if (strcmp(path, "/503") == 0)
		server_head(fd, "503 Service Unavailable", 0);
	else {
		server_head(fd, "200 OK", 3);
		server_put(fd, "ok\n");
	}
}

static inline void
server_conn(int fd)
{
	char	 buf[4096], path[256], *body;
	size_t	 len = 0, want = 0;
	ssize_t	 n;

	signal(SIGPIPE, SIG_DFL);
	for (body = NULL; body == NULL || len < want;) {
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			return;
		buf[len += n] = '\0';
		if ((body = strstr(buf, "\r\n\r\n")) == NULL)
			continue;
		want = body + 4 - buf;
		if (strcasestr(buf, "\nContent-Length: ") != NULL)
			want += atoi(strcasestr(buf, "\nContent-Length: ") +
			    strlen("\nContent-Length: "));
	}
	if (sscanf(buf, "%*s %255[^? ]", path) == 1)
		server_answer(fd, path, buf);
}

/* Takes the listener over; killing the process ends the connections too. */
static inline pid_t
server_start(int ls)
{
	pid_t	 pid;
	int	 fd;

	fflush(stdout);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid > 0) {
		close(ls);
		return (pid);
	}
	setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(ls, NULL, NULL)) != -1) {
		if (fork() == 0) {
			close(ls);
			server_conn(fd);
			_exit(0);
		}
		close(fd);
	}
	_exit(1);
}

static inline void
server_stop(pid_t pid)
{
	/* Whichever of both was first. */
	setpgid(pid, pid);
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif /* SERVER_H */
