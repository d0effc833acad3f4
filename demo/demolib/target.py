# SPDX-License-Identifier: MIT
"""Where a scenario runs. A scenario knows only this interface, never how the machine is reached."""

import dataclasses
import shlex
import time

from .steps import CheckFailed


@dataclasses.dataclass
class Result:
    """A finished command."""

    status: int
    out: str
    err: str

    def words(self):
        """What it had to say when it failed, in one line."""
        text = (self.err.strip() or self.out.strip()).splitlines()
        return text[-1] if text else f"status {self.status}"


class Target:
    """
    A machine with the product's programs on it.

    A kind of target implements start, stop, execute, program, module, screenshot and faults; the rest is built on them.
    Programs started with launch() write to RUN_DIR and are known by a short name.
    """

    RUN_DIR = "/run/virtio-loopback-demo"

    name = ""      # as given to --on
    release = ""   # kernel release, known after start()
    accel = ""     # kvm, tcg or none, known after start()

    def start(self):
        """Bring the machine up, or raise DemoError."""
        raise NotImplementedError

    def stop(self):
        """Take down what start() brought up."""
        raise NotImplementedError

    def execute(self, argv, timeout):
        """Run a command as root and return a Result."""
        raise NotImplementedError

    def program(self, path):
        """Where the program that the build calls build/PATH lies on the target."""
        raise NotImplementedError

    def module(self, name):
        """Where the kernel module lies on the target."""
        raise NotImplementedError

    def screenshot(self, path):
        """Write what the display shows to a PNG file on this side."""
        raise NotImplementedError

    def faults(self):
        """Reports of the kernel since start() as text, empty when there are none."""
        raise NotImplementedError

    def shell(self, script, timeout=30):
        """Run a shell script and return a Result."""
        return self.execute(["sh", "-c", script], timeout)

    def must(self, script, timeout=30):
        """Run a shell script that has to succeed; returns its output."""
        result = self.shell(script, timeout)
        if result.status:
            raise CheckFailed(result.words())
        return result.out

    def launch(self, name, argv, env=None):
        """Start a program in the background; log() and running() ask for it by name."""
        words = " ".join(shlex.quote(word) for word in argv)
        setting = " ".join(f"{key}={shlex.quote(value)}" for key, value in (env or {}).items())
        base = f"{self.RUN_DIR}/{name}"
        inner = shlex.quote(f"echo $$ >{base}.pid; exec env {setting} {words}")
        self.must(f"mkdir -p {self.RUN_DIR} && cd {self.RUN_DIR} && rm -f {base}.log {base}.pid || exit 1\n"
                  f"setsid sh -c {inner} </dev/null >{base}.log 2>&1 &\n"
                  f"for i in $(seq 600); do test -s {base}.pid && exit 0; sleep 0.05; done; exit 1", 60)

    def log(self, name):
        """Everything a launched program has printed."""
        return self.shell(f"cat {self.RUN_DIR}/{name}.log").out

    def running(self, name):
        """Whether a launched program still runs."""
        return self.shell(f"kill -0 $(cat {self.RUN_DIR}/{name}.pid)").status == 0

    def end(self, name, wait=30):
        """Ask a launched program to end and wait for it; False when it did not."""
        script = (f"p=$(cat {self.RUN_DIR}/{name}.pid) && kill $p && for i in $(seq {wait * 10}); do "
                  "kill -0 $p 2>/dev/null || exit 0; sleep 0.1; done; exit 1")
        return self.shell(script, wait + 10).status == 0

    def wait_log(self, name, text, timeout=20):
        """Wait until a launched program has printed the text; returns its log."""
        limit = time.monotonic() + timeout
        while True:
            log = self.log(name)
            if text in log:
                return log
            if not self.running(name):
                last = log.strip().splitlines()[-1:] or ["it printed nothing"]
                raise CheckFailed(f"{name} has ended: {last[0]}")
            if time.monotonic() > limit:
                raise CheckFailed(f"{name} did not say '{text}' in {timeout} s")
            time.sleep(0.2)
