"""Contrast of the two palettes (WCAG 2.2, 1.4.3 and 1.4.11), and colours that differ for colour-blind people."""

import re
from itertools import combinations

import pytest

from forecourt.console.render import STATIC
from forecourt.console.words import EVSE

Colour = tuple[float, float, float]
TONES = ("good", "busy", "warn", "reserved", "bad", "off", "unknown", "done")
THEMES = ("light", "dark")


def palette(theme: str) -> dict[str, Colour]:
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6});", (STATIC / f"{theme}.css").read_text())
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in found}  # type: ignore[misc]


def luminance(colour: Colour) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_is_wcags() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0x76 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.54, abs=0.01)


def test_both_palettes_have_the_same_names() -> None:
    assert palette("light").keys() == palette("dark").keys()


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str) -> None:
    colours = palette(theme)
    pairs = [(text, ground) for text in ("text", "soft") for ground in ("bg", "surface", "sunken")]
    pairs += [("accent", "surface"), ("accent", "bg"), ("accent", "accent-bg"), ("on-accent", "accent")]
    pairs += [(f"{tone}-fg", f"{tone}-bg") for tone in TONES] + [("bad-fg", "surface"), ("text", "land")]
    pairs += [("plot-limit", "surface")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_bars_marks_plots_and_fields_can_be_seen(theme: str) -> None:
    colours = palette(theme)
    seen = [f"{tone}-solid" for tone in TONES] + ["plot-power", "plot-soc", "focus", "line-strong"]
    for name in seen:
        assert contrast(colours[name], colours["surface"]) >= 3, name
    for tone in TONES:
        assert contrast(colours[f"{tone}-solid"], colours["land"]) >= 2.9, tone


# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: Colour) -> Colour:
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)  # type: ignore[return-value]


def lab(colour: Colour) -> Colour:
    """CIE 1976 L*a*b* of a linear RGB colour, D65."""
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (max(v, 0) ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_states_that_matter_differ_for_colour_blind_people(theme: str, kind: str) -> None:
    colours, matrix = palette(theme), BLINDNESS[kind]

    def seen(tone: str) -> Colour:
        red, green, blue = linear(colours[f"{tone}-solid"])
        return lab(tuple(r * red + g * green + b * blue for r, g, b in matrix))  # type: ignore[arg-type]

    for one, other in combinations(("good", "busy", "warn", "bad"), 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5
        assert distance > 10, (kind, one, other, distance)


def test_no_two_states_have_the_same_shape_and_colour() -> None:
    shown = [(state.icon, state.tone) for state in EVSE.values()]
    assert len(shown) == len(set(shown))
    assert len({state.icon for state in EVSE.values()}) == len(EVSE)


def test_the_style_sheet_uses_only_colours_that_there_are() -> None:
    sheet = (STATIC / "console.css").read_text()
    used = set(re.findall(r"var\(--([\w-]+)", sheet)) - {"fg", "tint", "solid"}
    assert used <= palette("light").keys() | {"shadow"}
    assert not re.findall(r"url\(", sheet)
