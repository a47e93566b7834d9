"""A workload's file, as tests of names and faults write it."""

from pathlib import Path

ONE = """\
name: One
sources: [sheet-a]
parameters: 0.00B
layers: "2"
hidden: "8"
heads: "4"
kv_heads: "2"
head_dim: "4"
intermediate: "16"
vocabulary: "32"
context: "64"
activation: silu
norm_eps: "1e-05"
rope_theta: "10000"
tied_embeddings: "no"
qkv_bias: "yes"
"""


def written(folder: Path, text: str = ONE, name: str = "one") -> Path:
    """A data folder with one workload."""
    (folder / "workloads").mkdir()
    (folder / "workloads" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder
