"""Reads data files into strict models; each error becomes a fault that names field and fix."""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bench import paths
from bench.errors import Fault, Flaw
from bench.files import yamlfile
from bench.files.strict import DAY, Strict

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
    """Returns a file's path as faults name it: ``specs/...`` or ``results/...``.

    A file of the user's own folder is named by its real path.
    """
    home = "results" if folder.name == "results" else "specs"
    layer = next(one for one in paths.layers(folder) if path.is_relative_to(one))
    return f"{home}/{path.relative_to(layer).as_posix()}" if layer == folder else _shown(path)


def _shown(path: Path) -> str:
    """Returns a path relative to the working folder if it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def at_home(fault: Fault) -> Fault:
    """Returns the fault with the path of the user's own file, if one replaces the shipped file."""
    own, (home, _, inner) = paths.own_specs(), fault.file.partition("/")
    if own is None or home != "specs" or not (own / inner).is_file():
        return fault
    return replace(fault, file=_shown(own / inner))


def files(folder: Path, kind: str) -> list[Path]:
    """Returns the YAML files in the subfolder ``kind``, sorted by name.

    For the shipped data this includes the user's own files; each replaces a shipped file of the
    same name.
    """
    found = [path for one in paths.layers(folder) for path in (one / kind).glob("*.yaml")]
    return sorted({path.name: path for path in found}.values(), key=lambda path: path.name)


def mapping(path: Path, folder: Path) -> tuple[dict[str, yamlfile.Node], list[Fault]]:
    """Returns the mapping in a file and its faults; with a fault the mapping is empty."""
    return as_mapping(lambda: yamlfile.read(path), relative(path, folder))


def as_mapping(
    read: Callable[[], yamlfile.Node], name: str
) -> tuple[dict[str, yamlfile.Node], list[Fault]]:
    """Returns the mapping that ``read`` returns, or an empty one and the fault."""
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
    """Returns the value in a file whose name is its id, or None and the faults."""
    name = relative(path, folder)
    data, faults = as_mapping(lambda: read(path), name)
    if faults:
        return None, faults
    if "id" in data:
        return None, [Fault(name, "id", "is given by the file name", "remove it")]
    return validated(model, {**data, "id": path.stem}, name)


def all_named(
    model: type[Model],
    where: Iterable[Path],
    folder: Path,
    read: Callable[[Path], yamlfile.Node],
    flaws_of: Callable[[Model], Iterable[Flaw]],
) -> tuple[Mapping[str, Model], list[Fault]]:
    """Returns the values in files whose names are their ids, by id, and all faults.

    Args:
        model: type of a value.
        where: the files.
        folder: the data folder that they are in, for errors.
        read: parses a file.
        flaws_of: returns what is wrong with a value that fits ``model``.
    """
    found: dict[str, Model] = {}
    faults: list[Fault] = []
    for path in where:
        one, new = named(model, path, folder, read)
        faults += new
        if one is not None:
            faults += [Fault(relative(path, folder), *flaw) for flaw in flaws_of(one)]
            found[path.stem] = one
    return MappingProxyType(found), faults


@dataclass(frozen=True)
class Listed(Container[str]):
    """The keys of a file's entries, faulty ones included; any key if the file cannot be read.

    What names one of these is no fault of its own.
    """

    keys: frozenset[str] = frozenset()
    unread: bool = False

    def __contains__(self, key: object) -> bool:
        return self.unread or key in self.keys


def entries(
    model: type[Model], path: Path, folder: Path, *, optional: bool = False
) -> tuple[dict[str, Model], list[Fault], Listed]:
    """Returns a file's entries by key, the faults, and all keys; an optional file may be missing.

    For the shipped data this includes the user's own entries; each replaces a shipped entry of the
    same key.
    """
    if optional and not path.exists():
        return {}, [], Listed()
    data, faults = mapping(path, folder)
    homes = dict.fromkeys(data, path)
    for layer in paths.layers(folder)[1:]:
        if (own := layer / path.relative_to(folder)).exists():
            more, new = mapping(own, folder)
            data, faults = {**data, **more}, faults + new
            homes.update(dict.fromkeys(more, own))
    made: dict[str, Model] = {}
    listed = Listed(frozenset(data), unread=bool(faults))
    for key, node in data.items():
        one, new = validated(model, node, relative(homes[key], folder), key)
        faults += new
        if one is not None:
            made[key] = one
    return made, faults, listed


def validated(
    model: type[Model], node: object, file: str, prefix: str = ""
) -> tuple[Model | None, list[Fault]]:
    """Returns the value that a node describes, or None and all its faults."""
    try:
        return model.model_validate(node), []
    except ValidationError as error:
        return None, list(_as_faults(error, file, prefix))


def _as_faults(error: ValidationError, file: str, prefix: str) -> Iterable[Fault]:
    details = error.errors(include_url=False)
    places = [one["loc"] for one in details]
    for one in details:
        if one["type"] == "too_short" and any(
            place[: len(one["loc"])] == one["loc"] != place for place in places
        ):
            continue  # too short because its only item is wrong, which has a fault of its own
        place = ".".join(str(part) for part in (prefix, *one["loc"]) if part not in ("", "[key]"))
        yield Fault(file, place, *_problem_and_fix(one))


def _problem_and_fix(error: ErrorDetails) -> tuple[str, str]:
    """Returns the problem and the fix of one error, in words for the author of the sheet."""
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
    """Returns a hint that shows how a value of that field is written."""
    if place[-1] in ("when", "uncertain_when"):
        return CONDITION
    if "rows" in place:
        return MEASURED
    return SIZE if "memory" in place else QUANTITY
