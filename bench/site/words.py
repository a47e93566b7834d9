"""Converts text to markup: escaped, with links for footnote marks, addresses and known names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from bench.report.text.markup import one_line

TOKEN = re.compile(
    r"(?P<address>https?://[^\s<>\"']*[^\s<>\"'.,;:)\]])"
    r"|\[(?P<mark>\d{1,4})\]"
    r"|(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{2,}[A-Za-z0-9])"
)
"""A web address without trailing punctuation, a footnote mark, or a possible name of a page."""
WEB = ("https://", "http://")


@dataclass(frozen=True)
class Linker:
    """Converts text to markup with links, for one page.

    Attributes:
        pages: address of each name that has a page, from the root of the site or on the web.
        root: relative path from the page to the root of the site: ``""`` or ``"../"``.
        own_page: the page's own address, to which it does not link.
        notes: default prefix of footnote ids.
    """

    pages: Mapping[str, str]
    root: str = ""
    own_page: str = ""
    notes: str = field(default="n", kw_only=True)

    def text(self, text: str, notes: str | None = None) -> Markup:
        """Returns one line of text as markup; ``notes`` is the prefix of its footnote ids."""
        line, parts, end = one_line(text), [], 0
        for match in TOKEN.finditer(line):
            parts += [
                escape(line[end : match.start()]),
                self._token_markup(match, notes or self.notes),
            ]
            end = match.end()
        return Markup("").join([*parts, escape(line[end:])])

    def lines(self, texts: Iterable[str], notes: str | None = None) -> list[Markup]:
        """Returns several lines as markup."""
        return [self.text(one, notes) for one in texts]

    def link(self, name: str, text: str | None = None, at: str = "") -> Markup:
        """Returns a link to the page of a name, or the text alone if there is no such page.

        ``at`` is appended to the address, such as ``#evidence``.
        """
        address, label = self.pages.get(name), escape(one_line(text or name))
        if address is None:
            return label
        return Markup('<a href="{}{}{}">{}</a>').format(self.root, address, at, label)

    def outside(self, address: str, text: str) -> Markup:
        """Returns a link to another site; an address that is not a web address stays text."""
        if not address.startswith(WEB):
            return Markup("{} ({})").format(one_line(text), one_line(address))
        return Markup('<a href="{}">{}</a>').format(one_line(address), one_line(text))

    def _token_markup(self, match: re.Match[str], notes: str) -> Markup:
        if match["address"]:
            return self.outside(match["address"], match["address"])
        if match["mark"]:
            mark = match["mark"]
            return Markup('<a class="mark" href="#{}{}">[{}]</a>').format(notes, mark, mark)
        address = self.pages.get(match["name"])
        if address is None or address.partition("#")[0] == self.own_page:
            return escape(match["name"])
        if address.startswith(WEB):
            return self.outside(address, match["name"])
        return self.link(match["name"])
