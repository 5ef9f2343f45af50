"""`RUNTIMES`: how a file of code is run in each of eleven languages (`Runtime`); `find_runtimes`: the programs of those
that this machine has. Only programs below `/usr` are found: no other folder is shown in the sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["RUNTIMES", "Runtime", "find_runtimes"]

_PATH = "/usr/local/bin:/usr/bin"


@dataclass(frozen=True)
class Runtime:
    """One language."""

    name: str
    programs: tuple[str, ...]
    """The names of the program, the first that is found is used."""
    file: str
    """What the file with the code is called."""
    arguments: tuple[str, ...] = ()
    """Before the file. `{memory}` stands for the limit of memory in MB."""
    limits_address_space: bool = True
    """Whether it starts under a limit of its address space. Engines that reserve far more than they use (V8, the JVM,
    Go) do not: they get their own option, and the sum of what the processes really hold is watched for all."""

    def command(self, program: str, file: str, memory_mb: int) -> list[str]:
        """The command that runs `file` with `program`."""
        return [program, *(part.replace("{memory}", str(memory_mb)) for part in self.arguments), file]


RUNTIMES: Mapping[str, Runtime] = {
    one.name: one
    for one in (
        Runtime("bash", ("bash",), "main.sh", ("--noprofile", "--norc")),
        Runtime("python", ("python3", "python"), "main.py", ("-B",)),
        Runtime("javascript", ("node",), "main.mjs", ("--max-old-space-size={memory}",), False),
        Runtime(
            "typescript",
            ("deno",),
            "main.ts",
            ("run", "--no-prompt", "--v8-flags=--max-old-space-size={memory}"),
            False,
        ),
        Runtime("perl", ("perl",), "main.pl"),
        Runtime("ruby", ("ruby",), "main.rb"),
        Runtime("php", ("php",), "main.php"),
        Runtime("lua", ("lua", "lua5.4", "lua5.3"), "main.lua"),
        Runtime("r", ("Rscript",), "main.R", ("--vanilla",)),
        Runtime("go", ("go",), "main.go", ("run",), False),
        Runtime("java", ("java",), "Main.java", ("-Xmx{memory}m", "-XX:+UseSerialGC"), False),
    )
}
"""The known runtimes by name."""


def find_runtimes(path: str = _PATH) -> dict[str, str]:
    """The program of each runtime that is installed, by the runtime's name, links resolved."""
    found = {}
    for runtime in RUNTIMES.values():
        for name in runtime.programs:
            program = shutil.which(name, path=path)
            # Debian's /usr/bin/java is a link by way of /etc, which the sandbox does not have.
            real = os.path.realpath(program) if program else ""
            if real.startswith("/usr/"):
                found[runtime.name] = real
                break
    return found
