"""Observations and files of reported values, built for tests of the evidence."""

import json
from pathlib import Path
from typing import Any

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import Paper
from bench.evidence.model import Defect, Kind
from bench.evidence.observe import Observation
from bench.evidence.quantities import QUANTITIES


def seen(
    chip: str,
    value: float,
    by: str = "lab",
    *,
    quantity: str = "matmul_best",
    dtype: str | None = "bf16",
    weight: float = 1.0,
    kind: Kind = Kind.INDEPENDENT,
    under: str | None = None,
    count: float = 1,
    work: dict[str, str] | None = None,
    paper: Paper | None = None,
    defects: tuple[Defect, ...] = (),
) -> Observation:
    """A value as it stands when all files are read; a matrix rate of one chip unless told else."""
    return Observation(
        ref=f"{by}:{chip}",
        chip=chip,
        quantity=QUANTITIES[quantity],
        dtype=dtype,
        value=value,
        dimension=QUANTITIES[quantity].units[0],
        paper=paper,
        by=by,
        under=under or by,
        kind=kind,
        count=count,
        statistic="best",
        defects=defects,
        quality="A",
        date="2026",
        work=tuple(sorted((work or {}).items())),
        weight=weight,
        why=(),
    )


def source(**changes: Any) -> dict[str, Any]:
    """The head of a file of reported values."""
    plain = {
        "url": "https://example.org/bench",
        "title": "A bench",
        "by": "Lab",
        "class": "academic",
        "accessed": "2026-11-20",
    }
    return _changed(plain, changes)


def row(**changes: Any) -> dict[str, Any]:
    """One reported value, sound unless it is changed; None takes a field away."""
    plain = {
        "id": "one",
        "chip": "nvidia-h20-sxm-96gb",
        "quantity": "matmul_best",
        "dtype": "bf16",
        "value": "140 TFLOP/s",
        "statistic": "best",
        "quality": "A",
        "date": "2026-05-17",
    }
    return _changed(plain, changes)


def _changed(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    named = {"class" if key == "kind" else key: value for key, value in changes.items()}
    return {key: value for key, value in {**plain, **named}.items() if value is not None}


def write(folder: Path, *rows: dict[str, Any], name: str = "lab", **head: Any) -> Path:
    """Writes a file of reported values into a folder of results, as JSON, which is YAML."""
    path = folder / "reported" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"source": source(**head), "rows": rows}), encoding="utf-8")
    return path


def sheet(name: str = "acme-one", **changes: Any) -> Chip:
    """A sheet of 100 TFLOP/s and 2 TB/s, with a link of 400 GB/s one way and PCIe 4.0 x16."""
    figures = {
        "matrix_bf16": "100 TFLOP/s",
        "matrix_fp4": "400 TFLOP/s",
        "memory_bandwidth": "2 TB/s",
        "memory_capacity": "80 GB",
        "link_bandwidth_oneway": "400 GB/s",
    }
    plain = {
        "id": name,
        "name": name.title(),
        "vendor": "acme",
        "kind": "gpu",
        "status": "sold",
        "tier": "global",
        "architecture": "First",
        "figures": {key: {"value": text, "source": "sheet"} for key, text in figures.items()},
        "facts": {"pcie": {"value": "Gen4 x16", "source": "sheet"}},
    }
    return Chip.model_validate({**plain, **changes})


def figure(value: str, *rivals: dict[str, str]) -> dict[str, Any]:
    """A published figure with what others publish."""
    return {"value": value, "source": "sheet", "rivals": [{"source": "a", **one} for one in rivals]}


def shelf(*chips: Chip) -> Catalogue:
    """A catalogue of these sheets."""
    return Catalogue({one.id: one for one in chips}, {})
