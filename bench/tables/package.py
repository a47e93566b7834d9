"""The files of an export: tables, data dictionary, licence, and a description for programs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.errors import check_known
from bench.files.jsonfile import Json
from bench.tables.dictionary import as_rows, as_text
from bench.tables.formats import WRITERS
from bench.tables.model import Column, Data, Table
from bench.tables.registry import TABLES

DESCRIPTION, MAKER = "datapackage.json", "onpaper"
"""File name of the description, and the generator that it names."""
MEDIA = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}
LICENCE = """\
# Licence and citation

The tables are an export of the onpaper catalogue, version {version}, under the Apache License 2.0
(https://www.apache.org/licenses/LICENSE-2.0). Figures are facts that their sources state; the
wording of notes is ours. Every row names the source it was read in: cite that source for a figure,
and onpaper {version} for the collection. What is said of export rules is a research aid, not legal
advice.
"""


@dataclass(frozen=True)
class File:
    """One file of an export.

    Attributes:
        name: name of the file.
        content: its bytes.
        rows: number of rows of a table; None for other files.
    """

    name: str
    content: bytes
    rows: int | None = None


def files(tables: Iterable[Table], formats: Iterable[str], data: Data, version: str) -> list[File]:
    """Returns all files of an export except its description.

    Raises:
        UsageError: a format does not exist.
    """
    known = [_known(name) for name in formats]
    exported = []
    for table in tables:
        rows = list(table.rows(data))
        exported += [
            File(f"{table.name}.{name}", WRITERS[name](table, rows), len(rows)) for name in known
        ]
    all_tables = TABLES.values()
    dictionary = json.dumps(as_rows(all_tables), ensure_ascii=False, indent=1) + "\n"
    return [
        *exported,
        File("dictionary.md", as_text(all_tables).encode()),
        File("dictionary.json", dictionary.encode()),
        File("LICENCE.md", LICENCE.format(version=version).encode()),
    ]


def _known(name: str) -> str:
    check_known("format", name, WRITERS)
    return name


def described(exported: Iterable[File], version: str, earlier: Mapping[str, Json]) -> File:
    """Returns the description, in the form of a Frictionless data package.

    Args:
        exported: the files of this export.
        version: version of the program.
        earlier: entries of an earlier export, by path; files that are not replaced stay listed.
    """
    entries = {**earlier, **{file.name: _entry(file, version) for file in exported}}
    package: dict[str, Json] = {
        "name": "onpaper-catalogue",
        "title": "Published figures of AI chips, with sources, conflicts and export rules",
        "generator": MAKER,
        "licenses": [{"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "resources": list(entries.values()),
    }
    text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
    return File(DESCRIPTION, text.encode())


def _entry(file: File, version: str) -> Json:
    """Returns the entry of one file, with the columns if it is a table."""
    stem, _, ending = file.name.rpartition(".")
    entry: dict[str, Json] = {
        "name": file.name.replace(".", "-").lower(),
        "path": file.name,
        "version": version,
        "bytes": len(file.content),
        "hash": f"sha256:{hashlib.sha256(file.content).hexdigest()}",
    }
    if file.rows is None:
        return entry
    fields: list[Json] = [_field(column) for column in TABLES[stem].columns]
    entry |= {"title": TABLES[stem].title, "format": ending, "mediatype": MEDIA[ending]}
    return {**entry, "encoding": "utf-8", "rows": file.rows, "schema": {"fields": fields}}


def _field(column: Column) -> dict[str, Any]:
    """Returns a column as a Frictionless field."""
    field: dict[str, Any] = {"name": column.name, "type": column.type}
    field |= {"description": column.meaning}
    field |= {"unit": column.unit} if column.unit else {}
    return field if column.optional else {**field, "constraints": {"required": True}}
