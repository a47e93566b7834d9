"""Importer of this program's records: what stands for each figure, links and collectives.

Values are those that ``evidence`` takes from a record: of the best window.
"""

from collections.abc import Iterator
from dataclasses import replace

from bench.bundle.unpack import recognises as is_bundle
from bench.chips.load import catalogue
from bench.chips.match import devices_a_chip
from bench.errors import DataError
from bench.evidence.model import Defect, Reported
from bench.evidence.quantities import DTYPES
from bench.evidence.recorded import GIVEN, quantity_of, ranks_of, used_rows, work_of
from bench.importers.base import Imported, Importer, Stated, beginning, collect
from bench.judging.shortfall import FLATTERING
from bench.judging.titles import sizes
from bench.judging.verdict import Row, Verdict, rows
from bench.records.model import Measurement, Record, at_once
from bench.records.store import parsed
from bench.units import scale

KEYS = ('"schema_version"', '"method_version"', '"measurements"')


def recognises(text: str) -> bool:
    """Tells whether a text is a record of this program."""
    has_keys = text.lstrip().startswith("{") and all(key in text for key in KEYS)
    return has_keys and KEYS[0] in beginning(text) and not is_bundle(text)


def check(text: str, name: str) -> None:
    """Checks that a text is a valid record, before the user is asked for anything else.

    Raises:
        NotUnderstood: it is no record, or has a schema that this program does not read.
    """
    _record(text, Stated(file=name))


def read(text: str, stated: Stated) -> Imported:
    """Returns one row for each measurement that evidence takes.

    Raises:
        NotUnderstood: it is no record, or is of a fake device, another chip or an unknown one.
    """
    return of_record(_record(text, stated), stated)


def of_record(record: Record, stated: Stated) -> Imported:
    """Returns one row for each measurement that evidence takes.

    Raises:
        NotUnderstood: the record is of a fake device, another chip, an unknown chip, or several
            devices measured at the same time.
    """
    if (count := at_once(record)) > 1:
        raise stated.fault(
            f"was measured with {count} devices at once", "give the record of one alone"
        )
    if record.device.is_fake:
        raise stated.fault("is the record of a fake device", "measure a real one")
    chip = _chip(record, stated)
    with_chip, left_out = replace(stated, chip=chip), []
    imported: list[Reported] = []
    for row in used_rows(rows(record, catalogue())):
        reason = _why_not(row)
        if reason:
            left_out.append(f"{row.title}: {reason}")
        else:
            imported.append(_row(row, record, with_chip))
    return replace(collect(with_chip, imported, left_out), chip=chip)


def _record(text: str, stated: Stated) -> Record:
    """Returns the record in a text, read with all checks of stored records."""
    try:
        return parsed(text.encode("utf-8", "surrogatepass"), stated.file)
    except DataError as error:
        first = error.faults[0]
        problem = f"{first.field}: {first.problem}" if first.field else first.problem
        raise stated.fault(problem, first.fix) from None


def _chip(record: Record, stated: Stated) -> str:
    """Returns the id of the sheet of the record's device."""
    own_chip = record.identity.chip or ""
    if own_chip and stated.chip and own_chip != stated.chip:
        raise stated.fault(f"is a record of {own_chip}, not of {stated.chip}", "leave chip= out")
    if not (own_chip or stated.chip):
        raise stated.fault("does not say which chip it is of", "give chip=, such as h20")
    return own_chip or stated.chip


def _why_not(row: Row) -> str:
    """Returns why a row cannot be imported; empty if it can."""
    if row.verdict is Verdict.IMPLAUSIBLE:
        return f"implausible: {row.reason}"
    if row.measurement.kernel == "memory" and not row.tests:
        return row.reason
    is_known = _quantity_of(row) and row.measurement.dtype in DTYPES
    return "" if is_known else "is of no quantity that is reported"


def _quantity_of(row: Row) -> str:
    """Returns the quantity that was measured; empty if reports have no such quantity."""
    found = quantity_of(row)
    given = found and found.title == GIVEN
    return "matmul_shape" if given else found.key if found else ""


def _row(row: Row, record: Record, stated: Stated) -> Reported:
    measurement = row.measurement
    assert row.burst is not None  # noqa: S101 -- what stands was measured
    value, unit = scale(row.burst, row.dimension)
    chip = catalogue().chips.get(stated.chip)
    dtype = "fp16_acc16" if row.key == "matrix_fp16_acc16" else measurement.dtype
    return stated.row(
        id="-".join((_quantity_of(row).replace("_", "-"), dtype, *_variant(measurement))),
        quantity=_quantity_of(row),
        dtype=dtype,
        value=f"{value:.6g} {unit}",
        statistic="best",
        count=ranks_of(row),
        per="die" if chip and devices_a_chip(chip) > 1 else None,
        defects=tuple(_defects(row)),
        date=stated.when(record.started_utc[:10]),
        software=stated.software or _software(record),
        workload=work_of(row, sizes(measurement)),
        conditions=_conditions(row, record),
        note=row.reason if row.verdict is Verdict.UNDECIDED else "",
    )


def _variant(measurement: Measurement) -> tuple[str, ...]:
    """Returns what distinguishes rows of the same quantity and dtype."""
    if measurement.kernel == "sustained":
        return ("sustained",)
    variant = measurement.parameters.get("variant") or measurement.parameters.get("way")
    return (str(variant),) if variant and measurement.kernel == "gemm" else ()


def _defects(row: Row) -> Iterator[Defect]:
    if row.measurement.data in FLATTERING:
        yield Defect.CONSTANT


def _conditions(row: Row, record: Record) -> dict[str, str]:
    """Returns how a value was measured, with its interval."""
    measurement, measured = row.measurement, row.measured
    timing = measurement.timing
    assert timing is not None  # noqa: S101 -- what stands was timed
    assert measured is not None  # noqa: S101 -- what stands was measured
    low, high = (scale(bound, row.dimension) for bound in (measured.low, measured.high))
    limit = record.device.power_limit_w
    return {
        "tool": f"onpaper, method {record.method_version}, suite {record.suite}",
        "kernel": measurement.kernel,
        "method": f"best window of {timing.stats.burst_window_s * 1e3:.3g} ms; 95% interval of "
        f"the median of {len(timing.samples_s)} samples {low[0]:.5g} {low[1]} to {high[0]:.5g} "
        f"{high[1]}",
        "data": measurement.data,
        "limits": f"power limit {limit:g} W" if limit else "",
        "other": row.reason if row.verdict is not Verdict.UNDECIDED else "",
    }


def _software(record: Record) -> str:
    parts = (
        f"onpaper {record.program.version}",
        f"torch {record.machine.torch}" if record.machine.torch else "",
        record.machine.accelerator_runtime or "",
        f"driver {record.device.driver}" if record.device.driver else "",
    )
    return ", ".join(one for one in parts if one)


IMPORTER = Importer(
    "record", "a record of this program: what stands for each figure", recognises, read
)
