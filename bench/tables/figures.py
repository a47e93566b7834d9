"""Rows of the tables of figures and of conflicts: every published claim with its source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.chips.conflicts import conflicts, disagrees
from bench.chips.figures import FIGURES, PER_CYCLE, PER_SECOND
from bench.chips.model import Basis, Chip, Figure, Published
from bench.tables.model import Data, joined
from bench.units import Quantity

ACCUMULATORS = {
    "fp64": "fp64", "fp32": "fp32", "tf32": "fp32", "bf16": "fp32", "fp16": "fp32", "fp8": "fp32",
    "int8": "int32", "int4": "int32",
}  # fmt: skip
"""The usual accumulator by matrix format; formats without a usual one are left out."""
UNIT_KINDS = {"vector": "vector", "matrix": "matrix", "sparse": "matrix", "cycle": "vector"}
"""Kind of units, by the first word of a figure's key."""


@dataclass(frozen=True)
class FigureRow:
    """One figure of one chip as one source gives it."""

    chip: Annotated[str, "key of the chip"]
    figure: Annotated[str, "key of the figure"]
    title: Annotated[str, "the figure in words"]
    claim: Annotated[int, "0 for the preferred claim, 1 and on for its rivals", "1"]
    stands: Annotated[str, "first (preferred) or rival"]
    value: Annotated[float | None, "the value in base units; empty where there is a gap", "unit"]
    unit: Annotated[str, "base unit of the value; 1 for a count"]
    gap: Annotated[str | None, "unknown or unsupported, where there is no number"]
    as_written: Annotated[str, "the value as the sheet writes it"]
    unit_written: Annotated[str | None, "the unit as the sheet writes it"]
    unit_kind: Annotated[str | None, "units that do the operations: matrix or vector"]
    dtype: Annotated[str | None, "number format of the inputs"]
    accumulator: Annotated[
        str | None,
        "format of the sums: the one in the figure's key (acc16), else the usual one of the input "
        "format, which is a convention and no claim of the source; empty if none is usual",
    ]
    density: Annotated[str, "dense, sparse, not said (basis unspecified) or not a rate"]
    basis: Annotated[str | None, "how a rate is known to be dense"]
    counts: Annotated[str | None, "what it counts or leaves out that its key does not say"]
    origin: Annotated[str, "published, or computed here from what the source gives"]
    formula: Annotated[str | None, "how it was computed"]
    needs: Annotated[str | None, "instruction sets that it requires"]
    refuted: Annotated[str | None, "why the claim cannot be right"]
    conflict: Annotated[
        bool, "whether it differs from another claim that counts the same operations or bytes"
    ]
    why: Annotated[str | None, "why the preferred claim stands first"]
    explained: Annotated[str | None, "why it differs from units x clock x operations per cycle"]
    note: Annotated[str | None, "our remark"]
    source: Annotated[str, "key of the source"]
    source_kind: Annotated[str, "kind of the source"]
    source_title: Annotated[str | None, "title of the source"]
    source_url: Annotated[str, "address of the source"]
    weak: Annotated[str | None, "why little weight is given to the source"]
    read_via: Annotated[str | None, "the copy it was read in"]
    accessed: Annotated[str, "day it was read"]


def figure_rows(data: Data) -> Iterator[FigureRow]:
    """Yields one row per chip, figure and claim, the preferred claim first."""
    for chip in data.chips:
        for key in (key for key in FIGURES if key in chip.figures):
            for number in range(1 + len(chip.figures[key].rivals)):
                yield _figure_row(chip, key, number, data)


def _figure_row(chip: Chip, key: str, number: int, data: Data) -> FigureRow:
    """Returns the row of one claim; number 0 is the preferred one, others count its rivals."""
    figure = chip.figures[key]
    claim = figure.rivals[number - 1] if number else figure
    source = data.catalogue.sources[claim.source]
    return FigureRow(
        chip=chip.id,
        figure=key,
        title=FIGURES[key].title,
        claim=number,
        stands="rival" if number else "first",
        value=claim.number,
        unit=FIGURES[key].dimension.value,
        gap=None if isinstance(claim.value, Quantity) else claim.value.value,
        as_written=str(claim.value),
        unit_written=_unit_written(claim),
        unit_kind=unit_kind(key),
        dtype=dtype(key),
        accumulator=accumulator(key),
        density=density(key, claim),
        basis=claim.basis.value if claim.basis else None,
        counts=claim.counts,
        origin=claim.origin,
        formula=claim.formula,
        needs=joined(claim.needs),
        refuted=claim.refuted,
        conflict=_in_conflict(figure, number),
        why=None if number else figure.why,
        explained=None if number else chip.explained.get(key),
        note=claim.note,
        source=claim.source,
        source_kind=source.kind,
        source_title=source.title,
        source_url=source.url,
        weak=source.weak,
        read_via=source.read_via,
        accessed=source.accessed,
    )


def _unit_written(claim: Published) -> str | None:
    written = str(claim.value).split() if isinstance(claim.value, Quantity) else []
    return written[1] if len(written) > 1 else None


def _in_conflict(figure: Figure, number: int) -> bool:
    """Tells whether the preferred claim (0) differs from any rival, or rival ``number`` from it."""
    rivals = figure.rivals[number - 1 : number] if number else figure.rivals
    return any(disagrees(figure, one) for one in rivals)


def _parts(key: str) -> tuple[str, str] | None:
    """Returns units and number format of a figure that counts operations; None for others."""
    unit, _, rest = key.partition("_")
    if FIGURES[key].dimension not in (*PER_SECOND, *PER_CYCLE):
        return None
    if unit == "cycle" and rest.startswith("matrix_"):
        return "matrix", rest.removeprefix("matrix_")
    return UNIT_KINDS[unit], rest


def unit_kind(key: str) -> str | None:
    """Returns the units that do the operations which a figure counts: matrix, vector or None."""
    found = _parts(key)
    return found[0] if found else None


def dtype(key: str) -> str | None:
    """Returns the number format of the inputs of a figure that counts operations, else None."""
    found = _parts(key)
    return found[1].removesuffix("_acc16") if found else None


def accumulator(key: str) -> str | None:
    """Returns the format of a matrix product's sums: the key's, else the usual one, else None."""
    found = _parts(key)
    if found is None or found[0] != "matrix":
        return None
    return "fp16" if found[1].endswith("_acc16") else ACCUMULATORS.get(found[1])


def density(key: str, claim: Published) -> str:
    """Returns whether a rate is dense or sparse, ``not said``, or ``not a rate``."""
    if not FIGURES[key].is_rate:
        return "not a rate"
    if key.startswith("sparse_") or claim.counts == "sparse":
        return "sparse"
    return "not said" if claim.basis is Basis.UNSPECIFIED else "dense"


@dataclass(frozen=True)
class ConflictRow:
    """One figure of one chip on which sources disagree."""

    chip: Annotated[str, "key of the chip"]
    figure: Annotated[str, "key of the figure"]
    title: Annotated[str, "the figure in words"]
    first: Annotated[str, "the preferred value as written; unknown if none is preferred"]
    first_source: Annotated[str, "key of its source"]
    rivals: Annotated[str, "the values that differ, as written"]
    rival_sources: Annotated[str, "keys of their sources, in the same order"]
    claims: Annotated[int, "number of values, including the preferred one", "1"]
    spread: Annotated[float | None, "highest over lowest; empty with one number", "1"]
    why: Annotated[str | None, "why the preferred value stands first"]


def conflict_rows(data: Data) -> Iterator[ConflictRow]:
    """Yields one row per open conflict."""
    for conflict in conflicts(data.chips):
        yield ConflictRow(
            chip=conflict.chip,
            figure=conflict.figure,
            title=FIGURES[conflict.figure].title,
            first=str(conflict.first.value),
            first_source=conflict.first.source,
            rivals="; ".join(str(rival.value) for rival in conflict.rivals),
            rival_sources="; ".join(rival.source for rival in conflict.rivals),
            claims=1 + len(conflict.rivals),
            spread=conflict.spread,
            why=conflict.first.why,
        )
