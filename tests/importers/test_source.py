"""The text that is imported is read whole or not at all."""

import re
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.importers.source import MAX_BYTES, MAX_LINES, text_of


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"abc\x00def", "it holds a zero byte"),
        (b"\x89PNG\r\n\x1a\n", "byte 0 is not UTF-8"),
        ("Tried".encode("utf-16"), "is in UTF-16; save it as UTF-8"),
        (b"a" * (MAX_BYTES + 1), "is larger than 20 MB"),
        (b"\n" * MAX_LINES + b"a\n", f"has more than {MAX_LINES:,} lines"),
    ],
    ids=["empty", "blank", "zero", "picture", "utf-16", "large", "lines"],
)
def test_what_is_no_text_is_refused_before_it_is_looked_at(
    data: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"^log\.txt ") as refused:
        text_of(str(path))
    assert said in str(refused.value)


def test_a_text_with_a_mark_of_byte_order_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"\xef\xbb\xbffunction\r\n")
    assert text_of(str(path)) == ("function\r\n", "log.txt")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(str(tmp_path))} is no regular file"):
        text_of(str(tmp_path))
    with pytest.raises(UsageError, match="there is no file"):
        text_of(str(tmp_path / "none"))
    with pytest.raises(UsageError, match="cannot be read"):
        text_of("a\0b")
