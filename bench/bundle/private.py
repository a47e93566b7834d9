"""Finds texts that may reveal whose machine it was: paths, addresses, host names, serials."""

import re
from collections.abc import Iterator, Mapping

KINDS: Mapping[str, re.Pattern[str]] = {
    "a link": re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s'\",;)\]]{1,300}"),
    "an e-mail address": re.compile(r"[\w.+-]{1,64}@[A-Za-z][\w-]{0,63}(?:\.[\w-]{1,64}){0,8}"),
    "a home folder": re.compile(
        r"(?:/(?:home|Users|root)(?=/|\b)|[A-Za-z]:\\+Users\\)[^\s'\",;:)\]]{0,200}"
    ),
    "a path": re.compile(
        r"(?<!\w)[A-Za-z]:\\[^\s'\",;:)\]]{1,200}|\\\\[\w.-]{1,64}\\[^\s'\",;:)\]]{1,200}|"
        r"(?<![\w.:/])/(?:[\w.@+-]{1,80}/){1,20}[\w.@+-]{0,80}"
    ),
    "an address": re.compile(
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"
        r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){4,7}[0-9A-Fa-f]{1,4}(?![\w:])"
        r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\w:])"
    ),
    "a host name": re.compile(
        r"(?<![\w.-])[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}"
        r"\.(?:local|localdomain|lan|internal|intra|corp|home|cluster|svc|com|net|org|edu|gov|cn|de|fr"
        r"|uk|jp|kr|tw|ru|eu|ch|nl)\b"
    ),
    "a serial": re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"),
}
"""Patterns of private texts, tried in this order; no pattern nests unbounded repetitions."""
NOT_SEARCHED = re.compile(
    r"(?:^|\.)(?:program\.\w+|machine\.(?:python|torch|accelerator_runtime|libraries\.\d+)|device\.driver"
    r"|sheet_sha256)$"
)
"""Fields that are not searched: versions, which may look like addresses, and hashes."""
PROGRAM_WORDS = re.compile(
    r"^(?:id|suite|state|device\.(?:name|backend)|identity\.(?:chip|state|near\.\d+)|measurements"
    r"\.\d+\.(?:kernel|dtype|data|status|label|group|quantity|(?:figures|parameters)\.\w+))$"
)
"""Fields with names that programs need, in which the machine's name is not masked.

A node may be called h100 while its device is an H100."""


def private_texts(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yields the field of each private text in a tree, and the kind of text that it seems to be."""
    for text_field, text in _texts(value, field):
        for kind, pattern in KINDS.items():
            if not NOT_SEARCHED.search(text_field) and pattern.search(text):
                yield text_field, kind
                break


def masked(value: object, names: tuple[str, ...] = (), field: str = "") -> object:
    """Returns a tree with private texts replaced by their kind, in brackets.

    Args:
        value: tree of mappings, lists, texts and numbers.
        names: names of this machine, replaced wherever they occur as whole words.
        field: path of the value within the record.
    """
    if isinstance(value, Mapping):
        return {key: masked(item, names, _subfield(field, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, names, _subfield(field, number)) for number, item in enumerate(value)]
    if not isinstance(value, str) or NOT_SEARCHED.search(field):
        return value
    for name in () if PROGRAM_WORDS.match(field) else names:
        value = re.sub(rf"(?i)(?<![\w-]){re.escape(name)}(?![\w-])", "[the machine's name]", value)
    for kind, pattern in KINDS.items():
        value = pattern.sub(f"[{kind}]", value)
    return value


def changed_fields(before: object, after: object, field: str = "") -> Iterator[str]:
    """Yields the fields in which two trees of the same shape differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in before.items():
            yield from changed_fields(value, after.get(key), _subfield(field, key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for number, (value, other_value) in enumerate(zip(before, after, strict=True)):
            yield from changed_fields(value, other_value, _subfield(field, number))
    elif before != after:
        yield field


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(str(key), _subfield(field, "key"))
            yield from _texts(item, _subfield(field, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _texts(item, _subfield(field, number))


def _subfield(field: str, key: object) -> str:
    return f"{field}.{key}" if field else str(key)
