"""Sheets made by hand, for tests of comparisons and of what rests on them."""

from typing import Any

from bench.chips.load import Catalogue
from bench.chips.model import Chip, Source

MAKER = Source.model_validate(
    {"url": "https://example.org/", "kind": "vendor-datasheet", "accessed": "2026-11-01"}
)


def chip(name: str, figures: dict[str, Any], **told: Any) -> Chip:
    """A sheet whose figures come from its maker."""
    node = {
        "id": name, "name": name.title(), "vendor": "acme", "kind": "npu", "status": "sold",
        "tier": "global", "architecture": "a design",
        "figures": {key: {"source": "maker", **one} for key, one in figures.items()}, **told,
    }  # fmt: skip
    return Chip.model_validate(node)


BASE = chip(
    "base",
    {
        "matrix_bf16": {
            "value": "100 TFLOP/s",
            "basis": "dense",
            "rivals": [
                {"value": "50 TFLOP/s", "source": "wiki", "basis": "halved"},
                {"value": "120 TFLOP/s", "source": "maker", "counts": "matrix+vector"},
                {"value": "9 TFLOP/s", "source": "wiki", "refuted": "a lost digit"},
            ],
        },
        "matrix_fp8": {"value": "unsupported"},
        "memory_bandwidth": {"value": "2 TB/s"},
        "memory_capacity": {"value": "64 GB"},
        "tdp": {"value": "400 W"},
        "die_area": {"value": "800 mm²"},
        "sparse_bf16": {"value": "200 TFLOP/s"},
    },
    facts={"process": {"value": "7 nm", "source": "maker"}},
)
FAST = chip(
    "fast",
    {
        "matrix_bf16": {"value": "250 TFLOP/s", "basis": "unspecified"},
        "matrix_fp8": {"value": "500 TFLOP/s", "basis": "dense"},
        "memory_bandwidth": {
            "value": "1 TB/s",
            "rivals": [{"value": "1.2 TB/s", "source": "wiki"}],
        },
        "memory_capacity": {"value": "unknown"},
        "tdp": {"value": "500 W", "formula": "2 x 250 W", "origin": "computed"},
    },
)
RACK = chip("rack", {}, kind="system", members=({"chip": "base", "count": 4},))
SHEETS = Catalogue(
    {one.id: one for one in (BASE, FAST, RACK)},
    {"maker": MAKER, "wiki": MAKER.model_copy(update={"kind": "database"})},
)
