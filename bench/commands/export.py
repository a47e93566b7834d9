"""Writes the catalogue as tables, with a data dictionary."""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bench import __version__
from bench.config import compose
from bench.errors import UsageError
from bench.shapes import ExportConfig

if TYPE_CHECKING:
    from bench.tables.package import File

HELP = """\
python -m bench export out=FOLDER [key=value ...]

Writes the whole catalogue as tables, with a data dictionary, a description of the files and a
note on licence and citation. Replaces only files of an earlier export.

  out=                        the folder, created if it does not exist; ~ is your home
  formats=                    csv, json, parquet; left out: all of them; parquet needs
                              pip install 'onpaper[parquet]'
  tables=                     which tables; left out: all of them, without schema:
                              chips, figures, facts, derived, crosschecks, conflicts, sources,
                              reported, claims, rules, outcomes (of rules), classifications
                              (of chips, over time); or schema for the JSON Schemas of the
                              YAML files with FIELDS.md and CONFLICTS.md

Examples
  python -m bench export out=./catalogue
  python -m bench export out=./catalogue formats=csv tables=figures,sources
  python -m bench export out=./schemas tables=schema

Exit code: 0 written, 2 wrong usage, or a data file has a fault.
"""
SCHEMA = "schema"
FORMATS = ("csv", "json", "parquet")


def main(words: list[str]) -> int:
    """Writes the files and prints what was written."""
    from bench.tables.package import described
    from bench.tables.write import listed, output_folder, write

    config = compose("export", words, ExportConfig)
    if not config.out:
        raise UsageError("export needs a folder: out=./catalogue")
    _refuse_empty(words, config)
    folder = output_folder(config.out)
    ours = listed(folder)
    made = _tables(config) + _schemas(config)
    write(folder, [*made, described(made, __version__, ours)], ours)
    for file in made:
        print(f"{folder / file.name}" + (f"  {file.rows:,} rows" if file.rows is not None else ""))
    print(folder / "datapackage.json")
    return 0


def _refuse_empty(words: list[str], config: ExportConfig) -> None:
    """Refuses an empty list; leaving the key out means all."""
    given = {word.partition("=")[0] for word in words}
    for key, example in (("formats", "csv"), ("tables", "figures")):
        if key in given and not getattr(config, key):
            raise UsageError(f"{key}= names none: write {key}={example}, or leave it out for all")


def _tables(config: ExportConfig) -> "list[File]":
    """Returns the files of the requested tables; by default of all tables."""
    from bench.chips.load import catalogue
    from bench.rules.load import rulebook
    from bench.tables.model import Data
    from bench.tables.package import files
    from bench.tables.registry import TABLES, table

    names = config.tables or list(TABLES)
    wanted = [table(name) for name in names if name != SCHEMA]
    known = catalogue()
    data = Data(tuple(known.chips.values()), known, rulebook())
    return files(wanted, _formats(config), data, __version__) if wanted else []


def _formats(config: ExportConfig) -> list[str]:
    """Returns the requested formats; by default those that this installation can write."""
    if config.formats or find_spec("pyarrow"):
        return config.formats or list(FORMATS)
    print("parquet is left out: pip install 'onpaper[parquet]' brings it", file=sys.stderr)
    return [name for name in FORMATS if name != "parquet"]


def _schemas(config: ExportConfig) -> "list[File]":
    from bench.chips.load import catalogue
    from bench.reference.documents import documents
    from bench.tables.package import File

    if SCHEMA not in config.tables:
        return []
    return [File(name, text.encode()) for name, text in documents(catalogue()).items()]
