"""Reads the text to import from a file or from standard input, completely or not at all."""

import sys
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from bench.errors import UsageError
from bench.importers.base import one_line

MAX_BYTES = 20_000_000
MAX_LINES = 2_000_000
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte order marks of UTF-16, which PowerShell writes when its output is redirected."""


def text_of(path: str) -> tuple[str, str]:
    """Returns a file's text and its name; ``-`` is standard input.

    Raises:
        UsageError: it is missing, not a regular file, too large, or not text.
    """
    name = "standard input" if path == "-" else one_line(Path(path).name) or "the file"
    data = _read_stream(sys.stdin.buffer) if path == "-" else _read_file(path)
    return _decoded(data, name), name


def _read_stream(stream: BinaryIO) -> bytes:
    return stream.read(MAX_BYTES + 1)


def _read_file(path: str) -> bytes:
    try:
        file_path = Path(path).expanduser()
        if not S_ISREG(file_path.stat().st_mode):
            raise UsageError(
                f"{one_line(path)} is no regular file; give one, or file=- for standard input"
            )
        with file_path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no file {one_line(path)!r}") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{one_line(path)} cannot be read: {reason}") from None


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        raise UsageError(f"{name} is larger than {MAX_BYTES // 10**6} MB; cut it to one run")
    if data.startswith(UTF16_MARKS):
        raise UsageError(f"{name} is in UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is no text: byte {error.start} is not UTF-8; check it") from None
    if "\0" in text:
        raise UsageError(f"{name} is no text: it holds a zero byte; give what the tool printed")
    if not text.strip():
        raise UsageError(f"{name} is empty; give what the tool printed")
    if text.count("\n") > MAX_LINES:
        raise UsageError(f"{name} has more than {MAX_LINES:,} lines; cut it to one run")
    return text
