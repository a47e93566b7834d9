"""A report as the YAML of ``results/reported``: what is written is read back before it is given.

Our reader takes every scalar as text, so quotes are for YAML's syntax and for other readers. A
text that is not plainly harmless stands in double quotes, whatever it holds.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum

from pydantic import BaseModel

from bench import yamlfile
from bench.datafile import validated
from bench.errors import UsageError
from bench.evidence.model import Origin, Report
from bench.importers.base import Found, Given, Importer, tidy
from bench.units import Quantity
from bench.yamlfile import Node

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+/%()=,-]*(?: [A-Za-z0-9_.+/%()=,-]+)*")
MISREAD = re.compile(
    r"[0-9][0-9_.eE:+-]*|0[xo][0-9a-fA-F]+|y|n|yes|no|on|off|true|false|null|nan|inf", re.IGNORECASE
)
"""What other readers take for a number, a day or a truth value; ours takes it for text."""
WIDEST = 100
ADDRESS = re.compile(r"https?://[A-Za-z0-9_.~/%+=?&-]+")
"""What needs no quotes between blocks: no sign of YAML's is in it, nor a blank at its ends."""


def report(found: Found, source: Importer, given: Given) -> Report:
    """Returns what was found as a report on its source, read today.

    Raises:
        UsageError: the source is told too shortly, or not at all.
    """
    name = file_name(found, source)
    told: dict[str, object] = {
        "url": given.url or f"local file: {given.file}",
        "title": given.title or f"output of {source.key}",
        "by": given.by,
        "class": given.kind,
        "protocol": source.protocol,
        "accessed": datetime.now(UTC).date().isoformat(),
    }
    origin, faults = validated(Origin, {key: tidy(one) for key, one in told.items()}, given.file)
    if origin is None:
        raise UsageError(f"{faults[0].field}=: {faults[0].problem}; {faults[0].fix}")
    return Report(id=name, source=origin, rows=found.rows)


def file_name(found: Found, source: Importer) -> str:
    """Returns what a report is called where nobody says: chip, tool and day of its first row."""
    first = found.rows[0]
    return f"{first.chip}-{source.key}-{first.date}"


def as_yaml(made: Report) -> str:
    """Returns a report as YAML, without its id, which is the name of its file.

    Raises:
        UsageError: it holds what YAML or its reader takes for something else.
    """
    tree = _tree(made)
    tree.pop("id")
    text = "\n".join(_block(tree, 0)) + "\n"
    try:
        again = yamlfile.parse(text)
    except yamlfile.YamlError as error:
        raise UsageError(f"the report cannot be written as YAML: {error}") from None
    if again != tree:
        raise UsageError("the report cannot be written as YAML: it is not read back as it is")
    return text


def _tree(model: BaseModel) -> dict[str, Node]:
    """Returns a model as mappings, lists and texts, without what it has by default."""
    tree: dict[str, Node] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None or value in ((), {}) or (value == field.default and name != "id"):
            continue
        tree[field.alias or name] = _node(value)
    return tree


def _node(value: object) -> Node:
    if isinstance(value, BaseModel):
        return _tree(value)
    if isinstance(value, tuple):
        return [_node(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): str(one) for key, one in value.items()}
    if isinstance(value, Quantity):
        return value.text
    return str(value.value) if isinstance(value, Enum) else str(value)


def _block(tree: Mapping[str, Node], depth: int) -> Iterator[str]:
    """Yields the lines of a mapping."""
    pad = "  " * depth
    for key, node in tree.items():
        if (
            isinstance(node, dict)
            and depth
            and len(line := f"{pad}{key}: {_inline(node)}") <= WIDEST
        ):
            yield line
        elif isinstance(node, dict):
            yield f"{pad}{key}:"
            yield from _block(node, depth + 1)
        elif isinstance(node, list):
            yield from _sequence(key, node, depth)
        else:
            yield f"{pad}{key}: {node if key == 'count' else scalar(node)}"


def _inline(tree: Mapping[str, Node]) -> str:
    """Returns a mapping of texts between braces."""
    told = (f"{key}: {scalar(str(node), inline=True)}" for key, node in tree.items())
    return "{" + ", ".join(told) + "}"


def _sequence(key: str, nodes: list[Node], depth: int) -> Iterator[str]:
    """Yields the lines of a list: of mappings with a dash each, of texts in brackets."""
    pad = "  " * depth
    if all(isinstance(one, str) for one in nodes):
        words = ", ".join(scalar(one, inline=True) for one in nodes if isinstance(one, str))
        yield f"{pad}{key}: [{words}]"
        return
    yield f"{pad}{key}:"
    for one in nodes:
        first, *rest = _block(one, depth + 2) if isinstance(one, dict) else ("",)
        yield f"{pad}  - {first.strip()}"
        yield from rest


def scalar(text: str, *, inline: bool = False) -> str:
    """Returns a text as YAML writes it: plain where it can be, else in double quotes.

    Args:
        text: any text.
        inline: whether it stands between brackets, where a comma ends it.
    """
    harmless = PLAIN.fullmatch(text) and not (inline and "," in text)
    if (harmless and not MISREAD.fullmatch(text)) or (not inline and ADDRESS.fullmatch(text)):
        return text
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    code = ord(sign)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )
