"""Parameters of the software stack: what neither a chip's sheet nor a model's shape says."""

from dataclasses import dataclass, replace

import numpy as np

from bench.predict.model.operators import Array

CLOCK = 1.92e9
"""Boost clock, Hz, for which launch times are given; also assumed for a chip without a published
clock."""
NETWORK_S = 170e-6
"""Waiting time of a layer's all-reduce over two nodes, s, beyond its bytes: by how much a token of
DeepSeek-R1 took longer on 16 H100 (tt-inference-server 356: 181 us each) and on 16 H20 (Tencent's
tke-ai-playbook: 161 us). NCCL's own start-up time is a third of it; the rest is due to engines. It
was set on these two, which therefore no longer test it."""
NETWORK_SET_ON = ("tt-inference-server-gpus", "tke-ai-playbook")
"""The reports with those values, in ``results/reported``."""
MESSAGE_S, HOP_S, BUS = 3e-6, 0.73e-6, 0.43
"""Values of ``message_s``, ``hop_s`` and ``bus``. The last two are NCCL's, on chips with links and
on chips with PCIe only (``learning.collectives``). An all-reduce over eight chips so starts in 8
us. NCCL takes 16 to 25 us, but engines send short messages with kernels of their own, and measured
steps fit worse with NCCL's times."""
LEAST, MOST = 0.15, 1.0
"""Bounds of the achieved fraction of a matrix rate, however large or small the headroom."""


@dataclass(frozen=True)
class Stack:
    """How well software uses chips.

    Attributes:
        product: achieved fraction of the matrix rate at 1 TFLOP/s per watt.
        headroom: decrease of that fraction with each doubling of TFLOP/s per watt, because a chip
            with more arithmetic than power lowers its clock.
        attention: achieved fraction of attention in prefill over that of products.
        stream: achieved fraction of memory bandwidth, for weights and activations.
        cache: achieved fraction of memory bandwidth, for the key-value cache.
        ecc: 1 if ECC traffic takes bandwidth, 0 if it does not (as on paper).
        overlap: exponent of the soft maximum of compute and memory time; 1 means no overlap.
        rows: rows of a product's smallest tile: fewer take as long.
        experts_rows: rows per tile in routed experts' products, of which each active expert fills
            at least one. A Hopper instruction takes 64; on the H20, which has little compute for
            its bandwidth, 2 rows per expert take as long as 40 (DeepGEMM, in the tables).
        experts_overlap: ``overlap`` for routed experts' products.
        layer_s: launch overhead of a usual dense layer at ``CLOCK``, s. It is a number of cycles;
            other layers have it in proportion to their kernels.
        experts_s: launch overhead of one layer's routed experts at ``CLOCK``, s.
        message_s: start-up time of a collective, s.
        hop_s: additional start-up time for each further chip that takes part, s.
        network_s: additional start-up time of a collective that crosses nodes, s.
        link: achieved fraction of the bandwidth of links and of the network.
        bus: the same of PCIe, where messages pass the host.
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
    message_s: float = MESSAGE_S
    hop_s: float = HOP_S
    network_s: float = NETWORK_S
    link: float = 0.82
    bus: float = BUS

    def fraction(self, headroom: Array | float) -> Array:
        """Returns the achieved fraction of a matrix rate in large products.

        Args:
            headroom: log2 of dense TFLOP/s per watt of board power.
        """
        return np.clip(self.product - self.headroom * np.asarray(headroom), LEAST, MOST)

    def data_bandwidth(self, bandwidth: Array | float, coded: Array | float) -> Array:
        """Returns the memory bandwidth that ECC leaves for data, B/s.

        Args:
            bandwidth: published bandwidth, B/s.
            coded: share of traffic that ECC takes.
        """
        return np.asarray(bandwidth * (1 - self.ecc * coded))


IDEAL = Stack(
    product=1.0, headroom=0.0, stream=1.0, cache=1.0, ecc=0.0, overlap=64.0, rows=1.0,
    experts_rows=0.0, experts_overlap=64.0, layer_s=0.0, experts_s=0.0, message_s=0.0, hop_s=0.0,
    network_s=0.0, link=1.0, bus=1.0,
)  # fmt: skip
"""The roofline: every figure of the sheet is reached, and launches take no time."""


def shared(share: float) -> Stack:
    """Returns the roofline at one share of every figure, as tools without fitted data assume."""
    return replace(
        IDEAL, product=share, stream=share, cache=share, link=share, bus=share
    )  # fmt: skip


def soft_maximum(first: Array, second: Array, exponent: float) -> Array:
    """Returns (a^p + b^p)^(1/p), scaled so that no power overflows."""
    larger = np.maximum(np.maximum(first, second), 1e-300)
    total = (first / larger) ** exponent + (second / larger) ** exponent
    return np.asarray(larger * total ** (1 / exponent))
