"""2:4 sparse products over stand-ins for the libraries, which compute on the CPU."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch.sparse._semi_structured_conversions import sparse_semi_structured_to_dense_cutlass

from bench.kernels import sparse
from bench.kernels.common import gpucode, inputs, products, structured
from bench.kernels.common.base import DATA, Limits, Point, Task, UnsupportedError, itemsize
from bench.kernels.registry import kernel
from bench.records.model import Check, Work

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
SPARSE = kernel("sparse")
LIBRARIES = [("cusparselt", one) for one in ("bf16", "fp16", "fp8", "int8")]
LACKS = "sparse {} came with compute capability {}, this device has {}"
LIBRARIES += [("cutlass", one) for one in ("tf32", "bf16", "fp16", "int8")]


def product(dtype: str, layout: str = "nt", **sizes: int) -> Point:
    """A sparse product."""
    told = {"m": 64, "n": 48, "k": 128, **sizes}
    return Point("sparse", dtype, parameters={**told, "layout": layout})


class Libraries:
    """Compressed forms that hold the factor itself, and products of them in full precision."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.factor = 1.0
        for name in ("_cslt_compress", "_cslt_sparse_mm", "_cslt_sparse_mm_search"):
            monkeypatch.setattr(torch, name, getattr(self, name))
        monkeypatch.setattr(torch, "_sparse_semi_structured_mm", self.cutlass)

    def use(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(structured, "library", lambda *_: name)

    def _cslt_compress(self, dense: torch.Tensor) -> torch.Tensor:
        stays = (dense.double() != 0).view(dense.shape[0], -1, 4).sum(dim=-1)
        assert dense.is_contiguous()
        assert int(stays.max()) <= 2
        return dense.clone()

    def _cslt_sparse_mm_search(self, *_: object, out_dtype: object) -> int:
        self.asked.append(f"search {out_dtype}")
        return 7

    def _cslt_sparse_mm(
        self, compressed: Any, dense: Any, *, out_dtype: Any, alg_id: int
    ) -> torch.Tensor:
        assert alg_id == 7
        result: torch.Tensor = compressed.double() @ dense.double() * self.factor
        return result.to(out_dtype or dense.dtype)

    def cutlass(self, packed: Any, meta: Any, dense: Any, *, out_dtype: Any) -> torch.Tensor:
        factor = sparse_semi_structured_to_dense_cutlass(packed, meta)  # type: ignore[no-untyped-call]  # torch's
        result: torch.Tensor = factor.double() @ dense.double() * self.factor
        return result.to(out_dtype or dense.dtype)


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Libraries]:
    monkeypatch.setattr(products, "LEAST_POOL", 1 << 12)
    structured._algorithms.clear()
    inputs.release()
    torch.manual_seed(0)
    yield Libraries(monkeypatch)
    inputs.release()


@pytest.mark.parametrize("dtype", sparse.DTYPES)
def test_the_work_is_that_of_the_dense_product_over_a_compressed_factor(dtype: str) -> None:
    m, n, k = 32, 16, 64
    out = {"int8": 4, "fp8": 2}.get(dtype, itemsize(dtype))
    moved = flop = 0.0
    for _ in range(m):
        for _ in range(k // 4):
            moved += 2 * itemsize(dtype)
            moved += 1.0 if dtype == "tf32" else 0.5  # 2 x 4 bits, or 2 x 2 bits
    for _ in range(n * k):
        moved += itemsize(dtype)
    for _ in range(m * n):
        moved, flop = moved + out, flop + 2 * k
    work = SPARSE.work(product(dtype, m=m, n=n, k=k))
    assert work == Work(flop=flop, bytes=moved, footprint_bytes=moved, formula=work.formula)


@pytest.mark.parametrize("dtype", sparse.DTYPES)
def test_two_of_each_four_numbers_are_pruned_in_every_way_there_is(dtype: str) -> None:
    values = torch.full((64, 256), 3.0).to({"tf32": torch.float32}.get(dtype, torch.bfloat16))
    if dtype in ("fp8", "int8"):
        values = values.to({"fp8": torch.float8_e4m3fn, "int8": torch.int8}[dtype])
    before = values.clone()
    kept = structured.pruned(values, dtype)
    groups = (kept.double() == 3.0).view(-1, 4)
    found = {tuple(group.nonzero().flatten().tolist()) for group in torch.unique(groups, dim=0)}
    pairs = dtype == "tf32"
    assert found == set(structured.PAIRED_PATTERNS if pairs else structured.PATTERNS)
    assert not pairs or all(first < 2 <= second for first, second in found)
    assert kept.dtype == before.dtype
    assert torch.equal(values.double(), before.double())


@pytest.mark.parametrize("layout", ["nt", "nn"])
@pytest.mark.parametrize(("library", "dtype"), LIBRARIES)
def test_a_sparse_product_is_right(
    library: str, dtype: str, layout: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use(library, monkeypatch)
    check = SPARSE.check(product(dtype, layout), CPU)
    assert (check.passed, check.shape) == (True, "128 x 96 x 512")
    assert check.tolerance == sparse.TOLERANCE[dtype]


@pytest.mark.parametrize(("library", "dtype"), LIBRARIES)
def test_a_wrong_sparse_product_fails_the_check(
    library: str, dtype: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use(library, monkeypatch)
    libraries.factor = 1.03
    assert not SPARSE.check(product(dtype), CPU).passed


@pytest.mark.parametrize(("library", "dtype"), LIBRARIES)
def test_the_timed_sparse_product_passes_its_spot_check_or_shows_that_it_was_left_out(
    library: str, dtype: str, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use(library, monkeypatch)
    task = SPARSE.build(product(dtype), CPU, 0.0)
    left_behind = task.calls[0]()
    assert spot(task).passed
    task.spoil()
    assert isinstance(left_behind, torch.Tensor)
    assert len(torch.unique(left_behind)) == 1 or bool(left_behind.isnan().all())
    assert not spot(task).passed
    task.calls[0]()
    assert spot(task).passed
    assert task.observed() == {}


@pytest.mark.parametrize("captures", [True, False])
def test_a_product_that_no_graph_holds_says_so(
    captures: bool, libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called as it stands it may take what the host takes, and the chip is not to blame."""
    libraries.use("cusparselt", monkeypatch)

    def captured_if_possible(bodies: Any, _: object) -> Any:
        return [partial(one) if captures else one for one in bodies]

    monkeypatch.setattr(sparse, "captured_if_possible", captured_if_possible)
    monkeypatch.setattr(gpucode, "observed", lambda *_: {"code": "cslt"})
    replayed = SPARSE.build(product("bf16"), CPU, 0.0).observed.keywords["replayed"]  # type: ignore[attr-defined]  # a partial
    told = sparse._observed(lambda: None, CUDA, replayed=replayed)
    assert told == {"code": "cslt", **({} if captures else {"graph": "not captured"})}


def spot(task: Task) -> Check:
    """The spot check, whatever was called last."""
    assert task.spot_check is not None
    return task.spot_check(None)


def test_operands_rotate_and_each_call_has_its_own(
    libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use("cusparselt", monkeypatch)
    point = product("bf16")
    task = SPARSE.build(point, CPU, 1.5 * SPARSE.work(point).footprint_bytes)
    results = [call() for call in task.calls]
    assert len(results) == 3
    assert len({str(result) for result in results}) == 3
    assert spot(task).passed


def test_the_library_searches_its_algorithms_once_for_each_product(
    libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use("cusparselt", monkeypatch)
    for dtype, layout in (("bf16", "nt"), ("bf16", "nt"), ("bf16", "nn"), ("int8", "nt")):
        SPARSE.build(product(dtype, layout), CPU, 0.0)
    assert libraries.asked == ["search None", "search None", "search torch.int32"]


@pytest.mark.usefixtures("libraries")
def test_a_search_of_algorithms_that_fails_leaves_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object, **__: object) -> int:
        raise RuntimeError("CUDA error: operation not supported")

    monkeypatch.setattr(torch, "_cslt_sparse_mm_search", failing)
    a = torch.zeros(8, 8)
    assert structured._algorithm(a, a, None) == 0


@pytest.mark.parametrize(
    ("dtype", "device", "capability", "version", "expected"),
    [
        ("bf16", CPU, (0, 0), 602, "torch has no 2:4 sparse product on a CPU"),
        ("bf16", CUDA, (7, 5), 602, LACKS.format("bf16", "8.0", "7.5")),
        ("fp8", CUDA, (8, 0), 602, LACKS.format("fp8", "8.9", "8.0")),
        ("fp8", CUDA, (9, 0), 502, "cuSPARSELt 502 has no fp8: 0.6.2 (602) has"),
        ("tf32", CUDA, (9, 0), 602, "torch multiplies sparse tf32 at compute capability 8.x only"),
        ("int8", CUDA, (9, 0), 0, f"torch {torch.__version__} was built without cuSPARSELt"),
        ("fp8", CUDA, (8, 9), 0, f"torch {torch.__version__} was built without cuSPARSELt"),
        ("bf16", CUDA, (9, 0), 602, "cusparselt"),
        ("fp8", CUDA, (9, 0), 602, "cusparselt"),
        ("int8", CUDA, (8, 0), 0, "cutlass"),
        ("tf32", CUDA, (8, 6), 602, "cutlass"),
    ],
)  # fmt: skip
def test_a_library_is_chosen_or_what_is_missing_is_said(
    dtype: str,
    device: torch.device,
    capability: tuple[int, int],
    version: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    monkeypatch.setattr(torch.backends.cusparselt, "is_available", lambda: version > 0)
    monkeypatch.setattr(torch.backends.cusparselt, "version", lambda: version)
    try:
        found = structured.library(dtype, device)
    except UnsupportedError as error:
        found = str(error)
    assert found == expected


@pytest.mark.parametrize(("library", "dtype"), LIBRARIES)
@pytest.mark.parametrize(("side", "size"), [("m", 65), ("n", 49), ("k", 133)])
def test_sizes_that_a_library_refuses_are_skipped(
    library: str, dtype: str, side: str, size: int, libraries: Libraries, monkeypatch: Any
) -> None:
    def refusing(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: operation not supported")

    libraries.use(library, monkeypatch)
    for name in ("_cslt_sparse_mm", "_sparse_semi_structured_mm"):
        monkeypatch.setattr(torch, name, refusing)
    told = f"for {dtype} torch's sparse tensors need {side} to be a multiple of .*, not {size}"
    with pytest.raises(UnsupportedError, match=told):
        SPARSE.build(product(dtype, "nt", **{side: size}), CPU, 0.0)
    with pytest.raises(RuntimeError, match="CUDA error"):
        SPARSE.build(product(dtype), CPU, 0.0)


@pytest.mark.parametrize(
    ("dtype", "sizes"), [("bf16", {"m": 136}), ("fp8", {"m": 48}), ("fp8", {"k": 48})]
)
def test_sizes_that_a_library_multiplies_are_measured_whatever_torchs_tensors_need(
    dtype: str, sizes: dict[str, int], libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries.use("cusparselt", monkeypatch)
    task = SPARSE.build(product(dtype, "nt", **sizes), CPU, 0.0)
    task.calls[0]()
    assert spot(task).passed


def test_too_little_memory_is_not_blamed_on_the_sizes(
    libraries: Libraries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    libraries.use("cusparselt", monkeypatch)
    monkeypatch.setattr(torch, "_cslt_compress", full)
    with pytest.raises(torch.OutOfMemoryError):
        SPARSE.build(product("bf16", m=65), CPU, 0.0)


def test_a_cpu_skips_a_sparse_product_with_its_reason() -> None:
    for step in (
        lambda: SPARSE.check(product("bf16"), CPU),
        lambda: SPARSE.build(product("bf16"), CPU, 0.0),
    ):
        with pytest.raises(UnsupportedError, match="no 2:4 sparse product on a CPU"):
            step()


@pytest.mark.parametrize("dtype", sparse.DTYPES)
def test_the_space_has_the_layouts_that_the_hardware_takes(dtype: str) -> None:
    pilot = SPARSE.pilot(dtype, DATA[1])
    space = SPARSE.space(pilot, Limits(1e12, 0.0, is_cpu=False))
    layouts = {"nt"} if dtype in ("fp8", "int8") else {"nt", "nn"}
    assert {str(point.parameters["layout"]) for point in space} == layouts
    assert len(space) == len(layouts) * len(products.ACCELERATOR_SIZES) ** 3
    assert {point.data for point in space} == {DATA[1]}
    assert SPARSE.figures(pilot) == (f"sparse_{dtype}",)
    few = SPARSE.space(pilot, Limits(1e8, 0.0, is_cpu=False))
    assert few == [one for one in space if SPARSE.work(one).footprint_bytes <= 1e8]
    assert SPARSE.smaller(space[0]).size("k") == products.SMALLER_SIZE
