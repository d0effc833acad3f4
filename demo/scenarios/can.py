# SPDX-License-Identifier: MIT
"""A drive on a car's CAN bus, seen through a virtio CAN controller."""

import re

from demolib import device, diagram, plot
from demolib.device import wait_for
from demolib.steps import Step, require
from demolib.target import Target

TITLE = "A drive on a CAN bus"
INTRO = ("The bus of a car (vxcan, the kernel's own virtual one) carries a drive: engine, speed, gears, lights, warnings. vhost-user-can "
         "serves an interface on it; virtio-loopback makes a virtio device of that, the virtio_can driver a network interface of its own, "
         "and candump listens there. Each frame is compared with the log that was played, each value with what it was made of. "
         "A request goes the other way; then the controller loses the bus, the daemon is killed in the middle of a drive, and the "
         "interface is pulled out.")
DIAGRAM_TITLE = "The way of a frame"
PICTURES_TITLE = "What arrived"

RUN = Target.RUN_DIR
SOCKET = f"{RUN}/can.sock"
SECONDS = 12        # of the drive
REQUESTS = 150      # meanwhile, from the driver's side
LAST = "7FF#"       # a frame after a drive, which no drive has in it
FRAME = re.compile(r"^\([\d.]+\) \S+ (\S+).*\n", re.MULTILINE)     # a whole line of candump -L
PANELS = (
    ("speed, km/h", ("speed",), ""),
    ("engine, 1/min", ("rpm",), ""),
    ("gear", ("gear",), "'N' 0, '1' 1, '2' 2, '3' 3, '4' 4"),
    ("lamps", ("fuel_low", "seat_belt", "indicator_right", "indicator_left"), "'fuel' 0, 'belt' 1, 'right' 2, 'left' 3"),
)

BOXES = (
    ("canplayer, cansend", "the rest of the car, hw1", 20, 20),
    ("vxcan, SocketCAN", "kernel: hw0", 20, 110),
    ("vhost-user-can", "daemon", 20, 200),
    ("virtio_loopback.ko", "kernel: pool, rings", 330, 200),
    ("virtio_can", "driver, SocketCAN: can0", 330, 110),
    ("candump, cansend", "can-utils", 330, 20),
    ("virtio-loopback-adapter", "control only", 175, 300),
)
DIAGRAM = diagram.draw(BOXES, 580, "From the bus to the tools")


def load_modules(ctx):
    """A kernel may have the driver; ours is for the others."""
    seen = device.load_module(ctx, "can-dev can-raw vxcan virtio_can")
    ctx.target.must(f"grep -q '^virtio_can ' /proc/modules || insmod {ctx.target.module('virtio_can/virtio_can')}")
    return f"{seen}; virtio_can is loaded"


def make_bus(ctx):
    plug(ctx)
    start_capture(ctx, "hw1")
    ctx.target.must("cansend hw0 123#1122")
    require(wait_for(lambda: captured(ctx, "hw1") == ["123#1122"], 30), "what is sent to hw0 is not heard at hw1")
    end_capture(ctx, "hw1")
    return "hw0 and hw1 are the ends of it, and hear each other"


def start_daemon(ctx):
    seen = launch_daemon(ctx)
    log = ctx.target.wait_log("daemon", "hw0 is there")
    require("with CAN FD" in log, f"it does not offer CAN FD: {device.last_line(log)}")
    return f"{seen}, for hw0 with CAN FD"


def start_adapter(ctx):
    ctx.can = device.start_adapter(ctx, "can", SOCKET, lambda: driver_interface(ctx), "an interface of virtio_can")
    driver = ctx.target.must(f"basename $(readlink -f /sys/class/net/{ctx.can}/device/driver)").strip()
    require(driver == "virtio_can", f"{ctx.can} belongs to the driver {driver}")
    ctx.index = index_of(ctx)
    return f"virtio_can made {ctx.can}"


def set_up(ctx):
    target = ctx.target
    target.must(f"timeout 20 ip link set {ctx.can} up")
    require(has(ctx, "ERROR-ACTIVE"), f"{ctx.can} is not on the bus")
    require(has(ctx, "mtu 72"), f"{ctx.can} does not take FD frames")
    return f"{ctx.can} is up, ERROR-ACTIVE, and takes FD frames"


def drive(ctx):
    """From the log to candump, frame by frame."""
    target = ctx.target
    sent = write_drive(ctx, SECONDS)
    start_capture(ctx, ctx.can)
    target.must(f"canplayer -I {RUN}/drive.log hw1=bus", 10 * SECONDS)
    wait_for(lambda: len(captured(ctx, ctx.can)) >= len(sent), 20)
    end_capture(ctx, ctx.can)
    arrived = captured(ctx, ctx.can)
    difference = first_difference(sent, arrived)
    require(not difference, difference)
    kinds = f"{sum('##' in frame for frame in sent)} of them FD with an extended identifier"
    return f"{len(sent)} frames were played, {kinds}; the same {len(arrived)} arrived in the same order"


def signals(ctx):
    """Each value that was decoded from what arrived is the one that the frame was made of, but for its rounding."""
    values = parse_values(ctx.target.must(f"{car(ctx)} values {SECONDS}"))
    decoded = parse_values(ctx.target.must(f"{car(ctx)} decode <{RUN}/{ctx.can}.log"))
    steps_of = {words[4]: float(words[7]) for words in map(str.split, ctx.target.must(f"{car(ctx)} layout").splitlines())}
    require(len(values) == len(decoded), f"{len(values)} values were sent, {len(decoded)} were decoded")
    worst = {}
    for (_, name, want), (when, got_name, got) in zip(values, decoded):
        off = abs(got - want) / steps_of[name]
        require(name == got_name and off <= 0.51, f"at {when - decoded[0][0]:.2f} s {name} was {want:g}, and {got_name} {got:g} arrived")
        worst[name] = max(off, worst.get(name, 0))
    picture(ctx, decoded)
    speeds = [value for _, name, value in decoded if name == "speed"]
    return (f"{len(decoded)} values of {len(worst)} signals, none off by more than half of its step; "
            f"the highest speed was {max(speeds):g} km/h")


def request(ctx):
    target = ctx.target
    frame = target.must(f"{car(ctx)} request horn left").strip()
    acknowledged = counter(ctx, "tx_packets")
    start_capture(ctx, "hw1")
    target.must(f"cansend {ctx.can} {frame}")
    require(wait_for(lambda: captured(ctx, "hw1"), 20), "nothing arrived at the bus")
    require(wait_for(lambda: counter(ctx, "tx_packets") == acknowledged + 1, 20), "it was not acknowledged")
    end_capture(ctx, "hw1")
    require(captured(ctx, "hw1") == [frame], f"at the bus arrived: {captured(ctx, 'hw1')}")
    said = {name: value for _, name, value in parse_values(target.must(f"{car(ctx)} decode <{RUN}/hw1.log"))}
    require(said == {"horn": 1, "left": 1, "right": 0}, f"the bus understands {said}")
    return f"{frame} arrived once: horn and left; the driver knows that it was on the bus"


def bus_off(ctx):
    """vxcan has no bus-off of its own: its error frame is sent by hand."""
    target = ctx.target
    start_capture(ctx, "hw1")
    target.must("cansend hw1 20000040#0000000000000000")
    require(wait_for(lambda: has(ctx, "BUS-OFF"), 20), f"{ctx.can} does not know of it")
    target.shell(f"cansend {ctx.can} 300#DEAD")     # it may be refused at once
    target.must(f"ip link set {ctx.can} type can restart")
    require(wait_for(lambda: has(ctx, "ERROR-ACTIVE"), 20), "it does not come back")
    require(wait_for(lambda: both_ways(ctx), 20), "no frames go both ways afterwards")
    end_capture(ctx, "hw1")
    require("300#DEAD" not in captured(ctx, "hw1"), "a frame was sent while the controller was off the bus")
    return f"{ctx.can} was BUS-OFF and sent nothing; after a restart it is ERROR-ACTIVE, and frames go both ways"


def daemon_killed(ctx):
    """In the middle of a drive, while the driver sends, too."""
    target = ctx.target
    sent = write_drive(ctx, SECONDS)
    start_capture(ctx, ctx.can)
    start_capture(ctx, "hw1")
    target.launch("player", ["canplayer", "-I", f"{RUN}/drive.log", "hw1=bus"])
    target.launch("requests", ["cangen", ctx.can, "-g", str(1000 * SECONDS // REQUESTS), "-p", "1000", "-I", "300", "-L", "2", "-D",
                               "i", "-n", str(REQUESTS)])
    require(wait_for(lambda: len(from_bus(ctx)) > len(sent) // 4, 60), "the drive does not get on")
    target.must(f"kill -KILL $(cat {RUN}/daemon.pid)")
    launch_daemon(ctx)
    target.wait_log("daemon", "was served before")
    target.wait_log("daemon", "hw0 is there")
    require(wait_for(lambda: not target.running("player") and not target.running("requests"), 60), "the drive has no end")
    target.must(f"cansend hw1 {LAST}")
    sent.append(LAST)
    wait_for(lambda: len(acknowledged_requests(ctx)) >= REQUESTS and from_bus(ctx)[-1:] == sent[-1:], 20)
    for name in (ctx.can, "hw1"):
        end_capture(ctx, name)
    require(index_of(ctx) == ctx.index, f"{ctx.can} is another one now")
    twice = all_acknowledged(ctx)
    missed = one_gap(sent, from_bus(ctx))
    return (f"all {REQUESTS} requests were acknowledged and are on the bus in order, {twice} of them twice; of {len(sent) - 1} frames of "
            f"the drive {missed} were missed while there was no daemon, the others arrived in order")


def pulled_out(ctx):
    """The hardware goes and returns, the driver's interface stays."""
    target = ctx.target
    target.must("ip link del hw0")
    target.wait_log("daemon", "hw0 has gone")
    dropped = counter(ctx, "tx_dropped")
    target.must(f"cansend {ctx.can} 300#00")
    require(wait_for(lambda: counter(ctx, "tx_dropped") > dropped, 20), "a frame without a bus is not answered as not sent")
    plug(ctx)
    require(wait_for(lambda: both_ways(ctx), 30), "no frames go both ways after its return")
    require(index_of(ctx) == ctx.index, f"{ctx.can} is another one now")
    return f"without it a frame is said to be not sent; it is back, frames go both ways, {ctx.can} has stayed"


def clean_end(ctx):
    target = ctx.target
    target.must(f"timeout 20 ip link set {ctx.can} down")
    device.end_programs(ctx)
    require(wait_for(lambda: not driver_interface(ctx), 30), f"{ctx.can} is still there after the adapter has ended")
    require(wait_for(lambda: target.shell("pidof vhost-user-can").status != 0, 30), "the daemon's helper still runs")
    target.must("ip link del hw0")
    device.unload(ctx, "virtio_can virtio_loopback")
    return f"adapter and daemon end on SIGTERM, {ctx.can} goes, the modules unload, the kernel log is clean"


def steps():
    """The scenario, in order."""
    return [
        Step("the modules", "virtio_loopback.ko and virtio_can.ko load", load_modules, essential=True),
        Step("the bus", "two ends, each hears the other", make_bus, essential=True),
        Step("the daemon", "vhost-user-can finds its interface", start_daemon, essential=True),
        Step("the adapter", "the virtio_can driver binds", start_adapter, essential=True),
        Step("the interface", "it comes up and is on the bus", set_up, essential=True),
        Step("a drive", "each frame arrives, once and in order", drive),
        Step("the signals", "what is read from them is what was sent", signals),
        Step("a request", "one from the driver's side arrives at the bus", request),
        Step("bus-off", "the driver knows, and comes back by a restart", bus_off),
        Step("the daemon is killed", "in the middle of a drive: what was acknowledged stays", daemon_killed),
        Step("pulled out", "the hardware goes and returns", pulled_out),
        Step("the end", "everything ends cleanly", clean_end),
    ]


def car(ctx):
    return ctx.target.program("demo/dummy/car")


def plug(ctx):
    """A pair of interfaces that is the bus; both take CAN FD."""
    ctx.target.must("ip link add hw0 type vxcan peer name hw1 && ip link set hw0 mtu 72 up && ip link set hw1 mtu 72 up")


def launch_daemon(ctx):
    return device.start_daemon(ctx, "vhost-user-can", SOCKET, "--interface=hw0")


def driver_interface(ctx):
    """The name of the interface that the driver made, or nothing."""
    return ctx.target.shell("cd /sys/devices/platform && ls -d virtio-loopback.*/virtio*/net/*").out.strip().rpartition("/")[2]


def index_of(ctx):
    return ctx.target.must(f"cat /sys/class/net/{ctx.can}/ifindex").strip()


def counter(ctx, name):
    return int(ctx.target.must(f"cat /sys/class/net/{ctx.can}/statistics/{name}"))


def has(ctx, words):
    """Does ip show this of the driver's interface?"""
    return words in ctx.target.must(f"ip -details link show {ctx.can}")


def write_drive(ctx, seconds):
    """The log to play; its frames."""
    ctx.target.must(f"{car(ctx)} drive {seconds} >{RUN}/drive.log")
    return frames(ctx.target.must(f"cat {RUN}/drive.log"))


def frames(log):
    """
    The frames of a candump log, which may still be written to and have a complaint of candump's in it; the digit behind ## are flags,
    for which virtio has no place.
    """
    found = []
    for frame in FRAME.findall(log):
        head, fd, tail = frame.partition("##")
        found.append(f"{head}{fd}{tail[1:]}" if fd else head)
    return found


def start_capture(ctx, interface):
    """candump, when it listens; its log has the name of the interface."""
    ctx.target.launch(interface, ["candump", "-L", "-r", "33554432", interface])
    require(wait_for(lambda: ctx.target.shell(f"grep -q ' {interface} ' /proc/net/can/rcvlist_all").status == 0, 20),
            f"candump does not listen to {interface}")


def end_capture(ctx, interface):
    require(ctx.target.end(interface), f"candump at {interface} does not end")


def captured(ctx, interface):
    """All frames on it since, those that were sent there too."""
    return frames(ctx.target.log(interface))


def is_request(frame):
    return frame.startswith("300#")


def from_bus(ctx):
    """What the driver's interface has received of the drive."""
    return [frame for frame in captured(ctx, ctx.can) if not is_request(frame)]


def acknowledged_requests(ctx):
    """The driver gives a frame back to who listens when it was on the bus."""
    return [frame for frame in captured(ctx, ctx.can) if is_request(frame)]


def first_difference(sent, arrived):
    """A sentence about the first place where they part, or nothing."""
    for number, (want, have) in enumerate(zip(sent, arrived), 1):
        if want != have:
            return f"frame {number} should be {want} and is {have}"
    return "" if len(sent) == len(arrived) else f"{len(sent)} frames were sent, {len(arrived)} arrived"


def all_acknowledged(ctx):
    """Requests that are known to have been on the bus were there, in order; how many came twice."""
    promised = acknowledged_requests(ctx)
    require(len(promised) == REQUESTS, f"{len(promised)} of {REQUESTS} requests were acknowledged")
    there = [frame for frame in captured(ctx, "hw1") if is_request(frame)]
    once = list(dict.fromkeys(there))
    difference = first_difference(promised, once)
    require(not difference, f"on the bus: {difference}")
    return len(there) - len(once)


def one_gap(sent, arrived):
    """How many frames are missing, which must be one piece of those that were sent."""
    missing = len(sent) - len(arrived)
    begin = next((number for number, (want, have) in enumerate(zip(sent, arrived)) if want != have), len(arrived))
    require(missing >= 0 and arrived[begin:] == sent[begin + missing:], f"frames are missing in more than one place, or out of order: "
            f"frame {begin + 1} should be {sent[begin:begin + 1]} and is {arrived[begin:begin + 1]}")
    require(arrived[-1:] == sent[-1:], "nothing arrived any more")
    return missing


def both_ways(ctx):
    """Does a frame go from one side to the other, and back?"""
    words = []
    for sender, receiver in ((ctx.can, "hw1"), ("hw1", ctx.can)):
        words.append(f"timeout 5 candump -L -n 1 {receiver},7A5:7FF >{RUN}/probe & for i in 1 2 3 4 5 6 7 8 9 10; do "
                     f"cansend {sender} 7A5#0{len(words)}; sleep 0.1; test -s {RUN}/probe && break; done; wait $!; "
                     f"grep -q '7A5#0{len(words)}' {RUN}/probe")
    return ctx.target.shell(" && ".join(f"( {each} )" for each in words)).status == 0


def parse_values(text):
    """(time, signal, value) of each line."""
    return [(float(when), name, float(value)) for when, name, value in map(str.split, text.splitlines())]


def picture(ctx, decoded):
    """Some signals over time, from what arrived."""
    began = decoded[0][0]
    of_signal = {}
    for when, name, value in decoded:
        of_signal.setdefault(name, []).append((when - began, value))
    panels = []
    for label, names, ticks in PANELS:
        lift = 0.7 if len(names) > 1 else 1     # several lamps stand above one another
        panels.append((label, [[(when, place + lift * value) for when, value in of_signal[name]] for place, name in enumerate(names)],
                       ticks))
    path = ctx.output / "drive.svg"
    plot.draw(path, panels, SECONDS)
    ctx.pictures.append((path, f"The drive, decoded from the frames that candump got from {ctx.can}"))
