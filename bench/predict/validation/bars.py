"""Targets of the validation's parts, by what is predicted and what is held out."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.predict.validation.errors import Bar
from bench.predict.validation.steps import WHOLE

# What a part holds out: names of ``Part.split``.
CHIP, VENDOR, SOURCE, TWO = (
    "chip left out", "vendor left out", "another source, no refit", "both chips left out",
)  # fmt: skip
GROUP_OUT, FAMILY = "group left out", "family left out"
UNSEEN, SHAPES = "another source, chip left out", "other shapes, chip calibrated"
REPORTED = "serving as reported"
"""Name of the part with serving that single groups reported."""
COVER = 0.05
"""Allowed distance of an interval's coverage from nominal."""
GEMM = Bar(mean=0.12, median=0.095, worst=0.20, cover=COVER, times=2.5)
"""Targets of products with a chip left out."""
BARS: Mapping[tuple[str, str], Bar] = MappingProxyType({
    ("product bf16, vllm", CHIP): GEMM,
    ("product bf16, trtllm", CHIP): GEMM,
    ("product fp8, vllm", CHIP): GEMM,
    ("product fp8, trtllm", CHIP): GEMM,
    ("product bf16, measured here", SHAPES): Bar(mean=0.07, cover=COVER),
    ("figures of sheets, matrix", GROUP_OUT): Bar(median=0.08, cover=COVER),
    ("figures of sheets, memory", GROUP_OUT): Bar(median=0.08, cover=COVER),
    ("figures of sheets, domestic chips", VENDOR): Bar(cover=COVER, wider=True),
    ("prefill step", CHIP): Bar(mean=0.12, median=0.07, cover=COVER),
    ("decode step", CHIP): Bar(mean=0.08, largest=0.20, cover=COVER),
    (WHOLE, CHIP): Bar(mean=0.095, median=0.055),
    ("serving TPOT, dense", SOURCE): Bar(mean=0.22, median=0.13),
    ("serving TPOT, experts", SOURCE): Bar(median=0.20, bias=0.10),
    ("serving TPOT, dense", CHIP): Bar(cover=COVER),
    ("serving TPOT, experts", CHIP): Bar(cover=COVER),
    ("serving TPOT, experts", VENDOR): Bar(cover=COVER, wider=True),
    ("training, dense", CHIP): Bar(cover=COVER),
    ("training, experts", CHIP): Bar(cover=COVER),
    ("ratio of training, dense", TWO): Bar(half=True, cover=COVER),
    ("ratio of training, experts", TWO): Bar(half=True, cover=COVER),
    ("ratio of prefill step", TWO): Bar(half=True, cover=COVER),
    ("ratio of decode step", TWO): Bar(half=True, cover=COVER),
    ("ratio of product bf16, vllm", TWO): Bar(half=True, cover=COVER),
    ("ratio of product fp8, trtllm", TWO): Bar(half=True, cover=COVER),
    ("ratio of serving TPOT, dense", SOURCE): Bar(half=True),
    ("ratio of serving TPOT, experts", SOURCE): Bar(half=True),
    ("ratio of serving TPOT, dense", TWO): Bar(half=True, cover=COVER),
    ("ratio of serving TPOT, experts", TWO): Bar(half=True, cover=COVER),
    ("ratio of serving TPOT, experts", VENDOR): Bar(half=True, cover=COVER, wider=True),
    (REPORTED, SOURCE): Bar(cover=COVER),
    ("training as reported", SOURCE): Bar(cover=COVER),
    (f"{REPORTED}, domestic chips", SOURCE): Bar(cover=COVER, wider=True),
})  # fmt: skip
"""Targets by the name of a part and by what is held out; other parts have no target."""
