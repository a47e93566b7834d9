"""Footnotes name sources; with ``sources=true``, and for programs, they have them in full."""

import pytest

from bench.commands.printed import HINT
from tests.commands.command_cases import document, said

DAY = "on=2025-08-15"
ASKED = (
    ("rules", ["chips=[h20,mi308x,rtx4090]", DAY]),
    ("rules", ["timeline", "chip=h20"]),
    ("rules", ["explain", "chip=h20", DAY]),
    ("rules", ["whatif", "chip=h20", DAY]),
    ("rules", ["list", "rule=3A090", DAY]),
    ("show", ["chip=h20"]),
    ("show", ["chip=h20", "figures=[tdp]"]),
    ("claims", ["chip=h20"]),
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
    assert HINT not in told["summary"]


def test_a_weak_source_is_still_marked_in_a_short_footnote(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = said("show", ["chip=h20", "figures=[matrix_bf16]"], capsys)[1]
    assert "Baidu Baike: H20 (database) [weak]" in [
        one.strip().partition(" ")[2] for one in out.splitlines()
    ]


def test_a_record_has_its_sources_in_full_and_no_key_for_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = said("show", ["sources=true"], capsys)
    assert (code, out) == (2, "")
    assert "sources= needs chip=" in err
