"""FlagPerf's training READMEs: tokens/s per device, and the share of its peak rate (MFU).

Rates of other models (``p_whole``) count samples of various kinds and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.evidence.model import Reported
from bench.importers.base import NUMBER, Imported, Stated, decimal, lines, match_line, quoted
from bench.importers.table import table_row

CONFIG, RATE, SHARE = "配置", "token/p/s", "MFU"
MODEL, PRECISION = "模型", "数据精度"
DEVICES = re.compile(r"([A-Za-z0-9_-]{1,30})?.{0,30}\(([0-9]{1,5})x([0-9]{1,5})\).{0,30}")
PERCENT = re.compile(rf"({NUMBER}) ?%")
SETTING = re.compile(r"(?<![A-Z])(MPE|LBS|GBS|GAS|TP|PP|DP)=? ?([0-9]{1,7})")
WORKLOAD_KEYS = {
    "MPE": "seq", "LBS": "micro_batch", "GBS": "global_batch", "GAS": "grad_acc",
    "TP": "tp", "PP": "pp", "DP": "dp",
}  # fmt: skip
EMPTY_CELLS = ("", "/", "-", "--", "N/A")
FORMATS = ("bf16", "fp16", "fp32", "tf32")


@dataclass(frozen=True)
class _Line:
    """A line of a table.

    Attributes:
        number: line number.
        cells: cell by column head.
        model_facts: model and precision, as stated before the table.
    """

    number: int
    cells: dict[str, str]
    model_facts: dict[str, str]

    @property
    def device(self) -> str:
        """Returns the device at the start of the line's configuration, in lower case."""
        match = match_line(DEVICES, self.cells[CONFIG])
        return (match[1] or "").lower() if match else ""


def training_content(text: str, stated: Stated) -> Imported:
    """Returns the rows of the chip in the tables of token rates.

    Raises:
        NotUnderstood: a rate is not a number, or no line of a table is of the chip.
    """
    all_lines = list(_lines(text))
    chips = {line.device for line in all_lines}
    of_chip = [
        line for line in all_lines if len(chips) == 1 or line.device in stated.chip.split("-")
    ]
    if all_lines and not of_chip:
        devices = ", ".join(sorted(chips))
        raise stated.fault(
            f"it is of {quoted(devices)}, not of {stated.chip}", "give the chip= it is of"
        )
    rows = [row for line in of_chip for row in _rows(line, stated)]
    left_out = [
        f"{line.cells[CONFIG]}: is another chip" for line in all_lines if line not in of_chip
    ]
    if re.search(r"\|[^|\n]{0,40}p_whole", text):
        left_out.append("p_whole: samples of unlike kinds")
    return Imported(tuple(rows), tuple(left_out))


def _lines(text: str) -> Iterator[_Line]:
    """Yields the lines of the tables of token rates."""
    columns: list[str] = []
    facts: dict[str, str] = {}
    for number, line in lines(text):
        cells = table_row(line)
        if not cells:
            columns = []
        elif CONFIG in cells and RATE in cells:
            columns = cells
        elif cells[0] in (MODEL, PRECISION) and len(cells) > 1:
            facts[cells[0]] = cells[1]
        elif columns and set("".join(cells)) - set("-: "):
            row = dict(zip(columns, cells, strict=False))
            if row.get(RATE, "") not in EMPTY_CELLS:
                yield _Line(number, row, dict(facts))


def _rows(line: _Line, stated: Stated) -> Iterator[Reported]:
    """Yields the rate of one line and its share of the peak, if that is printed."""
    rate, share = line.cells[RATE], line.cells.get(SHARE, "")
    if decimal(rate) is None or not match_line(DEVICES, line.cells[CONFIG]):
        problem = f"{quoted(line.cells[CONFIG])}: {quoted(rate)} is no rate of (NxM) devices"
        raise stated.fault(problem, "give the README as it is", line.number)
    yield _row(line, "training_rate", f"{rate} token/s", stated)
    if percent := match_line(PERCENT, share):
        yield _row(line, "training_mfu", f"{percent[1]} %", stated)
    elif share not in EMPTY_CELLS:
        raise stated.fault(f"{quoted(share)} is no share", "write it as 47.9%", line.number)


def _row(line: _Line, quantity: str, value: str, stated: Stated) -> Reported:
    devices = match_line(DEVICES, line.cells[CONFIG])
    nodes, each = (int(devices[2]), int(devices[3])) if devices else (1, 1)
    precision = line.cells.get("precision", "").lower()
    texts = [line.cells.get(name, "") for name in ("fix_hp", "parallel")]
    settings = " ".join(text.upper()[:100] for text in texts if text not in EMPTY_CELLS)
    model = {"model": line.model_facts.get(MODEL, "")}
    return stated.row(
        line.number,
        id=f"{quantity.replace('_', '-')}-{line.number}",
        named=line.device.upper(),
        count=nodes * each,
        quantity=quantity,
        dtype=stated.dtype or (precision if precision in FORMATS else None),
        value=value,
        statistic="mean",
        date=stated.when(),
        workload=model
        | {WORKLOAD_KEYS[text]: amount for text, amount in SETTING.findall(settings)},
        conditions={
            "tool": "FlagPerf training",
            "setup": f"precision {precision or line.model_facts.get(PRECISION)}, {settings}".strip(
                " ,"
            ),
        },
    )
