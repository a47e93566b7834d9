"""What all importers share: the types of their input and result, their error, and helpers.

The text to import was written by others: it is matched against bounded patterns, line by line, and
nothing in it is executed. A value that is not understood is refused, never guessed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from json import JSONDecodeError

from bench.chips.figures import dtype_named
from bench.errors import UsageError
from bench.evidence.load import row_faults
from bench.evidence.model import Kind, Reported
from bench.files.datafile import validated
from bench.files.jsonfile import Json, strict

MAX_TEXT = 200
"""Longest text that is imported, in characters; the rest is cut."""
NUMBER = r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?"
"""A number as tools print it, without a sign.

No pattern of this package nests repetitions, so that matching cannot take exponential time."""
AS_WRITTEN = "give the file as the tool wrote it"


class NotUnderstood(UsageError):  # noqa: N818 -- it says what happened, as the message does
    """Raised for output that an importer does not understand.

    Attributes:
        file: name of the file.
        line: number of the line, counted from 1; None for the file as a whole.
        problem: what was not understood.
        fix: what the user can do about it.
    """

    def __init__(self, file: str, problem: str, fix: str, line: int | None = None) -> None:
        self.file, self.line, self.problem, self.fix = file, line, problem, fix
        where = file if line is None else f"{file}: line {line}"
        super().__init__(f"{where}: {problem}; {fix}")


@dataclass(frozen=True)
class Stated:
    """What the user states about an output, because the output itself may not contain it.

    Attributes:
        file: name of the file, as errors state it.
        chip: id of the sheet; empty only if the output names its chip itself.
        by: who measured.
        kind: class of the evidence.
        dtype: number format; None to take it from the output.
        date: date of the measurement; None to take it from the output.
        url: address at which the output is published.
        title: title of the source.
        software: software versions; None to take them from the output.
        count: number of devices that took part; None to take it from the output.
        model: the model that ran; empty to take it from the output.
        split: how it was divided over the devices: tp, pp, dp and ep, each above 1.
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
    model: str = ""
    split: Mapping[str, str] = field(default_factory=dict)

    def fault(self, problem: str, fix: str, line: int | None = None) -> NotUnderstood:
        """Returns the error that says what was not understood, where, and how to fix it."""
        return NotUnderstood(self.file, problem, fix, line)

    def format_of(self, name: str | None, line: int | None = None) -> str:
        """Returns the number format that the output names, or else the one that the user stated.

        Raises:
            NotUnderstood: neither is known, the name is unknown, or the two differ.
        """
        dtype = dtype_named(name or "")
        if name and dtype is None:
            raise self.fault(
                f"the number format {quoted(name)} is unknown", "import it by hand", line
            )
        if dtype and self.dtype and dtype != self.dtype:
            raise self.fault(
                f"it is of {dtype}, not of {self.dtype}", f"leave dtype={self.dtype}", line
            )
        if dtype or self.dtype:
            return dtype or self.dtype or ""
        raise self.fault(
            "it does not say of which number format it is", "give dtype=, such as bf16"
        )

    def when(self, date_in_output: str | None = None) -> str:
        """Returns the date that the user stated, or else the one in the output.

        Raises:
            NotUnderstood: neither is known, or the day is still to come.
        """
        if not (self.date or date_in_output):
            raise self.fault("it does not say when it was measured", "give date=, such as 2026-11")
        date, today = self.date or date_in_output or "", datetime.now(UTC).date().isoformat()
        if re.fullmatch(r"[\d-]{4,10}", date) and date > today[: len(date)]:
            raise self.fault(f"it is dated {date}, after today", "give date=, when it was measured")
        return date

    def row(self, line: int | None = None, /, **fields: object) -> Reported:
        """Returns one measurement; texts are put on one line, empty fields are left out.

        ``line`` is the number of the output's line, for errors.

        Raises:
            NotUnderstood: a field is invalid, or fields contradict each other.
        """
        defaults = {
            "chip": self.chip,
            "count": self.count,
            "software": self.software,
            "quality": "A" if self.kind is Kind.OWN else "B",
        }
        fields_on_one_line = {name: tidy(value) for name, value in {**defaults, **fields}.items()}
        present = {
            name: value
            for name, value in fields_on_one_line.items()
            if value not in (None, "", {}, ())
        }
        row, faults = validated(Reported, present, self.file)
        for fault in faults:
            raise self.fault(f"{fault.field}: {fault.problem}", fault.fix, line)
        assert row is not None  # noqa: S101 -- no value means a fault
        for name, problem, fix in row_faults(row, None):
            raise self.fault(f"{name}: {problem}", fix, line)
        return row


@dataclass(frozen=True)
class Imported:
    """What was imported from an output.

    Attributes:
        rows: the measurements.
        left_out: for each other result in the output, why it was not imported.
        chip: id of the sheet that the output names itself; empty if it names none.
    """

    rows: tuple[Reported, ...]
    left_out: tuple[str, ...] = ()
    chip: str = ""


@dataclass(frozen=True)
class Importer:
    """Reader of one tool's output.

    Attributes:
        key: name on the command line.
        title: the tool, and which part of its output is read.
        recognises: tells whether a text looks like the tool's output.
        read: returns the content of a text, or raises NotUnderstood.
        protocol: the benchmark suite whose rules the measurements follow, if any.
    """

    key: str
    title: str
    recognises: Callable[[str], bool]
    read: Callable[[str, Stated], Imported]
    protocol: str | None = None


def collect(stated: Stated, rows: Iterable[Reported], left_out: Iterable[str] = ()) -> Imported:
    """Returns the rows, with unique ids, and the reasons for what was left out.

    Raises:
        NotUnderstood: there are no rows.
    """
    all_rows, reasons = list(rows), tuple(dict.fromkeys(left_out))
    if not all_rows:
        why = f": {reasons[0]}" if reasons else ""
        raise stated.fault(f"it holds no measurement that can be imported{why}", "check the file")
    return Imported(tuple(_with_unique_ids(all_rows)), reasons)


def _with_unique_ids(rows: list[Reported]) -> Iterator[Reported]:
    seen: dict[str, int] = {}
    ids = {row.id for row in rows}
    for row in rows:
        seen[row.id] = number = seen.get(row.id, 0) + 1
        name = row.id if number == 1 else f"{row.id}-{number}"
        while number > 1 and name in ids:
            name = f"{name}-again"
        ids.add(name)
        yield row.model_copy(update={"id": name})


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yields the lines of a text with their numbers from 1, without trailing blanks."""
    for number, line in enumerate(StringIO(text, newline="\n"), start=1):
        yield number, line.rstrip()


def document(text: str, stated: Stated, lines_before: int = 0) -> dict[str, Json]:
    """Returns the JSON object in a text.

    Args:
        text: one JSON object.
        stated: names the file in errors.
        lines_before: number of lines of the file before the text.

    Raises:
        NotUnderstood: it is no JSON object, is cut off, or ``jsonfile.strict`` refuses it.
    """
    try:
        data = strict(text)
    except JSONDecodeError as error:
        line = lines_before + error.lineno
        raise stated.fault(f"is no whole JSON: {error.msg}", AS_WRITTEN, line) from None
    except ValueError as error:
        raise stated.fault(f"is not JSON: {quoted(error)}", AS_WRITTEN) from None
    if not isinstance(data, dict):
        raise stated.fault("is JSON, but no object", AS_WRITTEN)
    return data


def beginning(text: str, characters: int = 100_000) -> str:
    """Returns the beginning of a text, by which importers recognise a tool's output."""
    return text[:characters]


def one_line(text: str) -> str:
    """Returns a text on one line, cut to ``MAX_TEXT`` characters, without unprintable ones."""
    text_line = "".join(
        character if character.isprintable() else " " for character in text[: 4 * MAX_TEXT]
    )
    text_line = " ".join(text_line.split())
    return text_line if len(text_line) <= MAX_TEXT else f"{text_line[: MAX_TEXT - 4]} ..."


def tidy(value: object) -> object:
    """Returns a value of a row with each of its texts put on one line."""
    if type(value) is str:
        return one_line(value)
    if isinstance(value, Mapping):
        return {key: tidied for key, item in value.items() if (tidied := tidy(item))}
    return value


def quoted(text: object) -> str:
    """Returns a text from an output in quotes, shortened, for an error message."""
    text_line = one_line(str(text))
    return repr(text_line if len(text_line) <= 60 else f"{text_line[:56]} ...")


def match_line(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """Returns the match of a whole line; None without a match or for an overlong line."""
    return pattern.fullmatch(line) if len(line) <= 2_000 else None


def decimal(text: object) -> Decimal | None:
    """Returns a text or number of 0 or more as a decimal; None for anything else, NaN included."""
    number = str(text).strip() if isinstance(text, str | int | float) else ""
    is_other = isinstance(text, bool) or len(number) > 40 or not re.fullmatch(NUMBER, number)
    return None if is_other else Decimal(number)


def plain_number(number: Decimal) -> str:
    """Returns a number with at most 12 digits, without exponent and without trailing zeros."""
    return f"{Decimal(f'{number:.12g}').normalize():f}"
