"""Switches torch's matrix products between precisions, in every torch from 2.6 on."""

import warnings


def set_precision(dtype: str, *, acc16: bool = False) -> None:
    """Lets fp32 products run in tf32 for ``tf32`` only, fp16 ones sum in fp16 for ``acc16`` only.

    The switch for tf32 sets torch's old and new flags alike; where they differ, parts of torch
    raise. The one for fp16 accumulation came with torch 2.7: without it, sums are in fp32.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.9 and some later ones call it deprecated
        torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
    if can_accumulate_in_fp16():
        torch.backends.cuda.matmul.allow_fp16_accumulation = acc16


def can_accumulate_in_fp16() -> bool:
    """Tells whether this torch has the switch, whatever the device makes of it."""
    import torch

    return hasattr(torch.backends.cuda.matmul, "allow_fp16_accumulation")
