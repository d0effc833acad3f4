# SPDX-License-Identifier: MIT
"""Values and interrupts of GPIO lines through virtio, against the chip itself."""

import latency
import report

show = latency.show


def bench(args):
    """Measure in the machine, count here."""
    facts = report.start()
    samples = latency.read_samples(report.in_guest("gpio-guest.py", args.runs, args.count, timeout=600))
    cases = {case: {way: latency.summary(runs) for way, runs in ways.items()} for case, ways in samples.items()}
    latency.plot("gpio", "GPIO", samples, facts)
    return {
        **report.head("gpio", facts),
        "samples": {case: len(next(iter(ways.values()))[0]) for case, ways in samples.items()},
        "cases": [{"name": case, "unit": "us", **ways} for case, ways in cases.items()],
        "ratio_to_native": {f"{case}_{key}": latency.ratio(ways, "native", key)
                            for case, ways in cases.items() for key in ("median", "p10", "p99")},
        "loopback_minus_native_us": {case: round(ways["loopback"]["median"] - ways["native"]["median"], 2)
                                     for case, ways in cases.items()},
    }
