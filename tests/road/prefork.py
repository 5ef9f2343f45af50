"""`Forked`: runs a program in a process that is forked from one which has already imported mitmproxy and Penstock:
importing is two thirds of a start."""

from __future__ import annotations

import atexit
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TextIO

__all__ = ["Forked"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "mitmproxy.tools.main",
        "mitmproxy.tools.dump",
        "penstock.cli",
        "penstock_addons.cli.up",
        "penstock_addons.plugin",
        "penstock_addons.addons",
        *(f"penstock_plugins.{stage}.stage" for stage in ("memory", "trim", "compaction", "pruning", "keepalive")),
    ]
)
_INHERITED: Mapping[signal.Signals, Any] = {signal.SIGHUP: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
"""What the tests' process ignores of these, one that it starts ignores, too."""


class Forked:
    """As much of `subprocess.Popen` as the tests need. Its stdin is empty."""

    def __init__(
        self, program: str, command: Sequence[str], environment: Mapping[str, str], *, errors_apart: bool = False
    ) -> None:
        """`program`: module and function, with `command` as its `sys.argv`. Errors go to `stdout`, too, unless
        `errors_apart`."""
        pipes = [_CONTEXT.Pipe(duplex=False) for _ in range(2 if errors_apart else 1)]
        ignored = [number for number in _INHERITED if signal.getsignal(number) is signal.SIG_IGN]
        outputs = [writer for _, writer in pipes]
        # Daemonic: whatever a test forgets ends with the tests.
        self._process = _CONTEXT.Process(
            target=_run,
            args=(program, list(command), dict(environment), str(Path.cwd()), ignored, outputs),
            daemon=True,
        )
        self._process.start()
        streams = []
        for reader, writer in pipes:
            writer.close()
            streams.append(os.fdopen(os.dup(reader.fileno()), "r", errors="replace"))
            reader.close()
        self.stdout: TextIO = streams[0]
        self.stderr: TextIO = streams[-1]
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(
    program: str,
    command: list[str],
    environment: dict[str, str],
    folder: str,
    ignored: list[signal.Signals],
    outputs: list[Connection],
) -> None:
    """`program`, as a new interpreter would run it."""
    os.setsid()
    for number, default in _INHERITED.items():
        signal.signal(number, signal.SIG_IGN if number in ignored else default)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream, output in ((1, outputs[0]), (2, outputs[-1])):
        os.dup2(output.fileno(), stream)
    for output in outputs:
        output.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - until the process ends
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = command
    module, _, function = program.partition(":")
    try:
        sys.exit(getattr(importlib.import_module(module), function)())
    finally:
        atexit._run_exitfuncs()
