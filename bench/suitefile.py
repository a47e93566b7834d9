"""A user's own suite: a YAML file with name, seconds and items, like the shipped suites.

Or a CSV file of matrix products of fixed shapes, with columns m, n, k and, if wanted, dtype.
"""

import csv
import dataclasses
import math
import re
from collections.abc import Iterable
from pathlib import Path

from bench.errors import UsageError, did_you_mean
from bench.files import yamlfile
from bench.shapes import SuiteItem

TABLE = ".csv"
COLUMNS = ("m", "n", "k", "dtype")
ENDINGS = (".yaml", ".yml", TABLE)
KEYS = ("name", "seconds", "items")
ITEM_KEYS = tuple(one.name for one in dataclasses.fields(SuiteItem))
LISTS = {
    "dtypes": "[bf16, fp16]", "variants": "[copy, triad]", "data": "[normal, zeros]",
}  # fmt: skip
SIZE = re.compile("0*[1-9][0-9]{0,17}")
WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
"""Valid values in a suite file: names and numbers, which need no quotes on a command line."""


def is_file(word: str) -> bool:
    """Returns whether the value of ``suite=`` is a file, and not the name of a shipped suite."""
    return word.endswith(ENDINGS)


def words(path: str) -> list[str]:
    """Returns the keys of a suite file as overrides: ``suite.name=...`` and the rest.

    Raises:
        UsageError: the file is missing, is no plain YAML, or has unknown keys or no items; or an
            item has unknown keys, or values of the wrong type. The message names the item.
    """
    document = _document(path)
    if not isinstance(document, dict):
        raise UsageError(f"suite={path}: write name:, seconds: and items:, as the shipped suites")
    place = f"suite={path}: "
    _check_keys(document, KEYS, f"suite={path}")
    if "items" not in document:
        raise UsageError(f"suite={path} lacks items:, a list such as [{{kernel: gemm}}]")
    items = document["items"]
    if not isinstance(items, list):
        raise UsageError(f"{place}items: write a list such as [{{kernel: gemm, dtypes: [bf16]}}]")
    if "seconds" in document:
        _check_number(document["seconds"], f"{place}seconds")
    for number, item in enumerate(items):
        _check_item(item, f"{place}items[{number}]")
    named = {"name": Path(path).stem, **document}
    return [f"suite.{key}={_typed(node, place + key)}" for key, node in named.items()]


def _document(path: str) -> yamlfile.Node:
    """Returns what a suite file holds; raises ``UsageError`` as ``words`` does."""
    try:
        return _of_table(path) if path.endswith(TABLE) else yamlfile.read(Path(path))
    except FileNotFoundError:
        raise UsageError(f"suite={path}: there is no such file") from None
    except (yamlfile.YamlError, csv.Error) as error:
        raise UsageError(f"suite={path}: {error}") from None


def _of_table(path: str) -> yamlfile.Node:
    """Returns a CSV file of shapes as a suite: one product per row.

    Raises:
        UsageError: a column is missing or unknown, a size is no whole number above 0, or there are
            no rows. The message names the line.
    """
    text = yamlfile.text(Path(path)).removeprefix("\ufeff")
    lines = [[cell.strip() for cell in line] for line in csv.reader(text.splitlines())]
    head = [cell.lower() for cell in lines[0]] if lines else []
    rows = [(number, line) for number, line in enumerate(lines[1:], start=2) if any(line)]
    if not rows or sorted(head) not in (["k", "m", "n"], sorted(COLUMNS)):
        raise UsageError(f"suite={path}: write the columns m,n,k or m,n,k,dtype, and rows of them")
    items: list[yamlfile.Node] = []
    for number, line in rows:
        sizes: dict[str, yamlfile.Node] = dict(zip(head, line, strict=False))
        dtype = sizes.pop("dtype", None)
        if len(line) != len(head) or not all(SIZE.fullmatch(str(one)) for one in sizes.values()):
            problem = f"line {number}: {','.join(line)[:80]!r} is not {','.join(head)}"
            raise UsageError(f"suite={path}: {problem}; sizes are whole numbers, at least 1")
        items.append({"kernel": "gemm", "sizes": sizes, **({"dtypes": [dtype]} if dtype else {})})
    return {"items": items}


def placed(error: UsageError, overrides: Iterable[str]) -> UsageError:
    """Returns an error about a suite's item with the suite file prepended, if there is one."""
    words = (word for word in overrides if word.startswith("suite=") and is_file(word))
    word, text = next(words, ""), str(error)
    if not word or not text.startswith("suite.items["):
        return error
    return UsageError(f"{word}: {text.removeprefix('suite.')}")


def _check_keys(mapping: dict[str, yamlfile.Node], keys: tuple[str, ...], place: str) -> None:
    for key in mapping:
        if key not in keys:
            raise UsageError(f"{place} has no key {key!r}: {did_you_mean(key, keys)}")


def _check_item(item: yamlfile.Node, place: str) -> None:
    """Refuses an item with unknown keys or values of the wrong type; names are checked later.

    Raises:
        UsageError: the message names file, item and key.
    """
    if not isinstance(item, dict):
        raise UsageError(f"{place}: write a mapping such as {{kernel: gemm, dtypes: [bf16]}}")
    _check_keys(item, ITEM_KEYS, place)
    for key, example in LISTS.items():
        if not isinstance(item.get(key, []), list):
            raise UsageError(f"{place}.{key}: write a list such as {example}")
    if "weight" in item:
        _check_number(item["weight"], f"{place}.weight")
    sizes = item.get("sizes", {})
    if not isinstance(sizes, dict):
        raise UsageError(f"{place}.sizes: write a mapping such as {{m: [1, 64], n: 4096, k: 4096}}")
    for key, value in sizes.items():
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and SIZE.fullmatch(one) for one in listed):
            fix = "write a whole number, or a list of them; sizes are at least 1"
            raise UsageError(f"{place}.sizes.{key}: {fix}")


def _check_number(node: yamlfile.Node, place: str) -> None:
    """Refuses a node that is not a number above 0."""
    try:
        value = float(node) if isinstance(node, str) else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise UsageError(f"{place}: write a number above 0")


def _typed(node: yamlfile.Node, place: str) -> str:
    """Returns a node in Hydra's override syntax.

    Raises:
        UsageError: a word that is neither a name nor a number.
    """
    if isinstance(node, dict):
        pairs = (f"{_typed(key, place)}:{_typed(of, f'{place}.{key}')}" for key, of in node.items())
        return f"{{{','.join(pairs)}}}"
    if isinstance(node, list):
        elements = (_typed(one, f"{place}[{number}]") for number, one in enumerate(node))
        return f"[{','.join(elements)}]"
    if not WORD.fullmatch(node):
        raise UsageError(f"{place}: {node[:80]!r} is neither a name nor a number")
    return node
