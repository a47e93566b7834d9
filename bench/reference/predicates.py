"""The schema of a rule's conditions: trees of comparisons, flags and names."""

import re
from typing import Any

from bench.chips.model import form
from bench.rules.attributes import KINDS, AttributeKind
from bench.rules.model import ECCN
from bench.units import Dimension

NESTED = {"$ref": "#/$defs/Predicate"}
MARK = {"type": "object", "minProperties": 1, "maxProperties": 1}
SEVERAL = {"type": "array", "minItems": 1, "items": NESTED}
NAMES = {"type": "array", "minItems": 1, "items": {"type": "string"}}
PARAGRAPHS = {**NAMES, "items": {"type": "string", "pattern": ECCN}}
SIGN = "(>=|<=|>|<) *"
POSITIVE = "(?=[0-9.]*[1-9])"
"""Prefix of a pattern that requires a quantity above zero."""


def is_predicate(node: Any) -> bool:  # noqa: ANN401 -- any part of a schema
    """Tells whether a node stands for a condition, as the model of rules marks it."""
    return node in (NESTED, MARK)


def _attribute(kind: AttributeKind) -> dict[str, Any]:
    description = f"{kind.title}: {kind.definition}"
    if kind.flag:
        return {"description": description, "enum": ["yes", "no"]}
    threshold = form(kind.dimension or Dimension.COUNT)
    return {
        "description": description,
        "type": "string",
        "pattern": f"^{SIGN}({POSITIVE}{threshold}|unknown)$",
    }


def _sum() -> str:
    """Returns the pattern of a sum of distinct byte rates."""
    rates = (key for key, kind in KINDS.items() if kind.dimension is Dimension.BYTE_RATE)
    keys = "|".join(map(re.escape, rates))
    return rf"^(?!.*\b(\w+)\b.*\b\1\b)({keys})( *\+ *({keys}))+$"


PREDICATE: dict[str, Any] = {
    "description": "a condition: one attribute, or all, any or not of others",
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "properties": {
        "all": {**SEVERAL, "description": "every one of these"},
        "any": {**SEVERAL, "description": "one of these at least"},
        "not": {"description": "not this one", "allOf": [NESTED]},
        "chip": {**NAMES, "description": "patterns of chip keys that the rule names"},
        "eccn": {**PARAGRAPHS, "description": "paragraphs that it is put in, by their beginning"},
        **{key: _attribute(kind) for key, kind in KINDS.items()},
    },
    "patternProperties": {
        _sum(): {
            "type": "string",
            "pattern": f"^{SIGN}({POSITIVE}{form(Dimension.BYTE_RATE)}|unknown)$",
        }
    },
    "additionalProperties": False,
}
"""Schema of a condition; a sum such as ``memory_bandwidth + interconnect`` can be a key."""
