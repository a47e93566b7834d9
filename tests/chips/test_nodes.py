"""The node of the compute dies is read from the words that sheets use for a process."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.theory.tpp import node_nm


def chip(process: str | None) -> Chip:
    facts = {"process": {"value": process, "source": "maker"}} if process else {}
    return Chip.model_validate(
        {
            "id": "acme-one", "name": "Acme One", "vendor": "acme", "kind": "npu",
            "status": "sold", "tier": "global", "architecture": "a design", "facts": facts,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("process", "node"),
    [
        ("12 nm", 12.0),
        ("7nm", 7.0),
        ("7 nm (claim)", 7.0),
        ("7 nm class; SMIC N+2 by the books, most sampled dies from TSMC", 7.0),
        ("GlobalFoundries 12 nm", 12.0),
        ("GlobalFoundries 12LP", 12.0),
        ("SMIC 6 nm class, claimed", 6.0),
        ("Samsung 14 nm", 14.0),
        ("TSMC 12 nm FFC", 12.0),
        ("TSMC 12FFC", 12.0),
        ("TSMC 4N", 4.0),
        ("TSMC 4NP", 4.0),
        ("TSMC N7", 7.0),
        ("TSMC N7+ (EUV)", 7.0),
        ("TSMC N5P", 5.0),
        ("TSMC N16", 16.0),
        ("TSMC 7 nm (N7)", 7.0),
        ("TSMC 7 nm, chiplets (MLUarch03)", 7.0),
        ("1.8 nm", 1.8),
    ],
)
def test_a_process_names_its_node(process: str, node: float) -> None:
    assert node_nm(chip(process)) == node


@pytest.mark.parametrize(
    ("process", "node"),
    [
        ("TSMC 5 nm XCD / 6 nm IOD", 5.0),
        ("TSMC 5/6 nm", 5.0),
        ("TSMC N3P XCD / N6 IOD", 3.0),
        ("TSMC N2 compute, N3 I/O", 2.0),
    ],
)
def test_of_several_dies_the_first_named_is_the_compute_die(process: str, node: float) -> None:
    assert node_nm(chip(process)) == node


@pytest.mark.parametrize(
    "process", ["domestic supply chain", "not disclosed; SMIC N+3 is expected", "2 dies", None]
)
def test_a_process_without_a_node_has_none(process: str | None) -> None:
    assert node_nm(chip(process)) is None


def test_every_shipped_process_with_a_number_gives_a_node(sheets: Catalogue) -> None:
    texts = {
        fact.value: node_nm(part)
        for part in sheets.chips.values()
        if (fact := part.facts.get("process"))
    }
    unread = {text for text, node in texts.items() if node is None}
    assert {text for text in unread if any(sign.isdigit() for sign in text)} <= {
        "not disclosed; SMIC N+3 is expected"
    }
    assert all(2 <= node <= 28 for node in texts.values() if node is not None)
