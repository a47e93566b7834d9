"""What every importer shares: what it is given, what it finds, and how it says no.

What is read was written by others: it is matched against bounded patterns, line by line, and
nothing in it is carried out. A value that is not understood is refused, never guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

from bench.datafile import validated
from bench.errors import UsageError
from bench.evidence.load import row_faults
from bench.evidence.model import Kind, Reported

LONGEST = 200
"""Characters of a piece of text that are carried over."""
NUMBER = r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?"
"""A number as tools print it, without a sign; no pattern of this package nests repetitions."""
DTYPES = {
    "float64": "fp64", "double": "fp64", "fp64": "fp64",
    "float32": "fp32", "float": "fp32", "fp32": "fp32", "tf32": "tf32", "hf32": "hf32",
    "float16": "fp16", "half": "fp16", "fp16": "fp16", "bfloat16": "bf16", "bf16": "bf16",
    "float8_e4m3fn": "fp8", "float8_e4m3fnuz": "fp8", "float8_e5m2": "fp8", "f8e4m3": "fp8",
    "f8e5m2": "fp8", "fp8": "fp8", "mxfp8": "mxfp8", "mxfp4": "mxfp4", "nvfp4": "nvfp4",
    "int16": "int16", "int8": "int8", "int4": "int4",
}  # fmt: skip
"""Number formats by the names that tools give them."""


class NotUnderstood(UsageError):  # noqa: N818 -- it says what happened, as the message does
    """Output that an importer does not understand.

    Attributes:
        file: what was read.
        line: where in it, counted from 1; None for the file as a whole.
        problem: what was not understood.
        fix: what to do about it.
    """

    def __init__(self, file: str, problem: str, fix: str, line: int | None = None) -> None:
        self.file, self.line, self.problem, self.fix = file, line, problem, fix
        place = file if line is None else f"{file}: line {line}"
        super().__init__(f"{place}: {problem}; {fix}")


@dataclass(frozen=True)
class Given:
    """What a tool's output does not tell and whoever imports it does.

    Attributes:
        file: what the text was read from, as errors name it.
        chip: id of the sheet; empty only where the text names its own.
        by: who measured.
        kind: the class of evidence.
        dtype: the number format, where the output does not tell.
        date: when it was measured, where the output does not tell.
        url, title: where it is to be found, and what it is called.
        software: versions, where the output does not tell.
        count: devices that took part, where the output does not tell.
    """

    file: str
    chip: str = ""
    by: str = ""
    kind: Kind = Kind.USER
    dtype: str | None = None
    date: str | None = None
    url: str | None = None
    title: str | None = None
    software: str | None = None
    count: int | None = None

    def fault(self, problem: str, fix: str, line: int | None = None) -> NotUnderstood:
        """Returns the error that says what was not understood, where, and what to do."""
        return NotUnderstood(self.file, problem, fix, line)

    def format_of(self, told: str | None, line: int | None = None) -> str:
        """Returns the number format that the output tells by any name, or else the one given.

        Raises:
            NotUnderstood: neither tells, the name is unknown, or the two differ.
        """
        found = DTYPES.get((told or "").lower().removeprefix("torch."))
        if told and found is None:
            raise self.fault(
                f"the number format {shown(told)} is unknown", "import it by hand", line
            )
        if found and self.dtype and found != self.dtype:
            raise self.fault(
                f"it is of {found}, not of {self.dtype}", f"leave dtype={self.dtype}", line
            )
        if found or self.dtype:
            return found or self.dtype or ""
        raise self.fault(
            "it does not say of which number format it is", "give dtype=, such as bf16"
        )

    def when(self, told: str | None = None) -> str:
        """Returns the date given, or else the one that the output tells.

        Raises:
            NotUnderstood: neither does.
        """
        if not (self.date or told):
            raise self.fault("it does not say when it was measured", "give date=, such as 2026-11")
        return self.date or told or ""

    def row(self, line: int | None = None, /, **fields: object) -> Reported:
        """Returns one measurement; texts are put on one line, what is empty is left out.

        Raises:
            NotUnderstood: a field is not of its form, or the fields do not go together.
        """
        own = {
            "chip": self.chip,
            "count": self.count,
            "software": self.software,
            "quality": "A" if self.kind is Kind.OWN else "B",
        }
        told = {name: tidy(value) for name, value in {**own, **fields}.items()}
        kept = {name: value for name, value in told.items() if value not in (None, "", {}, ())}
        made, faults = validated(Reported, kept, self.file)
        for one in faults:
            raise self.fault(f"{one.field}: {one.problem}", one.fix, line)
        assert made is not None  # noqa: S101 -- no value means a fault
        for field, problem, fix in row_faults(made, None):
            raise self.fault(f"{field}: {problem}", fix, line)
        return made


@dataclass(frozen=True)
class Found:
    """What an output holds.

    Attributes:
        rows: the measurements.
        left_out: what else stands in it, and why it is no row.
        chip: the sheet that the output names itself, where it does.
    """

    rows: tuple[Reported, ...]
    left_out: tuple[str, ...] = ()
    chip: str = ""


@dataclass(frozen=True)
class Importer:
    """How one tool's output is read.

    Attributes:
        key: its word on the command line.
        title: the tool, and what of it is read.
        knows: tells whether a text looks like its output.
        read: returns what is in a text, or raises NotUnderstood.
        protocol: the suite whose rules its measurements keep, where it is one.
    """

    key: str
    title: str
    knows: Callable[[str], bool]
    read: Callable[[str, Given], Found]
    protocol: str | None = None


def found(given: Given, rows: Iterable[Reported], left_out: Iterable[str] = ()) -> Found:
    """Returns the rows, each with an id of its own.

    Raises:
        NotUnderstood: there is none.
    """
    made, beside = list(rows), tuple(dict.fromkeys(left_out))
    if not made:
        why = f": {beside[0]}" if beside else ""
        raise given.fault(f"it holds no measurement that can be imported{why}", "check the file")
    return Found(tuple(_numbered(made)), beside)


def _numbered(rows: list[Reported]) -> Iterator[Reported]:
    seen: dict[str, int] = {}
    taken = {row.id for row in rows}
    for row in rows:
        seen[row.id] = number = seen.get(row.id, 0) + 1
        name = row.id if number == 1 else f"{row.id}-{number}"
        while number > 1 and name in taken:
            name = f"{name}-again"
        taken.add(name)
        yield row.model_copy(update={"id": name})


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the lines with their numbers, without the blanks at their ends."""
    for number, line in enumerate(StringIO(text, newline="\n"), start=1):
        yield number, line.rstrip()


def head(text: str, characters: int = 100_000) -> str:
    """Returns the beginning of a text, in which a tool gives itself away."""
    return text[:characters]


def one_line(text: str) -> str:
    """Returns a text on one line, no longer than is carried over, without unseen characters."""
    plain = "".join(one if one.isprintable() else " " for one in text[: 4 * LONGEST])
    plain = " ".join(plain.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 4]} ..."


def tidy(value: object) -> object:
    """Returns a value of a row with its texts on one line each."""
    if type(value) is str:
        return one_line(value)
    if isinstance(value, Mapping):
        return {key: tidied for key, one in value.items() if (tidied := tidy(one))}
    return value


def shown(text: object) -> str:
    """Returns somebody's text as an error quotes it."""
    plain = one_line(str(text))
    return repr(plain if len(plain) <= 60 else f"{plain[:56]} ...")


def matched(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """Returns the match of a whole line; one that is too long to be such a line has none."""
    return pattern.fullmatch(line) if len(line) <= 2_000 else None


def decimal(text: object) -> Decimal | None:
    """Returns a plain number of 0 or more, or None for anything else, NaN included."""
    plain = str(text).strip() if isinstance(text, str | int | float) else ""
    isno = isinstance(text, bool) or len(plain) > 40 or not re.fullmatch(NUMBER, plain)
    return None if isno else Decimal(plain)


def plain(number: Decimal) -> str:
    """Returns a number of at most 12 digits without an exponent and without needless zeros."""
    return f"{Decimal(f'{number:.12g}').normalize():f}"
