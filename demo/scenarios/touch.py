# SPDX-License-Identifier: MIT
"""Fingers on a touch panel arrive in a Wayland client through hidraw, vhost-user and virtio."""

import re

from demolib import touch, touchpath
from demolib.steps import Step, require
from demolib.touchpath import CONTACTS, EVENT_BYTES, gesture, panel, wait_for

TITLE = "Touch, end to end"
INTRO = ("A ten finger touch panel (a uhid HTT70A) is served by vhost-user-input-hidraw. virtio-loopback turns it into a "
         "virtio device of this very machine, the stock virtio_input driver into an input device, and Weston gives its "
         "events to a client that paints where the fingers are. Every gesture is compared three times: reports that the "
         "panel sent, events that the driver delivered, events that the client received.")
DIAGRAM_TITLE = touchpath.DIAGRAM_TITLE
DIAGRAM = touchpath.DIAGRAM


def used_once(ctx):
    target = ctx.target
    target.launch("native", [target.program("demo/dummy/touchlog"), f"--device={ctx.native}", "--timeout=4000",
                             f"--output={target.RUN_DIR}/native.trace"])
    target.wait_log("native", "LISTENING")
    seen = gesture(ctx, "drag 0.2 0.5 0.8 0.5 200", client=False)
    wait_for(lambda: not target.running("native"), 30)
    require("no frame came" in target.log("native"),
            f"the native node {ctx.native} delivered the drag too")
    return f"{seen}; none of them on {ctx.native}"


def tap(ctx):
    return gesture(ctx, "tap 0.5 0.2", fingers=1)


def drag(ctx):
    return gesture(ctx, "drag 0.2 0.85 0.8 0.75 600", fingers=1)


def pinch(ctx):
    return gesture(ctx, "pinch 0.5 0.5 0.55 0.08 600", fingers=2)


def ten_fingers(ctx):
    return gesture(ctx, "ten 600", fingers=CONTACTS)


def full_rate(ctx):
    return gesture(ctx, "flood 1000 10", client=False)


def painted(ctx):
    after = ctx.output / "screen.png"
    seen = touchpath.check_picture(ctx, after)
    ctx.pictures.append((after, "weston-simple-touch after a tap, a drag, a pinch and ten fingers: each finger leaves a trace"))
    return seen


def nothing_lost(ctx):
    target = ctx.target
    result = target.shell(f"{target.program('demo/dummy/touchlog')} --compare {target.RUN_DIR}/sent.trace "
                          f"{target.RUN_DIR}/arrived.trace")
    require(result.status == 0, f"{result.words()} ({result.out.strip()})")
    return result.out.strip()


def replug(ctx):
    """Pulled out in the middle of a drag: the finger must not stay, and the panel must work again."""
    target = ctx.target
    panel(ctx, "down 3 0.3 0.3; wait 100; down 3 0.4 0.4; wait 200")
    require(wait_for(lambda: len(glass(ctx)) == 1, 30), "the finger that was put down did not arrive")
    panel(ctx, "replug 1500")
    require(wait_for(lambda: glass(ctx) == (), 30), "the finger is still on the glass after the panel has gone")
    touchpath.tap_arrives(ctx, 0.6, 0.6)
    return "the finger was lifted when the panel went, and a tap arrives again"


def glass(ctx):
    """The fingers that are down, as far as has arrived."""
    arrived = touch.parse_trace(ctx.target.must(f"cat {ctx.target.RUN_DIR}/arrived.trace"))
    return arrived[-1] if arrived else ()


def statistics(ctx):
    state = ctx.target.must("cat /sys/kernel/debug/virtio_loopback/*/state")
    (ctx.output / "module-state.txt").write_text(state, encoding="utf-8")
    queue = re.search(r"^queue 0: .*\bkicks (\d+) calls (\d+) interrupts (\d+) .*\bfrom-daemon (\d+)", state, re.MULTILINE)
    failures = re.search(r"^failures: mappings (\d+) bad-unmaps (\d+)", state, re.MULTILINE)
    require(queue and failures, "the module's state file has no line for the event queue")
    kicks, calls, interrupts, size = (int(number) for number in queue.groups())
    require(kicks and calls and interrupts and size, f"the module counted nothing: {queue[0]}")
    require(failures.groups() == ("0", "0"), f"the module could not map all buffers: {failures[0]}")
    return f"{kicks} kicks, {calls} calls, {interrupts} interrupts, {size // EVENT_BYTES} events through the pool"


def steps():
    """The scenario, in order."""
    return [
        *touchpath.device_steps(),
        Step("used once", "a drag arrives by virtio, the native node keeps silent", used_once),
        *touchpath.screen_steps(),
        Step("a tap", "one finger arrives where it was put down, and is lifted", tap),
        Step("a drag", "the whole way of the finger arrives", drag),
        Step("two fingers pinch", "both ways arrive, both fingers are lifted", pinch),
        Step("ten fingers", "all ten arrive in every frame, and are lifted", ten_fingers),
        Step("the picture", "pixels changed where fingers were, and nowhere else", painted),
        Step("full rate", "1000 frames of ten fingers, 125 a second, all arrive", full_rate),
        Step("nothing lost", "all that was ever sent has arrived, no finger is left", nothing_lost),
        Step("unplugged", "a panel that vanishes under a finger lifts it, and works again when it is back", replug),
        Step("statistics", "the module counted kicks and calls", statistics),
        *touchpath.end_steps(),
    ]
