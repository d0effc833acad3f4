#!/bin/sh
# SPDX-License-Identifier: MIT
#
# guided.t NAME SECONDS: run build/fuzz/fuzz-NAME (libFuzzer) on from where its corpus has got to. Prints TAP; an input
# that breaks something is kept, and the way to see it again is said.

set -u
cd "$(dirname "$0")/../.." || exit 1

name=${1:-hid} seconds=${2:-30}
dir=build/fuzz
corpus=$dir/$name.corpus seeds=$dir/$name.seeds log=$dir/$name.log

case $name in
hid) make_seeds="build/san/tests/families/hid-families --seeds=$seeds" ;;
*)
	echo "Bail out! there is no fuzzer '$name'; there is: hid"
	exit 1
	;;
esac

mkdir -p "$corpus" "$seeds"
echo 1..2
if $make_seeds; then
	echo "ok 1 - first inputs"
else
	echo "not ok 1 - first inputs"
	exit 1
fi
if "$dir/fuzz-$name" -max_total_time="$seconds" -max_len=5000 -use_value_profile=1 -print_final_stats=1 \
	-artifact_prefix="$dir/$name-found-" "$corpus" "$seeds" >"$log" 2>&1; then
	echo "ok 2 - $(sed -n 's/.*executed_units: */inputs: /p' "$log"), $(sed -n 's/.*cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/branches reached: \1, features \2, inputs kept: \3/p' "$log" | tail -n 1)"
else
	echo "not ok 2 - the log is $log; again with: $dir/fuzz-$name $(sed -n 's/.*Test unit written to //p' "$log")"
	grep -E -A 30 'ERROR|does not hold|runtime error' "$log" | head -n 60 | sed 's/^/# /'
	exit 1
fi
