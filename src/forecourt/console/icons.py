"""The shapes of `icons.txt`: few, in a box of 16, in the colour of the text around them."""

from functools import cache
from pathlib import Path

from markupsafe import Markup

SOURCE = Path(__file__).parent / "icons.txt"
_DRAWN = {
    "filled": 'fill="currentColor" fill-rule="evenodd"',
    "outlined": 'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"',
}


@cache
def shapes() -> dict[str, tuple[str, str]]:
    """Return how each shape is drawn, and its path, by its name."""
    lines = [line for line in SOURCE.read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = [line.split(" ", 2) for line in lines]
    return {name: (drawn, path) for name, drawn, path in rows}


@cache
def icon(name: str, size: int = 16) -> Markup:
    """Return a shape; it is decoration, the word stands beside it. KeyError: there is none of this name."""
    drawn, path = shapes()[name]
    return Markup(  # noqa: S704 (all of it is ours)
        f'<svg class="icon icon-{name}" width="{size}" height="{size}" viewBox="0 0 16 16" aria-hidden="true" '
        f'focusable="false"><path d="{path}" {_DRAWN[drawn]}/></svg>'
    )
