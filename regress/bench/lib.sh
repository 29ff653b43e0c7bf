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


# For benches, on top of lib.sh.
#
# shellcheck shell=sh disable=SC2034

seconds=${BENCH_SECONDS:-30}
tick=$(getconf CLK_TCK)
if [ ! -r /proc/self/smaps_rollup ]; then
	echo "$0: wants Linux's /proc" >&2
	exit 1
fi

# cpu pid ...: in clock ticks.
cpu()
{
	for _p; do
		sed 's/.*) //' "/proc/$_p/stat"
	done | awk '{ n += $12 + $13 } END { print n }'
}

# procs pid: those of a node.
procs()
{
	echo "$1 $(cat "/proc/$1/task/$1/children")"
}
