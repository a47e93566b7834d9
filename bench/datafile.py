"""Data files read into strict models; whatever is wrong becomes a fault with field and remedy."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bench import paths, yamlfile
from bench.errors import Fault
from bench.strict import DAY, Strict

Model = TypeVar("Model", bound=Strict)
QUANTITY = "write a quantity such as '148 TFLOP/s', or unknown or unsupported"
MEASURED = "write a quantity such as '148 TFLOP/s'"
WHEN = "write a date such as 2026-11-24"
SIZE = "write a size such as '97871 MiB'"
MONTH = "write a day, a month or a year, such as 2026-11-24, 2026-11 or 2026"
CONDITION = 'write a condition such as {tpp: ">= 4800"}, or all, any or not of some'
FIXES = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is no key of it", "remove it"),
    "string_type": ("is not a piece of text", "write a word or a sentence"),
    "int_parsing": ("is not a whole number", "write a whole number"),
    "int_type": ("is not a whole number", "write a whole number"),
    "tuple_type": ("is not a list", "write a list such as [a, b]"),
    "dict_type": ("is not a mapping", "write 'key: value' lines"),
    "model_type": ("is not a mapping", "write 'key: value' lines"),
}
PATTERNS = {
    r"^[a-z0-9][a-z0-9._-]*$": "write small letters, digits, '.', '_' and '-'",
    r"^[0-9a-f]{4}:[0-9a-f]{4}$": "write vendor:device in small hexadecimal, such as 10de:2329",
    r"^\d{4}-\d{2}-\d{2}$": WHEN,
    f"^{DAY}$": WHEN,
    f"^({DAY}|never)$": f"{WHEN}, or never",
    r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$": MONTH,
    r"^[A-Z]{2}$": "write the code of a country such as CN",
    r"^[0-9][A-E][0-9]{3}(\.[a-z](\.[0-9]+)?)?$": "write a paragraph such as 3A090.a.1",
}


def relative(path: Path, folder: Path) -> str:
    """Returns a file's path as faults name it, whatever folder stands for ``specs/``.

    A file of one's own is named by where it lies, as no shipped one is meant.
    """
    home = "results" if folder.name == "results" else "specs"
    layer = next(one for one in paths.layers(folder) if path.is_relative_to(one))
    return f"{home}/{path.relative_to(layer).as_posix()}" if layer == folder else _shown(path)


def _shown(path: Path) -> str:
    """Returns a path as seen from the working folder, where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def at_home(fault: Fault) -> Fault:
    """Returns a fault of a shipped file's name with the path of one's own file in its place."""
    own, (home, _, inner) = paths.own_specs(), fault.file.partition("/")
    if own is None or home != "specs" or not (own / inner).is_file():
        return fault
    return replace(fault, file=_shown(own / inner))


def files(folder: Path, kind: str) -> list[Path]:
    """Returns the YAML files of a folder's ``kind``, by name.

    Of the shipped data also one's own: a file takes the place of a shipped one of its name.
    """
    found = [path for one in paths.layers(folder) for path in (one / kind).glob("*.yaml")]
    return sorted({path.name: path for path in found}.values(), key=lambda path: path.name)


def mapping(path: Path, folder: Path) -> tuple[dict[str, yamlfile.Node], list[Fault]]:
    """Reads a file whose document is a mapping; with a fault it is empty."""
    return as_mapping(lambda: yamlfile.read(path), relative(path, folder))


def as_mapping(
    read: Callable[[], yamlfile.Node], name: str
) -> tuple[dict[str, yamlfile.Node], list[Fault]]:
    """Returns the mapping that is read, or an empty one and why it is none."""
    try:
        data = read()
    except FileNotFoundError:
        return {}, [Fault(name, "", "is missing", "add it")]
    except yamlfile.YamlError as error:
        return {}, [Fault(name, "", str(error), "write it as plain YAML")]
    if not isinstance(data, dict):
        return {}, [Fault(name, "", "is not a mapping", "start with 'key: value' lines")]
    return data, []


def named(
    model: type[Model], path: Path, folder: Path, read: Callable[[Path], yamlfile.Node]
) -> tuple[Model | None, list[Fault]]:
    """Returns what a file is of whose name is its id, or None and what is wrong with it."""
    name = relative(path, folder)
    data, faults = as_mapping(lambda: read(path), name)
    if faults:
        return None, faults
    if "id" in data:
        return None, [Fault(name, "id", "is given by the file name", "remove it")]
    return validated(model, {**data, "id": path.stem}, name)


def entries(
    model: type[Model], path: Path, folder: Path, *, optional: bool = False
) -> tuple[dict[str, Model], list[Fault]]:
    """Reads a file of many entries, each by its key; an optional one need not be there.

    Of the shipped data also one's own entries: one takes the place of a shipped one of its key.
    """
    if optional and not path.exists():
        return {}, []
    data, faults = mapping(path, folder)
    homes = dict.fromkeys(data, path)
    for layer in paths.layers(folder)[1:]:
        if (own := layer / path.relative_to(folder)).exists():
            more, new = mapping(own, folder)
            data, faults = {**data, **more}, faults + new
            homes.update(dict.fromkeys(more, own))
    made: dict[str, Model] = {}
    for key, node in data.items():
        one, new = validated(model, node, relative(homes[key], folder), key)
        faults += new
        if one is not None:
            made[key] = one
    return made, faults


def validated(
    model: type[Model], node: object, file: str, prefix: str = ""
) -> tuple[Model | None, list[Fault]]:
    """Returns the value that a node stands for, or None and every fault of it."""
    try:
        return model.model_validate(node), []
    except ValidationError as error:
        return None, list(_as_faults(error, file, prefix))


def _as_faults(error: ValidationError, file: str, prefix: str) -> Iterable[Fault]:
    every = error.errors(include_url=False)
    deeper = [one["loc"] for one in every]
    for one in every:
        if one["type"] == "too_short" and any(
            place[: len(one["loc"])] == one["loc"] != place for place in deeper
        ):
            continue  # its only item is wrong, which is told by itself
        place = ".".join(str(part) for part in (prefix, *one["loc"]) if part not in ("", "[key]"))
        yield Fault(file, place, *_told(one))


def _told(error: ErrorDetails) -> tuple[str, str]:
    """Returns the problem and the fix of one error, in words for who writes the sheet."""
    kind, limits = error["type"], error.get("ctx", {})
    problem = error["msg"].removeprefix("Value error, ")
    if kind in ("literal_error", "enum"):
        return f"{error['input']!r} is not a word for it", f"write {limits['expected']}"
    if kind in ("value_error", "no_day"):
        month = MONTH if error["loc"][-1:] == ("date",) else WHEN
        return problem, month if kind == "no_day" else _form(error["loc"])
    if kind == "string_pattern_mismatch":
        form = limits["pattern"]
        return f"{error['input']!r} is not of its form", PATTERNS.get(form, f"write {form}")
    if kind == "string_too_short":
        return "is too short", f"write at least {limits['min_length']} characters"
    if kind == "too_short":
        return "is empty", f"name at least {limits['min_length']}"
    return FIXES.get(kind, (problem, "write it as the other sheets do"))


def _form(place: tuple[int | str, ...]) -> str:
    """Returns what a value of that place looks like."""
    if place[-1] in ("when", "uncertain_when"):
        return CONDITION
    if "rows" in place:
        return MEASURED
    return SIZE if "memory" in place else QUANTITY
