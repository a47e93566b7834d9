"""The sampling plan of a shipment as a document: sizes, risks, what a sample shows, the draw."""

from dataclasses import dataclass
from fractions import Fraction

from bench import __version__
from bench.verification import sampling
from bench.verification.acceptance import plan_lines
from bench.verification.document import Block, Document, Facts, Heading, Items, Paragraph, Table
from bench.verification.sampling import Plan, chance_at_most, most_faulty
from bench.words import counted

ACCEPTS = (0, 1, 2)
"""Numbers of faulty devices that still pass, for which sample sizes are always shown."""
GOOD_SHARES = (0.001, 0.002, 0.005, 0.01, 0.02)
"""Shares of faulty devices in acceptable shipments, for which the producer's risk is shown."""
A_ROW = 10
"""Number of serial positions per row, and of rows that a table of bounds always has."""


@dataclass(frozen=True)
class PlanRequest:
    """The requirements that a sampling plan has to meet.

    Attributes:
        devices: number of devices in the shipment.
        confidence: least probability that a shipment with too many faulty devices is detected.
        faulty: least share of faulty devices that is too many.
        accept: number of faulty devices in the sample that still pass.
        seed: seed of the draw; empty if the sample is not drawn yet.
    """

    devices: int
    confidence: float = 0.95
    faulty: float = 0.05
    accept: int = 0
    seed: str = ""

    @property
    def title(self) -> str:
        """Returns the title of the plan in reports."""
        return f"Sampling plan for a shipment of {self.devices:,} devices"

    @property
    def plan(self) -> Plan | None:
        """Returns the plan for ``accept``, None if there is none."""
        return self.at(self.accept)

    def at(self, accept: int) -> Plan | None:
        """Returns the plan for another number of faulty devices that pass."""
        return sampling.plan(self.devices, self.faulty, accept, self.confidence)


def plan_document(request: PlanRequest) -> Document:
    """Returns the plan as a report.

    Args:
        request: requirements that some plan meets.
    """
    return Document(
        name=f"plan-{request.devices}",
        title=request.title,
        subject="How many devices of a shipment to test, and what a passed sample says",
        blocks=tuple(plan_blocks(request)),
        footer=f"{request.title}, seed {request.seed}, onpaper {__version__}",
    )


def plan_blocks(request: PlanRequest) -> list[Block]:
    """Returns the sections of a plan, none if no plan meets the requirements."""
    plan = request.plan
    if plan is None:
        return []
    return [
        Paragraph(_finding(request, plan), strong=True),
        Facts(tuple(_facts(request, plan))),
        Heading("The acceptance limit of a device"),
        *(Paragraph(one) for one in plan_lines()),
        Heading("Sample sizes"),
        _sizes(request),
        Heading("The producer's risk"),
        *_risks(request, plan),
        Heading("What a sample shows"),
        *_bounds(request, plan),
        Heading("How to draw the sample"),
        Items(_how(request, plan)),
        *([_positions(request, plan)] if request.seed else []),
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


def _exact_percent(value: float) -> str:
    """Formats a share unrounded, as the user wrote it: ``95%``."""
    return f"{100 * value:.10g}%"


def _finding(request: PlanRequest, plan: Plan) -> str:
    passes = f"no more than {counted(request.accept, 'device')}" if request.accept else "none"
    return (
        f"Test {plan.sample:,} of {counted(request.devices, 'device')}, drawn at random. "
        f"The shipment passes if {passes} of them fails to meet its sheet. A shipment of which "
        f"{plan.faulty:,} or more ({percent(Fraction(plan.faulty, request.devices))}) do not meet "
        f"their sheet is detected with a probability of {percent(plan.chance)} or more."
    )


def _facts(request: PlanRequest, plan: Plan) -> list[tuple[str, str]]:
    confidence = _exact_percent(request.confidence)
    return [
        ("devices in the shipment", f"{request.devices:,}"),
        ("share that has to be detected", (f"{_exact_percent(request.faulty)} or more, which is "
         f"{counted(plan.faulty, 'device')}")),
        ("confidence required", f"{confidence}, reached {percent(plan.chance, 2)}"),
        ("faulty devices in the sample that still pass", f"{request.accept:,}"),
        ("sample", (f"{counted(plan.sample, 'device')}, "
         f"{percent(plan.sample / request.devices)} of the shipment")),
    ]  # fmt: skip


def _plans(request: PlanRequest) -> list[tuple[int, Plan | None]]:
    """Returns a plan for each number of faulty devices that may pass, in ascending order."""
    return [(accept, request.at(accept)) for accept in sorted({*ACCEPTS, request.accept})]


def _sizes(request: PlanRequest) -> Table:
    plans = _plans(request)
    return Table(
        "Smallest samples",
        ("faulty devices that pass", "sample", "share of the shipment", "chance of detection",
         "a passed sample says"),
        tuple(_size(request, accept, plan) for accept, plan in plans),
        tuple(
            {"accept": accept, "sample": plan.sample, "chance": float(plan.chance),
             "faulty_devices": plan.faulty, "devices": request.devices}
            for accept, plan in plans if plan
        ),
        "samples",
    )  # fmt: skip


def _size(request: PlanRequest, accept: int, plan: Plan | None) -> tuple[str, ...]:
    if plan is None:
        return f"{accept:,}", "–", "–", "–", "no sample can fail a shipment: so many always pass"
    most = most_faulty(request.devices, plan.sample, accept, request.confidence)
    return (
        f"{accept:,}",
        f"{plan.sample:,}",
        percent(plan.sample / request.devices),
        percent(plan.chance, 2),
        f"{_at_most(most, request)} if {accept:,} are found",
    )


def _at_most(most: int, request: PlanRequest) -> str:
    return f"at most {most:,} faulty ({percent(most / request.devices)})"


def _risks(request: PlanRequest, plan: Plan) -> list[Block]:
    """Returns the probabilities that an acceptable shipment fails, per count of faulty devices."""
    plans = [one for _, one in _plans(request) if one]
    counts = {sampling.faulty_devices(request.devices, share) for share in GOOD_SHARES}
    good = sorted(one for one in counts if one < plan.faulty)
    if not good:
        return [Paragraph("One faulty device is already too many: there is no smaller number.")]
    chances = {
        (count, one.accept): 1 - chance_at_most(one.accept, request.devices, count, one.sample)
        for count in good
        for one in plans
    }
    cells = tuple(
        (f"{count:,} ({percent(count / request.devices)})",
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


def _bounds(request: PlanRequest, plan: Plan) -> list[Block]:
    """Returns the upper bound of faulty devices in the shipment, per count in the sample."""
    top = min(plan.sample, request.accept + 3)
    near = range(max(0, request.accept - 3), top + 1)
    counts = sorted({*range(min(top, A_ROW) + 1), *near})  # the first, and those near the limit
    most = {
        count: most_faulty(request.devices, plan.sample, count, request.confidence)
        for count in counts
    }
    cells = tuple(
        (f"{count:,}", "passes" if count <= request.accept else "fails", _at_most(bound, request))
        for count, bound in most.items()
    )
    flat = tuple(
        {"found": count, "faulty_devices_most": bound, "faulty_share_most": bound / request.devices}
        for count, bound in most.items()
    )
    bound_column = f"of the shipment, at {_exact_percent(request.confidence)}"
    return [
        Paragraph(
            "One-sided upper bounds, exact by inverting the hypergeometric distribution, of the "
            "devices in the whole shipment that do not meet their sheet."
        ),
        Table(
            f"Of {plan.sample:,} devices tested",
            ("faulty in the sample", "the shipment", bound_column), cells, flat, "bounds",
        ),
    ]  # fmt: skip


def _how(request: PlanRequest, plan: Plan) -> tuple[str, ...]:
    """Returns the instructions for drawing and testing the sample."""
    return (
        (f"Number all devices of the shipment from 1 to {request.devices:,} over all boxes, by the "
        "serial numbers, before the seed is known; keep that list with the report."),
        ("Draw over all boxes. A sample that the shipper picks, or that comes from one box, says "
        "nothing about the rest."),
        "Let somebody who does not ship choose the seed, in the open and after the numbering; "
        f"seed={request.seed} repeats this draw." if request.seed else
        "Choose the seed in the open and after the numbering; then report kind=plan "
        f"devices={request.devices} seed=SEED names the devices.",
        ("The devices are those of which the SHA-256 of the text 'seed:number', the number without "
        "commas, in UTF-8, comes first in order, so that anybody can repeat the draw without this "
        "program."),
        ("Test every device drawn on the same host, with the same suite, driver and settings. One "
        "that cannot be tested, is missing or stays undecided counts as faulty."),
        (f"Test all {plan.sample:,} even after the first failure, if the share of faulty devices "
        "is to be stated."),
        ("The chances assume that the test of a device is never wrong. They do not include what "
        "an undecided verdict leaves open."),
    )  # fmt: skip


def _positions(request: PlanRequest, plan: Plan) -> Table:
    """Returns the serial positions of the drawn devices."""
    drawn = sampling.draw(request.devices, plan.sample, request.seed)
    starts = range(0, len(drawn), A_ROW)
    cells = tuple(
        (f"{start + 1}–{min(start + A_ROW, len(drawn))}",
         ", ".join(str(one) for one in drawn[start : start + A_ROW]))
        for start in starts
    )  # fmt: skip
    flat = tuple({"position": one} for one in drawn)
    return Table(
        f"Serial positions of the sample, seed {request.seed}", ("of the sample", "positions"),
        cells, flat, "positions",
    )  # fmt: skip
