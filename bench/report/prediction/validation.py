"""The report of a validation: parts with targets, ratios, chips, workloads, the earlier state."""

from collections.abc import Iterable, Sequence

from bench.predict.validation.errorfile import RATIO, SIDES, WAYS
from bench.predict.validation.errors import (
    Bar,
    Change,
    Figures,
    Part,
)
from bench.report.prediction.validationlists import (
    CUT,
    MIDDLE,
    PAPER,
    SHEETS,
    Rows,
    chip_section,
    flat_errors,
    middle_cells,
    pair_section,
    percent,
    rival_cells,
    shortened,
    work_section,
)
from bench.report.table import Notes, Section, Table
from bench.report.text.digits import NONE
from bench.report.text.markup import Report
from bench.report.text.scalar import Scalar
from bench.words import counted

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
ERRORS = ("mean", "by chip", *MIDDLE)
THUMBS = {
    WAYS: ("on the fewest chips", "on the most chips"),
    SIDES: ("on the same chips", "on its own chips"),
}
"""The two rules of thumb that predicted choices are compared with, by name of the part."""
CHOICES = {
    WAYS: ("Choices of a way to serve", "choices"),
    SIDES: ("Choices of chips for prefill", "sides"),
}
"""Title and key of each table of choices, by name of the part."""


def validation_report(
    parts: Sequence[Part], changes: Sequence[Change], *, whole: bool = False
) -> Report:
    """Returns the table of parts, and tables of their targets, ratios, chips and workloads.

    Args:
        parts: the parts of the validation.
        changes: changes of parts since an earlier state.
        whole: whether to show all pairs, chips and workloads, not only the worst.
    """
    notes = Notes()
    ratios = [one for one in parts if one.name.startswith(RATIO)]
    chosen = [one for one in parts if one.name in CHOICES]
    times = [one for one in parts if one not in (*ratios, *chosen)]
    shown, heads = (times, PAPER) if times else (ratios, SHEETS)
    if not shown and chosen:
        shown, heads = chosen[:1], THUMBS[chosen[0].name]
    table = Table(
        _title(parts),
        HEADING,
        _columns(heads),
        tuple(_cells(one, notes) for one in shown),
        tuple(_summary(parts, changes)),
        notes.lines(),
    )
    more = [_ratios(ratios)] if ratios and times else []
    more += [_choices(one) for one in chosen if one not in shown]
    more += [_bars(parts)] if any(one.bar != Bar() for one in parts) else []
    lists = [pair_section(ratios)] if ratios else []
    lists += [chip_section(times), work_section(times)] if times else []
    more += lists if whole else [shortened(one, CUT) for one in lists]
    more += [_changed(changes)] if changes else []
    return Report(table, [_flat(one) for one in shown], tuple(more))


def _title(parts: Sequence[Part]) -> str:
    """Returns the number of parts that are tests, and of those on which constants were set."""
    tests = [one for one in parts if one.tests]
    fitted = len(parts) - len(tests)
    more = f"{fitted} fitted on their own rows, which test nothing" if fitted else ""
    unseen = f"{counted(len(tests), 'part')}, each predicted by a fit that has not seen it"
    return f"Validation: {', and '.join(filter(None, (unseen if tests else '', more)))}"


def _columns(rivals: tuple[str, str]) -> tuple[str, ...]:
    return ("part", "n", "chips", *ERRORS, *rivals, "worst chip", "target")


def _cells(part: Part, notes: Notes | None = None) -> tuple[str, ...]:
    errors = part.figures
    mark = f" {notes.mark(f'{part.name}: {part.note}.')}" if part.note and notes else ""
    return (
        f"{part.key}{mark}",
        str(errors.count),
        str(errors.chips),
        *_errors(errors),
        *rival_cells(errors),
        f"{errors.worst_chip} {percent(errors.worst)}",
        _target_word(part.misses),
    )


def _errors(errors: Figures) -> tuple[str, ...]:
    return percent(errors.mean), percent(errors.by_chip), *middle_cells(errors)


def _target_word(misses: list[str] | None) -> str:
    if misses is None:
        return "none"
    return "MISSED" if misses else "met"


def _bars(parts: Sequence[Part]) -> Section:
    """Returns the table of targets: those met, and by what others are missed."""
    kept = [(one, one.misses) for one in parts if one.misses is not None]
    cells = tuple(
        (one.key, target_text(one.bar), _target_word(misses), "; ".join(misses) or NONE)
        for one, misses in kept
    )
    flats: Rows = [
        {
            "part": one.key,
            "asked": target_text(one.bar),
            "met": not misses,
            "missed": "; ".join(misses),
        }
        for one, misses in kept
    ]
    return Section("Targets", ("part", "target", "", "missed"), cells, flats, key="bars")


def target_text(bar: Bar) -> str:
    """Returns a target in words."""
    limits = {"mean": bar.mean, "median": bar.median, "bias": bar.bias}
    requirements = [f"{name} up to {100 * limit:g}%" for name, limit in limits.items() if limit]
    requirements += [f"no chip over {100 * bar.worst:g}%"] if bar.worst else []
    requirements += [f"no case over {100 * bar.largest:g}%"] if bar.largest else []
    within = "intervals at most {:g} points short" if bar.wider else "intervals within {:g} points"
    requirements += [within.format(100 * bar.cover)] if bar.cover else []
    requirements += [f"roofline {bar.times:g} times worse"] if bar.times else []
    requirements += ["median up to half of that of the better sheet ratio"] if bar.half else []
    return ", ".join(requirements)


def _flat(part: Part) -> dict[str, Scalar]:
    errors, misses = part.figures, part.misses
    return {
        "part": part.name,
        "held_out": part.split,
        **flat_errors(errors),
        "worst_chip": errors.worst_chip,
        "worst": errors.worst,
        "largest": errors.largest,
        "bar_met": None if misses is None else not misses,
        "bar_missed_by": "; ".join(misses or ()) or None,
        "note": part.note or None,
    }


def _summary(parts: Sequence[Part], changes: Sequence[Change]) -> Iterable[str]:
    """Yields how many targets are met, which are missed, and which parts got worse."""
    failed = [one.key for one in parts if one.misses]
    count = sum(one.misses is not None for one in parts)
    rest = f"; {counted(len(parts) - count, 'part')} without one" if count < len(parts) else ""
    met = f"Targets, listed below: {count - len(failed)} of {count} met{rest}."
    yield met if count else "No part here has a target."
    if failed:
        yield f"Missed: {'; '.join(failed)}."
    worse = [one.name for one in changes if one.worse]
    if worse:
        yield f"WORSE than in the earlier state: {'; '.join(worse)}."
    elif changes:
        yield "No part is worse than in the earlier state by more than is allowed."


def _ratios(parts: Sequence[Part]) -> Section:
    line = (
        "A case is one workload on two chips, by one version of an engine: the ratio of its times, "
        "compared with ratios of the sheets' figures."
    )
    cells, flats = tuple(map(_cells, parts)), list(map(_flat, parts))
    return Section("Ratios of two chips", _columns(SHEETS), cells, flats, (line,), key="ratios")


def _choices(part: Part) -> Section:
    """Returns the table of choices, predicted and by rules of thumb: the loss of the best rate."""
    title, key = CHOICES[part.name]
    columns, note = _columns(THUMBS[part.name]), f"{part.name}: {part.note}."
    return Section(title, columns, (_cells(part),), [_flat(part)], (note,), key=key)


def _changed(changes: Sequence[Change]) -> Section:
    """Returns the table of parts compared with the earlier state."""
    columns = ("part", "mean before", "mean now", "allowed", "")
    cells = tuple(
        (
            one.name,
            percent(one.before),
            NONE if one.now is None else percent(one.now),
            percent(one.allowed),
            _change_word(one),
        )
        for one in changes
    )
    flats: Rows = [
        {
            "part": one.name,
            "before": one.before,
            "now": one.now,
            "allowed": one.allowed,
            "worse": one.worse,
        }
        for one in changes
    ]
    return Section("Compared with the earlier state", columns, cells, flats, key="changes")


def _change_word(change: Change) -> str:
    if change.now is None:
        return "GONE"
    return "WORSE" if change.worse else "no worse"
