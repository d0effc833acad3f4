# SPDX-License-Identifier: MIT
"""Signals over time, one strip above the other, as SVG by gnuplot."""

import subprocess

from .steps import DemoError

WIDTH, STRIP, EDGE = 900, 130, 50


def block(name, points):
    """A here-document of gnuplot's."""
    return f"${name} << END\n" + "".join(f"{x:g} {y:g}\n" for x, y in points) + "END\n"


def strip(index, count, panel):
    """The commands that draw one of them; @panel as for draw()."""
    label, curves, ticks = panel
    height = count * STRIP + EDGE
    top, bottom = 1 - (index * STRIP + 10) / height, 1 - ((index + 1) * STRIP - 10) / height
    last = index == count - 1
    style = "steps" if ticks else "lines"
    return "\n".join((
        f"set tmargin at screen {top:.4f}", f"set bmargin at screen {bottom:.4f}", f"set ylabel '{label}'",
        f"set ytics ({ticks})" if ticks else "set ytics autofreq",
        f"set xtics format '{'%g' if last else ''}'", f"set xlabel '{'seconds' if last else ''}'",
        "plot " + ", ".join(f"$p{index}_{number} with {style} lw 2 lc {number + 1}" for number in range(len(curves)))))


def draw(path, panels, seconds, terminal="svg dynamic background rgb 'white'"):
    """
    panels: (label, [[(second, value), ...], ...], ticks) from top to bottom. With ticks, which is gnuplot's text for the vertical
    axis, a value holds until the next one; without, they are joined by lines.
    """
    data = "".join(block(f"p{index}_{number}", points)
                   for index, (_, curves, _) in enumerate(panels) for number, points in enumerate(curves))
    script = f"""{data}
set terminal {terminal} size {WIDTH},{len(panels) * STRIP + EDGE}
set output '{path}'
set multiplot
set lmargin at screen 0.1
set rmargin at screen 0.98
set offsets 0, 0, graph 0.1, 0
set nokey
set grid
set xrange [0:{seconds}]
set yrange [0:*]
"""
    script += "\n".join(strip(index, len(panels), panel) for index, panel in enumerate(panels))
    try:
        done = subprocess.run(["gnuplot"], input=script + "\nunset multiplot\n", text=True, capture_output=True, check=False)
    except FileNotFoundError:
        raise DemoError("there is no gnuplot: 'tools/setup demo' installs what a demo needs") from None
    if done.returncode:
        raise DemoError(f"gnuplot does not draw {path}: {done.stderr.strip()}")
