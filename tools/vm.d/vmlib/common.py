# SPDX-License-Identifier: MIT
"""Paths, messages, processes and the cache that every part of tools/vm shares."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

DATA = pathlib.Path(__file__).resolve().parent.parent
REPO = DATA.parent.parent


class VmError(Exception):
    """Something that the caller can act on: one sentence, printed without a traceback."""


def say(text):
    """Progress goes to stderr: stdout belongs to the command that runs in the guest."""
    print(f"vm: {text}", file=sys.stderr, flush=True)


def cache_dir():
    """Outside the checkout, so that a fresh clone does not build a kernel again."""
    root = os.environ.get("VLO_CACHE")
    if not root:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        root = os.path.join(base, "virtio-loopback")
    path = pathlib.Path(root)
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(*parts):
    """A short key of texts, numbers and files (pathlib.Path: the content counts)."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, pathlib.Path) else str(part).encode()
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:12]


def output_of(*argv):
    """stdout of a short command, or None when it is missing or fails."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def tail_of(path, lines=15):
    try:
        return "\n".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def run_logged(argv, log, progress=None, **kwargs):
    """Run a long command with its output in a log. progress(log size in lines) -> text, said every 30 s."""
    with open(log, "ab") as out:
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **kwargs) as child:
            started = time.monotonic()
            try:
                while True:
                    try:
                        status = child.wait(30)
                        break
                    except subprocess.TimeoutExpired:
                        if progress:
                            seconds = int(time.monotonic() - started)
                            say(f"  {seconds // 60}:{seconds % 60:02} {progress(log)}")
            except BaseException:
                child.terminate()
                raise
    if status:
        raise VmError(f"'{' '.join(map(str, argv[:4]))} ...' failed with status {status}:\n{tail_of(log)}")


@contextlib.contextmanager
def locked(path, what):
    """One process at a time; a second one waits and then finds what the first has made."""
    with open(path, "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is making {what}, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cached(kind, key, build, keep=2):
    """
    The directory of a cache entry, made by build(directory) when it is absent.

    The build runs in a temporary directory that is renamed at the end, so an interrupted build leaves nothing that
    looks finished. Older entries of the same kind beyond `keep` are removed.
    """
    root = cache_dir()
    path = root / f"{kind}-{key}"
    if path.is_dir():
        # What is used stays; a cache that somebody else owns may refuse
        with contextlib.suppress(OSError):
            os.utime(path)
        return path
    with locked(root / f".lock-{kind}", kind):
        if path.is_dir():
            return path
        for stale in root.glob(f".new-{kind}-????????"):
            shutil.rmtree(stale, ignore_errors=True)
        temp = pathlib.Path(tempfile.mkdtemp(prefix=f".new-{kind}-", dir=root))
        os.chmod(temp, 0o755)
        try:
            build(temp)
            temp.rename(path)
        except BaseException:
            shutil.rmtree(temp, ignore_errors=True)
            raise
        entries = sorted(root.glob(f"{kind}-{'[0-9a-f]' * 12}"), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in entries[keep:]:
            shutil.rmtree(old, ignore_errors=True)
    return path


def need(*programs):
    """Every program of a step, checked before the step starts."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [name for name in programs if not shutil.which(name, path=path)]
    if missing:
        raise VmError(f"{', '.join(missing)} not found: run 'tools/setup build vm' as root")


def setup():
    """Install what is missing on this host; says so first, and is silent when nothing is."""
    if subprocess.call([REPO / "tools/setup", "build", "vm"], stdout=sys.stderr):
        raise VmError("the programs that the test machine needs could not be installed")
