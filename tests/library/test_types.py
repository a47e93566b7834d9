"""The types of what the library gives, for frames and for those who use it."""

import textwrap
from pathlib import Path

import pytest

from bench.tables.frames import loose
from tests.folders import ROOT


def test_loose_rows_have_the_types_of_what_they_hold() -> None:
    rows: list[dict[str, object]] = [
        {"text": "a", "whole": 1, "truth": True, "number": 1, "none": None},
        {"number": 0.5},
    ]
    made = loose(rows)
    kinds = {name: str(kind) for name, kind in made.dtypes.items()}
    assert kinds == {
        "text": "string", "whole": "Int64", "truth": "boolean", "number": "float64",
        "none": "float64",
    }  # fmt: skip
    assert made["whole"].isna().tolist() == [False, True]
    assert loose([]).empty


USER = """
    import bench
    from bench.chips.model import Chip

    chip: Chip = bench.chip("h20")
    reveal_type(bench.figures("h20")[0].value)
    reveal_type(bench.derived("h20")[0].value)
    reveal_type(bench.frame("figures"))
    reveal_type(bench.classify("h20", on="2024-01-01").policies)
    reveal_type(bench.conflicts()[0].spread)
    reveal_type(bench.compare("h20", "h100").rows[0].cells[0].ratio)
    reveal_type(bench.timeline("h20"))
    reveal_type(bench.record().record.suite)
    reveal_type(bench.verdicts("h20", "h100").frame())
    bench.chip(20)
    bench.chipz
"""


@pytest.mark.slow
def test_a_user_of_the_library_has_its_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = pytest.importorskip("mypy.api")
    user = tmp_path / "user.py"
    user.write_text(textwrap.dedent(USER), encoding="utf-8")
    monkeypatch.chdir(ROOT)  # where `make types` has left what it knows: a cold start takes long
    told, bad, _ = api.run([str(user)])
    assert not bad
    told = told.replace("pandas.core.frame.", "pandas.")
    lines = [line.partition(": ")[2] for line in told.splitlines() if f"{user.name}:" in line]
    assert lines == [
        'note: Revealed type is "float | None"',
        'note: Revealed type is "float | None"',
        'note: Revealed type is "pandas.DataFrame"',
        'note: Revealed type is "tuple[bench.rules.model.Policy, ...]"',
        'note: Revealed type is "float | None"',
        'note: Revealed type is "bench.theory.comparison.Ratio | None"',
        'note: Revealed type is "bench.notebook.Shown[bench.rules.timeline.Period]"',
        'note: Revealed type is "str"',
        'note: Revealed type is "pandas.DataFrame"',
        'error: Argument 1 to "chip" has incompatible type "int"; expected "str"  [arg-type]',
        'error: Module has no attribute "chipz"; maybe "chip"?  [attr-defined]',
    ]
