"""A validation as tables: parts with their targets, ratios, chips, workloads, the earlier state."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bench.predict.learning.pooled import LEVELS
from bench.predict.validation.errorfile import RATIO, WAYS
from bench.predict.validation.errors import Bar, Change, Figures, Outcome, Part, by, figures, missed
from bench.report.digits import NONE, counted
from bench.report.markup import Report
from bench.report.scalar import Scalar
from bench.report.table import Notes, Section, Table

HEADING = (
    (
        "Error: |predicted / measured - 1|, its mean and median over cases, and its mean by chip, "
        "where each chip has one vote; bias: the median of the signed error."
    ),
    (
        "In 80 / 95: the share of cases within these intervals, mean over chips. Baselines, mean / "
        "median: the roofline, every figure reached in full; and at one share of every figure, "
        "fitted on the same data as the prediction."
    ),
)
INSIDE = "in " + " / ".join(f"{100 * level:g}" for level in LEVELS)
MIDDLE = ("median", "bias", INSIDE)
ERRORS = ("mean", "by chip", *MIDDLE)
SHOWN = 20
"""Lines of a list that are shown as words, the worst; programs get them all."""
CUT = "{} more lines: in results/VALIDATION.md, report=csv and report=json, or with part=."
PAPER = ("roofline", "at one share")
SHEETS = ("by bandwidth", "by matrix rate")
THUMBS = ("on the fewest chips", "on the most chips")
Rows = list[dict[str, Scalar]]


def validation_report(
    parts: Sequence[Part], found: Sequence[Change], *, whole: bool = False
) -> Report:
    """Returns parts as a table, then what they are made of.

    Args:
        parts: what was tested.
        found: each beside an earlier state.
        whole: whether chips and works are shown to the last line, not ``SHOWN`` of them.
    """
    notes = Notes()
    ratios = [one for one in parts if one.name.startswith(RATIO)]
    chosen = [one for one in parts if one.name == WAYS]
    times = [one for one in parts if one not in (*ratios, *chosen)]
    shown, heads = (times, PAPER) if times else (ratios, SHEETS) if ratios else (chosen, THUMBS)
    table = Table(
        f"Validation: {len(parts)} part{'' if len(parts) == 1 else 's'}, each predicted by a fit "
        "that has not seen it",
        HEADING,
        _columns(heads),
        tuple(_cells(one, notes) for one in shown),
        tuple(_summary(parts, found)),
        notes.lines(),
    )
    more = [_ratios(ratios)] if ratios and times else []
    more += [_choices(chosen)] if chosen and shown != chosen else []
    more += [_bars(parts)] if any(one.bar != Bar() for one in parts) else []
    more += [_pairs(ratios)] if ratios else []
    lists = [_chips(times), _works(times)] if times else []
    more += lists if whole else [_cut(one, CUT) for one in lists]
    more += [_changed(found)] if found else []
    return Report(table, [_flat(one) for one in shown], tuple(more))


def _columns(rivals: tuple[str, str]) -> tuple[str, ...]:
    return ("part", "n", "chips", *ERRORS, *rivals, "worst chip", "target")


def _cells(part: Part, notes: Notes | None = None) -> tuple[str, ...]:
    found = figures(part.cases)
    mark = f" {notes.mark(f'{part.name}: {part.note}.')}" if part.note and notes else ""
    return (
        f"{part.key}{mark}",
        str(found.count),
        str(found.chips),
        *_errors(found),
        *_rivals(found),
        f"{found.worst_chip} {_percent(found.worst)}",
        _word(missed(part.bar, found)),
    )


def _errors(found: Figures) -> tuple[str, ...]:
    return _percent(found.mean), _percent(found.by_chip), *_middle(found)


def _middle(found: Figures) -> tuple[str, ...]:
    return _percent(found.median), f"{100 * found.bias:+.1f}%", _whole(*found.inside)


def _rivals(found: Figures) -> tuple[str, ...]:
    return tuple(_whole(*one) for one in found.rivals)


def _whole(*values: float) -> str:
    """Formats ``37 / 30%``."""
    return f"{' / '.join(f'{100 * one:.0f}' for one in values)}%" if values else NONE


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _word(short: list[str] | None) -> str:
    if short is None:
        return "none"
    return "MISSED" if short else "met"


def _bars(parts: Sequence[Part]) -> Section:
    """Returns what is asked of parts, and what is missed."""
    found = [(one, missed(one.bar, figures(one.cases))) for one in parts]
    kept = [(one, short) for one, short in found if short is not None]
    cells = tuple(
        (one.key, asked(one.bar), _word(short), "; ".join(short) or NONE) for one, short in kept
    )
    flats: Rows = [
        {"part": one.key, "asked": asked(one.bar), "met": not short, "missed": "; ".join(short)}
        for one, short in kept
    ]
    return Section("Targets", ("part", "target", "", "missed"), cells, flats, key="bars")


def asked(bar: Bar) -> str:
    """Returns what a bar asks for, in words."""
    limits = {"mean": bar.mean, "median": bar.median, "bias": bar.bias}
    words = [f"{name} up to {100 * limit:g}%" for name, limit in limits.items() if limit]
    words += [f"no chip over {100 * bar.worst:g}%"] if bar.worst else []
    words += [f"no case over {100 * bar.largest:g}%"] if bar.largest else []
    within = "intervals at most {:g} points short" if bar.wider else "intervals within {:g} points"
    words += [within.format(100 * bar.cover)] if bar.cover else []
    words += [f"roofline {bar.times:g} times worse"] if bar.times else []
    words += ["median up to half of that of the better sheet ratio"] if bar.half else []
    return ", ".join(words)


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
        **{f"inside_{100 * level:g}": one for level, one in zip(LEVELS, inside, strict=True)},
        "baseline_1_mean": first,
        "baseline_1_median": first_median,
        "baseline_2_mean": second,
        "baseline_2_median": second_median,
    }


def _summary(parts: Sequence[Part], found: Sequence[Change]) -> Iterable[str]:
    """Yields which bars are missed and what got worse."""
    judged = [(one, missed(one.bar, figures(one.cases))) for one in parts]
    short = [one.key for one, told in judged if told]
    count = sum(told is not None for _, told in judged)
    rest = f"; {counted(len(parts) - count, 'part')} without one" if count < len(parts) else ""
    told = f"Targets, listed below: {count - len(short)} of {count} met{rest}."
    yield told if count else "No part here has a target."
    if short:
        yield f"Missed: {'; '.join(short)}."
    worse = [one.name for one in found if one.worse]
    if worse:
        yield f"WORSE than in the earlier state: {'; '.join(worse)}."
    elif found:
        yield "No part is worse than in the earlier state by more than is allowed."


def _ratios(parts: Sequence[Part]) -> Section:
    said = (
        "A case is one workload on two chips, by one version of an engine: the ratio of its times, "
        "compared with ratios of the sheets' figures."
    )
    cells, flats = tuple(map(_cells, parts)), list(map(_flat, parts))
    return Section("Ratios of two chips", _columns(SHEETS), cells, flats, (said,), key="ratios")


def _choices(parts: Sequence[Part]) -> Section:
    """Returns what choices are worth beside rules of thumb: what each lost of the best rate."""
    said = tuple(f"{one.name}: {one.note}." for one in parts)
    cells, flats = tuple(map(_cells, parts)), list(map(_flat, parts))
    return Section("Choices of a way to serve", _columns(THUMBS), cells, flats, said, key="choices")


def _pairs(parts: Sequence[Part]) -> Section:
    groups = _grouped(parts, lambda one: one.chip)
    columns = ("chips", "part", "n", "mean", *MIDDLE, *SHEETS)
    made = _section("Pairs of chips, the worst first", columns, groups, "pairs")
    return _cut(made, "{} more pairs: in report=csv and report=json.")


def _cut(made: Section, words: str) -> Section:
    """Returns a list with its first lines only as words, and where the others are."""
    more = len(made.cells) - SHOWN
    lines = (words.format(more),) if more > 0 else ()
    return replace(made, cells=made.cells[:SHOWN], lines=lines)


def _chips(parts: Sequence[Part]) -> Section:
    """Returns each chip's parts; the chip that is predicted worst over its parts comes first."""
    groups = _grouped(parts, lambda one: one.chip)
    sizes: dict[str, list[float]] = {}
    for chip, _, found in groups:
        sizes.setdefault(chip, []).append(found.mean)
    groups.sort(key=lambda one: (-sum(sizes[one[0]]) / len(sizes[one[0]]), one[0]))
    columns = ("chip", "part", "n", "mean", *MIDDLE, *PAPER)
    return _section("Chips, the worst first", columns, groups, "chips")


def _works(parts: Sequence[Part]) -> Section:
    groups = _grouped(parts, lambda one: one.work)
    columns = ("work", "part", "n", "mean", *MIDDLE, *PAPER)
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
        (name, part.key, str(found.count), _percent(found.mean), *_middle(found), *_rivals(found))
        for name, part, found in groups
    )
    flats: Rows = [
        {columns[0]: name, "part": part.name, "held_out": part.split, **_numbers(found)}
        for name, part, found in groups
    ]
    return Section(title, columns, cells, flats, key=key)


def _changed(found: Sequence[Change]) -> Section:
    """Returns each part beside the earlier state."""
    columns = ("part", "mean before", "mean now", "allowed", "")
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
    return Section("Compared with the earlier state", columns, cells, flats, key="changes")


def _said(one: Change) -> str:
    if one.now is None:
        return "GONE"
    return "WORSE" if one.worse else "no worse"
