"""The settings of a snapshot."""

from __future__ import annotations

from pathlib import Path

from penstock.base import paths
from penstock.redaction.redact_settings import WITHHELD
from penstock.stats.export import settings_in_use

SECRET = "correct-horse-battery"


def test_the_profile_in_use(penstock_home: Path) -> None:
    """As it is now, with what it extends; one that is gone is named, with what is wrong."""
    folder = paths.profiles_dir()
    folder.mkdir(parents=True)
    text = f'extends = "default"\n[memory.embedder_settings]\napi_key = "{SECRET}"\nmodel = "small"\n'
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    mine, gone = settings_in_use(["mine", "", "gone", "mine"])
    assert mine["settings"]["memory"]["embedder_settings"] == {"api_key": WITHHELD, "model": "small"}
    assert mine["settings"]["stages"][0] == "envelope"
    assert "no profile is called 'gone'" in gone["error"]
