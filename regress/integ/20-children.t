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

# A child that dies ends the daemon with status 1 and one line that names it
# and its signal; a parent that dies takes the children along.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

node_make a
for role in engine quorum prober notifier; do
	: >"$work/a/log"
	ok "the daemon starts" node_start a
	pid=$(child_pid a $role)
	others=$(ctl a -j show sandbox | jq '.processes[].pid')
	kill -9 "$pid"
	wait "$node"
	is "killing $role ends the daemon with status 1" "$?" 1
	is "one line names $role and the signal" \
	    "$(grep -c "$role.*signal 9" "$work/a/log")" 1
	for p in $others; do
		ok "process $p is gone" gone "$p"
	done
done

ok "the daemon starts" node_start a
others=$(ctl a -j show sandbox | jq '.processes[].pid')
kill -9 "$node"
for p in $others; do
	ok "without the parent process $p leaves" wait_until 10 gone "$p"
done
ok "and the next start finds everything in order" node_start a
node_stop
is "until it is stopped" "$status" 0
done_testing
