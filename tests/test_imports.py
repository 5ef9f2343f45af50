"""Who imports what, in a fresh interpreter: nobody pays for a room they do not enter."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import penstock

WIRE = {"mitmproxy"}
SCREEN = {"textual"}
VECTORS = {"chromadb"}
SERVER = {"fastapi", "uvicorn"}
STORE = {"sqlalchemy", "alembic"}
TESTS = {"pytest", "hypothesis"}
ROOMS = {"penstock_addons", "penstock_plugins", "penstock_tui"}

FORBIDDEN = {
    "penstock": WIRE | SCREEN | VECTORS | SERVER | STORE | TESTS | ROOMS | {"typer"},
    "penstock.engine.engine": WIRE | SCREEN | VECTORS | SERVER | STORE | TESTS | ROOMS,
    "penstock.app": WIRE | SCREEN | VECTORS | SERVER | TESTS | ROOMS,
    "penstock.memory": WIRE | SCREEN | VECTORS | SERVER | TESTS | ROOMS,
    "penstock.testing": WIRE | SCREEN | VECTORS | SERVER | STORE | TESTS | ROOMS,
    "penstock.cli": WIRE | SCREEN | VECTORS | SERVER | TESTS | ROOMS,
    "penstock_plugins.envelope": WIRE | SCREEN | VECTORS | SERVER | STORE | TESTS | {"penstock_addons", "penstock_tui"},
    "penstock_profiles": WIRE | SCREEN | VECTORS | SERVER | STORE | TESTS | ROOMS,
    "penstock_addons": SCREEN | VECTORS | SERVER | TESTS | {"penstock_plugins", "penstock_tui"},
    "penstock_addons.plugin": WIRE | SCREEN | VECTORS | SERVER | TESTS | {"penstock_plugins", "penstock_tui"},
    "penstock_tui.app": WIRE | VECTORS | SERVER | TESTS | {"penstock_addons", "penstock_plugins"},
    "penstock_tui.plugin": WIRE | SCREEN | VECTORS | SERVER | TESTS | {"penstock_addons", "penstock_plugins"},
}


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_room_imports_nothing_of_another(module: str) -> None:
    """Neither directly nor by way of something else."""
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not FORBIDDEN[module] & set(done.stdout.split())


def test_the_front_page_holds_what_it_says() -> None:
    """`__all__` is what is there, in order, and every name can be used."""
    public = [name for name in vars(penstock) if not name.startswith("_")]
    modules = {info.name for info in pkgutil.iter_modules(penstock.__path__)}
    assert penstock.__all__ == sorted(penstock.__all__)
    assert set(public) - modules - {"annotations"} == set(penstock.__all__)
    assert all(getattr(penstock, name) is not None for name in penstock.__all__)


def modules() -> list[str]:
    found = []
    for room in ("penstock", "penstock_addons", "penstock_plugins", "penstock_tui", "penstock_profiles"):
        package = importlib.import_module(room)
        found.append(room)
        found += [info.name for info in pkgutil.walk_packages(package.__path__, f"{room}.")]
    return [name for name in found if ".migrations" not in name and not name.endswith("__main__")]


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_gives(name: str) -> None:
    """A docstring; and where there is `__all__`, every name in it is there."""
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip()
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public)


def test_the_kit_holds_what_it_says() -> None:
    """`penstock.testing` is a front page too."""
    kit = importlib.import_module("penstock.testing")
    public = {name for name in vars(kit) if not name.startswith("_")}
    parts = {info.name for info in pkgutil.iter_modules(kit.__path__)}
    assert list(kit.__all__) == sorted(kit.__all__)
    assert public - parts - {"annotations"} == set(kit.__all__) - parts


def test_what_measures_finds_its_factories() -> None:
    """From anywhere, with nothing but the root on the path, and without loading what it does not measure."""
    root = str(Path(__file__).parent.parent)
    names = [f"{what}_{how}" for what in ("session_cost", "tool_output") for how in ("safe", "balanced", "bold")]
    documents = (
        "[{'id': '1', 'session': 's', 'text': 'The kettle is blue.', 'speaker': 'Ada', 'role': 'user', 'date': ''}]"
    )
    code = (
        f"import sys; sys.path.insert(0, {root!r}); import benchmarks.adapters as a; "
        f"[getattr(a, name) for name in {names!r}]; assert 'chromadb' not in sys.modules; a.memory({documents})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
