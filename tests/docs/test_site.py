"""The site of the documentation: it is built without a warning, and its references are of the code as it is."""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from penstock.cli.app import build
from penstock.events.kinds import EventKind
from penstock.plugins import hookspecs
from penstock.profiles.profile import Profile

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does, in a folder of its own."""
    assert importlib.util.find_spec("zensical"), "make setup installs it"
    folder = tmp_path_factory.mktemp("docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    for command in ([str(ROOT / "docs" / "generate.py"), "build/docs"], ["-m", "zensical", "build", "--strict"]):
        done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def read(site: Path, name: str) -> str:
    return html.unescape((site / "reference" / f"{name}.html").read_text(encoding="utf-8"))


def test_every_command_is_there(site: Path) -> None:
    group: object = get_command(build())
    page = read(site, "commands")
    commands = [name for name, one in vars(group)["commands"].items() if not one.hidden]
    assert len(commands) > 20
    assert [name for name in commands if f">penstock {name}<" not in page] == []
    assert "--allow-remote" in page, "with its options"
    assert ">penstock budget show<" in page, "and those of groups"


def test_every_key_of_a_profile_is_there(site: Path) -> None:
    page = read(site, "profile-keys")
    assert [
        name for name in Profile.model_fields if f"<code>{name}</code>" not in page and f"[{name}]" not in page
    ] == []
    for stage in ("envelope", "memory", "trim", "compaction", "pruning", "keepalive"):
        assert f"[stage.{stage}]" in page


def test_every_hook_is_there(site: Path) -> None:
    names = [name for name, one in vars(hookspecs).items() if hasattr(one, "penstock_spec")]
    assert len(names) >= 8
    assert [name for name in names if f'id="{name}"' not in read(site, "hooks")] == []


def test_every_kind_of_event_is_there(site: Path) -> None:
    page = read(site, "event-fields")
    assert [kind.value for kind in EventKind if f'id="{kind.value}"' not in page] == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    """Neither a script nor a font nor a picture."""
    loads = (
        r'<(?:script|img|iframe)[^>]*\ssrc="?(?:https?:)?//|<link[^>]*rel="?(?:stylesheet|preconnect)"?[^>]*https?://'
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 25
    for file in pages:
        said = file.read_text(encoding="utf-8")
        assert not re.search(loads, said), file
        assert 'class="mermaid"' not in said, f"{file}: drawn by a script from a CDN"


def test_every_page_is_in_the_navigation(site: Path) -> None:
    """A page that nothing leads to is read by nobody."""
    plan = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    sources = site.parent / "docs"
    assert [
        str(file.relative_to(sources)) for file in sources.rglob("*.md") if f'"{file.relative_to(sources)}"' not in plan
    ] == []


def test_the_first_page_leads_to_the_references(site: Path) -> None:
    """In the repository it cannot: they are made when the site is built."""
    page = (site / "index.html").read_text(encoding="utf-8")
    for name in ("commands", "profile-keys", "hooks", "event-fields"):
        assert page.count(f"reference/{name}.html") >= 1
    assert "(made from the code" not in page


def test_the_first_page_leads_to_every_page() -> None:
    """In a checkout there is no other navigation."""
    folder = ROOT / "docs"
    index = (folder / "index.md").read_text(encoding="utf-8")
    pages = [str(file.relative_to(folder)) for file in folder.rglob("*.md") if file.name != "index.md"]
    assert len(pages) > 25
    assert [page for page in pages if f"]({page})" not in index] == []
