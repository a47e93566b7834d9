"""Loads the claims, and reports every fault at once."""

from collections.abc import Collection, Container, Iterator, Mapping
from pathlib import Path

from bench import paths
from bench.chips.load import catalogue
from bench.claims.model import Axis, Claim, Scope
from bench.errors import Fault, Flaw, UsageError, did_you_mean, sound
from bench.evidence.quantities import DTYPES
from bench.files.caches import once
from bench.files.datafile import all_named, files
from bench.files.parsecache import Parsed
from bench.theory.entry import KEYS


@once
def claims() -> Mapping[str, Claim]:
    """Loads the claims of ``specs/`` by id.

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    sheets = catalogue() if paths.own_specs() else None
    known = (sheets.chips, sheets.sources) if sheets else (None, None)
    return sound(*examine(paths.data_dir("specs"), *known))


def claim(word: str) -> Claim:
    """Returns one claim by its id.

    Raises:
        UsageError: there is no such claim; the message names the nearest.
        DataError: a file is at fault.
    """
    known = claims()
    if word not in known:
        raise UsageError(f"no claim {word!r} in specs/claims: {did_you_mean(word, known)}")
    return known[word]


def examine(
    folder: Path,
    chips: Collection[str] | None = None,
    sources: Container[str] | None = None,
    *,
    fresh: bool = False,
) -> tuple[Mapping[str, Claim], list[Fault]]:
    """Loads what can be loaded; checks references to the chips and sources given."""
    parsed = Parsed(folder / "claims", fresh=fresh)
    found = all_named(
        Claim,
        files(folder, "claims"),
        folder,
        parsed.node,
        lambda one: _faults(one, chips, sources),
    )
    parsed.keep()
    return found


def cited(found: Mapping[str, Claim]) -> set[str]:
    """Returns the keys of the sources that claims cite."""
    return {one.source for one in found.values()}


def _faults(
    one: Claim, chips: Collection[str] | None, sources: Container[str] | None
) -> Iterator[Flaw]:
    """Yields the faults of a claim that the schema does not catch."""
    if sources is not None and one.source not in sources:
        yield "source", f"{one.source!r} is not in specs/sources.yaml", "add the source"
    for field in ("subjects", "objects") if chips is not None else ():
        for chip in getattr(one, field):
            if chip not in (chips or ()):
                yield field, f"there is no sheet {chip!r}", did_you_mean(chip, chips or ())
    if both := set(one.subjects) & set(one.objects):
        yield "objects", f"{', '.join(sorted(both))} stands on both sides", "take it from one"
    for place, axis in enumerate(one.axes):
        for field, problem, fix in _axis_faults(axis, one.scope):
            yield f"axes.{place}.{field}", problem, fix


def _axis_faults(axis: Axis, scope: Scope) -> Iterator[Flaw]:
    if (axis.figure is None) == (axis.work is None):
        yield "figure", "or work is needed, and not both", "give one of the two"
    if axis.figure is not None:
        yield from _figure_faults(axis.figure, scope)
    if axis.figure is not None and (axis.dtype or axis.where):
        yield "where", "or dtype narrows work, not a figure", "remove it"
    if axis.dtype is not None and axis.dtype not in DTYPES:
        yield "dtype", f"{axis.dtype!r} is none", did_you_mean(axis.dtype, DTYPES)
    if axis.work is not None and scope == "paper":
        yield "work", "has no published figure, and scope is paper", "give a figure or drop scope"


def _figure_faults(figure: str, scope: Scope) -> Iterator[Flaw]:
    """Returns the fault of an axis' figure: unknown, or derived where measurement is to decide."""
    key = KEYS.get(figure)
    if key is None or not key.is_number:
        named = {name: one for name, one in KEYS.items() if one.is_number}
        yield "figure", f"{figure!r} is no figure", did_you_mean(figure, named)
    elif key.is_derived and scope != "paper":
        problem = f"{figure!r} is derived from published figures, and nothing measures it"
        yield "figure", problem, "write scope: paper, or name a figure of the sheet"
