"""`run`: runs one file of code in the sandbox (`Program`) and waits for it; gives the `Outcome`. A run that takes too
long, holds too much memory or disk, or writes more than 5 MB of output is ended, with every process that it started.
Raises `SandboxFault` if the sandbox does not start, or if processes of a run that was ended remain."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from penstock_plugins.sandbox.bubblewrap import CODE, Mounts, command, limited, memory_file, run_as, why_unusable
from penstock_plugins.sandbox.runtimes import Runtime
from penstock_plugins.sandbox.seccomp import filter_program
from penstock_plugins.sandbox.settings import Settings

__all__ = ["OUTPUT", "Outcome", "Program", "SandboxFault", "run"]

OUTPUT = 5_000_000
"""Bytes of output that are kept of a run; one that writes more is ended."""
_LOOK_S = 0.05
"""Seconds between two looks at what the processes hold. Disk is looked at each tenth time."""
_END_S = 5.0
"""Seconds that the kernel may take to end the processes of a run."""
_FILES = 10_000
"""Files in a working directory on disk, at the most."""
_MB = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_NOTHING = "Nothing was run"
_BEGUN = b"\0penstock-sandbox\0"
"""Written before the code starts: what comes without it is an error of bubblewrap's."""


class SandboxFault(Exception):
    """The sandbox did not start, or processes of a run remain that it has ended. Nothing was run outside it."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    output: str
    """Standard output and standard error, as they came."""
    seconds: float
    exit_code: int | None
    """None: it was ended."""
    ended: str = ""
    """Why it was ended. Empty: it came to its end by itself."""


@dataclass(frozen=True)
class Program:
    """What is to be run."""

    runtime: Runtime
    path: str
    code: str
    stdin: str = ""
    work: str = ""
    """The folder that is its working directory; empty for one in memory."""


def run(program: Program, settings: Settings, environment: Mapping[str, str] | None = None) -> Outcome:
    """Run `program` and wait until it has ended. `environment`: where the allowed variables are looked up; None: those
    of this process. Raises `SandboxFault`."""
    why = why_unusable()
    if why:
        raise SandboxFault(f"{why}. {_NOTHING}")
    passed = {name: value for name, value in (environment or os.environ).items() if name in settings.environment}
    with ExitStack() as files:
        code, given, calls = (
            files.enter_context(memory_file(data))
            for data in (_bytes(program.code), _bytes(program.stdin), filter_program() or b"")
        )
        mounts = Mounts(code, program.runtime.file, calls, program.work, settings.folders, settings.disk_mb)
        file = f"{CODE}/{program.runtime.file}"
        inner = limited(
            program.runtime.command(program.path, file, settings.memory_mb),
            memory_mb=settings.memory_mb if program.runtime.limits_address_space else None,
            processes=settings.processes,
            disk_mb=settings.disk_mb,
            cpu_s=int(settings.wall_s) + 1,
        )
        # The mark is written inside, by a shell that then becomes the program: all that comes after it is its output.
        mark = ["/bin/sh", "-c", f"printf '{_octal(_BEGUN)}'; exec \"$@\"", "sh"]
        started = time.monotonic()
        try:
            process = subprocess.Popen(
                [*command(mounts, passed), *mark, *inner],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(code, calls),
                env={},
                cwd="/",
                **run_as(),
            )
        except OSError as e:
            raise SandboxFault(f"bubblewrap does not start: {e}. {_NOTHING}") from e
    with process:
        try:
            output, ended = _watched(process, started, program.work, settings)
        finally:
            process.kill()  # the others end with it: `--die-with-parent`, and their namespace ends
    if not output.startswith(_BEGUN):
        said = output.decode(errors="replace").strip()[:300]
        raise SandboxFault(f"bubblewrap does not start: {said}. {_NOTHING}")
    text = output.removeprefix(_BEGUN).decode("utf-8", "replace")
    exit_code = None if ended else process.returncode
    return Outcome(text, time.monotonic() - started, exit_code, ended)


def _watched(process: subprocess.Popen[bytes], started: float, work: str, settings: Settings) -> tuple[bytes, str]:
    """The output, and why the run was ended; empty if it was not."""
    assert process.stdout is not None
    stream = process.stdout.fileno()
    os.set_blocking(stream, False)
    parts: list[bytes] = []
    size, looks, ended, looked = 0, 0, "", started
    until = started + settings.wall_s
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if selector.select(_LOOK_S):
                part = os.read(stream, 1 << 16)
                if not part:
                    return b"".join(parts), ended  # every process has ended
                parts.append(part[: max(0, OUTPUT + len(_BEGUN) - size)])
                size += len(part)
            now = time.monotonic()
            if ended:
                if now > until:
                    raise SandboxFault("processes of a run that was ended are still there")
                continue
            if size > OUTPUT + len(_BEGUN):
                ended = f"its output is longer than {OUTPUT // 1_000_000} MB"
            elif now > until:
                ended = f"it took longer than {settings.wall_s:g} s"
            elif now - looked >= _LOOK_S:
                looked, looks = now, looks + 1
                ended = _held(process.pid, settings) or (_written(work, settings) if looks % 10 == 0 else "")
            if ended:
                process.kill()
                until = now + _END_S


def _held(pid: int, settings: Settings) -> str:
    """Why a run holds too much memory; empty if it does not."""
    pages = sum(_resident(one) for one in _tree(pid))
    if pages * _PAGE > settings.memory_mb * _MB:
        return f"its processes hold more than {settings.memory_mb} MB"
    return ""


def _tree(pid: int) -> list[int]:
    """The processes below `pid`, itself left out."""
    found, looked = [], [pid]
    while looked:
        one = looked.pop()
        try:
            threads = [path.name for path in Path(f"/proc/{one}/task").iterdir()]
            below = [
                int(child) for t in threads for child in Path(f"/proc/{one}/task/{t}/children").read_text().split()
            ]
        except OSError:  # it has ended
            continue
        found += below
        looked += below
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it has ended
        return 0


def _written(work: str, settings: Settings) -> str:
    """Why a working directory on disk has become too large; empty if it has not."""
    size = files = 0
    folders = [work] if work else []
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:  # deleted meanwhile
            continue
        if files > _FILES:
            return f"its working directory has more than {_FILES:,} files"
        if size > settings.disk_mb * _MB:
            return f"its working directory has more than {settings.disk_mb} MB"
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)
