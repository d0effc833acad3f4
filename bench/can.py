# SPDX-License-Identifier: MIT
"""CAN frames through virtio-loopback, against a virtual bus alone; what a full bus of two kinds costs."""

import json
import random

import latency
import report

ARBITRATION = 1_000_000     # bit/s, also of the whole classic bus
DATA = 5_000_000            # bit/s of an FD frame's data
FRAMES = 200                # whose lengths are averaged
WAYS = ("loopback", "vxcan")
SIZES = {8: "classic, 8 bytes, 1 Mbit/s", 64: "FD, 64 bytes, 1 and 5 Mbit/s"}


# --- how many frames there are on a full bus (ISO 11898-1, base format)

def bits_of(value, count):
    """From the highest on."""
    return [value >> (count - 1 - i) & 1 for i in range(count)]


def crc15(bits):
    """Of a classic frame."""
    crc = 0
    for bit in bits:
        crc = (crc << 1 & 0x7fff) ^ (0x4599 if bit ^ crc >> 14 else 0)
    return crc


def stuffed_after(bits):
    """Behind which bits another one is inserted: each run of five, in which inserted ones count."""
    places, run, last = [], 0, None
    for place, bit in enumerate(bits):
        run = run + 1 if bit == last else 1
        last = bit
        if run == 5:
            places.append(place)
            run, last = 1, 1 - bit
    return places


def classic_seconds(ident, data):
    """On the bus, with the space behind it."""
    # start, identifier, RTR, IDE, reserved, length
    bits = [0, *bits_of(ident, 11), 0, 0, 0, *bits_of(len(data), 4), *(bit for byte in data for bit in bits_of(byte, 8))]
    bits += bits_of(crc15(bits), 15)
    # delimiter, acknowledge and its delimiter, end of frame, intermission
    return (len(bits) + len(stuffed_after(bits)) + 1 + 2 + 7 + 3) / ARBITRATION


def fd_seconds(ident, data):
    """64 bytes with the rate switched; the bits in which it switches count as slow ones."""
    # start, identifier, RRS, IDE, FDF, reserved, BRS; then ESI, length code 15
    slow = [0, *bits_of(ident, 11), 0, 0, 1, 0, 1]
    bits = [*slow, 0, *bits_of(15, 4), *(bit for byte in data for bit in bits_of(byte, 8))]
    stuffed = stuffed_after(bits)
    slow_bits = len(slow) + sum(place < len(slow) for place in stuffed) + 1 + 2 + 7 + 3
    # count of stuff bits and its parity, CRC of 21 bits, and the stuff bits of these two, whose number is fixed
    fast_bits = len(bits) - len(slow) + sum(place >= len(slow) for place in stuffed) + 4 + 21 + 7
    return slow_bits / ARBITRATION + fast_bits / DATA


def full_bus():
    """{bytes: frames a second}, of random data."""
    rng = random.Random(1)
    lengths = {8: classic_seconds, 64: fd_seconds}
    return {size: round(FRAMES / sum(seconds(0x123, rng.randbytes(size)) for _ in range(FRAMES))) for size, seconds in lengths.items()}


# --- what was measured

def flow_case(name, ways):
    """Frames a second by each way."""
    return {"name": name, "unit": "frames/s", **{way: {"median": report.middle(runs, 0), "runs": [round(rate) for rate in runs]}
                                                 for way, runs in ways.items()}}


def load_case(name, rate, ways):
    """What of the rate was reached, and the processors' share."""
    figures = {way: {"arrived_s": report.middle([run["arrived_s"] for run in runs], 0),
                     "sent_s": report.middle([run["sent_s"] for run in runs], 0),
                     "lost": sum(run["lost"] for run in runs),
                     "median": report.middle([100 * run["busy"] for run in runs], 1),
                     "runs": [round(100 * run["busy"], 1) for run in runs]} for way, runs in ways.items()}
    return {"name": name, "unit": "% CPU", "rate": rate, **figures,
            "reached": round(min(1, figures["loopback"]["arrived_s"] / rate), 3)}


def bars(title, label, cases):
    """One half of the picture: medians by each way, and between which bounds the runs lie."""
    blocks, curves = "", []
    for index, way in enumerate(WAYS):
        name = f"{cases[0]['name'].partition('-')[0]}_{way}"
        blocks += f"${name} << END\n" + "".join(
            f"{place + index * 0.36 - 0.18} {case[way]['median']} {min(case[way]['runs'])} {max(case[way]['runs'])}\n"
            for place, case in enumerate(cases)) + "END\n"
        curves.append(f'${name} using 1:2:3:4:(0.34) with boxerrorbars title "{way}"')
    labels = ", ".join(f'"{case["name"].partition("-")[2]}" {place}' for place, case in enumerate(cases))
    return blocks, f"set title '{title}'\nset ylabel '{label}'\nset xtics rotate by -20 ({labels})\nplot {', '.join(curves)}\n"


def plot(cases, facts):
    """What goes through, and what a full bus costs."""
    halves = [bars(title, label, [case for case in cases if case["name"].startswith(kind)]) for kind, title, label in (
        ("flow", "as many frames as go through", "frames/s"), ("load", "a full bus", "% of all processors"))]
    script = f"""
set multiplot layout 1,2 title 'CAN, bytes in a frame and direction: Linux {facts[0]} ({facts[1]})'
set style fill solid 0.6
set xrange [-0.6:3.6]
set yrange [0:*]
set offsets 0, 0, graph 0.15, 0
set key top left horizontal
{halves[0][1]}
{halves[1][1]}
unset multiplot"""
    report.gnuplot("can", "", script, halves[0][0] + halves[1][0])


def bench(args):
    """Measure in the machine, count here."""
    rates = full_bus()
    facts = report.start()
    samples = report.in_guest("can-guest.py", args.runs, args.count, args.seconds, json.dumps(rates), timeout=600)
    trips = {way: latency.summary(runs) for way, runs in samples["round-trip"].items()}
    flows = [flow_case(name, ways) for name, ways in samples.items() if name.startswith("flow")]
    loads = [load_case(name, rates[int(name.split("-")[1])], ways) for name, ways in samples.items() if name.startswith("load")]
    cases = [{"name": "round-trip", "unit": "us", **trips}, *flows, *loads]
    plot(cases, facts)
    return {
        **report.head("can", facts),
        "samples": {"round-trip": args.count},
        "full_bus_frames_s": {text: rates[size] for size, text in SIZES.items()},
        "cases": cases,
        "ratio_to_vxcan": {"round_trip": latency.ratio(trips, "vxcan", "median"),
                           "round_trip_p99": latency.ratio(trips, "vxcan", "p99"),
                           **{case["name"]: latency.ratio(case, "vxcan", "median") for case in flows}},
        "full_bus_reached": {case["name"]: case["reached"] for case in loads},
        "full_bus_cpu_percent": {case["name"]: {way: case[way]["median"] for way in WAYS} for case in loads},
    }


def show(result):
    """The figures for people."""
    for case in result["cases"]:
        for way in WAYS:
            figures = case[way]
            more = f"  at {figures['arrived_s']:.0f} of {case['rate']} frames/s, {figures['lost']} lost" if "rate" in case else ""
            print(f"{case['name']:20} {way:9} median {figures['median']:9} {case['unit']:8} "
                  f"(runs: {min(figures['runs'])} to {max(figures['runs'])}){more}")
    print("ratio_to_vxcan: " + ", ".join(f"{key} {value}" for key, value in result["ratio_to_vxcan"].items()))
    print("full bus reached: " + ", ".join(f"{key} {100 * value:.0f} %" for key, value in result["full_bus_reached"].items()))
