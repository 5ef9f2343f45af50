"""`why_unusable`: why there can be no sandbox on this machine, found by starting one. `command`: the command line of
bubblewrap for one run with its `Mounts`; `limited`: a command under limits; `run_as`: has root start it as `nobody`;
`memory_file`: a file in memory, for the code."""

from __future__ import annotations

import os
import platform
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from penstock_plugins.sandbox.seccomp import filter_program

__all__ = ["CODE", "WORK", "Mounts", "command", "limited", "memory_file", "run_as", "why_unusable"]

CODE, WORK = "/code", "/work"
"""Where the file with the code and the working directory are, inside."""
_PRLIMIT = "/usr/bin/prlimit"
_NOBODY = 65534
_ROOT_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/R", "/etc/php")
"""What programs of `/usr` need to start. Nothing of it is secret."""
_MB = 1 << 20


@dataclass(frozen=True)
class Mounts:
    """What a run sees of this machine besides programs."""

    code_fd: int
    """The open file with the code; it is copied."""
    code_name: str
    filter_fd: int
    """The open file with the filter of system calls."""
    work: str = ""
    """The folder that is the working directory. Empty: one in memory."""
    read: Sequence[str] = ()
    disk_mb: int = 64


def command(mounts: Mounts, environment: Mapping[str, str]) -> list[str]:
    """bubblewrap and its options, to be followed by the command to run. New namespaces of every kind, so that there is
    no network, no other process and no host name; no capabilities; no terminal to type into (`--new-session`); a root
    that cannot be written to; the end of whoever started it is the end of it."""
    disk = str(mounts.disk_mb * _MB)
    options = [
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ]
    options += ["--uid", str(_NOBODY), "--gid", str(_NOBODY), "--hostname", "sandbox", "--cap-drop", "ALL"]
    options += ["--seccomp", str(mounts.filter_fd), "--ro-bind", "/usr", "/usr", *_links()]
    for path in (*_ETC, *_java()):
        options += ["--ro-bind-try", path, path]
    options += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    options += ["--size", str(_MB), "--tmpfs", "/dev/shm", "--size", disk, "--tmpfs", "/tmp"]
    options += ["--bind", mounts.work, WORK] if mounts.work else ["--size", disk, "--tmpfs", WORK]
    for folder in mounts.read:
        options += ["--ro-bind", folder, folder]
    options += ["--ro-bind-data", str(mounts.code_fd), f"{CODE}/{mounts.code_name}"]
    for name, value in {**environment, **_ENVIRONMENT}.items():
        options += ["--setenv", name, value]
    return [_program(), *options, "--remount-ro", "/", "--chdir", WORK, "--"]


def limited(program: Sequence[str], *, memory_mb: int | None, processes: int, disk_mb: int, cpu_s: int) -> list[str]:
    """`program` under limits of the kernel's, which hold for each of its processes; that of `processes` counts all of
    the sandbox, since that has a user namespace of its own."""
    limits = [f"--nproc={processes}", f"--fsize={disk_mb * _MB}", "--core=0", f"--cpu={cpu_s}", "--nofile=1024"]
    if memory_mb is not None:
        limits.append(f"--as={memory_mb * _MB}")
    return [_PRLIMIT, *limits, "--", *program]


@contextmanager
def memory_file(data: bytes) -> Iterator[int]:
    """A file in memory with `data`, open at its beginning for the block."""
    with os.fdopen(os.memfd_create("sandbox"), "w+b") as file:
        file.write(data)
        file.seek(0)
        yield file.fileno()


def run_as() -> dict[str, Any]:
    """Arguments for `Popen`: root starts the sandbox as `nobody`, since the kernel sets root no limit of processes."""
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": ()}


@cache
def why_unusable() -> str:
    """Why code cannot be run in a sandbox here, with what to do about it. Empty: it can. Looked up once."""
    if not sys.platform.startswith("linux"):
        return f"bubblewrap is for Linux, and this is {sys.platform}"
    if not _program():
        return "bubblewrap is not installed: `apt install bubblewrap`, or the like"
    if filter_program() is None:
        return f"there is no filter of system calls for {platform.machine()}, only for x86_64 and aarch64"
    if not Path(_PRLIMIT).exists():
        return f"{_PRLIMIT} is missing: it comes with util-linux"
    try:
        if os.geteuid() == 0:
            pwd.getpwuid(_NOBODY)
        with memory_file(b"") as code, memory_file(filter_program() or b"") as calls:
            line = command(Mounts(code, "none", calls), {})
            tried = subprocess.run(
                [*line, *limited(["/usr/bin/true"], memory_mb=64, processes=64, disk_mb=1, cpu_s=5)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=20,
                pass_fds=(code, calls),
                env={},
                **run_as(),
            )
    except (OSError, KeyError, subprocess.SubprocessError) as e:
        return f"bubblewrap does not start: {e}"
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip()[:300]
        return (
            f"bubblewrap does not start: {said or f'it ended with {tried.returncode}'}. It needs user namespaces, "
            "which this kernel, or the container this runs in, may forbid"
        )
    return ""


_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin", "HOME": WORK, "TMPDIR": "/tmp", "LANG": "C.UTF-8"}


@cache
def _program() -> str:
    return shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin") or ""


def _links() -> Iterable[str]:
    """The links of the root folder into `/usr`, or the folders themselves where a system has no such links."""
    for name in _ROOT_LINKS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", f"usr/{name}", f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", f"/{name}", f"/{name}")


def _java() -> list[str]:
    """Debian keeps the settings of the JVM there."""
    return [str(path) for path in sorted(Path("/etc").glob("java*"))]
