# Copyright (c) 2026 The quptimed authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.


# An nginx of a test's own: one process of the current user, on loopback, with
# everything below one directory.
#
# shellcheck shell=sh

# nginx_start dir port: serves dir/html and leaves its pid in $nginx_pid.
nginx_start()
{
	command -v nginx >/dev/null || return 1
	mkdir -p "$1/html" "$1/tmp" || return 1
	[ -f "$1/html/index.html" ] || echo "It works." >"$1/html/index.html"
	cat >"$1/nginx.conf" <<-CONF
		daemon off;
		master_process off;
		pid $1/nginx.pid;
		error_log $1/error.log;
		events {
			worker_connections 512;
		}
		http {
			access_log off;
			default_type text/plain;
			client_body_temp_path $1/tmp;
			proxy_temp_path $1/tmp;
			fastcgi_temp_path $1/tmp;
			uwsgi_temp_path $1/tmp;
			scgi_temp_path $1/tmp;
			server {
				listen 127.0.0.1:$2;
				root $1/html;
				location = /503 {
					return 503;
				}
			}
		}
	CONF
	rm -f "$1/nginx.pid"
	nginx -p "$1" -e "$1/error.log" -c "$1/nginx.conf" \
	    >"$1/nginx.out" 2>&1 &
	nginx_pid=$!
	# The pid is written once the port is bound.
	_n=0
	until [ -s "$1/nginx.pid" ]; do
		_n=$((_n + 1))
		if [ $_n -gt 200 ] || ! kill -0 "$nginx_pid" 2>/dev/null; then
			nginx_stop
			return 1
		fi
		sleep 0.05
	done
}

nginx_stop()
{
	[ -n "$nginx_pid" ] || return 0
	kill "$nginx_pid" 2>/dev/null
	wait "$nginx_pid" 2>/dev/null
	nginx_pid=
}
