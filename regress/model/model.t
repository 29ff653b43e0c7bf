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

# The model of protocol 2, quorum.pml, by spin(1): every state there is within
# its bounds, and that each mutant of it is caught.  docs/model.md tells what
# that says.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
long_test
[ -z "$san" ] || skip_all "done in the leg of the plain build"

model=$top/regress/model/quorum.pml
command -v spin >/dev/null || skip_all "no spin"

# build name flag ...: the verifier of a variant, in a directory of its own.
# There is one process, so no order of steps that could be left out.
# $search is no word or one.
# shellcheck disable=SC2086
build()
{
	mkdir "$work/$1" && cp "$model" "$work/$1" && (
	    cd "$work/$1" &&
	    shift &&
	    spin "$@" -a quorum.pml &&
	    ${CC:-cc} -O2 -w -DSAFETY -DNOREDUCE -DMEMLIM=1900 $search \
		-o pan pan.c)
}

# number name what: of the verifier's report.
number()
{
	sed -n "s/^ *\([0-9.e+]*\) $2.*/\1/p" "$work/$1/out" | head -n 1
}

# How it came to the error: who did what, and what they had after it.
trail()
{
	(cd "$work/$1" && ./pan -r -S 2>&1 | grep '^n[0-9] \|^    n[0-9] ')
}

# complete name: all of it was searched, and nothing was wrong.
complete()
{
	_out=$work/$1/out
	if ! grep -q 'errors: 0$' "$_out"; then
		grep 'violated\|invalid end state' "$_out"
		trail "$1"
		return 1
	fi
	if grep -i -e 'search depth too small' -e 'not completed' -e MEMLIM \
	    -e 'out of memory' "$_out" ||
	    ! grep -q '^Full statespace search for' "$_out"; then
		echo "states were left out"
		sed -n 1,30p "$_out"
		return 1
	fi
}

# holds name flag ...
holds()
{
	_name=$1
	search=
	ok "$_name: the verifier is built" build "$@" || return
	(cd "$work/$_name" && ./pan -m10000 >out 2>&1)
	ok "$_name: every state is right" complete "$_name"
	is "$_name: no step of the model is never taken" \
	    "$(sed -n 's/^	(\([0-9]*\) of [0-9]* states)$/\1/p' \
	    "$work/$_name/out")" 0
	echo "# $_name: $(number "$_name" 'states, stored') states," \
	    "$(sed -n 's/^pan: elapsed time //p' "$work/$_name/out")"
}

# caught name mutant [flag ...]: by the shortest way to the error, so that it
# can be read; or by any of at most $steps steps, which takes less memory.
caught()
{
	_name=$1
	shift
	search=
	[ -n "$steps" ] || search=-DBFS
	ok "$_name: the verifier is built" build "$_name" "$@" || return
	(cd "$work/$_name" && ./pan -m"${steps:-10000}" >out 2>&1)
	_said=$(grep 'assertion violated G[0-9]' "$work/$_name/out")
	like "$_name: is caught" \
	    "${_said:-$(sed -n 1,20p "$work/$_name/out")}" \
	    'assertion violated G[0-9]'
	like "$_name: how it comes to that can be shown" \
	    "$(trail "$_name")" '^n[0-9] (commits|publishes|is elected)'
	echo "# $_name: ${_said#*violated }," \
	    "$(sed -n 's/^pan: elapsed time //p' "$work/$_name/out")"
}

steps=
holds three-nodes -DN=3 -DT=3 -DV=3
holds four-nodes -DN=4 -DT=3 -DV=2
caught vote-not-durable -DN=3 -DT=2 -DV=2 -DVOTE_NOT_DURABLE
caught ack-before-fsync -DN=3 -DT=2 -DV=2 -DACK_BEFORE_FSYNC
caught two-members -DN=3 -DT=2 -DV=2 -DTWO_MEMBERS
# What goes wrong by these takes more nodes and leaders, so the search for it is
# kept to schedules in which two nodes stand by turns.
caught no-republish -DN=4 -DT=3 -DV=3 -DNO_REPUBLISH -DALL_AT_FIRST \
    -DFEWER_STEPS -DTURNS
steps=22
caught old-term-acks -DN=5 -DT=4 -DV=2 -DOLD_ACKS -DALL_AT_FIRST \
    -DFEWER_STEPS -DTURNS -DSAME_MEMBERS -DLED_AT_FIRST
done_testing
