"""Machine code of vector rates: as an assembler writes it, and where it may run."""

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bench.kernels import vector
from bench.kernels.common import simd
from bench.kernels.common.base import UnsupportedError
from bench.kernels.common.machinecode import architecture
from tests.kernels.cases import CPU, here
from tests.kernels.vector_cases import VECTOR, point

assembler = pytest.mark.skipif(
    not (shutil.which("as") and shutil.which("objcopy") and architecture() == "x86_64"),
    reason="no assembler for x86-64",
)


def assembled(lines: list[str], folder: Path) -> bytes:
    """What an assembler makes of a text."""
    source, made, flat = folder / "a.s", folder / "a.o", folder / "a.bin"
    source.write_text("\n".join(lines) + "\n", encoding="ascii")
    tools = [shutil.which(name) or name for name in ("as", "objcopy")]
    subprocess.run([tools[0], source, "-o", made], check=True)
    subprocess.run([tools[1], "-O", "binary", "-j", ".text", made, flat], check=True)
    return flat.read_bytes()


NAMES = {simd.X: "rdi", simd.A: "rsi", simd.B: "rdx", simd.OUT: "rcx"}
MNEMONICS = {
    "fp32": "vfmadd213ps", "fp64": "vfmadd213pd", "fp16": "vfmadd213ph", "bf16": "vdpbf16ps",
}  # fmt: skip


@assembler
@pytest.mark.parametrize("way", simd.WIDTH)
def test_the_code_is_what_an_assembler_writes(way: str, tmp_path: Path) -> None:
    wide, vex, xor = {"avx512": ("z", "", "vpxord"), "avx2": ("y", "{vex3} ", "vpxor")}[way]
    count, width = {"avx512": (32, 64), "avx2": (16, 32)}[way]
    drawn, code, lines = random.Random(1), simd.Code(way), []  # noqa: S311 -- no secret
    for _ in range(300):
        one, two, three = (drawn.randrange(count) for _ in range(3))
        base, place = drawn.choice(list(NAMES)), drawn.randrange(100)
        memory = f"{place * width}(%{NAMES[base]})"
        named = [f"%{wide}mm{number}" for number in (one, two, three)]
        for dtype in (dtype for wanted, dtype in simd.NEEDS if wanted == way):
            code.fma(dtype, one, two, three)
            lines.append(f"{MNEMONICS[dtype]} {named[2]}, {named[1]}, {named[0]}")
        code.load(one, base, place)
        code.store(two, base, place)
        code.xor(three, base, place)
        code.clear(one)
        lines += [f"{vex}{{disp32}} vmovups {memory}, {named[0]}"]
        lines += [f"{vex}{{disp32}} vmovups {named[1]}, {memory}"]
        lines += [f"{vex}{{disp32}} {xor} {memory}, {named[2]}, {named[2]}"]
        lines += [f"{vex}{xor} {named[0]}, {named[0]}, {named[0]}"]
    assert bytes(code.text) == assembled(lines, tmp_path)


@assembler
def test_loop_and_end_are_what_an_assembler_writes(tmp_path: Path) -> None:
    code = simd.Code("avx512")
    code.clear(3)
    code.align()
    start = len(code.text)
    for _ in range(40):
        code.clear(4)
    code.advance(16)
    code.repeat(start)
    lines = ["vpxord %zmm3, %zmm3, %zmm3", ".fill 58, 1, 0x90", "again:"]
    lines += ["vpxord %zmm4, %zmm4, %zmm4"] * 40
    lines += ["add $1024, %rdx", "dec %r8", "{disp32} jnz again", "vzeroupper", "ret"]
    assert (start, code.end()) == (64, assembled(lines, tmp_path))


def test_a_processor_without_machine_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simd, "architecture", lambda: "aarch64")
    with pytest.raises(UnsupportedError, match=r"^no machine code for this processor$"):
        VECTOR.check(VECTOR.pilot("fp32", "normal"), CPU)


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ({"avx2", "fma"}, {"fp32": ("avx2",), "fp64": ("avx2",)}),
        ({"avx2"}, {}),
        ({"avx2", "fma", "avx512f"}, dict.fromkeys(("fp32", "fp64"), ("avx512", "avx2"))),
        ({"avx512_fp16", "avx512_bf16"}, dict.fromkeys(("fp16", "bf16"), ("avx512",))),
    ],
)
def test_instruction_sets_are_told_by_flags(
    flags: set[str], has: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simd, "architecture", lambda: "x86_64")
    monkeypatch.setattr(simd, "flags", lambda: frozenset(flags))
    for dtype in VECTOR.dtypes:
        if dtype in has:
            assert simd.ways(dtype) == has[dtype]
            continue
        with pytest.raises(UnsupportedError, match=f"^no {dtype} instructions on this processor$"):
            simd.ways(dtype)


@pytest.fixture
def fresh_flags() -> Iterator[None]:
    simd.flags.cache_clear()
    yield
    simd.flags.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 fma\nvmx flags\t: x\n", {"fpu", "avx2", "fma"}),
        ("processor\t: 0\nFeatures\t: fp asimd fphp\n", {"fp", "asimd", "fphp"}),
        ("processor\t: 0\n", set()),
        (None, set()),
    ],
)
@pytest.mark.usefixtures("fresh_flags")
def test_flags_are_read_where_the_system_tells_them(
    text: str | None, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "cpuinfo"
    if text is not None:
        told.write_text(text, encoding="utf-8")
    monkeypatch.setattr(simd, "CPUINFO", told)
    assert simd.flags() == expected


@here
def test_a_system_that_runs_no_written_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def barred(_: bytes) -> None:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(simd, "Executable", barred)
    with pytest.raises(UnsupportedError, match="runs no machine code made while it runs"):
        VECTOR.check(VECTOR.pilot("fp32", "normal"), CPU)


@here
def test_machine_code_is_refused_off_the_host() -> None:
    meta = torch.empty(2, 12, 8, device="meta")
    with pytest.raises(UnsupportedError, match="host memory only"):
        vector._loop(point("avx2", "fp32"), (meta, meta, meta))
