#!/bin/sh
# SPDX-License-Identifier: MIT
# What "make install" installs, under systemd: each daemon starts when its adapter connects to its socket, the driver takes the
# device, a daemon or an adapter that is killed comes back and the device goes on, all end cleanly.
# timeout: 900
# machine: --systemd
# shellcheck source=tests/vm/can-lib.sh
. /repo/tests/vm/can-lib.sh
# shellcheck source=tests/vm/gpio-lib.sh
. /repo/tests/vm/gpio-lib.sh

system=/etc/systemd/system
config=/etc/virtio-loopback
prefix=/usr/local
daemons='vhost-user-input-hidraw vhost-user-gpio vhost-user-console vhost-user-can@hw0 vhost-user-rng'
panel_pid=

# with UNIT SETTING: what systemctl edit makes
with() {
	mkdir -p "$system/$1.d"
	printf '[Service]\n%s\n' "$2" >"$system/$1.d/test.conf"
}

adapter_of() {
	echo "virtio-loopback-adapter@$1.service"
}

# device NAME TYPE SOCKET [OPTION...]: whose adapter waits for a daemon as long as the test does
device() {
	name=$1 type=$2 socket=$3
	shift 3
	printf 'DEVICE=%s\nSOCKET=/run/vhost-user/%s.sock\nOPTIONS=--grace 60 --deadline 1900 %s\n' "$type" "$socket" "$*" >"$config/$name.conf"
}

main_pid() {
	systemctl show -P MainPID "$1"
}

another_pid() {
	pid=$(main_pid "$1") && [ "$pid" != 0 ] && [ "$pid" != "$2" ] && systemctl is-active --quiet "$1"
}

# What systemd has to say about a unit that does not do as it should
ask() {
	"$@" || {
		systemctl status --no-pager --lines=15 "$daemon" "$(adapter_of "$instance")"
		return 1
	}
}

# unit INSTANCE DAEMON WORKS: from its start until its daemon is back, with the command WORKS in between
unit() {
	instance=$1 daemon=$2 works=$3
	ok "$daemon.socket listens" systemctl start "$daemon.socket"
	ok "$instance has a driver" ask within 60 systemctl start "$(adapter_of "$instance")"
	in_state '^status: 0x0f$' "$instance" || fail "$instance: its driver is not done"
	ok "$instance works" ask eventually 20 "$works"
	index=$(state_of "$instance")
	pid=$(main_pid "$daemon.service")
	systemctl kill --signal=KILL "$daemon.service"
	ok "$daemon comes back when it is killed" ask eventually 30 another_pid "$daemon.service" "$pid"
	ok "and serves the device" ask eventually 30 in_state '^backend: up' "$instance"
	is "$(state_of "$instance")" "$index" "which is the same"
	ok "$instance works again" ask eventually 20 "$works"
}

# adapter_dies INSTANCE WORKS: the unit restarts it within the module's default stop_timeout_ms of two seconds, in which the driver
# notices nothing. A machine that is too busy for that gets a new device, and another try; one that is always too busy has half a
# minute from the fourth try on. How often it came too late is in $late.
stop_timeout=/sys/module/virtio_loopback/parameters/stop_timeout_ms
adapter_dies() {
	before_time_out=$(cat $stop_timeout)
	killed_and_back "$@"
	status=$?
	echo "$before_time_out" >$stop_timeout
	return $status
}
killed_and_back() {
	instance=$1 works=$2 tries=0 late=0
	while [ $tries -lt 5 ]; do
		tries=$((tries + 1))
		[ $tries -lt 4 ] || echo 30000 >$stop_timeout
		index=$(state_of "$instance")
		pid=$(main_pid "$(adapter_of "$instance")")
		systemctl kill --signal=KILL "$(adapter_of "$instance")"
		eventually 30 another_pid "$(adapter_of "$instance")" "$pid" && eventually 30 in_state '^backend: up' "$instance" &&
			eventually 30 in_state '^status: 0x0f$' "$instance" || return 1
		[ "$(state_of "$instance")" != "$index" ] || break
		late=$((late + 1))
	done
	[ "$(state_of "$instance")" = "$index" ] && in_state '^breaks: 0' "$instance" && eventually 10 "$works"
}

# device_ends INSTANCE
device_ends() {
	instance=$1
	ok "$instance ends" within 30 systemctl stop "$(adapter_of "$instance")"
	ok "its device goes" eventually 20 not state_of "$instance"
}

# daemon_ends DAEMON
daemon_ends() {
	daemon=$1
	socket=$(systemctl show -P Listen "$daemon.socket" | cut -d ' ' -f 1)
	systemctl stop "$daemon.socket" "$daemon.service"
	is "$(systemctl show -P Result "$daemon.service") $(systemctl show -P ExecMainStatus "$daemon.service")" "success 0" \
		"$daemon ends cleanly"
	ok "and its socket is gone" test ! -e "$socket"
}

# said UNIT TEXT: in its log
said() {
	journalctl --no-pager --unit="$1" | grep -q "$2"
}

not() {
	! "$@"
}

touches() {
	grep -q "HTT\|virtio" /sys/devices/platform/virtio-loopback.*/virtio*/input/input*/name
}

# What the outside does to a line of the board is seen at the virtio chip's
reads() {
	virtual_chip && press board 2 1 && [ "$(gpioget "$vchip" 2)" = 1 ] && press board 2 0 && [ "$(gpioget "$vchip" 2)" = 0 ]
}

speaks() {
	stty -F /dev/hvc0 raw -echo && echo "words" >/dev/hvc0 && timeout 10 head -n 1 /run/vhost-user-console/login | grep -q words
}

sends() {
	driver_interface && { has "$can" 'UP' || ip link set "$can" up; } && capture hw1 1 && cansend "$can" 123#45 &&
		eventually 10 captured hw1 1
}

gives_entropy() {
	choose_rng && read_rng 4
}

remove_all() {
	stop_pid TERM "$panel_pid"
	remove_chip board
	remove_bus
}

at_exit unload_module
at_exit remove_all
ok "systemd is the first process" test "$(cat /proc/1/comm)" = systemd
cp -r "$build/installed/." /
systemctl daemon-reload
# Its notes about manual pages need man
verified=$(systemd-analyze verify --man=no $prefix/lib/systemd/system/*.socket $prefix/lib/systemd/system/*.service 2>&1)
is "$verified" "" "systemd finds nothing wrong with the units"
programs=$(sed -n 's/.*"binary": "\(.*\)".*/\1/p' $prefix/share/qemu/vhost-user/50-*.json)
missing=0
for program in $programs; do
	[ -x "$program" ] || missing=$((missing + 1))
done
is $missing 0 "QEMU's descriptions name programs that are there"

modprobe -qa uhid virtio_console gpio_sim gpio_virtio
ok "the modules load" load_can || bail_out "no modules"
make_chip board 4
make_bus
start panel.log "$build/demo/dummy/htt70a" --control="$work/panel.sock"
panel_pid=$started
mkdir -p $config
device touch input touch
device lines gpio gpio --resumable
device ports console console
device bus can hw0
device entropy rng rng
with vhost-user-gpio.service 'Environment="OPTIONS=--chip=board --lines=0-3"'

unit touch vhost-user-input-hidraw touches
unit lines vhost-user-gpio reads
ok "its state outlived it" eventually 20 said vhost-user-gpio.service 'lines are again what the driver had made of them'
unit ports vhost-user-console speaks
ok "it knew that it takes over" eventually 20 said vhost-user-console.service 'going on where another daemon has stopped'
pid=$(main_pid vhost-user-console.service)
ok "vhost-user-console reads its files again" systemctl reload vhost-user-console.service
is "$(main_pid vhost-user-console.service)" "$pid" "and goes on"
unit bus vhost-user-can@hw0 sends
unit entropy vhost-user-rng gives_entropy

is "$(cat $stop_timeout)" 2000 "an adapter has two seconds to come back"
for device in touch:touches lines:reads ports:speaks bus:sends entropy:gives_entropy; do
	ok "${device%:*}: killed, it is back in time, the driver goes on" ask adapter_dies "${device%:*}" "${device#*:}"
	diag "${device%:*}: too late $late times in two seconds"
done

for instance in touch lines ports bus entropy; do
	device_ends $instance
done
for daemon in $daemons; do
	echo "$daemon $(main_pid "$daemon.service")" >>"$work/pids"
	systemctl kill --signal=KILL "$daemon.service"
done
while read -r daemon pid; do
	ok "$daemon comes back even when nobody connects" eventually 30 another_pid "$daemon.service" "$pid"
done <"$work/pids"
for daemon in $daemons; do
	daemon_ends "$daemon"
done
ok "and the helper of vhost-user-can, which no signal is for" eventually 10 not pidof vhost-user-can
ok "nothing is left of a state" test ! -e /run/vhost-user-gpio -a ! -e /run/vhost-user-console
done_testing
