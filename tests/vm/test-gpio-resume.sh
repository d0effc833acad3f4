#!/bin/sh
# SPDX-License-Identifier: MIT
# vhost-user-gpio with --state is killed, and restarted, under a driver with an output and interrupts: both go on. So they do when
# the adapter is killed and another one comes, and then the output is driven all the time.
# timeout: 300
# shellcheck source=tests/vm/gpio-lib.sh
. /repo/tests/vm/gpio-lib.sh

counter=$build/kmod/irq-count/$release/irq_count.ko
holder=

end_all() {
	stop_pid TERM "$holder"
	rmmod irq_count 2>/dev/null
	stop_all
	remove_chip one
	unload_module
}
at_exit end_all
at_exit show_logs

start_daemon_again() {
	start gpio.log "$gpio_daemon" --socket-path="$work/gpio.sock" --chip one --lines LAMP=lamp,KEY=button --state="$work/state"
	daemon_pid=$started
}
lamp_is() {
	[ "$(measure one 2)" = "$1" ]
}
# The count is that of a new file, which has seen none: it waits for the first
# The daemon has asked for the edges
armed() {
	ls -d /proc/irq/*/vhost-user-gpio
}

count_is() {
	[ "$(timeout 5 dd if=/dev/irq-count bs=8 count=1 2>/dev/null | od -An -t d8 | tr -d ' ')" = "$1" ]
}

stop_timeout() {
	echo "$1" >/sys/module/virtio_loopback/parameters/stop_timeout_ms
}
start_gpio_adapter() {
	start adapter.log "$adapter" --device gpio --resumable --name gpio --socket-path "$work/gpio.sock" --deadline 1900 --grace 60
	adapter_pid=$started
}

# How often the driver has given buffers for interrupts
event_kicks() {
	sed -n 's/^queue 1: .* kicks \([0-9]*\) .*/\1/p' "$(state_of gpio)"
}

ok "the modules load" load_gpio || exit
make_chip one 8 2=LAMP 3=KEY
start_daemon_again
start_gpio_adapter
ok "the driver binds" eventually 20 virtual_chip || exit
before=$(virtio_device)
gpioset --mode=signal "$vchip" 0=1 &
holder=$!
ok "the lamp shines" eventually 20 lamp_is 1
press one 3 0
ok "a driver waits for interrupts" insmod "$counter" chip="$before" line=1 type=rising
press one 3 1
ok "and gets one" eventually 20 count_is 1

press one 3 0
stop_pid KILL "$daemon_pid"
ok "the daemon is killed: its lines are free" eventually 20 lamp_is 0
start_daemon_again
ok "there is another one: the lamp shines again" eventually 20 lamp_is 1
eventually 20 armed
press one 3 1
ok "the interrupt comes again" eventually 20 count_is 2
stop_pid TERM "$daemon_pid"
start_daemon_again
ok "after an orderly restart the lamp shines, too" eventually 20 lamp_is 1
eventually 20 armed
press one 3 0
press one 3 1
ok "and the interrupt comes" eventually 20 count_is 3
is "$(virtio_device)" "$before" "the device was there all the time"
ok "its user as well" kill -0 "$holder"
ok "requests are served" gpioinfo "$vchip"

# The outside pulls the lamp's line down: it shines only as long as somebody drives it
stop_timeout 15000
press one 3 0
press one 2 0
stop_pid KILL "$adapter_pid"
ok "the adapter is killed: the daemon notices" eventually 20 grep -q 'the front-end has gone' "$work/gpio.log"
is "$(measure one 2)" 1 "the lamp shines on"
press one 3 1
start_gpio_adapter
ok "another one goes on with the device" eventually 20 in_state '^backend: up' gpio
is "$(measure one 2)" 1 "the lamp shines all the time"
ok "the edge that came meanwhile is an interrupt" eventually 20 count_is 4
press one 3 0
press one 3 1
ok "and so is the next one" eventually 20 count_is 5
is "$(virtio_device)" "$before" "the device is the same"
ok "so is its user" kill -0 "$holder"
ok "and requests are served" gpioinfo "$vchip"
before_rest=$(event_kicks)
sleep 1
is "$(event_kicks)" "$before_rest" "no buffer goes to and fro meanwhile"
stop_timeout 2000

# A new driver does not get what the one before it left
stop_pid TERM "$holder"
holder=
ok "the interrupt's driver goes" rmmod irq_count
stop_pid KILL "$adapter_pid"
ok "the device goes with the adapter" eventually 20 no_device
start_gpio_adapter
ok "and comes back with it" eventually 20 virtual_chip
is "$(measure one 2)" 0 "the lamp is off"
done_testing
