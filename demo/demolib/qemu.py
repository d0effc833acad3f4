# SPDX-License-Identifier: MIT
"""The target qemu-x86_64: the test machine of tools/vm, with the checkout at /repo."""

import pathlib
import re
import subprocess

from .steps import CheckFailed, DemoError
from .target import Result, Target

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
MACHINE = "demo"


class QemuX86(Target):
    """A machine of its own for each run: a demo starts from a known state."""

    name = "qemu-x86_64"

    def __init__(self, display="800x600"):
        self.vm = str(REPO / "tools/vm")
        self.display = display

    def tool(self, *words, timeout=60):
        """One call of tools/vm; its stderr is returned, not shown."""
        try:
            done = subprocess.run([self.vm, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout,
                                  check=False)
        except subprocess.TimeoutExpired:
            return Result(124, "", f"tools/vm {words[0]} did not end in {timeout} s")
        return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def start(self):
        self.tool("stop", "--name", MACHINE)
        # Not captured: the first start builds a kernel, and says how far it is
        status = subprocess.call([self.vm, "start", "--name", MACHINE, "--display", self.display],
                                 stdin=subprocess.DEVNULL)
        if status:
            raise DemoError("the test machine did not start, see above")
        for line in self.tool("status").out.splitlines():
            match = re.match(rf"{MACHINE} .* (\S+) \((\w+)\)$", line)
            if match:
                self.release, self.accel = match.groups()
        if not self.release:
            raise DemoError("tools/vm status does not list the machine that was just started")

    def stop(self):
        self.tool("stop", "--name", MACHINE)

    def execute(self, argv, timeout):
        return self.tool("exec", "--name", MACHINE, "--no-input", "--timeout", str(timeout), "--", *argv,
                         timeout=timeout + 15)

    def program(self, path):
        return self.in_guest(f"build/{path}")

    def module(self, name):
        return self.in_guest(f"build/kmod/{self.release}/{name}.ko")

    def in_guest(self, path):
        """The guest's name of a file of the checkout, which must have been built."""
        if not (REPO / path).exists():
            raise CheckFailed(f"{path} is not built: 'make demo' builds everything that a scenario needs")
        return f"/repo/{path}"

    def screenshot(self, path):
        done = self.tool("screenshot", "--name", MACHINE, str(path))
        if done.status:
            raise CheckFailed(f"no picture of the screen: {done.words()}")

    def faults(self):
        done = self.tool("check", "--name", MACHINE)
        return done.err.strip() if done.status else ""
