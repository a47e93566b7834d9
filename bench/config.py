"""Overrides turned into one checked value of the shape that a command has.

Every word of an override is checked before anything runs; what is wrong is one line that names
the nearest right word.
"""

import dataclasses
import math
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from bench import paths, suitefile
from bench.errors import UsageError, did_you_mean
from bench.shapes import SHAPES, DeviceChoice, ReportChoice

T = TypeVar("T")
GROUPS = ("suite", "device", "report")
UNUSED = tuple(
    f"~hydra/{name}"
    for name in ("launcher", "sweeper", "output", "help", "hydra_help", "hydra_logging",
                 "job_logging", "env")
)  # fmt: skip
"""Hydra's own groups, which only its own ``main`` reads: half of the time that composing takes."""
HYDRA = re.compile(r"[+~]*hydra\b")
MEANT = {
    "gpu": "try device=cuda, or device=accelerator for whatever torch finds",
    "xlsx": "try report=csv, which spreadsheets open",
    "excel": "try report=csv, which spreadsheets open",
}
"""What is told of words that are written like some of ours and mean others."""
SAME = {"report": {"markdown": "github", "md": "github"}}
"""Other words for what may be chosen in a config group."""
OF_RECORDS = ("run", "show")
"""The commands that render a record, and have its samples as a format."""
SHOWN = 200
"""Characters of words that are quoted."""
KINDS = {"Float": "a number", "Integer": "a whole number", "bool": "true or false"}
"""What OmegaConf's types are called on the command line."""
NO_LIST = re.compile(r"is not a ListConfig|^Cannot merge DictConfig with ListConfig")
LISTS = {"suite.items": "{kernel: gemm, dtypes: [bf16]}", "dtypes": "bf16, fp16"}
"""What OmegaConf says where no list is given for one, and what a list of the key looks like."""
CONVERTED = re.compile(
    r"Value '(.*)' (?:of type '\w+' could not be converted to (\w+)|is not a valid (bool) )"
)
UNKNOWN = re.compile("Key '(.*)' not in 'SuiteItem'")
ELEMENT = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,]+)\s*(?:,|$)""")
"""One element of a list as it is typed: in quotes, or up to the next comma."""


def compose(command: str, overrides: list[str], shape: type[T], *, multirun: bool = False) -> T:
    """Returns the command's typed config with ``overrides`` applied.

    Args:
        command: its name.
        overrides: ``key=value``, as they were typed.
        shape: of the config.
        multirun: whether words of Hydra's own may be among them, which its ``main`` reads.

    Raises:
        UsageError: an unknown key, choice or value, or a word of Hydra's own; one line with the
            nearest right one.
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
    try:
        with initialize_config_dir(str(paths.data_dir("configs")), version_base="1.3"):
            told = [as_text(word, shape) for word in words]
            config = hydra_compose(command, told if multirun else [*told, *UNUSED])
        made = cast("T", OmegaConf.to_object(config))
    except (HydraException, OmegaConfBaseException) as error:
        raise UsageError(_one_line(error)) from None
    except Exception as error:  # noqa: BLE001 -- Hydra's own failures over words it takes amiss
        raise UsageError(_not_understood(command, words, error)) from None
    report = getattr(made, "report", ReportChoice())
    if report.format not in choices("report"):
        near = did_you_mean(report.format, _offered(command, "report"))
        raise UsageError(f"no report {report.format!r}: {near}")
    return made


def _refuse_hydra(words: Iterable[str]) -> None:
    """Raises for a word of Hydra's own: with -m forgotten, a run would be of this very machine."""
    for word in filter(is_hydra, words):
        raise UsageError(f"{word} goes with -m only: python -m bench run -m ...")


def is_hydra(word: str) -> bool:
    """Tells whether a word is meant for Hydra itself."""
    return HYDRA.match(word) is not None


@cache
def register() -> None:
    """Tells Hydra the typed shape of every command's config, once a process."""
    from hydra.core.config_store import ConfigStore

    for name, shape in SHAPES.items():
        ConfigStore.instance().store(name=f"{name}_shape", node=shape)


def spelled_out(overrides: list[str]) -> list[str]:
    """Returns overrides as keys and choices that there are.

    ``device=cuda:1`` as group and index, ``report=md`` as ``github``, a suite's file as its keys.

    Raises:
        UsageError: a suite's file cannot be read as one.
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
            same = SAME.get(key, {}).get(value.lower())
            words.append(f"{key}={same}" if same else word)
    return words


def choices(group: str) -> list[str]:
    """Returns what may be chosen in a config group."""
    return sorted(path.stem for path in (paths.data_dir("configs") / group).glob("*.yaml"))


def _offered(command: str, group: str) -> list[str]:
    """Returns what of a config group a command can do."""
    lacking = {"pytest-benchmark"} if group == "report" and command not in OF_RECORDS else set()
    return [one for one in choices(group) if one not in lacking]


def checked(command: str, overrides: list[str], shape: type) -> list[str]:
    """Returns the overrides spelled out, each with a known key; a sweep names several choices.

    Raises:
        UsageError: no key=value, an unknown key, or an unknown choice of a config group.
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
        for one in value.split(",") if key in GROUPS and "(" not in value else ():
            if one not in choices(key):
                meant = MEANT.get(one) or did_you_mean(one, _offered(command, key))
                raise UsageError(f"no {key} {one!r}: {meant}")
    return words


def _type_of(command: str, key: str, shape: type) -> object:
    """Follows a dotted key through the dataclasses and returns the type at its end."""
    if is_hydra(key):
        return None
    here: Any = shape
    for part in key.split("."):
        known = {one.name: one for one in dataclasses.fields(here)}
        if part not in known:
            raise UsageError(f"{command} has no key {key!r}: {did_you_mean(part, known)}")
        here, kind = known[part].default_factory, known[part].type
        if not dataclasses.is_dataclass(here):
            return kind
    return shape


def as_text(word: str, shape: type) -> str:
    """Quotes the value of a key that holds text, so that Hydra's grammar reads nothing into it."""
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
    """Returns ``text`` in Hydra's quotes: a backslash counts only before a quote or at the end."""
    return "'" + re.sub(r"(\\*)('|$)", _escaped, text) + "'"


def _literal(text: str) -> str:
    """Returns ``text`` quoted, so that ``${`` stays what it is and stands for nothing else."""
    return quoted(text.replace("${", "\\${"))


def _escaped(found: re.Match[str]) -> str:
    return found[1] * 2 + ("\\'" if found[2] else "")


def _one_line(error: Exception) -> str:
    """Returns what Hydra says, on one line, with the key it is about."""
    cause = error.__cause__ or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    key = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("full_key")), "")
    if key and NO_LIST.search(lines[0]):
        return f"{key}: write a list such as [{LISTS.get(key, 'a, b')}]"
    if key and "is not a subclass of SuiteItem" in lines[0]:
        return f"{key}: write a mapping such as {{kernel: gemm, dtypes: [bf16]}}"
    if found := UNKNOWN.match(lines[0]):
        known = suitefile.ITEM_KEYS
        return f"an item of suite.items has no key {found[1]!r}: {did_you_mean(found[1], known)}"
    if key and (found := CONVERTED.match(lines[0])) and (kind := found[2] or found[3]) in KINDS:
        return f"{key}={found[1]}: write {KINDS[kind]}{_share(found[1])}"
    return f"{key}: {lines[0]}" if key else lines[0] if lines else type(error).__name__


def _share(text: str) -> str:
    """Returns how a percentage is written as a number, empty where ``text`` is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text)
    return f", {float(found[1]) / 100:g} for {text}" if found else ""


def _not_understood(command: str, words: list[str], error: Exception) -> str:
    """Returns what to say where Hydra does not say itself which word it stumbled over."""
    told = " ".join(words)
    shown = told if len(told) <= SHOWN else f"{told[:SHOWN]} ..."
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{shown!r} is not understood ({why}): try 'python -m bench {command} --help'"


def one_of(name: str, word: str | None, known: Iterable[str]) -> None:
    """Refuses a word that is given and not known, with the nearest that is.

    Raises:
        UsageError: it is none of them.
    """
    if word is not None and word not in known:
        raise UsageError(f"no {name} {word!r}: {did_you_mean(word, known)}")


def positive(name: str, value: float, most: float | None = None) -> float:
    """Returns ``value`` if it is above zero and at most ``most``.

    Raises:
        UsageError: it is not.
    """
    if not (0 < value < math.inf) or (most is not None and value > most):
        bound = f"above 0 and at most {most:g}" if most is not None else "above 0 and finite"
        raise UsageError(f"{name}={value:g} must be {bound}")
    return value


def device_word(choice: DeviceChoice) -> str:
    """Returns the device as ``cuda:1``, without an index of nought.

    Raises:
        UsageError: an index that this backend cannot have.
    """
    if choice.index < 0 or (choice.index and choice.name == "fake"):
        reason = "the fake device is one device" if choice.index > 0 else "an index counts from 0"
        raise UsageError(f"no device '{choice.name}:{choice.index}': {reason}")
    return f"{choice.name}:{choice.index}" if choice.index else choice.name


def folder(out: str | None) -> Path:
    """Returns where records go: ``out=``, or the default place.

    Raises:
        UsageError: it is a file, or is called like one.
    """
    if not out:
        return paths.runs_dir()
    place = Path(out)
    if place.is_file() or (place.suffix == ".json" and not place.is_dir()):
        raise UsageError(f"out={out}: out= is a folder; a record is named by its day and time")
    return place
