"""`filter_program`: a filter of system calls for bubblewrap's `--seccomp`. It refuses those by which a process gets
memory that is counted nowhere else (`memfd_create`, `memfd_secret`, `shmget`), and `io_uring_setup`, which goes around
such filters. None: there is no filter for this kind of processor."""

from __future__ import annotations

import errno
import platform
import struct

__all__ = ["filter_program"]

_REFUSED = {
    # By machine: its AUDIT_ARCH (linux/audit.h), and the numbers of the calls, in the order above.
    "x86_64": (0xC000003E, (319, 447, 29, 425)),
    "aarch64": (0xC00000B7, (279, 447, 194, 425)),
}
_X32 = 0x40000000
"""Bit of the numbers of x86-64's second set of calls, all of which are refused."""
_LOAD, _IS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
"""Values to return, of linux/seccomp.h."""


def filter_program(machine: str = "") -> bytes | None:
    """The filter as an array of `struct sock_filter` (linux/filter.h)."""
    known = _REFUSED.get(machine or platform.machine())
    if known is None:
        return None
    arch, calls = known
    # A jump skips so many instructions if its condition holds (the second number), and so many if not.
    program = [(_LOAD, 0, 0, 4), (_IS, 1, 0, arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    program += [(_AT_LEAST, len(calls) + 1, 0, _X32)]
    program += [(_IS, len(calls) - n, 0, call) for n, call in enumerate(calls)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
