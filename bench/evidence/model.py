"""Models of reported measurements: what was measured, by whom, how, and the source."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from bench.chips.model import Key, form
from bench.files.strict import Day, Strict, real_day
from bench.units import Dimension, Quantity, parse

RATES = (
    Dimension.FLOP_RATE, Dimension.OP_RATE, Dimension.BYTE_RATE, Dimension.TOKEN_RATE,
    Dimension.SAMPLE_RATE, Dimension.TIME, Dimension.SHARE, Dimension.BYTES,
)  # fmt: skip
"""The dimensions that a measured value may have."""


def _quantity(text: object) -> Quantity:
    if isinstance(text, Quantity):
        return text
    if not isinstance(text, str):
        raise ValueError("is not a piece of text")  # noqa: TRY004 -- pydantic collects ValueError
    return parse(text)


Measured = Annotated[
    Quantity,
    BeforeValidator(_quantity),
    WithJsonSchema({"type": "string", "pattern": f"^({form(*RATES)})$"}),
]


def _real(text: str) -> str:
    return real_day(text) if len(text) == 10 else text


When = Annotated[
    str,
    Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$"),
    AfterValidator(_real),
]
"""A year, a month or a day."""
Text = Annotated[str, Field(min_length=1)]


class Kind(StrEnum):
    """The class of a measurement by who made it, which decides its weight."""

    OWN = "own run"
    INDEPENDENT = "independent test"
    ACADEMIC = "academic"
    CONSORTIUM = "consortium"
    VENDOR = "vendor claim"
    THIRD = "third party"
    GATE = "vendor gate"
    USER = "user submission"
    REDACTED = "redacted"


class Defect(StrEnum):
    """A reason why a value may be higher or lower than the rate that it is called."""

    CONSTANT = "constant inputs"
    BEST = "best of many"
    WALL = "wall clock"
    ACC16 = "fp16 accumulation"
    CAPPED = "power capped"
    SHARE = "percent only"
    BRIEF = "short run"
    PAGEABLE = "pageable memory"
    UNSATURATED = "unsaturated"
    BOTH = "both directions counted"
    COPY = "copy engine"
    READ_OFF = "read off a plot"
    ROUNDED = "rounded"
    VARIANT = "variant not stated"
    SECOND = "second hand"
    PRERELEASE = "pre-release"
    SIMULATED = "partly simulated"
    IMPLAUSIBLE = "implausible"


Work = Literal[
    "shape", "model", "benchmark", "scenario", "case", "input", "output", "batch", "concurrency",
    "requests", "tokens", "seq", "q_len", "kv_len", "heads", "head_dim", "hidden", "topk", "mask",
    "kv_dtype", "size", "scope", "tp", "pp", "vp", "cp", "ep", "dp", "global_batch", "micro_batch",
    "grad_acc", "recompute", "sharding", "phase", "latency_limit",
]  # fmt: skip
"""Keys of what was computed: two measurements of work are comparable only if all of these agree.

How training was parallelised: tp, pp, cp, ep, dp devices of each kind of parallelism, vp virtual
stages per device, sequences in a micro-batch and a global batch; ``recompute`` is full (the whole
forward pass of every layer is repeated), selective or none; ``sharding`` is fsdp (weights sharded
over the replicas, including ZeRO-3) or ddp (whole replicas, with or without a sharded optimiser).
"""
Setup = Literal[
    "method", "tool", "kernel", "engine", "setup", "power", "limits", "network", "hardware",
    "host", "submitter", "iterations", "mode", "api", "checkpoint", "data", "latency", "step_time",
    "bandwidth", "ttft", "tpot", "reference", "other",
]  # fmt: skip
"""Keys of how it was measured, and of other details that the source gives."""
Word = TypeVar("Word", bound=str)
Words = Annotated[Mapping[Word, Text], AfterValidator(MappingProxyType)]


class Reported(Strict):
    """One measured value.

    Attributes:
        id: an identifier, unique in its file.
        chip: id of the sheet.
        named: what the source calls the device, if that does not determine the sheet.
        count: number of chips that took part.
        per: whether the value is per whole chip, per die, or for all ``count`` chips together;
            a time is never for all together.
        value: the value with its unit; operations are dense.
        statistic: which statistic of the samples it is.
        kind: the class, by default that of the source.
        defects: known defects that reduce its weight.
        quality: A: primary, conditions known; B: primary, conditions partly known, or crowd data;
            C: second hand, a vendor's round number or a known artefact.
        by: who measured, if not the source.
        at: where in the source the value is.
        formula: how it was computed, if the source does not print it.
        workload, conditions: what was computed, and how.
    """

    id: Key
    chip: Key
    named: Text | None = None
    count: Annotated[int, Field(ge=1, le=10**7)] = 1
    per: Literal["device", "die", "total"] = "device"
    quantity: Key
    dtype: Key | None = None
    value: Measured
    statistic: Literal["best", "mean", "median", "unknown"]
    kind: Kind | None = Field(default=None, alias="class")
    defects: tuple[Defect, ...] = ()
    quality: Literal["A", "B", "C"]
    date: When
    by: Text | None = None
    at: Text | None = None
    software: Text | None = None
    workload: Words[Work] = Field(default_factory=dict, validate_default=True)
    conditions: Words[Setup] = Field(default_factory=dict, validate_default=True)
    formula: Text | None = None
    note: Text | None = None


class Origin(Strict):
    """Where the values of one file come from.

    Attributes:
        by: who measured; two files by the same group count as one vote.
        kind: the class of its values, unless a value says otherwise.
        protocol: a suite whose rules make the same work by different groups comparable.
        read_via: the copy it was read in, if not at its address.
        weak: why the source is weak.
    """

    url: Annotated[str, Field(min_length=8)]
    title: Text
    by: Text
    kind: Kind = Field(alias="class")
    protocol: Text | None = None
    accessed: Day
    read_via: Text | None = None
    weak: Text | None = None


class Report(Strict):
    """One file of reported measurements: a source and its values."""

    id: Key
    source: Origin
    rows: Annotated[tuple[Reported, ...], Field(min_length=1)]

    def kind_of(self, row: Reported) -> Kind:
        """Returns the class of a value."""
        return row.kind or self.source.kind

    def by(self, row: Reported) -> str:
        """Returns who measured a value."""
        return row.by or self.source.by
