"""What Triton makes of a launch for a device that is not here: compiled, and not run."""

import inspect
import re
import subprocess
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

triton: Any = pytest.importorskip("triton", minversion="3.2", reason="no Triton to compile with")

is_new = pytest.mark.skipif(
    tuple(map(int, triton.__version__.split(".")[:2])) < (3, 5),
    reason="an older Triton knows fewer devices, packs less and spills more",
)
POINTER = {
    "float64": "*fp64", "float32": "*fp32", "float16": "*fp16", "bfloat16": "*bf16",
    "int64": "*i64", "int32": "*i32", "int16": "*i16",
}  # fmt: skip
ALIGNED = [["tt.divisibility", 16]]
THREADS = {"cuda": 32, "hip": 64}
"""Threads of a warp."""


class Launches:
    """Stands where a jitted function does; compiles its launches as Triton would specialise them.

    Attributes:
        code: the latest launch's, by the kind of assembly.
    """

    def __init__(self, backend: str, arch: int | str) -> None:
        target = import_module("triton.backends.compiler").GPUTarget
        self.target = target(backend, arch, THREADS[backend])
        self.code: Mapping[str, Any] = {}
        self._function: Any = None

    def of(self, body: Any) -> "Launches":
        """Returns itself, to launch a function or one that is jitted already."""
        self._function = body if hasattr(body, "arg_names") else triton.jit(body)
        return self

    def __getitem__(self, _: object) -> Callable[..., None]:
        return self._compile

    def _compile(self, *given: object, num_warps: int = 4, **told: Any) -> None:
        fusion = {name: told.pop(name) for name in ("enable_fp_fusion",) if name in told}
        names = self._function.arg_names
        values = dict(zip(names, given, strict=False)) | told
        constants = {
            one.name: values[one.name]
            for one in self._function.params
            if one.is_constexpr or _is_one(values[one.name])
        }
        kinds = {name: "constexpr" if name in constants else _kind(values[name]) for name in names}
        aligned = {
            (number,): ALIGNED
            for number, name in enumerate(names)
            if name not in constants and _is_aligned(values[name])
        }
        source = _source(self._function, kinds, constants, aligned)
        options = {"num_warps": num_warps, **fusion}
        self.code = triton.compile(source, target=self.target, options=options).asm


def _source(
    function: Any, kinds: dict[str, str], constants: dict[str, Any], aligned: dict[Any, Any]
) -> Any:
    """Returns what is compiled; Triton 3.2 is not told what is aligned, which has another form."""
    make = triton.compiler.ASTSource
    if "constexprs" in inspect.signature(make).parameters:
        return make(function, kinds, constants, aligned)
    varying = {name: kind for name, kind in kinds.items() if name not in constants}
    return make(function, varying, constants=constants)


def _is_one(value: object) -> bool:
    """Tells whether Triton takes a number into the code as if it were told to be constant."""
    return isinstance(value, int) and value == 1


def _kind(value: Any) -> str:
    return POINTER[str(value.dtype).removeprefix("torch.")] if hasattr(value, "dtype") else "i32"


def _is_aligned(value: Any) -> bool:
    where: int = value.data_ptr() if hasattr(value, "data_ptr") else value
    return where % 16 == 0


def loops(ptx: str) -> list[str]:
    """Returns what lies between each label and a jump back to it, the shortest first."""
    found = []
    for label in re.findall(r"^(\$\S+):", ptx, re.MULTILINE):
        _, _, after = ptx.partition(f"\n{label}:")
        body, jump, _ = after.rpartition(f"\t{label};")
        found += [body] if jump else []
    return sorted(found, key=len)


def counted(pattern: str, code: str) -> int:
    """Returns how many instructions of a kind there are."""
    return len(re.findall(rf"^\s*(?:@\S+\s+)?(?:{pattern})\s", code, re.MULTILINE))


def moved_bits(verb: str, ptx: str) -> int:
    """Returns the bits that a thread loads (``ld``) or stores (``st``) in global memory."""
    found = re.findall(rf"\b{verb}\.global(?:\.v(\d))?\.b(\d+)", ptx)
    return sum(int(many or 1) * int(bits) for many, bits in found)


def told_by(tool: str, code: Mapping[str, Any], folder: Path) -> str:
    """Returns what a tool of CUDA's, which Triton brings, says of machine code."""
    path = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / tool
    if not path.exists():
        pytest.skip(f"this Triton brings no {tool}")
    (folder / "cubin").write_bytes(code["cubin"])
    option = {"cuobjdump": "-res-usage", "nvdisasm": "-c"}[tool]
    words = [str(path), option, str(folder / "cubin")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr
