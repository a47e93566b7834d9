"""Imports point one way, and heavy packages are imported where they belong."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bench import paths

BELOW: dict[str, tuple[str, ...]] = {
    "errors": (),
    "version": (),
    "units": (),
    "words": ("units",),
    "paths": (),
    "files": ("errors", "paths"),
    "records.machine": ("files",),
    "records.model": ("records.machine", "files"),
    "measure.stats": ("records.model",),
    "records.upgrade": ("records.model", "measure.stats"),
    "records.failures": ("records.model", "errors"),
    "records.store": ("records.upgrade", "records.model", "files", "errors"),
    "records.latest": ("records.store", "errors", "paths"),
    "shapes": (),
    "suitefile": ("shapes", "files", "errors"),
    "hydraerrors": ("suitefile", "errors"),
    "addons": ("errors",),
    "ownspecs": ("errors", "paths", "words"),
    "chips": ("records.model", "files", "errors", "units", "paths", "words"),
    "config": (
        "addons", "chips.vendors", "hydraerrors", "suitefile", "shapes", "errors", "paths",
    ),
    "workloads": ("chips", "files", "errors", "paths", "units"),
    "theory": ("chips", "errors", "units"),
    "rules": ("theory", "chips", "files", "errors", "units", "paths"),
    "judging": ("records.model", "units", "chips"),
    "archive": ("judging", "chips.figures", "records.model", "errors", "paths"),
    "identity": ("judging", "chips", "records.model", "units"),
    "evidence": ("judging", "chips", "records", "files", "errors", "units", "paths"),
    "predict.model": ("workloads", "chips", "errors", "units", "words"),
    "predict.learning": (
        "predict.model", "evidence", "workloads", "chips", "records", "files", "errors", "units",
        "paths", "words",
    ),
    "predict.validation": (
        "predict.learning", "predict.model", "evidence", "workloads", "chips", "records", "files",
        "errors", "paths",
    ),
    "predict": (
        "evidence", "workloads", "chips", "records", "files", "errors", "units", "paths", "words",
    ),
    "claims": (
        "predict", "workloads", "evidence", "theory", "chips", "files", "errors", "units", "paths",
    ),
    "report": (
        "judging", "predict", "workloads", "claims", "evidence", "identity", "rules", "theory",
        "chips", "records.model", "errors", "units", "files", "kernels.registry",
        "kernels.common.base", "version", "words",
    ),
    "gate": (
        "judging", "report", "identity", "measure.stats", "chips", "records", "files", "errors",
        "units", "paths", "words",
    ),
    "history": (
        "archive", "judging", "report", "chips", "records", "errors", "units", "paths", "words",
    ),
    "fleet": (
        "archive", "history", "judging", "report", "chips", "records", "errors", "units", "paths",
        "words",
    ),
    "plot": (
        "archive", "history", "judging", "report", "predict", "claims", "evidence", "identity",
        "rules", "theory", "chips", "records.model", "errors", "units", "files", "paths", "words",
    ),
    "tables": (
        "report", "claims", "evidence", "rules", "theory", "chips", "files", "errors", "units",
    ),
    "notebook": (
        "tables", "report", "claims", "evidence", "judging", "rules", "theory", "chips",
        "records.model",
    ),
    "library": (
        "notebook", "tables", "report", "claims", "rules", "theory", "chips", "records", "files",
        "errors", "paths",
    ),
    "": ("calls.compared", "library", "version"),
    "verification": (
        "archive", "judging", "fleet", "plot", "report", "claims", "evidence", "identity", "rules",
        "theory", "chips", "records", "errors", "units", "paths", "", "words",
    ),
    "site": (
        "judging", "plot", "report", "tables", "predict", "workloads", "claims", "evidence",
        "rules", "theory", "chips", "records", "files", "errors", "units", "paths", "",
    ),
    "reference": (
        "predict", "plot", "report", "tables", "claims", "evidence", "rules", "theory", "workloads",
        "chips", "files", "units", "paths", "records",
    ),
    "kernels": ("addons", "workloads", "records.model", "errors", "units"),
    "devices": (
        "addons", "kernels", "chips.vendors", "records.machine", "records.model", "judging",
        "errors",
    ),
    "measure": (
        "", "config", "shapes", "devices", "kernels", "chips.load", "chips.match", "records",
        "errors", "paths", "words",
    ),
    "bundle": (
        "measure.stats", "kernels", "judging", "chips", "records", "files", "errors", "units",
        "paths", "",
    ),
    "importers": (
        "judging", "bundle", "evidence", "chips", "records", "files", "errors", "units", "words",
    ),
    "checks": (
        "bundle", "predict", "claims", "evidence", "rules", "theory", "workloads", "chips",
        "records", "files", "errors", "paths",
    ),
    "launch": ("measure", "report", "config", "records", "files", "errors"),
    "calls": (
        "report", "judging", "measure", "devices", "kernels", "chips", "records",
        "errors", "units",
    ),
    "plugin": ("calls", "report", "measure", "records", "errors"),
    "commands": (
        "", "launch", "checks", "reference", "site", "verification", "plot", "importers", "tables",
        "report", "gate", "archive", "history", "fleet", "bundle", "predict", "workloads", "claims",
        "evidence", "judging", "rules", "theory", "measure", "devices", "chips", "ownspecs",
        "config", "suitefile", "shapes", "records", "files", "errors", "paths", "units", "words",
    ),
    "commands.helptext": ("report.text.screen",),
    "__main__": ("", "commands.helptext", "ownspecs", "errors"),
}  # fmt: skip
"""What each part may import, besides itself; the order is from the bottom to the top."""

SOURCES = sorted(paths.PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    """The module's name below ``bench``."""
    parts = path.relative_to(paths.PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def part(module: str) -> str:
    """The part of ``BELOW`` that a module is of: the longest that fits."""
    words = module.split(".")
    fitting = [".".join(words[:length]) for length in range(len(words), 0, -1)]
    return next((one for one in fitting if one in BELOW), "")


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every module that is imported, with its node."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}".removeprefix("bench.").replace(".", "/")
                is_module = node.module.startswith("bench") and any(
                    (paths.PACKAGE / f"{inner}{end}").is_file() for end in (".py", "/__init__.py")
                )
                yield (f"{node.module}.{alias.name}" if is_module else node.module), node


@cache
def packages(path: Path) -> frozenset[str]:
    """The outside packages a module imports while it runs, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    told = (module for module, node in imports(tree) if id(node) not in typing_only)
    return frozenset(module.split(".")[0] for module in told)


@cache
def at_import(path: Path) -> frozenset[str]:
    """The outside packages that importing a module imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset(module.split(".")[0] for module, _ in imports(tree))


def upward(path: Path) -> set[str]:
    """Modules that a module imports and its place does not allow."""
    own = part(name(path))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {module.removeprefix("bench").lstrip(".") for module, _ in imports(tree)
            if module.split(".")[0] == "bench"}  # fmt: skip
    allowed = (own, *BELOW[own])
    return {
        module for module in used
        if not any(module == one or (one and module.startswith(f"{one}.")) for one in allowed)
    }  # fmt: skip


def test_imports_point_down() -> None:
    found = {name(path): upward(path) for path in SOURCES}
    assert {module: wrong for module, wrong in found.items() if wrong} == {}


def test_the_table_itself_points_down() -> None:
    order = list(BELOW)
    for own, allowed in BELOW.items():
        folders = tuple(f"{one}." for one in allowed if one)
        used = [one for one in order if one in allowed or one.startswith(folders)]
        assert all(order.index(one) < order.index(own) for one in used)


def test_every_part_of_the_table_exists() -> None:
    assert {part(name(path)) for path in SOURCES} <= set(BELOW)
    for one in BELOW:
        assert any(name(path) == one or name(path).startswith(f"{one}.") for path in SOURCES)


@pytest.mark.parametrize(
    ("package", "homes"),
    [
        ("torch", ("kernels.", "devices.")),
        ("pynvml", ("devices.nvml",)),
        ("cpuinfo", ("devices.cpu",)),
        ("psutil", ("devices.host",)),
        ("hydra", ("config", "commands.", "launch.plugin")),
        ("omegaconf", ("config", "commands.")),
        ("rich", ("commands.", "report.text.wrap")),
        ("pandas", ("tables.frames", "history.sql")),
        ("duckdb", ("history.sql",)),
        ("tabulate", ("report.",)),
        ("yaml", ("files.yamlfile",)),
        ("matplotlib", ("plot.",)),
        ("fpdf", ("verification.pdf",)),
        ("jinja2", ("site.", "verification.")),
        ("submitit", ("launch.slurm",)),
        ("ray", ("launch.ray",)),
    ],
)
def test_a_package_is_imported_where_it_belongs(package: str, homes: tuple[str, ...]) -> None:
    users = {name(path) for path in SOURCES if package in packages(path)}
    assert {user for user in users if not user.startswith(homes)} == set()


@pytest.mark.parametrize(
    "package", ["torch", "pynvml", "cpuinfo", "hydra", "rich", "pandas", "matplotlib", "fpdf"]
)
def test_heavy_packages_are_imported_where_they_are_used_and_not_before(package: str) -> None:
    assert [name(path) for path in SOURCES if package in at_import(path)] == []
