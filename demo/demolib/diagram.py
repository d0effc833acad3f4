# SPDX-License-Identifier: MIT
"""The picture of a scenario: two columns of boxes, from outside down to the daemon, and from the module up to the program."""

ARROWS = ("M130 76 V110", "M130 166 V200", "M240 228 H330", "M440 200 V166", "M440 110 V76")
CONTROL = ("M200 300 L150 256", "M370 300 L420 256")


def draw(boxes, width, label, more=()):
    """A way of data as inline SVG: solid lines carry it, dashed ones only control. @more: arrows besides those of every device."""
    parts = [f'<svg viewBox="0 0 {width} 370" role="img" aria-label="{label}" width="100%" style="max-width: {width}px">'
             '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
             'orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#2f7fd1"/></marker></defs>']
    for name, what, x, y in boxes:
        parts.append(f'<rect x="{x}" y="{y}" width="220" height="56" rx="9" fill="#2f7fd122" stroke="#2f7fd1"/>'
                     f'<text x="{x + 110}" y="{y + 25}" text-anchor="middle">{name}</text>'
                     f'<text class="soft" x="{x + 110}" y="{y + 43}" text-anchor="middle">{what}</text>')
    for path in (*ARROWS, *more):
        parts.append(f'<path d="{path}" stroke="#2f7fd1" stroke-width="2.5" fill="none" marker-end="url(#tip)"/>')
    for path in CONTROL:
        parts.append(f'<path d="{path}" stroke="#8a97a5" stroke-width="1.5" stroke-dasharray="5 4" fill="none"/>')
    parts.append('<text class="soft" x="285" y="220" text-anchor="middle">kick, call</text></svg>')
    return "".join(parts)
