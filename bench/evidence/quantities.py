"""The quantities that can be measured, with their units, families and the figures they test.

A quantity of the families ``matrix``, ``vector``, ``memory`` and ``link`` tests a figure of the
sheet. The others are work: of language models, and in the family ``inference`` of models that
generate no text. They are compared between chips only where the same work was done.
"""

from dataclasses import dataclass

from bench.units import Dimension

FLOP = (Dimension.FLOP_RATE, Dimension.OP_RATE)
BYTE = (Dimension.BYTE_RATE,)
TOKEN = (Dimension.TOKEN_RATE,)
THROUGHPUT = (*TOKEN, Dimension.SAMPLE_RATE)
TIME = (Dimension.TIME,)
SHARE = (Dimension.SHARE,)

DTYPES = (
    "fp64", "fp32", "tf32", "hf32", "bf16", "fp16", "fp16_acc16", "fp8", "mxfp8", "fp6", "fp4",
    "nvfp4", "mxfp4", "int16", "int8", "int4",
)  # fmt: skip
"""Number formats of the inputs; for a language model, of its weights."""


@dataclass(frozen=True)
class Quantity:
    """One kind of measurement.

    Attributes:
        key: its word in data files.
        title: in words.
        family: quantities with the same scatter between sources.
        units: the units that its values may have.
        tests: keys of the figures it is compared with, the first that the sheet has; ``{dtype}``
            stands for the row's.
        decides: whether the figure promises such a rate; other work is shown beside it and
            decides nothing.
        ranks: which stands for a source's measurement of the figure where it has several:
            a lower rank before a higher one, then the best value.
        better: ``higher``, or ``lower`` for times.
    """

    key: str
    title: str
    family: str
    units: tuple[Dimension, ...]
    tests: tuple[str, ...] = ()
    decides: bool = False
    ranks: int = 0
    better: str = "higher"


MATRIX = ("matrix_{dtype}",)
MEMORY = ("memory_bandwidth",)
ONEWAY = ("link_bandwidth_oneway",)
STREAMS = ("read", "write", "copy", "scale", "add", "triad", "dot")
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all", "broadcast")


def _streams() -> list[Quantity]:
    return [
        Quantity(f"memory_{one}", f"memory bandwidth, {one}", "memory", BYTE, MEMORY, decides=True)
        for one in STREAMS
    ]


def _collectives() -> list[Quantity]:
    """Returns bus bandwidths as nccl-tests defines them."""
    words = {one: one.replace("_", "-") for one in COLLECTIVES}
    return [
        Quantity(one, f"{words[one]} bus bandwidth", "collective", BYTE, ONEWAY)
        for one in COLLECTIVES
    ]


QUANTITIES: dict[str, Quantity] = {
    one.key: one
    for one in (
        Quantity(
            "matmul_best", "matrix product, best shape found", "matrix", (*FLOP, *SHARE), MATRIX,
            decides=True,
        ),
        Quantity(
            "matmul_shape", "matrix product of one shape", "matrix", (*FLOP, *SHARE), MATRIX,
            decides=True, ranks=1,
        ),
        Quantity("matmul_median", "matrix product, median of many shapes", "product", FLOP, MATRIX),
        Quantity("grouped_matmul", "grouped matrix product of experts", "product", FLOP, MATRIX),
        Quantity(
            "vector_rate", "vector arithmetic", "vector", FLOP, ("vector_{dtype}",), decides=True
        ),
        Quantity("weight_stream", "matrix times vector, bytes moved", "product", BYTE, MEMORY),
        Quantity(
            "sparse_matmul", "matrix product with structured sparsity", "sparse", FLOP,
            ("sparse_{dtype}",), decides=True,
        ),
        *_streams(),
        Quantity(
            "memory_held", "memory that was held", "capacity", (Dimension.BYTES,),
            ("memory_capacity",), decides=True,
        ),
        Quantity(
            "host_to_device", "host to device copy", "link", BYTE, ("pcie_bandwidth_oneway",),
            decides=True,
        ),
        Quantity(
            "device_to_host", "device to host copy", "link", BYTE, ("pcie_bandwidth_oneway",),
            decides=True,
        ),
        Quantity(
            "peer_oneway", "device to device copy, one direction", "link", BYTE, ONEWAY,
            decides=True,
        ),
        Quantity(
            "peer_bidirectional", "device to device copy, both directions", "link", BYTE,
            ("link_bandwidth",), decides=True,
        ),
        Quantity(
            "network_oneway", "node to node, one direction", "link", BYTE, ("network_oneway",),
            decides=True,
        ),
        *_collectives(),
        Quantity("send_receive", "send and receive bandwidth", "collective", BYTE, ONEWAY),
        Quantity("expert_dispatch", "dispatch of tokens to experts", "collective", BYTE),
        Quantity("expert_combine", "combination of experts' tokens", "collective", BYTE),
        Quantity(
            "expert_dispatch_time", "dispatch of tokens to experts, time", "collective", TIME,
            better="lower",
        ),
        Quantity(
            "expert_combine_time", "combination of experts' tokens, time", "collective", TIME,
            better="lower",
        ),
        Quantity("experts_time", "expert layer, time", "product", TIME, better="lower"),
        Quantity("attention_forward", "attention, forward", "attention", FLOP, MATRIX),
        Quantity("attention_backward", "attention, backward", "attention", FLOP, MATRIX),
        Quantity("attention_decode", "attention of a decode step", "attention", BYTE, MEMORY),
        Quantity("mla_prefill", "latent attention, prefill", "attention", FLOP, MATRIX),
        Quantity("mla_decode", "latent attention of a decode step", "attention", FLOP, MATRIX),
        Quantity(
            "mla_decode_bandwidth", "latent attention of a decode step, bytes", "attention", BYTE,
            MEMORY,
        ),
        Quantity("prefill", "prefill of a language model", "prefill", TOKEN),
        Quantity("decode", "decoding of a language model", "decode", TOKEN),
        Quantity("serving_output", "serving under load, output tokens", "serving", TOKEN),
        Quantity("serving_total", "serving under load, all tokens", "serving", TOKEN),
        Quantity(
            "mlperf_inference", "MLPerf inference of a language model", "serving", THROUGHPUT
        ),
        Quantity("inference_rate", "inference of another model", "inference", THROUGHPUT),
        Quantity(
            "inference_time", "time of inference of another model", "inference", TIME,
            better="lower",
        ),
        Quantity("tpot", "time per output token", "decode", TIME, better="lower"),
        Quantity("ttft", "time to first token", "prefill", TIME, better="lower"),
        Quantity("batch_time", "time of a batch of requests", "serving", TIME, better="lower"),
        Quantity("training_rate", "training throughput", "training", THROUGHPUT),
        Quantity("training_flops", "training, model FLOP/s", "training", FLOP, MATRIX),
        Quantity("training_mfu", "training, share of peak (MFU)", "training", SHARE),
        Quantity("training_time", "time of a training job", "training", TIME, better="lower"),
        Quantity("inference_mfu", "inference, share of peak (MFU)", "inference", SHARE),
    )
}  # fmt: skip


def figures_of(quantity: Quantity, dtype: str | None) -> tuple[str, ...]:
    """Returns the keys of the figures that a measurement of this dtype is compared with."""
    if dtype is None and any("{" in one for one in quantity.tests):
        return ()
    found = [one.format(dtype=dtype) for one in quantity.tests]
    if dtype in ("nvfp4", "mxfp4") and quantity.tests == MATRIX:
        found.append("matrix_fp4")  # most sheets print one figure for all formats of 4 bits
    return tuple(dict.fromkeys(one for one in found if not one.endswith("nvfp4")))
