"""Draws what a record, the rules, the ratios or the predictions show, with the data beside it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.printed import found_to_show
from bench.config import compose, positive
from bench.errors import OnpaperError, UsageError, did_you_mean
from bench.shapes import PlotConfig, PredictConfig
from bench.words import counted

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.plot.picture import Picture
    from bench.plot.theme import Theme
    from bench.records.model import Record

HELP = """\
python -m bench plot [kind=KIND] [key=value ...]

Draws plots as PNG and SVG, each titled by what it finds, with its rows as CSV. Without kind=: every
plot that the record supports. Prints each path.

  kind=             of a record: figures (published against measured), roofline (one plot per
                    dtype), cache (bandwidth over working set), latency (of a dependent load,
                    over working set), sustained (a load over time);
                    of the data: ratios (on paper against measured), rules (chips by TPP and
                    performance density, with the thresholds of export rules),
                    trend (a figure over the launches of chips),
                    pareto (predicted serving: tokens/s per chip against per user, of the ways
                    that none surpasses), validation (predictions against measurements);
                    of many records: history (a figure over time, with its changes)
  record=latest     kinds of a record: its path, its id or file name, the beginning of either, or
                    latest
  margin=0.10       a record, figures, ratios: how far below paper still counts as reached
  baseline=h20      ratios: the chip that the others are divided by
  chips=            ratios, rules, trend, pareto: these chips only, by ids, names, groups or
                    patterns
  on=               rules: the day, such as 2025-08-15; default: today
  figure= chip= find= records=   history: as for the command 'history'
  figure=           trend: a key of the command 'chips', such as matrix_bf16_per_usd
  workload= precision=bf16 devices=8 input=auto output=512   pareto: as for 'predict'
  theme=light       light or dark
  formats=[png,svg] png, svg; CSV is always written
  out=plots         the folder, created if it does not exist; files of the same name are replaced

Examples
  python -m bench plot record=h200-sxm-full
  python -m bench plot record=h200-sxm-full kind=roofline
  python -m bench plot kind=ratios baseline=h20 chips=domestic theme=dark
  python -m bench plot kind=history figure=matrix_bf16 chip=h200 records=runs/
  python -m bench plot kind=trend figure=memory_bandwidth
  python -m bench plot kind=pareto chips=[h20,h800] workload=llama-3.1-70b
  python -m bench plot kind=rules on=2025-08-15 formats=svg out=./figures

Exit code: 0 drawn, 2 wrong usage, or the record or a data file has a fault.
"""
FORMATS = ("png", "svg")
EVERYWHERE = ("kind", "theme", "formats", "out")
RECORD = ("record", "margin")
"""Keys of every plot of a record."""
OUT = "plots"
LEVEL = 0.01
"""Chance that a change is marked in a series without one; the same as in 'history'."""
MOST_LOOKED_AT = 20
"""How many records are searched for one that supports the plot."""


def main(words: list[str]) -> int:
    """Writes the files and prints their paths."""
    from bench.plot.theme import theme
    from bench.tables.write import output_folder

    config = compose("plot", words, PlotConfig)
    _fitting(config, [word.partition("=")[0] for word in words])
    positive("margin", config.margin, 0.9)
    look, there = theme(config.theme), output_folder(config.out or OUT)
    _require_matplotlib()
    found = list(_pictures(config))
    for picture in found:
        for path in _written(picture, there, look, config.formats):
            print(path)
    return 0


def _fitting(config: PlotConfig, given: list[str]) -> None:
    """Refuses an unknown kind or format, and keys that the kind does not use."""
    from bench.plot.registry import KINDS

    if config.kind is not None and config.kind not in KINDS:
        raise UsageError(f"no kind {config.kind!r} of plot: {did_you_mean(config.kind, KINDS)}")
    if not config.formats:
        raise UsageError("formats= names none: write formats=png, or leave it out for both")
    for name in config.formats:
        if name not in FORMATS:
            raise UsageError(f"no format {name!r} of plot: {did_you_mean(name, FORMATS)}")
    keys = RECORD if config.kind is None else KINDS[config.kind]
    for key in given:
        if key not in (*EVERYWHERE, *keys):
            homes = ", ".join(name for name, own_keys in KINDS.items() if key in own_keys)
            here = f"kind={config.kind}" if config.kind else "all plots of a record"
            raise UsageError(f"{key}= belongs to kind={homes}, not to {here}")


def _require_matplotlib() -> None:
    """Refuses to start if nothing can be drawn.

    Raises:
        UsageError: matplotlib is not installed.
    """
    from bench.plot.draw import require_matplotlib

    require_matplotlib()


def _pictures(config: PlotConfig) -> "Iterator[Picture]":
    from bench.chips.load import catalogue

    makers: Mapping[str, Callable[[PlotConfig, Catalogue], Picture]] = {
        "ratios": _ratios, "rules": _rules, "trend": _trend, "pareto": _pareto,
        "validation": _validation,
    }  # fmt: skip
    make = makers.get(config.kind or "")
    if config.kind == "history":
        yield from _history(config, catalogue())
    elif make is None:
        yield from _of_a_record(config, catalogue())
    else:
        yield make(config, catalogue())


def _of_a_record(config: PlotConfig, sheets: "Catalogue") -> "Iterator[Picture]":
    from bench.plot.registry import record_pictures
    from bench.records.latest import record_folders
    from bench.records.store import read

    places = record_folders()
    path = found_to_show(config.record, places)
    record = read(path)
    found = list(record_pictures(record, sheets, config.margin, config.kind))
    if not found:
        what = f"kind={config.kind}" if config.kind else "any plot"
        other = _supporting(record, config, sheets, places)
        cure = f"give record={other}" if other else "suite=full measures for all of them"
        raise UsageError(
            f"record {record.id} has no measurement for {what}: {cure}; "
            f"'show record={config.record or path.stem}' lists what it holds"
        )
    yield from found


def _supporting(
    lacking: "Record", config: PlotConfig, sheets: "Catalogue", places: list[Path]
) -> str | None:
    """Returns the name of the newest record that supports the requested plot; None without one.

    One of the same chip goes before others, and simulated devices are for simulated ones alone.
    """
    from bench.plot.registry import record_pictures
    from bench.records.store import newest, read

    found = None
    own, committed = newest(places)[:MOST_LOOKED_AT], newest(places[-1:])[:MOST_LOOKED_AT]
    for path in dict.fromkeys((*own, *committed)):
        try:
            record = read(path)
        except OnpaperError:  # an unreadable record is no fault of this command line
            continue
        is_same = record.identity.chip == lacking.identity.chip
        is_simulated = record.device.is_fake and not lacking.device.is_fake
        if is_simulated or (found and not is_same):
            continue
        if any(record_pictures(record, sheets, config.margin, config.kind)):
            found = path.stem
            if is_same:
                break
    return found


def _ratios(config: PlotConfig, sheets: "Catalogue") -> "Picture":
    from bench.chips.select import select
    from bench.claims.sensitivity import evidence_base
    from bench.plot.ratios import BASELINE, picture

    base = sheets.find(config.baseline or BASELINE)
    chosen = [one for one in select(config.chips, sheets) if one.id != base.id]
    if config.chips and not chosen:
        raise UsageError(f"{base.id} alone: name another chip in chips=")
    return picture(base, chosen or None, evidence_base(), config.margin)


def _history(config: PlotConfig, sheets: "Catalogue") -> "Iterator[Picture]":
    from bench.archive.index import folder_of, index
    from bench.history.series import Selection, series
    from bench.plot.history import pictures
    from bench.records.latest import record_folders

    if not config.figure:
        raise UsageError("kind=history follows a figure: give figure=, such as matrix_bf16")
    chip = sheets.find(config.chip).id if config.chip else None
    given = [folder_of(config.records)] if config.records else None
    found = index(given or record_folders())
    followed = Selection(config.figure, chip, config.find)
    every = series(found, followed, LEVEL, sheets.chips)
    drawn = list(pictures(every))
    if not drawn:
        held = len({point.head.id for one in every for point in one.points})
        apart = ", no two alike in device, suite and inputs" if held > 1 else ""
        raise UsageError(
            f"{counted(held, 'record')} of {config.figure} here{apart}: a plot over time needs 2; "
            "records=FOLDER reads others"
        )
    yield from drawn


def _rules(config: PlotConfig, sheets: "Catalogue") -> "Picture":
    from bench.chips.select import select
    from bench.plot.rules import picture
    from bench.rules.load import rulebook
    from bench.rules.places import Question, day

    on = day(config.on)
    chosen = select(config.chips, sheets) if config.chips else None
    return picture(Question(on, CHINA, CHINA), chosen, rulebook(), sheets)


def _trend(config: PlotConfig, sheets: "Catalogue") -> "Picture":
    from bench.chips.select import select
    from bench.plot.trend import picture
    from bench.theory.entry import key_of

    if not config.figure:
        raise UsageError("kind=trend draws a figure: give figure=, such as matrix_bf16_per_usd")
    key = key_of(config.figure)
    if not key.is_number:
        raise UsageError(f"figure={key.name} is no number: give one such as matrix_bf16")
    return picture(key, select(config.chips, sheets) if config.chips else None, sheets)


def _pareto(config: PlotConfig, sheets: "Catalogue") -> "Picture":
    from bench.chips.select import select
    from bench.commands.keys.predict import ANY, PARETO, serving_goals_of
    from bench.plot.pareto import picture
    from bench.predict.answers import Answer
    from bench.predict.learning.learn import load
    from bench.predict.search import best

    asked = PredictConfig(
        workload=config.workload, precision=config.precision, devices=config.devices,
        input=[config.input], output=[config.output], tpot=[ANY], top=PARETO,
    )  # fmt: skip
    if not config.chips:
        raise UsageError("which chips? give chips=, such as chips=[h20,h800]")
    goals, known, found = serving_goals_of(asked, ()), load(), list[Answer]()
    for chip in select(config.chips, sheets):
        for goal in goals:
            try:
                found += best([chip], None, goal, known)[0]
            except UsageError as error:
                found.append(Answer(chip, why=str(error).removeprefix(f"{chip.id}: ")))
    return picture(goals[0], found)


CHINA = "CN"
"""The destination, and the buyer's headquarters, of the rules drawn."""


def _validation(_: PlotConfig, __: "Catalogue") -> "Picture":
    from bench.plot.validation import picture
    from bench.predict.validation.points import read

    return picture(read())


def _written(picture: "Picture", there: Path, look: "Theme", formats: list[str]) -> Iterator[Path]:
    """Writes a picture in each format, and its data as CSV, and yields the paths.

    Each file is written completely or not at all.
    """
    from bench.files.atomic import replace, writing
    from bench.plot import draw

    made: Mapping[str, Callable[[], bytes]] = {
        "png": lambda: draw.png(picture, look),
        "svg": lambda: draw.svg(picture, look).encode(),
        "csv": lambda: draw.table(picture).encode(),
    }
    for ending in (*dict.fromkeys(formats), "csv"):
        path = there / f"{picture.name}.{ending}"
        with writing(f"out={there}"):
            replace(path, made[ending]())
        yield path
