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

# What it is all for: targets of three kinds come up, go down and recover, and
# a webhook hears of it once each time.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=regress/integ/nginx.sh
. "$top/regress/integ/nginx.sh"

command -v nginx >/dev/null || skip_all "nginx is not installed"

port=$(free_port)
mkdir -p "$work/www"
nginx_start "$work/www" "$port" || skip_all "nginx does not start"
own "$nginx_pid"

"$top/regress/integ/sink" 0 "$work/alerts" >"$work/sink.port" &
own $!
wait_until 10 test -s "$work/sink.port"
hook=http://127.0.0.1:$(head -n 1 "$work/sink.port")/hook
touch "$work/alerts"

# alerts check verb: how many came.
alerts()
{
	jq -r "select(.check.name == \"$1\" and .verb == \"$2\").id" \
	    "$work/alerts" | wc -l
}

heard()
{
	[ "$(alerts "$1" "$2")" -ge "$3" ]
}

node_start a || exit 1
timeout 300 "$quptimectl" -s "$work/a/sock" monitor >"$work/events" &
own $!
ok "a webhook alert is added" ctl a alert add webhook hook --url "$hook" \
    --default
ok "an http check is added" ctl a check add http web \
    "http://127.0.0.1:$port/" --interval 1s
ok "a tcp check is added" ctl a check add tcp port "127.0.0.1:$port" \
    --interval 1s
ok "an icmp check is added" ctl a check add icmp ping 127.0.0.1 --interval 1s
ok "a check by name is added" ctl a check add tcp name "localhost:$port" \
    --interval 1s
ok "http is up" wait_until 20 is_state a web up
ok "tcp is up" wait_until 20 is_state a port up
ok "a name from /etc/hosts is up" wait_until 20 is_state a name up
if [ "$uid" -eq 0 ]; then
	ok "icmp is up" wait_until 20 is_state a ping up
else
	wait_until 20 sh -c "[ '$(state a ping)' != '' ]"
	skip "not root: whether icmp may be sent depends on the system"
fi
is "coming up for the first time tells nobody" "$(wc -l <"$work/alerts")" 0
ok "show status is content" ctl a show status

nginx_stop
ok "http goes down" wait_until 20 is_state a web down
ok "tcp goes down" wait_until 20 is_state a port down
ok "the webhook hears DOWN of http" wait_until 20 heard web DOWN 1
ok "the webhook hears DOWN of tcp" wait_until 20 heard port DOWN 1
ctl a show status >/dev/null
is "show status exits with 3" "$?" 3
like "the detail says why" "$(ctl a show checks web)" "refused"

nginx_start "$work/www" "$port"
own "$nginx_pid"
ok "http recovers" wait_until 20 is_state a web up
ok "the webhook hears RECOVERED of http" wait_until 20 heard web RECOVERED 1
ok "the webhook hears RECOVERED of tcp" wait_until 20 heard port RECOVERED 1
is "each was told once" "$(alerts web DOWN) $(alerts web RECOVERED) \
$(alerts port DOWN) $(alerts port RECOVERED)" "1 1 1 1"
ok "and the last one" wait_until 20 is_state a name up
ctl a show status >/dev/null
is "show status exits with 0 again" "$?" 0
for e in 'check  web unknown -> up (1/1 ok)' \
    'check  web up -> down (0/1 ok): ' 'alert  hook DOWN of web sent' \
    'check  web down -> up (1/1 ok)' 'alert  hook RECOVERED of web sent'; do
	ok "monitor tells: $e" wait_until 10 grep -qF "Z $e" "$work/events"
done

# A server that answers, but not as it should.
ok "another status is expected" ctl a check edit web --expect 404
ok "that is down" wait_until 20 is_state a web down
like "with the status in the detail" "$(ctl a show checks web)" "status 200"
ok "and back" ctl a check edit web --expect 200 --body-match "no such text"
like "a body that does not match is down" \
    "$(wait_until 20 sh -c "$quptimectl -s $work/a/sock show checks web |
    grep 'body match miss'" && echo miss)" miss

# Channels that are suppressed or disabled are silent.
before=$(wc -l <"$work/alerts")
ok "the alert is disabled" ctl a alert disable hook
ok "the check is edited to pass" ctl a check edit web --body-match ""
ok "it recovers" wait_until 20 is_state a web up
is "in silence" "$(wc -l <"$work/alerts")" "$before"
ok "a test reaches a disabled channel" ctl a alert test hook
ok "the webhook hears it" wait_until 20 sh -c \
    "tail -n 1 $work/alerts | jq -e '.verb == \"TEST\"'"

ok "a check is disabled" ctl a check disable web
is "show says so" "$(ctl a -j show checks web | jq '.checks[0].disabled')" true
ok "a check is removed" ctl a check remove web
like "then it is not known" "$(ctl a show checks web 2>&1)" \
    'no such check "web"'
node_stop
is "the daemon ends well" "$status" 0
done_testing
