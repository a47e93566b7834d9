"""Which rival figures would change what a rule says of a chip."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Published
from bench.rules.judge import status
from bench.rules.load import Rulebook
from bench.rules.model import Policy
from bench.rules.places import Question
from bench.rules.rivals import Overturned, overturned
from bench.rules.subject import deciding, subject


def disputed(chip: str, on: str, sheets: Catalogue, book: Rulebook) -> list[Overturned]:
    """The rival figures of a chip that would change its status for China."""
    asked, one = Question(on, "CN", "CN"), sheets.find(chip)
    return overturned(one, status(subject(one, sheets), asked, book), sheets, asked, book)


def test_a_rival_bandwidth_would_bring_the_rtx_6000d_under_the_letters(
    sheets: Catalogue, book: Rulebook
) -> None:
    found = {
        (one.figure, str(one.rival.value)): (one.status.eccns, one.status.policies)
        for one in disputed("rtx6000d", "2025-06-01", sheets, book)
    }
    assert found["memory_bandwidth", "1570 GB/s"] == ((None,), (Policy.LICENCE_REQUIRED,))


def test_before_the_letters_no_bandwidth_mattered(sheets: Catalogue, book: Rulebook) -> None:
    figures = {one.figure for one in disputed("rtx6000d", "2024-06-01", sheets, book)}
    assert "memory_bandwidth" not in figures


@pytest.mark.parametrize("on", ["2024-06-01", "2025-06-01", "2026-02-01"])
def test_where_it_cannot_be_told_nothing_is_overturned(
    on: str, sheets: Catalogue, book: Rulebook
) -> None:
    asked = Question(on, "CN", "CN")
    for chip in sheets.chips.values():
        here = status(subject(chip, sheets), asked, book)
        if len(here.policies) > 1 or len(here.eccns) > 1:
            assert overturned(chip, here, sheets, asked, book) == []


@pytest.mark.parametrize("on", ["2022-12-01", "2024-06-01", "2025-06-01", "2026-02-01"])
def test_what_is_overturned_has_another_status(on: str, sheets: Catalogue, book: Rulebook) -> None:
    asked = Question(on, "CN", "CN")
    for chip in sheets.chips.values():
        here = status(subject(chip, sheets), asked, book)
        for one in overturned(chip, here, sheets, asked, book):
            assert (one.status.eccns, one.status.policies) != (here.eccns, here.policies)
            assert one.rival in deciding(chip, sheets).figures[one.figure].rivals
            assert one.rival.counts not in ("die", "one direction", "sparse")
            assert one.rival.refuted is None


@pytest.mark.parametrize(
    ("told", "figures"),
    [
        ({}, ["memory_bandwidth"]),
        ({"counts": "die"}, []),
        ({"counts": "one direction"}, []),
        ({"refuted": "a lost digit"}, []),
    ],
)
def test_a_rival_that_counts_something_else_or_is_refuted_overturns_nothing(
    told: dict[str, object], figures: list[str], sheets: Catalogue, book: Rulebook
) -> None:
    h20 = sheets.find("h20")
    rival = Published.model_validate({"value": "100 GB/s", "source": "x", **told})
    bandwidth = h20.figures["memory_bandwidth"].model_copy(update={"rivals": (rival,)})
    chip = h20.model_copy(update={"figures": {**h20.figures, "memory_bandwidth": bandwidth}})
    asked = Question("2025-06-01", "CN", "CN")
    here = status(subject(chip, sheets), asked, book)
    found = overturned(chip, here, sheets, asked, book)
    assert [one.figure for one in found if one.rival == rival] == figures


def test_a_rate_worked_out_here_disputes_no_published_one(
    sheets: Catalogue, book: Rulebook
) -> None:
    """Two worked-out FP4 rates of the B30A would leave its TPP open, and change nothing."""
    chip = sheets.find("b30a")
    fp4 = chip.figures["matrix_fp4"]
    rivals = tuple(one.model_copy(update={"origin": "computed"}) for one in fp4.rivals)
    figures = {**chip.figures, "matrix_fp4": fp4.model_copy(update={"rivals": rivals})}
    asked = Question("2026-11-27", "CN", "CN")
    here = status(subject(chip, sheets), asked, book)
    worked_out = chip.model_copy(update={"figures": figures})
    assert rivals
    assert overturned(worked_out, here, sheets, asked, book) == []
