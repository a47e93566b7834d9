"""Summaries of records as JSON, in which each thing that was measured is stored only once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bench.archive.entry import Entry, Head, Line, What


def pack(record_entry: Entry) -> tuple[str, str, dict[str, str]]:
    """Returns head and lines as JSON, and each line's ``what`` as JSON by its hash.

    Many records measure the same few things, so each ``what`` is stored only once.
    """
    whats: dict[str, str] = {}
    lines = [[_named(line.what, whats), *line[1:]] for line in record_entry.lines]
    return json.dumps(record_entry.head), json.dumps(lines), whats


def _named(what: What, whats: dict[str, str]) -> str:
    name, text = _hashed(what)
    whats[name] = text
    return name


@lru_cache(maxsize=4096)
def _hashed(what: What) -> tuple[str, str]:
    text = json.dumps(what)
    return hashlib.sha256(text.encode()).hexdigest()[:12], text


def heads_of(texts: Sequence[str]) -> list[Head]:
    """Returns the heads that ``pack`` wrote; decoding many at once is faster."""
    return [Head(*fields) for fields in json.loads(f"[{','.join(texts)}]")]


def what_of(text: str) -> What:
    """Returns a ``what`` that ``pack`` wrote."""
    return What(*json.loads(text))


def lines_of(texts: Sequence[str], whats: Mapping[str, What]) -> list[list[Line]]:
    """Returns the lines that ``pack`` wrote, for each record."""
    decoded = json.loads(f"[{','.join(texts)}]")
    return [[Line(whats[name], *rest) for name, *rest in record_lines] for record_lines in decoded]
