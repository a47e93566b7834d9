"""A validation as tables: parts with their bars, ratios, chips, workloads, the earlier state."""

from collections.abc import Callable, Iterable, Sequence

from bench.predict.errors import Change, Figures, Outcome, Part, by, figures, missed
from bench.predict.pooled import LEVELS
from bench.predict.validate import RATIO
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section, Table

NONE = "–"
HEADING = (
    (
        "Error: the size of foretold / measured - 1, its mean and median over cases, and its mean "
        "by chip, where each chip has one vote; bias: the median with its sign."
    ),
    (
        "In 80%, in 95%: the share of cases inside these intervals, by chip. Baselines, mean / "
        "median: the roofline, every figure reached; and at one share, fitted where we were."
    ),
)
SHARES = tuple(f"in {level:.0%}" for level in LEVELS)
ERRORS = ("mean", "by chip", "median", "bias", *SHARES)
PAPER = ("roofline", "at one share")
SHEETS = ("by bandwidth", "by matrix rate")
Rows = list[dict[str, Scalar]]


def validation_report(parts: Sequence[Part], found: Sequence[Change]) -> Report:
    """Returns parts as a table, then what they are made of.

    Args:
        parts: what was tested.
        found: each beside an earlier state.
    """
    notes = Notes()
    ratios = [one for one in parts if one.name.startswith(RATIO)]
    times = [one for one in parts if one not in ratios]
    shown = times or ratios
    table = Table(
        f"Validation: {len(parts)} part{'' if len(parts) == 1 else 's'}, each foretold unseen",
        HEADING,
        _columns(PAPER if times else SHEETS),
        tuple(_cells(one, notes) for one in shown),
        tuple(_summary(parts, found)),
        notes.lines(),
    )
    more = [_ratios(ratios)] if ratios and times else []
    more += [_pairs(ratios)] if ratios else []
    more += [_chips(times), _works(times)] if times else []
    more += [_changed(found)] if found else []
    return Report(table, [_flat(one) for one in shown], tuple(more))


def _columns(rivals: tuple[str, str]) -> tuple[str, ...]:
    return ("part", "held out", "n", "chips", *ERRORS, "worst chip", *rivals, "bar")


def _cells(part: Part, notes: Notes | None = None) -> tuple[str, ...]:
    found = figures(part.cases)
    mark = f" {notes.mark(f'{part.name}: {part.note}.')}" if part.note and notes else ""
    return (
        f"{part.name}{mark}",
        part.split,
        str(found.count),
        str(found.chips),
        *_errors(found),
        f"{found.worst_chip} {_percent(found.worst)}",
        *_rivals(found),
        _bar(part, found),
    )


def _errors(found: Figures) -> tuple[str, ...]:
    sizes = (_percent(one) for one in (found.mean, found.by_chip, found.median))
    return (*sizes, f"{100 * found.bias:+.1f}%", *(_inside(found)))


def _inside(found: Figures) -> tuple[str, ...]:
    return tuple(map(_percent, found.inside)) if found.inside else (NONE,) * len(LEVELS)


def _rivals(found: Figures) -> tuple[str, ...]:
    return tuple(f"{_percent(mean)} / {_percent(median)}" for mean, median in found.rivals)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _bar(part: Part, found: Figures) -> str:
    short = missed(part.bar, found)
    if short is None:
        return "none"
    return f"not met: {'; '.join(short)}" if short else "met"


def _flat(part: Part) -> dict[str, Scalar]:
    found = figures(part.cases)
    short = missed(part.bar, found)
    return {
        "part": part.name,
        "held_out": part.split,
        **_numbers(found),
        "worst_chip": found.worst_chip,
        "worst": found.worst,
        "largest": found.largest,
        "bar_met": None if short is None else not short,
        "bar_missed_by": "; ".join(short or ()) or None,
        "note": part.note or None,
    }


def _numbers(found: Figures) -> dict[str, Scalar]:
    inside = found.inside or (None,) * len(LEVELS)
    (first, first_median), (second, second_median) = found.rivals
    return {
        "cases": found.count,
        "chips": found.chips,
        "mean": found.mean,
        "mean_by_chip": found.by_chip,
        "median": found.median,
        "bias": found.bias,
        **{f"inside_{level:g}": one for level, one in zip(LEVELS, inside, strict=True)},
        "baseline_1_mean": first,
        "baseline_1_median": first_median,
        "baseline_2_mean": second,
        "baseline_2_median": second_median,
    }


def _summary(parts: Sequence[Part], found: Sequence[Change]) -> Iterable[str]:
    """Yields which bars are missed and what got worse."""
    asked = [(one, missed(one.bar, figures(one.cases))) for one in parts]
    short = [f"{one.name} ({one.split})" for one, told in asked if told]
    count = sum(told is not None for _, told in asked)
    yield f"Bars: {count - len(short)} of {count} met; {len(parts) - count} parts have none."
    if short:
        yield f"Not met: {'; '.join(short)}."
    worse = [one.name for one in found if one.worse]
    if worse:
        yield f"WORSE than the earlier state: {'; '.join(worse)}."
    elif found:
        yield "No part is worse than the earlier state by more than the rule lets pass."


def _ratios(parts: Sequence[Part]) -> Section:
    lines = (
        "A case is one work on two chips: the ratio of its times, beside that of their sheets.",
    )
    cells, flats = tuple(map(_cells, parts)), list(map(_flat, parts))
    return Section("Ratios of two chips", _columns(SHEETS), cells, flats, lines, key="ratios")


def _pairs(parts: Sequence[Part]) -> Section:
    groups = _grouped(parts, lambda one: one.chip)
    columns = ("chips", "part", "held out", "n", *ERRORS, *SHEETS)
    return _section("Pairs of chips, the worst first", columns, groups, "pairs")


def _chips(parts: Sequence[Part]) -> Section:
    """Returns each chip's parts; the chip that is foretold worst over its parts comes first."""
    groups = _grouped(parts, lambda one: one.chip)
    sizes: dict[str, list[float]] = {}
    for chip, _, found in groups:
        sizes.setdefault(chip, []).append(found.mean)
    groups.sort(key=lambda one: (-sum(sizes[one[0]]) / len(sizes[one[0]]), one[0]))
    columns = ("chip", "part", "held out", "n", *ERRORS, *PAPER)
    return _section("Chips, the worst first", columns, groups, "chips")


def _works(parts: Sequence[Part]) -> Section:
    groups = _grouped(parts, lambda one: one.work)
    columns = ("work", "part", "held out", "n", *ERRORS, *PAPER)
    return _section("Kernels and workloads, the worst first", columns, groups, "works")


Groups = list[tuple[str, Part, Figures]]


def _grouped(parts: Sequence[Part], key: Callable[[Outcome], str]) -> Groups:
    """Returns the figures of each group of each part, the worst first."""
    groups = [
        (name, part, figures(own)) for part in parts for name, own in by(part.cases, key).items()
    ]
    return sorted(groups, key=lambda one: -one[2].mean)


def _section(title: str, columns: tuple[str, ...], groups: Groups, key: str) -> Section:
    cells = tuple(
        (name, part.name, part.split, str(found.count), *_errors(found), *_rivals(found))
        for name, part, found in groups
    )
    flats: Rows = [
        {columns[0]: name, "part": part.name, "held_out": part.split, **_numbers(found)}
        for name, part, found in groups
    ]
    return Section(title, columns, cells, flats, key=key)


def _changed(found: Sequence[Change]) -> Section:
    """Returns each part beside the earlier state."""
    columns = ("part", "mean before", "mean now", "at most", "")
    cells = tuple(
        (
            one.name,
            _percent(one.before),
            NONE if one.now is None else _percent(one.now),
            _percent(one.allowed),
            _said(one),
        )
        for one in found
    )
    flats: Rows = [
        {
            "part": one.name,
            "before": one.before,
            "now": one.now,
            "allowed": one.allowed,
            "worse": one.worse,
        }
        for one in found
    ]
    return Section("Beside the earlier state", columns, cells, flats, key="changes")


def _said(one: Change) -> str:
    if one.now is None:
        return "GONE"
    return "WORSE" if one.worse else "no worse"
