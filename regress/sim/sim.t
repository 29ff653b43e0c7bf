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


# The simulator of protocol 2: 2 000 seeds, or SEEDS of them, are right, and it
# finds each fault that the core can be built with.

# shellcheck source=regress/lib.sh
. "$(dirname "$0")/../lib.sh"
long_test
[ -z "$san" ] || skip_all "done in the leg of the plain build"

(cd "$top/regress/sim" && ${MAKE:-make} -s sim) || exit 1
sim=$top/regress/sim/sim
seeds=${SEEDS:-2000}

out=$("$sim" -n "$seeds")
is "$seeds seeds are right: $out" $? 0

# Which seed shows a fault, and what it breaks.
while read -r fault seed what; do
	out=$("$sim" -j 1 -m "$fault" -s "$seed" -n 1)
	is "$fault: seed $seed is wrong" $? 1
	like "which breaks $what" "$out" "^seed $seed .* $what: "
	out=$("$sim" -j 1 -s "$seed" -n 1)
	is "and is right without it" $? 0
done <<'EOF'
vote-not-durable 907 G1
ack-before-fsync 7 G3
no-republish 1 G5
old-term-acks 713 G3
two-members 7 G5
alert-before-commit 0 G4
verdicts-any-term 6469 G5
rename-no-fsync 0 G3
verdicts-not-counted 18593 G5
EOF

done_testing
