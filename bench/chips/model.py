"""A spec sheet as a value: figures with their sources, rivals and gaps."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from bench.strict import Strict
from bench.units import Quantity, parse


class Gap(StrEnum):
    """Why a figure has no number: nobody said, or the chip has no such unit."""

    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


def _value(text: object) -> Quantity | Gap:
    if isinstance(text, Quantity | Gap):
        return text
    if not isinstance(text, str):
        raise ValueError("write the figure as a quoted quantity such as '148 TFLOP/s'")  # noqa: TRY004 -- pydantic collects ValueError
    return Gap(text) if text in tuple(Gap) else parse(text)


Value = Annotated[Quantity | Gap, BeforeValidator(_value)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Basis(StrEnum):
    """How we know that a rate is the dense one.

    ``dense``: the source says so. ``inferred``: arithmetic or a measurement fits only a dense
    reading. ``halved``: the source prints the 2:4 sparse rate, the dense one is half of it.
    ``unspecified``: the source does not say, and nothing decides it.
    """

    DENSE = "dense"
    INFERRED = "inferred"
    HALVED = "halved"
    UNSPECIFIED = "unspecified"


class Published(Strict):
    """One figure as one source gives it."""

    value: Value
    source: Key
    basis: Basis | None = None
    counts: Literal["matrix+vector", "sparse", "one direction", "package", "die"] | None = None
    formula: str | None = None
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
    """Something said of a chip that is no quantity, with its source."""

    value: Annotated[str, Field(min_length=1)]
    source: Key
    note: str | None = None


class CpuId(Strict):
    """How an x86 processor names itself: vendor string, family and the models it covers."""

    vendor: Literal["GenuineIntel", "AuthenticAMD", "HygonGenuine", "CentaurHauls"]
    family: int
    models: tuple[int, ...]


class Identity(Strict):
    """What a device reports when it is this chip.

    ``names`` are patterns (``*`` stands for anything) over the reported name, whole and without
    regard to case. Memory, unit count and dies are taken from the figures of the sheet.
    ``reports`` says what one device stands for where that is not the whole chip.
    """

    names: tuple[str, ...] = ()
    pci: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")], ...] = ()
    memory: tuple[Quantity, ...] = ()
    cpuid: CpuId | None = None
    reports: Literal["chip", "die"] = "chip"


class Chip(Strict):
    """One accelerator or processor variant with a spec sheet."""

    id: Key
    name: str
    vendor: Key
    kind: Literal["gpu", "npu", "cpu", "system"]
    status: Literal["sold", "announced", "reported", "withdrawn", "stub"]
    tier: Literal["export", "domestic", "global"]
    architecture: str
    form: str | None = None
    local_name: str | None = None
    aliases: tuple[str, ...] = ()
    identity: Identity = Identity()
    figures: dict[str, Figure] = {}
    facts: dict[str, Fact] = {}
    explained: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    sheet_sha256: str = ""

    def number(self, key: str) -> float | None:
        """Returns the preferred value of a figure in base units, or None where there is none."""
        figure = self.figures.get(key)
        return figure.number if figure else None


class Source(Strict):
    """Where figures come from: who says it, and where it was read."""

    url: Annotated[str, Field(min_length=8)]
    kind: Literal[
        "vendor-datasheet",
        "vendor-whitepaper",
        "vendor-statement",
        "regulator-filing",
        "regulation",
        "standard",
        "measurement",
        "academic",
        "review-site",
        "database",
        "press",
        "analyst-estimate",
    ]
    title: str | None = None
    read_via: str | None = None
    accessed: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    weak: str | None = None
