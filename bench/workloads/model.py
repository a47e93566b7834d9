"""A language model's shape as a value, as its published configuration gives it."""

from typing import Annotated, Literal

from pydantic import Field

from bench.strict import Strict

Count = Annotated[int, Field(ge=1, le=10**7)]
Positive = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class Experts(Strict):
    """The mixture of experts that takes the place of the feed-forward block.

    ``intermediate`` is the width of one expert, ``dense_layers`` how many layers at the start
    have a plain block instead, ``scale`` what the weights of the chosen experts sum to. ``bias``:
    each expert's two products have biases. ``groups``: of experts, of which a token goes to
    those of ``groups_per_token`` alone. ``hashed``: layers at the start whose experts a table names
    by the token; their routers have no bias.
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


class Window(Strict):
    """Layers that see the last ``tokens`` keys only, themselves among them, and how many."""

    tokens: Count
    layers: Count


class Mla(Strict):
    """Multi-head latent attention: the ranks of queries and of keys and values, sizes of a head.

    A key is ``nope`` elements unfolded from the latent and ``rope`` that all heads share.
    """

    q_lora: Count
    kv_lora: Count
    nope: Count
    rope: Count
    v: Count


class Compressed(Strict):
    """Attention to a window and to keys that stand for several tokens each (DeepSeek-V4).

    There is one key a token for all heads, which is its value, too; queries come up from a rank of
    ``q_lora``, and groups of heads go down to ``o_lora`` each. All layers see the last ``window``
    tokens; ``sparse_layers`` also those keys that an indexer chooses of one for ``sparse_per``
    tokens, made of twice as many; ``heavy_layers`` one for each ``heavy_per`` tokens.
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
    """A scorer that chooses the keys that attention sees: DeepSeek sparse attention.

    ``heads`` of ``head_dim`` elements score each past key, of which there is one for all heads;
    a token attends to the ``top_k`` best. ``layers`` have one; the others take what the last
    of them chose, or with ``compressed`` see other keys.
    """

    heads: Count
    head_dim: Count
    top_k: Count
    layers: Count


class Workload(Strict):
    """A decoder of one language model; the file's name is its ``id``.

    ``parameters`` is the count as its maker rounds it, such as ``8.03B``. ``head_dim`` is that of
    queries and keys. ``intermediate`` is the width of the plain feed-forward block; a model that
    has experts in every layer has none. ``activation``: of silu blocks are gated, three matrices;
    of gelu they are not, two. ``rope_theta``: none where queries and keys are not turned, as with
    ALiBi; ``rotary``: elements of a head that are turned, all of them where it is absent.
    ``qk_norm``: queries and keys are normalised, ``qk_norm_over`` each head or all heads at once.
    ``sinks``: a learnt score a head takes part in the softmax. ``published`` is the number format
    that its weights come in; of mxfp4 those of its experts, of mxfp4-a8 with fp8 beside them.
    ``context``: tokens of prompt and answer that its configuration is set for; ``extended``: as
    many with rope scaling on. ``streams``: hidden states that run beside one another, mixed before
    and after each attention and each block (hyper-connections). ``aliases`` are other models of
    this shape, whose names stand for it.
    """

    id: Key
    name: Annotated[str, Field(min_length=1)]
    aliases: tuple[Key, ...] = ()
    sources: Annotated[tuple[Key, ...], Field(min_length=1)]
    published: Literal["bf16", "fp8", "mxfp4", "mxfp4-a8"] = "bf16"
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
    activation: Literal["silu", "gelu"]
    norm_eps: Positive
    rope_theta: Positive | None = None
    rotary: Count | None = None
    tied_embeddings: bool
    qkv_bias: bool
    o_bias: bool = False
    qk_norm: bool = False
    qk_norm_over: Literal["head", "heads"] = "head"
    sinks: bool = False
    window: Window | None = None
    experts: Experts | None = None
    mla: Mla | None = None
    compressed: Compressed | None = None
    streams: Count = 1
    indexer: Indexer | None = None
    note: str | None = None
