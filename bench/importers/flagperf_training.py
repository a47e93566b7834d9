"""FlagPerf's training READMEs: tokens a second a device, and the share of its peak (MFU).

Rates of other models (``p_whole``) are of samples of unlike kinds and are left out.
"""

import re
from collections.abc import Iterator

from bench.evidence.model import Reported
from bench.importers.base import NUMBER, Found, Given, decimal, matched, shown
from bench.importers.base import numbered_lines as lines

CONFIG, RATE, SHARE = "配置", "token/p/s", "MFU"
MODEL, PRECISION = "模型", "数据精度"
DEVICES = re.compile(r"([A-Za-z0-9_-]{1,30})?.{0,30}\(([0-9]{1,5})x([0-9]{1,5})\).{0,30}")
PERCENT = re.compile(rf"({NUMBER}) ?%")
SETTING = re.compile(r"\b(MPE|LBS|GBS|GAS|TP|PP|DP)=? ?([0-9]{1,7})")
WORDS = {
    "MPE": "seq", "LBS": "micro_batch", "GBS": "global_batch", "GAS": "grad_acc",
    "TP": "tp", "PP": "pp", "DP": "dp",
}  # fmt: skip
NOTHING = ("", "/", "-", "N/A")


def trained(text: str, given: Given) -> Found:
    """Returns the rows of the tables of tokens, of the chip that is asked for.

    Raises:
        NotUnderstood: a rate is none, or no line of a table is of the chip.
    """
    every = list(_lines(text))
    chips = {_device(cells[CONFIG]) for _, cells, _ in every}
    several = len(chips) > 1
    own = [one for one in every if not several or _device(one[1][CONFIG]) in given.chip.split("-")]
    if every and not own:
        named = ", ".join(sorted(chips))
        raise given.fault(
            f"it is of {shown(named)}, not of {given.chip}", "give the chip= it is of"
        )
    rows = [row for one in own for row in _rows(one, given)]
    left_out = [f"{one[1][CONFIG]}: is another chip" for one in every if one not in own]
    if re.search(r"\|[^|\n]{0,40}p_whole", text):
        left_out.append("p_whole: samples of unlike kinds")
    return Found(tuple(rows), tuple(left_out))


def _lines(text: str) -> Iterator[tuple[int, dict[str, str], dict[str, str]]]:
    """Yields the lines of the tables by column, with what was said of the model before."""
    names: list[str] = []
    told: dict[str, str] = {}
    for number, line in lines(text):
        cells = _cells(line)
        if not cells:
            names = []
        elif CONFIG in cells and RATE in cells:
            names = cells
        elif cells[0] in (MODEL, PRECISION) and len(cells) > 1:
            told[cells[0]] = cells[1]
        elif names and set("".join(cells)) - set("-: "):
            row = dict(zip(names, cells, strict=False))
            if row.get(RATE, "") not in NOTHING:
                yield number, row, dict(told)


def _cells(line: str) -> list[str]:
    from bench.importers.flagperf import table_row

    return table_row(line)


def _device(config: str) -> str:
    told = matched(DEVICES, config)
    return (told[1] or "").lower() if told else ""


def _rows(one: tuple[int, dict[str, str], dict[str, str]], given: Given) -> Iterator[Reported]:
    """Yields the rate of one line and, where it is printed, its share of the peak."""
    number, cells, told = one
    devices = matched(DEVICES, cells[CONFIG])
    if decimal(cells[RATE]) is None or devices is None:
        problem = f"{shown(cells[CONFIG])}: {shown(cells[RATE])} is no rate of NxM devices"
        raise given.fault(problem, "give the README as it is", number)
    yield _row(one, ("training_rate", f"{cells[RATE]} token/s"), devices, given)
    share = matched(PERCENT, cells.get(SHARE, ""))
    if share:
        yield _row(one, ("training_mfu", f"{share[1]} %"), devices, given)
    elif cells.get(SHARE, "") not in NOTHING:
        raise given.fault(f"{shown(cells[SHARE])} is no share", "write it as 47.9%", number)


def _row(
    one: tuple[int, dict[str, str], dict[str, str]],
    measured: tuple[str, str],
    devices: re.Match[str],
    given: Given,
) -> Reported:
    number, cells, told = one
    quantity, value = measured
    precision = cells.get("precision", "").lower()
    settings = f"{cells.get('fix_hp', '')} {cells.get('parallel', '')}".upper()[:200]
    return given.row(
        number,
        id=f"{quantity.replace('_', '-')}-{number}",
        named=devices[1],
        count=int(devices[2]) * int(devices[3]),
        quantity=quantity,
        dtype=given.dtype or (precision if precision in ("bf16", "fp16", "fp32", "tf32") else None),
        value=value,
        statistic="mean",
        date=given.when(),
        workload={
            "model": told.get(MODEL, ""),
            **{WORDS[word]: amount for word, amount in SETTING.findall(settings)},
        },
        conditions={
            "tool": "FlagPerf training",
            "setup": f"precision {told.get(PRECISION) or precision}, {settings}".strip(" ,"),
        },
    )
