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

# For the integration tests: TAP, polling waits, and nodes that are started and
# stopped by pid.  Whatever a test starts ends with it, however it ends.
#
# shellcheck shell=sh disable=SC2034

top=$(cd "$(dirname "$0")/../.." && pwd)
quptimed=$top/quptimed/quptimed
quptimectl=$top/quptimectl/quptimectl
uid=$(id -u)
san=$(sed -n 's/^#define[ 	]*QUPTIMED_SANITIZE[ 	]*//p' "$top/config.h")
case $san in
""|0)	san= ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/quptime-regress.XXXXXX") || exit 1
chmod 755 "$work"
pids=
count=0
failed=0

# Ends what was started, youngest first, and waits for it.
cleanup()
{
	trap - EXIT HUP INT TERM
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	for p in $pids; do
		n=0
		while kill -0 "$p" 2>/dev/null && [ $n -lt 100 ]; do
			sleep 0.05
			n=$((n + 1))
		done
		kill -9 "$p" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# own pid: ends with the test.
own()
{
	pids="$1 $pids"
}

# not_ok description text ...: said where prove(1) shows it.
not_ok()
{
	failed=$((failed + 1))
	echo "not ok $count - $1"
	{
		echo "$0: not ok $count - $1"
		shift
		printf '%s\n' "$@"
	} | sed 's/^/#   /' >&2
	return 1
}

# ok description command ...: one test; its output is shown when it fails.
ok()
{
	count=$((count + 1))
	_desc=$1
	shift
	if "$@" >"$work/ok.out" 2>&1; then
		echo "ok $count - $_desc"
		return 0
	fi
	not_ok "$_desc" "failed: $*" "$(cat "$work/ok.out")"
}

# is description got want
is()
{
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
		return 0
	fi
	not_ok "$1" "got:  $2" "want: $3"
}

# like description text pattern: an extended regular expression.
like()
{
	count=$((count + 1))
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then
		echo "ok $count - $1"
		return 0
	fi
	not_ok "$1" "got:     $2" "pattern: $3"
}

skip()
{
	count=$((count + 1))
	echo "ok $count # SKIP $1"
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# For tests that are long: not in every leg, see regress/run.
long_test()
{
	[ -n "${REGRESS_LONG-1}" ] ||
	    skip_all "long: done in the legs of the other compiler"
}

done_testing()
{
	if [ $failed -ne 0 ]; then
		for l in "$work"/*/log; do
			[ -f "$l" ] || continue
			echo "# $l:"
			tail -n 40 "$l" | sed 's/^/#   /'
		done >&2
	fi
	echo "1..$count"
	exit $((failed != 0))
}

# wait_until seconds command ...: polls until the command succeeds.
wait_until()
{
	_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		_left=$((_left - 1))
		[ $_left -gt 0 ] || return 1
		sleep 0.05
	done
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# memory pid: of a node, in KB: what is shared counts in parts.
memory()
{
	_kb=0
	for _p in "$1" $(ps -o pid= --ppid "$1"); do
		_pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' \
		    "/proc/$_p/smaps_rollup")
		_kb=$((_kb + _pss))
	done
	echo $_kb
}

# A TCP port of 127.0.0.1 that nobody listens on.
free_port()
{
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	    LocalAddr => "127.0.0.1", ReuseAddr => 1)->sockport'
}

# node_make name: a directory whose node listens on a free port.
node_make()
{
	mkdir -p "$work/$1"
	cat >"$work/$1/env" <<-EOF
		QUPTIME_BIND_ADDR=127.0.0.1
		QUPTIME_BIND_PORT=$(free_port)
	EOF
}

# node_run name [flag ...]: starts it, by $node_prefix if that is set, and
# leaves its pid in $node.
node_run()
{
	_name=$1
	shift
	# shellcheck disable=SC2046,SC2086
	${node_prefix-} env $(cat "$work/$_name/env") \
	    "$quptimed" -d -D "$work/$_name/data" \
	    -s "$work/$_name/sock" "$@" >>"$work/$_name/log" 2>&1 &
	node=$!
	own $node
}

# node_start name [flag ...]: the same, and waits until it answers.
node_start()
{
	[ -f "$work/$1/env" ] || node_make "$1"
	node_run "$@"
	if ! wait_until 30 ctl "$1" show alerts; then
		echo "# $1 does not answer"
		sed 's/^/#   /' "$work/$1/log"
		return 1
	fi
}

# node_stop: ends $node and leaves its exit status in $status.
node_stop()
{
	kill "$node" 2>/dev/null
	wait "$node"
	status=$?
}

# ctl name argument ...
ctl()
{
	_sock=$work/$1/sock
	shift
	"$quptimectl" -s "$_sock" "$@"
}

# state name check: what the node says of it.
state()
{
	ctl "$1" -j show checks "$2" | jq -r '.checks[0].state'
}

is_state()
{
	[ "$(state "$1" "$2")" = "$3" ]
}

# child_pid name role
child_pid()
{
	ctl "$1" -j show sandbox |
	    jq -r ".processes[] | select(.name == \"$2\").pid"
}
