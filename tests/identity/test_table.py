"""The table of the identity: its outcome first, and what is measured marked."""

from bench.chips.load import Catalogue
from bench.report.record.identity import identity_sections
from tests.identity.cases import H20, H20_DEVICE, H100_DEVICE, measurement, record


def test_the_table_begins_with_the_outcome(sheets: Catalogue) -> None:
    (table,) = identity_sections(record(H20, H100_DEVICE), [], sheets)
    assert table.title == "Identity: contradicts"
    assert table.columns == ("evidence", "seen", "sheet", "finding", "why")
    assert table.cells[0][:4] == (
        "overall", "NVIDIA H100 80GB HBM3", "NVIDIA H20 SXM 96GB", "contradicts",
    )  # fmt: skip
    assert (
        "compute units",
        "132",
        "78",
        "impossible",
        "no chip has more units than its sheet",
    ) in (table.cells)
    assert {len(row) for row in table.cells} == {5}
    shown = [row for row in table.flat if row["evidence"] != "memory bus"]
    assert [row["evidence"] for row in shown] == [row[0] for row in table.cells]
    assert [row["finding"] for row in shown] == [row[3] for row in table.cells]


def test_what_the_sheet_has_nothing_for_takes_no_row_but_is_kept_for_programs(
    sheets: Catalogue,
) -> None:
    bus = {**H20_DEVICE, "memory_bus_bit": 6144}
    made = record(H20, bus, measurement("vector_bf16", 1e12), measurement("matrix_bf16", 10e12))
    (table,) = identity_sections(made, [], sheets)
    told = {row[0] for row in table.cells}
    assert not {"memory bus", "bf16 vector, measured"} & told
    assert "bf16 matrix, measured" in told, "a low rate of a figure that the sheet has"
    assert {"memory bus", "bf16 vector"} <= {row["evidence"] for row in table.flat}


def test_what_is_measured_is_marked_as_such(sheets: Catalogue) -> None:
    (table,) = identity_sections(
        record(H20, H20_DEVICE, measurement("matrix_bf16", 142e12)), [], sheets
    )
    assert table.title == "Identity: consistent"
    assert table.cells[-1] == (
        "bf16 matrix, measured", "142.0 TFLOP/s (142.0 TFLOP/s to 142.0 TFLOP/s)",
        "148 TFLOP/s", "fits", "95.9% of the peak",
    )  # fmt: skip
