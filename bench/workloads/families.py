"""How the configurations of each architecture on Hugging Face tell a model's shape.

What a file leaves out is as in Transformers 5.24, but for ``EPSILON``; the biases of InternLM2 are
as in LMDeploy, those of ChatGLM and Baichuan as their makers' code has them. A reader returns
fields of ``Workload``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.workloads import mixtures
from bench.workloads.given import Given

Fields = dict[str, object]
"""Fields of a workload by name."""
Reader = Callable[[Given], Fields]
Told = tuple[str, bool | None]
"""The field that tells whether something is there, and what holds without it; a name of "" tells
that it always, or never, is; None that the field is needed."""
EPSILON = 1e-6
"""Epsilon of the norms without a field; no time and no memory depends on it."""
NEVER, ALWAYS = ("", False), ("", True)
BIASED = ("attention_bias", False)
LAYERS = 10**4
LINEAR, CHUNKED = "linear_attention", "chunked_attention"
ACTIVATIONS = {"silu": ("silu", "swish"), "geglu": ("gelu_pytorch_tanh", "gelu", "gelu_new")}
"""Names that configurations give the activation of gated blocks."""


@dataclass(frozen=True)
class Family:
    """What distinguishes decoders whose fields have the usual names.

    Attributes:
        theta: base of the rotary embedding without a field.
        even: whether a head has hidden_size / num_attention_heads elements without a field.
        all_heads: whether there are as many heads of keys as of queries without a field.
        qkv_bias, o_bias, qk_norm: see ``Told``.
        over: what is normalised at once.
        rotary: share of a head that is turned without a field.
        window: which layers have the sliding window if there is one: all; late, those from
            max_window_layers on; a number, all but every so many-th; "" if the field has no
            effect. ``chunks``: attention is chunked in layers with rotary embedding.
        switched: whether use_sliding_window has to be true for it.
        needs_window: whether an absent field stands for some window, which is not guessed.
        tied: whether embedding and head share their weights without a field.
        o_gate: whether the output of attention is gated, see ``Told``.
        linear: whether layers may have linear attention instead.
        activation: activation of the blocks, as in ``Workload``.
        norms: norms of a layer.
        unused: fields that change no shape, whatever their names.
        assumed: what fields are that a configuration leaves out.
        block: reads the feed-forward blocks.
    """

    theta: float = 10_000.0
    even: bool = True
    all_heads: bool = False
    qkv_bias: Told = NEVER
    o_bias: Told = NEVER
    qk_norm: Told = NEVER
    over: str = "head"
    rotary: float = 1.0
    window: str | int = ""
    switched: bool = False
    needs_window: bool = False
    tied: bool = False
    o_gate: Told = NEVER
    linear: bool = False
    activation: str = "silu"
    norms: int = 2
    unused: tuple[str, ...] = ()
    assumed: Mapping[str, object] = field(default_factory=dict, hash=False)
    block: Callable[[Given, int], Fields] = mixtures.dense

    def __call__(self, given: Given) -> Fields:
        """Returns the fields of the workload that a configuration tells."""
        given.assume(self.assumed)
        layers, hidden, heads = common(given)
        usual = 1 if given.lacking else even(hidden, heads) if self.even else None
        head = given.whole("head_dim", default=usual)
        kv = given.any_of("num_key_value_heads") is None and "num_key_value_heads" in given.fields
        same = heads if self.all_heads or kv else None
        qk_norm = _told(given, self.qk_norm)
        if given.any_of(*self.unused) is None or "use_qk_norm" not in self.unused:
            given.only("use_qk_norm", qk_norm)
        for name in ("hidden_act", "hidden_activation"):
            given.only(name, *ACTIVATIONS[self.activation])
        window = _chunks if self.window == "chunks" else _window
        return {
            "layers": layers, "hidden": hidden, "heads": heads,
            "kv_heads": given.whole("num_key_value_heads", default=same), "head_dim": head,
            **ends(given, tied=self.tied),
            "activation": self.activation, "norms": self.norms,
            "norm_eps": given.number("rms_norm_eps", default=EPSILON),
            "rope_theta": theta(given, self.theta), "rotary": _rotary(given, head, self.rotary),
            "qkv_bias": _told(given, self.qkv_bias), "o_bias": _told(given, self.o_bias),
            "qk_norm": qk_norm, "qk_norm_over": self.over if qk_norm else "head",
            "o_gate": _told(given, self.o_gate), "window": window(given, self, layers),
            "linear": _linear(given, layers) if self.linear else None,
            **self.block(given, layers),
        }  # fmt: skip


def common(given: Given) -> tuple[int, int, int]:
    """Returns the numbers of layers, of elements of the hidden state and of heads of queries."""
    given.never("mlp_bias", "use_bias", "is_encoder_decoder")
    return (
        given.whole("num_hidden_layers", most=LAYERS),
        given.whole("hidden_size"),
        given.whole("num_attention_heads"),
    )


def ends(given: Given, *, tied: bool = False) -> Fields:
    """Returns the vocabulary, the context, and whether embedding and head share their weights.

    ``tied`` holds if no field tells the last.
    """
    context = given.whole("max_position_embeddings")
    scaling = given.part("rope_scaling") if "rope_scaling" in given.fields else _rope(given)
    factor = scaling.number("factor", default=1.0)
    before = scaling.whole("original_max_position_embeddings", default=1)
    longer = round(before * factor)
    return {
        "vocabulary": given.whole("vocab_size"),
        "context": context,
        "extended": longer if longer > context else None,
        "tied_embeddings": given.yes("tie_word_embeddings", default=tied),
    }


def even(hidden: int, heads: int) -> int | None:
    """Returns hidden / heads; None if that is no whole number, so that a field is needed."""
    return None if hidden % heads else hidden // heads


def theta(given: Given, default: float) -> float:
    """Returns the base of the rotary embedding."""
    nested = _rope(given).number("rope_theta", default=default)
    return given.number("rope_theta", default=nested)


def _rope(given: Given) -> Given:
    """Returns the parameters of rotary embedding; of layers that see all keys, if kinds differ."""
    part = given.part("rope_parameters")
    return part.part("full_attention") if "full_attention" in part.fields else part


def _rotary(given: Given, head: int, share: float) -> int | None:
    """Returns the number of elements of a head that are turned; None for all of them."""
    nested = _rope(given).number("partial_rotary_factor", default=share)
    factor = given.number("partial_rotary_factor", default=nested)
    turned = given.whole("rotary_dim", default=int(head * factor))
    return None if turned == head else turned


def _told(given: Given, told: Told) -> bool:
    name, default = told
    return given.yes(name, default=default) if name else bool(default)


def _window(given: Given, family: Family, layers: int) -> Fields | None:
    """Returns the sliding window and its number of layers; None without one.

    A window as long as the context is none. ``layer_types`` comes before the family's rule.
    """
    types = given.items("layer_types")
    known = {"full_attention", LINEAR if family.linear else "sliding_attention"}
    unknown = sorted({str(one) for one in types} - known)
    if unknown or (types and len(types) != layers):
        what = ", ".join(unknown)[:200] or f"of {len(types)} layers, where {layers} are,"
        raise given.refused(f"layer_types {what} is not understood")
    if not family.window and "sliding_attention" not in types:
        return None
    if family.needs_window and "sliding_window" not in given.fields:
        given.lacking.append("sliding_window")
    on = given.yes("use_sliding_window", default=not family.switched)
    tokens = given.whole("sliding_window", default=0, least=0)
    late = max(layers - given.whole("max_window_layers", default=layers, least=0), 0)
    usual = {"late": late, "all": layers}.get(str(family.window), 0)
    if isinstance(family.window, int):
        names = ("sliding_window_pattern", "_sliding_window_pattern")
        usual = layers - layers // given.whole(*names, default=family.window)
    count = list(types).count("sliding_attention") if types else usual
    shorter = 0 < tokens < given.whole("max_position_embeddings")
    return {"tokens": tokens, "layers": count} if on and shorter and count else None


def _chunks(given: Given, family: Family, layers: int) -> Fields | None:  # noqa: ARG001 -- as _window
    """Returns chunked attention and its number of layers, which are those with rotary embedding."""
    default = 0 if "attention_chunk_size" in given.fields else 8192
    tokens = given.whole("attention_chunk_size", default=default)
    types, turned = list(given.items("layer_types")), given.items("no_rope_layers")
    count = layers - layers // given.whole("no_rope_layer_interval", default=4)
    if types or turned:  # a layer with 0 in no_rope_layers has none
        count = types.count(CHUNKED) if types else sum(one != 0 for one in turned)
        known = {"full_attention", CHUNKED}
        if len(types or turned) != layers or (types and not set(map(str, types)) <= known):
            raise given.refused("which layers have chunked attention is not understood")
    if not 0 < tokens < given.whole("max_position_embeddings") or not count:
        return None
    return {"tokens": tokens, "layers": count, "chunked": True}


def _linear(given: Given, layers: int) -> Fields | None:
    """Returns the linear attention and its number of layers; None if no layer has it.

    Without ``layer_types``, one layer of each ``full_attention_interval`` has the other attention.
    """
    given.only("mamba_ssm_dtype", "float32")
    given.any_of("output_gate_type")
    types, interval = given.items("layer_types"), given.whole("full_attention_interval", default=4)
    count = list(types).count(LINEAR) if types else layers - layers // interval
    sizes = {
        "key_heads": given.whole("linear_num_key_heads"),
        "value_heads": given.whole("linear_num_value_heads"),
        "key_dim": given.whole("linear_key_head_dim"),
        "value_dim": given.whole("linear_value_head_dim"),
        "kernel": given.whole("linear_conv_kernel_dim"),
    }
    return {"layers": count, **sizes} if count else None
