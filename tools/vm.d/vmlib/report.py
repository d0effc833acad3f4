# SPDX-License-Identifier: MIT
"""What a guest kernel prints when something is wrong, found in the console log."""

import re

PATTERNS = re.compile("|".join([
    r"BUG:", r"kernel BUG at", r"Oops:", r"general protection fault", r"Kernel panic", r"double fault",
    r"WARNING: CPU:", r"WARNING: \S+ at \S+:\d+",
    r"WARNING: (possible|inconsistent|suspicious|bad|lock|Nested|held|IRQ)",
    r"INFO: (possible|inconsistent|suspicious|trying to register|task \S+ blocked|rcu_\S+ (self-)?detected)",
    r"rcu: INFO:", r"soft lockup", r"hard LOCKUP", r"workqueue lockup", r"KASAN:", r"UBSAN:", r"KCSAN:",
    r"DMA-API: .*(driver|device)", r"unreferenced object", r"refcount_t:", r"list_(add|del) corruption",
    r"blocked for more than \d+ seconds", r"Out of memory:",
]))
# Where the report of one event ends for a reader: enough for a stack, not the whole log
LINES = 60


def size(log):
    try:
        return log.stat().st_size
    except OSError:
        return 0


def event(lines, index):
    """The lines of the report that line index begins: up to the end of its trace, which not every kind has, or to the next report."""
    for end in range(index + 1, min(index + 2 * LINES, len(lines))):
        if "---[ end trace" in lines[end]:
            return lines[index:end + 1]
        if PATTERNS.search(lines[end]):
            return lines[index:end]
    return lines[index:index + LINES]


def find(log, start=0, known=()):
    """
    The excerpt from the first report after byte offset start, or None. Offsets come from size(). A report in which one of
    the regular expressions known is found, from its first line to its end, is passed over.
    """
    try:
        with open(log, "rb") as handle:
            handle.seek(start)
            lines = handle.read().decode(errors="replace").replace("\r", "").splitlines()
    except OSError:
        return None
    index = 0
    while index < len(lines):
        if PATTERNS.search(lines[index]):
            text = event(lines, index)
            if not any(re.search(one, "\n".join(text), re.S) for one in known):
                first = max(0, index - 2)
                return "\n".join(lines[first:first + LINES])
            index += len(text) - 1
        index += 1
    return None
