# SPDX-License-Identifier: MIT
"""The verbs of tools/vm."""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from . import agent, common, kernels, machine, report
from .common import VmError, say

REPORTED = 70
DESCRIPTION = """\
The test machine: a small virtual machine that boots a kernel of its own and runs what was built on the host.

  tools/vm start                       a machine, in about a second once everything is cached
  tools/vm exec -- uname -a            a command in it: its output, its exit status
  tools/vm shell                       a terminal in it
  tools/vm stop

The checkout is mounted read-only at /repo, build/vm/NAME/share read-write at /share. The first start builds a kernel from
Debian's linux-source and a root file system (some 10 minutes); both stay in ~/.cache/virtio-loopback (VLO_CACHE).
When the guest's kernel reports a fault while a command runs, exec prints the report and ends with status 70.
"""


def display_size(text):
    match = re.fullmatch(r"(\d{3,4})x(\d{3,4})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no size such as 1280x720")
    return [int(match[1]), int(match[2])]


def share_option(text):
    path, _, tag = text.rpartition("=")
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", tag) or tag in ("repo", "share") or not pathlib.Path(path).is_dir():
        raise argparse.ArgumentTypeError(f"'{text}' is not DIR=TAG with an existing directory and a new, short tag")
    return (tag, pathlib.Path(path).resolve(), True)


def memory_size(text):
    if not text.isdigit() or not 256 <= int(text) <= 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no size between 256 and 65536 MiB")
    return int(text)


def machine_name(text):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no machine name: letters, digits, '.', '_', '-'")
    return text


def chosen(args):
    """The kernel's name, on a host that has what making it needs; --debug is short for own-debug."""
    if args.arch != "x86_64":
        raise VmError(f"the machine of architecture {args.arch} is not there yet: only x86_64 is")
    if args.kernel not in kernels.names():
        raise VmError(f"no kernel '{args.kernel}'; there are: {', '.join(kernels.names())}")
    common.setup()
    return "own-debug" if args.debug and args.kernel == "own" else args.kernel


def cmd_start(args):
    began = time.monotonic()
    words = f"{args.append} vlo.systemd".strip() if args.systemd else args.append
    spec = machine.Spec(chosen(args), args.memory, args.display, words, args.qemu_arg, args.cpus)
    writable = machine.MACHINES / args.name / "share"
    writable.mkdir(parents=True, exist_ok=True)
    shares = [("repo", common.REPO, False), ("share", writable, True), *args.share]
    started, new = machine.start(args.name, spec, shares, args.cold or bool(args.qemu_arg))
    words = f"{started.info['release']}, {started.info['accel']}"
    say(f"machine '{args.name}' ({words}) " + (f"started in {time.monotonic() - began:.1f} s" if new else "is running already"))
    return 0


def cmd_exec(args):
    argv = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not argv:
        raise VmError("exec needs a command: tools/vm exec -- CMD ARGS")
    box = machine.Machine(args.name)
    box.need_running()
    seen = report.size(box.console)
    source = None if args.no_input or sys.stdin is None or sys.stdin.isatty() else sys.stdin.fileno()
    try:
        status = agent.execute(box.state, argv, timeout=args.timeout, cwd=args.cwd, source=source)
    except agent.Gone:
        raise VmError(box.epitaph()) from None
    if status == agent.TIMED_OUT and args.timeout:
        say(f"'{' '.join(argv)[:80]}' was ended after {args.timeout:g} s")
    found = report.find(box.console, seen, args.known)
    if found:
        print(f"vm: the guest's kernel reported a fault ({box.console}):\n{found}", file=sys.stderr)
        return REPORTED
    return status


def cmd_shell(args):
    if not sys.stdin.isatty():
        raise VmError("shell needs a terminal; use 'tools/vm exec -- CMD' in scripts")
    box = machine.Machine(args.name)
    box.need_running()
    return agent.shell(box.state, args.command or ["bash", "-l"])


def cmd_check(args):
    box = machine.Machine(args.name)
    found = report.find(box.console)
    if found:
        print(f"vm: the guest's kernel reported a fault ({box.console}):\n{found}", file=sys.stderr)
        return REPORTED
    box.need_running()
    return 0


def cmd_stop(args):
    say(f"machine '{args.name}' " + ("stopped" if machine.Machine(args.name).stop() else "was not running"))
    return 0


def cmd_status(_):
    rows = []
    for path in sorted(machine.MACHINES.glob("*/machine.json")):
        box = machine.Machine(path.parent.name)
        state = f"running, pid {box.info['pid']}" if box.running() else "ended by itself"
        rows.append(f"{box.name:16} {state:24} {box.info['release']} ({box.info['accel']})")
    print("\n".join(rows) if rows else "no machine")
    return 0


def cmd_log(args):
    box = machine.Machine(args.name)
    if not box.console.exists():
        raise VmError(f"machine '{args.name}' has no console log: it was never started here")
    if args.follow:
        return subprocess.call(["tail", "-n", "+1", "-f", str(box.console)])
    sys.stdout.write(box.console.read_text(errors="replace"))
    return 0


def cmd_build(args):
    machine.Spec(chosen(args))
    return 0


def cmd_kdir(args):
    kdir = kernels.find(chosen(args)).kdir
    if not kdir.exists():
        raise VmError(f"the headers of kernel {args.kernel} do not work on this host: "
                      f"'tests/platform/matrix {args.kernel}' builds the module in a chroot")
    print(kdir)
    return 0


def cmd_screenshot(args):
    box = machine.Machine(args.name)
    box.need_running()
    if not box.info["display"]:
        raise VmError("this machine has no display: start it with --display")
    with box.qmp() as qmp:
        qmp.run("screendump", filename=os.path.abspath(args.file), format="png")
    return 0


def cmd_clean(args):
    for path in machine.MACHINES.glob("*/machine.json"):
        machine.Machine(path.parent.name).stop()
    shutil.rmtree(machine.MACHINES, ignore_errors=True)
    if args.cache:
        shutil.rmtree(common.cache_dir(), ignore_errors=True)
    return 0


class Parser(argparse.ArgumentParser):
    """One sentence for bad input, instead of a page of usage before it."""

    def error(self, message):
        self.exit(2, f"vm: {message}; see '{self.prog} --help'\n")


def add_kernel(verb):
    verb.add_argument("--kernel", default="own", metavar="K", help=f"one of {', '.join(kernels.names())} (own)")
    verb.add_argument("--arch", default="x86_64", help="x86_64")
    verb.add_argument("--debug", action="store_true", help="the own kernel with KASAN and lockdep: same as --kernel own-debug")


def add_verb(verbs, name, function, text, named=True):
    verb = verbs.add_parser(name, help=text, description=text)
    verb.set_defaults(function=function)
    if named:
        verb.add_argument("--name", default="default", type=machine_name, help="which machine (default)")
    return verb


def parser():
    top = Parser(prog="tools/vm", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = add_verb(verbs, "start", cmd_start, "start a machine")
    add_kernel(verb)
    verb.add_argument("--cold", action="store_true", help="boot instead of loading the snapshot")
    verb.add_argument("--display", nargs="?", const=[1280, 720], type=display_size, metavar="WxH",
                      help="with a screen (1280x720)")
    verb.add_argument("--memory", type=memory_size, default=1024, metavar="MIB", help="size of the machine's memory (1024)")
    verb.add_argument("--cpus", type=int, choices=range(1, 9), default=2, metavar="N", help="processors, 1 to 8 (2)")
    verb.add_argument("--append", default="", metavar="WORDS", help="more kernel command line, such as kmemleak=on")
    verb.add_argument("--systemd", action="store_true", help="systemd as process 1, instead of our small init")
    verb.add_argument("--share", action="append", default=[], type=share_option, metavar="DIR=TAG",
                      help="mount DIR read-write at /TAG")
    verb.add_argument("--qemu-arg", action="append", default=[], metavar="ARG", help="one more word for QEMU; boots cold")
    verb = add_verb(verbs, "exec", cmd_exec, "run a command, with its output and exit status (124: it took too long)")
    verb.add_argument("--timeout", type=float, metavar="S", help="end it after that many seconds")
    verb.add_argument("--cwd", default="/root", metavar="DIR", help="where in the guest (/root)")
    verb.add_argument("--known", action="append", default=[], metavar="REGEX", help="a report with this in it is no failure")
    verb.add_argument("--no-input", action="store_true", help="do not pass our standard input on")
    verb.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ARGS")
    verb = add_verb(verbs, "shell", cmd_shell, "a terminal in the machine")
    verb.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ARGS")
    add_verb(verbs, "check", cmd_check, "fail with the report when the guest's kernel has printed one (status 70)")
    add_verb(verbs, "stop", cmd_stop, "end a machine")
    add_verb(verbs, "status", cmd_status, "list machines", named=False)
    add_verb(verbs, "log", cmd_log, "print the console log").add_argument("-f", "--follow", action="store_true")
    add_kernel(add_verb(verbs, "build", cmd_build, "make what a start needs, without starting", named=False))
    add_kernel(add_verb(verbs, "kdir", cmd_kdir, "print the KDIR for modules of a kernel, building it first", named=False))
    add_verb(verbs, "screenshot", cmd_screenshot, "write the screen as PNG").add_argument("file", metavar="FILE.png")
    verb = add_verb(verbs, "clean", cmd_clean, "stop all machines and remove their state", named=False)
    verb.add_argument("--cache", action="store_true", help="also the kernels and images")
    return top


def main():
    args = parser().parse_args()
    # So that a build that is told to end removes what it has begun
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(args.function(args))
    except VmError as error:
        print(f"vm: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has had enough; Python would complain once more when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
