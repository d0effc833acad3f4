# SPDX-License-Identifier: MIT
"""What many devices, and many queues, cost: scale-guest.py's figures as a result."""

import report


def growth(cases, key):
    """How many times the smallest number's figure the largest number's is."""
    return round(cases[-1][key] / cases[0][key], 2)


def device_case(found):
    """Time and memory of so many entropy sources."""
    each = [1000 * seconds / found["devices"] for seconds in found["seconds"]]
    return {"name": f"{found['devices']}-devices", "unit": "ms to a bound driver, each",
            "loopback": {"median": report.middle(each), "runs": [round(value, 2) for value in each]},
            "kib_each": {name: round(value, 1) for name, value in found["kib_each"].items()}}


def sum_case(found, what):
    """Requests a second of all together."""
    sums = [run["iops"] for run in found["runs"]]
    return {"name": f"{found[what]}-{what}-randread-4k", "unit": "1/s in sum", "jobs": found["jobs"],
            "queues_used": found["queues_used"],
            "loopback": {"median": report.middle(sums, 1), "runs": [round(value, 1) for value in sums],
                         "cpu_us_per_io": report.middle([run["cpu_us_per_io"] for run in found["runs"]], 1)}}


def plot(result, facts):
    """Three small plots."""
    def block(label, rows):
        return f"${label} << END\n" + "".join(f"{' '.join(map(str, row))}\n" for row in rows) + "END\n"

    def rows(cases):
        return [(case["name"].split("-")[0], case["loopback"]["median"], min(case["loopback"]["runs"]),
                 max(case["loopback"]["runs"])) for case in cases]

    data = "".join(block(label, rows(result[kind])) for label, kind in
                   (("time", "devices"), ("sum", "sums"), ("queues", "queues")))
    report.gnuplot("scale", f"Many devices, many queues: Linux {facts[0]} ({facts[1]})", """
set multiplot layout 1,3
set logscale x 2
set yrange [0:*]
unset key
set xlabel 'devices'
set title 'milliseconds to a bound driver, each'
plot $time using 1:2:3:4 with yerrorbars, $time using 1:2 with lines
set title 'requests/s in sum'
plot $sum using 1:2:3:4 with yerrorbars, $sum using 1:2 with lines
set title 'requests/s of one device'
set xlabel 'queues offered'
plot $queues using 1:2:3:4 with yerrorbars, $queues using 1:2 with lines
unset multiplot""", data)


def bench(args):
    """Measure in the machine, count here."""
    facts = report.start_without_strings()
    found = report.in_guest("scale-guest.py", "--runs", args.runs, "--seconds", args.seconds, timeout=3000)
    result = {"devices": [device_case(part) for part in found["devices"]],
              "sums": [sum_case(part, "devices") for part in found["sums"]],
              "queues": [sum_case(part, "queues") for part in found["queues"]]}
    plot(result, facts)
    medians = {kind: [case["loopback"] for case in cases] for kind, cases in result.items()}
    return {**report.head("scale", facts), "runs": args.runs, "seconds": args.seconds,
            "ratio_most_to_one": {"time_each": growth(medians["devices"], "median"),
                                  "iops": growth(medians["sums"], "median"),
                                  "cpu_us_per_io": growth(medians["sums"], "cpu_us_per_io"),
                                  "iops_queues": growth(medians["queues"], "median")},
            "cases": [case for cases in result.values() for case in cases], "all_runs": found}


def show(result):
    """The figures for people."""
    for case in result["cases"]:
        figures = case["loopback"]
        spread = f"{min(figures['runs'])} to {max(figures['runs'])}"
        print(f"{case['name']:26} {figures['median']:9} {case['unit']} ({spread})"
              + (f"  CPU {figures['cpu_us_per_io']} us/IO" if "cpu_us_per_io" in figures else ""))
        if "kib_each" in case:
            print("    KiB each: " + ", ".join(f"{name} {value}" for name, value in case["kib_each"].items()))
    ratios = result["ratio_most_to_one"]
    print("largest to smallest number: " + ", ".join(f"{key} {value}" for key, value in ratios.items()))
