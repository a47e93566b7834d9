"""FlagPerf's training READMEs: tokens a second a device, and the share of its peak (MFU).

Rates of other models (``p_whole``) are of samples of unlike kinds and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.evidence.model import Reported
from bench.importers.base import NUMBER, Found, Given, decimal, matched, shown
from bench.importers.base import numbered_lines as lines
from bench.importers.table import table_row

CONFIG, RATE, SHARE = "配置", "token/p/s", "MFU"
MODEL, PRECISION = "模型", "数据精度"
DEVICES = re.compile(r"([A-Za-z0-9_-]{1,30})?.{0,30}\(([0-9]{1,5})x([0-9]{1,5})\).{0,30}")
PERCENT = re.compile(rf"({NUMBER}) ?%")
SETTING = re.compile(r"(?<![A-Z])(MPE|LBS|GBS|GAS|TP|PP|DP)=? ?([0-9]{1,7})")
WORDS = {
    "MPE": "seq", "LBS": "micro_batch", "GBS": "global_batch", "GAS": "grad_acc",
    "TP": "tp", "PP": "pp", "DP": "dp",
}  # fmt: skip
NOTHING = ("", "/", "-", "--", "N/A")
FORMATS = ("bf16", "fp16", "fp32", "tf32")


@dataclass(frozen=True)
class _Line:
    """A line of a table by column, with what was said of the model before."""

    number: int
    cells: dict[str, str]
    told: dict[str, str]

    @property
    def device(self) -> str:
        """The device that its configuration begins with, in small letters."""
        told = matched(DEVICES, self.cells[CONFIG])
        return (told[1] or "").lower() if told else ""


def trained(text: str, given: Given) -> Found:
    """Returns the rows of the tables of tokens, of the chip that is asked for.

    Raises:
        NotUnderstood: a rate is none, or no line of a table is of the chip.
    """
    every = list(_lines(text))
    chips = {one.device for one in every}
    own = [one for one in every if len(chips) == 1 or one.device in given.chip.split("-")]
    if every and not own:
        named = ", ".join(sorted(chips))
        raise given.fault(
            f"it is of {shown(named)}, not of {given.chip}", "give the chip= it is of"
        )
    rows = [row for one in own for row in _rows(one, given)]
    left_out = [f"{one.cells[CONFIG]}: is another chip" for one in every if one not in own]
    if re.search(r"\|[^|\n]{0,40}p_whole", text):
        left_out.append("p_whole: samples of unlike kinds")
    return Found(tuple(rows), tuple(left_out))


def _lines(text: str) -> Iterator[_Line]:
    """Yields the lines of the tables of tokens."""
    names: list[str] = []
    told: dict[str, str] = {}
    for number, line in lines(text):
        cells = table_row(line)
        if not cells:
            names = []
        elif CONFIG in cells and RATE in cells:
            names = cells
        elif cells[0] in (MODEL, PRECISION) and len(cells) > 1:
            told[cells[0]] = cells[1]
        elif names and set("".join(cells)) - set("-: "):
            row = dict(zip(names, cells, strict=False))
            if row.get(RATE, "") not in NOTHING:
                yield _Line(number, row, dict(told))


def _rows(one: _Line, given: Given) -> Iterator[Reported]:
    """Yields the rate of one line and, where it is printed, its share of the peak."""
    rate, share = one.cells[RATE], one.cells.get(SHARE, "")
    if decimal(rate) is None or not matched(DEVICES, one.cells[CONFIG]):
        problem = f"{shown(one.cells[CONFIG])}: {shown(rate)} is no rate of (NxM) devices"
        raise given.fault(problem, "give the README as it is", one.number)
    yield _row(one, "training_rate", f"{rate} token/s", given)
    if percent := matched(PERCENT, share):
        yield _row(one, "training_mfu", f"{percent[1]} %", given)
    elif share not in NOTHING:
        raise given.fault(f"{shown(share)} is no share", "write it as 47.9%", one.number)


def _row(one: _Line, quantity: str, value: str, given: Given) -> Reported:
    devices = matched(DEVICES, one.cells[CONFIG])
    nodes, each = (int(devices[2]), int(devices[3])) if devices else (1, 1)
    precision = one.cells.get("precision", "").lower()
    told = [one.cells.get(name, "") for name in ("fix_hp", "parallel")]
    settings = " ".join(word.upper()[:100] for word in told if word not in NOTHING)
    model = {"model": one.told.get(MODEL, "")}
    return given.row(
        one.number,
        id=f"{quantity.replace('_', '-')}-{one.number}",
        named=one.device.upper(),
        count=nodes * each,
        quantity=quantity,
        dtype=given.dtype or (precision if precision in FORMATS else None),
        value=value,
        statistic="mean",
        date=given.when(),
        workload=model | {WORDS[word]: amount for word, amount in SETTING.findall(settings)},
        conditions={
            "tool": "FlagPerf training",
            "setup": f"precision {precision or one.told.get(PRECISION)}, {settings}".strip(" ,"),
        },
    )
