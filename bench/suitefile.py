"""A suite of one's own: a YAML file with name, seconds and items, as the shipped suites are."""

import re
from pathlib import Path

from bench import yamlfile
from bench.errors import UsageError, did_you_mean

ENDINGS = (".yaml", ".yml")
KEYS = ("name", "seconds", "items")
WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
"""What may stand in it: names and numbers, which need no quotes on a command line."""


def is_file(word: str) -> bool:
    """Tells whether a word after ``suite=`` is a file and no shipped suite's name."""
    return word.endswith(ENDINGS)


def words(path: str) -> list[str]:
    """Returns the keys of a suite file as they could be typed: ``suite.name=...`` and the rest.

    Raises:
        UsageError: there is no such file, it is no plain YAML, or holds other keys or no items.
    """
    try:
        told = yamlfile.read(Path(path))
    except FileNotFoundError:
        raise UsageError(f"suite={path}: there is no such file") from None
    except yamlfile.YamlError as error:
        raise UsageError(f"suite={path}: {error}") from None
    if not isinstance(told, dict):
        raise UsageError(f"suite={path}: write name:, seconds: and items:, as the shipped suites")
    for key in told:
        if key not in KEYS:
            raise UsageError(f"suite={path} has no key {key!r}: {did_you_mean(key, KEYS)}")
    if "items" not in told:
        raise UsageError(f"suite={path} lacks items:, a list such as [{{kernel: gemm}}]")
    named = {"name": Path(path).stem, **told}
    return [f"suite.{key}={_typed(node, path)}" for key, node in named.items()]


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
