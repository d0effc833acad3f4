#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tools/vm itself, from the host: what comes back from a command, and whether each kind of kernel fault is noticed.
# MACHINE_KERNEL=own-debug adds the faults that only that kernel can see.

set -u
cd "$(dirname "$0")/../.." || exit 1

kernel=${MACHINE_KERNEL:-own}
name=selftest
work=$(mktemp -d)
trap 'tools/vm stop --name $name 2>/dev/null; rm -rf "$work"' EXIT

n=0
failed=0
# is GOT WANTED NAME
is() {
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		echo "not ok $n - $3"
		printf 'got:      %s\nexpected: %s\n' "$1" "$2" | sed 's/^/# /'
		[ ! -s "$work/err" ] || sed 's/^/# /' "$work/err"
		failed=$((failed + 1))
	fi
}
vm() {
	local verb=$1
	shift
	tools/vm "$verb" --name $name "$@" 2>"$work/err"
}
start() {
	vm start --kernel "$kernel"
}
saw() {
	grep -qE "$1" "$work/err" && echo yes || echo no
}

start
is $? 0 "a machine starts"

out=$(vm exec -- sh -c 'echo out; echo err >&2; exit 7')
is "$? $out $(cat "$work/err")" "7 out err" "status, output and errors of a command come back, each its own way"
head -c 3000000 /dev/urandom >"$work/data"
vm exec -- cat <"$work/data" >"$work/copy"
is "$(cmp "$work/data" "$work/copy" && echo same)" same "three megabytes go in and come out unchanged"
began=$SECONDS
vm exec --timeout 1 -- sleep 30
is "$? $((SECONDS - began < 10))" "124 1" "a command that takes too long is ended"
vm exec -- sh -c 'sleep 300 >/dev/null 2>&1 & echo $!' >"$work/pid"
is "$?" 0 "a command that leaves another behind returns"
vm exec -- kill -0 "$(cat "$work/pid")"
is $? 0 "and what it left behind lives on"
vm exec -- /no/such/program
is $? 127 "a program that is not there gives 127"
for i in 1 2 3 4; do
	tools/vm exec --name $name --no-input -- sh -c "sleep 0.5; echo $i" >"$work/$i" &
done
wait -n; wait -n; wait -n; wait -n
is "$(cat "$work"/[1-4] | tr -d '\n')" 1234 "four commands run at once"
vm exec -- sh -c 'cmp /repo/tests/vm/machine.t - && ! touch /repo/x 2>/dev/null && echo hello >/share/file' <tests/vm/machine.t
is "$? $(cat "build/vm/$name/share/file")" "0 hello" "the checkout is there read-only, the share writable"
is "$(vm exec -- date +%Y%m%d)" "$(date +%Y%m%d)" "the clock is set"
vm start --kernel "$kernel" --memory 700
is "$? $(saw "stop --name $name")" "1 yes" "a machine of another kind under the same name is refused"
vm check
is $? 0 "a healthy kernel has nothing to report"

rm -rf "$work/faults"
cp -r tests/vm/faults "$work/faults"
make -s -C "$(tools/vm kdir --kernel "$kernel")" M="$work/faults" modules >"$work/make" 2>&1 || cat "$work/make"
cp "$work/faults/faults.ko" "build/vm/$name/share/"

# fault KIND PATTERN: one command breaks the kernel, and must be told so
fault() {
	vm stop
	start
	vm exec --timeout 60 -- sh -c "echo 2 >/proc/sys/kernel/hung_task_timeout_secs; insmod /share/faults.ko kind=$1; ${3:-sleep 0.3}"
	is "$? $(saw "$2")" "70 yes" "a $1 fault fails the command and is shown"
	vm check
	is $? 70 "and fails the check"
}
fault warn 'WARNING: .*faults_init'
fault oops 'BUG: kernel NULL pointer|Oops'
# the kernel looks when it gets to it; what it says has more than one line
# shellcheck disable=SC2016 # that shell is the guest's
fault hung 'task faults:.* blocked' \
	'i=0; until dmesg | grep -q "task faults:.* blocked" || [ $((i += 1)) -gt 100 ]; do sleep 0.3; done; sleep 1'
if [ "$kernel" = own-debug ]; then
	fault lockdep 'possible circular locking'
	fault sleep 'scheduling while atomic|sleeping function'
	fault kasan 'KASAN: slab-use-after-free'
fi

vm stop
start
vm exec -- sh -c 'sleep 0.2; echo c >/proc/sysrq-trigger'
is "$? $(saw 'Kernel panic')" "1 yes" "a panic is told with the end of the log"
vm exec -- true
is "$? $(saw 'ended by itself')" "1 yes" "and so is the next command"

echo "1..$n"
exit $((failed > 0))
