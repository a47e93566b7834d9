"""Work that every device does, small enough for tests."""

from bench.kernels.common.base import Point

SMALL = {
    "gemm": Point("gemm", "fp32", parameters={"m": 32, "n": 32, "k": 32, "layout": "nt"}),
    "memory": Point("memory", "fp32", parameters={"stream": "add", "elements": 4096}),
}
