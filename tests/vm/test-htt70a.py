#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""The dummy panel is a touch panel for the kernel: hid-multitouch and hidraw are the judges."""

import fcntl
import glob
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PANEL = "/repo/build/demo/dummy/htt70a"
TOUCHLOG = "/repo/build/demo/dummy/touchlog"
GESTURES = "tap 0.2 0.3; drag 0 0 1 1 300; pinch; ten; flood 250 10; down 0 .1 .1; down 5 .2 .2; up 0; lift"


class Panel:
    """A running htt70a that is told what to do over its socket; ends with the with block."""

    def __init__(self, folder, *options):
        self.socket = f"{folder}/panel.sock"
        self.process = subprocess.Popen([PANEL, f"--control={self.socket}", f"--log={folder}/sent", *options],
                                        stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words[:1] == ["READY"], words
        self.node = words[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def send(self, *commands):
        return subprocess.run([PANEL, f"--send={self.socket}", *commands], capture_output=True, text=True, check=False)


def feature_call(node, number, data):
    """HIDIOCSFEATURE (6) and HIDIOCGFEATURE (7) of linux/hidraw.h."""
    buffer = bytearray(data)
    fd = os.open(node, os.O_RDWR)
    try:
        size = fcntl.ioctl(fd, 0xC0004800 | len(buffer) << 16 | number, buffer)
    finally:
        os.close(fd)
    return bytes(buffer[:size])


def get(node, report, size):
    return feature_call(node, 7, [report] + [0] * (size - 1))


def fails(function, *args):
    """Whether a feature report is refused with an input/output error."""
    try:
        function(*args)
    except OSError as error:
        return error.errno == 5
    return False


def ours():
    """hidraw nodes of dummy panels; there may be other HID devices."""
    return [f"/dev/{path.split('/')[4]}" for path in glob.glob("/sys/class/hidraw/*/device/uevent")
            if "HID_PHYS=htt70a" in pathlib.Path(path).read_text(encoding="utf-8")]


def wait_for(condition, seconds=10):
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return bool(condition())


def listen(folder):
    """A touchlog on the panel's native node, from the moment it listens."""
    log = subprocess.Popen([TOUCHLOG, "--phys=htt70a", "--idle=2000", "--timeout=20000", f"--output={folder}/got"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "LISTENING" in log.stdout.readline()
    return log


def compare(folder, sent="sent"):
    done = subprocess.run([TOUCHLOG, f"--compare={folder}/{sent}", f"{folder}/got"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unexpected=0 left_down=0" in done.stdout


def test_feature_reports(folder):
    with Panel(folder, "--no-reboot") as panel:
        for report, answer in ((2, "020a"), (4, "0403"), (7, "0700"), (8, "0800"), (9, "0905010000"), (26, "1a012c")):
            assert get(panel.node, report, len(answer) // 2).hex() == answer, report
        assert fails(get, panel.node, 99, 2)
        for wrong in ([7, 3], [4, 1], [9, 0, 0, 0, 0], [99, 0]):
            assert fails(feature_call, panel.node, 6, wrong), wrong
        feature_call(panel.node, 6, [26, 0x12, 0x34])
        feature_call(panel.node, 6, [7, 1])
        assert get(panel.node, 26, 3).hex() == "1a1234"
        assert get(panel.node, 7, 2).hex() == "0701"


def test_sensitivity_reboots_the_panel(folder):
    with Panel(folder) as panel:
        feature_call(panel.node, 6, [7, 2])
        assert wait_for(lambda: not ours()), "it did not vanish"
        assert wait_for(ours), "it did not come back"
        assert wait_for(lambda: not fails(get, ours()[0], 7, 2))
        assert get(ours()[0], 7, 2).hex() == "0702"
        assert panel.send("tap 0.5 0.5").stdout.startswith("ok")


def test_every_variant_is_understood(folder):
    for variant in ("ten", "five", "serial", "mixed"):
        with Panel(folder, f"--variant={variant}") as panel:
            log = listen(folder)
            assert panel.send(GESTURES).stdout.startswith("ok frames="), variant
            assert log.wait(30) == 0, log.stderr.read()
            compare(folder)


def test_other_collections_make_no_touch(folder):
    with Panel(folder, "--variant=mixed") as panel:
        log = listen(folder)
        panel.send("down 0 .5 .5", "raw 05 01 05 05; raw 03 03 00 10 00 10; raw 03 00 00 10 00 10; raw 05 00 00 00", "lift")
        assert log.wait(30) == 0
        lines = [line for line in pathlib.Path(f"{folder}/sent").read_text(encoding="utf-8").splitlines() if line[0] == "F"]
        pathlib.Path(f"{folder}/fingers").write_text("\n".join(lines), encoding="utf-8")
        compare(folder, "fingers")


def test_rotation_turns_the_reports(folder):
    with Panel(folder) as panel:
        feature_call(panel.node, 6, [8, 1])
        log = listen(folder)
        panel.send("tap 0.25 0")
        assert log.wait(30) == 0
        compare(folder)
        assert ":16383,4096" in pathlib.Path(f"{folder}/got").read_text(encoding="utf-8")


def test_a_recording_is_replayed(folder):
    subprocess.run([PANEL, f"--record={folder}/rec", f"--log={folder}/original", "--variant=five", GESTURES], check=True,
                   stdout=subprocess.DEVNULL)
    with subprocess.Popen([PANEL, f"wait 3000; replay {folder}/rec; wait 1000"], stdout=subprocess.PIPE, text=True) as replay:
        assert "READY" in replay.stdout.readline()
        log = listen(folder)
        assert replay.wait(60) == 0
        assert log.wait(30) == 0
    compare(folder, "original")


def test_a_finger_leaves_with_the_panel(folder):
    with Panel(folder) as panel:
        log = listen(folder)
        panel.send("down 3 0.5 0.5; wait 100; replug 300", "tap 0.1 0.1")
        assert log.wait(30) == 0
        assert "went away" in pathlib.Path(f"{folder}/got").read_text(encoding="utf-8")
        sent = pathlib.Path(f"{folder}/sent").read_text(encoding="utf-8").splitlines()
        assert [line.split()[2] for line in sent if line[0] == "F"][:2] == ["1", "0"]


def test_bad_input_is_one_sentence(folder):
    bad = pathlib.Path(folder) / "bad"
    bad.write_text("R: 3 00 01\n", encoding="utf-8")
    for words in (["jump"], ["tap 2 2"], [f"replay {bad}"], [f"--like={folder}/nothing"], ["--variant=eleven"],
                  ["--script=/nonexistent"], [f"--send={folder}/nobody", "ten"], ["--log=/nonexistent/x", "ten"]):
        done = subprocess.run([PANEL, *words], capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode not in (0, None) and done.returncode > 0, words
        assert done.stderr.startswith("htt70a: ") and len(done.stderr.splitlines()) <= 2, done.stderr
    with Panel(folder) as panel:
        assert panel.send("ten; jump").returncode == 1
        assert panel.send(f"replay {bad}").returncode == 1
        assert panel.send("tap 0 0").returncode == 0


def main():
    tests = [(name[5:].replace("_", " "), value) for name, value in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - {name}", flush=True)
            except Exception as error:  # any error fails this test, and the next one still runs
                failed += 1
                print(f"not ok {number} - {name}\n# {error!r}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
