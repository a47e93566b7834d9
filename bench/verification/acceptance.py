"""Sentences about the acceptance limit of a device: what to agree on before the test, and why."""

from collections.abc import Iterator

from bench.judging.verdict import MARGIN, Verdict
from bench.verification.case import Case
from bench.verification.fleet import Fleet

AGREE = (
    "Agree on the acceptance limit before the test, figure by figure: a share of the sheet, or "
    "what a reference device that both sides accept as genuine reached in the same host with the "
    "same software. A sheet gives the peak that its maker claims. Genuine devices of many chips "
    "stay below it by more than the margin in some figure: at that limit a whole genuine shipment "
    "fails, and the number of faulty devices says nothing. What other chips usually reach of each "
    "figure is in the report of one device (kind=verification)."
)


def margin_words(margin: float) -> str:
    """Returns what ``margin=`` sets, and what it cannot."""
    return (
        "margin= of kind=verification and kind=fleet sets one limit for all figures: "
        f"margin={margin:g} asks each for {100 * (1 - margin):.4g}% of its published figure. "
        "Where the limit agreed on differs between figures, compare the achieved shares in the "
        "reports with it by hand."
    )


def plan_lines() -> tuple[str, ...]:
    """Returns what a sampling plan says about the acceptance limit."""
    return AGREE, margin_words(MARGIN)


def record_lines(case: Case) -> Iterator[str]:
    """Yields what it means for a sampling plan that the device of the record is itself short."""
    short = len(case.with_verdict(Verdict.SHORT))
    if short:
        yield (
            f"The device of this record is itself short in {short} of {len(case.best)} figures at "
            f"a margin of {100 * case.margin:.4g}%: by that limit a shipment of devices like it "
            "fails as a whole, genuine or not. Agree on another limit before the sample is drawn."
        )


def fleet_lines(fleet: Fleet) -> Iterator[str]:
    """Yields which kinds fail in all their devices, and what to agree on."""
    all_fail = [
        number for number, group in enumerate(fleet.groups, 1)
        if all(one.fails for one in group.members)
    ]  # fmt: skip
    if all_fail:
        kinds = f"kind{'s' if len(all_fail) > 1 else ''} {', '.join(map(str, all_fail))}"
        yield (
            f"Every device of {kinds} is below the limit: that "
            "may be the chip, its software or the limit, and is no sign of a faulty device by "
            "itself."
        )
    yield f"{AGREE} {margin_words(fleet.margin)}"
