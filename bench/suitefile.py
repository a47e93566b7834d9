"""A suite of one's own: a YAML file with name, seconds and items, as the shipped suites are."""

import dataclasses
import re
from pathlib import Path

from bench import yamlfile
from bench.errors import UsageError, did_you_mean
from bench.shapes import SuiteItem

ENDINGS = (".yaml", ".yml")
KEYS = ("name", "seconds", "items")
ITEM_KEYS = tuple(one.name for one in dataclasses.fields(SuiteItem))
WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
"""What may stand in it: names and numbers, which need no quotes on a command line."""


def is_file(word: str) -> bool:
    """Tells whether a word after ``suite=`` is a file and no shipped suite's name."""
    return word.endswith(ENDINGS)


def words(path: str) -> list[str]:
    """Returns the keys of a suite file as they could be typed: ``suite.name=...`` and the rest.

    Raises:
        UsageError: there is no such file, it is no plain YAML, or holds other keys or no items;
            or an item holds other keys.
    """
    try:
        told = yamlfile.read(Path(path))
    except FileNotFoundError:
        raise UsageError(f"suite={path}: there is no such file") from None
    except yamlfile.YamlError as error:
        raise UsageError(f"suite={path}: {error}") from None
    if not isinstance(told, dict):
        raise UsageError(f"suite={path}: write name:, seconds: and items:, as the shipped suites")
    _known(told, KEYS, f"suite={path}")
    if "items" not in told:
        raise UsageError(f"suite={path} lacks items:, a list such as [{{kernel: gemm}}]")
    items = told["items"]
    for number, item in enumerate(items if isinstance(items, list) else []):
        _known(item, ITEM_KEYS, f"suite={path}: items[{number}]")
    named = {"name": Path(path).stem, **told}
    return [f"suite.{key}={_typed(node, path)}" for key, node in named.items()]


def _known(told: yamlfile.Node, keys: tuple[str, ...], place: str) -> None:
    """Refuses a mapping's keys that are none of those known; what is no mapping has none."""
    for key in told if isinstance(told, dict) else ():
        if key not in keys:
            raise UsageError(f"{place} has no key {key!r}: {did_you_mean(key, keys)}")


def _typed(node: yamlfile.Node, path: str) -> str:
    """Returns a node as Hydra's grammar reads it.

    Raises:
        UsageError: a word that is neither a name nor a number.
    """
    if isinstance(node, dict):
        pairs = (f"{_typed(key, path)}:{_typed(of, path)}" for key, of in node.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(node, list):
        return f"[{','.join(_typed(one, path) for one in node)}]"
    if not WORD.fullmatch(node):
        raise UsageError(f"suite={path}: {node[:80]!r} is neither a name nor a number")
    return node
