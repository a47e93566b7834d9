"""Number formats of a model's weights, cache and products, and their sizes in bytes."""

from dataclasses import dataclass

from bench.errors import UsageError, did_you_mean

ITEM = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0}
"""Bytes per element."""
BLOCK = {"mxfp8": (1.03125, "fp8"), "nvfp4": (0.5625, "fp4"), "mxfp4": (0.53125, "mxfp4")}
"""Formats with a scale per block: bytes per weight with its share of the scale, and the format
whose rate applies. A scale has 8 bits, for 16 weights in nvfp4 and else for 32 (OCP Microscaling
Formats 1.0, 5.1). Sheets that print no mxfp8 rate mean both by fp8."""
WEIGHT_ONLY = {
    "w8a16": (1.0, "bf16"), "w4a16": (0.53125, "bf16"), "mxfp4-a16": (0.53125, "bf16"),
    "int4-a16": (0.53125, "bf16"),
}  # fmt: skip
"""Formats of weights only: bytes per weight, and the format whose rate applies."""
MIXED = {"mxfp4-a8": (0.53125, "fp8", 1.0)}
"""Experts in 4 bits with products in 8, and everything else in 8 bits, as DeepSeek-V4 is published:
bytes per weight in experts, the format whose rate applies, bytes per weight elsewhere."""
SPOKEN = {"w8a8": "it is int8 or fp8", "w4a4": "it is nvfp4 or mxfp4"}
"""Other common names, with what they are called here."""
EXPERTS_ONLY = ("mxfp4", "mxfp4-a16", "int4-a16")
"""Formats that published models use only in routed experts, with 16 bits elsewhere."""
TRAINED = ("bf16", "fp16", "fp8", "mxfp8", "nvfp4")
"""Formats in which training was measured, or that have the rate of such a format."""


@dataclass(frozen=True)
class Precision:
    """Number formats in which a model is stored and computed.

    Attributes:
        name: value of ``precision=``.
        weight: bytes per weight of the layers; embedding and head stay in 16 bits.
        rate: format of matrix products, whose rate applies.
        cache: bytes per element of the key-value cache.
        rest: bytes per weight outside routed experts; 0 means the same as ``weight``.
    """

    name: str
    weight: float
    rate: str
    cache: float = 2.0
    rest: float = 0.0

    @property
    def dense_weight(self) -> float:
        """Returns the bytes per weight outside routed experts."""
        return self.rest or self.weight

    @property
    def dense(self) -> str:
        """Returns the format of products outside routed experts."""
        return "bf16" if self.rest > 1 else self.rate

    @property
    def attention(self) -> str:
        """Returns the format of attention: 16 bits, whatever the weights."""
        return self.rate if self.rate in ("bf16", "fp16") else "bf16"

    @property
    def dispatched(self) -> float:
        """Returns the bytes per element of a token sent to its experts, and back in 16 bits.

        It is sent in 8 bits if they compute in 8 or fewer.
        """
        return 4.0 if self.rate in ("bf16", "fp16", "fp32") else 3.0


def weights_of(formats: Precision) -> str:
    """Returns the weight-only format with weights of the same size and products in 16 bits."""
    return "w8a16" if formats.weight >= 1 else "w4a16"


def precision(word: str, cache: str = "bf16", *, experts: bool = True) -> Precision:
    """Returns a precision by name.

    Args:
        word: format of weights and products.
        cache: format of the key-value cache.
        experts: whether the model has experts; without any, formats of experts apply to all layers.

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
