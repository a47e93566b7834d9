"""The software stack's parameters: what a chip's sheet cannot say and a model's shape does not."""

from dataclasses import dataclass, replace

import numpy as np

from bench.predict.model.operators import Array

CLOCK = 1.92e9
"""Boost clock, Hz, at which launches are given, and that of a chip whose clock nobody gives."""
NETWORK_S = 170e-6
"""Time that a layer's all-reduce over two nodes waits, s, beyond its bytes: what a token of
DeepSeek-R1 took longer on 16 H100 (tt-inference-server 356: 181 us each) and on 16 H20 (Tencent's
tke-ai-playbook: 161 us). NCCL's own begin is a third of it; the rest is engines'. It was set on
these two, which test it no more."""
LEAST, MOST = 0.15, 1.0
"""Bounds of the achieved fraction: headroom is extrapolated no further."""


@dataclass(frozen=True)
class Stack:
    """How well software uses chips.

    Attributes:
        product: achieved fraction of the matrix rate at 1 TFLOP/s a watt.
        headroom: by how much it falls with each doubling of TFLOP/s a watt: a chip that has more
            arithmetic than power runs it slower.
        attention: achieved fraction of attention in prefill over that of products.
        stream: achieved fraction of memory bandwidth, for weights and activations.
        cache: the same for the key-value cache.
        ecc: whether traffic of ECC is counted: 1, or 0 as on paper.
        overlap: exponent of the soft maximum of compute and memory time; 1: one after the other.
        rows: granularity of a product's rows.
        experts_rows: rows of a tile of routed experts' products, of which each expert fills at
            least one: an instruction of Hopper's takes 64, and on H20, which has little arithmetic
            for its bandwidth, 2 rows an expert take as long as 40 (DeepGEMM, in the tables).
        experts_overlap: ``overlap`` of those.
        layer_s: fixed time a dense layer at ``CLOCK``, of launches and what lies between:
            cycles, as those of single kernels; other layers have it by the number of their kernels.
        experts_s: the same of a layer's routed experts.
        message_s: time to begin a collective.
        network_s: the same beyond it of one that passes from node to node.
        link, link_small: achieved fraction of link bandwidth, of long and of short messages.
    """

    product: float = 0.70
    headroom: float = 0.10
    attention: float = 1.0
    stream: float = 0.86
    cache: float = 0.9
    ecc: float = 1.0
    overlap: float = 1.1
    rows: float = 16.0
    experts_rows: float = 64.0
    experts_overlap: float = 2.7
    layer_s: float = 60e-6
    experts_s: float = 32e-6
    message_s: float = 5e-6
    network_s: float = NETWORK_S
    link: float = 0.82
    link_small: float = 0.6

    def fraction(self, headroom: Array | float) -> Array:
        """Returns the achieved fraction of a matrix rate in large products.

        Args:
            headroom: log2 of dense TFLOP/s a watt of board power.
        """
        return np.clip(self.product - self.headroom * np.asarray(headroom), LEAST, MOST)

    def carried(self, bandwidth: Array | float, coded: Array | float) -> Array:
        """Returns the bandwidth that is left for data.

        Args:
            bandwidth: published, B/s.
            coded: share of traffic that ECC takes.
        """
        return np.asarray(bandwidth * (1 - self.ecc * coded))


IDEAL = Stack(
    product=1.0, headroom=0.0, stream=1.0, cache=1.0, ecc=0.0, overlap=64.0, rows=1.0,
    experts_rows=0.0, experts_overlap=64.0, layer_s=0.0, experts_s=0.0, message_s=0.0,
    network_s=0.0, link=1.0, link_small=1.0,
)  # fmt: skip
"""The roofline: every figure of the sheet reached, nothing between."""


def shared(share: float) -> Stack:
    """Returns the roofline at one share of every figure: what tools assume that fit nothing."""
    return replace(
        IDEAL, product=share, stream=share, cache=share, link=share, link_small=share
    )  # fmt: skip


def soft_maximum(first: Array, second: Array, exponent: float) -> Array:
    """Returns (a^p + b^p)^(1/p), scaled so that no power overflows."""
    larger = np.maximum(np.maximum(first, second), 1e-300)
    total = (first / larger) ** exponent + (second / larger) ** exponent
    return np.asarray(larger * total ** (1 / exponent))
