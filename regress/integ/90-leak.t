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

# Nothing is leaked at exit.  The leak checker stops the whole process from
# within, which no sandbox allows: so this one test runs without, and only in
# a sanitizer build.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

[ -n "$san" ] || skip_all "not a sanitizer build"

export QUPTIMED_NOSANDBOX=1
export ASAN_OPTIONS="detect_leaks=1:exitcode=23:${ASAN_OPTIONS:-}"
port=$(free_port)
node_start a || exit 1
for i in 1 2 3 4 5; do
	ctl a check add tcp "t$i" "127.0.0.1:$port" --interval 1s >/dev/null
	ctl a check add http "h$i" "http://localhost:$port/" --interval 1s \
	    >/dev/null
done
ctl a check add icmp ping 127.0.0.1 --interval 1s >/dev/null
ctl a alert add webhook hook --url "http://127.0.0.1:$port/" --default \
    >/dev/null
ok "checks are judged" wait_until 30 is_state a h5 down
for i in 1 2 3; do
	ctl a check remove "t$i" >/dev/null
	ctl a check edit "h$i" --timeout 2s >/dev/null
done
ctl a show status >/dev/null
ctl a -j show checks >/dev/null
ok "reload" ctl a reload
node_stop
is "the daemon ends well" "$status" 0
ok "no process reports a leak" sh -c \
    "! grep -q 'LeakSanitizer\|AddressSanitizer\|runtime error' $work/a/log"
done_testing
