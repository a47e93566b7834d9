"""Text as markup: escaped, with marks of footnotes, addresses and known names to click on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from bench.report.markup import one_line

TOKEN = re.compile(
    r"(?P<address>https?://[^\s<>\"']*[^\s<>\"'.,;:)\]])"
    r"|\[(?P<mark>\d{1,4})\]"
    r"|(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{2,}[A-Za-z0-9])"
)
"""An address without its sentence's punctuation, a footnote's mark, or what may be a name."""


WEB = ("https://", "http://")


@dataclass(frozen=True)
class Words:
    """Sets text for one page.

    Attributes:
        pages: names that have a page, with its address from the root of the site, or on the web.
        root: what leads from the page to the root: ``""`` or ``"../"``.
        own: the page's own address; it does not link to itself.
    """

    pages: Mapping[str, str]
    root: str = ""
    own: str = ""
    notes: str = field(default="n", kw_only=True)

    def text(self, text: str, notes: str | None = None) -> Markup:
        """Returns one line of text as markup; ``notes`` begins the ids of its footnotes."""
        line, parts, end = one_line(text), [], 0
        for found in TOKEN.finditer(line):
            parts += [escape(line[end : found.start()]), self._token(found, notes or self.notes)]
            end = found.end()
        return Markup("").join([*parts, escape(line[end:])])

    def lines(self, texts: Iterable[str], notes: str | None = None) -> list[Markup]:
        """Returns several lines as markup."""
        return [self.text(one, notes) for one in texts]

    def link(self, name: str, text: str | None = None, at: str = "") -> Markup:
        """Returns a link to the page of a name, or the text alone where it has none."""
        page, told = self.pages.get(name), escape(one_line(text or name))
        if page is None:
            return told
        return Markup('<a href="{}{}{}">{}</a>').format(self.root, page, at, told)

    def outside(self, address: str, text: str) -> Markup:
        """Returns a link that leaves the site; what is no web address stays text."""
        if not address.startswith(WEB):
            return Markup("{} ({})").format(one_line(text), one_line(address))
        return Markup('<a href="{}">{}</a>').format(one_line(address), one_line(text))

    def _token(self, found: re.Match[str], notes: str) -> Markup:
        if found["address"]:
            return self.outside(found["address"], found["address"])
        if found["mark"]:
            mark = found["mark"]
            return Markup('<a class="mark" href="#{}{}">[{}]</a>').format(notes, mark, mark)
        page = self.pages.get(found["name"])
        if page is None or page.partition("#")[0] == self.own:
            return escape(found["name"])
        if page.startswith(WEB):
            return self.outside(page, found["name"])
        return self.link(found["name"])
