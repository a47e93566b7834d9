"""Compares chips side by side."""

import re
from collections.abc import Mapping
from decimal import Decimal

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.commands.keys.prices import converted, priced_chips
from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError
from bench.shapes import CompareConfig

HELP = """\
python -m bench compare chips=[NAME,...] [baseline=NAME] [key=value ...]

Shows the published figures of chips side by side, each with its ratio to a baseline. Says where
sources disagree, what that does to the ratio, and what is not known.

  chips=            ids, aliases, local names (昇腾910B), patterns ('*910b*') or groups, in
                    brackets or separated by commas. Groups: all, export-tier, domestic, global,
                    gpus, npus, systems, cpus, stubs (sheets without a figure), and vendors such as
                    huawei. CPUs and stubs are only in their own groups; all is everything else,
                    including systems of several chips. With a number of each, such as
                    chips=[h20:10000,910c:4k]: totals of the boards, no host, and how many H100
                    they equal by TPP; a system counts as its boards
  vendor=           only this vendor's; without chips= all of them
  baseline=         the chip that the others are divided by; default: the first
  figures=          which figures ('python -m bench chips --help' lists them); default: those usual
                    ones that any of the chips has. Sparse rates appear only if named here
  per=              divides rates, capacities and bandwidths by watt, usd, cny, mm2, transistor
  price=            your own price of a chip, instead of the sources': price=25000 for all, or
                    price=[h20:110000CNY,h800:25000] by chip; USD unless it ends in CNY
  cny=              yuan for a US dollar, no default: what has a price in one currency then has one
                    in the other, too
  sources=false     true adds a footnote for the source of every figure
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Up to 5 chips are columns, more are rows. All figures are published ones, dense unless named
sparse; '?' marks a rate whose source does not say whether it is dense or sparse.

Examples
  python -m bench compare chips=[910b2,h20] baseline=h20
  python -m bench compare chips=昇腾910B,h20,h100 sources=true
  python -m bench compare chips=export-tier baseline=h100 report=html > page.html
  python -m bench compare vendor=huawei baseline=h20 figures=[matrix_fp16,memory_bandwidth,tpp]
  python -m bench compare chips=[h20,h100,mi300x] per=watt
  python -m bench compare chips=[h20:10000,910c:4000,h100:1000] baseline=h100
  python -m bench compare chips=[h20,910c] per=cny price=[h20:110000CNY] cny=7.1

Exit code: 0 compared, 2 wrong usage, or a data file has a fault.
"""
MOST = 10**8
"""The largest number of chips of one kind."""
OF_BOARDS = (
    "Of several chips: totals of the boards alone, with no hosts, network or cooling. A system "
    "counts as its boards."
)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?:(k)|e(\d))?", re.IGNORECASE)
"""Matches a number of chips such as ``10000``, ``10k`` or ``1e4``."""
ASK = (
    "compare needs chips= or vendor=, such as chips=[910b2,h20] baseline=h20, "
    "or chips=export-tier baseline=h100"
)


def main(words: list[str]) -> int:
    """Prints the comparison."""
    from bench.chips.load import catalogue
    from bench.chips.select import covered
    from bench.report.chips.comparison import side_by_side
    from bench.report.text.markup import with_heading
    from bench.theory.comparison import TOTALS, compare

    config = compose("compare", words, CompareConfig)
    sheets = catalogue()
    counts = _counts(config, sheets)
    chips, baseline = _chosen(config, sheets)
    (baseline, *chips), line = priced_chips(config, [baseline, *chips], sheets)
    if counts:
        members = converted(sheets.chips.values(), config.cny)
        members |= {one.id: one for one in (baseline, *chips)}
        baseline, *chips = (_many(one, counts, members) for one in (baseline, *chips))
    figures = config.figures or (TOTALS if counts else ())
    found = compare(chips, baseline, figures, sheets, config.per)
    lines = filter(None, (line, OF_BOARDS if counts else ""))
    report = with_heading(side_by_side(found, sheets, cite=config.sources), [*lines])
    printed(report, config.report.format, covered(config.chips, sheets))
    return 0


def _counts(config: CompareConfig, sheets: Catalogue) -> dict[str, int]:
    """Returns how many of each chip are asked for, by id, and takes the numbers off ``chips``.

    Raises:
        UsageError: a number is none, or a chip has two.
    """
    from bench.chips.select import select

    counts: dict[str, int] = {}
    for place, word in enumerate(config.chips):
        name, colon, number = word.rpartition(":")
        if not colon:
            continue
        count = _number(number)
        if count is None:
            raise UsageError(
                f"chips={word}: write a whole number from 1 to {MOST:,} after the colon, such as "
                "chips=[h20:10000,910c:4k]"
            )
        for chip in select([name], sheets):
            if counts.setdefault(chip.id, count) != count:
                raise UsageError(f"chips={word}: {chip.id} has another number already")
        config.chips[place] = name
    return counts


def _number(word: str) -> int | None:
    """Returns the whole number of chips that a word says; None if it says none."""
    found = _NUMBER.fullmatch(word)
    if found is None:
        return None
    value = Decimal(found[1]).scaleb(3 if found[2] else int(found[3] or 0))
    return int(value) if value % 1 == 0 and 1 <= value <= MOST else None


def _many(chip: Chip, counts: dict[str, int], chips: Mapping[str, Chip]) -> Chip:
    from bench.theory.systems import many

    is_total = chip.id in counts or chip.members  # beside totals of boards, one system is one, too
    return many(chip, counts.get(chip.id, 1), chips) if is_total else chip


def _chosen(config: CompareConfig, sheets: Catalogue) -> tuple[list[Chip], Chip]:
    """Returns the chips and the baseline, by default the first of them."""
    from bench.chips.select import select

    if not config.chips and config.vendor is None:
        raise UsageError(ASK)
    chips = select(config.chips or ["all"], sheets, config.vendor)
    baseline = sheets.find(config.baseline) if config.baseline else chips[0]
    if baseline.variants:
        variants = ", ".join(baseline.variants)
        raise UsageError(
            f"baseline={config.baseline} is a name of several chips: take one of {variants}"
        )
    return chips, baseline
