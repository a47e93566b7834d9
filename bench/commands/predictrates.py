"""The phases of ``predict`` without a model: shares of published rates, and one matrix product."""

from typing import TYPE_CHECKING

from bench.commands.keys.predict import fitted_for, whole, with_equal_rates
from bench.errors import UsageError
from bench.shapes import PredictConfig

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.chips.model import Chip
    from bench.report.text.markup import Report


def figures(chips: "list[Chip]", sheets: "Catalogue") -> "Report":
    """Returns what chips can be expected to reach of rates and bandwidth."""
    from bench.claims.sensitivity import evidence_base
    from bench.predict.figureshares import figure_shares
    from bench.predict.model.facts import all_facts
    from bench.report.prediction.figureshares import figure_share_report
    from bench.report.prediction.weak import untested_figures, with_weak

    known = all_facts(sheets)
    asked = [known[chip.id] for chip in chips if chip.id in known]
    found = figure_shares(chips, evidence_base().whole, known)
    rests: dict[str, list[str]] = {}
    for one in found:
        rests.setdefault(one.chip.chip, []).extend(untested_figures([one.figure], one.tier))
    return with_weak(figure_share_report(found, asked, sheets), rests, sheets)


def product(config: PredictConfig, chips: "list[Chip]", sheets: "Catalogue") -> "Report":
    """Returns the time of one matrix product on each chip."""
    from bench.predict.answers import timed_products
    from bench.predict.learning.learn import chosen
    from bench.predict.measuredrates import measured_rates
    from bench.predict.model.facts import all_facts
    from bench.report.prediction.products import Product, product_report
    from bench.report.prediction.weak import untested_figures, with_weak

    sizes = [whole("shape", word) for word in config.shape]
    if len(sizes) != 3:
        raise UsageError("shape= takes three sizes, such as shape=[4096,4096,4096]")
    known = chosen(config.calibration)
    fit = fitted_for(config.precision, known.products)
    base = sheets.find(config.baseline) if config.baseline else None
    equal, left_out = with_equal_rates(chips, config.precision, fit, base)
    wanted = Product((sizes[0], sizes[1], sizes[2]), config.precision, fit)
    known_facts = all_facts(sheets)
    asked = [known_facts[one.id] for one in (*equal, base) if one and one.id in known_facts]
    told = list(measured_rates(asked, [config.precision]))
    try:
        timed, why = timed_products(equal, base, wanted.sizes, fit, known)
    except UsageError as error:
        raise UsageError(". ".join([str(error), *told])) from None
    report = product_report(timed, [*left_out, *why, *told], base, wanted, sheets)
    rests = {}
    for one in timed:
        keys = [f"matrix_{one.chip.name_of(wanted.dtype)}", "memory_bandwidth"]
        rests[one.chip.chip] = untested_figures(keys, one.tier)
    return with_weak(report, rests, sheets)
