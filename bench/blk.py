# SPDX-License-Identifier: MIT
"""The same disk by loopback, VDUSE and NBD: what blk-guest.py measured, as a result."""

import report

# The figure that counts in a case, and its unit
METRICS = (("qd1", "p50_us", "us"), ("4k", "iops", "1/s"), ("", "mb_s", "MB/s"))
BASE = "vduse"


def metric(case):
    """Latency where one request is under way, requests a second for small ones, bytes a second for large ones."""
    return next((key, unit) for part, key, unit in METRICS if part in case)


def per_io(runs, key):
    """Context switches of a process for each request: median of the runs."""
    return report.middle([sum(run[key]) / max(run["ios"], 1) for run in runs], 4)


def summary(runs, key):
    """One way's figures in one case."""
    result = {"median": report.middle([run[key] for run in runs]),
              "p50_us": report.middle([run["p50_us"] for run in runs]),
              "p99": report.middle([run["p99_us"] for run in runs]),
              "runs": [round(run[key], 2) for run in runs],
              "iops": report.middle([run["iops"] for run in runs], 1),
              "cpu_us_per_io": report.middle([run["cpu_us_per_io"] for run in runs], 1),
              "switches_per_io": report.middle([run["switches_per_io"] for run in runs], 3)}
    for process in ("daemon", "adapter"):
        if f"{process}_switches" in runs[0]:
            result[f"{process}_switches_per_io"] = per_io(runs, f"{process}_switches")
    return result


def ratios(cases):
    """Loopback's median to VDUSE's in each case, and between which bounds the runs' own ratios lie."""
    result, spread = {}, {}
    for case in cases:
        ours, base = case.get("loopback"), case.get(BASE)
        if ours and base:
            result[case["name"]] = round(ours["median"] / base["median"], 2)
            turns = [mine / theirs for mine, theirs in zip(ours["runs"], base["runs"])]
            spread[case["name"]] = [round(min(turns), 2), round(max(turns), 2)]
    return result, spread


def named(by_case):
    """The three ratios that the project is held to; the worse direction for the throughput."""
    both = [by_case[name] for name in ("read-1m-qd4", "write-1m-qd4") if name in by_case]
    goals = {"latency_qd1": by_case.get("randread-4k-qd1"), "iops_qd32": by_case.get("randread-4k-qd32"),
             "throughput_1m": min(both) if both else None}
    return {name: value for name, value in goals.items() if value is not None}


def plot(cases, facts):
    """How good each way is, VDUSE being 1, for each case with its spread."""
    ways = [way for way in ("loopback", "vduse", "nbd") if any(way in case for case in cases)]
    data = ""
    for index, way in enumerate(ways):
        lines = []
        for place, case in enumerate(cases):
            if way in case and BASE in case:
                base = case[BASE]["median"]
                good = [base / value if case["unit"] == "us" else value / base
                        for value in (case[way]["median"], *case[way]["runs"])]
                lines.append(f'{place + (index - 1) * 0.27} {good[0]} {min(good)} {max(good)}')
        data += f"${way} << END\n" + "\n".join(lines) + "\nEND\n"
    labels = ", ".join(f'"{case["name"]}" {place}' for place, case in enumerate(cases))
    script = f"""
set style fill solid 0.6
set boxwidth 0.25
set bars 0.4
set xtics rotate by -40 ({labels})
set xrange [-0.6:{len(cases) - 0.4}]
set yrange [0:*]
set ylabel 'VDUSE = 1, more is better (qd1: latency, 4k: requests/s, else bytes/s)'
set key top left
plot """ + ", ".join(f'${way} using 1:2:3:4:(0.25) with boxerrorbars title "{way}"' for way in ways)
    report.gnuplot("blk", f"Block device, the same back-end: Linux {facts[0]} ({facts[1]})", script, data)


def bench(args):
    """Measure in the machine, count here."""
    facts = report.start_without_strings()
    found = report.in_guest("blk-guest.py", "--runs", args.runs, "--seconds", args.seconds, timeout=3000)
    cases = []
    for back_end, part in found.items():
        for case, ways in part["runs"].items():
            key, unit = metric(case)
            name = case if back_end == "null" else f"{back_end}-{case}"
            cases.append({"name": name, "unit": unit, **{way: summary(runs, key) for way, runs in ways.items()}})
    by_case, spread = ratios(cases)
    plot(cases, facts)
    return {**report.head("blk", facts), "runs": args.runs, "seconds": args.seconds,
            "ratio_to_vduse": named(by_case), "case_ratio_to_vduse": by_case, "ratio_spread": spread,
            "adapter": found["null"]["adapter"], "settings": found["null"]["settings"], "cases": cases,
            "all_runs": {back_end: part["runs"] for back_end, part in found.items()}}


def show(result):
    """The figures for people."""
    for case in result["cases"]:
        for way in ("loopback", "vduse", "nbd"):
            figures = case.get(way)
            if figures:
                print(f"{case['name']:23} {way:9} {figures['median']:9} {case['unit']:4} "
                      f"({min(figures['runs'])} to {max(figures['runs'])})  p50 {figures['p50_us']:9} p99 {figures['p99']:9} us  "
                      f"CPU {figures['cpu_us_per_io']:7} us/IO  switches {figures['switches_per_io']:6}/IO")
    for name, value in result["case_ratio_to_vduse"].items():
        print(f"loopback/vduse {name:23} {value:5}  (turns: {result['ratio_spread'][name]})")
    print("ratio_to_vduse: " + ", ".join(f"{key} {value}" for key, value in result["ratio_to_vduse"].items()))
    adapter = result["adapter"]
    print(f"adapter, during {adapter['ios']} requests: {adapter['voluntary_ctxt_switches']} wake-ups, "
          f"{adapter['system_calls']} system calls")
