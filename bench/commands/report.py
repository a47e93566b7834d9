"""Writes documents to hand over: a verification report, a sampling plan, a fleet summary."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from bench.commands.printed import found_to_show, printed
from bench.config import compose, positive
from bench.errors import UsageError, check_known
from bench.shapes import ReportConfig
from bench.words import listed

if TYPE_CHECKING:
    from bench.verification.document import Document
    from bench.verification.plan import PlanRequest

HELP = """\
python -m bench report kind=verification|plan|fleet [key=value ...]

verification  a record compared with its sheet, to be signed and handed over: identity, method,
              conditions, published and measured figures, the quantities that an export
              verification may ask for, anomalies, hashes, sources, limits
plan          how many devices of a shipment to test, which ones to draw, and what a passed sample
              shows
fleet         many records of one kind of device: spread, outliers, what they say of a shipment

  kind=verification
  record=latest     verification: a record: its path, its id or file name, the beginning of either,
                    or latest
  records=          fleet: a folder of records
  devices=          size of the shipment; needed for plan; for verification it adds the plan
  confidence=0.95   chance of detecting a bad shipment; for fleet, that of its bound
  faulty=0.05       share of devices not meeting their sheet that has to be detected
  accept=0          number of faulty devices in the sample that still passes
  seed=             of the draw; without it plan draws one and prints it, verification has none
  margin=0.10       verification, fleet: how far below paper still counts as reached; for a
                    shipment, the limit that both sides agree on beforehand
  out=              folder for the files, whose paths are printed; without it the report is printed
  formats=[html,pdf]  with out=
  report=auto       without out=: terminal on a terminal, else github; github, plain, csv, json,
                    latex, html

Examples
  python -m bench report record=h200-sxm-full out=reports
  python -m bench report kind=plan devices=1000 confidence=0.95 faulty=0.05 seed=4711
  python -m bench report kind=fleet records=results/runs devices=1000 out=reports formats=[html]

Exit code: 0 done, 2 wrong usage, or the record or a data file has a fault.
"""

KEYS = {
    "verification": ("record", "margin", "devices", "confidence", "faulty", "accept", "seed"),
    "plan": ("devices", "confidence", "faulty", "accept", "seed"),
    "fleet": ("records", "margin", "devices", "confidence"),
}
"""The keys of each kind, besides the common ones."""
COMMON = ("kind", "out", "formats", "report")
FORMATS = ("html", "pdf")
MOST_SEED = 64
"""Most characters of ``seed=``."""


def main(words: list[str]) -> int:
    """Prints a report, or writes its files and prints their names."""
    config = compose("report", words, ReportConfig)
    _check(config, {word.partition("=")[0].lstrip("+~").partition(".")[0] for word in words})
    document = {"verification": _verification, "plan": _plan, "fleet": _fleet}[config.kind](config)
    if not config.out:
        from bench.verification.screen import as_report

        printed(as_report(document), config.report.format)
        return 0
    for path in _written(document, config):
        print(path)
    return 0


def _check(config: ReportConfig, given: set[str]) -> None:
    """Checks every key before anything is read or written."""
    check_known("kind", config.kind, KEYS)
    for key in sorted(given - {*COMMON, *KEYS[config.kind]}):
        homes = listed(f"kind={kind}" for kind, keys in KEYS.items() if key in keys)
        raise UsageError(f"{key}= belongs to {homes or 'no kind'}, not to kind={config.kind}")
    positive("margin", config.margin, 0.9)
    _check_shipment(config, given)
    _check_out(config, given)
    if config.kind == "fleet" and not config.records:
        raise UsageError("kind=fleet needs a folder of records: records=FOLDER")


def _check_shipment(config: ReportConfig, given: set[str]) -> None:
    from bench.verification.sampling import MOST_DEVICES

    if config.devices is None:
        if config.kind == "plan":
            raise UsageError("kind=plan needs the size of the shipment: devices=1000")
        unused = sorted(given & {"confidence", "faulty", "accept", "seed"})
        if unused:
            raise UsageError(f"{unused[0]}= needs a shipment: give its size, devices=1000")
        return
    if not 1 <= config.devices <= MOST_DEVICES:
        raise UsageError(f"devices={config.devices} must be 1 to {MOST_DEVICES:,}")
    if not 0 < config.confidence < 1:
        raise UsageError(f"confidence={config.confidence:g} must lie between 0 and 1")
    if not 0 < config.faulty <= 1:
        raise UsageError(f"faulty={config.faulty:g} must be above 0 and at most 1")
    if not 0 <= config.accept < config.devices:
        raise UsageError(f"accept={config.accept} must be 0 to {config.devices - 1}: fewer than "
                         f"devices={config.devices}")  # fmt: skip
    _check_plan(config)


def _check_plan(config: ReportConfig) -> None:
    from bench.verification.sampling import MOST_ACCEPTED, faulty_devices

    if config.accept > MOST_ACCEPTED:
        raise UsageError(f"accept={config.accept} must be at most {MOST_ACCEPTED:,}")
    faulty = faulty_devices(config.devices or 1, config.faulty)
    if config.kind != "fleet" and faulty <= config.accept:
        raise UsageError(
            f"accept={config.accept} lets every shipment pass in which faulty={config.faulty:g} "
            f"is {faulty} of {config.devices}: give accept= below {faulty}"
        )
    seed = config.seed
    if seed is None:
        return
    plain = seed.isprintable() and seed == " ".join(seed.split())
    if not (plain and 1 <= len(seed) <= MOST_SEED):
        raise UsageError(f"seed= takes 1 to {MOST_SEED} printable characters, single blanks within")


def _check_out(config: ReportConfig, given: set[str]) -> None:
    from bench.tables.write import output_folder

    if not config.out:
        if "formats" in given:
            raise UsageError("formats= needs out=FOLDER; report= sets the format that is printed")
        return
    if "report" in given:
        raise UsageError("report= is for printing: leave out out=, or give formats=")
    for name in config.formats:
        check_known("format", name, FORMATS)
    if not config.formats:
        raise UsageError("formats=[] writes nothing: give html, pdf or both")
    output_folder(config.out)
    if "pdf" in config.formats:
        from bench.verification.pdf import fonts

        fonts()


def _verification(config: ReportConfig) -> "Document":
    from bench.chips.load import catalogue
    from bench.records.latest import record_folders
    from bench.records.store import read_hashed
    from bench.rules.load import rulebook
    from bench.verification.case import Case
    from bench.verification.record import record_document

    record, digest = read_hashed(found_to_show(config.record, record_folders()))
    case = Case(record, digest, catalogue(), rulebook(), config.margin)
    drawn = None
    if config.out:
        from bench.verification.pictures import plates

        drawn = plates(case, tuple(config.formats))
    request = _plan_request(config, config.seed or "") if config.devices is not None else None
    return record_document(case, drawn or (), request)


def _plan(config: ReportConfig) -> "Document":
    from bench.verification.plan import plan_document

    return plan_document(_plan_request(config, config.seed or secrets.token_hex(8)))


def _plan_request(config: ReportConfig, seed: str) -> "PlanRequest":
    from bench.verification.plan import PlanRequest

    shipment = config.devices or 1
    return PlanRequest(shipment, config.confidence, config.faulty, config.accept, seed)


def _fleet(config: ReportConfig) -> "Document":
    from bench.chips.load import catalogue
    from bench.verification.fleetpage import fleet_document
    from bench.verification.fleetread import read_fleet

    found = read_fleet(Path(config.records or ""), catalogue(), config.margin)
    return fleet_document(found, config.devices, config.confidence)


def _written(document: "Document", config: ReportConfig) -> list[Path]:
    """Writes the files and returns their paths; each is written completely or not at all."""
    from bench.files.atomic import replace, writing
    from bench.tables.write import output_folder
    from bench.verification import html, pdf

    folder = output_folder(config.out or "")
    makers = {"html": lambda: html.render(document).encode(), "pdf": lambda: pdf.render(document)}
    made = {
        folder / f"{document.name}.{one}": makers[one]() for one in dict.fromkeys(config.formats)
    }
    with writing(f"out={folder}"):
        for path, content in made.items():
            replace(path, content)
    return list(made)
