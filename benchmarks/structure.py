"""How the code is laid out: for each package its lines, the entries on its top level, the imports between them, and
import cycles.

    python benchmarks/structure.py [--edges]

An entry is a file or folder directly in a package. Imports inside functions and those for types alone count as well:
they are what a reader follows.
"""

from __future__ import annotations

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "penstock": "core",
    "penstock_addons": "addons",
    "penstock_plugins": "plugins",
    "penstock_tui": "tui",
    "penstock_profiles": "profiles",
}
FRONT = "(front page)"
"""A package's own `__init__.py`."""
Edges = Mapping[tuple[str, str], set[tuple[str, str]]]


def modules(package: str) -> dict[str, Path]:
    """Every module of `package` by its dotted name."""
    root = ROOT / PACKAGES[package]
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules among `known` that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for name in node.names:
                target = f"{node.module}.{name.name}"
                if target in known or node.module in known:
                    yield target if target in known else node.module


def edges(known: Mapping[str, Path]) -> Edges:
    """The imports that cross from one entry to another, by the pair of entries."""
    out = defaultdict(set)
    for module, path in known.items():
        for target in imported(path, known):
            pair = entry(module), entry(target)
            if pair[0] != pair[1]:
                out[pair].add((module, target))
    return out


def entry(module: str) -> str:
    """The entry (a file or folder directly in its package) that a module is in."""
    return module.split(".")[1] if "." in module else FRONT


def circles(found: Edges) -> list[list[str]]:
    """The groups of entries that import each other, directly or by way of others."""
    reach: dict[str, set[str]] = defaultdict(set)
    for a, b in found:
        reach[a].add(b)
    grows = True
    while grows:
        grows = False
        for seen in list(reach.values()):
            more = set().union(*(reach.get(one, set()) for one in seen)) - seen
            grows = grows or bool(more)
            seen |= more
    groups = {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in reach if a in reach[a]}
    return sorted(sorted(group) for group in groups)


def lines_of(known: Mapping[str, Path]) -> int:
    """The number of lines of all modules."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in known.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", action="store_true", help="list the imports between entries")
    shows = parser.parse_args().edges
    print(f"{'package':18} {'files':>5} {'lines':>6} {'entries':>7} {'edges':>5} {'imports':>7}  circles")
    for package in PACKAGES:
        known = modules(package)
        found = edges(known)
        names = {entry(module) for module in known} - {FRONT}
        crossing = sum(len(one) for one in found.values())
        rounds = "; ".join(" ".join(group) for group in circles(found)) or "none"
        print(f"{package:18} {len(known):5} {lines_of(known):6} {len(names):7} {len(found):5} {crossing:7}  {rounds}")
        for (a, b), pairs in sorted(found.items()) if shows else ():
            print(f"    {a} -> {b}: {', '.join(sorted(f'{x} -> {y}' for x, y in pairs)[:4])}")


if __name__ == "__main__":
    main()
