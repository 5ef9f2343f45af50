"""The colours of the pages, light and dark."""

from __future__ import annotations

import re

import pytest

from penstock_service.admin.rendering import TEMPLATES

TEXTS = ("text", "soft", "accent", "good", "warn", "bad")
CSS = (TEMPLATES / "admin.css").read_text()


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", css))


def luminance(colour: str) -> float:
    """As WCAG 2 has it."""
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_plots_have_enough_contrast(scheme: str) -> None:
    """4.5 to 1 for texts, 3 to 1 for bars: level AA of WCAG 2."""
    light, dark = CSS.split("@media (prefers-color-scheme: dark)")
    found = colours(light if scheme == "light" else dark)
    for back in ("back", "card"):
        assert dict.fromkeys(TEXTS, True) == {name: contrast(found[name], found[back]) >= 4.5 for name in TEXTS}
    assert contrast(found["on-accent"], found["accent"]) >= 4.5
    for bar in ("column", "near", "bad"):
        assert contrast(found[bar], found["card"]) >= 3
