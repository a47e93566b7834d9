"""How configurations on Hugging Face tell indexers and attention to compressed keys."""

from bench.workloads.given import Given

Fields = dict[str, object]
"""Fields of a workload by name."""
KINDS = ("full_attention", "indexed_attention", "deepseek_sparse_attention")
"""Names of layers that all attend alike, with an indexer or without one."""
RATIOS = (0, 4, 128)
"""Tokens per compressed key that DeepSeek-V4 knows: none, few with an indexer, many."""


def indexer(given: Given, layers: int) -> Fields | None:
    """Returns the indexer and its number of layers; None without one."""
    if given.any_of("index_topk") is None:
        return None
    return {**_sizes(given), "layers": _indexed(given, layers)}


def _sizes(given: Given) -> Fields:
    return {
        "heads": given.whole("index_n_heads"), "head_dim": given.whole("index_head_dim"),
        "top_k": given.whole("index_topk"),
    }  # fmt: skip


def _indexed(given: Given, layers: int) -> int:
    """Returns the number of layers that have an indexer, which others share."""
    types = list(given.items("indexer_types"))
    pattern = given.any_of("index_topk_pattern")
    every = given.whole("index_topk_freq", default=1)
    offset = given.whole("index_skip_topk_offset", default=2, least=0)
    if isinstance(pattern, str) and not types:
        types = [{"F": "full", "S": "shared"}.get(sign, sign) for sign in pattern]
    if not types:
        return sum(max(at - offset + 1, 0) % every == 0 for at in range(layers))
    if len(types) != layers or not set(map(str, types)) <= {"full", "shared"}:
        raise given.refused("which layers have an indexer is not understood")
    return types.count("full")


def compressed(given: Given, layers: int) -> Fields:
    """Returns attention to a window and to compressed keys, as in DeepSeek-V4, and its indexer."""
    if "compress_ratios" not in given.fields:
        given.lacking.append("compress_ratios")
    ratios = list(given.items("compress_ratios"))[:layers] or [0] * layers
    if len(ratios) != layers or any(one not in RATIOS for one in ratios):
        raise given.refused("compress_ratios that are not 0, 4 or 128 are not understood")
    few, many = (ratios.count(one) for one in RATIOS[1:])
    return {
        "compressed": {
            "q_lora": given.whole("q_lora_rank"), "o_lora": given.whole("o_lora_rank"),
            "o_groups": given.whole("o_groups"), "window": given.whole("sliding_window"),
            "sparse_layers": few, "sparse_per": RATIOS[1],
            "heavy_layers": many, "heavy_per": RATIOS[2],
        },
        "indexer": {**_sizes(given), "layers": few} if few else None,
    }  # fmt: skip
