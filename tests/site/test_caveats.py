"""What the command says of a prediction's words and limits, the site says, too."""

import re
import shlex
from html import unescape
from pathlib import Path

import pytest

from bench.chips.load import Catalogue
from bench.predict.tiers import MEANS, Tier
from bench.report.prediction.predictions import COLUMN_NOTES
from bench.report.prediction.trainingnotes import FSDP, MEMORY
from bench.site.predicted import STANDING, StandingQuestion
from tests.commands.command_cases import said

GENERAL = ("Predicted, ", "Rests on, ", "No prediction ", "J/token: ", "Unknown, ",
           "Where the model ", "For these", "Tested on", "From one weak source", "[",
           "USD/Mtoken ")  # fmt: skip
"""What begins lines on the command's own columns, such as costs, on chips without an answer, or on
single chips: the site has a column of tests, and footnotes of figures on a chip's page."""

NOTES = (*COLUMN_NOTES.values(), *(MEMORY.format(one) for one in ("", *FSDP.values())))
"""What the columns mean, by phase."""


def text(page: str) -> str:
    """A page without its tags, each run of blanks one blank."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    """The page of predictions."""
    return (site / "predictions.html").read_text("utf-8")


@pytest.mark.parametrize("asked", STANDING, ids=lambda one: one.key)
def test_a_question_stands_with_the_lines_that_the_command_prints_below_its_table(
    asked: StandingQuestion, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """That a port's token was taken to last 1.3 times as long was told by the command alone."""
    every = "chips=[gpus,npus]"
    words = [every if one.startswith("chips=") else one for one in shlex.split(asked.command(""))]
    out = said("predict", [*words[4:], "report=github"], capsys)[1]
    below = [one for one in out.rpartition("|\n")[2].splitlines() if one]
    lines = [_of_columns(one.strip()) for one in below if not one.startswith(GENERAL)]
    beside = text(page.partition(f'<dt id="{asked.key}">')[2].partition("</dd>")[0])
    assert len(lines) >= 2
    assert [one for one in lines if one not in beside] == []


def _of_columns(line: str) -> str:
    """A line, or that part of it which is of the columns that the site has, too: costs are none."""
    return next((one for one in NOTES if line.startswith(one)), line)


@pytest.mark.parametrize(
    ("chip", "told", "untold"),
    [
        ("huawei-ascend-910c", "No engine was fitted on chips of huawei: ", "engine=tuned"),
        ("nvidia-h20-sxm-96gb", "engine=tuned leaves both out", "No engine was fitted on"),
    ],
)
def test_a_chips_page_tells_whether_an_engine_was_fitted_on_its_vendors_chips(
    chip: str, told: str, untold: str, site: Path
) -> None:
    whole = (site / "chips" / f"{chip}.html").read_text("utf-8")
    own = text(whole.partition('id="predicted"')[2].partition("<h")[0])
    assert told in own
    assert untold not in own
    assert "TPOT: time between two tokens" in own
    assert f"{STANDING[0].title}; {STANDING[1].title}: " in own


def test_a_bias_says_what_its_sign_means(site: Path) -> None:
    """The 910C took four times as long as predicted, and its page said -73.7%."""
    whole = (site / "chips" / "huawei-ascend-910c.html").read_text("utf-8")
    below = whole.partition('id="errors"')[2].partition("</table>")[2].partition("<h2")[0]
    assert "says for times that it took longer than predicted" in text(below)


def test_a_chip_that_is_not_sold_is_marked(page: str, sheets: Catalogue) -> None:
    """The fastest of all was one that nobody can buy."""
    heads = re.findall(r'<tr data-q=[^>]*><th scope="row">(.*?)</th>', page)
    told = {re.findall(r"chips/(.+?)\.html", one)[0]: text(one.partition("</a>")[2]).strip()
            for one in heads}  # fmt: skip
    known = {chip: sheets.chips[chip].status for chip in told}
    assert told == {chip: "" if one == "sold" else one for chip, one in known.items()}
    assert {"sold", "announced", "reported"} <= set(known.values())


def test_every_tier_that_a_row_names_is_explained(page: str) -> None:
    assert set(MEANS) == set(Tier)
    rows, _, after = page.partition('id="predicted"')[2].partition("</table>")
    named = {one for cell in re.findall(r"<td[^>]*>([a-z ,]+)</td></tr>", rows)
             for one in cell.split(", ")}  # fmt: skip
    explained = text(after.partition('id="rests"')[2].partition("</ul>")[0])
    assert len(named) > 4
    assert [one for one in named if f"{one} : {MEANS[Tier(one)]}" not in explained] == []


def test_the_front_page_leads_to_the_predictions(site: Path) -> None:
    front = (site / "index.html").read_text("utf-8").partition('id="use"')[2]
    assert '<a href="predictions.html">' in front
