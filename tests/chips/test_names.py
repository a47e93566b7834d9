"""A name means one chip, can be typed, and is told apart whatever its width, case and blanks."""

from typing import Any

import pytest

from bench.chips.faults import chip_faults, set_faults
from bench.chips.groups import APART, GROUPS, ROMANISED
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.names import names_of, plain
from bench.chips.select import select
from bench.errors import UsageError


def chip(key: str, **told: Any) -> Chip:
    """A sheet without a figure."""
    node = {
        "id": key, "name": key.replace("-", " ").title(), "vendor": key.split("-", 1)[0],
        "kind": "gpu", "status": "stub", "tier": "global", "architecture": "a design", **told,
    }  # fmt: skip
    return Chip.model_validate(node)


def told(*chips: Chip) -> list[str]:
    """The faults of a set of sheets, a line each."""
    return [str(fault) for fault in set_faults(chips)]


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("H20", "h20"),
        ("９１０Ｂ", "910b"),
        ("  Acme\u3000 One\t", "acme one"),
        ("STRASSE", "straße"),
        ("昇騰 910", "昇騰\u00a0910"),
    ],
)
def test_width_case_and_blanks_part_no_names(name: str, same: str) -> None:
    assert plain(name) == plain(same)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("aliases", ("ＦＡＳＴ",)),
        ("aliases", ("other", "fast")),
        ("local_name", "Fast"),
        ("name", " fast "),
        ("name", "fast"),
    ],
)
@pytest.mark.parametrize(
    "first", [{"aliases": ("Fast",)}, {"local_name": "fast"}, {"name": "Fast"}]
)
def test_two_chips_share_no_name_whichever_field_has_it(
    first: dict[str, Any], field: str, value: Any
) -> None:
    assert told(chip("acme-one", **first), chip("bold-two", **{field: value})) == [
        f"specs/chips/bold-two.yaml: {field}: 'fast' names acme-one too; keep it in one"
    ]


def test_the_id_of_one_chip_is_no_name_of_another() -> None:
    assert told(chip("acme-one"), chip("acme-two", aliases=("ACME-ONE",))) == [
        "specs/chips/acme-two.yaml: aliases: 'acme-one' names acme-one too; keep it in one"
    ]


def test_a_chip_may_repeat_its_own_name() -> None:
    assert (
        told(chip("acme-one", name="ACME-One", aliases=("acme-one",), local_name="acme-one")) == []
    )


@pytest.mark.parametrize("name", ["", "  ", "\u3000"])
@pytest.mark.parametrize("field", ["name", "local_name"])
def test_an_empty_name_is_refused(field: str, name: str) -> None:
    assert told(chip("acme-one", **{field: name})) == [
        f"specs/chips/acme-one.yaml: {field}: is empty; write a name"
    ]


def test_an_empty_alias_is_refused() -> None:
    assert told(chip("acme-one", aliases=("",))) == [
        "specs/chips/acme-one.yaml: aliases: is empty; write a name"
    ]


@pytest.mark.parametrize("word", [*GROUPS, *APART, "acme", "Ａcme", "STUBS"])
def test_the_word_for_a_group_or_a_vendor_is_no_name(word: str) -> None:
    assert told(chip("acme-one"), chip("bold-two", aliases=(word,))) == [
        (
            f"specs/chips/bold-two.yaml: aliases: {word!r} is the word for a group of chips; "
            "give it another name"
        )
    ]


@pytest.mark.parametrize("sign", [",", "*", "?", "[", "]"])
@pytest.mark.parametrize("field", ["aliases", "local_name"])
def test_a_name_that_is_typed_holds_no_sign_of_lists_or_patterns(field: str, sign: str) -> None:
    name = f"a{sign}b"
    value = (name,) if field == "aliases" else name
    assert told(chip("acme-one", **{field: value})) == [
        (
            f"specs/chips/acme-one.yaml: {field}: {name!r} holds {sign}, "
            "which separate or match names; leave it out"
        )
    ]


def test_a_title_may_hold_a_comma_and_no_sign_of_a_pattern() -> None:
    assert told(chip("acme-one", name="Acme One, one die")) == []
    assert told(chip("acme-one", name="Acme [One]*")) == [
        (
            "specs/chips/acme-one.yaml: name: 'Acme [One]*' holds * [ ], "
            "which separate or match names; leave it out"
        )
    ]


@pytest.mark.parametrize(
    "sign", ["\u200b", "\u00ad", "\u202e", "\ufeff", "\u00a0", "\u3164", "\u2800", "\ufe0f", "\n"]
)
def test_a_name_holds_nothing_that_nobody_sees(sign: str) -> None:
    name = f"fa{sign}st"
    assert told(chip("acme-one", aliases=(name,))) == [
        (f"specs/chips/acme-one.yaml: aliases: {name!r} holds an invisible character; leave it out")
    ]


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_architecture_is_refused(text: str) -> None:
    (fault,) = chip_faults(chip("acme-one", architecture=text), {}, "a.yaml")
    assert str(fault) == "a.yaml: architecture: is empty; write it in words, or unknown"


def test_every_shipped_name_finds_its_chip(sheets: Catalogue) -> None:
    for one in sheets.chips.values():
        for field, name in names_of(one):
            assert sheets.find(name) is one, (field, name)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("tianshu", "tianshu is iluvatar: bi-v100, "),
        ("hanbo", "hanbo is vastai: "),
        ("suiyuan", "suiyuan is enflame: "),
        ("A16", "did you mean 'a10"),
        ("thor", "'python -m bench chips' lists them"),
        ("wse-3", "'python -m bench chips' lists them"),
        ("h2o", "did you mean 'h20"),
    ],
)
def test_a_suggestion_is_of_the_maker_meant(word: str, text: str, sheets: Catalogue) -> None:
    """tianshu was told to mean trainium, hanbo dhyana, thor trn4."""
    with pytest.raises(UsageError) as caught:
        sheets.find(word)
    assert f"no chip {word!r} in specs/chips: {text}" in str(caught.value)


def test_a_vendor_is_a_group_by_its_chinese_name_in_latin_letters(sheets: Catalogue) -> None:
    assert {one.vendor for one in select(["tianshu", "hanbo"], sheets)} == {"iluvatar", "vastai"}
    assert {one.vendor for one in select(["all"], sheets, "muxi")} == {"metax"}
    vendors = {chip.vendor for chip in sheets.chips.values()}
    assert vendors.issuperset(ROMANISED.values())
    assert not [word for word in ROMANISED if sheets.named(word)]
