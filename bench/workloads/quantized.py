"""The number format of published weights, as a configuration's ``quantization_config`` tells it."""

from collections.abc import Mapping

from bench.workloads.given import Given

NAMED = {"fp8": "fp8", "fbgemm_fp8": "fp8", "mxfp4": "mxfp4"}
"""Format by ``quant_method``."""
ALGORITHMS = {"FP8": "fp8", "NVFP4": "nvfp4", "W4A16": "w4a16"}
"""Format by ``quant_algo``."""
BITS = {4: "w4a16", 8: "w8a16"}
"""Format of weights only, by their bits."""
WEIGHT_ONLY = ("awq", "gptq", "auto-round")
GROUPS = {("float", 8): "fp8", ("int", 8): "int8", ("float", 4): "nvfp4"}
"""Format of weights and activations, by type and bits."""


def published(given: Given) -> str:
    """Returns the format of the published weights; bf16 without quantization, or with one unknown.

    An unknown one gets a remark.
    """
    expert = given.any_of("expert_dtype")
    config = given.any_of("quantization_config")
    if not config:
        return "bf16"
    found = _format(config) if isinstance(config, Mapping) else ""
    if expert == "fp4":
        found = "mxfp4-a8" if found == "fp8" else ""
    if not found:
        given.remarks.append(
            "Its quantization_config is not understood: the weights count as published in bf16."
        )
    return found or "bf16"


def _format(config: Mapping[str, object]) -> str:
    """Returns the format of a quantization; empty if it is not understood."""
    method, algorithm = (str(config.get(key) or "") for key in ("quant_method", "quant_algo"))
    if algorithm or method == "modelopt":
        return ALGORITHMS.get(algorithm, "")
    if method in NAMED:
        return NAMED[method]
    if method in WEIGHT_ONLY:
        bits = config.get("bits")
        return BITS.get(bits, "") if isinstance(bits, int) else ""
    if method == "bitsandbytes":
        return BITS[4] if config.get("load_in_4bit") is True else BITS[8]
    groups = config.get("config_groups")
    if method != "compressed-tensors" or not isinstance(groups, Mapping):
        return ""
    found = {_group(one, config) for one in groups.values() if isinstance(one, Mapping)}
    return found.pop() if len(found) == 1 else ""


def _group(group: Mapping[str, object], config: Mapping[str, object]) -> str:
    """Returns the format of one group of layers; of experts only if attention is left out."""
    weights = group.get("weights")
    if not isinstance(weights, Mapping):
        return ""
    kind, bits = str(weights.get("type")), weights.get("num_bits")
    if not isinstance(bits, int):
        return ""
    if group.get("input_activations"):
        return GROUPS.get((kind, bits), "")
    if kind != "int":
        return ""
    ignored = config.get("ignore")
    spared = isinstance(ignored, list) and any("attn" in str(one) for one in ignored)
    return "int4-a16" if spared and bits == 4 else BITS.get(bits, "")
