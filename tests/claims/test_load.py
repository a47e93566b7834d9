"""Claims as files: a sound one is read whole, and every fault is one line with its remedy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.claims.load import cited, claim, examine
from bench.claims.model import Axis, Claim
from bench.errors import DataError, UsageError, sound

CHIPS = ("nvidia-h20-sxm-96gb", "nvidia-h100-sxm-80gb", "nvidia-a100-sxm-80gb")
H20, H100, A100 = CHIPS
SOURCES = ("a-letter", "a-speech")
SOUND: Mapping[str, Any] = {
    "statement": "The H20 is faster.",
    "speaker": "Somebody",
    "side": "press",
    "date": "2025-07",
    "source": "a-letter",
    "subjects": [H20],
    "objects": [H100, A100],
    "axes": [{"figure": "matrix_bf16"}],
}


def written(folder: Path, name: str = "one", **changed: Any) -> Path:
    """A folder with a sound claim but for what is changed; None takes a field away."""
    node = {key: value for key, value in {**SOUND, **changed}.items() if value is not None}
    (folder / "claims").mkdir(exist_ok=True)
    (folder / "claims" / f"{name}.yaml").write_text(yaml.safe_dump(node), encoding="utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    """Every fault of the folder's claims, a line each."""
    return [str(one) for one in examine(folder, CHIPS, SOURCES)[1]]


# what is sound


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    axes = [
        {"figure": "memory_bandwidth", "relation": "at least", "factor": 1.2, "note": "so said"},
        {"work": "decode", "dtype": "fp8", "where": {"model": "Llama-2-70B", "batch": "1"}},
    ]
    words = {"reading": "as it stands", "note": "in a letter", "date": "2025-07-28"}
    written(tmp_path, "2025-one", axes=axes, which_object="any", margin=0.25, factor=2, **words)
    found, wrong = examine(tmp_path, CHIPS, SOURCES)
    one = found["2025-one"]
    assert wrong == []
    assert one == Claim(
        id="2025-one",
        statement="The H20 is faster.",
        speaker="Somebody",
        side="press",
        date="2025-07-28",
        source="a-letter",
        subjects=(H20,),
        objects=(H100, A100),
        which_subject="each",
        which_object="any",
        relation="matches",
        factor=2.0,
        margin=0.25,
        axes=(Axis.model_validate(axes[0]), Axis.model_validate(axes[1])),
        reading="as it stands",
        note="in a letter",
    )
    assert [one.relation_of(axis) for axis in one.axes] == ["at least", "matches"]
    assert [one.factor_of(axis) for axis in one.axes] == [1.2, 2.0]


def test_what_a_file_does_not_say_is_a_match_of_each_with_ten_percent(tmp_path: Path) -> None:
    one = examine(written(tmp_path))[0]["one"]
    told = (one.which_subject, one.which_object, one.relation, one.factor, one.margin, one.unlike)
    assert told == ("each", "each", "matches", 1.0, 0.10, None)


def test_the_sources_that_are_cited_are_told(tmp_path: Path) -> None:
    written(tmp_path)
    found, _ = examine(written(tmp_path, "two", source="a-speech"))
    assert cited(found) == {"a-letter", "a-speech"}


def test_chips_and_sources_are_looked_up_only_where_they_are_given(tmp_path: Path) -> None:
    written(tmp_path, subjects=["no-chip"], source="no-source")
    assert examine(tmp_path)[1] == []
    assert len(faults(tmp_path)) == 2


# faults

AT_FAULT: list[tuple[str, dict[str, Any], str]] = [
    (
        "unknown source",
        {"source": "a-leter"},
        "source: 'a-leter' is not in specs/sources.yaml; add the source",
    ),
    (
        "unknown subject",
        {"subjects": ["nvidia-h20-sxm-96g"]},
        "subjects: there is no sheet 'nvidia-h20-sxm-96g'; did you mean 'nvidia-h20-sxm-96gb'",
    ),
    (
        "unknown object",
        {"objects": [H100, "nvidia-a100"]},
        "objects: there is no sheet 'nvidia-a100'; did you mean 'nvidia-a100-sxm-80gb'",
    ),
    (
        "chip on both sides",
        {"objects": [H100, H20]},
        f"objects: {H20} stands on both sides; take it from one",
    ),
    (
        "unknown figure",
        {"axes": [{"figure": "memory_capacity"}, {"figure": "matrix_bf61"}]},
        "axes.1.figure: 'matrix_bf61' is no figure; did you mean 'matrix_bf16'",
    ),
    (
        "neither figure nor work",
        {"axes": [{"note": "of something"}]},
        "axes.0.figure: or work is needed, and not both; give one of the two",
    ),
    (
        "figure and work",
        {"axes": [{"figure": "matrix_bf16", "work": "decode"}]},
        "axes.0.figure: or work is needed, and not both; give one of the two",
    ),
    (
        "where with a figure",
        {"axes": [{"figure": "matrix_bf16", "where": {"batch": "1"}}]},
        "axes.0.where: or dtype narrows work, not a figure; remove it",
    ),
    (
        "dtype with a figure",
        {"axes": [{"figure": "matrix_bf16", "dtype": "bf16"}]},
        "axes.0.where: or dtype narrows work, not a figure; remove it",
    ),
    (
        "unknown dtype",
        {"axes": [{"work": "decode", "dtype": "fp61"}]},
        "axes.0.dtype: 'fp61' is none; did you mean 'fp6' or 'fp64' or 'fp16'?",
    ),
    ("id in the file", {"id": "one"}, "id: is given by the file name; remove it"),
    (
        "unknown work",
        {"axes": [{"work": "decoding"}]},
        "axes.0.work: 'decoding' is not a word for it; write 'prefill', 'decode'",
    ),
    (
        "unknown detail",
        {"axes": [{"work": "decode", "where": {"modell": "x"}}]},
        "axes.0.where.modell: 'modell' is not a word for it; write 'shape', 'model'",
    ),
    ("unknown key", {"factr": 2}, "factr: is no key of it; remove it"),
    ("no statement", {"statement": None}, "statement: is missing; add it"),
    ("empty statement", {"statement": ""}, "statement: is too short; write at least 1 character"),
    ("no axis", {"axes": []}, "axes: is empty; name at least 1"),
    ("no object", {"objects": []}, "objects: is empty; name at least 1"),
    (
        "unknown side",
        {"side": "rival"},
        "side: 'rival' is not a word for it; write 'regulator', 'official'",
    ),
    (
        "unknown relation",
        {"relation": "equals"},
        "relation: 'equals' is not a word for it; write 'matches', 'exceeds'",
    ),
    ("no such month", {"date": "2025-13"}, "date: '2025-13' is not of its form; write a day"),
    ("no factor", {"factor": 0}, "factor: Input should be greater than 0; "),
    ("all is equal", {"margin": 1}, "margin: Input should be less than 1; "),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [one[1:] for one in AT_FAULT],
    ids=[one[0] for one in AT_FAULT],
)
def test_a_fault_is_one_line_with_file_field_problem_and_remedy(
    changed: dict[str, Any], told: str, tmp_path: Path
) -> None:
    (found,) = faults(written(tmp_path, **changed))
    assert found.startswith(f"specs/claims/one.yaml: {told}")
    assert "\n" not in found
    assert found.partition("; ")[2]


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, "a", source="a-leter", subjects=[H100], axes=[{"work": "decode"}, {}])
    written(tmp_path, "b", relation="equals", factor=-1)
    (tmp_path / "claims" / "c.yaml").write_text("- a list\n", encoding="utf-8")
    (tmp_path / "claims" / "d.yaml").write_text("statement: [\n", encoding="utf-8")
    places = [(one.file[-6:-5], one.field) for one in examine(tmp_path, CHIPS, SOURCES)[1]]
    assert places == [
        ("a", "source"), ("a", "objects"), ("a", "axes.1.figure"),
        ("b", "relation"), ("b", "factor"), ("c", ""), ("d", ""),
    ]  # fmt: skip


def test_loading_refuses_a_folder_with_any_fault_and_names_it(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, "two", axes=[{"figure": "matrix_bf61"}])
    with pytest.raises(DataError) as caught:
        sound(*examine(tmp_path))
    (only,) = caught.value.faults
    assert (only.file, only.field) == ("specs/claims/two.yaml", "axes.0.figure")


def test_a_claim_is_found_by_its_id_and_a_wrong_one_names_the_nearest() -> None:
    assert claim("2019-08-23-huawei-910-2x-resnet").id == "2019-08-23-huawei-910-2x-resnet"
    with pytest.raises(UsageError) as caught:
        claim("2019-08-23-huawei-910-2x-resnat")
    assert str(caught.value).startswith(
        "no claim '2019-08-23-huawei-910-2x-resnat' in specs/claims: "
        "did you mean '2019-08-23-huawei-910-2x-resnet'"
    )


def test_a_folder_without_claims_has_none(tmp_path: Path) -> None:
    assert examine(tmp_path) == ({}, [])
