"""Our own records as evidence: what each measures, and the best window of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bench.chips.load import Catalogue
from bench.chips.match import devices_a_chip
from bench.chips.model import Chip
from bench.chips.paper import of_sheet
from bench.evidence.model import Defect, Kind
from bench.evidence.observe import OWN, Observation
from bench.evidence.quantities import QUANTITIES, Quantity
from bench.judging.shortfall import FLATTERING
from bench.judging.sizes import searched_shapes
from bench.judging.standing import standing
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import IMPORTED_BY, Record, at_once
from bench.units import binary

ACC16 = "fp16_acc16"
COPIES = ("host_link", "peer")
COLLECTIVE = "collective"
PRODUCTS = ("gemm", "sustained")
"""Kernels of matrix products, also where a sheet has only a vector figure to compare with."""
OF_FIGURE = {"matrix": "matmul_best", "vector": "vector_rate", "sparse": "sparse_matmul"}
GIVEN = "matrix product"
OF_WAY = {
    "to-device": "host_to_device",
    "to-host": "device_to_host",
    "peer": "peer_oneway",
    "peer-both": "peer_bidirectional",
}
"""The quantity that a copy over a link measures; pageable and on-device copies have none."""


def recorded(records: Iterable[Record], catalogue: Catalogue) -> Iterator[Observation]:
    """Yields the observations in our own records: of figures, the best of each form; of links."""
    for record in records:
        chip = catalogue.sheet_of(record)
        if chip is None or record.device.is_fake:
            continue
        for row in used_rows(rows(record, catalogue)):
            if made := _of_record(row, record, chip):
                yield made


def used_rows(judged: list[Row]) -> Iterator[Row]:
    """Yields the rows with each figure's best window; an implausible one only if there is no other.

    Besides, copies over links, and of each collective the message size with the best rate.
    """
    sound = [row for row in judged if row.verdict is not Verdict.IMPLAUSIBLE]
    representative = [row for forms in standing(sound, by_burst=True) for row in forms]
    yield from representative
    known = {row.key for row in representative}
    others = (row for forms in standing(judged, by_burst=True) for row in forms)
    yield from (row for row in others if row.key not in known)
    yield from (row for row in sound if row.measured and _way(row) in OF_WAY)
    best: dict[object, tuple[float, Row]] = {}
    for row in sound:
        operation = row.measurement.parameters.get("operation")
        if row.measurement.kernel == COLLECTIVE and row.burst:
            best[operation] = max(
                best.get(operation, (0.0, row)), (row.burst, row), key=lambda one: one[0]
            )
    yield from (row for _, row in best.values())


def _way(row: Row) -> str:
    """Returns the direction of a copy between devices or to the host; empty for other rows."""
    copied = row.measurement.kernel in COPIES
    return str(row.measurement.parameters.get("way", "")) if copied else ""


def _of_record(row: Row, record: Record, chip: Chip) -> Observation | None:
    quantity = quantity_of(row)
    if quantity is None or row.burst is None or row.measured is None:
        return None
    why = (*_no_weight(row, chip), *_not_alone(record))
    dies = devices_a_chip(chip)
    published = row.paper
    if "nodes" not in row.measurement.parameters and (dies > 1 or _way(row) in OF_WAY):
        published = of_sheet(chip, (row.key,) if row.key else quantity.tests)
    return Observation(
        ref=f"{record.id}:{row.title}",
        chip=chip.id,
        quantity=quantity,
        dtype=ACC16 if row.key.endswith(f"_{ACC16}") else row.measurement.dtype,
        value=row.burst * dies,
        dimension=row.dimension,
        paper=published,
        by=str(record.settings.get(IMPORTED_BY, OWN)),
        under=OWN,
        kind=Kind.USER if IMPORTED_BY in record.settings else Kind.OWN,
        count=ranks_of(row),
        statistic="best window",
        defects=(),
        quality="A",
        date=record.started_utc[:10],
        work=tuple(sorted(work_of(row, row.shape).items())),
        weight=0.0 if why else 1.0,
        why=why,
        software=f"torch {record.machine.torch}" if record.machine.torch else None,
        low=row.measured.low * dies,
        high=row.measured.high * dies,
    )


def ranks_of(row: Row) -> int:
    """Returns the number of devices that took part: of a collective its ranks, else 1."""
    return int(row.measurement.parameters.get("ranks", 1))


def work_of(row: Row, shape: str) -> dict[str, str]:
    """Returns what was computed; of a collective the message and the nodes, as of nccl-tests.

    Args:
        row: the measurement.
        shape: the sizes in words of other work.
    """
    told = row.measurement.parameters
    if row.measurement.kernel == COLLECTIVE:
        nodes = int(told.get("nodes", 1))
        size = binary(int(told["message_bytes"]))
        return {"size": size, "scope": "1 node" if nodes == 1 else f"{nodes} nodes"}
    return {"shape": shape} if shape else {}


def _not_alone(record: Record) -> Iterator[str]:
    """Yields a doubt if a device had to share power, cooling or links with others."""
    if (count := at_once(record)) > 1:
        yield f"measured with {count} devices at once"


def _no_weight(row: Row, chip: Chip) -> Iterator[str]:
    """Yields why a row of our own records has no weight."""
    if chip.kind == "cpu":
        yield "a part of the cores"  # which does not represent the whole processor
    if row.verdict is Verdict.IMPLAUSIBLE or not row.tests:
        yield row.reason
    if row.measurement.data in FLATTERING:
        yield str(Defect.CONSTANT)


def quantity_of(row: Row) -> Quantity | None:
    """Returns what a row measures; a product of a given shape is not called the best one found."""
    stream, unit = row.measurement.parameters.get("stream"), row.key.partition("_")[0]
    if unit == "vector" and row.measurement.kernel in PRODUCTS:
        unit = "matrix"
    rate = f"memory_{stream}" if stream else OF_FIGURE.get(unit, "")
    capacity = "memory_held" if row.key == "memory_capacity" else ""
    collective = row.measurement.kernel == COLLECTIVE
    joint = str(row.measurement.parameters.get("operation")) if collective else ""
    found = QUANTITIES.get(OF_WAY.get(_way(row)) or capacity or rate or joint)
    given = rate == "matmul_best" and not searched_shapes(row.measurement)
    return replace(found, title=GIVEN) if found and given else found
