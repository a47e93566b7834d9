"""Ranks many devices and nodes, or plans the measuring of them."""

from typing import TYPE_CHECKING

from bench.commands.printed import printed
from bench.config import compose, positive
from bench.errors import UsageError, did_you_mean
from bench.shapes import FleetConfig

if TYPE_CHECKING:
    from bench.archive.index import Index
    from bench.fleet.gather import Group
    from bench.fleet.plan import Plan
    from bench.fleet.rank import RankedGroup
    from bench.report.text.markup import Report

HELP = """\
python -m bench fleet records=FOLDER [key=value ...]
python -m bench fleet devices=N [key=value ...]

records=: ranks devices on every measurement, names those that differ by more than chance, and gives
the likely cause: a slow chip, memory or link, heat, a throttled or low clock. Nodes of several
devices are ranked too. Records of one device are combined. Only like is compared with like: chip,
driver, software, suite, method. For a document to hand over, use 'report kind=fleet'.

devices=: the plan: how long measuring so many devices takes, and which differences it will find.

  records=          a folder of records, subfolders included
  figure=           this figure only, such as matrix_bf16, or a kernel
  chip=             of this chip only
  level=0.002       false-alarm rate: share of measurements in which a device of a fleet that
                    differs by chance alone is named
  least=0.01        smaller differences are not named
  limit=20          devices shown, slowest first; 0 shows all
  devices=          size of the fleet to plan for; with it:
  at_once=          devices measured at the same time; default: all
  seconds=60        of one run
  chips=0.005       how much devices truly differ: relative standard deviation
  noise=0.003       how much runs of one device differ: likewise
  slow=0.05         the slowdown that should be found
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Examples
  python -m bench fleet records=fleet/
  python -m bench fleet records=fleet/ figure=memory_bandwidth report=csv
  python -m bench fleet devices=10000 at_once=1000 slow=0.03

Exit code: 0 none is slow, 1 some are, 2 wrong usage, or a data file has a fault.
"""
PLANNED = ("at_once", "seconds", "chips", "noise", "slow")
RANKED = ("figure", "chip", "least", "limit")
"""Keys that only apply to a plan, and only to a ranking."""
MOST = 10_000_000
"""Most devices of a plan."""
DAY_S = 86_400


def main(words: list[str]) -> int:
    """Prints a fleet's ranking or a plan."""
    config = compose("fleet", words, FleetConfig)
    _check(config, {word.partition("=")[0] for word in words})
    if config.devices is not None:
        from bench.fleet.plan import plan_page

        printed(plan_page(_plan(config)), config.report.format)
        return 0
    report, slow = _ranked(config)
    printed(report, config.report.format)
    return 1 if slow else 0


def _check(config: FleetConfig, given: set[str]) -> None:
    if (config.devices is None) == (config.records is None):
        raise UsageError("give records=FOLDER to rank a fleet, or devices=N to plan one")
    foreign = sorted(given & set(RANKED if config.devices is not None else PLANNED))
    if foreign:
        home = "records=" if config.devices is not None else "devices="
        raise UsageError(f"{foreign[0]}= belongs to {home}: leave it out")
    if not 0 < config.level < 0.5:
        raise UsageError(f"level={config.level:g} must lie between 0 and 0.5")
    if not 0 <= config.least < 1:
        raise UsageError(f"least={config.least:g} must be 0 or more, below 1")
    if config.limit < 0:
        raise UsageError(f"limit={config.limit} must be 0 or more")


def _plan(config: FleetConfig) -> "Plan":
    from bench.fleet.outliers import LEAST_DEVICES
    from bench.fleet.plan import Plan

    devices = config.devices or 0
    if not LEAST_DEVICES <= devices <= MOST:
        raise UsageError(f"devices={devices} must be {LEAST_DEVICES} to {MOST:,}")
    at_once = devices if config.at_once is None else config.at_once
    if not 1 <= at_once <= devices:
        raise UsageError(f"at_once={at_once} must be 1 to devices={devices}")
    return Plan(
        devices=devices,
        at_once=at_once,
        seconds=positive("seconds", config.seconds, DAY_S),
        chips=positive("chips", config.chips, 0.5),
        noise=positive("noise", config.noise, 0.5),
        slow=positive("slow", config.slow, 0.9),
        level=config.level,
    )


def _ranked(config: FleetConfig) -> "tuple[Report, bool]":
    from bench.archive.index import folder_of, index
    from bench.fleet.report import fleet_report

    found = index([folder_of(config.records or "")])
    groups = _groups(config, found)
    report = fleet_report(groups, found, (config.level, config.least, config.limit))
    return report, any(slow for one in groups for _, _, slow in one.overall)


def _groups(config: FleetConfig, found: "Index") -> "list[RankedGroup]":
    """Returns the ranked groups of comparable devices.

    Raises:
        UsageError: there is no record, or none of the chip or figure.
    """
    from bench.chips.load import catalogue
    from bench.fleet.gather import grouped
    from bench.fleet.rank import rank_group
    from bench.history.naming import named_by_figure

    sheets = catalogue()
    chip = sheets.find(config.chip).id if config.chip else None
    groups = grouped(found.walk(), chip)
    if not groups:
        of_chip = f" of {chip}" if chip else ""
        why = ": ".join(found.unread[0]) if found.unread else "give the folder that runs wrote to"
        raise UsageError(f"records={config.records} holds no record{of_chip}: {why}")
    for group in groups:
        sheet = sheets.chips.get(group.head.chip)
        group.results = {
            named_by_figure(what, sheet): values for what, values in group.results.items()
        }
    if config.figure:
        _keep(groups, config.figure)
    return [rank_group(one, config.level, config.least) for one in groups]


def _keep(groups: "list[Group]", figure: str) -> None:
    """Keeps the measurements that test a figure or are of a kernel.

    Raises:
        UsageError: nothing is left; the message names what there is.
    """
    whats = [what for one in groups for what in one.results]
    known = {word for what in whats for word in (what.key, what.kernel) if word}
    if figure not in known:
        raise UsageError(f"no record tests {figure!r}: {did_you_mean(figure, sorted(known))}")
    for group in groups:
        group.results = {what: values for what, values in group.results.items()
                      if figure in (what.key, what.kernel)}  # fmt: skip
