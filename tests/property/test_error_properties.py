"""Whatever an error quotes, it is one printable line of bounded length, and short text stays."""

from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LONGEST, PIECE, DataError, Fault, UsageError, plainly

ANY = st.text(st.characters(exclude_categories=()), max_size=40) | st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(1, 2_000)
)
SHOWN = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=PIECE)


@given(text=ANY)
def test_a_message_is_one_printable_line_no_longer_than_anybody_reads(text: str) -> None:
    told = str(UsageError(text))
    assert told.isprintable()
    assert len(told) <= LONGEST


@given(text=SHOWN)
def test_what_is_short_and_printable_is_told_as_it_is(text: str) -> None:
    assert plainly(text) == str(UsageError(text)) == text


@given(pieces=st.tuples(ANY, ANY, ANY, ANY))
def test_a_fault_is_one_line_whatever_stands_in_its_file(pieces: tuple[str, str, str, str]) -> None:
    fault = Fault(*pieces)
    assert str(fault).isprintable()
    assert str(DataError([fault, fault])) == f"{fault}\n{fault}"
    assert len(str(fault)) <= 4 * PIECE + 6


def test_of_a_long_text_both_ends_are_told() -> None:
    told = plainly("begin" + "x" * 10_000 + "end", 100)
    assert told.startswith("beginxxx")
    assert told.endswith("xxxend")
    assert " ... " in told
    assert len(told) <= 100
