"""JSON Schemas of the data files, made of the models that read them, for editors."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from bench.chips.figures import FACTS, FIGURES, FigureKind
from bench.chips.model import GAP_FORM, GAPS, Architecture, Chip, Source, form
from bench.chips.vendors import Vendor
from bench.claims.model import Claim
from bench.evidence.model import Report
from bench.reference.meanings import MEANINGS
from bench.reference.predicates import POSITIVE, PREDICATE, is_predicate
from bench.rules.model import Rule
from bench.rules.places import Places
from bench.strict import Strict
from bench.units import Dimension
from bench.workloads.model import Workload

Schema: TypeAlias = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors know best; beside a ``$ref`` it reads nothing, so that allOf is used."""
GIVEN = ("id", "sheet_sha256")
"""What a chip's file does not write: it is given by the file."""
DENSE = {"anyOf": [{"required": ["basis"]}, {"properties": {"value": {"enum": list(GAPS)}}}]}
"""A dense rate that is a number says how it is known to be dense."""
WHERE = {
    "chip": "specs/chips/*.yaml",
    "sources": "specs/sources.yaml",
    "architectures": "specs/architectures.yaml",
    "rule": "specs/rules/*.yaml",
    "destinations": "specs/destinations.yaml",
    "vendors": "specs/vendors.yaml",
    "workload": "specs/workloads/*.yaml",
    "claim": "specs/claims/*.yaml",
    "reported": "results/reported/*.yaml",
}
"""The files that each schema is of."""


def schemas() -> dict[str, Schema]:
    """Returns every schema by its name in ``WHERE``."""
    makers: dict[str, Callable[[], Schema]] = {
        "chip": _chip,
        "sources": lambda: _entries(Source),
        "architectures": _architectures,
        "rule": lambda: _made(Rule),
        "destinations": lambda: _made(Places),
        "vendors": lambda: _entries(Vendor),
        "workload": lambda: _named(Workload),
        "claim": lambda: _named(Claim),
        "reported": lambda: _named(Report),
    }
    return {name: {"$schema": DRAFT, **makers[name]()} for name in WHERE}


def as_text(schema: Schema) -> str:
    """Returns a schema as it is committed."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _made(model: type[Strict]) -> Schema:
    """Returns a model's schema as a file of plain text meets it, each field with its meaning."""
    raw = model.model_json_schema()
    parts = {name: _object(one, name) for name, one in raw.pop("$defs", {}).items()}
    whole = _object(raw, model.__name__)
    if any(is_predicate(one) for one in _nodes([whole, *parts.values()])):
        parts["Predicate"] = PREDICATE
    return {**whole, "$defs": parts} if parts else whole


def _object(raw: Schema, name: str) -> Schema:
    made = _plain({key: one for key, one in raw.items() if key != "description"})
    first = raw.get("description", "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    if name not in MEANINGS:
        return {"description": first, **made}
    told = MEANINGS[name]
    fields = {key: _described(one, told[key]) for key, one in made["properties"].items()}
    return {"description": first, **made, "properties": fields}


def _described(node: Schema, meaning: str) -> Schema:
    return {"description": meaning, **({"allOf": [node]} if "$ref" in node else node)}


def _plain(node: Schema) -> Schema:
    """Returns a node without nulls, which no file has, and open to scalars without quotes."""
    if "anyOf" in node:
        some = [_plain(one) for one in node["anyOf"] if one.get("type") != "null"]
        return some[0] if len(some) == 1 else {"anyOf": some}
    if is_predicate(node):
        return {"$ref": "#/$defs/Predicate"}
    made = {key: one for key, one in node.items() if key not in ("title", "default")}
    for key in ("properties", "patternProperties"):
        if key in made:
            made[key] = {name: _plain(one) for name, one in made[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _plain(made[key])
    if "patternProperties" in made:
        made["additionalProperties"] = False
    return {**made, **_scalar(made)}


def _scalar(node: Schema) -> Schema:
    """Returns how a scalar may stand: an editor reads 78 as a number, this program as text."""
    if node.get("type") == "string" and "enum" not in node:
        return {"type": ["string", "number", "boolean"]}
    if node.get("type") == "integer":
        least = node.get("minimum", node.get("exclusiveMinimum", -1) + 1)
        first = "[1-9]" if least >= 1 else "[0-9]"
        return {"type": ["integer", "string"], "pattern": f"^{first}[0-9]*$"}
    if node.get("type") == "boolean":
        return {"type": ["boolean", "string"], "enum": [True, False, "yes", "no"]}
    if node.get("type") == "number":
        return {"type": ["number", "string"], "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}
    return {}


def _nodes(nodes: Iterable[Any]) -> Iterable[Any]:
    for node in nodes:
        yield node
        if isinstance(node, dict | list):
            yield from _nodes(node.values() if isinstance(node, dict) else node)


def _entries(model: type[Strict]) -> Schema:
    """Returns the schema of a file of many entries."""
    entry = _made(model)
    parts = {**entry.pop("$defs", {}), model.__name__: entry}
    reference = {"$ref": f"#/$defs/{model.__name__}"}
    return {"type": "object", "additionalProperties": reference, "$defs": parts}


def _named(model: type[Strict]) -> Schema:
    """Returns the schema of a model without what its file's name gives."""
    schema = _made(model)
    for name in GIVEN:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in GIVEN]
    return schema


def _chip() -> Schema:
    schema = _named(Chip)
    fields, parts = schema["properties"], schema["$defs"]
    parts["Figure"]["dependencies"] = {"rivals": ["why"]}
    parts["DenseRate"] = {**DENSE, "properties": {"rivals": {"items": DENSE}}}
    size = _positive(POSITIVE + form(Dimension.BYTES))
    parts["Identity"]["properties"]["memory"]["items"] |= size
    parts |= {_name(one): _of(one) for one in sorted({kind.dimension for kind in FIGURES.values()})}
    fields["figures"] |= _keys({key: _figure(kind) for key, kind in FIGURES.items()})
    fields["facts"] |= _keys({key: _fact(key) for key in FACTS})
    fields["explained"]["propertyNames"] = {"enum": list(FIGURES)}
    return schema


def _keys(properties: Schema) -> Schema:
    return {"properties": properties, "additionalProperties": False}


def _figure(kind: FigureKind) -> Schema:
    parts = [{"$ref": "#/$defs/Figure"}, {"$ref": f"#/$defs/{_name(kind.dimension)}"}]
    if kind.is_rate and not kind.key.startswith("sparse_"):
        parts.append({"$ref": "#/$defs/DenseRate"})
    return {"description": f"{kind.title} ({kind.dimension.value})", "allOf": parts}


def _name(dimension: Dimension) -> str:
    return f"Of{dimension.name.title().replace('_', '')}"


def _of(dimension: Dimension) -> Schema:
    """Returns what ties a figure and its rivals to the units of one dimension."""
    value = {"value": _positive(f"{GAP_FORM}|{POSITIVE}{form(dimension)}")}
    return {"properties": {**value, "rivals": {"items": {"properties": value}}}}


def _positive(pattern: str) -> Schema:
    """Returns what a quantity is, whether an editor reads it as text or as a number."""
    return {"pattern": f"^({pattern})$", "exclusiveMinimum": 0}


def _fact(key: str) -> Schema:
    kind, parts = FACTS[key], [{"$ref": "#/$defs/Fact"}]
    if kind.words:
        choice: Any = {"properties": {"value": {"enum": list(kind.words)}}}
        parts.append(choice)
    return {"description": kind.title, "allOf": parts}


def _architectures() -> Schema:
    schema = _entries(Architecture)
    rates = {key: kind for key, kind in FIGURES.items() if kind.is_rate}
    cycle = schema["$defs"]["Architecture"]["properties"]["cycle"]
    cycle |= _keys({key: _cycle(kind) for key, kind in rates.items()})
    return schema


def _cycle(kind: FigureKind) -> Schema:
    whole = kind.dimension is Dimension.OP_RATE
    unit = form(Dimension.OP_PER_CYCLE if whole else Dimension.FLOP_PER_CYCLE)
    value = {"value": _positive(POSITIVE + unit)}
    parts = [{"$ref": "#/$defs/Published"}, {"properties": value}]
    return {"description": f"{kind.title}, a unit and cycle", "allOf": parts}
