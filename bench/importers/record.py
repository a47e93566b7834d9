"""A record of this program: each figure's standing measurement becomes a row."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.bundle.unpack import knows as is_bundle
from bench.chips.load import catalogue
from bench.errors import DataError
from bench.evidence.model import Defect, Reported
from bench.evidence.quantities import DTYPES
from bench.importers.base import Found, Given, Importer, found, head
from bench.records.model import Measurement, Record, at_once
from bench.records.store import read as read_record
from bench.standing import standing
from bench.titles import sizes
from bench.units import scale
from bench.verdict import FLATTERING, Row, Verdict, rows

KEYS = ('"schema_version"', '"method_version"', '"measurements"')
WAYS = {
    "to-device": "host_to_device", "to-device-pageable": "host_to_device",
    "to-host": "device_to_host", "to-host-pageable": "device_to_host",
    "peer": "peer_oneway", "peer-both": "peer_bidirectional", "local": "memory_copy",
}  # fmt: skip


def knows(text: str) -> bool:
    """Tells whether a text is such a record."""
    whole = text.lstrip().startswith("{") and all(key in text for key in KEYS)
    return whole and KEYS[0] in head(text) and not is_bundle(text)


def check(text: str, name: str) -> None:
    """Raises what is wrong with a text as a record, before anybody is asked about it.

    Raises:
        NotUnderstood: it is no record of a schema that is read here.
    """
    _record(text, Given(file=name))


def read(text: str, given: Given) -> Found:
    """Returns one row for each standing row of a record's verdict.

    Raises:
        NotUnderstood: it is no record, of a fake device, of another chip, or of an unknown one.
    """
    return of_record(_record(text, given), given)


def of_record(record: Record, given: Given) -> Found:
    """Returns one row for each standing row of a record's verdict.

    Raises:
        NotUnderstood: it is of a fake device, of another chip, of an unknown one, or of devices
            that were measured at once.
    """
    if (count := at_once(record)) > 1:
        raise given.fault(
            f"was measured with {count} devices at once", "give the record of one alone"
        )
    if record.device.backend == "fake":
        raise given.fault("is the record of a fake device", "measure a real one")
    chip = _chip(record, given)
    own, left_out = replace(given, chip=chip), []
    made: list[Reported] = []
    for row in (row for forms in standing(rows(record, catalogue())) for row in forms):
        why = _unfit(row)
        if why:
            left_out.append(f"{row.title}: {why}")
        else:
            made.append(_row(row, record, own))
    return replace(found(own, made, left_out), chip=chip)


def _record(text: str, given: Given) -> Record:
    """Returns the record, read by the reader that all records are read by."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return read_record(path)
        except DataError as error:
            first = error.faults[0]
            problem = f"{first.field}: {first.problem}" if first.field else first.problem
            raise given.fault(problem, first.fix) from None


def _chip(record: Record, given: Given) -> str:
    """Returns the sheet of the record's device."""
    own = record.identity.chip or ""
    if own and given.chip and own != given.chip:
        raise given.fault(f"is a record of {own}, not of {given.chip}", "leave chip= out")
    if not (own or given.chip):
        raise given.fault("does not say which chip it is of", "give chip=, such as h20")
    return own or given.chip


def _unfit(row: Row) -> str:
    """Returns why a standing row is of no quantity that is reported, or nothing."""
    if row.verdict is Verdict.IMPLAUSIBLE:
        return f"implausible: {row.reason}"
    known = _quantity(row) and row.measurement.dtype in DTYPES
    return "" if known else "is of no quantity that is reported"


def _quantity(row: Row) -> str:
    """Returns the word for what was measured, empty if there is none."""
    one, told = row.measurement, row.measurement.parameters
    if one.kernel == "memory":
        return f"memory_{told.get('stream')}"
    if one.kernel in ("host_link", "peer"):
        return WAYS.get(str(told.get("way")), "")
    if one.kernel == "gemm":
        return "matmul_best" if one.search else "matmul_shape"
    if one.kernel == "sustained":
        return "matmul_shape" if row.key.startswith(("matrix_", "vector_")) else ""
    words = {"vector": "vector_rate", "sparse": "sparse_matmul", "capacity": "memory_held"}
    return words.get(one.kernel, "")


def _row(row: Row, record: Record, given: Given) -> Reported:
    one = row.measurement
    assert row.measured is not None  # noqa: S101 -- what stands was measured
    value, unit = scale(row.measured.value, row.dimension)
    dtype = "fp16_acc16" if row.key == "matrix_fp16_acc16" else one.dtype
    return given.row(
        id="-".join((_quantity(row).replace("_", "-"), dtype, *_form(one))),
        quantity=_quantity(row),
        dtype=dtype,
        value=f"{value:.6g} {unit}",
        statistic="median",
        defects=tuple(_defects(row)),
        date=given.when(record.started_utc[:10]),
        software=given.software or _software(record),
        workload={"shape": sizes(one)},
        conditions=_conditions(row, record),
        note=row.reason if row.verdict is Verdict.UNDECIDED else "",
    )


def _form(one: Measurement) -> tuple[str, ...]:
    """Returns what tells apart two rows of one quantity and dtype."""
    if one.kernel == "sustained":
        return ("sustained",)
    variant = one.parameters.get("variant") or one.parameters.get("way")
    return (str(variant),) if variant and one.kernel in ("gemm", "host_link", "peer") else ()


def _defects(row: Row) -> Iterator[Defect]:
    if row.measurement.data in FLATTERING:
        yield Defect.CONSTANT
    if "pageable" in str(row.measurement.parameters.get("way")):
        yield Defect.PAGEABLE


def _conditions(row: Row, record: Record) -> dict[str, str]:
    """Returns how a value came about, with its interval."""
    one, measured = row.measurement, row.measured
    timing = one.timing
    assert timing is not None  # noqa: S101 -- what stands was timed
    assert measured is not None  # noqa: S101 -- what stands was measured
    low, high = (scale(bound, row.dimension) for bound in (measured.low, measured.high))
    limit = record.device.power_limit_w
    return {
        "tool": f"onpaper, method {record.method_version}, suite {record.suite}",
        "kernel": one.kernel,
        "method": f"median of {len(timing.samples_s)} samples, "
        f"95% interval {low[0]:.5g} {low[1]} to {high[0]:.5g} {high[1]}",
        "data": one.data,
        "limits": f"power limit {limit:g} W" if limit else "",
        "other": row.reason if row.verdict is not Verdict.UNDECIDED else "",
    }


def _software(record: Record) -> str:
    told = (
        f"onpaper {record.program.version}",
        f"torch {record.machine.torch}" if record.machine.torch else "",
        record.machine.accelerator_runtime or "",
        f"driver {record.device.driver}" if record.device.driver else "",
    )
    return ", ".join(one for one in told if one)


IMPORTER = Importer("record", "a record of this program: what stands for each figure", knows, read)
