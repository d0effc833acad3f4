#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Does the module leave memory behind? Tests that create, break and destroy devices in every way run on a kernel with
# kmemleak; what nothing points to afterwards is a failure. First a leak on purpose, to see that one is found.

set -u
cd "$(dirname "$0")/../.." || exit 1

name=leaks
tests=${*:-kmod-abi kmod-phases kmod-many kmod-pool kmod-refusal kmod-inflight kmod-unload adapter-unload adapter-death}
log=$(mktemp)
work=$(mktemp -d)
trap 'tools/vm stop --name $name 2>/dev/null; rm -rf "$log" "$work"' EXIT
n=0
failed=0
result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
		return
	fi
	echo "not ok $n - $2"
	failed=$((failed + 1))
	tail -n 80 "$log" | sed 's/^/# /'
}
guest() {
	tools/vm exec --name $name --no-input "$@"
}
# An object counts when two scans, five seconds after it was made, have not found a pointer to it. Ours, or of our making.
leaks() {
	guest --timeout 300 -- sh -c 'for i in 1 2; do sleep 6; echo scan >/sys/kernel/debug/kmemleak; done
		cat /sys/kernel/debug/kmemleak' >"$log" 2>&1
	grep -q 'unreferenced object' "$log"
}
forget() {
	guest --timeout 60 -- sh -c 'echo scan=off >/sys/kernel/debug/kmemleak; echo clear >/sys/kernel/debug/kmemleak'
}

kdir=$(tools/vm kdir --debug) && make user kmod kmod-refusing KDIR="$kdir" >"$log" 2>&1
result $? "built"
tools/vm start --name $name --debug --append kmemleak=on >"$log" 2>&1
result $? "a machine with kmemleak" || exit 1

cp -r tests/vm/faults "$work/faults"
make -s -C "$kdir" M="$work/faults" modules >"$log" 2>&1 && cp "$work/faults/faults.ko" "build/vm/$name/share/" && forget >>"$log" 2>&1 &&
	guest -- insmod /share/faults.ko kind=leak >>"$log" 2>&1
result $? "sixteen objects are lost on purpose"
leaks && grep -q '\[faults\]' "$log"
result $? "and found"

forget >"$log" 2>&1
for test in $tests; do
	guest --timeout 1800 -- sh "/repo/tests/vm/test-$test.sh" >"$log" 2>&1
	result $? "$test"
	leaks
	result $((! $?)) "leaves nothing behind"
done
echo "1..$n"
exit $((failed > 0))
