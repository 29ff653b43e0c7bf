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


# For benches, on top of lib.sh.
#
# shellcheck shell=sh disable=SC2034,SC2154

seconds=${BENCH_SECONDS:-30}
tick=$(getconf CLK_TCK)
if [ ! -r /proc/self/smaps_rollup ]; then
	echo "$0: wants Linux's /proc" >&2
	exit 1
fi

# cpu pid ...: in clock ticks.
cpu()
{
	for _p; do
		sed 's/.*) //' "/proc/$_p/stat"
	done | awk '{ n += $12 + $13 } END { print n }'
}

# procs pid: those of a node.
procs()
{
	echo "$1 $(cat "/proc/$1/task/$1/children")"
}

# anonymous pid ...: memory that no file backs, in KB: it can leak, and does not
# depend on who else has the libraries mapped.
anonymous()
{
	for _p; do
		cat "/proc/$_p/smaps_rollup"
	done | awk '$1 == "Anonymous:" { n += $2 } END { print n }'
}

# bench_cert dir: a certificate and its key.
bench_cert()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1/key.pem" -out "$1/cert.pem" -days 90 \
	    -subj /CN=bench 2>/dev/null
}

# cluster kind < cluster.yaml: with $checks checks of that kind, or of a mix,
# in place of none, each every $interval seconds, at $port, $tls and $dns.
cluster()
{
	awk -v kind="$1" -v n="$checks" -v interval="$interval" \
	    -v port="$port" -v tls="$tls" -v dns="$dns" '
	$0 != "checks: []" { print; next }
	{
		print "checks:"
		split("dns tls tcp tcp tcp http http http dns tls", mix, " ")
		for (i = 0; i < n; i++) {
			type = kind == "mix" ? mix[i % 10 + 1] : kind
			host = "127.1." int(i / 256) "." i % 256
			host = host ":" (type == "tls" ? tls : port)
			if (type == "http")
				host = "http://" host "/"
			if (type == "dns")
				host = i ".bench.example"
			print "-   id: bench-" i
			print "    name: check-" i
			print "    type: " type
			print "    target: " host
			print "    interval: " interval "s"
			print "    timeout: 5s"
			if (type == "dns")
				print "    dns_resolver: 127.0.0.1:" dns
		}
	}'
}

# node_checks node kind: makes one that has such checks.
node_checks()
{
	node_start "$1" && node_stop
	cluster "$2" <"$work/$1/data/cluster.yaml" >"$work/new" &&
	    mv "$work/new" "$work/$1/data/cluster.yaml"
}

all_up()
{
	ctl "$1" -j show status | grep -q "\"checks_up\":$checks,"
}

# node_up node: runs it until all checks are up.
node_up()
{
	node_start "$1" || return 1
	if ! wait_until $((interval * 4 + 30)) all_up "$1"; then
		echo "# $1: not all checks are up"
		ctl "$1" show status | sed -n 1,8p
		return 1
	fi
	procs=$(procs "$node")
}
