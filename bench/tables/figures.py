"""Rows of figures: every claim, preferred or rival, with its unit, kind and source."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.chips.conflicts import conflicts, disagrees
from bench.chips.figures import A_CYCLE, A_SECOND, FIGURES
from bench.chips.model import Basis, Chip, Figure, Published
from bench.tables.model import Data, joined
from bench.units import Quantity

ACCUMULATORS = {
    "fp64": "fp64", "fp32": "fp32", "tf32": "fp32", "bf16": "fp32", "fp16": "fp32", "fp8": "fp32",
    "int8": "int32", "int4": "int32",
}  # fmt: skip
"""The usual accumulator of a matrix format; formats without a usual one are not here."""
UNIT_KINDS = {"vector": "vector", "matrix": "matrix", "sparse": "matrix", "cycle": "vector"}


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
        "format of the sums: by the figure's key where it has one (acc16), else the usual one of "
        "the format, a convention and no claim of the source; empty where none is usual",
    ]
    density: Annotated[str, "dense, sparse, not said (basis unspecified) or not a rate"]
    basis: Annotated[str | None, "how a rate is known to be dense"]
    counts: Annotated[str | None, "what it adds up, or leaves out, that its key does not say"]
    origin: Annotated[str, "published, or computed here of what the source gives"]
    formula: Annotated[str | None, "how it was worked out"]
    needs: Annotated[str | None, "instruction sets without which it does not hold"]
    refuted: Annotated[str | None, "why the claim cannot be right"]
    conflict: Annotated[bool, "whether it differs from a claim that counts the same"]
    why: Annotated[str | None, "why the preferred claim stands first"]
    explained: Annotated[str | None, "why it departs from units x clock x operations a cycle"]
    note: Annotated[str | None, "our remark"]
    source: Annotated[str, "key of the source"]
    source_kind: Annotated[str, "who says it"]
    source_title: Annotated[str | None, "title of the source"]
    source_url: Annotated[str, "address of the source"]
    weak: Annotated[str | None, "why the source carries little weight"]
    read_via: Annotated[str | None, "the copy it was read in"]
    accessed: Annotated[str, "day it was read"]


def figure_rows(data: Data) -> Iterator[FigureRow]:
    """Returns one row a chip, figure and claim, the preferred claim first."""
    for chip in data.chips:
        for key in FIGURES:
            if key in chip.figures:
                yield from _claims(chip, key, data)


def _claims(chip: Chip, key: str, data: Data) -> Iterator[FigureRow]:
    figure = chip.figures[key]
    for number, one in enumerate((figure, *figure.rivals)):
        source = data.catalogue.sources[one.source]
        yield FigureRow(
            chip=chip.id,
            figure=key,
            title=FIGURES[key].title,
            claim=number,
            stands="rival" if number else "first",
            value=one.number,
            unit=FIGURES[key].dimension.value,
            gap=None if isinstance(one.value, Quantity) else one.value.value,
            as_written=str(one.value),
            unit_written=_unit_written(one),
            unit_kind=unit_kind(key),
            dtype=dtype(key),
            accumulator=accumulator(key),
            density=density(key, one),
            basis=one.basis.value if one.basis else None,
            counts=one.counts,
            origin=one.origin,
            formula=one.formula,
            needs=joined(one.needs),
            refuted=one.refuted,
            conflict=_in_conflict(figure, number),
            why=None if number else figure.why,
            explained=None if number else chip.explained.get(key),
            note=one.note,
            source=one.source,
            source_kind=source.kind,
            source_title=source.title,
            source_url=source.url,
            weak=source.weak,
            read_via=source.read_via,
            accessed=source.accessed,
        )


def _unit_written(one: Published) -> str | None:
    written = str(one.value).split() if isinstance(one.value, Quantity) else []
    return written[1] if len(written) > 1 else None


def _in_conflict(figure: Figure, number: int) -> bool:
    rivals = figure.rivals[number - 1 : number] if number else figure.rivals
    return any(disagrees(figure, one) for one in rivals)


def _parts(key: str) -> tuple[str, str] | None:
    """Returns the units and the format of a figure that counts operations, or None."""
    unit, _, rest = key.partition("_")
    if FIGURES[key].dimension not in (*A_SECOND, *A_CYCLE):
        return None
    if unit == "cycle" and rest.startswith("matrix_"):
        return "matrix", rest.removeprefix("matrix_")
    return UNIT_KINDS[unit], rest


def unit_kind(key: str) -> str | None:
    """Returns which units do the operations that a figure counts, or None."""
    found = _parts(key)
    return found[0] if found else None


def dtype(key: str) -> str | None:
    """Returns the format of the inputs, or None."""
    found = _parts(key)
    return found[1].removesuffix("_acc16") if found else None


def accumulator(key: str) -> str | None:
    """Returns the format of a matrix product's sums: the key's, else the usual one, or None."""
    found = _parts(key)
    if found is None or found[0] != "matrix":
        return None
    return "fp16" if found[1].endswith("_acc16") else ACCUMULATORS.get(found[1])


def density(key: str, one: Published) -> str:
    """Returns whether a rate is dense or sparse, ``not said``, or ``not a rate``."""
    if not FIGURES[key].is_rate:
        return "not a rate"
    if key.startswith("sparse_") or one.counts == "sparse":
        return "sparse"
    return "not said" if one.basis is Basis.UNSPECIFIED else "dense"


@dataclass(frozen=True)
class ConflictRow:
    """One figure of one chip on which sources disagree."""

    chip: Annotated[str, "key of the chip"]
    figure: Annotated[str, "key of the figure"]
    title: Annotated[str, "the figure in words"]
    first: Annotated[str, "the preferred value as written; unknown where none is preferred"]
    first_source: Annotated[str, "key of its source"]
    rivals: Annotated[str, "the values that differ, as written"]
    rival_sources: Annotated[str, "keys of their sources, in the same order"]
    claims: Annotated[int, "how many values, the preferred one included", "1"]
    spread: Annotated[float | None, "highest over lowest; empty with one number", "1"]
    why: Annotated[str | None, "why the preferred value stands first"]


def conflict_rows(data: Data) -> Iterator[ConflictRow]:
    """Returns one row an open conflict."""
    for one in conflicts(data.chips):
        yield ConflictRow(
            chip=one.chip,
            figure=one.figure,
            title=FIGURES[one.figure].title,
            first=str(one.first.value),
            first_source=one.first.source,
            rivals="; ".join(str(rival.value) for rival in one.rivals),
            rival_sources="; ".join(rival.source for rival in one.rivals),
            claims=1 + len(one.rivals),
            spread=one.spread,
            why=one.first.why,
        )
