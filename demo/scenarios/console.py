# SPDX-License-Identifier: MIT
"""A login, a log and a pipe for data: the ports of a virtio console."""

from demolib import device, diagram
from demolib.device import last_line, wait_for
from demolib.steps import Step, require

TITLE = "Console ports"
INTRO = ("vhost-user-console serves ports with different things at their ends: a pseudo terminal, a file, a socket. virtio-loopback makes "
         "a virtio device of them, and the kernel's own virtio_console driver terminals and pipes. Somebody logs in through the "
         "terminal and changes the window's size; a console is written to that nobody reads; data goes through a pipe in both directions "
         "at once; ports come and go meanwhile. What is claimed of one end is looked at from the other.")
DIAGRAM_TITLE = "The way of a key"

RUN = "/run/virtio-loopback-demo"
SOCKET = f"{RUN}/console.sock"
BYTES = 1 << 20
LINES = 10000
USER = "visitor"
HVC = "hvc0"  # there are nodes for eight consoles, and only this one is alive

BOXES = (
    ("who types", "at the terminal TTY", 20, 20),
    ("pty, socket, file", "kernel", 20, 110),
    ("vhost-user-console", "daemon", 20, 200),
    ("virtio_loopback.ko", "kernel: pool, rings", 330, 200),
    ("virtio_console", "stock driver, hvc, vport", 330, 110),
    ("agetty, login, sh", "at the driver's end", 330, 20),
    ("virtio-loopback-adapter", "control only", 175, 300),
)
DIAGRAM = diagram.draw(BOXES, 580, "From a terminal to a login")


def load_module(ctx):
    return device.load_module(ctx, "virtio_console")


def start_daemon(ctx):
    target = ctx.target
    target.must(f"mkdir -p {RUN} && : >{RUN}/ports")
    seen = device.start_daemon(
        ctx, "vhost-user-console", SOCKET, f"--config={RUN}/ports", f"--port=name=login,backend=pty,path={RUN}/tty,size=100x30",
        f"--port=name=data,backend=unix,path={RUN}/data", f"--port=name=log,backend=file,path={RUN}/log.txt,timestamps")
    name = target.must(f"readlink {RUN}/tty").strip()
    return f"{seen}; the terminal is {name}"


def start_adapter(ctx):
    device.start_adapter(ctx, "console", SOCKET, lambda: node(ctx, "data") and node(ctx, "log") and has_console(ctx),
                         "a console and the ports data and log of virtio_console")
    # The driver sets the size a moment after the terminal was opened, and forgets it when it is closed.
    size = ctx.target.must("for i in $(seq 100); do size=$(stty size); test \"$size\" = '0 0' || break; sleep 0.1; done "
                       f"</dev/{HVC}; echo $size").strip()
    require(size == "30 100", f"the window of {HVC} has {size} rows and columns")
    return f"virtio_console made {HVC}, whose window has 100 columns and 30 rows, and the ports {node(ctx, 'data')} and {node(ctx, 'log')}"


def login(ctx):
    target = ctx.target
    target.must(f"useradd -m -s /bin/sh {USER} && echo {USER}:secret | chpasswd")
    target.launch("getty", ["agetty", "--noclear", HVC, "linux"])
    said = talk(ctx, "=login: ", f"+{USER}\\r", "=assword: ", "+secret\\r", "=$ ", "+whoami; tty\\r", f"=/dev/{HVC}", "=$ ")
    require(f"\n{USER}" in said.replace("\r", ""), f"whoami did not say {USER}: {last_line(said)}")
    return f"{USER} is logged in, at {HVC}"


def window(ctx):
    talk(ctx, "@132x50", '+until [ "$(stty size)" = "50 132" ]; do sleep 0.2; done; echo wi""de\\r', "=wide", "=$ ")
    return "the terminal's window became 132 x 50, and so did the login's"


def interrupt(ctx):
    # Not before cat has answered: until it has the terminal, the key reaches only the shell that starts it, which then waits for cat's end
    talk(ctx, "+cat\\r", "+meow\\r", "=meow", "=meow", "+\\x03", "=^C", "=$ ")
    return "Ctrl-C ended the program that the login ran, and not the daemon"


def nobody_reads(ctx):
    target = ctx.target
    target.must(f"seq {LINES} >/dev/{HVC}", 60)
    talk(ctx, f"={LINES - 1}\\r\\n{LINES}\\r\\n")
    return f"{LINES} lines were written while nobody read; who comes then finds the last ones"


def data(ctx):
    both_ways(ctx)
    return f"{BYTES} random bytes in each direction at the same time, both unchanged"


def log(ctx):
    target = ctx.target
    target.must(f"echo 'engine started' >{node(ctx, 'log')}")
    line = wait_for(lambda: target.shell(f"grep engine {RUN}/log.txt").out.strip(), 30)
    require(line and line.endswith("Z engine started"), f"the log says '{line}'")
    return f"'{line}'"


def come_and_go(ctx):
    """A port more under traffic, and one less."""
    start_traffic(ctx)
    config(ctx, f"name=guest,backend=unix,path={RUN}/guest")
    require(wait_for(lambda: node(ctx, "guest"), 20), "the new port did not come")
    config(ctx, "")
    require(wait_for(lambda: not node(ctx, "guest"), 20), "the port did not go")
    finish_traffic(ctx)
    return "the port guest came and went; the traffic of data is complete"


def clean_end(ctx):
    target = ctx.target
    device.end_programs(ctx)
    require(wait_for(lambda: not has_console(ctx), 30), f"{HVC} is still there")
    target.end("getty")
    require(target.shell(f"test -L {RUN}/tty").status != 0, "the link to the terminal is still there")
    device.unload(ctx)
    return "adapter and daemon end on SIGTERM, the ports go, the module unloads, the kernel log is clean"


def steps():
    """The scenario, in order."""
    return [
        Step("the module", "virtio_loopback.ko loads", load_module, essential=True),
        Step("the daemon", "vhost-user-console makes a terminal, a socket and a file", start_daemon, essential=True),
        Step("the adapter", "the stock virtio_console driver binds", start_adapter, essential=True),
        Step("a login", "through the terminal, with name and password", login, essential=True),
        Step("the window", "another size is known at the other end", window),
        Step("a key", "Ctrl-C interrupts what runs at the other end", interrupt),
        Step("nobody reads", "a console goes on all the same, and keeps the newest", nobody_reads),
        Step("data", "a pipe in both directions at once loses nothing", data),
        Step("a log", "each line has its time", log),
        Step("ports come and go", "while another one is busy", come_and_go),
        Step("the end", "everything ends cleanly", clean_end),
    ]


def config(ctx, line):
    """The ports of the file, from now on."""
    ctx.target.must(f"echo '{line}' >{RUN}/ports && kill -HUP $(cat {RUN}/daemon.pid)")


def node(ctx, name):
    """The device node of the port of that name, or nothing."""
    out = ctx.target.shell(f"grep -lsx {name} /sys/class/virtio-ports/*/name").out.strip()
    return f"/dev/{out.split('/')[-2]}" if out else ""


def driver_knows(ctx, name, connected):
    """Does the driver know that nobody (0), or somebody (1), is at the other end of that port?"""
    port = node(ctx, name).rpartition("/")[2]
    return ctx.target.shell(f"grep -q '^host_connected: {connected}$' /sys/kernel/debug/virtio-ports/{port}").status == 0


def has_console(ctx):
    return ctx.target.shell(f"stty -F /dev/{HVC}").status == 0


def peer(ctx):
    return ctx.target.program("demo/dummy/console-peer")


def talk(ctx, *words):
    """Type and read at the terminal; what was read."""
    result = ctx.target.execute([peer(ctx), "talk", f"{RUN}/tty", *words], 90)
    require(result.status == 0, f"at the terminal: {result.words()}")
    return result.out


def start_traffic(ctx):
    target = ctx.target
    target.must(f"cd {RUN} && head -c {BYTES} /dev/urandom >up && head -c {BYTES} /dev/urandom >down")
    # A read of a port at whose other end nobody is ends at once
    require(wait_for(lambda: driver_knows(ctx, "data", 0), 30), "the driver does not know that nobody is at the other end of data")
    target.launch("far", [peer(ctx), "pump", f"{RUN}/data", f"{RUN}/down", f"{RUN}/up"])
    require(wait_for(lambda: driver_knows(ctx, "data", 1), 60), "the driver does not know that somebody is at the other end of data")
    target.launch("near", [peer(ctx), "pump", node(ctx, "data"), f"{RUN}/up", f"{RUN}/down"])


def finish_traffic(ctx):
    target = ctx.target
    require(wait_for(lambda: not target.running("far") and not target.running("near"), 60), "the traffic does not end")
    for end in ("near", "far"):
        said = last_line(target.log(end))
        require(said.startswith(f"all {BYTES} bytes"), f"what came to the {end} end: {said}")


def both_ways(ctx):
    start_traffic(ctx)
    finish_traffic(ctx)
