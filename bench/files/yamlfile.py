"""Reads a YAML file as plain mappings, lists and strings, and refuses all other YAML features.

Every scalar stays a string, so that ``no``, ``1e3`` and ``0123`` are read as written. Duplicate
keys, anchors, aliases, tags and deep nesting are errors.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

import yaml

Node: TypeAlias = "str | list[Node] | dict[str, Node]"
MAX_DEPTH = 12
MAX_BYTES = 2_000_000
LONGEST_KEY = 80
"""Most characters of a key that an error quotes."""
SUSPECT = re.compile(r"[&*!]")
"""Characters that start anchors, aliases and tags; they may also be text."""
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class YamlError(ValueError):
    """A file that is not plain YAML as data files have to be; the message has the line."""


def read(path: Path) -> Node:
    """Returns the one document in ``path``.

    Raises:
        YamlError: broken syntax or a refused feature, with the line; or no readable file.
        FileNotFoundError: there is nothing at ``path``.
    """
    return parse(text(path))


def parse(text: str) -> Node:
    """Returns the one document in ``text``.

    Raises:
        YamlError: broken syntax or a refused feature, with the line.
    """
    try:
        return _document(_events(text))
    except yaml.MarkedYAMLError as error:
        line = getattr(error.problem_mark, "line", None)
        place = "" if line is None else f"line {line + 1}: "
        raise YamlError(f"{place}{error.problem}") from error
    except yaml.YAMLError as error:
        raise YamlError(f"not readable as YAML: {' '.join(str(error).split())}") from error


def text(path: Path) -> str:
    """Returns the text of a file.

    Raises:
        YamlError: it is too large, no regular file, or not UTF-8.
        FileNotFoundError: there is nothing at ``path``.
    """
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise YamlError("cannot be read as a file: it is no regular one")
        if about.st_size > MAX_BYTES:
            raise YamlError(f"larger than {MAX_BYTES} bytes")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise YamlError(f"not readable as YAML: {error}") from error
    except OSError as error:
        raise YamlError(f"cannot be read as a file: {error.strerror or error}") from error


def _events(text: str) -> Iterator[yaml.Event]:
    """Returns the parser's events; they are checked only if the file has suspect characters."""
    events: Iterator[yaml.Event] = iter(_LOADER(text).get_event, None)
    return _checked(events) if SUSPECT.search(text) else events


def _checked(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlError(f"{_line(event)}: anchors and aliases are not used in data files")
        if getattr(event, "tag", None):
            raise YamlError(f"{_line(event)}: tags are not used in data files")
        yield event


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1 if event.start_mark else 0}"


def _document(events: Iterator[yaml.Event]) -> Node:
    next(events)  # stream start
    if isinstance(next(events), yaml.StreamEndEvent):
        raise YamlError("the file is empty")
    node = _node(next(events), events, 0)
    next(events)  # document end
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise YamlError("one document a file")
    return node


def _node(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise YamlError(f"{_line(event)}: nested deeper than {MAX_DEPTH}")
    if isinstance(event, yaml.ScalarEvent):
        return _visible(event)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events, depth)
    return _mapping(events, depth)


def _visible(event: yaml.ScalarEvent) -> str:
    """Returns a scalar's text; refuses invisible characters."""
    text: str = event.value
    if text.isprintable():
        return text
    for sign in text:
        if sign != "\n" and not sign.isprintable():
            raise YamlError(f"{_line(event)}: holds the unseen character U+{ord(sign):04X}")
    return text


def _sequence(events: Iterator[yaml.Event], depth: int) -> list[Node]:
    items: list[Node] = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        items.append(_node(event, events, depth + 1))
    return items


def _mapping(events: Iterator[yaml.Event], depth: int) -> dict[str, Node]:
    items: dict[str, Node] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError(f"{_line(event)}: a key must be a plain word")
        key = _visible(event)
        if key in items:
            raise YamlError(f"{_line(event)}: key {key[:LONGEST_KEY]!r} stands twice")
        items[key] = _node(next(events), events, depth + 1)
    return items
