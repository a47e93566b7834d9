"""The site tells what the program predicts, and leaves out what it cannot."""

import json
import re
import shlex
from pathlib import Path

import pytest

from bench import __main__, paths
from bench.chips.load import Catalogue
from bench.predict.learning.learn import load
from bench.predict.validation.chiperrors import (
    LEFT_OUT,
    TESTS,
    TESTS_OF_PHASE,
    chip_tests,
    repeats,
)
from bench.report.prediction.predicted import unfit
from bench.site.predicted import STANDING, QuestionAnswers, StandingQuestion, predict


@pytest.fixture(scope="module")
def told(sheets: Catalogue) -> tuple[QuestionAnswers, ...]:
    """Every answer."""
    return predict(sheets)


@pytest.fixture(scope="module")
def cells(site: Path) -> dict[str, list[str]]:
    """The cells of the table by chip, tags and all."""
    text = (site / "predictions.html").read_text("utf-8").partition('id="predicted"')[2]
    rows = re.findall(r"<tr data-q=.*?</tr>", text.partition("</table>")[0], re.DOTALL)
    named = {re.findall(r'href="chips/(.+?)\.html#predicted"', row)[0]: row for row in rows}
    return {chip: re.findall(r"<td.*?</td>", row, re.DOTALL) for chip, row in named.items()}


@pytest.mark.parametrize("asked", STANDING, ids=lambda one: one.key)
def test_the_table_says_what_the_command_prints(
    asked: StandingQuestion, cells: dict[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(asked.command("910c,a100"))
    assert words[:3] == ["python", "-m", "bench"]
    assert __main__.main([*words[3:], "report=json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    place = 1 + STANDING.index(asked)
    assert {row["chip"] for row in rows} == {"huawei-ascend-910c", "nvidia-a100-sxm-80gb"}
    for row in rows:
        cell = cells[row["chip"]][place]
        assert f'data-v="{row["tokens_per_s_chip"]:.6g}"' in cell
        ratio = re.search(r"× ([\d.]+) \(([\d.]+)–([\d.]+)\)", cell)
        assert ratio
        keys = ("ratio", "ratio_low_80", "ratio_high_80")
        assert [float(one) for one in ratio.groups()] == pytest.approx(
            [row[key] for key in keys], rel=0.06
        )


def test_every_chip_of_which_something_is_predicted_has_a_row_and_no_other(
    told: tuple[QuestionAnswers, ...], cells: dict[str, list[str]]
) -> None:
    found = {chip for one in told for chip, answer in one.answers.items() if answer.found}
    assert set(cells) == found
    assert len(found) > 80
    assert {len(row) for row in cells.values()} == {1 + len(STANDING) + 2}


def test_what_does_not_fit_or_is_unknown_has_no_number(
    told: tuple[QuestionAnswers, ...], cells: dict[str, list[str]]
) -> None:
    seen = set()
    for place, one in enumerate(told, 1):
        for chip in cells:
            found = one.answers[chip].found
            kind = "unknown" if found is None else "over" if unfit(found, 0) else "fits"
            told_so = {"unknown": ">–<", "over": ">does not fit<", "fits": 'data-v="'}
            assert told_so[kind] in cells[chip][place]
            seen.add(kind)
    assert seen == {"unknown", "over", "fits"}


def test_rows_stand_by_the_first_question_and_by_the_next_where_it_has_no_number(
    cells: dict[str, list[str]],
) -> None:
    found = [[re.search('data-v="(.+?)"', one) for one in row[1:-2]] for row in cells.values()]
    rates = [[float(one[1]) if one else 0.0 for one in row] for row in found]
    assert rates == sorted(rates, reverse=True)
    assert any(row[0] == 0 < max(row) for row in rates)


@pytest.mark.parametrize("chip", ["huawei-ascend-910c", "nvidia-l20-pcie-48gb"])
def test_a_chips_page_has_a_row_for_each_question(chip: str, site: Path) -> None:
    text = (site / "chips" / f"{chip}.html").read_text("utf-8")
    table = text.partition('id="predicted"')[2].partition("</table>")[0]
    links = re.findall(r'<th scope="row"><a href="\.\./predictions\.html#(.+?)">', table)
    assert links == [one.key for one in STANDING]
    asked = (site / "predictions.html").read_text("utf-8")
    assert [key for key in links if f'<dt id="{key}">' not in asked] == []


@pytest.mark.parametrize("chip", ["amd-epyc-9654", "amd-mi300x-platform-8", "huawei-ascend-910b"])
def test_what_is_no_accelerator_of_its_own_is_asked_nothing(chip: str, site: Path) -> None:
    text = (site / "chips" / f"{chip}.html").read_text("utf-8")
    assert 'id="sheet"' in text
    assert 'id="predicted"' not in text


def test_a_chips_page_tells_how_far_predictions_of_it_were_off(site: Path) -> None:
    chip = "nvidia-h20-sxm-96gb"
    kept = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))
    parts = kept["parts"]
    of = {
        name: one["each"][chip]
        for name, one in parts.items()
        if chip in one["each"] and not repeats(name, parts)
    }
    text = (site / "chips" / f"{chip}.html").read_text("utf-8")
    table = text.partition('id="errors"')[2].partition("</table>")[0]
    rows = re.findall(r"<th scope=\"row\">(.*?)</th><td.*?>([\d,]+)</td><td.*?>([\d.]+)%", table)
    assert {re.sub("<.*?>", "", name): (count, error) for name, count, error in rows} == {
        name: (f"{own['count']:,}", f"{100 * own['mean']:.1f}") for name, own in of.items()
    }
    assert "decode step: chip left out" in of
    assert not any(name.startswith("ratio of ") for name in of)


def test_what_could_be_tested_is_told_beside_what_is_predicted(
    cells: dict[str, list[str]],
) -> None:
    kept = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    own = kept["serving as reported: another source, no refit"]["each"]["kunlunxin-p800"]
    told = cells["kunlunxin-p800"][-2]  # nothing else of it was measured
    assert f">serving {own['mean']:.0%} off " in told
    assert f">{own['inside'][0]:.0%} of {own['count']} within<" in told
    assert ">–<" in cells["cambricon-mlu590"][-2]


def test_each_phase_that_could_be_tested_is_told_apart(cells: dict[str, list[str]]) -> None:
    """One error stood for steps, serving and training together."""
    kept = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    found = {
        one: chip_tests("nvidia-h100-sxm-80gb", kept, starts)
        for one, starts in TESTS_OF_PHASE.items()
    }
    told = cells["nvidia-h100-sxm-80gb"][-2]
    lines = re.findall(r"[>]?(\w+) (\d+)% off .*?>(?:(\d+)% of )?([\d,]+) (?:within|cases)<", told)
    assert [(name, int(error), inside, count) for name, error, inside, count in lines] == [
        (
            name,
            round(100 * one.error),
            "" if one.inside is None else f"{100 * one.inside:.0f}",
            f"{one.count:,}",
        )
        for name, one in zip(
            ("prefill", "decode", "serving", "training"), found.values(), strict=True
        )
        if one
    ]
    assert len(lines) == 4
    worst = max(one.error for one in found.values() if one)
    assert f'data-v="{worst:.6g}"' in told


def test_tests_are_counted_over_all_that_a_chip_was_measured_in() -> None:
    kept = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    h100 = chip_tests("nvidia-h100-sxm-80gb", kept)
    assert h100
    steps = kept["decode step: chip left out"]["each"]["nvidia-h100-sxm-80gb"]["count"]
    assert h100.count > 2 * steps
    assert chip_tests("nobody", kept) is None


def test_any_engine_is_tested_by_what_others_reported_and_a_fitted_one_by_its_own() -> None:
    def part(**told: tuple[int, float]) -> dict[str, object]:
        each = {
            chip: {"count": count, "mean": mean, "inside": [mean, 1.0]}
            for chip, (count, mean) in told.items()
        }
        return {"each": each}

    kept = {
        "decode step: chip left out": part(fitted=(10, 0.5)),
        "serving TPOT, dense: chip left out": part(fitted=(20, 0.2), alone=(5, 0.3)),
        "serving as reported: another source, no refit": part(fitted=(30, 0.1), port=(30, 0.1)),
        "training as reported: another source, no refit": part(fitted=(40, 0.1), port=(40, 0.3)),
        "serving as reported, domestic chips: another source, no refit": part(port=(30, 0.9)),
    }

    def told(chip: str, phase: str, engine: str = "") -> tuple[int, float] | None:
        found = chip_tests(chip, kept, TESTS_OF_PHASE[phase], engine=engine)
        return (found.count, found.error) if found else None

    assert told("fitted", "serve") == (30, 0.1)
    assert told("fitted", "serve", "tuned") == (20, 0.2)
    assert told("fitted", "decode") == (10, 0.5)
    assert told("alone", "serve") == told("alone", "serve", "tuned") == (5, 0.3)
    assert told("port", "serve") == told("port", "serve", "tuned") == (30, 0.1)
    assert told("port", "train") == (40, 0.3)
    assert told("alone", "train") is None
    every = chip_tests("port", kept)
    assert every
    assert every.count == 70, "what a part repeats is not counted twice"


def test_each_measurement_counts_once_and_is_of_the_kind_of_model() -> None:
    """Eight steps stood as 16, and chips that served dense models only as tested for experts."""

    def part(**told: int) -> dict[str, object]:
        each = {
            chip: {"count": count, "mean": 0.1, "inside": [0.5, 1.0]}
            for chip, count in told.items()
        }
        return {"each": each}

    kept = {
        "decode step: chip left out": part(both=8),
        "decode step: family left out": part(both=8, family=3),
        "serving TPOT, dense: chip left out": part(),
        "serving as reported: another source, no refit": part(both=9),
        "serving as reported, dense: another source, no refit": part(both=9),
        "serving as reported, experts: another source, no refit": part(),
    }

    def told(chip: str, phase: str, kind: str = "") -> int | None:
        found = chip_tests(chip, kept, TESTS_OF_PHASE[phase], kind=kind)
        return found.count if found else None

    assert (told("both", "decode"), told("family", "decode")) == (8, 3)
    assert told("both", "serve") == told("both", "serve", "dense") == 9
    assert told("both", "serve", "experts") is None


def test_every_chip_of_a_fit_is_in_a_part_that_leaves_it_out() -> None:
    """By which a test is known whose fit has seen the chip."""
    kept = json.loads((paths.data_dir("results") / "validation.json").read_text("utf-8"))["parts"]
    apart = {
        chip
        for name, one in kept.items()
        if name.startswith(TESTS) and name.endswith(LEFT_OUT)
        for chip in one["each"]
    }
    assert {labels[3] for part in load().parts.values() for labels in part.labels} <= apart


def test_the_page_on_commands_counts_the_questions() -> None:
    root = paths.data_dir("results").parent
    text = (root / "bench" / "commands" / "README.md").read_text("utf-8")
    words = {4: "four", 5: "five", 6: "six"}
    assert f"in {words[len(STANDING)]} standing questions" in text


def test_a_column_of_training_has_the_share_of_the_peak_that_its_note_explains(
    cells: dict[str, list[str]], told: tuple[QuestionAnswers, ...]
) -> None:
    """MFU was explained below a table that had none."""
    for place, one in enumerate(told, 1):
        found = [row[place] for row in cells.values() if 'data-v="' in row[place]]
        share = ">MFU [0-9]+%<"
        assert {bool(re.search(share, cell)) for cell in found} == {one.question.phase == "train"}
