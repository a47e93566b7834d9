"""The sample plan of a shipment as a document: sizes, risks, what a sample says, the draw."""

from dataclasses import dataclass
from fractions import Fraction

from bench import __version__
from bench.verification import sampling
from bench.verification.document import Block, Document, Facts, Heading, Items, Paragraph, Table
from bench.verification.line import plan_lines
from bench.verification.sampling import Plan, chance_at_most, most_faulty

ACCEPTS = (0, 1, 2)
GOOD_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02)
"""Shares of faulty devices at which a shipment may be thought good: the producer's risk."""
A_ROW = 10


@dataclass(frozen=True)
class Asked:
    """What a plan is asked for.

    Attributes:
        devices: in the shipment.
        confidence: least chance of detection a shipment with too many faulty devices.
        faulty: the share of faulty devices that is too many.
        accept: faulty devices in the sample that still pass.
        seed: of the draw.
    """

    devices: int
    confidence: float = 0.95
    faulty: float = 0.05
    accept: int = 0
    seed: str = ""

    @property
    def plan(self) -> Plan | None:
        """Returns the plan with the number of faulty devices asked for."""
        return self.at(self.accept)

    def at(self, accept: int) -> Plan | None:
        """Returns the plan with another number of faulty devices that pass."""
        return sampling.plan(self.devices, self.faulty, accept, self.confidence)


def plan_document(asked: Asked) -> Document:
    """Returns the plan as a report.

    Args:
        asked: a plan must exist for it.
    """
    title = f"Sampling plan for a shipment of {asked.devices:,} devices"
    return Document(
        name=f"plan-{asked.devices}",
        title=title,
        subject="How many devices of a shipment to test, and what a passed sample says",
        blocks=tuple(plan_blocks(asked)),
        footer=f"{title}, seed {asked.seed}, onpaper {__version__}",
    )


def plan_blocks(asked: Asked) -> list[Block]:
    """Returns the sections of a plan."""
    found = asked.plan
    if found is None:
        return []
    return [
        Paragraph(_finding(asked, found), strong=True),
        Facts(tuple(_facts(asked, found))),
        Heading("The acceptance limit of a device"),
        *(Paragraph(one) for one in plan_lines()),
        Heading("Sample sizes"),
        _sizes(asked),
        Heading("The producer's risk"),
        *_risks(asked, found),
        Heading("What a sample shows"),
        *_bounds(asked, found),
        Heading("How to draw the sample"),
        Items(_how(asked, found)),
        *([_positions(asked, found)] if asked.seed else []),
    ]


def percent(value: Fraction | float, decimals: int = 1) -> str:
    """Formats a share: ``5.0%``; a share above 0% or below 100% is never rounded to that."""
    number = 100 * float(value)
    near = 10.0**-decimals / 2
    if 0 < number < near:
        return f"{number:.2g}%"
    if 100 - near <= number < 100:
        return f"above {100 - 10.0**-decimals:.{decimals}f}%"
    return f"{number:.{decimals}f}%"


def _asked(value: float) -> str:
    """Formats a share as it was asked for: ``95%``."""
    return f"{100 * value:.10g}%"


def _finding(asked: Asked, found: Plan) -> str:
    passes = f"no more than {_devices(asked.accept)}" if asked.accept else "none"
    return (
        f"Test {found.sample:,} of {_devices(asked.devices)}, drawn at random. The shipment passes "
        f"if {passes} of them fails to meet its sheet. A shipment of which {found.faulty:,} or "
        f"more ({percent(Fraction(found.faulty, asked.devices))}) do not meet their sheet is "
        f"detected with a probability of {percent(found.chance)} or more."
    )


def _devices(count: int) -> str:
    return f"{count:,} device{'s' if count != 1 else ''}"


def _facts(asked: Asked, found: Plan) -> list[tuple[str, str]]:
    return [
        ("devices in the shipment", f"{asked.devices:,}"),
        ("share that has to be detected", (f"{_asked(asked.faulty)} or more, which is "
         f"{_devices(found.faulty)}")),
        ("confidence required", f"{_asked(asked.confidence)}, reached {percent(found.chance, 2)}"),
        ("faulty devices in the sample that still pass", f"{asked.accept:,}"),
        ("sample", (f"{_devices(found.sample)}, {percent(found.sample / asked.devices)} of the "
         "shipment")),
    ]  # fmt: skip


def _plans(asked: Asked) -> list[tuple[int, Plan | None]]:
    return [(one, asked.at(one)) for one in sorted({*ACCEPTS, asked.accept})]


def _sizes(asked: Asked) -> Table:
    plans = _plans(asked)
    return Table(
        "Smallest samples",
        ("faulty devices that pass", "sample", "share of the shipment", "chance of detection",
         "a passed sample says"),
        tuple(_size(asked, accept, one) for accept, one in plans),
        tuple(
            {"accept": accept, "sample": one.sample, "chance": float(one.chance),
             "faulty_devices": one.faulty, "devices": asked.devices}
            for accept, one in plans if one
        ),
        "samples",
    )  # fmt: skip


def _size(asked: Asked, accept: int, one: Plan | None) -> tuple[str, ...]:
    if one is None:
        return f"{accept:,}", "–", "–", "–", "no sample can fail a shipment: so many always pass"
    most = most_faulty(asked.devices, one.sample, accept, asked.confidence)
    return (
        f"{accept:,}",
        f"{one.sample:,}",
        percent(one.sample / asked.devices),
        percent(one.chance, 2),
        f"{_at_most(most, asked)} if {accept:,} are found",
    )


def _at_most(most: int, asked: Asked) -> str:
    return f"at most {most:,} faulty ({percent(most / asked.devices)})"


def _risks(asked: Asked, found: Plan) -> list[Block]:
    plans = [one for _, one in _plans(asked) if one]
    counts = {sampling.faulty_devices(asked.devices, share) for share in GOOD_SHARES}
    good = sorted(one for one in counts if one < found.faulty)
    if not good:
        return [Paragraph("One faulty device is already too many: there is no smaller number.")]
    chances = {
        (count, one.accept): 1 - chance_at_most(one.accept, asked.devices, count, one.sample)
        for count in good
        for one in plans
    }
    cells = tuple(
        (f"{count:,} ({percent(count / asked.devices)})",
         *(percent(chances[count, one.accept], 2) for one in plans))
        for count in good
    )  # fmt: skip
    flat = tuple(
        {"faulty_devices": count, "accept": accept, "chance_of_failing": float(chance)}
        for (count, accept), chance in chances.items()
    )
    columns = ("faulty in the shipment", *(f"{one.accept:,} pass, {one.sample:,} tested"
                                           for one in plans))  # fmt: skip
    return [
        Paragraph("The chance that a shipment with fewer faulty devices fails all the same."),
        Table("Chance that a better shipment fails", columns, cells, flat, "risks"),
    ]


def _bounds(asked: Asked, found: Plan) -> list[Block]:
    top = min(found.sample, asked.accept + 3)
    near = range(max(0, asked.accept - 3), top + 1)
    seen = sorted({*range(min(top, A_ROW) + 1), *near})  # the first, and those about the line
    most = {one: most_faulty(asked.devices, found.sample, one, asked.confidence) for one in seen}
    cells = tuple(
        (f"{one:,}", "passes" if one <= asked.accept else "fails", _at_most(number, asked))
        for one, number in most.items()
    )
    flat = tuple(
        {"found": one, "faulty_devices_most": number, "faulty_share_most": number / asked.devices}
        for one, number in most.items()
    )
    told = f"of the shipment, at {_asked(asked.confidence)}"
    return [
        Paragraph(
            "One-sided upper bounds, exact by inverting the hypergeometric distribution, of the "
            "devices in the whole shipment that do not meet their sheet."
        ),
        Table(
            f"Of {found.sample:,} devices tested",
            ("faulty in the sample", "the shipment", told), cells, flat, "bounds",
        ),
    ]  # fmt: skip


def _how(asked: Asked, found: Plan) -> tuple[str, ...]:
    return (
        (f"Number all devices of the shipment from 1 to {asked.devices:,} over all boxes, by the "
        "serial numbers, before the seed is known; keep that list with the report."),
        ("Draw over all boxes. A sample that the shipper picks, or that comes from one box, says "
        "nothing about the rest."),
        "Let somebody who does not ship choose the seed, in the open and after the numbering; "
        f"seed={asked.seed} repeats this draw." if asked.seed else
        "Choose the seed in the open and after the numbering; then report kind=plan "
        f"devices={asked.devices} seed=SEED names the devices.",
        ("The devices are those of which the SHA-256 of the text 'seed:number', the number without "
        "commas, in UTF-8, comes first in order, so that anybody can repeat the draw without this "
        "program."),
        ("Test every device drawn on the same host, with the same suite, driver and settings. One "
        "that cannot be tested, is missing or stays undecided counts as faulty."),
        (f"Test all {found.sample:,} even after the first failure, if the share of faulty devices "
        "is to be stated."),
        ("The chances hold if the test of one device is never wrong; what an undecided verdict "
        "leaves open, they do not contain."),
    )  # fmt: skip


def _positions(asked: Asked, found: Plan) -> Table:
    drawn = sampling.draw(asked.devices, found.sample, asked.seed)
    starts = range(0, len(drawn), A_ROW)
    cells = tuple(
        (f"{start + 1}–{min(start + A_ROW, len(drawn))}",
         ", ".join(str(one) for one in drawn[start : start + A_ROW]))
        for start in starts
    )  # fmt: skip
    flat = tuple({"position": one} for one in drawn)
    return Table(
        f"Serial positions of the sample, seed {asked.seed}", ("of the sample", "positions"),
        cells, flat, "positions",
    )  # fmt: skip
