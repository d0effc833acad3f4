# SPDX-License-Identifier: MIT
"""A console port whose other end is a pseudo terminal, against a pseudo terminal alone."""

import latency
import report


def rates(runs):
    """MB/s of each run, and the one in the middle."""
    of_runs = [round(rate / 1e6, 2) for rate in runs]
    return {"median": report.middle(of_runs), "runs": of_runs}


def bench(args):
    """Measure in the machine, count here."""
    facts = report.start()
    samples = report.in_guest("console-guest.py", args.runs, args.count, args.seconds, timeout=600)
    trips = {way: latency.summary(runs) for way, runs in samples["round-trip"].items()}
    flows = {case: {way: rates(runs) for way, runs in samples[case].items()} for case in ("to-driver", "from-driver")}
    latency.plot("console", "64 bytes there and back", {"round-trip": samples["round-trip"]}, facts)
    return {
        **report.head("console", facts),
        "samples": {"round-trip": args.count},
        "cases": [{"name": "round-trip", "unit": "us", **trips},
                  *({"name": case, "unit": "MB/s", **ways} for case, ways in flows.items())],
        "ratio_to_pty": {"round_trip": latency.ratio(trips, "pty", "median"),
                         "round_trip_p99": latency.ratio(trips, "pty", "p99"),
                         **{case.replace("-", "_"): latency.ratio(ways, "pty", "median") for case, ways in flows.items()}},
    }


def show(result):
    """The figures for people."""
    for case in result["cases"]:
        for way in ("loopback", "pty"):
            runs = case[way]["runs"]
            print(f"{case['name']:12} {way:9} median {case[way]['median']:9} {case['unit']} (runs: {min(runs)} to {max(runs)})")
    print("ratio_to_pty: " + ", ".join(f"{key} {value}" for key, value in result["ratio_to_pty"].items()))
