"""JSON written by others has one reading, or is refused; look-ups tolerate any type."""

import pytest

from bench.files.jsonfile import Json, items, part, strict, word

DATA: dict[str, Json] = {
    "a": {"b": 1},
    "list": [{"c": 2}, 3],
    "text": "x",
    "number": 1.5,
    "on": True,
}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "an object has the key 'b' twice"),
        ("[NaN]", "NaN is no finite number"),
        ("[-Infinity]", "-Infinity is no finite number"),
        ("[1e999]", "1e999 is no finite number"),
        ("[-1e61]", "-1e61 is larger than 1e+60"),
        (f"[{'9' * 10_000}]", f"{'9' * 40}... is too long for a number"),
        ("[" * 4 + "]" * 4, "it is nested more than 3 deep"),
        ("[" * 100_000, "it is nested too deeply"),
        ("[1", "Expecting ',' delimiter: line 1 column 3 (char 2)"),
    ],
    ids=["twice", "nan", "inf", "huge", "large", "long", "deep", "far-too-deep", "cut"],
)
def test_json_with_no_or_several_readings_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 -- the message is compared
        strict(text, largest=1e60, depth=3)
    assert str(error.value) == problem


def test_json_is_read_as_it_is() -> None:
    assert strict('{"a": [1.5, null, "x", 7]}', depth=3) == {"a": [1.5, None, "x", 7]}


def test_look_ups_tolerate_other_types() -> None:
    assert (part(DATA, "a"), part(DATA, "list"), part(DATA, "none")) == ({"b": 1}, {}, {})
    assert (items(DATA, "list"), items(DATA, "text")) == ([{"c": 2}], [])
    assert [word(DATA, key) for key in ("text", "number", "on", "list")] == ["x", "1.5", "", ""]
