"""All files of an export: the tables, their dictionary, and a description for programs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.errors import UsageError, did_you_mean
from bench.tables.dictionary import as_rows, as_text
from bench.tables.formats import WRITERS
from bench.tables.model import Column, Data, Table
from bench.tables.registry import TABLES

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
DESCRIPTION, MAKER = "datapackage.json", "onpaper"
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
    """One file of an export; ``rows`` is None for what is no table."""

    name: str
    content: bytes
    rows: int | None = None


def files(tables: Iterable[Table], formats: Iterable[str], data: Data, version: str) -> list[File]:
    """Returns every file of an export but its description.

    Raises:
        UsageError: there is no such format.
    """
    known = [_known(name) for name in formats]
    made = []
    for table in tables:
        rows = list(table.rows(data))
        made += [
            File(f"{table.name}.{name}", WRITERS[name](table, rows), len(rows)) for name in known
        ]
    every = TABLES.values()
    rows_text = json.dumps(as_rows(every), ensure_ascii=False, indent=1) + "\n"
    return [
        *made,
        File("dictionary.md", as_text(every).encode()),
        File("dictionary.json", rows_text.encode()),
        File("LICENCE.md", LICENCE.format(version=version).encode()),
    ]


def _known(name: str) -> str:
    if name not in WRITERS:
        raise UsageError(f"no format {name!r}: {did_you_mean(name, WRITERS)}")
    return name


def described(made: Iterable[File], version: str, before: Mapping[str, Json]) -> File:
    """Returns the description, in the manner of a Frictionless data package.

    Args:
        made: the files of this export.
        version: of the program.
        before: entries of an earlier export, by path; what is not written anew stays listed.
    """
    entries = {**before, **{one.name: _entry(one, version) for one in made}}
    package: dict[str, Json] = {
        "name": "onpaper-catalogue",
        "title": "Published figures of AI chips, with sources, conflicts and export rules",
        "generator": MAKER,
        "licenses": [{"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "resources": list(entries.values()),
    }
    text = json.dumps(package, ensure_ascii=False, indent=1) + "\n"
    return File(DESCRIPTION, text.encode())


def _entry(one: File, version: str) -> Json:
    stem, _, ending = one.name.rpartition(".")
    entry: dict[str, Json] = {
        "name": one.name.replace(".", "-").lower(),
        "path": one.name,
        "version": version,
        "bytes": len(one.content),
        "hash": f"sha256:{hashlib.sha256(one.content).hexdigest()}",
    }
    if one.rows is None:
        return entry
    fields: list[Json] = [_field(column) for column in TABLES[stem].columns]
    entry |= {"title": TABLES[stem].title, "format": ending, "mediatype": MEDIA[ending]}
    return {**entry, "encoding": "utf-8", "rows": one.rows, "schema": {"fields": fields}}


def _field(one: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": one.name, "type": one.type, "description": one.meaning}
    field |= {"unit": one.unit} if one.unit else {}
    return field if one.optional else {**field, "constraints": {"required": True}}
