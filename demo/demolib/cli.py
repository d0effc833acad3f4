# SPDX-License-Identifier: MIT
"""demo/run: choose scenario and target, run the steps, write result and report."""

import argparse
import fcntl
import importlib.util
import pathlib
import sys
import time
import types

from . import qemu, report, steps

DEMO = pathlib.Path(__file__).resolve().parent.parent
BUILD = DEMO.parent / "build/demo"
TARGETS = {"qemu-x86_64": qemu.QemuX86}


def scenarios():
    """Names of the scenarios, from their files."""
    return sorted(path.stem for path in (DEMO / "scenarios").glob("*.py"))


def load(name):
    """A scenario's module: TITLE, INTRO, DIAGRAM_TITLE, DIAGRAM and steps()."""
    if name not in scenarios():
        raise steps.DemoError(f"there is no scenario '{name}'; choose one of: {', '.join(scenarios())}")
    spec = importlib.util.spec_from_file_location(name, DEMO / "scenarios" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_target(name, host):
    if name not in TARGETS:
        raise steps.DemoError(f"no target '{name}' yet; choose one of: {', '.join(TARGETS)}")
    if host:
        raise steps.DemoError(f"the target {name} runs on this machine: leave --host (HOST=) out")
    return TARGETS[name]()


def say(text, end="\n"):
    print(text, end=end, flush=True)


def parse():
    parser = argparse.ArgumentParser(
        prog="demo/run", description="Shows a device end to end and checks what it shows. 'make demo' builds first.",
        epilog="Result: build/demo/SCENARIO/result.json and report/index.html. Status 0 when all checks hold.")
    parser.add_argument("scenario", nargs="?", default="touch", help=f"one of: {', '.join(scenarios())} (touch)")
    parser.add_argument("--on", default="qemu-x86_64", metavar="TARGET", help=f"one of: {', '.join(TARGETS)}")
    parser.add_argument("--host", metavar="HOST", help="the machine to reach, for a target that is not this machine")
    parser.add_argument("--output", type=pathlib.Path, metavar="DIR", help="where result and report go")
    parser.add_argument("--keep", action="store_true", help="leave the target running, to look around in it")
    return parser.parse_args()


def run(args):
    """Run the scenario; returns the exit status."""
    scenario = load(args.scenario)
    target = make_target(args.on, args.host)
    output = (args.output or BUILD / args.scenario).resolve()
    for folder in (BUILD, output):
        folder.mkdir(parents=True, exist_ok=True)
    lock = open(BUILD / ".lock", "w", encoding="ascii")  # held until this process ends: there is one test machine
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise steps.DemoError("another demo is running: wait for it to end") from None
    # What an earlier run found must not be taken for ours, should this one not get that far
    for old in ("result.json", "report/index.html", "kernel-faults.txt"):
        (output / old).unlink(missing_ok=True)
    began = time.monotonic()
    say(f"{scenario.TITLE} (on {target.name})")
    context = types.SimpleNamespace(target=target, output=output, pictures=[])
    try:
        target.start()
        checks = steps.run_steps(scenario.steps(), context, say)
        faults = target.faults()
    finally:
        if not args.keep:
            target.stop()
    if faults:
        (output / "kernel-faults.txt").write_text(faults + "\n", encoding="utf-8")
    result = steps.write_result(output / "result.json", args.scenario, target, time.monotonic() - began, checks)
    report.write(output / "report/index.html", scenario, result, checks, context.pictures)
    say(f"{result['passed']} checks hold, {result['failed']} failed; {output / 'report/index.html'}")
    if args.keep:
        say("the test machine is still there: tools/vm shell --name demo, tools/vm stop --name demo")
    return 0 if result["failed"] == 0 and checks else 1


def main():
    args = parse()
    try:
        return run(args)
    except steps.DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted", file=sys.stderr)
        return 130
