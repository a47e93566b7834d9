"""One plain line for each error of Hydra and OmegaConf, with the key that caused it."""

import re

from bench.errors import did_you_mean
from bench.suitefile import ITEM_KEYS

SHOWN = 200
"""Number of characters of the command line that an error quotes."""
KINDS = {"Float": "a number", "Integer": "a whole number", "bool": "true or false"}
"""Plain words for OmegaConf's type names."""
NO_LIST = re.compile(r"is not a ListConfig|^Cannot merge DictConfig with ListConfig")
LISTS = {"suite.items": "{kernel: gemm, dtypes: [bf16]}", "dtypes": "bf16, fp16"}
"""An example of the list that each key takes, shown where it got something else (``NO_LIST``)."""
CONVERTED = re.compile(
    r"Value '(.*)' (?:of type '\w+' could not be converted to (\w+)|is not a valid (bool) )"
)
UNKNOWN = re.compile("Key '(.*)' not in 'SuiteItem'")


def one_line(error: Exception) -> str:
    """Returns Hydra's or OmegaConf's error on one line, with the key that caused it."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    key = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("full_key")), "")
    if key and NO_LIST.search(lines[0]):
        return f"{key}: write a list such as [{LISTS.get(key, 'a, b')}]"
    if key and "is not a subclass of SuiteItem" in lines[0]:
        return f"{key}: write a mapping such as {{kernel: gemm, dtypes: [bf16]}}"
    if found := UNKNOWN.match(lines[0]):
        near = did_you_mean(found[1], ITEM_KEYS)
        return f"an item of suite.items has no key {found[1]!r}: {near}"
    if key and (found := CONVERTED.match(lines[0])) and (kind := found[2] or found[3]) in KINDS:
        return f"{key}={found[1]}: write {KINDS[kind]}{_share(found[1])}"
    return f"{key}: {lines[0]}" if key else lines[0] if lines else type(error).__name__


def _share(text: str) -> str:
    """Returns a hint that writes a percentage as a number; empty if ``text`` is no percentage."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text)
    return f", {float(found[1]) / 100:g} for {text}" if found else ""


def not_understood(command: str, words: list[str], error: Exception) -> str:
    """Returns the error message for an exception that does not name the word that caused it."""
    line = " ".join(words)
    shown = line if len(line) <= SHOWN else f"{line[:SHOWN]} ..."
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{shown!r} is not understood ({why}): try 'python -m bench {command} --help'"
