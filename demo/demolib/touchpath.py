# SPDX-License-Identifier: MIT
"""From a dummy panel to a window: the steps and checks that all scenarios about touch share."""

import re
import time

from . import device, diagram, png, touch
from .device import last_line, wait_for
from .steps import CheckFailed, Step, require

SOCKET = "/run/virtio-loopback-demo/input.sock"
PANEL = "/run/virtio-loopback-demo/panel.sock"
RUNTIME = "/run/virtio-loopback-demo/wayland"
VENDOR, PRODUCT = "1b3d", "14c9"
UNITS = 16384        # values that an axis of the panel has
RESOLUTION = (106, 191)  # units per mm of a glass of 154.08 mm x 85.92 mm
CONTACTS = 10
PIXEL_TOLERANCE = 1.0
EVENT_BYTES = 8      # struct virtio_input_event
BRUSH = 3            # the client paints that far around a finger

BOXES = (
    ("fingers", "demo/dummy/htt70a, uhid", 20, 20),
    ("hid, /dev/hidrawN", "kernel", 20, 110),
    ("vhost-user-input-hidraw", "daemon", 20, 200),
    ("virtio_loopback.ko", "kernel: pool, rings", 330, 200),
    ("virtio_input", "stock driver, evdev", 330, 110),
    ("Weston, wl_touch", "libinput", 330, 20),
    ("weston-simple-touch", "paints", 640, 20),
    ("virtio-loopback-adapter", "control only", 175, 300),
)
DIAGRAM_TITLE = "The way of a touch"
DIAGRAM = diagram.draw(BOXES, 880, "From finger to client", more=("M550 48 H640",))


def load_module(ctx):
    return device.load_module(ctx, "virtio_input")


def plug_panel(ctx, *options):
    """Plug the dummy panel in, with options of htt70a."""
    target = ctx.target
    target.launch("panel", [*in_turn(ctx, 10), target.program("demo/dummy/htt70a"), f"--control={PANEL}",
                            f"--log={target.RUN_DIR}/sent.trace", *options])
    log = target.wait_log("panel", "READY")
    ctx.hidraw = log.split()[1]
    info = device_info(ctx, "htt70a")
    require(info["slots"] == str(CONTACTS), f"the kernel's own driver sees {info['slots']} contacts, not {CONTACTS}")
    ctx.native = info["node"]
    return f"{ctx.hidraw} is there, hid-multitouch made {ctx.native} with {CONTACTS} slots"


def start_daemon(ctx):
    return device.start_daemon(ctx, "vhost-user-input-hidraw", SOCKET, prefix=in_turn(ctx, 40))


def start_adapter(ctx):
    info = device.start_adapter(ctx, "input", SOCKET, lambda: device_info(ctx, "virtio"), "an input device")
    ctx.virtio = info["node"]
    ctx.info = info
    driver = ctx.target.must(f"basename $(readlink -f /sys/class/input/$(basename {ctx.virtio})/device/device/driver)").strip()
    require(driver == "virtio_input", f"{ctx.virtio} belongs to the driver {driver}")
    return f"virtio_input made {ctx.virtio}, '{info['name']}'"


def complete_device(ctx):
    info = ctx.info
    require(f"vendor {VENDOR} product {PRODUCT}" in info["id"], f"its ids are wrong: {info['id']}")
    require(info["uniq"], "it has no serial number")
    require("INPUT_PROP_DIRECT" in info["properties"], "it does not say that it is a screen (INPUT_PROP_DIRECT)")
    require("BTN_TOUCH" in info["keys"], "BTN_TOUCH is missing")
    require(info["slots"] == str(CONTACTS), f"it has {info['slots']} slots instead of {CONTACTS}")
    for axis, resolution in zip(("ABS_MT_POSITION_X", "ABS_MT_POSITION_Y"), RESOLUTION):
        want = f"min 0 max {UNITS - 1} fuzz 0 flat 0 resolution {resolution}"
        require(info["axes"].get(axis) == want, f"{axis} is '{info['axes'].get(axis)}', not '{want}'")
    require("ABS_MT_TRACKING_ID" in info["axes"], "ABS_MT_TRACKING_ID is missing")
    ctx.target.launch("touchlog", [*in_turn(ctx, 30), ctx.target.program("demo/dummy/touchlog"), f"--device={ctx.virtio}",
                                   "--timeout=600000", f"--output={ctx.target.RUN_DIR}/arrived.trace"])
    ctx.target.wait_log("touchlog", "LISTENING")
    return f"{CONTACTS} contacts, {RESOLUTION[0]} x {RESOLUTION[1]} units per mm, serial {info['uniq']}"


def start_weston(ctx):
    target = ctx.target
    target.must(f"mkdir -p {RUNTIME} && chmod 700 {RUNTIME}")
    target.launch("weston", [*in_turn(ctx, 20), "weston", "--tty=1", "--backend=drm-backend.so", "--use-pixman",
                             "--continue-without-input", "--shell=kiosk-shell.so", "--idle-time=0"], {"XDG_RUNTIME_DIR": RUNTIME})
    log = target.wait_log("weston", "/kiosk-shell.so'", 40)
    ctx.display = wait_for(lambda: target.shell(f"cd {RUNTIME} && ls | grep -v lock | head -n 1").out.strip(), 20)
    node = ctx.virtio.rpartition("/")[2]
    require(re.search(rf"{node} .*device is a touch device", log), f"Weston does not use {node} as a touch screen")
    match = re.search(r"(\d+)x(\d+)@[\d.]+, [^\n]*current", log)
    require(match, "Weston's log names no current video mode")
    ctx.screen = (int(match[1]), int(match[2]))
    return f"it drives a screen of {ctx.screen[0]} x {ctx.screen[1]} and takes {node} as a touch device"


def start_client(ctx):
    target = ctx.target
    target.launch("client", ["weston-simple-touch"],
                  {"XDG_RUNTIME_DIR": RUNTIME, "WAYLAND_DISPLAY": ctx.display, "WAYLAND_DEBUG": "client"})
    log = target.wait_log("client", "get_touch")
    wait_for(lambda: "attach(wl_buffer" in target.log("client"), 30)
    log = target.log("client")
    size = touch.window_size(log)
    require(size, "the client has made no window")
    # The kiosk shell puts a window that is smaller than the screen in its middle
    ctx.origin = tuple((screen - window) / 2 for screen, window in zip(ctx.screen, size))
    ctx.painted = []
    window = tuple(map(int, ctx.origin))
    ctx.before = still_picture(ctx, ctx.output / "before.png", lambda picture: picture.pixel(*window) != picture.pixel(0, 0))
    require((ctx.before.width, ctx.before.height) == ctx.screen,
            f"the picture has {ctx.before.width} x {ctx.before.height} pixels")
    require(ctx.before.pixel(*window) != ctx.before.pixel(0, 0), "the client's window is not on the screen")
    return f"a window of {size[0]} x {size[1]} in the middle of the screen"


def clean_end(ctx):
    device.end_programs(ctx)
    gone = wait_for(lambda: ctx.target.shell(f"test -e {ctx.virtio}").status != 0, 30)
    require(gone, f"{ctx.virtio} is still there after the adapter has ended")
    device.unload(ctx)
    return "adapter and daemon end on SIGTERM, the device goes, the module unloads, the kernel log is clean"


def device_steps(plug=plug_panel):
    """From nothing to a virtio device; plug is the step that plugs the panel in."""
    return [
        Step("the module", "virtio_loopback.ko loads", load_module, essential=True),
        Step("the panel", "a HID touch panel with ten contacts is plugged in", plug, essential=True),
        Step("the daemon", "vhost-user-input-hidraw finds the panel and listens", start_daemon, essential=True),
        Step("the adapter", "the stock virtio_input driver binds to the device", start_adapter, essential=True),
        Step("the device", "it is as complete as the panel's native one", complete_device, essential=True),
    ]


def screen_steps():
    """From the device to a window that paints."""
    return [
        Step("Weston", "it starts and takes the virtio device as a touch screen", start_weston, essential=True),
        Step("the client", "a window that paints touches is on the screen", start_client, essential=True),
    ]


def end_steps():
    """After all that a scenario shows."""
    return [Step("the end", "everything ends cleanly", clean_end)]


def in_turn(ctx, priority):
    """
    The words before a program on the way of a touch, where the target has them. A panel does not wait: the kernel keeps 63 reports for
    the daemon and some twenty frames of ten fingers for who reads events, then it drops them, and a processor of an emulated machine
    may stand still for longer. So all take turns on one of them, readers first; what they start (-R) is like any other program.
    """
    words = ["taskset", "-c", "0", "chrt", "-R", "-f", str(priority)]
    return words if ctx.target.execute([*words, "true"], 30).status == 0 else []


def gesture(ctx, command, fingers=None, client=True):
    """Make the panel do something and compare what was sent with what arrived; returns what was seen."""
    before = marks(ctx)
    panel(ctx, command)
    return compare(ctx, before, fingers, client)


def compare(ctx, before, fingers=None, client=True):
    """Compare all that the panel has reported since the marks with what arrived; returns what was seen."""
    target = ctx.target
    sent = touch.parse_trace(rest(ctx, "sent.trace", before))
    require(sent and sent[-1] == (), "the panel did not send a whole gesture")
    wait_for(lambda: len(touch.parse_trace(rest(ctx, "arrived.trace", before))) >= len(sent), 30)
    log = rest(ctx, "arrived.trace", before)
    arrived = touch.parse_trace(log)
    difference = touch.first_difference(sent, arrived)
    # Said apart, because it is not the device's fault: a reader that gets no processor time for half a second loses events
    slow = " (the kernel dropped events: this machine is too busy to read them in time)" if "dropped" in log else ""
    require(not difference, f"the events of {ctx.virtio} are not what was sent{slow}: {difference}")
    seen = f"{len(sent)} frames sent, {len(arrived)} arrived"
    if not client:
        return seen
    want = [touch.to_pixels(frame, UNITS, ctx.screen, ctx.origin) for frame in sent]
    wait_for(lambda: len(touch.parse_wayland(rest(ctx, "client.log", before))[0]) >= len(sent), 30)
    got, ids = touch.parse_wayland(rest(ctx, "client.log", before))
    difference = touch.first_difference(want, got, PIXEL_TOLERANCE)
    require(not difference, f"the client's events are not what was sent: {difference}")
    require(len(ids) == fingers, f"the client saw the ids {sorted(ids)} for {fingers} fingers")
    require(target.running("client"), "the client has ended")
    ctx.painted += [touch.to_pixels(frame, UNITS, ctx.screen, (0, 0)) for frame in sent]
    return f"{seen}, {len(got)} reached the client with {len(ids)} ids, none is left"


def still_picture(ctx, path, complete):
    """The first picture that is complete(picture) and like the one before it, or what there is after half a minute."""
    limit = time.monotonic() + 30
    last = None
    while True:
        ctx.target.screenshot(path)
        picture = png.load(path)
        still = last is not None and picture.rows == last.rows
        if (still and complete(picture)) or time.monotonic() > limit:
            return picture
        last = picture
        time.sleep(0.2)


def check_picture(ctx, path):
    """Take a picture: pixels have changed wherever compare() saw fingers, and nowhere else."""
    fingers = {(int(x), int(y)) for frame in ctx.painted for x, y in frame}

    def missed_in(changed):
        return [p for p in fingers if not any(near in changed for near in around(p, 1))]

    changed = ctx.before.differences(still_picture(ctx, path, lambda picture: not missed_in(ctx.before.differences(picture))))
    missed = missed_in(changed)
    reached = {near for p in fingers for near in around(p, BRUSH)}
    stray = [p for p in changed if p not in reached]
    require(fingers, "no gesture came through, so there is nothing to look for")
    require(not missed, f"{len(missed)} of {len(fingers)} places that were touched have not changed, such as {missed[:1]}")
    require(not stray, f"{len(stray)} pixels changed where no finger was, such as {stray[:1]}")
    return f"{len(changed)} pixels changed, at all {len(fingers)} places of fingers and nowhere else"


def tap_arrives(ctx, x, y):
    """Tap until a tap arrives: the daemon needs its moment to find a panel again, and a tap before that is rightly lost."""
    place = ((round(x * (UNITS - 1)), round(y * (UNITS - 1))),)
    for _ in range(20):
        before = marks(ctx)
        panel(ctx, f"tap {x} {y}")
        if wait_for(lambda: any(frame and touch.close(frame, place, 1) for frame in
                                touch.parse_trace(rest(ctx, "arrived.trace", before))), 1):
            return
    raise CheckFailed("after the panel came back no tap arrived")


def panel(ctx, command):
    """Tell the panel what to do, and wait until it is done."""
    target = ctx.target
    result = target.shell(f"{target.program('demo/dummy/htt70a')} --send={PANEL} '{command}'", 60)
    if result.status:
        log = "" if target.running("panel") else f"; the panel has ended: {last_line(target.log('panel'))}"
        raise CheckFailed(f"'{command}': {result.words()}{log}")
    return result.out


def device_info(ctx, phys):
    """What touchlog --info says about the touch screen at that physical path."""
    text = ctx.target.must(f"{ctx.target.program('demo/dummy/touchlog')} --phys {phys} --timeout 28000 --info", 45)
    info = {"properties": [], "keys": [], "axes": {}}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key == "abs":
            axis, _, rest_of_line = value.partition(" ")
            info["axes"][axis] = rest_of_line
        elif key == "property":
            info["properties"].append(value)
        elif key == "key":
            info["keys"].append(value)
        else:
            info[key] = value
    return info


def marks(ctx):
    """Where the logs of all three witnesses end now."""
    names = ("sent.trace", "arrived.trace", "client.log")
    sizes = ctx.target.must(f"cd {ctx.target.RUN_DIR} && for f in {' '.join(names)}; do stat -c %s $f 2>/dev/null || echo 0; done")
    return dict(zip(names, map(int, sizes.split())))


def rest(ctx, name, before):
    """What was appended to a log since its mark."""
    return ctx.target.shell(f"tail -c +{before[name] + 1} {ctx.target.RUN_DIR}/{name} 2>/dev/null").out


def around(point, distance):
    """All pixels within a square around one."""
    x, y = point
    return ((x + dx, y + dy) for dx in range(-distance, distance + 1) for dy in range(-distance, distance + 1))
