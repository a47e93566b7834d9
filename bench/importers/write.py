"""Writes a report as YAML for ``results/reported``; the YAML is read back and compared first.

Our reader takes every scalar as text, so quotes serve YAML's syntax and other readers. Every text
that is not certainly harmless is put in double quotes.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum

from pydantic import BaseModel

from bench.errors import UsageError
from bench.evidence.model import Origin, Report
from bench.files import yamlfile
from bench.files.datafile import validated
from bench.files.yamlfile import Node
from bench.importers.base import Imported, Importer, Stated, tidy
from bench.units import Quantity

UNQUOTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+/%()=,-]*(?: [A-Za-z0-9_.+/%()=,-]+)*")
"""Texts that contain nothing with a meaning in YAML."""
AMBIGUOUS = re.compile(
    r"[0-9][0-9_.eE:+-]*|0[xo][0-9a-fA-F]+|y|n|yes|no|on|off|true|false|null|nan|inf", re.IGNORECASE
)
"""Texts that other YAML readers take for a number, a date or a truth value."""
MAX_WIDTH = 100
"""Longest line of a mapping that is written on one line, characters."""
ADDRESS = re.compile(r"https?://[A-Za-z0-9_.~/%+=?&-]+")
"""Web addresses that need no quotes outside brackets: none of YAML's characters is in them."""


def report(found: Imported, source: Importer, stated: Stated) -> Report:
    """Returns the content of an output as a report whose source was read today.

    Raises:
        UsageError: a field of the source is missing or invalid.
    """
    report_id = file_name(found, source)
    fields: dict[str, object] = {
        "url": stated.url or f"local file: {stated.file}",
        "title": stated.title or f"output of {source.key}",
        "by": stated.by,
        "class": stated.kind,
        "protocol": source.protocol,
        "accessed": datetime.now(UTC).date().isoformat(),
    }
    origin, faults = validated(
        Origin, {key: tidy(field) for key, field in fields.items()}, stated.file
    )
    if origin is None:
        raise UsageError(f"{faults[0].field}=: {faults[0].problem}; {faults[0].fix}")
    return Report(id=report_id, source=origin, rows=found.rows)


def file_name(found: Imported, source: Importer) -> str:
    """Returns a report's default name: chip, tool and date of its first row."""
    first = found.rows[0]
    return f"{first.chip}-{source.key}-{first.date}"


def as_yaml(made: Report) -> str:
    """Returns a report as YAML, without its id, which is the name of its file.

    Raises:
        UsageError: the YAML is invalid, or does not read back as the same report.
    """
    tree = _plain_tree(made)
    tree.pop("id")
    text = "\n".join(_mapping_lines(tree, 0)) + "\n"
    try:
        read_back = yamlfile.parse(text)
    except yamlfile.YamlError as error:
        raise UsageError(f"the report cannot be written as YAML: {error}") from None
    if read_back != tree:
        raise UsageError("the report cannot be written as YAML: it is not read back as it is")
    return text


def _plain_tree(model: BaseModel) -> dict[str, Node]:
    """Returns a model as mappings, lists and texts, without fields that have their default."""
    tree: dict[str, Node] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None or value in ((), {}) or (value == field.default and name != "id"):
            continue
        tree[field.alias or name] = _plain_value(value)
    return tree


def _plain_value(value: object) -> Node:
    if isinstance(value, BaseModel):
        return _plain_tree(value)
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): str(item) for key, item in value.items()}
    if isinstance(value, Quantity):
        return value.text
    return str(value.value) if isinstance(value, Enum) else str(value)


def _mapping_lines(tree: Mapping[str, Node], depth: int) -> Iterator[str]:
    """Yields the lines of a mapping, indented by ``depth`` levels."""
    pad = "  " * depth
    for key, node in tree.items():
        if (
            isinstance(node, dict)
            and depth
            and len(line := f"{pad}{key}: {_inline_mapping(node)}") <= MAX_WIDTH
        ):
            yield line
        elif isinstance(node, dict):
            yield f"{pad}{key}:"
            yield from _mapping_lines(node, depth + 1)
        elif isinstance(node, list):
            yield from _list_lines(key, node, depth)
        else:
            yield f"{pad}{key}: {node if key == 'count' else scalar(node)}"


def _inline_mapping(tree: Mapping[str, Node]) -> str:
    """Returns a mapping of texts on one line, in braces."""
    entries = (f"{key}: {scalar(str(node), inline=True)}" for key, node in tree.items())
    return "{" + ", ".join(entries) + "}"


def _list_lines(key: str, nodes: list[Node], depth: int) -> Iterator[str]:
    """Yields the lines of a list: texts in brackets on one line, mappings with a dash each."""
    pad = "  " * depth
    if all(isinstance(node, str) for node in nodes):
        texts = ", ".join(scalar(node, inline=True) for node in nodes if isinstance(node, str))
        yield f"{pad}{key}: [{texts}]"
        return
    yield f"{pad}{key}:"
    for node in nodes:
        first, *rest = _mapping_lines(node, depth + 2) if isinstance(node, dict) else ("",)
        yield f"{pad}  - {first.strip()}"
        yield from rest


def scalar(text: str, *, inline: bool = False) -> str:
    """Returns a text as a YAML scalar: plain if possible, otherwise in double quotes.

    Args:
        text: any text.
        inline: whether it is written in brackets or braces, where a comma would end it.
    """
    harmless = UNQUOTED.fullmatch(text) and not (inline and "," in text)
    if (harmless and not AMBIGUOUS.fullmatch(text)) or (not inline and ADDRESS.fullmatch(text)):
        return text
    return '"' + "".join(_escape(character) for character in text) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )
