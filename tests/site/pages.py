"""Reads the pages of a built site: what they link to, what they anchor, what they would run."""

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"meta", "link", "input", "br", "img", "path", "use", "hr"}


@dataclass
class Read:
    """One page as it was read."""

    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.read = Read()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {key: value or "" for key, value in attrs}
        self.read.tags.append((tag, told))
        if tag == "a" and "href" in told:
            self.read.links.append(told["href"])
        if "id" in told:
            self.read.ids.append(told["id"])
        if tag in ("script", "style"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.read.text += data


def page(path: Path) -> Read:
    """Reads one page."""
    reader = _Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.read


def inner(link: str) -> bool:
    """Tells whether a link stays on the site."""
    return not urlsplit(link).scheme


def target(path: Path, link: str) -> tuple[Path, str]:
    """Returns the file and the anchor that a link of a page leads to; a choice is no anchor."""
    where, _, anchor = link.partition("#")
    return _place(path.parent, unquote(where) or path.name), "" if "=" in anchor else unquote(
        anchor
    )


@cache
def _place(folder: Path, name: str) -> Path:
    return (folder / name).resolve()
