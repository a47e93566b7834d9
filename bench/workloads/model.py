"""A language model's shape, as its published configuration gives it."""

from typing import Annotated, Literal

from pydantic import Field

from bench.files.strict import Strict

Count = Annotated[int, Field(ge=1, le=10**8)]
Positive = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Experts(Strict):
    """The mixture of experts that takes the place of the feed-forward block.

    ``intermediate`` is the width of one expert. ``dense_layers`` is the number of layers with a
    plain block instead, be they the first ones or every other one. ``scale`` is the sum of the
    selected experts' weights. ``bias`` tells whether each expert's two products have biases. The
    experts are divided into ``groups``, and a token goes to experts of ``groups_per_token`` groups
    only. ``hashed`` is the number of layers at the start where a table selects the experts by the
    token; their routers have no bias. ``shared_gate`` tells whether a learnt score per token scales
    the shared experts.
    """

    routed: Count
    shared: Annotated[int, Field(ge=0, le=1000)]
    per_token: Count
    intermediate: Count
    dense_layers: Annotated[int, Field(ge=0, le=10**4)]
    scale: Positive = 1.0
    router_bias: bool = False
    bias: bool = False
    groups: Count = 1
    groups_per_token: Count = 1
    hashed: Annotated[int, Field(ge=0, le=10**4)] = 0
    shared_gate: bool = False


class Window(Strict):
    """Attention of some layers to near tokens only: a sliding window, or chunks.

    A token sees only the last ``tokens`` keys, including its own; or with ``chunked``, those of its
    own chunk of so many tokens up to itself. ``layers`` is the number of such layers.
    """

    tokens: Count
    layers: Count
    chunked: bool = False


class Mla(Strict):
    """Multi-head latent attention: the ranks of queries and of keys and values, sizes of a head.

    A key has ``nope`` elements that are unfolded from the latent, and ``rope`` elements that all
    heads share.
    """

    q_lora: Count
    kv_lora: Count
    nope: Count
    rope: Count
    v: Count


class Compressed(Strict):
    """Attention to a window and to keys that stand for several tokens each (DeepSeek-V4).

    There is one key per token for all heads, which is also its value. Queries come from a latent of
    rank ``q_lora``, and each of ``o_groups`` groups of heads is projected down to ``o_lora``. All
    layers see the last ``window`` tokens. In addition, ``sparse_layers`` layers see the keys that
    an indexer selects, with one key per ``sparse_per`` tokens, each made of twice as many; and
    ``heavy_layers`` layers see all keys, with one per ``heavy_per`` tokens.
    """

    q_lora: Count
    o_lora: Count
    o_groups: Count
    window: Count
    sparse_layers: Count
    sparse_per: Count
    heavy_layers: Count
    heavy_per: Count


class Indexer(Strict):
    """A scorer that selects the keys that attention sees: DeepSeek sparse attention.

    ``heads`` heads of ``head_dim`` elements score each past key; there is one key for all heads. A
    token attends to the ``top_k`` best. ``layers`` layers have an indexer; the other layers use the
    selection of the last one before them, or with ``compressed`` see other keys.
    """

    heads: Count
    head_dim: Count
    top_k: Count
    layers: Count


class Linear(Strict):
    """Linear attention in some layers, in place of attention to cached keys (Gated DeltaNet).

    Queries and keys have ``key_heads`` heads of ``key_dim`` elements, values and gates
    ``value_heads`` heads of ``value_dim``. Each value head keeps a state of ``key_dim`` x
    ``value_dim`` elements per sequence, whatever its length. A causal convolution mixes each
    channel of queries, keys and values over the last ``kernel`` tokens. ``layers`` is the number of
    such layers.
    """

    layers: Count
    key_heads: Count
    value_heads: Count
    key_dim: Count
    value_dim: Count
    kernel: Count


class Workload(Strict):
    """The decoder of one language model; the file's name is its ``id``.

    ``parameters`` is the number of parameters as its maker rounds it, such as ``8.03B``.
    ``head_dim`` is the size of a head of queries and keys. ``intermediate`` is the width of the
    plain feed-forward block; a model with experts in every layer has none. With ``activation`` silu
    or geglu blocks are gated and have three matrices; with gelu or relu they are not gated and have
    two, and with ``mlp_bias`` plain ones have biases. A layer has ``norms`` norms, with
    ``norm_bias`` layer norms with biases: at 2, one before attention and one before the block; at
    4, another after each; at 1, attention and block have the same. With ``parallel``, attention and
    block take the same input, and their outputs are added at once. ``positions`` is the number of
    learnt embeddings of positions.
    ``rope_theta`` is absent without rotary embedding, as with ALiBi. ``rotary`` is the number of
    elements of a head that rotary embedding turns; if it is absent, all of them. ``qk_norm`` tells
    whether queries and keys are normalised, and ``qk_norm_over`` whether each head by itself or all
    heads together. ``o_gate`` tells whether attention's output is gated, element by element, by a
    further output of the projection to queries. ``sinks`` tells whether a learnt score per head
    takes part in the softmax. ``published`` is the number format of the published weights: mxfp4 is
    that of experts only, and mxfp4-a8 has fp8 elsewhere. ``context`` is the number of tokens,
    prompt and answer together, that its configuration allows; ``extended`` is the same with rope
    scaling on. ``streams`` is the number of parallel hidden states, which are mixed before and
    after each attention and each block (hyper-connections). ``aliases`` are other models of this
    shape, whose names stand for it.
    """

    id: Key
    name: Annotated[str, Field(min_length=1)]
    aliases: tuple[Key, ...] = ()
    sources: Annotated[tuple[Key, ...], Field(min_length=1)]
    published: Literal[
        "bf16", "fp8", "int8", "nvfp4", "mxfp4", "mxfp4-a8", "int4-a16", "w4a16", "w8a16"
    ] = "bf16"
    parameters: Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?[BT]$")]
    layers: Annotated[int, Field(ge=1, le=10**4)]
    hidden: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    intermediate: Count | None = None
    vocabulary: Count
    context: Count
    extended: Count | None = None
    positions: Count | None = None
    activation: Literal["silu", "geglu", "gelu", "relu"]
    mlp_bias: bool = False
    norms: Annotated[int, Field(ge=1, le=4)] = 2
    norm_bias: bool = False
    norm_eps: Positive
    parallel: bool = False
    rope_theta: Positive | None = None
    rotary: Count | None = None
    tied_embeddings: bool
    qkv_bias: bool
    o_bias: bool = False
    qk_norm: bool = False
    qk_norm_over: Literal["head", "heads"] = "head"
    o_gate: bool = False
    sinks: bool = False
    window: Window | None = None
    experts: Experts | None = None
    mla: Mla | None = None
    compressed: Compressed | None = None
    linear: Linear | None = None
    streams: Count = 1
    indexer: Indexer | None = None
    note: str | None = None

    @property
    def gated(self) -> bool:
        """Tells whether feed-forward blocks have a gate."""
        return self.activation in ("silu", "geglu")


class Configured(Workload):
    """A workload that was read from a user's configuration; ``note`` says what was read.

    ``file`` is the path as the user wrote it, and ``sources`` are none of specs/sources.yaml.
    """

    file: str
