"""An export says the same in every format, and in a dictionary what its columns mean."""

import csv
import io
import json

import pandas as pd
import pytest

import bench
from bench import library
from bench.errors import UsageError
from bench.tables import formats
from bench.tables.chips import FactRow, fact_rows
from bench.tables.dictionary import as_rows, as_text
from bench.tables.model import Table, cells
from bench.tables.registry import TABLES

FACTS = Table("facts", "facts about chips, in words", FactRow, fact_rows)
ROWS = [
    FactRow("test-one", "process", "process, such as TSMC 4N", "=7 nm", "maker", None),
    FactRow("test-two", "launch", "launch", '2024, "soon"', "昇腾", "a\nnote"),
]
DICTIONARY = """\
## facts: facts about chips, in words

| column | type | unit | may be empty | meaning |
| --- | --- | --- | --- | --- |
| `chip` | string |  |  | key of the chip |
| `fact` | string |  |  | key of the fact |
| `title` | string |  |  | the fact in words |
| `value` | string |  |  | what the source says |
| `source` | string |  |  | key of the source |
| `note` | string |  | yes | our remark |
"""


def test_csv_has_a_header_empty_cells_and_no_cell_that_a_spreadsheet_computes() -> None:
    assert formats.as_csv(FACTS, ROWS).decode() == (
        "chip,fact,title,value,source,note\n"
        'test-one,process,"process, such as TSMC 4N",\'=7 nm,maker,\n'
        'test-two,launch,launch,"2024, ""soon""",昇腾,"a\nnote"\n'
    )


def test_json_is_a_list_of_objects_a_line_each() -> None:
    text = formats.as_json(FACTS, ROWS).decode()
    assert json.loads(text) == [cells(row) for row in ROWS]
    assert text.splitlines()[1] == (
        '{"chip": "test-one", "fact": "process", "title": "process, such as TSMC 4N", '
        '"value": "=7 nm", "source": "maker", "note": null},'
    )


def test_no_rows_are_an_empty_list_and_a_header() -> None:
    assert json.loads(formats.as_json(FACTS, [])) == []
    assert formats.as_csv(FACTS, []).decode() == "chip,fact,title,value,source,note\n"


def test_the_dictionary_has_a_line_a_column() -> None:
    assert as_text([FACTS]).endswith(DICTIONARY)
    assert as_rows([FACTS])[5] == {
        "table": "facts",
        "column": "note",
        "type": "string",
        "unit": None,
        "may_be_empty": True,
        "meaning": "our remark",
    }


def test_every_number_has_a_unit_and_every_column_a_meaning() -> None:
    for table in TABLES.values():
        for one in table.columns:
            assert one.meaning, (table.name, one.name)
            assert bool(one.unit) == (one.type in ("number", "integer")), (table.name, one.name)


@pytest.mark.parametrize("name", TABLES)
def test_every_format_says_the_same(name: str) -> None:
    table = TABLES[name]
    data = library._data(("h20", "910b2"))
    rows = list(table.rows(data))
    frame = pd.read_parquet(io.BytesIO(formats.as_parquet(table, rows)))
    pd.testing.assert_frame_equal(frame, bench.frame(name, "h20", "910b2"))
    read = [*csv.DictReader(io.StringIO(formats.as_csv(table, rows).decode()))]
    assert len(read) == len(frame) == len(json.loads(formats.as_json(table, rows)))
    for words, row in zip(read, rows, strict=True):
        for key, value in cells(row).items():
            expected = "" if value is None else str(value)
            told = words[key].removeprefix("'") if value is not None else words[key]
            assert told == (expected.lower() if isinstance(value, bool) else expected)


def test_without_pyarrow_parquet_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(
        UsageError, match=r"^parquet needs pyarrow.*pip install 'onpaper\[parquet\]'"
    ):
        formats.as_parquet(FACTS, ROWS)
