#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Watch for tasks that sleep where no ordinary signal wakes them (state D) until SIGTERM; then print the longest such sleeps
as "MILLISECONDS NAME WHERE", longest first. Resolution: the period below.
"""

import glob
import signal
import sys
import time

PERIOD = 0.2
SHOWN = 5


def blocked():
    """(pid, thread, start time): name and where it waits, of each task in state D now."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/task/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as handle:
                head, _, tail = handle.read().rpartition(")")
        except OSError:
            continue
        fields = tail.split()
        if fields[0] == "D":
            found[path, fields[19]] = head.partition("(")[2]
    return found


def where(path):
    try:
        with open(path.removesuffix("stat") + "stack", encoding="ascii", errors="replace") as handle:
            frames = [line.split()[1].partition("+")[0] for line in handle if " " in line]
    except OSError:
        return "?"
    return "<".join(frames[:6]) or "?"


def main():
    since, longest = {}, {}
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(True))
    print("WATCHING", flush=True)
    while not ended:
        now = time.monotonic()
        found = blocked()
        since = {key: since.get(key, now) for key in found}
        for key, began in since.items():
            if now - began > longest.get(key, (0,))[0]:
                longest[key] = (now - began, found[key], where(key[0]))
        time.sleep(PERIOD)
    for seconds, name, place in sorted(longest.values(), reverse=True)[:SHOWN]:
        print(f"{seconds * 1000:.0f} {name} {place}")


if __name__ == "__main__":
    sys.exit(main())
