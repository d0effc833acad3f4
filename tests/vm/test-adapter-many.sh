#!/bin/sh
# SPDX-License-Identifier: MIT
# 64 devices (16 with KASAN) at once, each with a daemon and an adapter of its own; they come, work and go together.
# timeout: 300
# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

many=$(many_or_few 64 16)
pids=
kill_many() {
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
	pids=
}

# count PATTERN: devices whose state has a line like that
count() {
	cat "$states"/*/state 2>/dev/null | grep -c "$1"
}
all() {
	[ "$(count "$1")" = "$many" ]
}

all_sources() {
	[ "$(loopback_rngs | wc -l)" -eq "$many" ]
}

at_exit unload_module
at_exit kill_many
ok "the module loads" load_module || bail_out "no module"
i=0
while [ $i -lt "$many" ]; do
	start "d$i.log" "$rng_daemon" --socket-path="$work/$i.sock"
	pids="$pids $started"
	# Patience: hundreds of processes start on two slow processors
	start "a$i.log" "$adapter" --device rng --name "rng$i" --socket-path "$work/$i.sock" --deadline 1900
	pids="$pids $started"
	i=$((i + 1))
done
ok "$many devices get their driver" eventually 120 all '^status: 0x0f$' || diag "only $(count '^status: 0x0f$'): $(tail -qn 1 "$work"/a*.log | sort | uniq -c)"
ok "and all their daemons are up" eventually 10 all '^backend: up'
# A driver asks for entropy as soon as it has the device.
ok "each has finished a request" eventually 30 all '^queue 0: .* used [1-9]' || diag "$(count '^queue 0: .* used [1-9]') have"
ok "$many entropy sources" eventually 20 all_sources || diag "$(loopback_rngs | wc -l) are there"

failed=0
for name in $(loopback_rngs); do
	echo "$name" >"$hwrng/rng_current" && read_rng 2 || failed=$((failed + 1))
done
is $failed 0 "each answers when asked"

kill_many
ok "all go at once" eventually 60 no_device
ok "the module is free then" eventually 30 unused
ok "and unloads" rmmod virtio_loopback
done_testing
