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
# Each call is made in the process's own name, filter and all.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

case $(uname -m) in
x86_64|aarch64)
	;;
*)
	skip_all "no way to make calls in another process on this machine"
	;;
esac
[ "$uid" -eq 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope \
    2>/dev/null || echo 0)" -eq 0 ] ||
    skip_all "this user may not trace its processes"
[ -z "$san" ] || skip_all "the sanitizers' runtimes need a wider sandbox"

"${CC:-cc}" -o "$work/inject" "$top/regress/integ/inject.c" ||
    skip_all "inject.c does not compile"

# What the C library calls EACCES everywhere, and SIGSYS.
refusal=-13
death=trapped

node_make a
for role in parent engine quorum prober notifier; do
	ok "the daemon runs" node_start a || continue
	pid=$(child_pid a $role)
	is "$role: a call that is allowed comes back" \
	    "$("$work/inject" "$pid" getpid)" "$pid"
	case $role in
	parent)
		# It may read where its own files are, and write nowhere.
		is "$role: creating a file is refused" \
		    "$("$work/inject" "$pid" create)" "$death"
		wait "$node"
		ok "the daemon runs again" node_start a || continue
		pid=$(child_pid a $role)
		;;
	quorum)
		# Its root is the data directory: there is no such file in it.
		like "$role: a file outside is not there to open" \
		    "$("$work/inject" "$pid" open)" "^-(2|13)$"
		like "$role: nothing is created outside" \
		    "$("$work/inject" "$pid" create)" "^-(2|13)$"
		;;
	*)
		is "$role: opening a file is refused" \
		    "$("$work/inject" "$pid" open)" "$refusal"
		is "$role: creating a file is refused" \
		    "$("$work/inject" "$pid" create)" "$refusal"
		;;
	esac
	ok "$role: lives on" ctl a show status
	node_stop
	is "$role: and the daemon ends well" "$status" 0

	for call in execve ptrace socket; do
		case $role:$call in
		engine:socket|prober:socket|notifier:socket)
			continue
			;;
		esac
		: >"$work/a/log"
		ok "the daemon runs" node_start a || continue
		pid=$(child_pid a $role)
		is "$role: $call is its death" \
		    "$("$work/inject" "$pid" $call)" "$death"
		wait "$node"
		status=$?
		like "$role: the log names process and call" \
		    "$(cat "$work/a/log")" \
		    "$role: forbidden system call $call"
		if [ $role = parent ]; then
			is "$role: it dies of SIGSYS" "$status" 159
		else
			is "$role: the daemon ends with status 1" "$status" 1
			like "$role: and says of what it died" \
			    "$(cat "$work/a/log")" "$role.*signal 31"
		fi
	done
done
ok "nothing was created" test ! -e /tmp/quptime-escape
done_testing
