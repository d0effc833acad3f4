# SPDX-License-Identifier: MIT
"""Steps of a scenario: run in order, each one a check that can fail, written down as they go."""

import dataclasses
import json
import time
from collections.abc import Callable


class CheckFailed(Exception):
    """What a step claims does not hold; the text says what was found instead."""


class DemoError(Exception):
    """The demo cannot run at all; one sentence that says what to do."""


def require(condition, text):
    """Fail the current step with that sentence unless the condition holds."""
    if not condition:
        raise CheckFailed(text)


@dataclasses.dataclass
class Step:
    """function(context) returns the sentence that says what was seen, or raises CheckFailed."""

    title: str
    claim: str
    function: Callable
    essential: bool = False  # nothing after it makes sense without it


@dataclasses.dataclass
class Check:
    """The outcome of one step."""

    title: str
    claim: str
    ok: bool
    detail: str
    seconds: float


def run_steps(steps, context, say):
    """Run all steps and return their checks; a step that was not reached counts as failed."""
    checks = []
    blocker = None
    for number, step in enumerate(steps, 1):
        say(f"[{number:2}/{len(steps)}] {step.title}: {step.claim} ... ", end="")
        began = time.monotonic()
        if blocker:
            ok, detail = False, f"not run, because step {blocker} failed"
        else:
            try:
                ok, detail = True, step.function(context)
            except CheckFailed as failure:
                ok, detail = False, str(failure)
        seconds = time.monotonic() - began
        say(f"{'ok' if ok else 'FAILED'} ({seconds:.1f} s): {detail}")
        checks.append(Check(step.title, step.claim, ok, detail, seconds))
        if not ok and step.essential and not blocker:
            blocker = number
    return checks


def write_result(path, scenario, target, seconds, checks):
    """The result file that demo, board and CI share."""
    failed = sum(not check.ok for check in checks)
    result = {
        "scenario": scenario,
        "target": target.name,
        "kernel": target.release,
        "accel": target.accel,
        "seconds": round(seconds, 1),
        "passed": len(checks) - failed,
        "failed": failed,
        "checks": [{"name": check.title, "ok": check.ok, "detail": check.detail} for check in checks],
    }
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result
