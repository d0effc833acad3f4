# SPDX-License-Identifier: MIT
"""One test machine: QEMU's command line, start (cold or from a snapshot), shares, stop."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from . import agent, common, initramfs, kernels, probe, report, rootfs
from .common import VmError, say
from .qmp import Qmp

MACHINES = common.REPO / "build/vm"
# Root ports that shares and a test's own devices are plugged into after a snapshot is loaded
SLOTS = 8
# Count up when a snapshot of yesterday would not do, though its machine looks the same
RECIPE = "2"


class NotMounted(VmError):
    """The guest runs, but without the checkout."""


class Spec:
    """What a machine is made of: everything that decides whether a snapshot fits."""

    def __init__(self, kernel="own", memory=1024, display=None, append="", qemu=(), cpus=2):
        self.kernel = kernel
        self.memory = memory
        self.cpus = cpus
        self.display = display
        self.append = append
        self.qemu = list(qemu)
        self.parts = kernels.find(kernel)
        self.initramfs = initramfs.image(self.parts.drivers)
        self.rootfs = rootfs.image()
        self.accel = probe.accelerator()

    def accelerator(self):
        """Debian's kernels patch static keys, which multi-threaded TCG does not survive every time."""
        if self.accel == "kvm":
            return "kvm"
        return f"tcg,thread={'multi' if self.parts.own else 'single'}"

    def key(self):
        version = common.output_of(probe.QEMU, "--version")
        return common.digest(RECIPE, version, self.initramfs, self.rootfs.parent.name, self.parts.key,
                             " ".join(self.arguments()))

    def arguments(self):
        """The part of QEMU's command line that a snapshot depends on."""
        console = "console=ttyS0 panic=-1 loglevel=5 printk.time=1 mitigations=off nokaslr random.trust_cpu=on"
        argv = ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-M", "q35", "-cpu", "max",
                "-accel", self.accelerator(), "-smp", str(self.cpus), "-m", f"{self.memory}M",
                "-kernel", str(self.parts.image), "-initrd", str(self.initramfs),
                "-append", f"{console} {self.append}".strip(), "-device", "virtio-rng-pci"]
        for name, path in (("root", self.rootfs), ("modules", self.parts.modules)):
            argv += ["-drive", f"if=none,id={name},format=raw,readonly=on,file={path}",
                     "-device", f"virtio-blk-pci,drive={name}"]
        argv += ["-device", f"virtio-serial-pci,max_ports={agent.PORTS + 1}"]
        for index in range(agent.PORTS):
            argv += ["-chardev", f"socket,id=agent{index},path=agent{index}.sock,server=on,wait=off",
                     "-device", f"virtserialport,chardev=agent{index},name=vlo.agent.{index}"]
        for slot in range(SLOTS):
            argv += ["-device", f"pcie-root-port,id=slot{slot},chassis={slot + 1}"]
        if self.display:
            width, height = self.display
            argv += ["-device", f"bochs-display,edid=on,xres={width},yres={height}"]
        return argv + self.qemu


class Machine:
    """A named machine; its state lies in build/vm/<name>/."""

    def __init__(self, name="default", state=None):
        self.name = name
        self.state = pathlib.Path(state or MACHINES / name)
        self.console = self.state / "console.log"
        self.info = {}
        try:
            self.info = json.loads((self.state / "machine.json").read_text())
        except (OSError, ValueError):
            pass

    def running(self):
        return self.info and born(self.info["pid"]) == self.info["born"]

    def need_running(self):
        if not self.running():
            raise VmError(self.epitaph() if self.info else f"no machine '{self.name}' is running: 'tools/vm start' starts one")

    def epitaph(self):
        """Why the machine is not there any more, as far as its logs know."""
        words = common.tail_of(self.state / "qemu.log", 5)
        found = report.find(self.console) or common.tail_of(self.console, 25)
        return f"the test machine '{self.name}' has ended by itself; {words}\nfrom {self.console}:\n{found}"

    def qmp(self):
        directory = os.open(self.state, os.O_PATH)
        try:
            return Qmp(f"/proc/self/fd/{directory}/qmp.sock")
        finally:
            os.close(directory)

    def spawn(self, spec, shares=(), incoming=None):
        """Start QEMU in the background; it lives on when we end."""
        self.state.mkdir(parents=True, exist_ok=True)
        for old in (*self.state.glob("*.sock"), self.console, self.state / "qemu.log"):
            old.unlink(missing_ok=True)
        argv = [probe.QEMU, "-name", f"vlo-{self.name}", *spec.arguments(), "-serial", "file:console.log",
                "-qmp", "unix:qmp.sock,server=on,wait=off"]
        for tag, path, writable in shares:
            mode = "" if writable else ",readonly=on"
            # remap: a checkout may span file systems, whose inode numbers would collide
            argv += ["-fsdev", f"local,id=fs-{tag},path={path},security_model=none,multidevs=remap{mode}"]
        if incoming:
            argv += ["-incoming", f"exec:cat {incoming}"]
        with open(self.state / "qemu.log", "wb") as log:
            child = subprocess.Popen(argv, cwd=self.state, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     start_new_session=True)
        self.info = {"pid": child.pid, "born": born(child.pid), "kernel": spec.kernel, "release": spec.parts.release,
                     "accel": spec.accel, "display": spec.display, "memory": spec.memory, "key": spec.key()}
        (self.state / "machine.json").write_text(json.dumps(self.info) + "\n")
        return child

    def wait_ready(self, deadline):
        """Until a command runs in the guest."""
        limit = time.monotonic() + deadline
        while not (self.state / f"agent{agent.PORTS - 1}.sock").exists():
            if not self.running():
                raise VmError(self.epitaph())
            if time.monotonic() > limit:
                raise VmError("QEMU did not create its sockets")
            time.sleep(0.01)
        try:
            status = agent.execute(self.state, ["true"], timeout=limit - time.monotonic(), repeat_after=None,
                                   flags=agent.SET_CLOCK)
        except agent.Gone:
            raise VmError(self.epitaph()) from None
        if status:
            raise VmError(f"the guest did not come up in {deadline} s; last lines of {self.console}:\n"
                          f"{common.tail_of(self.console, 25)}")

    def plug(self, shares):
        """Attach and mount the 9p shares, which must not be there while a snapshot is taken."""
        script = []
        with self.qmp() as qmp:
            for slot, (tag, _, writable) in enumerate(shares):
                qmp.run("device_add", driver="virtio-9p-pci", id=f"plug-{tag}", bus=f"slot{slot}", fsdev=f"fs-{tag}",
                        mount_tag=tag)
                options = f"trans=virtio,version=9p2000.L,msize=512000,{'rw' if writable else 'ro'}"
                # Hot-plug takes the guest a moment
                script.append(f"mkdir -p /{tag}; n=0; until mount -t 9p -o {options} {tag} /{tag} 2>/dev/null; do "
                              f"n=$((n+1)); [ $n -lt 200 ] || exit 1; sleep 0.05; done")
        status, text = agent.capture(self.state, ["sh", "-c", "\n".join(script)], flags=agent.SET_CLOCK)
        if status:
            raise NotMounted(f"the shares did not get mounted in the guest: {text.strip()}\n{common.tail_of(self.console)}")

    def stop(self):
        """End QEMU by its own pid; True when there was one."""
        if not self.running():
            (self.state / "machine.json").unlink(missing_ok=True)
            return False
        pid = self.info["pid"]
        try:
            with self.qmp() as qmp:
                qmp.run("quit")
        except VmError:
            os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + 3
        while self.running():
            reap(pid)
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
                limit += 3
            time.sleep(0.02)
        (self.state / "machine.json").unlink(missing_ok=True)
        return True


def born(pid):
    """Start time of a live process: a pid alone may be somebody else's by now."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def boot_deadline(spec):
    if spec.accel == "kvm":
        return 60
    return 180 if spec.parts.own and spec.kernel == "own" else 300


def snapshot(spec):
    """The saved state of a freshly booted machine, taken before any share is plugged in."""
    def build(temp):
        say("booting the test machine once to keep a snapshot of it")
        machine = Machine("snapshot", temp / "machine")
        child = machine.spawn(spec)
        try:
            machine.wait_ready(boot_deadline(spec))
            found = report.find(machine.console)
            if found:
                raise VmError(f"the guest kernel complains while it boots:\n{found}")
            with machine.qmp() as qmp:
                qmp.run("migrate-set-parameters", **{"max-bandwidth": 1 << 34})
                qmp.run("migrate", uri="exec:cat >../state")
                result = qmp.wait_for("query-migrate", lambda r: r.get("status") in ("completed", "failed"), 120)
                if result["status"] != "completed":
                    raise VmError(f"QEMU could not save the machine: {result}")
        finally:
            machine.stop()
            child.wait()
        shutil.rmtree(temp / "machine")

    return common.cached("snapshot", spec.key(), build, keep=8) / "state"


def start(name, spec, shares, cold=False):
    """A running machine of that name, and whether it is new; an equal one that runs already is simply used."""
    state = MACHINES / name
    state.mkdir(parents=True, exist_ok=True)
    with common.locked(state / "start.lock", f"machine '{name}'"):
        machine = Machine(name)
        if machine.running():
            if machine.info["key"] == spec.key():
                return machine, False
            raise VmError(f"a different machine '{name}' is running: 'tools/vm stop --name {name}' first")
        incoming = None if cold else snapshot(spec)
        try:
            bring_up(machine, spec, shares, incoming)
        except NotMounted as error:
            # Seen once in many starts: the guest's first words with the host's file server get no answer.
            say(f"{error}\nonce more")
            bring_up(machine, spec, shares, incoming)
        return machine, True


def bring_up(machine, spec, shares, incoming):
    machine.spawn(spec, shares, incoming)
    try:
        machine.wait_ready(boot_deadline(spec))
        machine.plug(shares)
    except BaseException:
        machine.stop()
        raise
