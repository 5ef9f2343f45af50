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


@pytest.mark.parametrize("page", ["penstock", "penstock.memory", "penstock.text", "penstock.testing"])
def test_a_public_module_holds_what_it_says(page: str) -> None:
    """`__all__` is what is there, and every name can be used, those too that are imported when first asked for."""
    module = importlib.import_module(page)
    parts = {info.name for info in pkgutil.iter_modules(module.__path__)}
    assert all(getattr(module, name) is not None for name in module.__all__)
    own = {"annotations", "import_module", "TYPE_CHECKING"}
    public = {name for name in vars(module) if not name.startswith("_")}
    assert (public | set(getattr(module, "_HOMES", ()))) - parts - own == set(module.__all__) - parts


def test_the_front_page_is_in_order() -> None:
    """A name is found where it is looked for, and what is imported on demand is no name of the page's own."""
    assert penstock.__all__ == sorted(penstock.__all__)
    with pytest.raises(AttributeError, match="'penstock' has no attribute 'Stages'"):
        _ = penstock.Stages  # type: ignore[attr-defined]


def test_the_front_page_loads_no_more_than_a_stage_needs() -> None:
    """What only few plugins need is imported when they ask for it."""
    code = "import sys, penstock; print(*sorted(name for name in sys.modules if name.startswith('penstock.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {f"penstock.{home}" for home in penstock._HOMES.values()} & set(done.stdout.split())


def modules_of(package: str) -> list[str]:
    walked = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    found = [package, *(info.name for info in walked)]
    return [name for name in found if ".migrations" not in name and not name.endswith("__main__")]


@pytest.mark.parametrize(
    "package", ["penstock", "penstock_addons", "penstock_plugins", "penstock_tui", "penstock_profiles"]
)
def test_every_module_says_what_it_gives(package: str) -> None:
    """A docstring; and where there is `__all__`, every name in it is there."""
    for name in modules_of(package):
        module = importlib.import_module(name)
        assert (module.__doc__ or "").strip(), name
        assert not [public for public in getattr(module, "__all__", ()) if not hasattr(module, public)], name


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
