"""Every registry equals its folder, so that nothing is forgotten; entries keep their contract."""

from importlib import import_module

import pytest

from bench import paths
from bench.__main__ import COMMANDS, module_of
from bench.config import choices, compose
from bench.devices.registry import AUTO, DEVICES, words
from bench.errors import UsageError
from bench.kernels.common.base import DATA, TORCH_DTYPES, itemsize
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import KERNELS, kernel
from bench.report.formats import FORMATS
from bench.report.registry import RECORD_FORMATS
from bench.shapes import SHAPES

SHARED = {
    "kernels": {"registry"},
    "devices": {
        "amd", "api", "base", "cgroup", "clockloop", "clocks", "conformance", "host", "libraries",
        "machine", "missing", "neighbours", "noise", "nvml", "plugins", "ranks", "registry", "smi",
        "smi_text", "team", "telemetry", "torchdevice", "uid",
    },
    "commands": {"helptext", "predictrates", "printed"},
    "report/formats": {"fragment"},
}  # fmt: skip
"""The modules of a folder that are no entry of its registry."""


def entries(folder: str) -> set[str]:
    """The modules of a folder that ought to be registered."""
    found = {path.stem for path in (paths.PACKAGE / folder).glob("*.py")} - {"__init__"}
    assert SHARED[folder] <= found, "a shared module is gone: take it off the list"
    return found - SHARED[folder]


@pytest.mark.parametrize(
    ("folder", "registered"),
    [
        ("kernels", KERNELS),
        ("devices", DEVICES),
        ("commands", tuple(module_of(one).rpartition(".")[2] for one in COMMANDS)),
        (
            "report/formats",
            (*FORMATS, *(one.rpartition(".")[2] for one in RECORD_FORMATS.values())),
        ),
    ],
)
def test_what_is_registered_is_what_is_in_the_folder(
    folder: str, registered: tuple[str, ...]
) -> None:
    assert set(registered) == entries(folder)
    assert len(set(registered)) == len(registered)


def test_every_format_can_be_chosen() -> None:
    assert set(choices("report")) == {*FORMATS, *RECORD_FORMATS, "auto"}


def test_every_device_can_be_chosen() -> None:
    assert set(choices("device")) == {*words(), "all"}


def test_auto_tries_real_devices_only() -> None:
    assert set(AUTO) == set(DEVICES) - {"fake"}


def test_every_command_has_a_shape() -> None:
    assert set(COMMANDS) == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_a_command_without_words_takes_the_defaults_of_its_shape(name: str) -> None:
    assert type(compose(name, [], SHAPES[name])) is SHAPES[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_exit_codes(name: str) -> None:
    command = import_module(module_of(name))
    assert callable(command.main)
    assert all(word in command.HELP for word in (name, "Examples", "Exit code: 0"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders(name: str) -> None:
    assert callable(import_module(f"bench.report.formats.{name}").render)


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_says_whether_it_is_there_and_is_made(name: str) -> None:
    module = import_module(f"bench.devices.{name}")
    assert callable(module.present)
    assert callable(module.make)


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_bears_the_name_it_is_registered_by(name: str) -> None:
    found = kernel(name)
    assert found.name == name
    assert found.pilot("fp32", "normal").kernel == name


def test_a_kernel_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^no kernel 'gem': did you mean 'gemm'\?$"):
        kernel("gem")


def test_the_dtypes_are_the_same_everywhere() -> None:
    from bench.devices.fake import RATES
    from bench.kernels import gemm

    assert set(DTYPES) == set(TORCH_DTYPES) == set(RATES) == set(gemm.DTYPES) == set(gemm.TOLERANCE)
    assert {itemsize(dtype) for dtype in DTYPES} == {1, 2, 4, 8}


def test_the_streams_are_the_same_everywhere() -> None:
    from bench.kernels import memory

    assert STREAMS == memory.STREAMS
    for table in (memory.ARRAYS, memory.FORMULA, memory.FLOP):
        assert set(table) == set(STREAMS)
    assert set(memory.WAYS) <= set(STREAMS)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("data", DATA)
def test_every_kernel_keeps_the_data_asked_for(name: str, data: str) -> None:
    assert kernel(name).pilot("fp32", data).data == data


@pytest.mark.parametrize("name", KERNELS)
def test_every_figure_a_kernel_tests_is_one_of_the_sheets(name: str) -> None:
    from bench.chips.figures import FIGURES

    found = kernel(name)
    for dtype in found.dtypes:
        for variant in found.variants(dtype):
            pilot = found.pilot(dtype, "normal", variant)
            assert found.figures(pilot) or found.label(pilot)
            assert set(found.figures(pilot)) <= set(FIGURES)
