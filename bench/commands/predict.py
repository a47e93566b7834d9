"""Foretells how chips run a model, from their sheets and from what was measured of others."""

from typing import TYPE_CHECKING

import numpy as np

from bench.config import compose, one_of, positive
from bench.errors import UsageError
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.predict.forecast import Asked
    from bench.predict.model.operators import Array
    from bench.predict.model.power import Prices
    from bench.report.markup import Report

HELP = """\
python -m bench predict chips=[A,B,...] workload=NAME [key=value ...]

Foretells tokens a second, per chip and for the system, time to the first token and between tokens,
what limits it, what is left of memory, energy and cost, each with an interval and with the tier of
what it rests on. With baseline=, ratios come first: errors that two chips share cancel in them.
Nothing is measured: a prediction never proves that two chips match.

  chips=            ids, names, groups (export-tier, domestic) or patterns
  workload=         a file of specs/workloads, such as llama-3.1-70b
  phase=serve       serve: tokens of requests under way, prefills between; prefill: prompts; decode:
                    one token each; train: forward, backward, update; fit: which chips hold the
                    model, and how many it takes; product: one matrix product, with shape=;
                    figures: what chips are to be expected to reach of matrix rates and bandwidth
  batch=32          sequences in a step, or requests under way, over all chips; [1,8,64] or 1..64
                    (doubling) for a sweep
  input=2048        tokens of a prompt; a sweep likewise
  output=512        tokens of an answer
  parallel=1        chips that share each layer; or tp8, 'tp8,ep8', 'tp8,pp2', 'tp8,dp4'; of
                    training also fsdp64 (copies that share their weights; a bare number is that),
                    cp2 (chips that share each sequence), 'pp4,vp2' (stages that take 2 turns)
  micro=1           phase=train: sequences of a copy that pass at once
  recompute=false   phase=train: true does each layer's forward again instead of keeping it
  precision=bf16    of weights and products: fp16, fp8, mxfp8, int8, nvfp4, mxfp4; of weights alone
                    w8a16, w4a16; phase=train takes bf16, fp16, fp8, mxfp8, nvfp4
  cache=bf16        of the key-value cache: fp8, int8
  baseline=         a chip that the others are divided by
  shape=            phase=product: [m,n,k]
  operators=false   true adds each operator: time, and what limits it
  calibration=      what `calibrate record=` made: chips in it rest on their own times, in serving
                    dense models and in products
  years=4 kwh=0.1 pue=1.3
                    cost: write-off of a sourced price, electricity in USD, the building's overhead
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench predict chips=[h20,910b2,h800] workload=llama-3.1-70b parallel=8 baseline=h800
  python -m bench predict chips=export-tier workload=deepseek-v3 precision=fp8 phase=fit
  python -m bench predict chips=h20 workload=qwen2.5-14b phase=decode batch=1..256 operators=true
  python -m bench predict chips=[h20,910b2] workload=llama-3.1-8b phase=train input=8192 parallel=8
  python -m bench predict chips=[h20,l20] phase=product shape=[4096,4096,4096]
  python -m bench predict chips=[910b2,c550,mi308x] phase=figures

Exit code: 0 shown, 2 wrong usage.
"""
MONEY = ("years", "kwh", "pue")
TRAINED = ("micro", "recompute")
OTHERS = {
    **dict.fromkeys(("serve", "decode"), ("shape", *TRAINED)),
    "prefill": ("shape", "output", *TRAINED),
    "train": ("shape", "output", "cache", "calibration"),
    "fit": ("shape", "baseline", "operators", "calibration", *TRAINED, *MONEY),
    "product": (
        "workload", "batch", "input", "output", "parallel", "cache", "operators", *TRAINED, *MONEY,
    ),
    "figures": (
        "workload", "batch", "input", "output", "parallel", "precision", "cache", "baseline",
        "shape", "operators", "calibration", *TRAINED, *MONEY,
    ),
}  # fmt: skip
"""By phase, the keys that it has no use for."""
YES, NO = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
LARGEST = 10**8
MOST_POINTS = 10_000


def main(words: list[str]) -> int:
    """Prints predictions."""
    from bench.report.registry import set_in

    config = compose("predict", words, PredictConfig)
    one_of("phase", config.phase, OTHERS)
    _refuse_others(config.phase, words)
    print(set_in(config.report.format, _report(config)), end="")
    return 0


def _report(config: PredictConfig) -> "Report":
    from bench.chips.load import catalogue
    from bench.chips.select import covered
    from bench.report.markup import headed

    sheets = catalogue()
    return headed(_told(config, sheets), covered(config.chips, sheets))


def _told(config: PredictConfig, sheets: "Catalogue") -> "Report":
    from bench.chips.select import select

    if not config.chips and config.phase != "fit":
        raise UsageError("which chips? give chips=, such as chips=[h20,910b2]")
    chosen = select(config.chips, sheets) if config.chips else list(sheets.chips.values())
    whole = not config.chips or any(word in config.chips for word in ("domestic", "export-tier"))
    kept = [one for one in chosen if one.kind in ("gpu", "npu")] if whole else chosen
    if config.phase == "figures":
        return _figures(kept, sheets)
    if config.phase == "product":
        return _product(config, kept, sheets)
    asked = asked_of(config)
    if config.phase == "fit":
        from bench.predict.answers import held
        from bench.report.capacity import fitting

        return fitting(held(kept, asked), asked)
    return _predicted(config, kept, sheets, asked)


def _refuse_others(phase: str, words: list[str]) -> None:
    """Raises for a key that a phase has no use for: an answer must not seem to heed it."""
    given = {word.partition("=")[0].lstrip("+~") for word in words}
    for key in OTHERS[phase]:
        if key in given:
            raise UsageError(f"{key}= says nothing to phase={phase}: leave it out")


def _predicted(
    config: PredictConfig, chips: "list[Chip]", sheets: "Catalogue", asked: "Asked"
) -> "Report":
    from bench.predict.answers import answers
    from bench.predict.learning.learn import chosen
    from bench.report.predictions import predictions

    if config.calibration and asked.workload.experts:
        raise UsageError(
            f"calibration= is of layers without experts, and {asked.workload.id} has them: "
            "leave it out"
        )
    base = sheets.find(config.baseline) if config.baseline else None
    every = answers(chips, base, asked, chosen(config.calibration))
    return predictions(every, base, asked, prices_of(config), operators=config.operators)


def _figures(chips: "list[Chip]", sheets: "Catalogue") -> "Report":
    from bench.claims.sensitivity import bench_of
    from bench.predict.model.facts import every
    from bench.predict.reached import reached
    from bench.report.reached import reaching

    known = every(sheets)
    asked = [chip.id for chip in chips if chip.id in known]
    return reaching(reached(chips, bench_of().whole, known), asked, sheets)


def _product(config: PredictConfig, chips: "list[Chip]", sheets: "Catalogue") -> "Report":
    from bench.predict.answers import timed_products
    from bench.predict.learning.learn import chosen
    from bench.report.products import products

    sizes = [whole("shape", word) for word in config.shape]
    if len(sizes) != 3:
        raise UsageError("shape= wants three sizes, such as shape=[4096,4096,4096]")
    base = sheets.find(config.baseline) if config.baseline else None
    asked = sizes[0], sizes[1], sizes[2]
    known = chosen(config.calibration)
    told, why = timed_products(chips, base, asked, config.precision, known)
    return products(told, why, base, (asked, config.precision), sheets)


def prices_of(config: PredictConfig) -> "Prices":
    """Returns what ownership is taken to cost."""
    from bench.predict.model.power import Prices

    for key in ("years", "kwh", "pue"):
        positive(key, getattr(config, key), 1000)
    if config.pue < 1:
        raise UsageError(f"pue={config.pue:g} must be 1 or more: a building draws what is in it")
    return Prices(config.years, config.kwh, config.pue)


def asked_of(config: PredictConfig) -> "Asked":
    """Returns the question with every combination of batch, input and output as a point.

    Raises:
        UsageError: a word that is no number, or that names nothing.
    """
    from bench.predict.forecast import Asked
    from bench.predict.model.parallel import parallel
    from bench.predict.model.precision import precision
    from bench.predict.model.recipe import Recipe
    from bench.predict.refusals import (
        refuse_batch,
        refuse_sharding,
        refuse_split,
        refuse_training,
    )
    from bench.workloads.load import workload, workloads

    if not config.workload:
        raise UsageError(f"which workload? give workload=, one of {', '.join(workloads())}")
    points = _points(config)
    train = config.phase == "train"
    split, model = parallel(config.parallel, copies=train), workload(config.workload)
    refuse_split(model, split)
    recipe = Recipe(whole("micro", config.micro), split.vp, float(_is_so(config)))
    how = precision(config.precision, config.cache, experts=model.experts is not None)
    refuse_batch(points[:, 0], split, recipe)
    if train:
        refuse_training(how)
    else:
        refuse_sharding(split)
    phase = "decode" if config.phase == "fit" else config.phase
    batch, prompt, output = points.T
    return Asked(model, phase, how, split, batch, prompt, output, recipe)


def _points(config: PredictConfig) -> "Array":
    """Returns every combination of batch, input and output, n x 3."""
    sweeps = [numbers(key, getattr(config, key)) for key in ("batch", "input", "output")]
    points = np.array([[b, i, o] for i in sweeps[1] for o in sweeps[2] for b in sweeps[0]], float)
    if len(points) > MOST_POINTS:
        raise UsageError(f"{len(points):,} points: give at most {MOST_POINTS:,}")
    if config.phase == "fit" and len(points) > 1:
        raise UsageError("phase=fit answers for one batch, input and output: give one of each")
    if config.phase in ("prefill", "train"):
        points[:, 2] = 0
    return points


def _is_so(config: PredictConfig) -> bool:
    """Tells whether the layers' forward is done again."""
    word = config.recompute.lower()
    if word not in YES | NO:
        raise UsageError(f"recompute={word}: write true, which is of all layers, or false")
    return word in YES


def numbers(key: str, words: list[str]) -> list[int]:
    """Reads whole numbers; ``1..64`` is 1, 2, 4 and so on up to 64.

    Raises:
        UsageError: none is given, or one is no whole number.
    """
    found: list[int] = []
    for word in words:
        low, dots, high = str(word).partition("..")
        one, last = whole(key, low), whole(key, high if dots else low)
        if one > last:
            raise UsageError(f"{key}={word}: write the smaller number first")
        while one <= last:
            found.append(one)
            one *= 2
    if not found:
        raise UsageError(f"{key}= names no number: write such as {key}=32, [1,8,64] or 1..64")
    return list(dict.fromkeys(found))


def whole(key: str, word: str) -> int:
    """Returns a whole number of at least 1.

    Raises:
        UsageError: it is none.
    """
    if not str(word).isdecimal() or not 1 <= int(word) <= LARGEST:
        several = "" if key in ("shape", "micro") else "; several as [1,8,64] or 1..64"
        raise UsageError(f"{key}={word}: write a whole number from 1 to {LARGEST:,}{several}")
    return int(word)
