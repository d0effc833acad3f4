#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines of a simulated chip through vhost-user-gpio and the kernel's own gpio-virtio driver: names, values, wiring, interrupts,
# what may not be driven, what happens at the end.
# gpiolib frees the interrupt of a line that is being watched twice when its chip goes; see tests/hostile/README.md.
# known: ^[^\n]*WARNING: [^\n]* free_irq.* (lineevent_free|edge_detector_stop)
# timeout: 300
# shellcheck source=tests/vm/gpio-lib.sh
. /repo/tests/vm/gpio-lib.sh

holder=

# hold LINE=VALUE...: drive lines of the virtual chip until let_go
hold() {
	gpioset --mode=signal "$vchip" "$@" &
	holder=$!
}
let_go() {
	stop_pid TERM "$holder"
	holder=
}

# line N of gpioinfo for the virtual chip, without runs of spaces
info() {
	gpioinfo "$vchip" | sed -n "s/  */ /g; s/ \$//; s/^[[:space:]]*line $1: *//p"
}

# measured CHIP LINE VALUE
measured() {
	[ "$(measure "$1" "$2")" = "$3" ]
}

# edges CHIP LINE COUNT: that many times up and down
edges() {
	i=0
	while [ $i -lt "$3" ]; do
		press "$1" "$2" 1
		press "$1" "$2" 0
		i=$((i + 1))
	done
}

# monitor LINE OPTION...: gpiomon in the background
monitor() {
	start mon.log gpiomon --line-buffered --format=%e "$@"
	monitor_pid=$started
	eventually 10 used_by "$vchip"
}
used_by() {
	gpioinfo "$1" | grep -q gpiomon
}
saw() {
	[ "$(grep -c "^$1\$" "$work/mon.log")" -eq "$2" ]
}

end_all() {
	let_go
	stop_all
	remove_chip one
	remove_chip two
	unload_module
}
at_exit end_all
at_exit show_logs

ok "the modules load" load_gpio || exit
make_chip one 8 1=RESET 2=LAMP 3=KEY
make_chip two 4

# -- names and order
not_ok "a chip that is not there is refused" "$gpio_daemon" --socket-path="$work/x.sock" --chip nowhere
cp "$work/ok.out" "$work/said"
ok "and named" grep -q 'cannot open the GPIO chip "nowhere"' "$work/said"
not_ok "so is a line that it does not have" "$gpio_daemon" --socket-path="$work/x.sock" --chip one --lines 8
not_ok "and a line twice" "$gpio_daemon" --socket-path="$work/x.sock" --chip one --lines 2,LAMP
ok "the lines are printed" "$gpio_daemon" --chip one --chip two --lines KEY,LAMP=lamp,1:3 --print-lines
cp "$work/ok.out" "$work/said"
ok "in their order" grep -q '1  lamp ' "$work/said"

ok "the driver binds" start_gpio --chip one --chip two \
	--lines "KEY=button,LAMP=lamp/safe=1,RESET/ro,1:3=far,0/active-low,4,5-6/keep" || exit
is "$(info 0)" '"button" unused input active-high' "a renamed line"
is "$(info 2 | cut -d ' ' -f 1)" '"RESET"' "a line that keeps its name"
is "$(info 3 | cut -d ' ' -f 1)" '"far"' "a line of the other chip"
is "$(info 5 | cut -d ' ' -f 1)" 'unnamed' "a line without a name"
is "$(gpioinfo "$vchip" | wc -l)" 9 "eight lines and a heading"

# -- values
press one 3 1
is "$(gpioget "$vchip" 0)" 1 "an input that is high"
press one 3 0
is "$(gpioget "$vchip" 0)" 0 "an input that is low"
is "$(gpioget --active-low "$vchip" 0)" 1 "turned around by the reader"
press one 0 0
is "$(gpioget "$vchip" 4)" 1 "turned around by the daemon"
hold 1=1 3=1
ok "an output is driven" eventually 10 measured one 2 1
ok "on the other chip too" eventually 10 measured two 3 1
ok "the host sees who has it" sh -c 'gpioinfo one 2>/dev/null || gpioinfo | grep LAMP | grep -q vhost-user-gpio'
not_ok "and cannot take it" gpioget "$(cat $configfs/one/bank/chip_name)" 2
let_go
ok "the host can take it again" eventually 10 gpioget "$(cat $configfs/one/bank/chip_name)" 2
not_ok "a line that is read only is not driven" gpioset "$vchip" 2=1
is "$(gpioget "$vchip" 2)" 0 "but read"
hold 6=1
ok "a line to keep is driven" eventually 10 measured one 5 1
let_go
is "$(measure one 5)" 1 "and stays driven when the driver lets go"

# -- somebody else has it
gpioset --mode=signal "$(cat $configfs/one/bank/chip_name)" 4=1 &
holder=$!
ok "a line that the host uses" eventually 10 sh -c 'gpioinfo | grep -q gpioset'
not_ok "is refused to the driver" gpioget "$vchip" 5
let_go
ok "until it is free" eventually 10 gpioget "$vchip" 5

# -- interrupts
press one 3 0
monitor "$vchip" 0
edges one 3 50
ok "50 presses are 50 rising" eventually 20 saw 1 50
ok "and 50 falling edges" eventually 20 saw 0 50
stop_pid TERM "$monitor_pid"
monitor --rising-edge "$vchip" 0
edges one 3 20
ok "rising edges only" eventually 20 saw 1 20
is "$(grep -c '^0$' "$work/mon.log")" 0 "and no falling ones"
stop_pid TERM "$monitor_pid"
monitor --falling-edge "$vchip" 0
edges one 3 20
ok "falling edges only" eventually 20 saw 0 20
stop_pid TERM "$monitor_pid"
is "$(gpioget "$vchip" 0)" 0 "the line is an ordinary input afterwards"

# -- the chip is unplugged
monitor "$vchip" 3
remove_chip two
not_ok "a line of a chip that was unplugged fails" gpioget "$vchip" 3
ok "the others work on" gpioget "$vchip" 0
stop_pid TERM "$monitor_pid"
ok "the daemon lives" kill -0 "$daemon_pid"

two_virtual_chips() {
	[ "$(gpiodetect | grep -c '\[virtio')" = 2 ]
}

# -- two daemons on one chip. Last, as gpio-virtio has one irq_chip for all its devices, which gpiolib changes when the second
# one comes and goes: interrupts after that WARN in virtio_gpio_irq_prepare(), Linux 6.12.
start gpio2.log "$gpio_daemon" --socket-path="$work/gpio2.sock" --chip one --lines 7
second=$started
start adapter2.log "$adapter" --device gpio --name gpio2 --socket-path "$work/gpio2.sock"
second_adapter=$started
ok "a second daemon takes another line of the same chip" eventually 20 two_virtual_chips
other=$(gpiodetect | sed -n 's/^\(gpiochip[0-9]*\) \[virtio[0-9]*\] .*/\1/p' | grep -v "^$vchip\$")
press one 7 1
is "$(gpioget "$other" 0)" 1 "and reads it"
stop_pid TERM "$second_adapter"
stop_pid TERM "$second"

# -- the end
hold 1=0
ok "the lamp is off" eventually 10 measured one 2 0
start watch.log gpiomon --num-events=1 --rising-edge "$(cat $configfs/one/bank/chip_name)" 2
kill -TERM "$daemon_pid"
wait "$daemon_pid"
is $? 0 "the daemon ends on SIGTERM"
daemon_pid=
let_go
stop_pid TERM "$adapter_pid"
adapter_pid=
ok "the device goes" eventually 20 no_device
ok "the module is unused" eventually 10 unused
done_testing
