"""A spec sheet as a value: figures with their sources, rivals and gaps."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bench.files.strict import Day, Strict
from bench.units import UNITS, Dimension, Quantity, parse


class Gap(StrEnum):
    """Why a figure has no number: nobody published it, or the chip has no such unit."""

    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


Kept = TypeVar("Kept")
Held = Annotated[Mapping[str, Kept], AfterValidator(MappingProxyType)]
"""A mapping that nobody can write into: a sheet is shared by all that read it."""
SERVER = "server"
"""What a price counts that has a share of the server that holds the chip."""
GAPS = {one.value: one for one in Gap}


def _value(text: object) -> Quantity | Gap:
    if isinstance(text, Quantity | Gap):
        return text
    if not isinstance(text, str):
        raise ValueError("is not a piece of text")  # noqa: TRY004 -- pydantic collects ValueError
    return GAPS.get(text) or parse(text)


def _size(text: object) -> Quantity:
    value = _value(text)
    if not isinstance(value, Quantity):
        raise ValueError("is not a size")  # noqa: TRY004 -- pydantic collects ValueError
    return value


def form(*dimensions: Dimension) -> str:
    """Returns a regular expression for quantities in any unit of these dimensions."""
    units = [unit for unit, (dimension, _) in UNITS.items() if dimension in dimensions]
    return rf"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)? *({'|'.join(map(re.escape, units))})"


GAP_FORM = "|".join(Gap)
VALUE_FORM = f"^({GAP_FORM}|{form(*Dimension)})$"
Value = Annotated[
    Quantity | Gap,
    BeforeValidator(_value),
    WithJsonSchema({"type": "string", "pattern": VALUE_FORM}),
]
Size = Annotated[
    Quantity,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": f"^({form(Dimension.BYTES)})$"}),
]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Basis(StrEnum):
    """How a rate is known to be dense.

    ``dense``: the source says so. ``inferred``: arithmetic or a measurement fits only a dense
    reading. ``halved``: the source prints the 2:4 sparse rate; the dense rate is half of it.
    ``unspecified``: the source does not say, and nothing decides it.
    """

    DENSE = "dense"
    INFERRED = "inferred"
    HALVED = "halved"
    UNSPECIFIED = "unspecified"


class Published(Strict):
    """One figure as one source gives it.

    Attributes:
        value: a quantity, ``unknown`` or ``unsupported``.
        basis: how it is known to be the dense rate; rates only.
        counts: what the source includes in its number that the figure's key does not; of a price,
            ``server``: a share of the server that holds the chip.
        formula: how it was computed, if the source does not print it.
        origin: ``computed`` if nobody printed it and it was computed here from the source. Such a
            figure is not a claim of the maker: it does not enter TPP, and a rule that it decides
            says so.
        needs: instruction sets without which it does not hold (CPUs).
        refuted: why a rival cannot be right (a copied row, a lost digit); it is kept and shown,
            but enters no range. A measurement that refutes it is named as ``[FILE:ID]`` of
            ``results/reported``.
    """

    value: Value
    source: Key
    basis: Basis | None = None
    counts: (
        Literal[
            "matrix+vector", "sparse", "one direction", "package", "die", "server", "pass mark"
        ]
        | None
    ) = None  # fmt: skip
    formula: str | None = None
    origin: Literal["published", "computed"] = "published"
    needs: tuple[str, ...] = ()
    refuted: str | None = None
    note: str | None = None

    @property
    def number(self) -> float | None:
        """Returns the value in base units, or None where there is no number."""
        return self.value.si if isinstance(self.value, Quantity) else None


class Figure(Published):
    """A published figure with the sources that disagree about it.

    ``why`` says why this value stands first; it is required where there are rivals.
    """

    rivals: tuple[Published, ...] = ()
    why: str | None = None


class Fact(Strict):
    """A property of a chip that is not a quantity, with its source."""

    value: Annotated[str, Field(min_length=1)]
    source: Key
    note: str | None = None


class CpuId(Strict):
    """CPUID identity of an x86 processor: vendor string, family and the models it covers."""

    vendor: Literal["GenuineIntel", "AuthenticAMD", "HygonGenuine", "CentaurHauls"]
    family: int
    models: tuple[int, ...]


class Identity(Strict):
    """What a device of this chip reports.

    ``names`` are patterns (``*`` matches anything) for the whole reported name, without regard to
    case. Memory, unit count and dies are taken from the figures of the sheet; ``memory`` adds other
    sizes that drivers report. ``isa`` marks a sheet that serves every CPU with these instruction
    sets whose family has no sheet. ``reports`` says what one device represents if that is not the
    whole chip.
    """

    names: tuple[str, ...] = ()
    pci: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = ()
    memory: tuple[Size, ...] = ()
    cpuid: CpuId | None = None
    isa: tuple[str, ...] = ()
    reports: Literal["chip", "die"] = "chip"


class Member(Strict):
    """Chips of one kind that a system is built of."""

    chip: Key
    count: Annotated[int, Field(gt=0)]

    def __str__(self) -> str:
        """Renders the chips as ``8 x nvidia-h20-sxm-96gb``."""
        return f"{self.count} x {self.chip}"


class Chip(Strict):
    """One accelerator, processor or system of them with a spec sheet.

    Attributes:
        tier: ``export`` for a variant made to pass export rules, ``domestic`` for one designed in
            China, ``global`` for one sold worldwide.
        family: key of ``specs/architectures.yaml``, which gives operations per unit and cycle.
        variants: the chips that share this name, if it is not the name of one chip.
        members: the chips of a system; figures that it does not print are summed over them.
        based_on: the sheet that a hypothetical chip takes all from that it does not change.
        explained: why a figure departs from units x clock x operations per cycle.
    """

    id: Key
    name: str
    based_on: Key | None = None
    vendor: Key
    kind: Literal["gpu", "npu", "cpu", "system"]
    status: Literal["sold", "announced", "reported", "withdrawn", "hypothetical", "stub"]
    tier: Literal["export", "domestic", "global"]
    architecture: str
    family: Key | None = None
    members: tuple[Member, ...] = ()
    variants: tuple[Key, ...] = ()
    form: str | None = None
    local_name: str | None = None
    aliases: tuple[str, ...] = ()
    identity: Identity = Identity()
    figures: Held[Figure] = Field(default_factory=dict, validate_default=True)
    facts: Held[Fact] = Field(default_factory=dict, validate_default=True)
    explained: Held[str] = Field(default_factory=dict, validate_default=True)
    notes: tuple[str, ...] = ()
    sheet_sha256: str = ""

    @property
    def short(self) -> str:
        """Returns its first alias; its id if it has none."""
        return (*self.aliases, self.id)[0]

    @property
    def launched(self) -> str | None:
        """Returns the first date in its launch fact: a year, month or day, ISO."""
        fact = self.facts.get("launch")
        found = re.search(r"\d{4}(?:-\d{2}(?:-\d{2})?)?", fact.value) if fact else None
        return found[0] if found else None

    def number(self, key: str) -> float | None:
        """Returns the preferred value of a figure in base units, or None where there is none."""
        figure = self.figures.get(key)
        return figure.number if figure else None

    def cited(self) -> Iterator[str]:
        """Yields the key of the source of each figure, rival figure and fact."""
        for figure in self.figures.values():
            yield from (one.source for one in (figure, *figure.rivals))
        yield from (fact.source for fact in self.facts.values())


class Architecture(Strict):
    """Operations per unit and cycle, for every chip of one architecture.

    Attributes:
        unit: what the figure ``units`` counts, such as SM.
        cycle: dense operations per unit and cycle, by the key of the rate that they give.
        l1_cache: bytes of a unit's first-level cache, including the shared memory taken from it.
    """

    name: str
    unit: str
    cycle: dict[str, Published]
    l1_cache: Published | None = None
    notes: tuple[str, ...] = ()


class Source(Strict):
    """A source of figures: who published it, and where it was read."""

    url: Annotated[str, Field(min_length=8)]
    kind: Literal[
        "vendor-datasheet",
        "vendor-whitepaper",
        "vendor-statement",
        "regulator-filing",
        "regulation",
        "legislation",
        "standard",
        "measurement",
        "academic",
        "review-site",
        "database",
        "press",
        "analyst-estimate",
        "law-firm",
    ]
    title: str | None = None
    read_via: str | None = None
    accessed: Day
    weak: str | None = None
