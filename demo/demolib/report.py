# SPDX-License-Identifier: MIT
"""The report of a run: one HTML file with everything in it, to be mailed or published as it is."""

import base64
import datetime
import html

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ --ink: #1d2733; --soft: #5c6b7a; --line: #dde4ea; --ok: #1a7f4b; --bad: #b3261e; --card: #fff; --page: #f3f6f8; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e7edf3; --soft: #9fb0c0; --line: #33404d; --ok: #5fd39a; --bad: #ff8a80; --card: #1b242d; --page: #11181f; }}
}}
body {{ margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }}
main {{ max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }}
h1 {{ margin: 0 0 .3rem; font-size: 1.7rem; }}
h2 {{ margin: 2.2rem 0 .6rem; font-size: 1.15rem; }}
.lead {{ color: var(--soft); max-width: 46rem; }}
.verdict {{ display: inline-block; margin: 1rem 0 0; padding: .3rem .9rem; border-radius: 2rem; color: #fff; font-weight: 600; }}
.verdict.ok {{ background: #1a7f4b; }} .verdict.bad {{ background: #b3261e; }}
.facts {{ color: var(--soft); margin: .6rem 0 0; }}
.card {{ background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1rem; overflow-x: auto; }}
figure {{ margin: 0; }} figure + figure {{ margin-top: 1rem; }}
figure img {{ display: block; width: 100%; height: auto; border-radius: .4rem; }}
.row {{ display: flex; flex-wrap: wrap; gap: 1rem; }} .row figure {{ flex: 1 1 20rem; margin: 0; }}
figcaption {{ color: var(--soft); font-size: .9rem; margin-top: .5rem; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; vertical-align: top; padding: .55rem .6rem; border-bottom: 1px solid var(--line); }}
tr:last-child td {{ border-bottom: 0; }}
th {{ color: var(--soft); font-weight: 500; font-size: .9rem; }}
td.state {{ font-weight: 700; white-space: nowrap; }} td.state.ok {{ color: var(--ok); }} td.state.bad {{ color: var(--bad); }}
td.time {{ color: var(--soft); white-space: nowrap; text-align: right; }}
td b {{ display: block; }} td .claim {{ color: var(--soft); font-size: .9rem; }}
svg text {{ font: 14px system-ui, sans-serif; fill: var(--ink); }} svg .soft {{ fill: var(--soft); font-size: 12px; }}
</style>
</head>
<body><main>
<h1>{title}</h1>
<p class="lead">{intro}</p>
<p class="verdict {state}">{verdict}</p>
<p class="facts">{facts}</p>
{sections}
</main></body>
</html>
"""

TABLE_HEAD = "<tr><th></th><th>Step and what it claims</th><th>What was seen</th><th></th></tr>"


def picture(path, caption):
    """A figure with the PNG or SVG in it."""
    data = base64.b64encode(path.read_bytes()).decode()
    kind = {".png": "png", ".svg": "svg+xml"}[path.suffix]
    return (f'<figure><img alt="{html.escape(caption)}" src="data:image/{kind};base64,{data}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>")


def side_by_side(pairs):
    """Pictures to compare, in one row where the window is wide enough."""
    return f'<div class="row">{"".join(picture(*each) for each in pairs)}</div>'


def table(checks):
    """All checks, one row each."""
    rows = []
    for check in checks:
        state, word = ("ok", "✓") if check.ok else ("bad", "✗ failed")
        rows.append(f'<tr><td class="state {state}">{word}</td>'
                    f'<td><b>{html.escape(check.title)}</b><span class="claim">{html.escape(check.claim)}</span></td>'
                    f'<td>{html.escape(check.detail)}</td><td class="time">{check.seconds:.1f} s</td></tr>')
    return f'<div class="card"><table>{TABLE_HEAD}{"".join(rows)}</table></div>'


def write(path, scenario, result, checks, pictures):
    """scenario: its module, for title, intro, diagram, and PICTURES_TITLE if they are not of the screen;
    pictures: (file, caption) pairs, or lists of them that stand side by side."""
    sections = []
    if pictures:
        figures = "".join(picture(*each) if isinstance(each, tuple) else side_by_side(each) for each in pictures)
        title = html.escape(getattr(scenario, "PICTURES_TITLE", "What the screen showed"))
        sections.append(f'<h2>{title}</h2><div class="card">{figures}</div>')
    sections.append(f'<h2>{html.escape(scenario.DIAGRAM_TITLE)}</h2><div class="card">{scenario.DIAGRAM}</div>')
    sections.append(f"<h2>Checks</h2>{table(checks)}")
    good = result["failed"] == 0
    now = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PAGE.format(
        title=html.escape(scenario.TITLE), intro=html.escape(scenario.INTRO),
        state="ok" if good else "bad",
        verdict=f"all {result['passed']} checks hold" if good else f"{result['failed']} of {len(checks)} checks failed",
        facts=html.escape(f"{result['target']}, Linux {result['kernel']}, {result['accel']}, "
                          f"{result['seconds']} s, {now}"),
        sections="\n".join(sections)), encoding="utf-8")
