#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines of a simulated chip through vhost-user-gpio and the kernel's own gpio-virtio driver: names, values, wiring, interrupts,
# what may not be driven, what happens at the end. 50 presses in a row, with KASAN 10.
# gpiolib frees the interrupt of a line that is being watched twice when its chip goes; see tests/hostile/README.md.
# known: ^[^\n]*WARNING: [^\n]* free_irq.* (lineevent_free|edge_detector_stop)
# Or gpio-sim gives up an interrupt that is still requested.
# known: ^[^\n]*WARNING: [^\n]* remove_proc_entry.* gpio_sim_dispose_mappings
# timeout: 600
# shellcheck source=tests/vm/gpio-lib.sh
. /repo/tests/vm/gpio-lib.sh

holder=

# hold [OPTION...] LINE=VALUE...: drive lines of the virtual chip until let_go
hold() {
	options=
	while [ "${1#-}" != "$1" ]; do
		options="$options $1"
		shift
	done
	# Options are words
	# shellcheck disable=SC2086
	gpioset --mode=signal $options "$vchip" "$@" &
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

# edges CHIP LINE COUNT [LEVEL]: that many times up and down. The monitor, which watches edges to that level, or all, has reported
# each before the next: of both kinds gpiolib tells which it was by reading the line, when it gets to it.
edges() {
	i=0
	while [ $i -lt "$3" ]; do
		for level in 1 0; do
			reported=$(wc -l <"$work/mon.log")
			press "$1" "$2" $level
			[ "${4:-$level}" != $level ] || soon reported_more
		done
		i=$((i + 1))
	done
}
reported_more() {
	[ "$(wc -l <"$work/mon.log")" -gt "$reported" ]
}
# soon COMMAND: as eventually, with shorter steps
soon() {
	soon_left=1000
	until "$1" || [ $soon_left -eq 0 ]; do
		soon_left=$((soon_left - 1))
		sleep 0.01
	done
}

# monitor LINE OPTION...: gpiomon in the background, when it has the line's interrupt
monitor() {
	start mon.log gpiomon --line-buffered --format=%e "$@"
	monitor_pid=$started
	eventually 30 armed gpiomon
}
# armed CONSUMER: the kernel makes that folder after it, while gpioinfo names who is only about to ask for an interrupt
armed() {
	ls -d /proc/irq/*/"$1"
}
# Somebody on the host's side, so the daemon, has the line of the chip
in_use() {
	gpioinfo "$(cat $configfs/one/bank/chip_name)" | grep -q "line *$1:.*vhost-user-gpio"
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
	# Two devices at a time have spoilt its irq_chip (see the README): the next test's driver begins anew
	modprobe -r gpio_virtio
}
at_exit end_all
at_exit show_logs

ok "the modules load" load_gpio || exit
make_chip one 16 1=RESET 2=LAMP 3=KEY
make_chip two 4

# -- names and order
not_ok "a chip that is not there is refused" "$gpio_daemon" --socket-path="$work/x.sock" --chip nowhere
cp "$work/ok.out" "$work/said"
ok "and named" grep -q 'cannot open the GPIO chip "nowhere"' "$work/said"
not_ok "so is a line that it does not have" "$gpio_daemon" --socket-path="$work/x.sock" --chip one --lines 16
not_ok "and a line twice" "$gpio_daemon" --socket-path="$work/x.sock" --chip one --lines 2,LAMP
ok "the lines are printed" "$gpio_daemon" --chip one --chip two --lines KEY,LAMP=lamp,1:3 --print-lines
cp "$work/ok.out" "$work/said"
ok "in their order" grep -q '1  lamp ' "$work/said"
name=$(cat "$configfs/two/bank/chip_name")
ok "of a chip by its name" "$gpio_daemon" --chip "$name" --print-lines
ok "of a chip by its path" "$gpio_daemon" --chip "/dev/$name" --print-lines
mkdir -p "$configfs/twin/bank"
echo two >"$configfs/twin/bank/label"
echo 1 >"$configfs/twin/live"
not_ok "a label of two chips is refused" "$gpio_daemon" --chip two --print-lines
cp "$work/ok.out" "$work/said"
ok "and named" grep -q '"two": several have this label' "$work/said"
ok "the name of one of them is not" "$gpio_daemon" --chip "$name" --print-lines
remove_chip twin

wired=8=up/pull-up,9=down/pull-down,10=drain/open-drain,11=source/open-source,12=bouncing/debounce=500ms,1:2=near
ok "the driver binds" start_gpio --chip one --chip two \
	--lines "KEY=button,LAMP=lamp/safe=1,RESET/ro,1:3=far,0/active-low,4,5-6/keep,$wired" || exit
is "$(info 0)" '"button" unused input active-high' "a renamed line"
is "$(info 2 | cut -d ' ' -f 1)" '"RESET"' "a line that keeps its name"
is "$(info 3 | cut -d ' ' -f 1)" '"far"' "a line of the other chip"
is "$(info 5 | cut -d ' ' -f 1)" 'unnamed' "a line without a name"
is "$(gpioinfo "$vchip" | wc -l)" 15 "fourteen lines and a heading"
is "$(gpiofind far)" "$vchip 3" "libgpiod finds a line by its name"

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

# -- wiring, that of the daemon and that which the tools of the driver's side ask for
chip_one=$(cat $configfs/one/bank/chip_name)
press one 8 0
is "$(gpioget "$vchip" 8)" 1 "a line that the daemon pulls up"
press one 9 1
is "$(gpioget "$vchip" 9)" 0 "a line that it pulls down"
gpiomon "$vchip" 4 >/dev/null &
holder=$!
ok "the host sees that a line is active low" eventually 10 sh -c "gpioinfo $chip_one | grep -q 'line *0:.* active-low .*used'"
let_go
press one 10 1
hold 10=1
ok "an open drain is taken" eventually 10 in_use 10
is "$(measure one 10)" 1 "it does not drive a 1"
press one 10 0
is "$(measure one 10)" 0 "as the outside can pull it down"
press one 10 1
let_go
hold 10=0
ok "but it drives a 0" eventually 10 measured one 10 0
let_go
press one 11 1
hold 11=0
ok "an open source is taken" eventually 10 in_use 11
is "$(measure one 11)" 1 "it does not drive a 0"
let_go
press one 11 0
hold 11=1
ok "but a 1" eventually 10 measured one 11 1
let_go
press one 4 1
hold --drive=open-drain 5=1
ok "an open drain of the driver's side" eventually 10 in_use 4
press one 4 0
is "$(measure one 4)" 0 "does not drive a 1 either"
let_go
press one 4 1
hold --drive=open-drain 5=0
ok "but a 0" eventually 10 measured one 4 0
let_go
hold --active-low 5=0
ok "a 0 that is active low is driven as 1" eventually 10 measured one 4 1
let_go
ok "bias, which virtio has no words for, does no harm" gpioget --bias=pull-up "$vchip" 5

# -- debouncing
bouncing=$(sim one 12)/pull
echo pull-down >"$bouncing"
if [ "${GPIOD:-1}" = 2 ]; then
	monitor "$vchip" 12
	for _ in 1 2 3 4 5; do
		echo pull-up >"$bouncing"
		echo pull-down >"$bouncing"
	done
	echo pull-up >"$bouncing"
	ok "a contact that bounces" eventually 20 saw 1 1
	sleep 1
	is "$(tr '\n' ' ' <"$work/mon.log")" "1 " "is one edge"
	stop_pid TERM "$monitor_pid"
else
	not_ok "libgpiod 1 cannot debounce" gpioget "$vchip" 12
	ok "and the daemon says so" grep -q 'line 12 (bouncing): debouncing needs libgpiod 2' "$work/gpio.log"
fi

# -- somebody else has it
gpioset --mode=signal "$chip_one" 4=1 &
holder=$!
ok "a line that the host uses" eventually 10 sh -c 'gpioinfo | grep -q gpioset'
not_ok "is refused to the driver" gpioget "$vchip" 5
let_go
ok "until it is free" eventually 10 gpioget "$vchip" 5

# -- interrupts
press one 3 0
monitor "$vchip" 0
presses=$(many_or_few 50 10)
edges one 3 "$presses"
ok "$presses presses are $presses rising" eventually 20 saw 1 "$presses"
ok "and $presses falling edges" eventually 20 saw 0 "$presses"
stop_pid TERM "$monitor_pid"
monitor --rising-edge "$vchip" 0
edges one 3 10 1
ok "rising edges only" eventually 20 saw 1 10
is "$(grep -c '^0$' "$work/mon.log")" 0 "and no falling ones"
stop_pid TERM "$monitor_pid"
monitor --falling-edge "$vchip" 0
edges one 3 10 0
ok "falling edges only" eventually 20 saw 0 10
stop_pid TERM "$monitor_pid"
is "$(gpioget "$vchip" 0)" 0 "the line is an ordinary input afterwards"

# -- the chip is unplugged, under an output and an interrupt
hold 6=1
monitor "$vchip" 3
remove_chip two
not_ok "a line of a chip that was unplugged fails" gpioget "$vchip" 13
ok "the others work on" gpioget "$vchip" 0
ok "the daemon lives" kill -0 "$daemon_pid"
ok "and has said what happened" eventually 10 grep -q 'chip "two" was unplugged' "$work/gpio.log"
make_chip two 4
ok "it is plugged in again" eventually 20 grep -q 'chip "two" is back' "$work/gpio.log"
ok "and the daemon has the interrupt again" eventually 20 armed vhost-user-gpio
edges two 3 5
ok "the interrupts of its line go on" eventually 20 saw 1 5
stop_pid TERM "$monitor_pid"
ok "as do its requests" gpioget "$vchip" 13
let_go
remove_chip one
not_ok "so with the other chip" gpioget "$vchip" 0
make_chip one 16 1=RESET 2=LAMP 3=KEY
ok "which comes back" eventually 20 gpioget "$vchip" 0
hold 1=1
ok "with its lamp" eventually 10 measured one 2 1
remove_chip one
make_chip one 16 1=RESET 2=LAMP 3=KEY
ok "that shines again when the chip was away under it" eventually 20 measured one 2 1
let_go
chip_one=$(cat $configfs/one/bank/chip_name)

two_virtual_chips() {
	[ "$(gpiodetect | grep -c '\[virtio')" = 2 ]
}

# -- two daemons on one chip. Last, as gpio-virtio has one irq_chip for all its devices, which gpiolib changes when the second
# one comes and goes: interrupts after that WARN in virtio_gpio_irq_prepare(), Linux 6.12.
start gpio2.log "$gpio_daemon" --socket-path="$work/gpio2.sock" --chip one --lines 7
second=$started
start adapter2.log "$adapter" --device gpio --name gpio2 --socket-path "$work/gpio2.sock" --deadline 1900
second_adapter=$started
ok "a second daemon takes another line of the same chip" eventually 20 two_virtual_chips
other=$(gpiodetect | sed -n 's/^\(gpiochip[0-9]*\) \[virtio[0-9]*\] .*/\1/p' | grep -v "^$vchip\$")
press one 7 1
is "$(gpioget "$other" 0)" 1 "and reads it"
gpioset --mode=signal "$other" 0=0 &
holder=$!
ok "and drives it" eventually 10 measured one 7 0
press one 3 1
is "$(gpioget "$vchip" 0)" 1 "while the first daemon reads its own"
let_go
stop_pid TERM "$second_adapter"
stop_pid TERM "$second"
press one 3 0
is "$(gpioget "$vchip" 0)" 0 "and goes on when the second one has gone"

# -- the end
hold 1=0
ok "the lamp is off" eventually 10 measured one 2 0
kill -TERM "$daemon_pid"
wait "$daemon_pid"
status=$?
gpioinfo "$chip_one" >"$work/lines"
is "$status" 0 "the daemon ends on SIGTERM"
not_ok "nobody has a line of the chip then" grep -q vhost-user-gpio "$work/lines"
daemon_pid=
let_go
stop_pid TERM "$adapter_pid"
adapter_pid=
ok "the device goes" eventually 20 no_device
ok "the module is unused" eventually 10 unused
done_testing
