"""An HTML page as a browser reads it: elements with their attributes, text and place."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


@dataclass(eq=False)
class Element:
    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = field(default=None, repr=False)
    children: list["Element"] = field(default_factory=list, repr=False)
    texts: list[str] = field(default_factory=list)

    def all(self, *tags: str) -> list["Element"]:
        """The elements below of these tags (any, if none is named), in the order of the page."""
        found = []
        for child in self.children:
            if not tags or child.tag in tags:
                found.append(child)
            found += child.all(*tags)
        return found

    def inside(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.inside(tag))

    @property
    def text(self) -> str:
        return " ".join([*self.texts, *(child.text for child in self.children)]).strip()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.here = self.root = Element("", {})
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"<{tag}> has an attribute twice: {names}")
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.here.tag != tag:
            self.wrong.append(f"</{tag}> closes <{self.here.tag}>")
            return
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.here.texts.append(data.strip())


def parsed(page: str) -> Element:
    """The page. AssertionError: its elements are not closed as they were opened."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert not parser.wrong, parser.wrong
    assert parser.here is parser.root, f"<{parser.here.tag}> is not closed"
    return parser.root
