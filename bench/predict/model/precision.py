"""Number formats of a model's weights, its cache and its arithmetic, with what they take."""

from dataclasses import dataclass

from bench.errors import UsageError, did_you_mean

ITEM = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0}
BLOCK = {"mxfp8": (1.03125, "fp8"), "nvfp4": (0.5625, "fp4"), "mxfp4": (0.53125, "mxfp4")}
"""Bytes a weight with its block's scale, and the rate: of 16 weights 8 bits in nvfp4, else of 32
(OCP Microscaling Formats 1.0, 5.1). Sheets that print no mxfp8 mean it, too, by fp8."""
WEIGHT_ONLY = {
    "w8a16": (1.0, "bf16"), "w4a16": (0.53125, "bf16"), "mxfp4-a16": (0.53125, "bf16"),
    "int4-a16": (0.53125, "bf16"),
}  # fmt: skip
MIXED = {"mxfp4-a8": (0.53125, "fp8", 1.0)}
"""Experts in 4 bits that are multiplied in 8, and all else in 8 bits, as DeepSeek-V4 is published:
bytes a weight of experts, the rate of all products, bytes a weight beside experts."""
SPOKEN = {"w8a8": "it is int8 or fp8", "w4a4": "it is nvfp4 or mxfp4"}
"""What others call formats that have a name of their own here."""
EXPERTS_ONLY = ("mxfp4", "mxfp4-a16", "int4-a16")
"""Formats that published models have in their routed experts only; the rest is 16 bits wide."""
TRAINED = ("bf16", "fp16", "fp8", "mxfp8", "nvfp4")
"""Formats that runs of training were measured in, or whose rate stands for one of them."""


@dataclass(frozen=True)
class Precision:
    """How a model is kept and computed.

    Attributes:
        name: as it is asked for.
        weight: bytes a weight of the layers takes; embedding and head stay 16 bits wide.
        rate: format of the matrix products.
        cache: bytes an element of the key-value cache takes.
        rest: bytes a weight outside of the routed experts takes.
    """

    name: str
    weight: float
    rate: str
    cache: float = 2.0
    rest: float = 0.0

    @property
    def beside(self) -> float:
        """Returns bytes a weight outside of the routed experts takes."""
        return self.rest or self.weight

    @property
    def dense(self) -> str:
        """Returns the format of products outside of the routed experts."""
        return "bf16" if self.rest > 1 else self.rate

    @property
    def attention(self) -> str:
        """Returns the format that attention is computed in: 16 bits whatever the weights."""
        return self.rate if self.rate in ("bf16", "fp16") else "bf16"


def weights_of(how: Precision) -> str:
    """Returns the format whose weights are as wide and whose products are of 16 bits."""
    return "w8a16" if how.weight >= 1 else "w4a16"


def precision(word: str, cache: str = "bf16", *, experts: bool = True) -> Precision:
    """Returns a precision by name.

    Args:
        word: format of weights and products.
        cache: format of keys and values.
        experts: whether the model has any: formats of experts alone are those of all layers else.

    Raises:
        UsageError: there is no such name.
    """
    known = {
        **{name: (size, name) for name, size in ITEM.items()},
        **BLOCK,
        **WEIGHT_ONLY,
        **{name: (size, rate) for name, (size, rate, _) in MIXED.items()},
    }
    if word not in known:
        meant = SPOKEN.get(word.lower()) or did_you_mean(word, known)
        raise UsageError(f"no precision {word!r}: {meant}")
    if cache not in ITEM:
        raise UsageError(f"no cache format {cache!r}: {did_you_mean(cache, ITEM)}")
    size, rate = known[word]
    rest = MIXED[word][2] if word in MIXED else 2.0 if word in EXPERTS_ONLY else 0.0
    return Precision(word, size, rate, ITEM[cache], rest if experts else 0.0)
