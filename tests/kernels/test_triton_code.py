"""The code that Triton makes of our loops, for GPUs that are not here, does what is counted.

A loop that is folded, hoisted or spilled runs at another rate, and its result is right all the
same: no check of results finds it.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from bench.kernels.common import mixed
from bench.kernels.common.base import Point, itemsize
from bench.kernels.gather import ROWS
from bench.kernels.registry import kernel
from tests.kernels.cases import none_kept
from tests.kernels.triton_cases import Launches, counted, is_new, loops, moved_bits, told_by

fma_triton = pytest.importorskip("bench.kernels.common.fma_triton")
loads_triton = pytest.importorskip("bench.kernels.common.loads_triton")

pytestmark = pytest.mark.slow
CPU = torch.device("cpu")
NVIDIA = [80, 90, 100]
AMD = "gfx942"
FMA = r"fma\.rn\.\S+"
ELEMENTS, WARPS = 32, 8
"""The loop that holds the most registers."""
PAIRS = {("fp16", 80), ("fp16", 90), ("fp16", 100), ("bf16", 80), ("bf16", 90), ("bf16", 100)}
PAIRED = PAIRS | {("fp32", 100)}
"""Formats, and architectures that do two multiply-adds of them in one instruction."""


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    with none_kept():
        yield


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Launches:
    """Where every launch of ours is compiled, for the architecture asked for."""
    arch = request.param
    made = Launches("cuda" if isinstance(arch, int) else "hip", arch)
    monkeypatch.setattr(fma_triton, "_jitted", made.of)
    for name in ("_read", "_follow", "_gather"):
        monkeypatch.setattr(loads_triton, name, _Each(made, getattr(loads_triton, name)))
    return made


class _Each:
    """One of several functions whose launches are compiled."""

    def __init__(self, made: Launches, body: object) -> None:
        self._made, self._body = made, body

    def __getitem__(self, grid: object) -> object:
        return self._made.of(self._body)[grid]


def registers(dtype: str, threads: int) -> None:
    """Launches the loop in registers."""
    sizes = {"programs": 1, "accumulators": 1, "lanes": ELEMENTS * threads * WARPS, "steps": 1024}
    told: dict[str, int | str] = {"way": "triton", **sizes, "warps": WARPS}
    kernel("vector").build(Point("vector", dtype, parameters=told), CPU, 0.0)


@is_new
@pytest.mark.parametrize("launched", NVIDIA, indirect=True)
@pytest.mark.parametrize("dtype", kernel("vector").dtypes)
def test_every_step_in_registers_is_done_and_none_leaves_them(
    dtype: str, launched: Launches, tmp_path: Path
) -> None:
    registers(dtype, threads=32)
    each = 2 if (dtype, launched.target.arch) in PAIRED else 1
    (loop,) = loops(launched.code["ptx"])
    assert counted(FMA, loop) == fma_triton.UNROLL * ELEMENTS // each
    assert counted(r"(?:mul|add|sub)\.\S*b?f\d+\S*|(?:ld|st|cvt)\.\S+", loop) == 0
    done = re.findall(r"\b(FFMA2?|DFMA|HFMA2)\b", told_by("nvdisasm", launched.code, tmp_path))
    assert len(done) >= fma_triton.UNROLL * ELEMENTS // each
    used = told_by("cuobjdump", launched.code, tmp_path)
    assert "STACK:0 SHARED:0 LOCAL:0" in used


@is_new
@pytest.mark.parametrize("launched", [AMD], indirect=True)
@pytest.mark.parametrize(
    ("dtype", "instruction", "each"),
    [("fp32", "v_pk_fma_f32", 2), ("fp64", "v_fma_f64", 1), ("fp16", "v_pk_fma_f16", 2)],
)
def test_every_step_in_registers_is_done_on_amd(
    dtype: str, instruction: str, each: int, launched: Launches
) -> None:
    registers(dtype, threads=64)
    code = launched.code["amdgcn"]
    assert counted(instruction, code) == fma_triton.UNROLL * ELEMENTS // each
    assert set(re.findall(r"_spill_count:\s*(\d+)", code)) == {"0"}


@is_new
@pytest.mark.parametrize("launched", NVIDIA, indirect=True)
@pytest.mark.parametrize(
    ("dtype", "intensity"),
    [("fp32", "1/16"), ("fp32", "2"), ("fp32", "64"), ("fp64", "1/16"), ("bf16", "1/4")],
)
def test_a_stream_reads_all_that_it_counts_and_adds_as_often(
    dtype: str, intensity: str, launched: Launches
) -> None:
    lanes, warps, wanted = 2048, 4, mixed.mix(dtype, Fraction(intensity))
    told: dict[str, int | str] = {
        "intensity": intensity, "way": "triton", "lanes": lanes, "warps": warps, "programs": 1,
    }  # fmt: skip
    mixed.stream(Point("roofline", dtype, parameters=told), 3 * wanted.group * lanes, CPU)
    own = lanes // (32 * warps)
    found = [one for one in loops(launched.code["ptx"]) if counted(FMA, one)]
    assert moved_bits("ld", found[-1]) == 8 * itemsize(dtype) * wanted.group * own
    once = min(wanted.fmas, fma_triton.UNROLL) * own
    paired = (dtype if dtype == "fp64" else "fp32", launched.target.arch) in PAIRED
    assert counted(FMA, found[0]) == once // (2 if paired else 1)
    assert len(found) == (2 if wanted.fmas > fma_triton.UNROLL else 1)


@pytest.mark.parametrize("launched", [80, 90, pytest.param(100, marks=is_new)], indirect=True)
def test_each_load_of_a_chain_waits_for_the_one_before(launched: Launches) -> None:
    at, end = (torch.zeros(1, dtype=torch.int64) for _ in range(2))
    loads_triton.follow(at, end, 8 * 65535)
    (loop,) = loops(launched.code["ptx"])
    found = re.findall(r"ld\.global\.b64 \{ (%rd\d+) \}, \[ (%rd\d+) \+ 0 \]", loop)
    assert len(found) == loads_triton.UNROLLED
    assert [address for _, address in found] == [found[-1][0], *(to for to, _ in found[:-1])]
    assert all(to != address for to, address in found)


@is_new
@pytest.mark.parametrize("launched", [AMD], indirect=True)
def test_each_load_of_a_chain_waits_for_the_one_before_on_amd(launched: Launches) -> None:
    at, end = (torch.zeros(1, dtype=torch.int64) for _ in range(2))
    loads_triton.follow(at, end, 8 * 65535)
    found = re.findall(r"s_load_dwordx2 (\S+), (\S+), 0x0", launched.code["amdgcn"])
    chain = found[-loads_triton.UNROLLED :]
    assert len(found) > loads_triton.UNROLLED
    assert all(address == to for (to, _), (_, address) in pairwise(chain))


@is_new
@pytest.mark.parametrize("launched", NVIDIA, indirect=True)
def test_a_read_loads_every_element_of_a_block(launched: Launches) -> None:
    source = torch.zeros(3 * loads_triton.BLOCK, dtype=torch.int32)
    sums = torch.zeros(5, dtype=torch.int32)
    loads_triton.read(source, sums, loads_triton.orders(source, 5), 1000)
    (loop,) = loops(launched.code["ptx"])
    own = loads_triton.BLOCK // (32 * loads_triton.WARPS)
    assert moved_bits("ld", loop) == 32 * own
    assert counted(r"add\.s32", loop) == own + 1  # and the count of steps


@is_new
@pytest.mark.parametrize("launched", [90], indirect=True)
@pytest.mark.parametrize("row", ROWS)
def test_a_gather_loads_and_stores_every_element(row: str, launched: Launches) -> None:
    point = Point("gather", "fp32", parameters={"row": row, "rows": 1000, "way": "triton"})
    kernel("gather").build(point, CPU, 0.0).calls[0]()
    whole = 32 * loads_triton.GATHERED // (32 * 4)
    assert moved_bits("st", launched.code["ptx"]) == whole
    assert moved_bits("ld", launched.code["ptx"]) > whole
