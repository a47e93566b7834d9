"""Sign and colour of a claim tell whether it holds, and not which side its ratio lies on."""

import pytest

from bench.claims.judge import Answer, Stands, Word
from bench.site.blocks import CLAIM_MARKS, answer_badge, claim_badge, neutral


@pytest.mark.parametrize("stands", [one for one in Stands if one is not Stands.OPEN])
@pytest.mark.parametrize("word", [Word.MATCH, Word.EXCEEDS, Word.SHORT])
def test_whether_a_claim_holds_gives_the_sign(word: Word, stands: Stands) -> None:
    told = claim_badge(word.value, stands)
    holds = stands in {Stands.BOTH, Stands.MEASURED, Stands.ON_PAPER}
    assert ("✓" in told, "✗" in told) == (holds, not holds)
    assert ("badge good" in told, "badge bad" in told) == (holds, not holds)
    assert neutral(word.value) in told


def test_what_is_open_says_why() -> None:
    for word in (Word.INCONCLUSIVE, Word.UNTESTABLE):
        told = claim_badge(word.value, Stands.OPEN)
        assert told.endswith(neutral(word.value))
        assert '<span class="badge unsure">? open</span>' in told
    assert set(CLAIM_MARKS) == set(Stands)


def test_an_answer_has_its_sign_and_colour() -> None:
    assert answer_badge(Answer.HOLDS) == '<span class="badge good">✓ holds</span>'
    assert answer_badge(Answer.FAILS) == '<span class="badge bad">✗ fails</span>'
    assert answer_badge(Answer.OPEN) == '<span class="badge unsure">? open</span>'
