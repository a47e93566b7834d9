"""Footnotes name sources; with ``sources=true``, and for programs, they have them in full."""

import json

import pytest

from tests.commands.command_cases import document, said

DAY = "on=2025-08-15"
HINT = "Footnotes are short: "
ASKED = (
    ("rules", ["chips=[h20,mi308x,rtx4090]", DAY]),
    ("rules", ["timeline", "chip=h20"]),
    ("rules", ["explain", "chip=h20", DAY]),
    ("rules", ["whatif", "chip=h20", DAY]),
    ("rules", ["list", "rule=3A090", DAY]),
    ("show", ["chip=h20"]),
    ("show", ["chip=h20", "figures=[tdp]"]),
    ("show", ["record=h200-sxm-full"]),
)


@pytest.mark.parametrize(("command", "words"), ASKED)
def test_footnotes_are_short_unless_sources_are_asked_for(
    command: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Three chips brought eight footnotes of up to 1,500 characters."""
    for more, is_short in (([], True), (["sources=true"], False)):
        text = said(command, [*words, *more], capsys)[1]
        notes = [one for one in text.splitlines() if one.startswith("[")]
        assert notes
        assert any("https://" in one for one in notes) is not is_short
        assert (HINT in text) is is_short
    told = document(command, words, capsys)
    assert any("https://" in one for one in told["notes"])
    assert not any(HINT in one for one in told["summary"])


def test_a_weak_source_is_still_marked_in_a_short_footnote(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = said("show", ["chip=h20", "figures=[matrix_bf16]"], capsys)[1]
    assert "Baidu Baike: H20 (database) [weak]" in [
        one.strip().partition(" ")[2] for one in out.splitlines()
    ]


def test_the_gate_against_a_sheet_has_short_footnotes_and_says_where_they_are_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["record=h200-sxm-full", "against=h200", "figures=[matrix_bf16]"]
    out = said("gate", [*words, "report=plain"], capsys)[1]
    assert "[1] NVIDIA H200 datasheet (vendor-datasheet)\n" in out
    assert f"{HINT}show chip=h200 sources=true gives sources" in " ".join(out.split())
    told = json.loads(said("gate", [*words, "report=json"], capsys)[1])
    assert "https://" in told["notes"][0]
