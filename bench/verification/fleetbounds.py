"""Exact upper bounds of the faulty devices in a shipment, kind by kind, from those tested."""

from collections.abc import Iterator

from bench.report.text.scalar import Scalar
from bench.verification.document import Block, Heading, Paragraph, Table
from bench.verification.fleet import Fleet, Group
from bench.verification.plan import percent
from bench.verification.sampling import most_faulty

SINGLE = "no bound of one device"


def shipment_blocks(fleet: Fleet, devices: int | None, confidence: float) -> Iterator[Block]:
    """Yields the upper bounds, kind by kind; nothing if no size of the shipment is given.

    Args:
        fleet: the records read.
        devices: number of devices in the shipment.
        confidence: confidence of the bounds, such as 0.95.
    """
    if devices is None or not fleet.groups:
        return
    yield Heading(f"What this sample says of a shipment of {devices:,} devices")
    columns = ("kind", "tested", "do not meet the sheet", "undecided", "at most faulty",
               "at most, undecided ones counted as faulty")  # fmt: skip
    rows = [_bounds(number, group, devices, confidence)
            for number, group in enumerate(fleet.groups, 1)]  # fmt: skip
    caption = f"Upper bounds at {100 * confidence:.10g}% confidence"
    yield Table(caption, columns, tuple(cells for cells, _ in rows),
                tuple(flat for _, flat in rows), "shipment")  # fmt: skip
    yield Paragraph(
        "Exact by inverting the hypergeometric distribution, one-sided. They hold if these devices "
        "were drawn at random from the shipment, all of one kind, and each was tested once. A kind "
        "of which one device was tested has no bound: one device says nothing about the others. "
        "Faulty means below the limit that margin= sets."
    )


def _bounds(
    number: int, group: Group, devices: int, confidence: float
) -> tuple[tuple[str, ...], dict[str, Scalar]]:
    """Returns the row of one kind, as text and as numbers."""
    tested, failed = len(group.members), sum(one.fails for one in group.members)
    undecided = sum(not one.fails and not one.passes for one in group.members)
    counts = (failed, failed + undecided) if tested > 1 or devices == 1 else ()
    most = [most_faulty(devices, tested, found, confidence) for found in counts]
    bounds = [f"{one:,} ({percent(one / devices)})" for one in most] or [SINGLE] * 2
    most_failed, most_with_undecided = most or (None, None)
    cells = (
        f"{number}", f"{tested}", f"{failed}", f"{undecided}",
        *bounds,
    )  # fmt: skip
    flat: dict[str, Scalar] = {
        "kind": number, "tested": tested, "failed": failed, "undecided": undecided,
        "faulty_devices_most": most_failed,
        "faulty_devices_most_with_undecided": most_with_undecided,
    }  # fmt: skip
    return cells, flat
