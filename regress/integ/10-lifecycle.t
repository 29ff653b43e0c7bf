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

# A node from an empty directory to its end: identity, five processes, what
# they may do, and nothing left behind.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

node_make a
ok "an empty directory is enough to start" node_start a

for f in node.yaml cluster.yaml keys/private.pem; do
	is "$f is for its owner alone" \
	    "$(stat -c %a "$work/a/data/$f")" 600
done
for f in keys/public.pem keys/cert.pem; do
	is "$f is for everyone" "$(stat -c %a "$work/a/data/$f")" 644
done
id=$(sed -n 's/^node_id: //p' "$work/a/data/node.yaml")
like "the node id is a random UUID" "$id" \
    '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
is "the new cluster has this node as its peer" \
    "$(ctl a -j show status | jq -r '.peers[0].node_id')" "$id"
is "which is its own master" \
    "$(ctl a -j show status | jq -r '.master_id')" "$id"

titles=$(ps -o args= --pid "$node" --ppid "$node" | sed 's/ *$//' | sort |
    tr '\n' ',')
is "five processes with their titles" "$titles" \
    "quptimed: engine,quptimed: notifier,quptimed: parent,\
quptimed: prober,quptimed: quorum,"

sandbox=$(ctl a -j show sandbox)
is "five rows in show sandbox" \
    "$(echo "$sandbox" | jq '.processes | length')" 5
is "every process has a seccomp filter" \
    "$(echo "$sandbox" | jq -c '[.processes[].seccomp] | unique')" "[2]"
is "every process has no_new_privs" \
    "$(echo "$sandbox" | jq -c '[.processes[].no_new_privs] | unique')" "[1]"
ok "open descriptors are counted" \
    sh -c "echo '$sandbox' | jq -e '[.processes[].open_fds] | min > 2'"
if [ "$uid" -eq 0 ]; then
	is "no child runs as root" "$(echo "$sandbox" |
	    jq '[.processes[] | select(.name != "parent" and .uid == 0)] |
	    length')" 0
	is "no child sees the file system's root" "$(echo "$sandbox" |
	    jq '[.processes[] | select(.name != "parent" and .root == "/")] |
	    length')" 0
	is "no child has a capability" "$(echo "$sandbox" |
	    jq -r '[.processes[] | select(.name != "parent").cap_eff] |
	    unique[]')" 0000000000000000
else
	skip "not root: no change of user and root directory"
	skip "not root: no change of user and root directory"
	skip "not root: no capabilities"
fi

# The same numbers straight from the kernel.
for p in $(echo "$sandbox" | jq '.processes[].pid'); do
	is "proc(5) agrees for $p" "$(awk '/^(NoNewPrivs|Seccomp):/ {
	    printf "%s", $2 }' "/proc/$p/status")" 12
done

ok "a second daemon on the directory is refused" \
    sh -c "! $quptimed -d -D $work/a/data -s $work/a/sock2 2>&1"
ok "and the first goes on" ctl a show status

children=$(echo "$sandbox" | jq '.processes[].pid')
node_stop
is "SIGTERM ends it with status 0" "$status" 0
for p in $children; do
	ok "process $p is gone" gone "$p"
done
ok "the control socket is gone" test ! -e "$work/a/sock"
is "no temporary file is left" \
    "$(find "$work/a/data" -name '*.tmp-*' | wc -l)" 0

ok "it starts again" node_start a
is "as the same node" "$(ctl a -j show status | jq -r .node_id)" "$id"

# The port is taken: a start error, and nobody's socket is touched.
node_make b
cp "$work/a/env" "$work/b/env"
a=$node
node_run b
wait "$node"
is "a busy port is a start error" "$?" 1
node=$a
ok "and the other daemon still answers" ctl a show status

is "the version is the same everywhere" \
    "$($quptimed -V | sed 's/.* //')" \
    "$(ctl a -j show version | jq -r .version)"
node_stop
done_testing
