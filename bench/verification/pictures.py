"""The pictures of a record, drawn for HTML and for PDF."""

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
    """Returns a record's pictures for ``formats`` (html, pdf), or a note that none can be drawn."""
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
