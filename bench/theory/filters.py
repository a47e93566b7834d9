"""Filters and sorts chips: conditions such as ``memory_bandwidth>=4TB/s``, and an order by key."""

import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError
from bench.theory.days import Days, compared, days
from bench.theory.entry import MEMORY, Entry, Key, key_of, look_up
from bench.theory.systems import complete
from bench.units import parse

LONGEST = 500
"""Most characters of a condition: translating a pattern takes quadratic time."""
USUAL = {"FLOP/s": "TFLOP/s", "OP/s": "TOP/s", "B/s": "GB/s", "B": "GB", "Hz": "MHz"}
"""The customary unit for each base unit."""
DATES = ("launch",)
"""Keys whose texts begin with a date."""
LEADING = re.compile(r"\d+(?:\.\d+)?")
"""The number that a limit begins with."""
NOUGHT = re.compile(r"0+(\.0+)?")
"""A limit that needs no unit."""
_CONDITION = re.compile(r"^\s*(\w+)\s*(>=|<=|!=|==?|<|>)\s*(.*\S)\s*$")
"""Matches a condition: key, sign and limit."""


def _equal(one: float, other: float) -> bool:
    """Tells whether two numbers are equal up to rounding errors."""
    return math.isclose(one, other, rel_tol=1e-9)


NUMBERS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda one, other: one > other or _equal(one, other),
    "<=": lambda one, other: one < other or _equal(one, other),
    ">": lambda one, other: one > other and not _equal(one, other),
    "<": lambda one, other: one < other and not _equal(one, other),
    "=": _equal,
    "!=": lambda one, other: not _equal(one, other),
}
"""Comparisons of numbers, which ignore rounding errors."""
TEXTS: dict[str, Callable[[bool, bool], bool]] = {"=": operator.eq, "!=": operator.ne}
"""Comparisons of a pattern's match with True."""


@dataclass(frozen=True)
class Condition:
    """One comparison, parsed and validated.

    Attributes:
        key: what is compared.
        sign: a key of ``NUMBERS``, or of ``TEXTS`` if the values are texts.
        limit: a number in the unit of the key, a span of days, or a pattern in lower case.
    """

    key: Key
    sign: str
    limit: float | str | Days

    def holds(self, chip: Chip, catalogue: Catalogue) -> bool | None:
        """Tells whether a chip satisfies it; None if its sheet does not say."""
        if isinstance(self.limit, Days):
            launched = days(chip.launched or "")
            return compared(launched, self.sign, self.limit) if launched else None
        entry = look_up(chip, self.key, catalogue)
        if isinstance(self.limit, str):
            fits = fnmatchcase(entry.text.lower(), self.limit)
            return TEXTS[self.sign](fits, True) if entry.text else None  # noqa: FBT003 -- an operator
        return self._of(entry, self.limit) if entry.compared else None

    def _of(self, entry: Entry, limit: float) -> bool | None:
        """Tells whether a number satisfies it; None if a higher one would decide otherwise."""
        value = entry.compared[0]
        possible = (value, max(value, limit), math.inf) if entry.at_least else (value,)
        results = {NUMBERS[self.sign](one, limit) for one in possible}
        return results.pop() if len(results) == 1 else None


@dataclass(frozen=True)
class Filtered:
    """The result of a filter.

    Attributes:
        fitting: chips that satisfy every condition.
        undecided: chips that may, because their sheets do not say.
    """

    fitting: tuple[Chip, ...]
    undecided: tuple[Chip, ...]


def filtered(
    chips: Iterable[Chip], conditions: Iterable[Condition], catalogue: Catalogue
) -> Filtered:
    """Returns the chips that satisfy the conditions; systems have sums of their members."""
    required = tuple(conditions)
    fitting, undecided = [], []
    for chip in chips:
        whole = complete(chip, catalogue)
        results = [one.holds(whole, catalogue) for one in required]
        if all(results):
            fitting.append(whole)
        elif False not in results:
            undecided.append(whole)
    return Filtered(tuple(fitting), tuple(undecided))


def condition(text: str) -> Condition:
    """Parses ``memory_bandwidth>=4TB/s``, ``tpp<2400`` or ``memory_type=HBM3*``.

    Raises:
        UsageError: it is no comparison, or has an unknown key, a wrong unit or a wrong sign.
    """
    if len(text) > LONGEST:
        raise UsageError(f"where={text[:LONGEST]} ...: write less than {LONGEST} characters")
    found = _CONDITION.match(text)
    if found is None:
        raise UsageError(f"where={text}: write a comparison such as 'memory_bandwidth>=4TB/s'")
    key, sign, limit = key_of(found[1]), found[2].replace("==", "="), found[3]
    if key.name in DATES and (sign not in TEXTS or days(limit)):
        return Condition(key, sign, _date(text, limit))
    if not key.is_number and sign not in TEXTS:
        raise UsageError(f"where={text}: {key.name} is no number: use = or !={_numbers_of(key)}")
    try:
        return Condition(key, sign, _number(key, limit) if key.is_number else limit.lower())
    except _NoLimitError as error:
        plain = LEADING.match(limit)
        example = f"{key.name}{found[2]}{plain[0] if plain else 100}{error.unit}"
        raise UsageError(f"where={text}: {error}; write '{example}'") from None
    except ValueError as error:
        raise UsageError(f"where={text}: {error}") from None


def _date(text: str, limit: str) -> Days:
    if found := days(limit):
        return found
    example = "a year, month or day such as 2024, 2024-03 or 2024-03-18"
    raise UsageError(f"where={text}: {limit!r} is no date: write {example}")


NUMBERS_OF = {"price": ("price_usd", "price_cny")}
"""Texts whose numbers are figures of their own."""


def _numbers_of(key: Key) -> str:
    """Returns which keys hold the numbers of a text; empty if none does."""
    found = NUMBERS_OF.get(key.name)
    return f"; {' and '.join(found)} are numbers" if found else ""


class _NoLimitError(ValueError):
    """A limit in another unit than its key; ``unit`` is a suitable one."""

    def __init__(self, message: str, unit: str = "") -> None:
        super().__init__(message)
        self.unit = unit


def _number(key: Key, text: str) -> float:
    """Returns a limit in the unit of its key, of memory with GB counted as GiB, as in an entry.

    Raises:
        ValueError: it has another unit.
    """
    if key.dimension is None:
        try:
            return float(text)
        except ValueError:
            raise _NoLimitError(f"{text!r} is no bare number") from None
    if NOUGHT.fullmatch(text):
        return 0.0
    quantity = parse(text)
    if quantity.dimension is not key.dimension:
        wanted = f"in {key.unit}" if key.unit else "a bare number"
        raise _NoLimitError(f"{text!r} is not {wanted}", _unit_meant(key.unit, text))
    return quantity.memory if key.name == MEMORY else quantity.si


def _unit_meant(unit: str, text: str) -> str:
    """Returns the usual unit, or the unit with the prefix that was typed: 1.4TB is of TB/s."""
    typed = LEADING.sub("", text, count=1).strip()
    for prefix in (typed[:1], typed[:2]):
        if typed != prefix and unit.startswith(typed.removeprefix(prefix)):
            return f"{prefix}{unit}"
    return USUAL.get(unit, unit)


def ordered(chips: Iterable[Chip], word: str, catalogue: Catalogue) -> list[Chip]:
    """Returns chips sorted by a key: numbers from the largest, texts from A to Z, dates in time.

    A ``-`` before the key reverses the order. Chips without a value come last either way.

    Raises:
        UsageError: there is no such key, or it is a text whose numbers are other keys.
    """
    key = key_of(word.removeprefix("-"), "key to sort by")
    if numbers := _numbers_of(key):
        raise UsageError(f"sort={word}: {key.name} is a text{numbers}")
    if key.name in DATES:
        return _by_date(chips, reverse=word.startswith("-"))
    pairs = [(chip, look_up(chip, key, catalogue)) for chip in chips]
    known = [pair for pair in pairs if pair[1].text]
    last = [chip for chip, entry in pairs if not entry.text]
    reverse = word.startswith("-")
    if key.is_number:
        known.sort(key=lambda pair: pair[1].compared[0], reverse=not reverse)
    else:
        known.sort(key=lambda pair: pair[1].text.lower(), reverse=reverse)
    return [chip for chip, _ in known] + last


def _by_date(chips: Iterable[Chip], *, reverse: bool) -> list[Chip]:
    """Returns chips by the day of their launch; those of unknown day come last either way."""
    every = list(chips)
    known = [chip for chip in every if chip.launched]
    known.sort(key=lambda chip: chip.launched or "", reverse=reverse)
    return known + [chip for chip in every if not chip.launched]
