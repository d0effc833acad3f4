#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The same daemon under QEMU: its vhost-user-input-pci gives a guest the touch screen that virtio-loopback gives a machine.
# Needs QEMU 8 or newer, and fetches one: before, this front-end refused to work without KVM.
# The panel is a recording, because a daemon outside of the guest cannot read a panel that the guest's kernel makes.

# The functions are called through ok().
# shellcheck disable=SC2317,SC2016
set -u
cd "$(dirname "$0")/../.." || exit 1

name=qemu-input
work=$(mktemp -d)
daemon=
cleanup() {
	tools/vm stop --name "$name" 2>/dev/null
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT

n=0
failed=0
# ok NAME COMMAND...
ok() {
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		failed=$((failed + 1))
		tail -n 30 "$work/out" | sed 's/^/# /'
	fi
}
guest() {
	tools/vm exec --name "$name" --no-input "$@"
}

share=build/vm/$name/share
record() {
	tools/vm start --name "$name" &&
		guest --timeout 60 -- sh -c 'modprobe -a uhid hid-multitouch 2>/dev/null; cd /share &&
			/repo/build/demo/dummy/htt70a --record=plain.hid --log=sent.log "tap 0.2 0.3; drag 0.1 0.1 0.9 0.8; pinch; ten"' &&
		cp "$share/plain.hid" "$share/sent.log" "$work/" && tools/vm stop --name "$name"
}

# The recording begins when the driver does: some seconds of an empty glass let the reader open the node first. A third of
# the speed, because a guest that is emulated may stand still while the daemon does not, and its kernel drops what is not read.
delay() {
	awk '/^E:/ && !begun { begun = 1; while ((getline line < FILENAME) > 0) if (line ~ /^E:/) last = line
			sub(/^E: [0-9.]+/, "E: 0.000000", last); print last }
		/^E:/ { if (!first) first = $2; $2 = sprintf("%.6f", 3 * ($2 - first) + 5) }
		{ print }' "$work/plain.hid" >"$work/panel.hid"
}

listens() {

	build/vhost-user-input-hidraw/vhost-user-input-hidraw --socket-path="$work/touch.sock" \
		--recording="$work/panel.hid" 2>"$work/daemon.log" &
	daemon=$!
	for _ in $(seq 50); do
		[ ! -S "$work/touch.sock" ] || return 0
		sleep 0.1
	done
	cat "$work/daemon.log"
	return 1
}

boots() {
	PATH=$(tests/platform/newer-qemu):$PATH tools/vm start --name "$name" --append modprobe.blacklist=virtio_input \
		--qemu-arg=-object --qemu-arg=memory-backend-memfd,id=mem,size=1024M,share=on \
		--qemu-arg=-machine --qemu-arg=memory-backend=mem \
		--qemu-arg=-chardev --qemu-arg=socket,id=touch,path="$work/touch.sock" \
		--qemu-arg=-device --qemu-arg=vhost-user-input-pci,chardev=touch
}

plays() {
	guest --timeout 90 -- sh -c '/repo/build/demo/dummy/touchlog --phys=virtio --timeout=30000 --idle=7000 -o /share/arrived.log &
		reader=$!; sleep 1; modprobe virtio_input; wait $reader' &&
		cp "$share/arrived.log" "$work/" && [ -s "$work/arrived.log" ]
}

ends() {
	kill "$daemon" && wait "$daemon" && daemon=
}

ok "a panel is recorded" record
ok "the recording gets a quiet beginning" delay
ok "the daemon plays it" listens
ok "a guest with QEMU's vhost-user-input-pci boots" boots
ok "its driver finds the touch screen and reads it to the end" plays
ok "every frame arrived, nothing else, no finger is left" build/demo/dummy/touchlog --compare="$work/sent.log" "$work/arrived.log"
ok "the guest's kernel has nothing to report" tools/vm check --name "$name"
ok "the daemon ends cleanly" ends
echo "1..$n"
exit $((failed > 0))
