# SPDX-License-Identifier: MIT
"""Kick and call against an eventfd ping-pong, touch against the panel's own node."""

import report


def read_samples(lines):
    """{case: {way: [[ns of run 0], [ns of run 1], ...]}}"""
    samples = {}
    for line in lines:
        case, way, run, value = line.split()
        runs = samples.setdefault(case, {}).setdefault(way, [])
        if int(run) == len(runs):
            runs.append([])
        runs[int(run)].append(int(value))
    return samples


def summary(runs):
    """Median over the runs of each run's percentiles, in microseconds, and the spread."""
    of_runs = {p: [round(report.percentile(run, p) / 1000, 2) for run in runs] for p in (10, 50, 99)}
    return {"median": report.middle(of_runs[50]), "p10": report.middle(of_runs[10]), "p99": report.middle(of_runs[99]),
            "runs": of_runs[50], "runs_p10": of_runs[10], "runs_p99": of_runs[99]}


def ratio(ways, base, key):
    """How many times the other way's figure loopback takes."""
    return round(ways["loopback"][key] / ways[base][key], 2)


def plot(name, title, samples, facts):
    """The distribution of all samples, as SVG."""
    curves = []
    blocks = []
    for case, ways in samples.items():
        for way, runs in ways.items():
            values = [value for run in runs for value in run]
            label = f"{case}-{way}".replace("-", "_")
            points = "".join(f"{report.percentile(values, p / 2) / 1000} {p / 2}\n" for p in range(200))
            blocks.append(f"${label} << END\n{points}END\n")
            curves.append(f'${label} using 1:2 with lines lw 2 title "{case}, {way}"')
    script = """
set logscale x
set xlabel 'microseconds'
set ylabel '% of samples that take at most so long'
set key bottom right
plot """ + ", ".join(curves)
    report.gnuplot(name, f"{title}: Linux {facts[0]} ({facts[1]})", script, "".join(blocks))


def bench(args):
    """Measure in the machine, count here."""
    facts = report.start()
    share = report.REPO / "build/vm" / report.MACHINE / "share"
    done = report.vm("exec", "--name", report.MACHINE, "--no-input", "--timeout", "600", "--", "sh",
                     "/repo/bench/latency-guest.sh", str(args.runs), str(args.count * 4), str(args.count),
                     "/share/latency.txt")
    if done.returncode:
        raise report.BenchError(f"the measurement failed in the test machine (status {done.returncode}), see above")
    samples = read_samples((share / "latency.txt").read_text(encoding="ascii").splitlines())
    cases = {case: {way: summary(runs) for way, runs in ways.items()} for case, ways in samples.items()}
    plot("latency", "Latency", samples, facts)
    return {
        **report.head("latency", facts),
        "samples": {case: len(next(iter(ways.values()))[0]) for case, ways in samples.items()},
        "cases": [{"name": case, "unit": "us", **ways} for case, ways in cases.items()],
        "ratio_to_floor": {"kick_call": ratio(cases["kick-call"], "floor", "median"),
                           "kick_call_p10": ratio(cases["kick-call"], "floor", "p10"),
                           "kick_call_p99": ratio(cases["kick-call"], "floor", "p99")},
        "ratio_to_native": {"touch_median": ratio(cases["touch"], "native", "median"),
                            "touch_p10": ratio(cases["touch"], "native", "p10"),
                            "touch_p99": ratio(cases["touch"], "native", "p99")},
    }


def show(result):
    """The figures for people."""
    for case in result["cases"]:
        for way, figures in case.items():
            if isinstance(figures, dict):
                spread = f"{min(figures['runs'])} to {max(figures['runs'])}"
                print(f"{case['name']:10} {way:9} median {figures['median']:9} us (runs: {spread})  "
                      f"p10 {figures['p10']:9} us  p99 {figures['p99']:9} us")
    for name, ratios in result.items():
        if name.startswith("ratio_"):
            print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in ratios.items()))
