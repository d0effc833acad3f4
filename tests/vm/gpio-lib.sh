# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# adapter-lib.sh and more for the tests of vhost-user-gpio: gpio-sim is the hardware, gpio-virtio the driver, libgpiod's
# tools are on both sides.

# shellcheck source=tests/vm/adapter-lib.sh
. /repo/tests/vm/adapter-lib.sh

gpio_daemon=${GPIO_DAEMON:-$build/vhost-user-gpio/vhost-user-gpio}
configfs=/sys/kernel/config/gpio-sim

# make_chip NAME LINES [OFFSET=LINENAME]...: a simulated chip; its label is NAME
make_chip() {
	chip=$configfs/$1
	mkdir -p "$chip/bank"
	echo "$2" >"$chip/bank/num_lines"
	echo "$1" >"$chip/bank/label"
	shift 2
	for pair; do
		mkdir "$chip/bank/line${pair%%=*}"
		echo "${pair#*=}" >"$chip/bank/line${pair%%=*}/name"
	done
	echo 1 >"$chip/live"
}

# The line's folder: pull is what the outside drives, value what one measures
sim() {
	echo "/sys/devices/platform/$(cat "$configfs/$1/dev_name")/$(cat "$configfs/$1/bank/chip_name")/sim_gpio$2"
}

# press CHIP LINE LEVEL: from outside, pull-up or pull-down
press() {
	if [ "$3" = 1 ]; then echo pull-up; else echo pull-down; fi >"$(sim "$1" "$2")/pull"
}

measure() {
	cat "$(sim "$1" "$2")/value"
}

remove_chip() {
	[ -d "$configfs/$1" ] || return 0
	echo 0 >"$configfs/$1/live"
	rmdir "$configfs/$1"/bank/line* 2>/dev/null
	rmdir "$configfs/$1/bank" "$configfs/$1"
}

# start_gpio OPTION...: the daemon and the adapter
start_gpio() {
	start gpio.log "$gpio_daemon" --socket-path="$work/gpio.sock" "$@"
	daemon_pid=$started
	start adapter.log "$adapter" --device gpio --name gpio --socket-path "$work/gpio.sock" --deadline 1900
	adapter_pid=$started
	eventually 30 virtual_chip
}

# The driver labels its chip with the virtio device's name
virtual_chip() {
	vchip=$(gpiodetect | sed -n 's/^\(gpiochip[0-9]*\) \[virtio[0-9]*\] .*/\1/p' | head -n 1)
	[ -n "$vchip" ]
}

load_gpio() {
	# shellcheck disable=SC2119
	modprobe gpio_sim && modprobe gpio_virtio && load_module
}
