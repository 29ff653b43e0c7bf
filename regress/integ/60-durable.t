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

# What was acknowledged is there after SIGKILL of any process at any moment.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

node_make a
port=$(free_port)
acked=$work/acked
: >"$acked"
n=0

# Adds checks until the daemon is gone, and writes down what was acknowledged.
writer()
{
	while ctl a check add tcp "c$n" "127.0.0.1:$port" --interval 1h \
	    >/dev/null 2>&1; do
		echo "c$n" >>"$acked"
		n=$((n + 1))
	done
	echo $((n + 1)) >"$work/next"
}

round=0
for role in parent quorum engine prober notifier quorum parent quorum; do
	round=$((round + 1))
	node_start a || break
	pid=$(child_pid a $role)
	have=$(wc -l <"$acked")
	writer &
	w=$!
	own $w
	# Some changes into the round, at a moment of its own.
	wait_until 20 sh -c "[ \$(wc -l <$acked) -ge $((have + round)) ]"
	kill -9 "$pid"
	wait "$w"
	n=$(cat "$work/next")
	wait "$node" 2>/dev/null
done
ok "the daemon starts again" node_start a
ctl a -j show checks | jq -r '.checks[].name' | sort >"$work/have"
sort "$acked" >"$work/want"
ok "changes were acknowledged" test -s "$acked"
is "none of them is lost" "$(comm -13 "$work/have" "$work/want")" ""
is "no temporary file is left" \
    "$(find "$work/a/data" -name '*.tmp-*' | wc -l)" 0
node_stop

# A disk that is full: refused, named, and everything stays as it was.
if [ "$uid" -eq 0 ] && mkdir "$work/small" &&
    mount -t tmpfs -o size=256k,mode=755 none "$work/small" 2>/dev/null; then
	mkdir "$work/b"
	cp "$work/a/env" "$work/b/env"
	mkdir "$work/small/data"
	ln -s "$work/small/data" "$work/b/data"
	ok "a node on a small disk starts" node_start b
	ok "a change is made" ctl b check add tcp one "127.0.0.1:$port"
	dd if=/dev/zero of="$work/small/fill" bs=4k >/dev/null 2>&1
	out=$(ctl b check add tcp two "127.0.0.1:$port" 2>&1)
	is "a change on a full disk is refused" "$?" 1
	like "with the reason" "$out" "No space left"
	is "and not in force" \
	    "$(ctl b -j show checks | jq -c '[.checks[].name]')" '["one"]'
	rm "$work/small/fill"
	ok "with room again it works" ctl b check add tcp two \
	    "127.0.0.1:$port"
	node_stop
	umount "$work/small"
else
	skip "no small disk can be made here"
fi
done_testing
