#!/bin/sh
#
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

# From inside each running process: what it has no business with is refused.
# A debugger makes the calls in the process's own name, filter and all.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

command -v gdb >/dev/null || skip_all "gdb is not installed"
[ "$uid" -eq 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope \
    2>/dev/null || echo 0)" -eq 0 ] ||
    skip_all "this user may not trace its processes"

# call pid expression: what the expression yields in that process.
call()
{
	timeout 60 gdb -q -nx -batch -p "$1" \
	    -iex 'set auto-load off' \
	    -iex 'set debuginfod enabled off' \
	    -ex 'handle SIGSYS nostop noprint pass' \
	    -ex "printf \"yields %d\\n\", $2" 2>&1 |
	    sed -n 's/^yields //p; s/.*terminated with signal.*/dead/p
	    s/.*The program being debugged was signaled.*/dead/p' | head -n 1
}

# The C library's own wrapper, so that no machine's calling convention matters.
sys()
{
	echo "(int)((long (*)(long, ...))syscall)($1)"
}

# Numbers of the calls on this machine.
cat >"$work/nr.c" <<'EOF'
#include <sys/syscall.h>
#include <fcntl.h>
#include <sys/socket.h>
openat SYS_openat
execve SYS_execve
ptrace SYS_ptrace
socket SYS_socket
EOF
nr()
{
	"${CC:-cc}" -E -P "$work/nr.c" | sed -n "s/^$1 //p" |
	    tail -n 1
}

node_make a
openat=$(nr openat) execve=$(nr execve) ptrace=$(nr ptrace)
socket=$(nr socket)

# refused name role expression: answered by an error, or by death.
refused()
{
	ok "the daemon runs" node_start a || return
	: >"$work/a/log"
	pid=$(child_pid a "$2")
	got=$(call "$pid" "$3")
	case $got in
	-1)
		ok "$2: $1 is refused" true
		;;
	*)
		wait_until 10 gone "$pid"
		wait "$node"
		is "$2: $1 kills it, and the daemon with it" "$?" 1
		like "$2: the log names process and call" \
		    "$(cat "$work/a/log")" \
		    "$2: forbidden system call $1"
		return
		;;
	esac
	node_stop
}

for role in parent engine quorum prober notifier; do
	ok "the daemon runs" node_start a
	pid=$(child_pid a $role)
	# O_RDONLY is 0 and AT_FDCWD -100 everywhere.
	is "$role: open of a file outside is refused" \
	    "$(call "$pid" "$(sys "$openat, -100, \"/etc/passwd\", 0, 0")")" -1
	ok "$role: and it lives on" kill -0 "$pid"
	node_stop
	refused execve $role "$(sys "$execve, \"/bin/true\", 0, 0")"
	refused ptrace $role "$(sys "$ptrace, 0, 0, 0, 0")"
done
refused socket quorum "$(sys "$socket, 2, 1, 0")"
refused socket parent "$(sys "$socket, 2, 1, 0")"
done_testing
