"""Plots of a page: drawn in colours that the page decides, with their data beside."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from bench.plot.draw import svg, table
from bench.plot.picture import Picture
from bench.plot.theme import PAGE
from bench.rules.places import Question
from bench.site.world import Held, World

FRONT_BASELINE = "nvidia-h20-sxm-96gb"


@dataclass(frozen=True)
class Shown:
    """A plot as a page shows it.

    Attributes:
        name: its anchor.
        title: what it finds.
        svg: the drawing, made by us of escaped text.
        note: whence the data come.
        data: address of its rows, relative to the page.
        rows: the same as CSV.
    """

    name: str
    title: str
    svg: Markup
    note: str
    data: str
    rows: str


def shown(found: Iterable[Picture], folder: str = "", root: str = "") -> list[Shown]:
    """Returns plots ready to be set, their data in ``folder`` of ``data/``."""
    return [
        Shown(
            name=one.name,
            title=one.title,
            svg=Markup(svg(one, PAGE)),  # noqa: S704 -- matplotlib escapes the text it sets
            note=one.note,
            data=f"{root}data/{folder}{one.name}.csv",
            rows=table(one),
        )
        for one in found
    ]


def of_record(held: Held, world: World) -> list[Shown]:
    """Returns every plot that a record bears."""
    from bench.plot.registry import record_pictures

    found = record_pictures(held.record, world.catalogue)
    return shown(found, f"{held.record.id}/", "../")


def of_rules(world: World) -> list[Shown]:
    """Returns the plane of TPP and performance density with the lines of the rules."""
    from bench.plot import rules

    asked = Question(world.day, "CN", "CN")
    return shown([rules.picture(asked, None, world.book, world.catalogue)])


def of_ratios(world: World) -> list[Shown]:
    """Returns paper ratios beside measured ones."""
    from bench.plot import ratios

    baseline = world.catalogue.chips[FRONT_BASELINE]
    return shown([ratios.picture(baseline, None, world.bench)])


def of_predictions() -> list[Shown]:
    """Returns predictions beside what was measured."""
    from bench.plot import validation

    return shown([validation.picture(validation.read())])
