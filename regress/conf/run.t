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

# For the integration tests: TAP, polling waits, and nodes that are started and

# Files that are right are printed in canonical form, NN-name.ok, which reads
# the same again.  Files that are wrong are refused with one line, the one in
# bad-NNN-name.err.  With -u the expected output is written anew.

cd "$(dirname "$0")" || exit 1
top=../..
work=$(mktemp -d "${TMPDIR:-/tmp}/quptime-conf.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
check=$work/yamlcheck
san=$(sed -n 's/^#define[ 	]*QUPTIMED_SANITIZE[ 	]*//p' $top/config.h)
count=0
failed=0
update=
[ "${1-}" = -u ] && update=y

# result status name: the details of a failure are in $work/diff.
result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
		return
	fi
	failed=1
	echo "not ok $count - $2"
	{
		echo "not ok $count - $2"
		cat "$work/diff"
	} | sed 's/^/# /' >&2
}

# kind file: what the file is, by its name.
kind()
{
	case $1 in
	*-node*)
		echo node
		;;
	*-trust*)
		echo trust
		;;
	*)
		echo cluster
		;;
	esac
}

# expect status file: yamlcheck's output is the file, and its status that.
expect()
{
	if [ -n "$update" ]; then
		cp "$work/out" "$2"
	fi
	{
		[ "$rc" -eq "$1" ] || echo "status $rc"
		cut -c 1-2000 "$work/out" | diff -a -u "$2" -
	} >"$work/diff" 2>&1
	[ ! -s "$work/diff" ]
}

# refused name message: yamlcheck's output is one line that ends so.
refused()
{
	rc=$(cat "$work/rc")
	{
		[ "$rc" -eq 1 ] || echo "status $rc"
		[ "$(wc -l <"$work/out")" -eq 1 ] || echo "not one line"
		grep -q -- "$2\$" "$work/out" || head -c 2000 "$work/out"
	} >"$work/diff" 2>&1
	[ ! -s "$work/diff" ]
	result $? "$1"
}

# What a hostile file may cost.  Sanitizers take address space as they please.
limited()
{
	(
		if [ "${san:-0}" = 0 ]; then
			# shellcheck disable=SC3045
			ulimit -v 262144
		fi
		timeout 10 "$check" "$@"
		echo $? >"$work/rc"
	) >"$work/out" 2>&1
}

# repeat count text, as printf in awk has it, %d for the number.
repeat()
{
	awk -v n="$1" "BEGIN { for (i = 1; i <= n; i++) printf \"$2\", i, i }"
}

${MAKE:-make} -s PROG="$check" >"$work/diff" 2>&1
result $? "yamlcheck builds" || exit 1
[ -x "$check" ] || { echo "Bail out! no yamlcheck"; exit 1; }

for f in [0-9]*.yaml; do
	name=${f%.yaml}
	"$check" "$(kind "$f")" "$f" >"$work/out" 2>&1
	rc=$?
	expect 0 "$name.ok"
	result $? "$name"
	cp "$work/out" "$work/first"
	"$check" "$(kind "$f")" "$work/first" >"$work/out" 2>&1
	rc=$?
	{
		[ $rc -eq 0 ] || echo "status $rc"
		diff -a -u "$work/first" "$work/out"
	} >"$work/diff"
	[ ! -s "$work/diff" ]
	result $? "$name: what is printed reads the same"
done

for f in bad-*.yaml; do
	name=${f%.yaml}
	"$check" "$(kind "$f")" "$f" >"$work/out" 2>&1
	rc=$?
	expect 1 "$name.err"
	result $? "$name"
done

# The daemon says the same, and starts with none of them.
daemon=$top/quptimed/quptimed
dir=$work/data
: >"$work/diff"
if [ -x $daemon ]; then
	for f in bad-*.yaml; do
		rm -rf "$dir"
		cp -R $top/regress/unit/vectors/keys/node-a "$dir"
		file=$dir/$(kind "$f").yaml
		cat "$f" >"$file"
		$daemon -n -D "$dir" >"$work/out" 2>&1
		rc=$?
		{
			[ $rc -eq 1 ] || echo "$f: status $rc"
			sed "s,^$f:,$file:," "${f%.yaml}.err" |
			    diff -a -u - "$work/out"
		} >>"$work/diff" 2>&1
	done
	[ ! -s "$work/diff" ]
	result $? "quptimed -n refuses each of them with that line"
else
	result 0 "quptimed -n # SKIP not built"
fi

# Too large or too odd to be kept here.
f=$work/cluster.yaml
head=$(printf 'version: 1\nlater: ')

printf '%s"' "$head" >"$f"
dd if=/dev/null of="$f" bs=1 count=0 seek=1073741824 2>/dev/null
limited cluster "$f"
refused "a sparse file of 1 GB" \
    'cluster.yaml:2:16777206: must not be larger than 16777216 bytes'

(printf '%s"' "$head"; repeat 134217728 'aaaaaaa\n') |
    limited cluster /dev/stdin
refused "a scalar of 1 GB through a pipe" \
    ':2097151:6: must not be larger than 16777216 bytes'

(printf 'version: "'; repeat 2000000 aaaaaaa; echo '"') >"$f"
limited cluster "$f"
refused "a number of 14 MB" \
    'cluster.yaml:1:10: version: must be a number, not a string'

(printf 'peers: []\nchecks:\n- id: c\n  name: '
    repeat 2000000 aaaaaaa
    printf '\n  type: icmp\n  target: x\nalerts: []\n') >"$f"
limited cluster "$f"
refused "a name of 14 MB" \
    'cluster.yaml:4:9: checks\[0\].name: must have 1 to 128 bytes'

for open in '[' '{a: ' '- ' '[{a: '; do
	(printf '%s\n  ' "$head"; repeat 100000 "$open"; echo) >"$f"
	limited cluster "$f"
	refused "'$open' 100000 times" 'is nested too deep'
done
repeat 100000 '? ' >"$f"
limited cluster "$f"
refused "'? ' 100000 times" 'the name of a member must be a string'

(printf 'peers: []\nchecks:\n'; repeat 3000000 '- {}\n'
    echo 'alerts: []') >"$f"
limited cluster "$f"
refused "three million checks" \
    ':20003:3: checks\[20000\]: must be one of at most 20000 entries'

repeat 1000000 'k%d: 1\n' >"$f"
limited cluster "$f"
refused "a million unknown members" \
    ':4097:8: k4097: must be one of at most 4096 members that are not known'

(printf 'peers: []\nchecks:\n'
    repeat 20000 '- {id: c%d, name: c%d, type: icmp, target: x}\n' |
    sed 's/name: c19999/name: c2/'
    echo 'alerts: []') >"$f"
limited cluster "$f"
refused "the name of one of 20000 checks twice" \
    ':20001:22: checks\[19998\].name: "c2" is taken by checks\[1\]'

limited cluster "$work"
refused "a directory" ': Is a directory'

limited cluster "$work/none"
refused "no file" ': No such file or directory'

echo 'peers: []' >"$f"
chmod 000 "$f"
if [ -r "$f" ]; then
	result 0 "an unreadable file # SKIP root reads everything"
else
	limited cluster "$f"
	refused "an unreadable file" ': Permission denied'
fi
echo "1..$count"
exit $failed
