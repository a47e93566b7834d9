"""JSON Schemas of the data files for editors, derived from the models that read the files."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from bench.chips.figures import FACTS, FIGURES, FigureKind
from bench.chips.model import GAP_FORM, GAPS, Architecture, Chip, Source, form
from bench.chips.vendors import Vendor
from bench.claims.model import Claim
from bench.evidence.model import Report
from bench.files.strict import Strict
from bench.reference.meanings import MEANINGS
from bench.reference.predicates import POSITIVE, PREDICATE, is_predicate
from bench.rules.model import Rule
from bench.rules.places import Places
from bench.units import Dimension
from bench.workloads.model import Workload

Schema: TypeAlias = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft with the best support in editors; it ignores keys beside ``$ref``, hence ``allOf``."""
FROM_FILE_NAME = ("id", "sheet_sha256")
"""Fields that a file does not contain, because its name or content gives them."""
DENSE = {"anyOf": [{"required": ["basis"]}, {"properties": {"value": {"enum": list(GAPS)}}}]}
"""A dense rate that is a number must state how it is known to be dense."""
FILE_PATTERNS = {
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
"""The files to which each schema applies."""


def schemas() -> dict[str, Schema]:
    """Returns every schema by its name in ``FILE_PATTERNS``."""
    makers: dict[str, Callable[[], Schema]] = {
        "chip": _chip,
        "sources": lambda: _entries(Source),
        "architectures": _architectures,
        "rule": lambda: _model_schema(Rule),
        "destinations": lambda: _model_schema(Places),
        "vendors": lambda: _entries(Vendor),
        "workload": lambda: _without_file_name(Workload),
        "claim": lambda: _without_file_name(Claim),
        "reported": lambda: _without_file_name(Report),
    }
    return {name: {"$schema": DRAFT, **makers[name]()} for name in FILE_PATTERNS}


def as_text(schema: Schema) -> str:
    """Returns a schema as it is committed."""
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _model_schema(model: type[Strict]) -> Schema:
    """Returns a model's schema for a text file, with the meaning of each field."""
    raw = model.model_json_schema()
    parts = {name: _with_meanings(part, name) for name, part in raw.pop("$defs", {}).items()}
    whole = _with_meanings(raw, model.__name__)
    if any(is_predicate(part) for part in _all_nodes([whole, *parts.values()])):
        parts["Predicate"] = PREDICATE
    return {**whole, "$defs": parts} if parts else whole


def _with_meanings(raw: Schema, name: str) -> Schema:
    schema = _simplified({key: node for key, node in raw.items() if key != "description"})
    first = raw.get("description", "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    if name not in MEANINGS:
        return {"description": first, **schema}
    meanings = MEANINGS[name]
    fields = {key: _described(node, meanings[key]) for key, node in schema["properties"].items()}
    return {"description": first, **schema, "properties": fields}


def _described(node: Schema, meaning: str) -> Schema:
    return {"description": meaning, **({"allOf": [node]} if "$ref" in node else node)}


def _simplified(node: Schema) -> Schema:
    """Returns a node without nulls, which files do not have, and that accepts unquoted scalars."""
    if "anyOf" in node:
        options = [_simplified(part) for part in node["anyOf"] if part.get("type") != "null"]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if is_predicate(node):
        return {"$ref": "#/$defs/Predicate"}
    simple = {key: part for key, part in node.items() if key not in ("title", "default")}
    for key in ("properties", "patternProperties"):
        if key in simple:
            simple[key] = {name: _simplified(part) for name, part in simple[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(simple.get(key), dict):
            simple[key] = _simplified(simple[key])
    if "patternProperties" in simple:
        simple["additionalProperties"] = False
    return {**simple, **_scalar_types(simple)}


def _scalar_types(node: Schema) -> Schema:
    """Returns the types that a scalar may have: editors read 78 as a number, we read text."""
    if node.get("type") == "string" and "enum" not in node:
        return {"type": ["string", "number", "boolean"]}
    if node.get("type") == "integer":
        least = node.get("minimum", node.get("exclusiveMinimum", -1) + 1)
        first_digit = "[1-9]" if least >= 1 else "[0-9]"
        return {"type": ["integer", "string"], "pattern": f"^{first_digit}[0-9]*$"}
    if node.get("type") == "boolean":
        return {"type": ["boolean", "string"], "enum": [True, False, "yes", "no"]}
    if node.get("type") == "number":
        return {"type": ["number", "string"], "pattern": r"^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}
    return {}


def _all_nodes(nodes: Iterable[Any]) -> Iterable[Any]:
    for node in nodes:
        yield node
        if isinstance(node, dict | list):
            yield from _all_nodes(node.values() if isinstance(node, dict) else node)


def _entries(model: type[Strict]) -> Schema:
    """Returns the schema of a file that maps keys to entries of a model."""
    entry = _model_schema(model)
    parts = {**entry.pop("$defs", {}), model.__name__: entry}
    reference = {"$ref": f"#/$defs/{model.__name__}"}
    return {"type": "object", "additionalProperties": reference, "$defs": parts}


def _without_file_name(model: type[Strict]) -> Schema:
    """Returns the schema of a model without the fields in ``FROM_FILE_NAME``."""
    schema = _model_schema(model)
    for name in FROM_FILE_NAME:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in FROM_FILE_NAME]
    return schema


def _chip() -> Schema:
    schema = _without_file_name(Chip)
    fields, parts = schema["properties"], schema["$defs"]
    parts["Figure"]["dependencies"] = {"rivals": ["why"]}
    parts["DenseRate"] = {**DENSE, "properties": {"rivals": {"items": DENSE}}}
    size = _positive(POSITIVE + form(Dimension.BYTES))
    parts["Identity"]["properties"]["memory"]["items"] |= size
    parts |= {
        _dimension_key(dimension): _with_units(dimension)
        for dimension in sorted({kind.dimension for kind in FIGURES.values()})
    }
    fields["figures"] |= _only({key: _figure_schema(kind) for key, kind in FIGURES.items()})
    fields["facts"] |= _only({key: _fact_schema(key) for key in FACTS})
    fields["explained"]["propertyNames"] = {"enum": list(FIGURES)}
    schema["anyOf"] = [{"required": schema.pop("required")}, {"required": ["based_on"]}]
    return schema


def _only(properties: Schema) -> Schema:
    return {"properties": properties, "additionalProperties": False}


def _figure_schema(kind: FigureKind) -> Schema:
    parts = [{"$ref": "#/$defs/Figure"}, {"$ref": f"#/$defs/{_dimension_key(kind.dimension)}"}]
    if kind.is_rate and not kind.key.startswith("sparse_"):
        parts.append({"$ref": "#/$defs/DenseRate"})
    return {"description": f"{kind.title} ({kind.dimension.value})", "allOf": parts}


def _dimension_key(dimension: Dimension) -> str:
    return f"Of{dimension.name.title().replace('_', '')}"


def _with_units(dimension: Dimension) -> Schema:
    """Returns the constraint of a figure and its rivals to the units of one dimension."""
    value = {"value": _positive(f"{GAP_FORM}|{POSITIVE}{form(dimension)}")}
    return {"properties": {**value, "rivals": {"items": {"properties": value}}}}


def _positive(pattern: str) -> Schema:
    """Returns the constraint to positive quantities, whether an editor reads text or a number."""
    return {"pattern": f"^({pattern})$", "exclusiveMinimum": 0}


def _fact_schema(key: str) -> Schema:
    kind, parts = FACTS[key], [{"$ref": "#/$defs/Fact"}]
    if kind.words:
        choice: Any = {"properties": {"value": {"enum": list(kind.words)}}}
        parts.append(choice)
    return {"description": kind.title, "allOf": parts}


def _architectures() -> Schema:
    schema = _entries(Architecture)
    rates = {key: kind for key, kind in FIGURES.items() if kind.is_rate}
    cycle = schema["$defs"]["Architecture"]["properties"]["cycle"]
    cycle |= _only({key: _cycle_schema(kind) for key, kind in rates.items()})
    return schema


def _cycle_schema(kind: FigureKind) -> Schema:
    whole = kind.dimension is Dimension.OP_RATE
    unit = form(Dimension.OP_PER_CYCLE if whole else Dimension.FLOP_PER_CYCLE)
    value = {"value": _positive(POSITIVE + unit)}
    parts = [{"$ref": "#/$defs/Published"}, {"properties": value}]
    return {"description": f"{kind.title}, a unit and cycle", "allOf": parts}
