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

# The control socket: who may do what, what a bad client costs, exit codes, and
# JSON that parses.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

node_start a || exit 1
port=$(free_port)
ctl a check add tcp one "127.0.0.1:$port" --interval 1m >/dev/null
ctl a alert add webhook hook --url http://127.0.0.1:1/secret-token >/dev/null

for what in status checks "checks one" alerts sandbox version; do
	# shellcheck disable=SC2086
	ctl a -j show $what >"$work/out"
	rc=$?
	ok "show $what -j is one JSON object (status $rc)" \
	    jq -e -s 'length == 1 and (.[0] | type == "object")' "$work/out"
	# shellcheck disable=SC2086
	ok "show $what prints text" sh -c \
	    "$quptimectl -s $work/a/sock show $what | grep ."
done
ok "no secret is shown" sh -c \
    "! $quptimectl -s $work/a/sock -j show alerts | grep secret-token"
ok "no secret is logged" sh -c "! grep secret-token $work/a/log"
is "status has the names of the wire" "$(ctl a -j show status |
    jq -r 'has("node_id") and has("term") and has("master_id") and
    has("config_version") and has("has_quorum") and has("quorum_size") and
    (.peers[0] | has("node_id") and has("live") and has("last_seen")) and
    (.checks[0] | has("name") and has("state") and has("ok_count") and
    has("total"))')" true

# rc wanted command ...
rc()
{
	_want=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	is "status $_want: $*" "$?" "$_want"
	if [ "$_want" -eq 1 ]; then
		is "one line says why" "$(wc -l <"$work/err")" 1
	fi
}
rc 0 ctl a show status
rc 0 ctl a sh stat
rc 0 ctl a check edit one --interval 30s
rc 1 ctl a check add tcp one "127.0.0.1:$port"
rc 1 ctl a check remove nosuch
rc 1 ctl a check edit nosuch --interval 5s
rc 1 ctl a check add tcp two "127.0.0.1:$port" --alerts nosuch
rc 1 ctl a alert edit nosuch --default
rc 1 ctl a alert test hook
rc 1 "$quptimectl" -s "$work/none" show status
rc 2 ctl a
rc 2 ctl a show
rc 2 ctl a s
rc 2 ctl a check add tcp
rc 2 ctl a check add udp x y
rc 2 ctl a check add tcp two "127.0.0.1:$port" --interval 1
rc 2 ctl a check add tcp two "127.0.0.1:$port" --interval 500ms
rc 2 ctl a check add tcp two "127.0.0.1:$port" --body-match x
rc 2 ctl a check add tcp two "127.0.0.1:$port" --nosuch x
rc 2 ctl a check add tcp two "127.0.0.1:$port" --interval
rc 2 ctl a check edit one
rc 2 ctl a show status extra

is "the edit is in force" \
    "$(ctl a -j show checks one | jq '.configs[0].Interval')" 30000000000

# Many at once, and one that never reads.
cat >"$work/clients.pl" <<'EOF'
use strict;
use warnings;
use IO::Socket::UNIX;
my ($sock, $n, $type) = @ARGV;
my @c;
for (1 .. $n) {
	my $c = IO::Socket::UNIX->new(Peer => $sock) or next;
	push @c, $c;
	syswrite($c, $type) if length $type;
}
print scalar(@c), "\n";
close(STDOUT);
<STDIN>;
EOF
mkfifo "$work/hold"
perl "$work/clients.pl" "$work/a/sock" 100 "" <"$work/hold" >"$work/n" &
own $!
exec 3>"$work/hold"
wait_until 10 test -s "$work/n"
out=$(ctl a show status 2>&1)
like "the 65th client is told so" "$out" "too many clients"
exec 3>&-
ok "when they leave it works again" wait_until 10 ctl a show status

perl "$work/clients.pl" "$work/a/sock" 1 "rubbish that is no message at all" \
    </dev/null >/dev/null
ok "rubbish costs its sender the connection alone" ctl a show status
like "and one line" "$(cat "$work/a/log")" "control"

if [ "$uid" -eq 0 ]; then
	chmod 755 "$work/a"
	chmod 666 "$work/a/sock"
	as="setpriv --reuid 65533 --regid 65533 --clear-groups"
	ok "others whom the socket lets in may look" \
	    sh -c "$as $quptimectl -s $work/a/sock show status"
	out=$($as "$quptimectl" -s "$work/a/sock" check remove one 2>&1)
	is "but not change" "$?" 1
	like "and are told" "$out" "permission|permitted|denied"
	ok "nothing changed" ctl a show checks one
	chmod 660 "$work/a/sock"
	ok "whom it does not let in may not even look" sh -c \
	    "! $as $quptimectl -s $work/a/sock show status"
else
	skip "not root: cannot become somebody else"
fi

ok "log verbose" ctl a log verbose
ok "log brief" ctl a log brief
node_stop
is "the daemon ends well" "$status" 0
done_testing
