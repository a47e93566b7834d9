"""The pictures that a record bears, drawn for the page and for paper."""

from importlib.util import find_spec

from bench.plot.draw import png, svg
from bench.plot.registry import record_pictures
from bench.plot.theme import LIGHT, PAGE
from bench.verification.case import Case
from bench.verification.document import Block, Paragraph, Plate

LACKING = (
    "No pictures: matplotlib is not installed where this report was made. The tables hold the same "
    "figures."
)


def plates(case: Case, formats: tuple[str, ...]) -> list[Block]:
    """Returns a record's pictures, drawn for the formats asked for, or why there are none."""
    if find_spec("matplotlib") is None:
        return [Paragraph(LACKING)]
    return [
        Plate(
            name=one.name,
            svg=svg(one, PAGE) if "html" in formats else "",
            png=png(one, LIGHT) if "pdf" in formats else b"",
            title=one.title,
            caption=one.alt,
        )
        for one in record_pictures(case.record, case.catalogue, case.margin)
    ]
