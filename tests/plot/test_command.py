"""The command ``plot``: what it writes, where, and what it refuses."""

import csv
import re
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.commands.plot import HELP
from bench.plot.registry import KINDS
from bench.records.latest import record_folders

RECORD = "record=h200-sxm-full"
KINDS_OF_CPU = ("figures", "roofline-fp32", "cache", "latency")


def drawn(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[Path]:
    """The files that a command says it wrote."""
    assert main(["plot", *words]) == 0
    out, error = capsys.readouterr()
    assert error == ""
    return [Path(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([RECORD, "kind=cache"], ["cache"]),
        ([RECORD, "kind=latency"], ["latency"]),
        ([RECORD, "kind=roofline"], ["roofline-fp32", "roofline-fp64", "roofline-bf16"]),
        (["kind=ratios", "chips=domestic"], ["ratios-h20"]),
        (["kind=rules", "on=2024-06-01", "theme=dark"], ["rules-2024-06-01"]),
        (["kind=validation"], ["validation"]),
    ],
)
def test_a_kind_is_written_as_png_svg_and_csv(
    words: list[str], names: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = drawn([*words, f"out={tmp_path / 'new' / 'folder'}"], capsys)
    assert [one.name for one in found] == [
        f"{name}.{ending}" for name in names for ending in ("png", "svg", "csv")
    ]
    assert sorted(one.name for one in found[0].parent.iterdir()) == sorted(x.name for x in found)
    assert found[0].read_bytes().startswith(b"\x89PNG")
    assert found[1].read_text("utf-8").startswith("<svg")
    assert len(list(csv.DictReader(found[2].read_text("utf-8").splitlines()))) >= 3


def test_without_a_kind_all_of_the_record_goes_to_plots_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["record=epyc-genoa-2-cores-standard", "formats=[svg]"]
    found = drawn(words, capsys)
    endings = [f"{n}.{e}" for n in KINDS_OF_CPU for e in ("svg", "csv")]
    assert found == [Path("plots") / one for one in endings]
    before = [one.read_bytes() for one in found]
    assert [one.read_bytes() for one in drawn(words, capsys)] == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["kind=ratio"], "no kind 'ratio' of plot: did you mean 'ratios'"),
        (["formats=[]"], "formats= names none: write formats=png, or leave it out for both"),
        (["formats=[pdf]"], "no format 'pdf' of plot: choose from: png, svg"),
        (["theme=drak"], "no theme 'drak': did you mean 'dark'?"),
        (["baseline=h20"], "baseline= belongs to kind=ratios, not to all plots of a record"),
        (
            ["chips=[h20]"],
            "chips= belongs to kind=ratios, rules, trend, pareto, not to all plots",
        ),
        (
            ["kind=rules", "margin=0.2"],
            "margin= belongs to kind=figures, ratios, not to kind=rules",
        ),
        (["kind=ratios", "record=latest"], "record= belongs to kind=figures, roofline"),
        (["kind=validation", "on=2026-01-01"], "on= belongs to kind=rules, not to kind=validation"),
        (["kind=pareto", "workload=llama-3.1-8b"], "which chips? give chips="),
        (["kind=pareto", "chips=h20"], "which workload? give workload="),
        (["kind=pareto", "chips=epyc-7543", "workload=llama-3.1-8b"], "amd-epyc-7543"),
        (["kind=rules", "on=2026-13-01"], "on=2026-13-01 is no day such as 2025-08-15"),
        (["kind=ratios", "chips=[h20]"], "alone: name another chip in chips="),
        (["kind=ratios", "baseline=h21"], "no chip 'h21'"),
        (["kind=cache", "record=h200-sxm-llm"], "has no measurement for kind=cache"),
        (["record=nothing-of-it"], "no record 'nothing-of-it'"),
        (["margin=2"], "margin=2 must be above 0 and at most 0.9"),
        (["out=/dev/null"], "out=/dev/null is a file: out= is a folder"),
        (["colour=red"], "plot has no key 'colour'"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_written(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["plot", *words]) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [[], ["kind=cache"], ["kind=sustained"]])
def test_a_record_that_bears_no_plot_names_one_at_hand_that_does(
    kind: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plot", "record=h200-sxm-llm", *kind, f"out={tmp_path}"]) == 2
    told = capsys.readouterr().err
    assert told.endswith("; 'show record=h200-sxm-llm' lists what it holds\n")
    (other,) = re.findall(r": give (record=\S+);", told)
    assert drawn([other, *kind, "formats=[svg]", f"out={tmp_path}"], capsys)


def test_no_simulated_record_is_named_for_a_real_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    assert main(["suite=smoke", "device=fake", "chip=h20", f"out={own}", "quiet=true"]) == 0
    committed = record_folders()[-1]
    monkeypatch.setattr("bench.records.latest.record_folders", lambda: [own, committed])
    assert main(["plot", "record=h200-sxm-llm", f"out={tmp_path}"]) == 2
    assert "any plot: give record=h200-sxm-" in capsys.readouterr().err


def test_where_no_record_at_hand_bears_the_plot_a_suite_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.commands.plot.MOST_LOOKED_AT", 0)
    assert main(["plot", "record=h200-sxm-llm", f"out={tmp_path}"]) == 2
    assert "any plot: suite=full measures for all of them; " in capsys.readouterr().err


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.plot.draw.find_spec", lambda _: None)
    assert main(["plot", "kind=validation", f"out={tmp_path / 'new'}"]) == 2
    assert (
        capsys.readouterr().err == "onpaper: plots need matplotlib: pip install 'onpaper[plot]'\n"
    )
    assert not (tmp_path / "new").exists()


def test_help_names_every_kind() -> None:
    for name in KINDS:
        assert f"{name} (" in HELP
    assert HELP.startswith("python -m bench plot ")
