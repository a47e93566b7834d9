"""Sets every page and writes the site: whole files, nothing left over from an earlier one."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from markupsafe import Markup

from bench import __version__
from bench.evidence.load import reports
from bench.report.markup import printable
from bench.site.aside import Aside
from bench.site.page import MENU, Page
from bench.site.pages import (
    chip,
    chips,
    claims,
    compare,
    evidence,
    method,
    predictions,
    records,
    rules,
)
from bench.site.world import World

if TYPE_CHECKING:
    from jinja2 import Environment

    from bench.site.pictures import Shown

MAKERS = (method, chips, compare, claims, evidence, rules, predictions)
OTHERS = (chip, records)
"""The modules of ``pages/``, each with ``pages(world, names)``; the others have half the work."""


def names(world: World) -> dict[str, str]:
    """Returns what has a page: chips, claims, records and rules, with its address.

    A file of reported values has the address of its source.
    """
    return {
        **{key: one.source.url for key, one in reports().items()},
        **{one.id: f"chips/{one.id}.html" for one in world.chips},
        **{one.claim.id: f"claims/{one.claim.id}.html" for one in world.claims},
        **{one.record.id: f"records/{one.record.id}.html" for one in world.records},
        **{key: f"rules.html#{key}" for key in world.book.rules},
    }


class Setter:
    """Sets pages in their templates; everything is escaped that is not markup already."""

    def __init__(self, day: str) -> None:
        self._day = day

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, StrictUndefined

        return Environment(
            loader=PackageLoader("bench.site"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=lambda one: printable(one) if type(one) is str else one,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    @cached_property
    def _assets(self) -> tuple[Markup, Markup]:
        home = files("bench.site") / "assets"
        style, script = ((home / name).read_text("utf-8") for name in ("site.css", "site.js"))
        return Markup(style), Markup(script)  # noqa: S704 -- files of our own

    def html(self, page: Page) -> str:
        """Returns a page."""
        style, script = self._assets
        return self._environment.get_template(page.template).render(
            **page.data,
            page=page,
            root=page.root,
            menu=MENU,
            day=self._day,
            version=__version__,
            style=style,
            script=script,
            policy=policy(script if page.script else ""),
        )


def policy(script: str) -> str:
    """Returns the content-security policy: no network; the one script by its hash, or none."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def content(world: World) -> Iterator[tuple[str, bytes]]:
    """Yields every file of the site: its address and what is in it."""
    known, setter = names(world), Setter(world.day)

    def made(maker: ModuleType) -> Iterator[tuple[str, bytes]]:
        for page in maker.pages(world, known):
            yield page.path, setter.html(page).encode()
            yield from _data(page)

    half = Aside(lambda: [one for maker in OTHERS for one in made(maker)])
    for maker in MAKERS:
        yield from made(maker)
    yield "robots.txt", b"User-agent: *\nAllow: /\n"
    for held in world.records:
        yield f"records/{held.record.id}.json", held.content
    yield from half.result()


def _data(page: Page) -> Iterator[tuple[str, bytes]]:
    """Yields the data of a page's plots, and other files that it offers."""
    pictures: list[Shown] = page.data.get("pictures", [])
    yield from page.data.get("files", ())
    for one in pictures:
        yield one.data.removeprefix(page.root), one.rows.encode()


def write(folder: Path, world: World) -> list[tuple[str, int]]:
    """Writes the site into ``folder`` and returns the addresses with their sizes in bytes.

    Files of an earlier site that are no more are taken away; nothing else is touched.

    Raises:
        UsageError: the folder cannot be written to, or has files that no site of ours left.
    """
    from bench.site.place import Place

    place = Place(folder)
    place.check()
    return place.fill(content(world))
