"""What a start costs in CPU time: help, the version, shell completion, and a proxy until it answers.

    python benchmarks/start.py [--rounds 5]

Each is started in turn, round after round, and the least of its rounds counts: the first ones fill caches and make a
certificate. CPU times depend on the machine, so beside each stands its ratio to `python -c "import typer"` of the same
run; the proxy's stands beside that of a bare mitmdump which only says its version, too.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from latency_rig import ROOT, free_port

UNIT = "import typer"
PENSTOCK = [sys.executable, "-P", "-m", "penstock"]
MITMDUMP = [sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()"]
COMPLETION = {"_PENSTOCK_COMPLETE": "complete_bash", "COMP_WORDS": "penstock ", "COMP_CWORD": "1"}
UP_S = 60.0
"""How long a proxy may take to answer."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "HOME": folder, "PENSTOCK_HOME": folder}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed Penstock is compiled
        least: dict[str, float] = {}
        for _ in range(rounds):
            for name, cpu in one_round(environ):
                least[name] = min(cpu, least.get(name, cpu))
    print(f"{'':<36}   CPU s   of `{UNIT}`")
    for name, cpu in least.items():
        print(f"{name:<36} {cpu:7.2f} {cpu / least[UNIT]:8.2f}")


def one_round(environ: Mapping[str, str]) -> list[tuple[str, float]]:
    """The CPU seconds of each start, by its name."""
    return [
        (UNIT, cpu_of([sys.executable, "-P", "-c", UNIT], environ)),
        ("penstock --version", cpu_of([*PENSTOCK, "--version"], environ)),
        ("penstock --help", cpu_of([*PENSTOCK, "--help"], environ)),
        ("penstock <TAB>", cpu_of(PENSTOCK, {**environ, **COMPLETION})),
        ("mitmdump --version", cpu_of([*MITMDUMP, "--version"], environ)),
        ("mitmdump until it answers", cpu_until_up([], environ)),
        ("mitmdump -s addons/context.py", cpu_until_up(["-s", str(ROOT / "addons" / "context.py")], environ)),
    ]


def cpu_of(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """CPU seconds of a command that ends by itself. Raises `CalledProcessError` when it fails."""
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        return ended(process)


def cpu_until_up(arguments: Sequence[str], environ: Mapping[str, str]) -> float:
    """CPU seconds of a mitmdump until it has answered a request; it is killed then. Raises `TimeoutError`."""
    port = free_port()
    command = [*MITMDUMP, "--quiet", "--listen-host", "127.0.0.1", "--listen-port", str(port), *arguments]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until_up(port)
        finally:
            process.kill()
            used = ended(process, killed=True)
    return used


def ended(process: subprocess.Popen[bytes], *, killed: bool = False) -> float:
    """CPU seconds of a process, once it has ended. Raises `CalledProcessError` when it failed, unless it was killed."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not killed:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return usage.ru_utime + usage.ru_stime


def wait_until_up(port: int) -> None:
    """Ask for what no proxy finds, until there is an answer. Raises `TimeoutError`."""
    by = time.monotonic() + UP_S
    while time.monotonic() < by:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=UP_S) as asking:
                asking.sendall(b"GET http://127.0.0.1:9/ HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n")
                if asking.recv(1):
                    return
        except ConnectionError:
            time.sleep(0.02)
    raise TimeoutError("the proxy did not answer")


if __name__ == "__main__":
    main()
