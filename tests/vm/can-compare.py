#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what was acknowledged on one side with what arrived on the other: can-compare.py [--twice N] SENT ARRIVED

Both are candump -L logs. All that was sent has to be there, in its order. Frames that arrived twice are allowed at most N
times (default 0): a run of frames again that had arrived a moment before, as when a daemon takes over.
"""
import argparse
import sys

WINDOW = 256    # frames that can be on their way at a time, generously


def frames(path):
    """Identifier and data; the digit behind ## has no place in virtio."""
    with open(path, encoding="ascii") as log:
        for line in log:
            head, _, tail = line.split()[2].partition("##")
            yield head + "##" + tail[1:] if tail else head


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--twice", type=int, default=0)
    parser.add_argument("sent")
    parser.add_argument("arrived")
    args = parser.parse_args()

    arrived = frames(args.arrived)
    recent, twice, count = [], 0, 0
    for frame in frames(args.sent):
        for there in arrived:
            if there == frame:
                break
            # not the one that is due: one that has arrived already, or it is a fault
            if there not in recent:
                sys.exit(f"after {count} frames {there} came instead of {frame}")
            twice += 1
        else:
            sys.exit(f"{frame}, number {count + 1} of those that were acknowledged, did not arrive")
        count += 1
        recent = [*recent[-WINDOW:], frame]
    rest = sum(1 for _ in arrived)
    print(f"{count} frames in order, {twice} of them twice, {rest} more behind them")
    if not count or twice > args.twice:
        sys.exit(f"{twice} frames arrived twice, {args.twice} at most may")


main()
