"""Predicts how chips run a model, from their sheets and from published measurements."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from bench.commands.keys.predict import (
    ANY,
    rate_of,
    scenario_of,
    serving_goals_of,
)
from bench.commands.keys.prefill import refuse_together
from bench.commands.keys.prices import prices_of
from bench.commands.predictrates import figures, product
from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError, check_known
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.predict.answers import Answer
    from bench.predict.learning.learn import Learnt
    from bench.predict.scenario import Scenario
    from bench.report.text.markup import Report
    from bench.report.text.scalar import Scalar
    from bench.workloads.model import Workload

HELP = """\
python -m bench predict chips=[A,B,...] workload=NAME [key=value ...]

Predicts tokens per second, per chip and for the system, time to the first token and between
tokens, what limits them, memory left, energy and cost, with intervals and with what they rest on.
With baseline=, ratios come first: errors that two chips share cancel in them, and a line says how
far such ratios were off. Drafted tokens (speculative decoding, MTP) and prefix caches are not
modelled. Nothing is measured: a prediction never proves that two chips match.

  chips=            ids (with or without their vendor), names, groups (export-tier, domestic) or
                    patterns
  workload=         a model of specs/workloads, such as llama-3.1-70b, or of the same shape, such as
                    llama-3.3-70b; or the path of a Hugging Face config.json or of its folder, such
                    as ./my-model: it is read, and what was read is shown; nothing is fetched
  phase=serve       serve: decoding of concurrent requests, with prefills in between; prefill:
                    prompts; decode: one token each; train: forward, backward, update; fit: which
                    chips hold the model, and how many are needed; product: one matrix product, with
                    shape=; figures: what chips can be expected to reach of rates and bandwidth
  batch=32          sequences in a step, or concurrent requests, over all chips; [1,8,64] or 1..64
                    (doubling) for a sweep
  input=auto        tokens of a prompt, auto: 2048; phase=train: of a sequence, auto: 8192, or the
                    model's context if that is shorter; a sweep likewise
  output=512        tokens of an answer
  parallel=1        chips that share each layer; or tp8, 'tp8,ep8', 'tp8,pp2', 'tp8,dp4'; for
                    training also fsdp64 (copies that share their weights; a bare number means
                    this), cp2 (chips that share each sequence), 'pp4,vp2' (2 virtual stages each);
                    best, for serving: the way and the number of requests with the most tokens/s;
                    'prefill=tp2,dp4 decode=tp8': prefill and decode on chips of their own
                    (disaggregated); dp: workers of a side, batch=: requests that decode
  prefill=together  parallel=best: together: on the chips that decode; apart: on chips of its own;
                    any: whichever is better; or a chip, for prefill only: chips=h20 prefill=h800
  devices=8         parallel=best: chips available, all of them used; [8,16] or 1..64: the best for
                    each
  tpot=100ms ttft=any
                    parallel=best: limits, such as ttft=2s; tpot=[20ms,50ms,any]: the best for each
  rate=             parallel=best: tokens/s wanted in all; how many chips of each kind that needs
  top=1             parallel=best: how many ways to show of each chip, the best first; pareto: every
                    way and number of requests that no other surpasses in both tokens/s and TPOT
  micro=1           phase=train: sequences per micro-batch of a copy
  recompute=false   phase=train: true recomputes activations in backward instead of keeping them
  states=fp32       phase=train: bf16 keeps gradients and Adam's moments in 16 bits
  engine=any        narrows the interval; phase=serve: tuned, as makers of engines tune them for
                    public benchmarks; phase=train: megatron-bridge, torchtitan, llm-foundry
  precision=bf16    of weights and products: fp16, fp8, mxfp8, int8, nvfp4, mxfp4; mxfp4-a8 of
                    experts, all else fp8; of weights only: w8a16, w4a16; phase=train takes bf16,
                    fp16, fp8, mxfp8, nvfp4; phase=product bf16, fp8, and fp16 where a sheet prints
                    one rate for it and bf16
  cache=bf16        of the key-value cache: fp8, int8
  baseline=         a chip that the others are divided by
  shape=            phase=product: [m,n,k]
  operators=false   true adds each operator: its time, what limits it, its FLOP and bytes
  calibration=      a file made by `calibrate record=`: chips in it rest on their own times, in
                    serving dense models and in products
  sort=rate         rate: the most tokens/s first; cost: the cheapest token first, also of several
                    devices=, and chips without a price last
  years=4 kwh=0.1 pue=1.3
                    cost: years to write off the price, USD per kWh, power usage effectiveness
  price= rent=      cost: your own USD for a chip, or for an hour of one: price=25000 for all, or
                    rent=[h20:1.2,h800:2] by chip; default: the price that a source gives
  cny=              yuan for a US dollar, no default: amounts may then be in yuan, such as
                    price=[h20:110000CNY] or kwh=0.6CNY, sourced prices in yuan stand before
                    those in dollars, and costs are in yuan
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench predict chips=[h20,910b2,h800] workload=llama-3.1-70b parallel=8 baseline=h800
  python -m bench predict chips=[h20,910b2] workload=./my-model/config.json
  python -m bench predict chips=export-tier workload=deepseek-v3 precision=fp8 phase=fit
  python -m bench predict chips=[h20,h800] workload=llama-3.1-70b parallel=best tpot=[30ms,50ms]
  python -m bench predict chips=h20 prefill=h800 workload=qwen3-32b parallel=best devices=16 top=3
  python -m bench predict chips=h20 workload=qwen3-32b parallel=best tpot=any top=pareto
  python -m bench predict chips=h20 workload=qwen2.5-14b phase=decode batch=1..256 operators=true
  python -m bench predict chips=[h20,910b2] workload=llama-3.1-8b phase=train parallel=8
  python -m bench predict chips=[h20,l20] phase=product shape=[4096,4096,4096]
  python -m bench predict chips=[910b2,c550,mi308x] phase=figures

Exit code: 0 shown, 2 wrong usage, or a data file has a fault.
"""
MONEY = ("sort", "years", "kwh", "pue", "price", "rent", "cny")
"""Keys of the cost."""
SORTS = ("rate", "cost")
"""What rows are sorted by."""
TRAINED = ("micro", "recompute", "states")
"""Keys of training."""
BEST, LIMITS = "best", ("devices", "tpot", "ttft", "rate", "top")
"""The value of ``parallel=`` that searches for the best split, and the keys of that search."""
UNUSED = {
    "serve": ("shape", *TRAINED),
    "decode": ("shape", "engine", "prefill", *TRAINED),
    "prefill": ("shape", "output", "engine", "prefill", *TRAINED),
    "train": ("shape", "output", "cache", "calibration", "prefill"),
    "fit": ("shape", "baseline", "operators", "engine", "prefill", "calibration", *TRAINED, *MONEY),
    "product": (
        "workload", "batch", "input", "output", "parallel", "prefill", "cache", "operators",
        "engine", *TRAINED, *MONEY,
    ),
    "figures": (
        "workload", "batch", "input", "output", "parallel", "prefill", "precision", "cache",
        "baseline", "shape", "operators", "engine", "calibration", *TRAINED, *MONEY,
    ),
}  # fmt: skip
"""For each phase, the keys that it does not use."""


def main(words: list[str]) -> int:
    """Prints predictions."""
    from bench.chips.load import catalogue
    from bench.chips.select import covered

    config, report = _answered(words)
    printed(report, config.report.format, covered(config.chips, catalogue()))
    return 0


def rows(keys: "Mapping[str, object]") -> "list[dict[str, Scalar]]":
    """Returns predictions as the lines of ``report=csv``, for ``bench.prediction_frame``.

    Args:
        keys: keys of the command and their values; None leaves a key out.

    Raises:
        UsageError: as the command.
    """
    from bench.report.formats.csv import lines

    if "report" in keys:
        raise UsageError("report= is of the command: from Python the answer is a frame")
    given = {key: value for key, value in keys.items() if value is not None}
    return lines(_answered([f"{key}={_text(value)}" for key, value in given.items()])[1])


def _text(value: object) -> str:
    """Returns a Python value as it is written on the command line."""
    if isinstance(value, Mapping):
        return _text([f"{key}:{_text(one)}" for key, one in value.items()])
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{','.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answered(words: list[str]) -> "tuple[PredictConfig, Report]":
    """Returns the keys of a command line, and the answer."""
    from bench.chips.load import catalogue

    config = compose("predict", words, PredictConfig)
    check_known("phase", config.phase, UNUSED)
    check_known("sort", config.sort, SORTS)
    given = {word.partition("=")[0].lstrip("+~") for word in words}
    _refuse_unused(config, given)
    return config, _report(config, catalogue(), given)


def _report(config: PredictConfig, sheets: "Catalogue", given: set[str]) -> "Report":
    from bench.chips.select import select

    if not config.chips and config.phase != "fit":
        raise UsageError("which chips? give chips=, such as chips=[h20,910b2]")
    chosen = select(config.chips, sheets) if config.chips else list(sheets.chips.values())
    group = not config.chips or any(word in config.chips for word in ("domestic", "export-tier"))
    chips = [one for one in chosen if one.kind in ("gpu", "npu")] if group else chosen
    if config.phase == "figures":
        return figures(chips, sheets)
    if config.phase == "product":
        return product(config, chips, sheets)
    if config.parallel == BEST:
        return _best(config, chips, sheets, given)
    scenario = scenario_of(config)
    if config.phase == "fit":
        from bench.predict.answers import memory_fits
        from bench.report.prediction.capacity import fitting
        from bench.report.prediction.weak import with_weak

        found = memory_fits(chips, scenario)
        rests = {one.chip.chip: ["memory_capacity"] for one in found}
        return with_weak(fitting(found, scenario), rests, sheets)
    return _predicted(config, chips, sheets, scenario)


def _refuse_unused(config: PredictConfig, given: set[str]) -> None:
    """Refuses keys that the phase does not use."""
    phase, best = config.phase, config.parallel == BEST
    for key in UNUSED[phase]:
        if key in given and (key != "engine" or config.engine != ANY):
            raise UsageError(f"{key}= does not apply to phase={phase}: leave it out")
    if best and phase != "serve":
        raise UsageError(f"parallel={BEST} needs phase=serve: else divide, as with parallel=8")
    for key in LIMITS:
        if key in given and not best:
            raise UsageError(f"{key}= needs parallel={BEST}: leave it out")
    refuse_together(config, given)


def _predicted(
    config: PredictConfig, chips: "list[Chip]", sheets: "Catalogue", scenario: "Scenario"
) -> "Report":
    from bench.predict.answers import answers
    from bench.predict.refusals import refuse_engine
    from bench.report.prediction.predictions import predictions
    from bench.report.prediction.weak import with_weak

    base = sheets.find(config.baseline) if config.baseline else None
    known = _fitted_model(config, scenario.workload)
    refuse_engine(scenario.engine, scenario.phase, known)
    found = answers(chips, base, scenario, known)
    filling = scenario.prefill.chip if scenario.prefill else None
    prices = prices_of(config, _priced(chips, base, filling), sheets)
    report = predictions(found, base, scenario, prices, operators=config.operators)
    return with_weak(report, _rests(found), sheets)


def _priced(chips: "Iterable[Chip]", *others: "Chip | None") -> "list[Chip]":
    """Returns the chips that a price can be of: those asked for, the baseline, that for prefill."""
    return [*chips, *(one for one in others if one)]


def _rests(answers: "Iterable[Answer]") -> dict[str, list[str]]:
    """Returns, for each chip, the figures behind its answer that no measurement has tested."""
    from bench.report.prediction.predicted import figures_for_prefill, figures_used
    from bench.report.prediction.weak import untested_figures

    rests: dict[str, list[str]] = {}
    for one in answers:
        if one.found:
            rests[one.chip.id] = untested_figures(figures_used(one), one.found.tier)
        if one.found and one.found.prefill:
            chip, figures = figures_for_prefill(one)
            tier = one.found.prefill.single.tier
            rests |= {chip: untested_figures(figures, tier)} if chip else {}
    return rests


def _fitted_model(config: PredictConfig, workload: "Workload") -> "Learnt":
    """Returns the fitted model; chips in ``calibration=`` are predicted from their own times."""
    from bench.predict.learning.learn import chosen

    if config.calibration and workload.experts:
        raise UsageError(
            f"calibration= covers dense layers only, and {workload.id} has experts: leave it out"
        )
    return chosen(config.calibration)


def _best(
    config: PredictConfig, chips: "list[Chip]", sheets: "Catalogue", given: set[str]
) -> "Report":
    from bench.predict.refusals import refuse_engine
    from bench.predict.search import best
    from bench.report.prediction.best import best_ways
    from bench.report.prediction.goals import GoalResult
    from bench.report.prediction.weak import with_weak

    base = sheets.find(config.baseline) if config.baseline else None
    goals, rate = serving_goals_of(config, given), rate_of(config)
    prices = prices_of(config, _priced(chips, base, goals[0].prefill_chip), sheets)
    found, known = [], _fitted_model(config, goals[0].workload)
    refuse_engine(goals[0].engine, config.phase, known)
    for goal in goals:
        try:
            found.append(GoalResult(goal, *best(chips, base, goal, known)))
        except UsageError as error:
            if len(goals) == 1:
                raise
            found.append(GoalResult(goal, (), 0, str(error)))
    if not any(one.answers for one in found):
        raise UsageError(found[-1].why)
    report = best_ways(found, base, prices, rate, operators=config.operators)
    return with_weak(report, _rests(one for goal in found for one in goal.answers), sheets)
