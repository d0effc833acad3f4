# SPDX-License-Identifier: MIT
"""A lamp and a button on lines of a GPIO chip, used through virtio with the tools that everybody has."""

import re

from demolib import device, diagram
from demolib.device import wait_for
from demolib.steps import Step, require

TITLE = "GPIO lines"
INTRO = ("A lamp and a button are on a GPIO chip (gpio-sim, the kernel's own simulated one, so that both can be looked at and pressed from "
         "outside). vhost-user-gpio serves these two lines and no other; virtio-loopback makes a virtio device of them, the stock "
         "gpio-virtio driver a second GPIO chip, and libgpiod's tools use it. What is claimed of the lamp is measured at the chip, not "
         "asked of the driver; what is claimed of the button was pressed there.")
DIAGRAM_TITLE = "The way of a line"

SOCKET = "/run/virtio-loopback-demo/gpio.sock"
CHIP = "/sys/kernel/config/gpio-sim/board"
LINES = "LAMP=lamp/safe=0,BUTTON=button/active-low/pull-up"
LAMP, BUTTON = 2, 5     # offsets on the chip
PRESSES = 20
# The driver's lines are numbered as --lines has them
DRIVER_LAMP, DRIVER_BUTTON = 0, 1

BOXES = (
    ("lamp and button", "outside", 20, 20),
    ("gpio-sim, /dev/gpiochipN", "kernel", 20, 110),
    ("vhost-user-gpio", "daemon", 20, 200),
    ("virtio_loopback.ko", "kernel: pool, rings", 330, 200),
    ("gpio-virtio", "stock driver, /dev/gpiochipM", 330, 110),
    ("gpioset, gpiomon", "libgpiod's tools", 330, 20),
    ("virtio-loopback-adapter", "control only", 175, 300),
)
DIAGRAM = diagram.draw(BOXES, 580, "From the lines to the tools")

# Whoever presses the button, the lamp shines as long
APPLICATION = """#!/bin/sh
gpiomon --line-buffered --format=%e {chip} {button} | while read -r edge; do
	if [ "$edge" = 1 ]; then
		gpioset --mode=signal {chip} {lamp}=1 &
		lamp=$!
	else
		kill $lamp
	fi
done
"""


def load_module(ctx):
    return device.load_module(ctx, "gpio_sim gpio_virtio")


def plug_chip(ctx):
    """The hardware: 8 lines, two of them with names."""
    make_chip(ctx)
    label = ctx.target.must(f"gpiodetect | grep '^{ctx.chip} '").strip()
    require("[board]" in label and "8 lines" in label, f"gpiodetect says '{label}'")
    return label


def start_daemon(ctx):
    seen = device.start_daemon(ctx, "vhost-user-gpio", SOCKET, "--chip=board", f"--lines={LINES}")
    return f"{seen}, for the lines {LINES}"


def start_adapter(ctx):
    device.start_adapter(ctx, "gpio", SOCKET, lambda: driver_chip(ctx), "a GPIO chip of gpio-virtio")
    lines = re.findall(r'line +\d+: +(\S+)', ctx.target.must(f"gpioinfo {ctx.virtio}"))
    require(lines == ['"lamp"', '"button"'], f"the lines of {ctx.virtio} are {lines}")
    return f"gpio-virtio made {ctx.virtio} with the lines lamp and button"


def lamp_shines(ctx):
    hold_lamp(ctx, 1)
    seen = wait_for(lambda: lamp(ctx) == 1, 30)
    require(seen, "gpioset wants the lamp on, and the chip's line is low")
    user = ctx.target.must(f"gpioinfo {ctx.chip} | grep '\"LAMP\"'").strip()
    require("vhost-user-gpio" in user, f"the daemon does not have the line: {user}")
    taken = ctx.target.shell(f"gpioset {ctx.chip} {LAMP}=0")
    require(taken.status != 0, "somebody else could switch the lamp off")
    return f"gpioset {ctx.virtio} {DRIVER_LAMP}=1; the chip's line is high, and nobody else can have it"


def lamp_goes_off(ctx):
    ctx.target.must(f"kill -KILL $(cat {ctx.target.RUN_DIR}/gpioset.pid)")
    require(wait_for(lambda: lamp(ctx) == 0, 30), "the lamp still shines")
    require(wait_for(lambda: "vhost-user-gpio" not in ctx.target.must(f"gpioinfo {ctx.chip}"), 30), "the daemon still has the line")
    return "gpioset was killed; the line is low, and free again"


def button(ctx):
    target = ctx.target
    launch_monitor(ctx)
    press_and_see(ctx, PRESSES)
    want = ["1", "0"] * PRESSES
    wait_for(lambda: len(target.log("monitor").split()) >= len(want), 20)
    got = target.log("monitor").split()
    require(got == want, f"{PRESSES} presses gave {len(got)} edges, the first {got[:6]}")
    return f"{PRESSES} presses, {got.count('1')} times pressed and {got.count('0')} times released, in turns"


def application(ctx):
    """A program of three lines that uses both."""
    target = ctx.target
    require(target.end("monitor"), "gpiomon does not end")
    script = APPLICATION.format(chip=ctx.virtio, lamp=DRIVER_LAMP, button=DRIVER_BUTTON)
    target.must(f"cat >{target.RUN_DIR}/application.sh <<'END'\n{script}END")
    target.launch("application", ["sh", f"{target.RUN_DIR}/application.sh"])
    require(wait_for(lambda: armed(ctx, "gpiomon"), 30), "the application does not watch the button")
    for _ in range(3):
        target.must(press(ctx, True))
        require(wait_for(lambda: lamp(ctx) == 1, 30), "the button is pressed, and the lamp is off")
        target.must(press(ctx, False))
        require(wait_for(lambda: lamp(ctx) == 0, 30), "the button is released, and the lamp shines")
        # A moment later: the next gpioset would find the line taken
        require(wait_for(lambda: "gpioset" not in target.must(f"gpioinfo {ctx.virtio}"), 30), "the lamp's line does not become free")
    target.must("pkill -x gpiomon")
    require(wait_for(lambda: target.shell("pidof gpiomon").status != 0, 30), "gpiomon does not end")
    return "three times: it shines while the button is pressed"


def unplug(ctx):
    """The chip goes and comes back under a lamp that shines and a button that is watched."""
    target = ctx.target
    hold_lamp(ctx, 1)
    launch_monitor(ctx)
    require(wait_for(lambda: lamp(ctx) == 1, 30), "the lamp does not shine")
    remove_chip(ctx)
    target.wait_log("daemon", "was unplugged")
    make_chip(ctx)
    target.wait_log("daemon", "is back")
    require(wait_for(lambda: lamp(ctx) == 1, 30), "the chip is back, and the lamp is off")
    require(wait_for(lambda: armed(ctx, "vhost-user-gpio"), 30), "the chip is back, and the daemon does not watch the button")
    before = len(target.log("monitor").split())
    press_and_see(ctx, 1)
    require(wait_for(lambda: target.log("monitor").split()[before:] == ["1", "0"], 30), "the button is not seen any more")
    require(target.running("gpioset") and target.running("monitor"), "a program lost its line")
    for name in ("monitor", "gpioset"):
        require(target.end(name), f"{name} does not end")
    return "the lamp shines again, the button is seen again; neither program has noticed"


def other_lines(ctx):
    """The daemon has two lines, the rest of the chip is free."""
    target = ctx.target
    count = int(target.must(f"gpioinfo {ctx.virtio} | grep -c 'line '"))
    require(count == 2, f"the driver has {count} lines")
    target.must(f"gpioget {ctx.chip} 0 1 3 4 6 7")
    return "the driver has two lines; the six others are read directly"


def clean_end(ctx):
    device.end_programs(ctx)
    require(wait_for(lambda: not driver_chip(ctx), 30), f"{ctx.virtio} is still there after the adapter has ended")
    remove_chip(ctx)
    device.unload(ctx)
    return "adapter and daemon end on SIGTERM, the chip goes, the module unloads, the kernel log is clean"


def steps():
    """The scenario, in order."""
    return [
        Step("the module", "virtio_loopback.ko loads", load_module, essential=True),
        Step("the hardware", "a GPIO chip with a lamp and a button", plug_chip, essential=True),
        Step("the daemon", "vhost-user-gpio finds both lines by their names", start_daemon, essential=True),
        Step("the adapter", "the stock gpio-virtio driver binds", start_adapter, essential=True),
        Step("the lamp", "gpioset switches it on, and the chip shows it", lamp_shines),
        Step("a program dies", "the lamp goes off, and its line is free", lamp_goes_off),
        Step("the button", "gpiomon sees each press and each release", button),
        Step("both together", "the button switches the lamp", application),
        Step("unplugged", "the chip goes and comes back under both", unplug),
        Step("the other lines", "they stay with the machine", other_lines),
        Step("the end", "everything ends cleanly", clean_end),
    ]


def make_chip(ctx):
    """Plug the chip in."""
    ctx.target.must(f"mkdir -p {CHIP}/bank && echo 8 >{CHIP}/bank/num_lines && echo board >{CHIP}/bank/label && "
                    f"mkdir {CHIP}/bank/line{LAMP} {CHIP}/bank/line{BUTTON} && echo LAMP >{CHIP}/bank/line{LAMP}/name && "
                    f"echo BUTTON >{CHIP}/bank/line{BUTTON}/name && echo 1 >{CHIP}/live")
    ctx.chip = ctx.target.must(f"cat {CHIP}/bank/chip_name").strip()
    ctx.folder = f"/sys/devices/platform/{ctx.target.must(f'cat {CHIP}/dev_name').strip()}/{ctx.chip}"


def remove_chip(ctx):
    """Unplug it."""
    ctx.target.must(f"echo 0 >{CHIP}/live; rmdir {CHIP}/bank/line* {CHIP}/bank {CHIP}")


def driver_chip(ctx):
    """The name of the chip that the virtio driver made, or None."""
    # which fails when a chip goes while it looks
    match = re.search(r"^(gpiochip\d+) \[virtio\d+\]", ctx.target.shell("gpiodetect").out, re.M)
    if match:
        ctx.virtio = match[1]
    return match


def hold_lamp(ctx, value):
    """gpioset in the background: an output is one as long as somebody has it."""
    ctx.target.launch("gpioset", ["gpioset", "--mode=signal", ctx.virtio, f"{DRIVER_LAMP}={value}"])


def launch_monitor(ctx):
    """gpiomon in the background, when it has the line's interrupt."""
    ctx.target.launch("monitor", ["gpiomon", "--line-buffered", "--format=%e", ctx.virtio, str(DRIVER_BUTTON)])
    require(wait_for(lambda: armed(ctx, "gpiomon"), 30), "gpiomon does not watch the button")


def armed(ctx, consumer):
    """Does it have an interrupt? The kernel makes that folder after it, while gpioinfo names who is only about to ask for one."""
    return ctx.target.shell(f"ls -d /proc/irq/*/{consumer}").status == 0


def lamp(ctx):
    """What one would measure at the lamp."""
    return int(ctx.target.must(f"cat {ctx.folder}/sim_gpio{LAMP}/value"))


def press_and_see(ctx, times):
    """
    Press and release the button; the monitor has reported each edge before the next, or it ends there: which edge it was gpiolib tells
    by reading the line when it gets to it, and of those that come until then the driver keeps one.
    """
    log = f"{ctx.target.RUN_DIR}/monitor.log"
    ctx.target.must(f"n=$(wc -l <{log}); seen() {{ n=$((n + 1)); for t in $(seq 1000); do test $(wc -l <{log}) -ge $n && return; "
                    f"sleep 0.02; done; return 1; }}; for i in $(seq {times}); do "
                    f"{press(ctx, True)}; seen || break; {press(ctx, False)}; seen || break; done", 300)


def press(ctx, down):
    """A command that presses the button, which connects its line with ground, or releases it."""
    return f"echo {'pull-down' if down else 'pull-up'} >{ctx.folder}/sim_gpio{BUTTON}/pull"
