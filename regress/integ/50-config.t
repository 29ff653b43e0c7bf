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

# Configuration by hand: a good edit becomes a new version, a bad one is named
# and changes nothing, and no edit is lost without a word.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"

node_start a || exit 1
yaml=$work/a/data/cluster.yaml
port=$(free_port)
ctl a check add tcp first "127.0.0.1:$port" --interval 1m >/dev/null
version()
{
	ctl a -j show status | jq .config_version
}
names()
{
	ctl a -j show checks | jq -c '[.checks[].name]'
}
before=$(version)

ok "a reload of what runs is fine" ctl a reload
is "and is no new version" "$(version)" "$before"

# Each file of the broken collection in turn.
good=$work/good.yaml
cp "$yaml" "$good"
for f in "$top"/regress/conf/bad-*.yaml; do
	[ -f "$f" ] || continue
	case $f in
	*node*|*trust*)
		continue
		;;
	esac
	cat "$f" >"$yaml"
	out=$(ctl a reload 2>&1)
	rc=$?
	[ $rc -eq 1 ] && [ "$(printf '%s\n' "$out" | wc -l)" -eq 1 ] &&
	    printf '%s' "$out" | grep -q 'cluster.yaml:[0-9][0-9]*:' &&
	    continue
	ok "reload of ${f##*/}: status $rc: $out" false
done
ok "broken files were tried" test -f "$f"
is "none of them changed the version" "$(version)" "$before"
is "or the checks" "$(names)" '["first"]'

cp "$good" "$yaml"
ok "the good file again" ctl a reload
is "is still the same version" "$(version)" "$before"

sed 's/name: first/name: renamed/' "$good" >"$yaml"
ok "an edit is taken over" ctl a reload
is "as a new version" "$(version)" $((before + 1))
is "with what it says" "$(names)" '["renamed"]'
like "which stands in the file" "$(cat "$yaml")" "^version: $((before + 1))"

# Members of a later version, in each record.
cat >>"$yaml" <<-'EOF'
	future:
	    deep: [1, two, {three: 3.0}]
EOF
sed 's/^\( *\)name: renamed/&\n\1later: "007"/' "$yaml" >"$work/edit"
cat "$work/edit" >"$yaml"
ok "members that are not known are taken" ctl a reload
ok "another change is made" ctl a check add tcp second "127.0.0.1:$port"
like "they are still in the file" "$(cat "$yaml")" "^future:"
like "in records too" "$(cat "$yaml")" "later: ['\"]007['\"]"

# An editor that makes the file anew, as whoever runs it.
sed 's/name: renamed/name: moved/' "$yaml" >"$work/a/data/edit"
mv "$work/a/data/edit" "$yaml"
ok "a file put in its place is taken" ctl a reload
like "with what it says" "$(names)" moved
ok "and the next change is written over it" ctl a check edit moved \
    --name renamed

# SIGHUP does the same as reload.
now=$(version)
sed 's/name: renamed/name: again/' "$yaml" >"$work/edit"
cat "$work/edit" >"$yaml"
kill -HUP "$node"
ok "SIGHUP takes an edit over" wait_until 10 sh -c \
    "$quptimectl -s $work/a/sock show checks again"
is "as one version" "$(version)" $((now + 1))

# An edit is found without a word.
now=$(version)
sed 's/name: again/name: found/' "$yaml" >"$work/edit"
cat "$work/edit" >"$yaml"
ok "an edit is taken over by itself" wait_until 10 sh -c \
    "$quptimectl -s $work/a/sock show checks found"
is "as one version too" "$(version)" $((now + 1))

# One that cannot be loaded is not overwritten without a trace.
echo "a note" >>"$yaml"
ok "a change is made over a broken edit" ctl a check remove second
like "the edit is kept aside" "$(cat "$yaml.edited")" "^a note"
like "and the log says so" "$(cat "$work/a/log")" "cluster.yaml.edited"

is "-n accepts what runs" \
    "$($quptimed -n -D "$work/a/data" 2>&1; echo $?)" 0
echo "version: [" >"$yaml"
out=$($quptimed -n -D "$work/a/data" 2>&1)
is "-n refuses what is broken with status 1" "$?" 1
like "in one line with its place" "$out" "cluster.yaml:[0-9]+:[0-9]+: "
node_stop
is "the daemon ends well" "$status" 0
node_run a
wait "$node"
is "it does not start from a broken file" "$?" 1
like "and says where it is broken" "$(tail -n 5 "$work/a/log")" \
    "cluster.yaml:[0-9]+:[0-9]+: "
done_testing
