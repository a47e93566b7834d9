"""Plots of a page, drawn in colours set by the page's style, with their data as CSV."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from bench.plot.draw import svg, table
from bench.plot.picture import Picture
from bench.plot.theme import PAGE
from bench.rules.places import Question
from bench.site.world import JudgedRecord, World

FRONT_BASELINE = "nvidia-h20-sxm-96gb"
"""Baseline of the ratios on the front page."""


@dataclass(frozen=True)
class PagePlot:
    """A plot as a page shows it.

    Attributes:
        name: anchor of the plot.
        title: the plot's finding.
        svg: the drawing; all text in it is escaped.
        note: origin of the data.
        data: address of the CSV file of its rows, relative to the page.
        rows: the content of that file.
    """

    name: str
    title: str
    svg: Markup
    note: str
    data: str
    rows: str


def page_plots(pictures: Iterable[Picture], folder: str = "", root: str = "") -> list[PagePlot]:
    """Returns plots ready for a template, with their data in the subfolder ``folder`` of ``data/``.

    ``root`` is the relative path from the page to the root of the site.
    """
    return [
        PagePlot(
            name=picture.name,
            title=picture.title,
            svg=Markup(svg(picture, PAGE)),  # noqa: S704 -- matplotlib escapes the text it sets
            note=picture.note,
            data=f"{root}data/{folder}{picture.name}.csv",
            rows=table(picture),
        )
        for picture in pictures
    ]


def of_record(judged: JudgedRecord, world: World) -> list[PagePlot]:
    """Returns every plot that a record has the data for."""
    from bench.plot.registry import record_pictures

    found = record_pictures(judged.record, world.catalogue)
    return page_plots(found, f"{judged.record.id}/", "../")


def of_rules(world: World) -> list[PagePlot]:
    """Returns the plot of TPP and performance density with the lines of export rules."""
    from bench.plot import rules

    question = Question(world.day, "CN", "CN")
    return page_plots([rules.picture(question, None, world.book, world.catalogue)])


def of_ratios(world: World) -> list[PagePlot]:
    """Returns the plot of measured ratios against ratios on paper."""
    from bench.plot import ratios

    baseline = world.catalogue.chips[FRONT_BASELINE]
    return page_plots([ratios.picture(baseline, None, world.evidence)])


def of_predictions() -> list[PagePlot]:
    """Returns the plot of predictions against measurements."""
    from bench.plot.validation import picture
    from bench.predict.validation.points import read

    return page_plots([picture(read())])
