"""Words between values: lists and sentences."""

import pytest

from bench.words import counted, listed, sentence


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_a_list_has_commas_and_a_last_joint(words: list[str], text: str) -> None:
    assert listed(words) == text
    assert listed(iter(words), "or") == text.replace("and", "or")


def test_a_count_has_its_noun_in_the_plural_unless_it_is_one() -> None:
    assert [counted(number, "chip") for number in (0, 1, 2048)] == [
        "0 chips",
        "1 chip",
        "2,048 chips",
    ]


def test_a_sentence_starts_with_a_capital_and_ends_with_a_full_stop() -> None:
    assert sentence("no sheet prints TDP") == "No sheet prints TDP."
