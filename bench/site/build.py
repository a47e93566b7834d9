"""Renders every page and writes the site: complete files, with no remains of an earlier site."""

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
from bench.report.text.markup import printable
from bench.site.aside import BackgroundResult
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

    from bench.site.pictures import PagePlot

MAKERS = (method, chips, compare, claims, evidence, rules, predictions)
OTHERS = (chip, records)
"""Modules of ``pages/``, each with ``pages(world, addresses)``; OTHERS take half of the time."""


def addresses(world: World) -> dict[str, str]:
    """Returns the address of each chip, claim, record and rule that has a page, by name.

    The name of a file of reported values leads to the address of its source.
    """
    return {
        **{key: item.source.url for key, item in reports().items()},
        **{item.id: f"chips/{item.id}.html" for item in world.chips},
        **{item.claim.id: f"claims/{item.claim.id}.html" for item in world.claims},
        **{item.record.id: f"records/{item.record.id}.html" for item in world.records},
        **{key: f"rules.html#{key}" for key in world.book.rules},
    }


class Renderer:
    """Renders pages with their templates; everything that is not markup already is escaped."""

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
        """Returns a page as HTML."""
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
    """Returns the content-security policy: no network, and only this script, by its hash."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def content(world: World) -> Iterator[tuple[str, bytes]]:
    """Yields the address and content of every file of the site.

    The pages of OTHERS are made in a second process where the system can fork.
    """
    known_addresses, renderer = addresses(world), Renderer(world.day)

    def files_of(maker: ModuleType) -> Iterator[tuple[str, bytes]]:
        for page in maker.pages(world, known_addresses):
            yield page.path, renderer.html(page).encode()
            yield from _data_files(page)

    second_half = BackgroundResult(lambda: [one for maker in OTHERS for one in files_of(maker)])
    for maker in MAKERS:
        yield from files_of(maker)
    yield "robots.txt", b"User-agent: *\nAllow: /\n"
    for judged in world.records:
        yield f"records/{judged.record.id}.json", judged.content
    yield from second_half.result()


def _data_files(page: Page) -> Iterator[tuple[str, bytes]]:
    """Yields address and content of the data of a page's plots and of its other downloads."""
    plots: list[PagePlot] = page.data.get("pictures", [])
    yield from page.data.get("files", ())
    for plot in plots:
        yield plot.data.removeprefix(page.root), plot.rows.encode()


def write(folder: Path, world: World) -> list[tuple[str, int]]:
    """Writes the site into ``folder`` and returns the addresses with their sizes in bytes.

    Files of an earlier site that are no longer needed are deleted; nothing else is touched.

    Raises:
        UsageError: the folder cannot be written to, or has files that onpaper did not write.
    """
    from bench.site.place import SiteFolder

    site = SiteFolder(folder)
    site.check()
    return site.fill(content(world))
