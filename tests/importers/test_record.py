"""Records as evidence of others: collectives and links, with the values that evidence takes."""

import pytest

from bench.chips.load import Catalogue
from bench.evidence.model import Kind
from bench.evidence.recorded import recorded
from bench.importers.base import Stated
from bench.importers.record import of_record
from bench.records.model import Measurement, Record, Work
from bench.records.store import read
from tests.importers.cases import RECORD
from tests.report.verdict_cases import BEST_S, product_at, record_of


def collective_at(gbps: float, operation: str, message: int, **parameters: int) -> Measurement:
    """A collective over eight ranks."""
    return product_at(
        1.0,
        kernel="collective",
        dtype="fp32",
        group="collectives",
        decides=False,
        quantity="byte_rate",
        figures=() if "nodes" in parameters else ("link_bandwidth_oneway",),
        parameters={
            "operation": operation, "ranks": 8, "message_bytes": message, **parameters
        },
        work=Work(flop=0, bytes=gbps * 1e9 * BEST_S, footprint_bytes=message, formula="S"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "scope", "has_paper"), [({}, "1 node", True), ({"nodes": 2}, "2 nodes", False)]
)
def test_a_collective_is_a_row_of_its_best_message_size(
    nodes: dict[str, int], scope: str, record: Record, sheets: Catalogue, *, has_paper: bool
) -> None:
    made = record_of(
        record,
        collective_at(100.0, "all_reduce", 2**24, **nodes),
        collective_at(300.0, "all_reduce", 2**30, **nodes),
        collective_at(200.0, "all_gather", 2**30, **nodes),
    )
    found = of_record(made, Stated(file="log", by="us", kind=Kind.USER))
    assert [(one.quantity, one.value.text, one.count) for one in found.rows] == [
        ("all_reduce", "303.03 GB/s", 8),
        ("all_gather", "202.02 GB/s", 8),
    ]
    assert found.rows[0].workload == {"size": "1 GiB", "scope": scope}
    own = list(recorded([made], sheets))
    assert [(one.quantity.key, one.count) for one in own] == [("all_reduce", 8), ("all_gather", 8)]
    assert {(one.figure, one.paper is not None) for one in own} == {(None, has_paper)}


def test_a_record_counts_with_one_value_in_evidence_and_as_import(sheets: Catalogue) -> None:
    stored = read(RECORD)
    rows = of_record(stored, Stated(file="log", by="us")).rows
    own = list(recorded([stored], sheets))
    assert [one.value.si for one in rows] == [pytest.approx(one.value, rel=1e-5) for one in own]
    assert {"host_to_device", "device_to_host"} <= {one.quantity for one in rows}
    assert {one.statistic for one in rows} == {"best"}
