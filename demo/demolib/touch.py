# SPDX-License-Identifier: MIT
"""Touch frames out of the panel's log, touchlog's output and a Wayland client's protocol log."""

import re

FRAME = re.compile(r"F \d+ (\d+)((?: \d+:\d+,\d+)*)$")
UNFELT = re.compile(r"U \d+ \d+((?: \d+:\d+,\d+:[a-z-]+)+)$")
CONTACT = re.compile(r"(\d+):(\d+),(\d+)")
WAYLAND = re.compile(r"\[\s*[\d.]+\] wl_touch[@#]\d+\.(\w+)\((.*)\)$")
WINDOW = re.compile(r"wl_shm_pool[@#]\d+\.create_buffer\(new id wl_buffer[@#]\d+, \d+, (\d+), (\d+),")


def distinct(frames):
    """Without frames that repeat the one before, and without empty glass at the start: such frames make no event."""
    last = ()
    kept = []
    for frame in frames:
        if frame != last:
            kept.append(frame)
        last = frame
    return kept


def parse_trace(text):
    """Frames of a trace as sorted tuples of (x, y); ids are each side's own business."""
    frames = []
    for line in text.splitlines():
        match = FRAME.match(line)
        if match:
            frames.append(tuple(sorted((int(x), int(y)) for _, x, y in CONTACT.findall(match[2]))))
    return distinct(frames)


def parse_unfelt(text):
    """What was on the glass and not reported, by the panel's log: frames as parse_trace()."""
    frames = []
    for line in text.splitlines():
        match = UNFELT.match(line)
        if match:
            frames.append(tuple(sorted((int(x), int(y)) for _, x, y in CONTACT.findall(match[1]))))
    return frames


def parse_wayland(text):
    """Frames of the wl_touch events that a client received, as parse_trace(), and the ids that were used."""
    frames, ids, points = [], set(), {}
    for line in text.splitlines():
        match = WAYLAND.match(line.strip())
        if not match:
            continue
        event, words = match[1], match[2].split(", ")
        if event == "down":
            points[words[3]] = (float(words[4]), float(words[5]))
            ids.add(words[3])
        elif event == "motion":
            points[words[1]] = (float(words[2]), float(words[3]))
        elif event == "up":
            points.pop(words[2], None)
            if not points:
                # Weston takes the focus away with the last finger, so no frame event follows
                frames.append(())
        elif event == "cancel":
            points.clear()
        elif event == "frame":
            frames.append(tuple(sorted(points.values())))
    return distinct(frames), ids


def window_size(text):
    """Size of the last buffer that the client made, or None."""
    found = WINDOW.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def to_pixels(frame, units, screen, origin):
    """Panel units to window pixels, as libinput spreads an axis over an output (units: number of values an axis has)."""
    return tuple(sorted((x * screen[0] / units - origin[0], y * screen[1] / units - origin[1]) for x, y in frame))


def close(frame, other, tolerance):
    """Whether each finger of one frame is near one of the other."""
    if len(frame) != len(other):
        return False
    rest = list(other)
    for x, y in frame:
        near = next((p for p in rest if abs(p[0] - x) <= tolerance and abs(p[1] - y) <= tolerance), None)
        if near is None:
            return False
        rest.remove(near)
    return True


def first_difference(sent, got, tolerance=0):
    """None when both sequences are the same, else a sentence about the first place where they part."""
    for index, (want, have) in enumerate(zip(sent, got)):
        if not close(want, have, tolerance):
            return f"frame {index + 1} should be {shown(want)} and is {shown(have)}"
    if len(sent) != len(got):
        return f"{len(sent)} different frames were sent, {len(got)} arrived"
    return None


def shown(frame):
    """A frame for people, with its first fingers only."""
    words = " ".join(f"({x:g}, {y:g})" for x, y in frame[:2]) or "no finger"
    return f"{words} and {len(frame) - 2} more" if len(frame) > 2 else words
