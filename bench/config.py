"""The typed shape of ``configs/``, and overrides turned into one checked value.

Every word of an override is checked before anything runs; what is wrong is one line that names
the nearest right word.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from bench import paths
from bench.errors import UsageError, did_you_mean

T = TypeVar("T")


@dataclass
class SuiteItem:
    """One kernel over several dtypes, or over several streams."""

    kernel: str = "gemm"
    dtypes: list[str] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)
    weight: float = 1.0


@dataclass
class Suite:
    """What is measured, and in how many seconds."""

    name: str = ""
    seconds: float = 60.0
    items: list[SuiteItem] = field(default_factory=list)


@dataclass
class Fake:
    """The fake device's nature, where it is not its default."""

    name: str | None = None
    noise: str = "white"
    noise_level: float = 0.01
    throttle_after_s: float | None = None
    throttle_to: float = 1.0
    seed: int = 1


@dataclass
class DeviceChoice:
    """Which device; ``index`` counts devices of one backend."""

    name: str = "auto"
    index: int = 0
    fake: Fake = field(default_factory=Fake)


@dataclass
class ReportChoice:
    """Which format."""

    format: str = "github"


@dataclass
class RunConfig:
    """Keys of ``run``."""

    suite: Suite = field(default_factory=Suite)
    device: DeviceChoice = field(default_factory=DeviceChoice)
    report: ReportChoice = field(default_factory=ReportChoice)
    chip: str | None = None
    kernel: str | None = None
    dtype: str | None = None
    m: int | None = None
    n: int | None = None
    k: int | None = None
    data: str = "normal"
    seconds: float | None = None
    precision: float = 0.01
    margin: float = 0.10
    out: str | None = None
    quiet: bool = False


@dataclass
class ShowConfig:
    """Keys of ``show``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    record: str | None = None
    chip: str | None = None
    margin: float = 0.10
    out: str | None = None


@dataclass
class ChipsConfig:
    """Keys of ``chips``."""

    report: ReportChoice = field(default_factory=ReportChoice)
    find: str | None = None
    tier: str | None = None
    vendor: str | None = None
    kind: str | None = None


@dataclass
class CheckConfig:
    """Keys of ``check``."""

    specs: str | None = None


@dataclass
class DoctorConfig:
    """Keys of ``doctor``."""

    device: DeviceChoice = field(default_factory=DeviceChoice)
    chip: str | None = None


SHAPES: dict[str, type] = {
    "run": RunConfig,
    "show": ShowConfig,
    "chips": ChipsConfig,
    "check": CheckConfig,
    "doctor": DoctorConfig,
}
GROUPS = ("suite", "device", "report")


def compose(command: str, overrides: list[str], shape: type[T]) -> T:
    """Returns the command's typed config with ``overrides`` applied.

    Raises:
        UsageError: an unknown key, choice or value; one line with the nearest right one.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    words = spelled_out(overrides)
    _check_keys(command, words, shape)
    register()
    try:
        with initialize_config_dir(str(paths.data_dir("configs")), version_base="1.3"):
            config = hydra_compose(command, words)
        return cast("T", OmegaConf.to_object(config))
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(_one_line(error)) from None


def register() -> None:
    """Tells Hydra the typed shape of every command's config."""
    from hydra.core.config_store import ConfigStore

    for name, shape in SHAPES.items():
        ConfigStore.instance().store(name=f"{name}_shape", node=shape)


def spelled_out(overrides: list[str]) -> list[str]:
    """Returns overrides with ``device=cuda:1`` spelled as group and index."""
    words = []
    for word in overrides:
        key, _, value = word.partition("=")
        backend, colon, index = value.partition(":")
        if key == "device" and colon:
            words += [f"device={backend}", f"device.index={index}"]
        else:
            words.append(word)
    return words


def choices(group: str) -> list[str]:
    """Returns what may be chosen in a config group."""
    return sorted(path.stem for path in (paths.data_dir("configs") / group).glob("*.yaml"))


def _check_keys(command: str, words: list[str], shape: type) -> None:
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is no key=value: try 'python -m bench {command} --help'")
        _check_key(command, key.lstrip("+~"), shape)
        if key in GROUPS and value not in choices(key):
            raise UsageError(f"no {key} {value!r}: {did_you_mean(value, choices(key))}")


def _check_key(command: str, key: str, shape: type) -> None:
    """Follows a dotted key through the dataclasses."""
    here: Any = shape
    for part in key.split("."):
        if part.startswith("hydra"):
            return
        known = {one.name: one for one in dataclasses.fields(here)}
        if part not in known:
            raise UsageError(f"{command} has no key {key!r}: {did_you_mean(part, known)}")
        here = known[part].default_factory
        if not dataclasses.is_dataclass(here):
            return


def _one_line(error: Exception) -> str:
    """Returns what Hydra says, on one line, with the key it is about."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    key = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("full_key")), "")
    return f"{key}: {lines[0]}" if key else lines[0] if lines else type(error).__name__


def positive(name: str, value: float, most: float | None = None) -> float:
    """Returns ``value`` if it is above zero and at most ``most``.

    Raises:
        UsageError: it is not.
    """
    if not value > 0 or (most is not None and value > most):
        bound = f"above 0 and at most {most:g}" if most is not None else "above 0"
        raise UsageError(f"{name}={value:g} must be {bound}")
    return value


def folder(out: str | None) -> Path:
    """Returns where records go: ``out=``, or the default place."""
    return Path(out) if out else paths.runs_dir()
