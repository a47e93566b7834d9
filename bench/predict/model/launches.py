"""Counts the kernels of a model's layers: the stack's fixed time per layer grows with them."""

from bench.workloads import linear
from bench.workloads.model import Workload

GROUPED_KERNELS = 6.0
"""Kernels of a layer's attention, multi-head or grouped-query: two norms, the QKV product, rotary
embedding, attention, the output product. Without rotary embedding there is one less."""
LATENT_KERNELS = 10.0
"""The same for latent attention (MLA), which has five kernels in place of the QKV product: down to
latents, their norm, up to queries, into the keys' latents, out of the values' latents."""
COMPRESSED_KERNELS = 10.0
"""The same for compressed attention: latents for queries only, and two output products."""
LINEAR_KERNELS = 8.0
"""The same for linear attention: two norms, the product to queries, keys, values and gates, that to
decays and writing strengths, convolution, recurrence, gated norm, the output product."""
FOLD_KERNELS = 2.0
"""Kernels that fold several tokens into one compressed key: a product and the sum."""
INDEXER_KERNELS = 7.0
"""Kernels of an indexer: the products of its queries and of its keys, the norm of the keys, rotary
embedding of both, conversion of both to 8 bits, scores, top-k."""
STREAM_KERNELS = 4.0
"""Kernels that mix several hidden states (hyper-connections): two before and two after what they
are mixed for."""
BLOCK_KERNELS = 3.0
"""Kernels of a feed-forward block: gate with up (or up alone), activation, down."""
USUAL = GROUPED_KERNELS + BLOCK_KERNELS
"""Kernels of the dense layers that the stack's fixed time per layer was fitted on."""


def usual_layers(workload: Workload) -> float:
    """Returns the number of dense layers of the usual kind that launch as many kernels.

    A layer with experts has no plain block. It has a router, a shared block if all tokens share
    one, and routed experts, whose launches are not counted here.
    """
    routed = routed_layers(workload)
    unrouted = 1.0 + (BLOCK_KERNELS if workload.experts and workload.experts.shared else 0.0)
    kernels = linear.other_layers(workload) * _attention_kernels(workload)
    kernels += linear.layers(workload) * LINEAR_KERNELS
    kernels = kernels + (workload.layers - routed) * BLOCK_KERNELS + routed * unrouted
    kernels += workload.indexer.layers * INDEXER_KERNELS if workload.indexer else 0.0
    if folded := workload.compressed:
        kernels += (folded.sparse_layers + folded.heavy_layers) * FOLD_KERNELS
    return kernels / USUAL


def _attention_kernels(workload: Workload) -> float:
    """Returns the kernels of one layer's attention, without an indexer or folding."""
    kernels = GROUPED_KERNELS
    if workload.compressed or workload.mla:
        kernels = COMPRESSED_KERNELS if workload.compressed else LATENT_KERNELS
    kernels += STREAM_KERNELS if workload.streams > 1 else 0.0
    kernels += workload.norms - 2.0 + (1.0 if workload.o_gate else 0.0)
    return kernels - (0.0 if workload.rope_theta else 1.0)


def routed_layers(workload: Workload) -> int:
    """Returns the number of layers with routed experts."""
    return workload.layers - workload.experts.dense_layers if workload.experts else 0
