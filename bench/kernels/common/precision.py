"""Switches the precision of torch's matrix products, in every torch from 2.6 on."""

import warnings


def set_precision(dtype: str, *, acc16: bool = False) -> None:
    """Allows tf32 in fp32 products for ``tf32`` only, and fp16 accumulation for ``acc16`` only.

    The switch for tf32 sets torch's old and new flags to agree; if they differ, parts of torch
    raise. The switch for fp16 accumulation came with torch 2.7; without it, sums are in fp32.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in torch 2.9 and some later versions
        torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
    if can_accumulate_in_fp16():
        torch.backends.cuda.matmul.allow_fp16_accumulation = acc16


def can_accumulate_in_fp16() -> bool:
    """Returns whether this torch has the switch; the device may still ignore it."""
    import torch

    return hasattr(torch.backends.cuda.matmul, "allow_fp16_accumulation")
