# SPDX-License-Identifier: MIT
"""A finger in a glove arrives once the panel's sensitivity is extra; drops of water are the price of it."""

from demolib import touch, touchpath
from demolib.steps import Step, require
from demolib.touchpath import UNITS, compare, gesture, marks, panel, rest, wait_for

TITLE = "Touch sensitivity"
INTRO = ("Who wears gloves needs a more sensitive panel. A dummy HTT70A with three levels (normal, high, extra) is served as in "
         "the scenario touch; a finger in a glove draws a line and nothing happens. Then htt-sensitivity sets another level while "
         "the daemon holds the panel. The panel restarts and leaves its bus for a moment; the virtio device stays, no finger is left "
         "on the glass, and the same glove draws. Whatever arrives, or must not, is looked for in the panel's log, at the event "
         "device, in the client and in the picture.")
DIAGRAM_TITLE = touchpath.DIAGRAM_TITLE
DIAGRAM = touchpath.DIAGRAM

# The widest touch that each level is shown with; its place is nowhere else painted
GLOVE = "drag 0.2 0.7 0.8 0.45 600 two-gloves"
WATER = "tap 0.7 0.3 300 water; tap 0.35 0.35 300 water"
CORNER = (0.03, 0.03)  # outside of the client's window
REBOOT_MS = 700


def plug_panel(ctx):
    seen = touchpath.plug_panel(ctx, "--driver=mxt", f"--reboot-ms={REBOOT_MS}")
    level = tool(ctx, "get")
    require(level == "normal", f"the panel's sensitivity is {level} at first")
    return f"{seen}; its sensitivity is {level}"


def glove_at_normal(ctx):
    return nothing_arrives(ctx, GLOVE, "tap 0.5 0.2")


def picture_at_normal(ctx):
    ctx.normal = ctx.output / "normal.png"
    return touchpath.check_picture(ctx, ctx.normal)


def set_extra(ctx):
    """With a finger on the glass: it must not stay when the panel restarts."""
    before = marks(ctx)
    panel(ctx, "down 3 0.3 0.15")
    require(wait_for(lambda: touch.parse_trace(rest(ctx, "arrived.trace", before)), 30), "the finger did not arrive")
    said = restart(ctx, "extra")
    compare(ctx, before, fingers=1)
    panel(ctx, "lift")
    touchpath.tap_arrives(ctx, *CORNER)
    return f"'{said}'; {ctx.virtio} stayed, the finger was lifted, touches arrive again"


def glove_at_extra(ctx):
    return gesture(ctx, GLOVE, fingers=1)


def picture_at_extra(ctx):
    extra = ctx.output / "extra.png"
    seen = touchpath.check_picture(ctx, extra)
    ctx.pictures.append([(ctx.normal, "normal: two gloves drew a line and nothing arrived; the dot is a bare finger's"),
                         (extra, "extra: the same line")])
    return seen


def water_at_extra(ctx):
    return gesture(ctx, WATER, fingers=1)


def set_high_from_the_guest(ctx):
    """Through the virtio device alone, as where there is no hidraw."""
    require(ctx.info["axes"].get("ABS_MISC", "").startswith("min 0 max 2 "),
            f"{ctx.virtio} does not offer the panel's three levels")
    seen = change_level(ctx, "high", "--path", ctx.virtio)
    level = tool(ctx, "--path", ctx.virtio, "get")
    require(level == "high", f"{ctx.virtio} says that the level is {level}")
    return seen


def glove_at_high(ctx):
    return gesture(ctx, "drag 0.2 0.85 0.8 0.85 glove", fingers=1)


def water_at_high(ctx):
    return nothing_arrives(ctx, WATER, "tap 0.5 0.55 glove")


def set_normal(ctx):
    return change_level(ctx, "normal")


def steps():
    """The scenario, in order."""
    return [
        *touchpath.device_steps(plug_panel),
        *touchpath.screen_steps(),
        Step("gloves at normal", "the panel does not feel them, so nothing arrives anywhere", glove_at_normal),
        Step("the picture at normal", "only the bare finger has left a trace", picture_at_normal),
        Step("set to extra", "the panel restarts under a finger, the virtio device stays", set_extra, essential=True),
        Step("gloves at extra", "the same way of the finger arrives, and it is lifted", glove_at_extra),
        Step("the picture at extra", "the line is painted, and nothing else", picture_at_extra),
        Step("water at extra", "drops are touches too: nobody leaves it there", water_at_extra),
        Step("set to high", "asked for through the virtio device, as in a guest", set_high_from_the_guest, essential=True),
        Step("a glove at high", "one glove is felt", glove_at_high),
        Step("water at high", "drops are not", water_at_high),
        Step("set to normal", "the panel restarts, the virtio device stays", set_normal, essential=True),
        Step("gloves at normal again", "they are not felt any more", glove_at_normal),
        *touchpath.end_steps(),
    ]


def tool(ctx, *words):
    """What htt-sensitivity prints; it must succeed."""
    result = ctx.target.execute([ctx.target.program("vhost-user-input-hidraw/htt-sensitivity"), *words], 60)
    require(result.status == 0, f"htt-sensitivity {' '.join(words)} ended with status {result.status}: {result.words()}")
    return result.out.strip()


def nothing_arrives(ctx, command, fence):
    """The command's touches are unfelt: from before it until after the fence, only the fence has arrived."""
    before = marks(ctx)
    panel(ctx, command)
    log = rest(ctx, "sent.trace", before)
    unfelt = touch.parse_unfelt(log)
    require(unfelt and not touch.parse_trace(log), "the panel has reported it")
    panel(ctx, fence)
    seen = compare(ctx, before, fingers=1)
    return f"{len(unfelt)} frames on the glass, not one reported; of a touch that is felt {seen}"


def identity(ctx):
    """The panel and the virtio device as the kernel numbers them: a device that was made anew has another number."""
    script = ("for d in /sys/class/hidraw/*/device; do grep -q '^HID_PHYS=htt70a' $d/uevent && readlink -f $d; done; "
              f"readlink -f /sys/class/input/{ctx.virtio.rpartition('/')[2]}/device")
    lines = ctx.target.shell(script).out.splitlines()
    require(len(lines) == 2, f"the panel or {ctx.virtio} has gone; there is only: {', '.join(lines) or 'nothing'}")
    return lines


def restart(ctx, level, *where):
    """Set the level by the tool, as anybody would; returns what it said."""
    hid, virtio = identity(ctx)
    said = tool(ctx, *where, "set", level)
    new_hid, new_virtio = identity(ctx)
    require(new_hid != hid, "the panel has not restarted")
    require(new_virtio == virtio, "the virtio device has gone and come back")
    now = tool(ctx, "get")
    require(now == level, f"the panel's sensitivity is {now} afterwards")
    require(ctx.target.running("touchlog"), "the event device was closed under its reader")
    return said


def change_level(ctx, level, *where):
    """Set the level; afterwards touches have to arrive again."""
    said = restart(ctx, level, *where)
    touchpath.tap_arrives(ctx, *CORNER)
    return f"'{said}'; {ctx.virtio} stayed, touches arrive again"
