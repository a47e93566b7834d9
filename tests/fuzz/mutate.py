"""Changes of valid inputs that keep most of their structure: what fuzzers of both kinds share.

Every change is drawn from the ``Random`` that is given, so that one seed makes one input. Inputs
are bytes: trees (YAML or JSON), lines (what tools print) and words (a command line, a word a line).
"""

import json
import re
from random import Random
from typing import TYPE_CHECKING, Any

from bench.files import yamlfile

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHANGES = 4
LARGEST = 400_000
"""Bytes of an input that a change may grow to."""
DEEP = 400
TOKEN = re.compile(rb"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[A-Za-z_]+|[^\sA-Za-z0-9_]")
ODD = (
    "", " ", "null", "true", "no", "-1", "0", "1e999", "-1e999", "1e-999", "NaN", "inf", "-0.0",
    "9" * 30, "9" * 400, "9" * 5_000, "1" + "0" * 308, "5e-324", "1e308", "1e309", "0x10", "1_000",
    "\u0661\u0662", "\u00b2", "\u00bd", "\U0001d7d9", "x" * 3_000, "\x00", "\x1b[31m", "\x7f",
    "\r", "\t", "\u202e", "\u2028", "\x85", "\ufeff", "\ud800", "é", "昇腾", "%s%n", "{0}",
    "${oc.env:HOME}", "${now:}", "../../etc/passwd", "<script>", "'", '"', "\\", "=", ",", ":",
    "*", "?", "[", "]", "{", "}", "(", ")", "~", "+", "..", "1..64", "99999999999999999999..1",
    "2026-02-30", "0000-00-00", "9999-12-31", "148 TFLOP/s", "1e400 W", "0 W", "-5 GB/s",
    "1e308 TB/s", "Gen6 x99999999", "unknown", "unsupported", "never",
)  # fmt: skip
"""Texts that parsers have stumbled over, here or elsewhere."""
RAW = (
    "&a [*a, *a]", "*a", "!!python/object/apply:os.system [ls]", "!!binary aGk=", "<<: {a: b}",
    "? [a]\n: b", "---", "...", "%YAML 9.9", "|", ">-", "NaN", "Infinity", "1e999", "0123", "+1",
    "&a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]", "'", '"', "[", "{", "- ", "\t",
)  # fmt: skip
"""What is put in unquoted: features and fragments of YAML and JSON."""


class Pairs(list[tuple[str, Any]]):
    """A mapping as its pairs, so that a key can stand twice."""


class Raw(str):
    """What is written as it is, unquoted."""

    __slots__ = ()


def mutated(data: bytes, form: str, rng: Random) -> bytes:
    """Returns an input with a few changes; ``form`` is ``tree``, ``lines`` or ``words``."""
    changes: dict[str, Callable[[bytes, Random], bytes]] = {
        "tree": _tree_changed, "lines": _lines_changed, "words": _words_changed,
    }  # fmt: skip
    for _ in range(rng.randint(1, MOST_CHANGES)):
        change = _bytes_changed if rng.random() < 0.12 else changes[form]
        data = change(data, rng)[:LARGEST]
    return data


def _bytes_changed(data: bytes, rng: Random) -> bytes:
    """Changes the file as a whole: its encoding, its ends, a byte."""
    at = rng.randint(0, len(data))
    made: tuple[Callable[[], bytes], ...] = (
        lambda: data[:at],
        lambda: data[at:],
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        lambda: data[:at] + b"\x00" + data[at:],
        lambda: data.decode("utf-8", "replace").encode("utf-16"),
        lambda: data + data,
        lambda: data[:at] + rng.choice([b"[", b"{", b"- ", b'{"a":']) * 20_000 + data[at:],
        lambda: b"",
    )
    return rng.choice(made)()


def _odd(rng: Random) -> bytes:
    return rng.choice(ODD).encode("utf-8", "surrogatepass")


def _lines_changed(data: bytes, rng: Random) -> bytes:
    """Changes lines, or a number, word or sign in one."""
    lines = data.split(b"\n")
    here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
    line = lines[here]
    kind = rng.randrange(9)
    if kind == 0:
        del lines[here]
    elif kind == 1:
        lines.insert(there, line)
    elif kind == 2:
        lines[here], lines[there] = lines[there], line
    elif kind == 3:
        lines[here] = line * rng.choice([2, 50])
    elif kind == 4:
        lines[here] = rng.choice([b" ", b"  ", b"\t", b"- "]) + line
    elif kind == 5:
        lines[here:here] = [line] * 200
    else:
        lines[here] = _token_changed(line, rng)
    return b"\n".join(lines)


def _token_changed(line: bytes, rng: Random) -> bytes:
    """Puts something odd, nothing, or a neighbour in the place of a number, word or sign."""
    found = list(TOKEN.finditer(line))
    if not found:
        return line + _odd(rng)
    one = rng.choice(found)
    put = rng.choice([_odd(rng), b"", rng.choice(found)[0], one[0] * 2])
    return line[: one.start()] + put + line[one.end() :]


def _words_changed(data: bytes, rng: Random) -> bytes:
    """Changes words of a command line, their keys and their values."""
    words = data.split(b"\n")
    here = rng.randrange(len(words))
    key, equals, value = words[here].partition(b"=")
    made: tuple[Callable[[], list[bytes]], ...] = (
        lambda: [*words[:here], *words[here + 1 :]],
        lambda: [*words, words[here]],
        lambda: [*words, key + b"=" + _odd(rng)],
        lambda: _put(words, here, key + equals + _odd(rng)),
        lambda: _put(words, here, key + equals + value + _odd(rng)),
        lambda: _put(words, here, rng.choice([b"+", b"++", b"~", b"-", b"."]) + words[here]),
        lambda: _put(words, here, key + b"." + _odd(rng) + b"=" + value),
        lambda: _put(words, here, key + b"=[" + b",".join([value, _odd(rng), value]) + b"]"),
        lambda: _put(words, here, key + b"={" + value + b":" + _odd(rng) + b"}"),
        lambda: _put(words, here, _odd(rng) + b"=" + value),
        lambda: _put(words, here, _token_changed(words[here], rng)),
        lambda: _put(words, here, _token_changed(words[here], rng)),
    )
    return b"\n".join(rng.choice(made)())


def _put(words: list[bytes], here: int, word: bytes) -> list[bytes]:
    return [*words[:here], word, *words[here + 1 :]]


def _tree_changed(data: bytes, rng: Random) -> bytes:
    """Changes one place of a tree; a text that is none, or one time in four, its lines."""
    tree = None if rng.random() < 0.25 else _tree(data)
    if not tree:
        return _lines_changed(data, rng)
    inner = _containers(tree)
    try:
        _place_changed(rng.choice(inner), inner, rng)
        return _written(tree).encode("utf-8", "surrogatepass")
    except RecursionError:  # one change put a tree of many hundred levels there
        return _lines_changed(data, rng)


def _tree(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=Pairs, parse_float=Raw)
    except (ValueError, RecursionError):
        pass
    try:
        return _pairs(yamlfile.parse(data.decode("utf-8")))
    except (UnicodeDecodeError, yamlfile.YamlError):
        return None


def _pairs(node: yamlfile.Node) -> Any:
    if isinstance(node, dict):
        return Pairs((key, _pairs(one)) for key, one in node.items())
    return [_pairs(one) for one in node] if isinstance(node, list) else node


def _containers(tree: Any) -> list[Any]:
    """Returns every mapping and list that is not empty, and a place to hold the root."""
    found, waiting = [], [tree]
    while waiting:
        one = waiting.pop()
        inner = [value for _, value in one] if isinstance(one, Pairs) else one
        if isinstance(one, list) and one:
            found.append(one)
            waiting.extend(value for value in inner if isinstance(value, list))
    return found or [[tree]]


def _place_changed(holder: Any, every: list[Any], rng: Random) -> None:
    """Drops, doubles, renames, swaps or replaces one entry of a mapping or list."""
    at = rng.randrange(len(holder))
    key, value = holder[at] if isinstance(holder, Pairs) else (None, holder[at])
    kind = rng.randrange(8)
    if kind == 0:
        del holder[at]
        return
    if kind == 1:
        holder.insert(at, holder[at])
        return
    if kind == 2 and key is not None:
        holder[at] = (rng.choice([*ODD, key + "x", key.upper()]), value)
        return
    put = _replacement(value, every, rng)
    holder[at] = put if key is None else (key, put)


def _replacement(value: Any, every: list[Any], rng: Random) -> Any:
    made: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(ODD),
        lambda: rng.choice(ODD),
        lambda: Raw(rng.choice(ODD)),
        lambda: Raw(rng.choice(RAW)),
        lambda: rng.choice([None, True, 0, -1, 10**30, 10**400, [], Pairs(), Raw("1e308")]),
        lambda: [value] * rng.choice([1, 2, 300]),
        lambda: Pairs([("value", value)]),
        lambda: Raw("[" * DEEP + "]" * DEEP),
        lambda: _copied(rng.choice(every)),
        lambda: f"{value}{rng.choice(ODD)}" if isinstance(value, str) else -1,
    )
    return rng.choice(made)()


def _copied(node: Any) -> Any:
    """Returns a copy, so that no tree holds itself."""
    if isinstance(node, Pairs):
        return Pairs((key, _copied(one)) for key, one in node)
    return [_copied(one) for one in node] if isinstance(node, list) else node


def _written(node: Any) -> str:
    """Returns a tree as JSON, which is YAML as well, with doubled keys and what is raw."""
    if isinstance(node, Pairs):
        return "{" + ", ".join(f"{_text(key)}: {_written(one)}" for key, one in node) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_written, node)) + "]"
    if isinstance(node, Raw):
        return str(node)
    if isinstance(node, str):
        return _text(node)
    return "9" * 401 if isinstance(node, int) and node == 10**400 else json.dumps(node)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
