"""What in a text may tell whose machine it was: paths, addresses, names of hosts, serials."""

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
"""What is looked for, in this order; patterns do not nest repetitions without a bound."""
NOT_LOOKED_AT = re.compile(
    r"(?:^|\.)(?:program\.\w+|machine\.(?:python|torch|accelerator_runtime)|device\.driver"
    r"|sheet_sha256)$"
)
"""Versions, which may look like an address, and hashes."""
WORDS = re.compile(
    r"^(?:id|suite|state|device\.(?:name|backend)|identity\.(?:chip|state|near\.\d+)|measurements"
    r"\.\d+\.(?:kernel|dtype|data|status|label|group|quantity|(?:figures|parameters)\.\w+))$"
)
"""What programs go by: a node may be called h100, and its device is an H100 all the same."""


def found(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    """Yields the field of each text of a tree that tells too much, and what it seems to tell."""
    for place, text in _texts(value, field):
        for kind, pattern in KINDS.items():
            if not NOT_LOOKED_AT.search(place) and pattern.search(text):
                yield place, kind
                break


def masked(value: object, names: tuple[str, ...] = (), field: str = "") -> object:
    """Returns a tree with what tells too much replaced by what it was, in brackets.

    Args:
        value: mappings, lists, texts and numbers.
        names: words that name this machine, replaced wherever they stand alone.
        field: where the value stands.
    """
    if isinstance(value, Mapping):
        return {key: masked(one, names, _under(field, key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one, names, _under(field, number)) for number, one in enumerate(value)]
    if not isinstance(value, str) or NOT_LOOKED_AT.search(field):
        return value
    for name in () if WORDS.match(field) else names:
        value = re.sub(rf"(?i)(?<![\w-]){re.escape(name)}(?![\w-])", "[the machine's name]", value)
    for kind, pattern in KINDS.items():
        value = pattern.sub(f"[{kind}]", value)
    return value


def changed(before: object, after: object, field: str = "") -> Iterator[str]:
    """Yields the fields in which two trees of one shape differ."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, one in before.items():
            yield from changed(one, after.get(key), _under(field, key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changed(one, other, _under(field, number))
    elif before != after:
        yield field


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(str(key), _under(field, "key"))
            yield from _texts(one, _under(field, key))
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _texts(one, _under(field, number))


def _under(field: str, key: object) -> str:
    return f"{field}.{key}" if field else str(key)
