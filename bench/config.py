"""Turns the ``key=value`` overrides of a command line into the command's checked, typed config.

Every override is checked before anything runs. An error is one line that names the nearest valid
word.
"""

import dataclasses
import math
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from bench import addons, paths, suitefile
from bench.errors import UsageError, did_you_mean
from bench.hydraerrors import not_understood, one_line
from bench.shapes import SHAPES, DeviceChoice, ReportChoice

T = TypeVar("T")
GROUPS = ("suite", "device", "report")
UNUSED = tuple(
    f"~hydra/{name}"
    for name in ("launcher", "sweeper", "output", "help", "hydra_help", "hydra_logging",
                 "job_logging", "env")
)  # fmt: skip
"""Hydra's own config groups, read only by Hydra's ``main``: half of the time to compose."""
HYDRA = re.compile(r"[+~]*hydra\b")
HINTS = {
    "gpu": "try device=cuda, or device=accelerator for whatever torch finds",
    "xlsx": "try report=csv, which spreadsheets open",
    "excel": "try report=csv, which spreadsheets open",
}
"""Hints for words that users often type, of which the nearest valid word is not what they mean."""
OTHER_NAMES = {"concurrency": "batch", "isl": "input", "prompt": "input", "osl": "output"}
"""Keys by the names that other tools give them."""
DRAFTING = "drafting (speculative decoding, MTP) is not modelled: leave it out"
CACHED = "prefix caches are not modelled: leave it out"
NOT_MODELLED = {
    **dict.fromkeys(("accept", "draft", "mtp", "speculative"), DRAFTING),
    **dict.fromkeys(("cached", "prefix"), CACHED),
}
"""What keys of a prediction that users look for stand for, which it does not have."""
SYNONYMS = {"report": {"markdown": "github", "md": "github"}}
"""Synonyms of the choices of a config group."""
RECORD_COMMANDS = ("run", "show")
"""The commands that render a record, and so can write its samples (``report=pytest-benchmark``)."""
ELEMENT = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+)\s*(?:,|$)""")
"""One element of a list as it is typed: in quotes, or up to the next comma."""


def compose(command: str, overrides: list[str], shape: type[T], *, multirun: bool = False) -> T:
    """Returns the command's typed config with ``overrides`` applied.

    Args:
        command: name of the command.
        overrides: ``key=value`` words, as they were typed.
        shape: dataclass of the config.
        multirun: whether the overrides may include Hydra's own (``hydra.*``), which Hydra's
            ``main`` reads.

    Raises:
        UsageError: an unknown key, choice or value, or one of Hydra's own overrides. The message
            is one line with the nearest valid word.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    words = checked(command, overrides, shape)
    if not multirun:
        _refuse_hydra(words)
    register()
    _register_devices(words)
    try:
        with initialize_config_dir(str(paths.data_dir("configs")), version_base="1.3"):
            texts = [as_text(word, shape) for word in words]
            config = hydra_compose(command, texts if multirun else [*texts, *UNUSED])
        made = cast("T", OmegaConf.to_object(config))
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(one_line(error)) from None
    except Exception as error:  # noqa: BLE001 -- Hydra itself may fail on a malformed override
        raise UsageError(not_understood(command, words, error)) from None
    report = getattr(made, "report", ReportChoice())
    if report.format not in choices("report"):
        near = did_you_mean(report.format, _offered(command, "report"))
        raise UsageError(f"no report {report.format!r}: {near}")
    return made


def _refuse_hydra(words: Iterable[str]) -> None:
    """Raises on an override of Hydra's own: without -m, the run would measure this machine."""
    for word in filter(is_hydra, words):
        raise UsageError(f"{word} goes with -m only: python -m bench run -m ...")


def is_hydra(word: str) -> bool:
    """Returns whether an override is meant for Hydra itself."""
    return HYDRA.match(word) is not None


@cache
def register() -> None:
    """Registers the config of every command with Hydra, once per process.

    ``run`` is composed by ``configs/run.yaml``, the others of their dataclass and its groups alone.
    """
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance().store
    for name, shape in SHAPES.items():
        store(name=f"{name}_shape", node=shape)
        if name != "run":
            keys = {one.name for one in dataclasses.fields(shape)}
            groups = [{group: "auto"} for group in GROUPS if group in keys]
            store(name=name, node={"defaults": [f"{name}_shape", *groups, "_self_"]})


def _register_devices(words: Iterable[str]) -> None:
    """Registers the choices of ``device=`` that have no file: device types and added backends."""
    from hydra.core.config_store import ConfigStore

    for word in words:
        key, _, value = word.partition("=")
        for name in set(value.split(",")) - set(_files("device")) if key == "device" else ():
            ConfigStore.instance().store(group=key, name=name, node={"name": name, "index": 0})


def spelled_out(overrides: list[str]) -> list[str]:
    """Returns overrides with shorthands expanded: ``device=cuda:1``, ``report=md``, a suite file.

    Raises:
        UsageError: a suite file cannot be read as a suite.
    """
    words = []
    for word in overrides:
        key, _, value = word.partition("=")
        backend, colon, index = value.partition(":")
        if key == "device" and colon:
            words += [f"device={backend}", f"device.index={index}"]
        elif key == "suite" and suitefile.is_file(value):
            words += suitefile.words(value)
        else:
            synonym = SYNONYMS.get(key, {}).get(value.lower())
            words.append(f"{key}={synonym}" if synonym else word)
    return words


def choices(group: str) -> list[str]:
    """Returns the choices of a config group: its files, and for ``device`` what else there is."""
    from bench.chips.vendors import device_types

    more = (*addons.added(addons.DEVICES), *device_types()) if group == "device" else ()
    return sorted({*_files(group), *more})


def _files(group: str) -> list[str]:
    return [path.stem for path in (paths.data_dir("configs") / group).glob("*.yaml")]


def _offered(command: str, group: str) -> list[str]:
    """Returns the choices of a config group that a command supports."""
    needs_record = group == "report" and command not in RECORD_COMMANDS
    lacking = {"pytest-benchmark"} if needs_record else set()
    return [one for one in choices(group) if one not in lacking]


def checked(command: str, overrides: list[str], shape: type) -> list[str]:
    """Returns the overrides spelled out and checked; a sweep may name several choices of a group.

    Raises:
        UsageError: a word that is not key=value, an unknown key, or an unknown choice of a group.
    """
    words = spelled_out(overrides)
    given: set[str] = set()
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word!r} is no key=value: try 'python -m bench {command} --help'")
        if key in given:
            raise UsageError(f"{key}= is given twice: which one?")
        given.add(key)
        _type_of(command, key.lstrip("+~"), shape)
        for choice in value.split(",") if key in GROUPS and "(" not in value else ():
            if choice not in choices(key):
                hint = HINTS.get(choice) or did_you_mean(choice, _offered(command, key))
                raise UsageError(f"no {key} {choice!r}: {hint}")
    return words


def _type_of(command: str, key: str, shape: type) -> object:
    """Follows a dotted key through the dataclasses and returns the type at its end."""
    if is_hydra(key):
        return None
    here: Any = shape
    for part in key.split("."):
        known = {one.name: one for one in dataclasses.fields(here)}
        if part not in known:
            raise UsageError(f"{command} has no key {key!r}: {_key_hint(part, known)}")
        here, kind = known[part].default_factory, known[part].type
        if not dataclasses.is_dataclass(here):
            return kind
    return shape


def _key_hint(word: str, known: Collection[str]) -> str:
    """Returns what to write instead of an unknown key."""
    if (key := OTHER_NAMES.get(word, "")) in known:
        return f"did you mean {key!r}?"
    if word in NOT_MODELLED and "workload" in known:
        return NOT_MODELLED[word]
    return did_you_mean(word, known)


def as_text(word: str, shape: type) -> str:
    """Quotes the value if the key holds text, so that Hydra does not parse it as its grammar."""
    key, _, value = word.partition("=")
    kind = _type_of("", key.lstrip("+~"), shape)
    if kind == list[str]:
        elements = _split("" if value == "null" else value)
        return f"{key}=[{','.join(map(_element, elements))}]"
    if kind not in (str, str | None) or not value or value == "null" or _in_quotes(value):
        return word
    return f"{key}={_literal(value)}"


def _split(value: str) -> list[str]:
    """Returns the elements of ``[a,'b,c']`` or of a plain ``a,'b,c'``, quotes left on."""
    inner = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    return [text for one in ELEMENT.finditer(inner) if (text := one[1].strip())]


def _element(text: str) -> str:
    return text if _in_quotes(text) else _literal(text)


def _in_quotes(text: str) -> bool:
    return len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]


def quoted(text: str) -> str:
    """Returns ``text`` in quotes; to Hydra a backslash counts only before a quote or at the end."""
    return "'" + re.sub(r"(\\*)('|$)", _escaped, text) + "'"


def _literal(text: str) -> str:
    """Returns ``text`` quoted, with ``${`` escaped so that Hydra does not interpolate it."""
    return quoted(text.replace("${", "\\${"))


def _escaped(found: re.Match[str]) -> str:
    return found[1] * 2 + ("\\'" if found[2] else "")


def positive(name: str, value: float, most: float | None = None) -> float:
    """Returns ``value`` if it is above zero and at most ``most``.

    Raises:
        UsageError: it is out of that range.
    """
    if not (0 < value < math.inf) or (most is not None and value > most):
        bound = f"above 0 and at most {most:g}" if most is not None else "above 0 and finite"
        raise UsageError(f"{name}={value:g} must be {bound}")
    return value


def device_word(choice: DeviceChoice) -> str:
    """Returns the device as a word such as ``cuda:1``; an index of 0 is left out.

    Raises:
        UsageError: the backend cannot have this index.
    """
    if choice.index < 0 or (choice.index and choice.name == "fake"):
        reason = "the fake device is one device" if choice.index > 0 else "an index counts from 0"
        raise UsageError(f"no device '{choice.name}:{choice.index}': {reason}")
    return f"{choice.name}:{choice.index}" if choice.index else choice.name


def folder(out: str | None) -> Path:
    """Returns the folder that records go to: ``out=``, or the default folder.

    Raises:
        UsageError: ``out=`` is a file, or is named like one.
    """
    if not out:
        return paths.runs_dir()
    place = Path(out)
    if place.is_file() or (place.suffix == ".json" and not place.is_dir()):
        raise UsageError(f"out={out}: out= is a folder; a record is named by its day and time")
    return place
