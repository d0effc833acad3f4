#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 400
"""The dummy panel is a touch panel for the kernel: hid-multitouch and hidraw are the judges."""

import contextlib
import fcntl
import glob
import os
import pathlib
import signal
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
    nodes = []
    for path in glob.glob("/sys/class/hidraw/*/device/uevent"):
        with contextlib.suppress(OSError):   # it may go at any moment
            if "HID_PHYS=htt70a" in pathlib.Path(path).read_text(encoding="utf-8"):
                nodes.append(f"/dev/{path.split('/')[4]}")
    return nodes


def wait_for(condition, seconds=10):
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.05)
    return bool(condition())


def listen(folder):
    """A touchlog on the panel's native node, from the moment it listens and until the panel goes or arrived() ends it."""
    log = subprocess.Popen([TOUCHLOG, "--phys=htt70a", "--timeout=20000", f"--output={folder}/got"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "LISTENING" in log.stdout.readline()
    return log


def comparison(folder, sent):
    return subprocess.run([TOUCHLOG, f"--compare={folder}/{sent}", f"{folder}/got"], capture_output=True, text=True, check=False)


def arrived(log, folder, sent="sent"):
    """All that was sent has arrived, and a second later nothing else; ends the log, which has lost nothing."""
    wait_for(lambda: comparison(folder, sent).returncode == 0, 30)
    time.sleep(1)
    log.terminate()
    assert log.wait(30) == -signal.SIGTERM, log.stderr.read()
    assert "# the kernel dropped" not in pathlib.Path(f"{folder}/got").read_text(encoding="utf-8")
    done = comparison(folder, sent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unexpected=0 left_down=0" in done.stdout


def test_feature_reports(folder):
    with Panel(folder, "--no-reboot") as panel:
        for report, answer in ((2, "020a"), (4, "0403"), (7, "0700"), (8, "0800"), (9, "0905010000"), (10, "0aff00"), (15, "0f00"),
                               (16, "10ffffffff0000000000000000"), (18, "1200c800"), (26, "1a012c")):
            assert get(panel.node, report, len(answer) // 2).hex() == answer, report
        for report in (11, 12, 17, 19, 20, 99):
            assert fails(get, panel.node, report, 2), report
        for wrong in ([7, 2], [4, 1], [9, 0, 0, 0, 0], [99, 0], [10, 1], [15, 4], [20, 1, 0, 5, 11]):
            assert fails(feature_call, panel.node, 6, wrong), wrong
        for right in ([26, 0x12, 0x34], [7, 1], [11, 5], [12, 5], [17, 0], [20, 1, 0, 5, 2], [16] + list(range(12))):
            feature_call(panel.node, 6, right)
        assert get(panel.node, 26, 3).hex() == "1a1234"
        assert get(panel.node, 7, 2).hex() == "0701"
        assert get(panel.node, 16, 13) == bytes([16] + list(range(12)))


def reboot(node, report):
    """Sets a feature report and waits until the panel has gone; returns when it had."""
    feature_call(node, 6, report)
    assert wait_for(lambda: not ours()), "it did not vanish"
    return time.monotonic()


def answer_of_ours():
    """The answer of the panel that is there, or None; its node may come later than its folder in /sys."""
    with contextlib.suppress(OSError, IndexError):
        return get(ours()[0], 7, 2)
    return None


def back():
    """The panel's node as soon as it answers again."""
    assert wait_for(answer_of_ours, 30), "it did not come back"
    return ours()[0]


def test_sensitivity_reboots_the_panel(folder):
    with Panel(folder, "--driver=mxt", "--reboot-ms=5000") as panel:
        feature_call(panel.node, 6, [10, 77, 1])
        feature_call(panel.node, 6, [10, 88, 0])
        feature_call(panel.node, 6, [8, 2])
        went = reboot(panel.node, [7, 2])
        node = back()
        assert time.monotonic() - went > 1, "it came back too early"
        for report, answer in ((7, "0702"), (10, "0a4d00"), (8, "0802")):
            assert get(node, report, len(answer) // 2).hex() == answer, report
        assert panel.send("tap 0.5 0.5").stdout.startswith("ok")
        reboot(node, [19, 0])
        node = back()
        for report, answer in ((7, "0700"), (10, "0aff00"), (8, "0800")):
            assert get(node, report, len(answer) // 2).hex() == answer, report


def test_a_panel_may_stay_away_or_forget(folder):
    with Panel(folder, "--driver=mxt", "--forget-sensitivity", "--reboot-ms=2000") as panel:
        reboot(panel.node, [7, 2])
        assert get(back(), 7, 2).hex() == "0700"
    with Panel(folder, "--driver=mxt", "--no-return", "--reboot-ms=100") as panel:
        reboot(panel.node, [7, 1])
        assert not wait_for(ours, 2), "it came back"


def test_other_controllers_have_no_levels(folder):
    for number, name in ((0, "none"), (1, "resistive"), (4, "ft5xx"), (5, "ili25xx")):
        with Panel(folder, f"--driver={name}") as panel:
            assert get(panel.node, 4, 2) == bytes([4, number])
            for level in range(3):
                assert fails(feature_call, panel.node, 6, [7, level]), (name, level)


def test_sensitivity_decides_what_is_reported(folder):
    touches = [f"tap 0.{place} 0.5 {strength}" for place, strength in enumerate(("bare", "glove", "two-gloves", "water"), 2)]
    for level, felt in ((0, 1), (1, 2), (2, 4)):
        with Panel(folder, "--driver=mxt", "--no-reboot", "--variant=five") as panel:
            feature_call(panel.node, 6, [7, level])
            log = listen(folder)
            answers = [panel.send(touch).stdout for touch in touches]
            arrived(log, folder)
            assert ["frames=0 " not in answer for answer in answers] == [place < felt for place in range(4)], answers
            assert ["unfelt=0 " in answer for answer in answers] == [place < felt for place in range(4)], answers
            got = pathlib.Path(f"{folder}/got").read_text(encoding="utf-8")
            sent = pathlib.Path(f"{folder}/sent").read_text(encoding="utf-8")
            for place, strength in enumerate(("bare", "glove", "two-gloves", "water"), 2):
                at = f"0:{round(16383 * place / 10)},8192"
                assert (at in got) == (place - 2 < felt), (level, strength)
                assert (f"{at}:{strength}" in sent) == (place - 2 >= felt), (level, strength)


def test_a_slow_kernel_is_waited_for(folder):
    bus = pathlib.Path("/sys/bus/hid")
    (bus / "drivers_autoprobe").write_text("0", encoding="ascii")
    try:
        before = set(os.listdir(bus / "devices"))
        process = subprocess.Popen([PANEL, "tap 0.5 0.5"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert wait_for(lambda: set(os.listdir(bus / "devices")) - before)
        time.sleep(3)
        assert process.poll() is None, process.stdout.read()
        for device in set(os.listdir(bus / "devices")) - before:
            (bus / "drivers_probe").write_text(device, encoding="ascii")
        output = process.communicate(timeout=30)[0]
    finally:
        (bus / "drivers_autoprobe").write_text("1", encoding="ascii")
    assert process.returncode == 0 and output.startswith("READY"), output


def test_a_touch_that_is_felt_no_more_is_lifted(folder):
    with Panel(folder, "--driver=mxt", "--no-reboot") as panel:
        feature_call(panel.node, 6, [7, 2])
        log = listen(folder)
        panel.send("down 0 0.3 0.3 glove; down 1 0.6 0.6")
        feature_call(panel.node, 6, [7, 0])
        panel.send("down 1 0.7 0.6; wait 100; up 1")
        arrived(log, folder)


def test_a_recording_knows_the_strength(folder):
    record = f"{folder}/rec"
    with Panel(folder, "--driver=mxt", "--no-reboot", f"--record={record}") as panel:
        feature_call(panel.node, 6, [7, 2])
        panel.send("tap 0.2 0.2; tap 0.4 0.4 glove; tap 0.6 0.6")
    with Panel(folder, "--driver=mxt", "--no-reboot", f"--like={record}") as panel:
        normal = panel.send(f"replay {record}").stdout
        feature_call(panel.node, 6, [7, 1])
        high = panel.send(f"replay {record}").stdout
    assert "frames=32 reports=32 unfelt=16 " in normal, normal
    assert "frames=48 reports=48 unfelt=0 " in high, high


def test_every_variant_is_understood(folder):
    for variant in ("ten", "five", "serial", "mixed"):
        with Panel(folder, f"--variant={variant}") as panel:
            log = listen(folder)
            assert panel.send(GESTURES).stdout.startswith("ok frames="), variant
            arrived(log, folder)


def test_other_collections_make_no_touch(folder):
    with Panel(folder, "--variant=mixed") as panel:
        log = listen(folder)
        panel.send("down 0 .5 .5", "raw 05 01 05 05; raw 03 03 00 10 00 10; raw 03 00 00 10 00 10; raw 05 00 00 00", "lift")
        lines = [line for line in pathlib.Path(f"{folder}/sent").read_text(encoding="utf-8").splitlines() if line[0] == "F"]
        pathlib.Path(f"{folder}/fingers").write_text("\n".join(lines), encoding="utf-8")
        arrived(log, folder, "fingers")


def test_rotation_turns_the_reports(folder):
    with Panel(folder) as panel:
        feature_call(panel.node, 6, [8, 1])
        log = listen(folder)
        panel.send("tap 0.25 0")
        arrived(log, folder)
        assert ":16383,4096" in pathlib.Path(f"{folder}/got").read_text(encoding="utf-8")


def test_a_recording_is_replayed(folder):
    subprocess.run([PANEL, f"--record={folder}/rec", f"--log={folder}/original", "--variant=five", GESTURES], check=True,
                   stdout=subprocess.DEVNULL)
    with subprocess.Popen([PANEL, f"wait 10000; replay {folder}/rec; wait 120000"], stdout=subprocess.PIPE, text=True) as replay:
        assert "READY" in replay.stdout.readline()
        arrived(listen(folder), folder, "original")
        replay.terminate()
        assert replay.wait(60) == 0


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
    for words in (["jump"], ["tap 2 2"], [f"replay {bad}"], [f"--like={folder}/nothing"], ["--variant=eleven"], ["--driver=mtx"],
                  ["--reboot-ms=never"], ["tap 0.5 0.5 mitten"],
                  ["--script=/nonexistent"], [f"--send={folder}/nobody", "ten"], ["--log=/nonexistent/x", "ten"]):
        done = subprocess.run([PANEL, *words], capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode not in (0, None) and done.returncode > 0, words
        assert done.stderr.startswith("htt70a: ") and len(done.stderr.splitlines()) <= 2, done.stderr
    with Panel(folder) as panel:
        assert panel.send("ten; jump").returncode == 1
        assert panel.send(f"replay {bad}").returncode == 1
        assert panel.send("tap 0 0").returncode == 0


def main():
    # A panel does not wait for who reads: where all take turns on one CPU, readers first, nothing overtakes them
    os.sched_setaffinity(0, {0})
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
