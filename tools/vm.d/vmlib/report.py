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


def find(log, start=0):
    """The excerpt from the first report after byte offset start, or None. Offsets come from size()."""
    try:
        with open(log, "rb") as handle:
            handle.seek(start)
            lines = handle.read().decode(errors="replace").replace("\r", "").splitlines()
    except OSError:
        return None
    for index, line in enumerate(lines):
        if PATTERNS.search(line):
            first = max(0, index - 2)
            return "\n".join(lines[first:first + LINES])
    return None
