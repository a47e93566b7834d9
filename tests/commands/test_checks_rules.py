"""The check names each fault of a rule, and each record that lies wrong, on one line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.checks import check
from bench.commands import check as command
from bench.records.model import Record
from bench.records.store import write
from tests.commands.check_cases import RULE, no_results

FILES = {
    "sources.yaml": 'sheet-a: {url: "https://example.com/", kind: regulation, '
    'accessed: "2026-11-24"}\n',
    "vendors.yaml": 'acme: {name: Acme, torch_device: cuda, source: "https://example.com/"}\n',
    "destinations.yaml": 'checked_to: "2026-09-20"\n'
    'groups: {"D:5": {members: [CN], source: sheet-a}}\n'
    "countries: {CN: {name: China}}\n",
    "rules/2026-01-01-us-one.yaml": RULE,
}
ONE, TWO = "rules/2026-01-01-us-one.yaml", "rules/2026-02-01-us-two.yaml"
LATER = RULE.replace("US-ONE", "US-TWO").replace("2026-01-01", "2026-02-01")
WHEN = '{tpp: ">= 4800"}'


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound data folder with one rule and no sheet."""
    no_results(tmp_path, monkeypatch)
    (tmp_path / "specs" / "chips").mkdir(parents=True)
    put(tmp_path / "specs", FILES)
    return tmp_path / "specs"


@pytest.fixture
def faults(specs: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """What the command prints of the folder after a change of files; its exit code fits."""

    def told(files: dict[str, str] | None = None) -> list[str]:
        put(specs, files or {})
        code = command.main([f"specs={specs}"])
        *lines, _ = capsys.readouterr().out.splitlines()
        assert code == bool(lines)
        return lines

    return told


def test_a_sound_rule_has_no_fault(faults: Callable[..., list[str]]) -> None:
    assert faults() == []
    assert faults({TWO: LATER.replace("jurisdiction:", "modifies: [US-ONE]\njurisdiction:")}) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            'effective: "2026-01-01"', 'effective: "2026-03-01"',
            "specs/rules/2026-01-01-us-one.yaml: is not named for its day 2026-03-01; "
            "name it 2026-03-01-....yaml",
            id="another-day",
        ),
        pytest.param(
            'effective: "2026-01-01"', 'published: "2026-03-01"',
            "specs/rules/2026-01-01-us-one.yaml: is not named for its day 2026-03-01; "
            "name it 2026-03-01-....yaml",
            id="another-day-of-publication",
        ),
        pytest.param(
            "destination:", 'end: "2025-12-31"\ndestination:',
            "specs/rules/2026-01-01-us-one.yaml: end: 2025-12-31 is before 2026-01-01; "
            "check the dates",
            id="end-before-start",
        ),
        pytest.param(
            "outcomes:", "outcomes:\n  - {id: all, policy: licence_required}",
            "specs/rules/2026-01-01-us-one.yaml: outcomes.0: has no 'when', so that none after "
            "it is ever reached; put it last",
            id="outcome-that-hides-others",
        ),
        pytest.param(
            "jurisdiction:", "modifies: [US-ONCE]\njurisdiction:",
            "specs/rules: US-ONE: modifies: no rule 'US-ONCE'; choose from: US-ONE",
            id="unknown-rule",
        ),
        pytest.param(
            '"D:5"', '"D:6"',
            "specs/rules: US-ONE: destination: no group 'D:6'; choose from: D:5",
            id="unknown-group",
        ),
        pytest.param(
            "confidence:",
            'policies:\n  - {eccns: [3A090], destination: {groups: ["E:1"]}, policy: none}\n'
            "confidence:",
            "specs/rules: US-ONE: destination: no group 'E:1'; choose from: D:5",
            id="unknown-group-of-a-policy",
        ),
        pytest.param(
            "sources: [sheet-a]", "sources: [sheet-a, sheet-b]",
            "specs/rules: sources: cite 'sheet-b', not in specs/sources.yaml; add the source",
            id="dead-citation",
        ),
        pytest.param(
            "sources: [sheet-a]", "sources: []",
            "specs/rules/2026-01-01-us-one.yaml: sources: is empty; name at least 1",
            id="no-citation",
        ),
        pytest.param(
            "kind: eccn_control", "kind: eccn_control\ncolour: red",
            "specs/rules/2026-01-01-us-one.yaml: colour: is no key of it; remove it",
            id="unknown-key",
        ),
        pytest.param(
            'effective: "2026-01-01"', 'effective: "1 January"',
            "specs/rules/2026-01-01-us-one.yaml: effective: '1 January' is not of its form; "
            "write a date such as 2026-11-24",
            id="no-date",
        ),
        pytest.param(
            "title: One", "title: One\ntitle: Two",
            "specs/rules/2026-01-01-us-one.yaml: line 3: key 'title' stands twice; "
            "write it as plain YAML",
            id="duplicate-key",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_rule_is_one_line(
    old: str, new: str, line: str, faults: Callable[..., list[str]]
) -> None:
    assert old in RULE
    assert faults({ONE: RULE.replace(old, new)}) == [line]


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ('{tpp: ">= 4800 GB/s"}', "'4800 GB/s' is not in the unit of tpp"),
        ('{io: ">= 600"}', "'600' is not in the unit of io"),
        ('{tqp: ">= 4800"}', "'tqp' is no attribute: did you mean 'tpp'?"),
        ('{tpp: ">= nan"}', "'nan' is not a quantity such as '148 TFLOP/s'"),
        ('{tpp: ">= inf"}', "'inf' is not a quantity such as '148 TFLOP/s'"),
        ('{tpp: ">= 1e999"}', "'1e999' is not a positive, finite quantity"),
        ('{tpp: ">= -4800"}', "'-4800' is not a positive, finite quantity"),
        ('{tpp: ">= 0"}', "'0' is not a positive, finite quantity"),
        ('{tpp: "4800"}', "'4800' is no comparison such as '>= 4800'"),
        ("{datacenter: maybe}", "'datacenter' is yes or no, not 'maybe'"),
        ("{all: []}", "'all' needs predicates"),
    ],
)
def test_a_predicate_that_means_nothing_is_a_fault_of_its_outcome(
    when: str, problem: str, faults: Callable[..., list[str]]
) -> None:
    (line,) = faults({ONE: RULE.replace(WHEN, when)})
    assert line.startswith(f"specs/{ONE}: outcomes.0.when: {problem}; ")


def test_two_rules_do_not_share_an_id(faults: Callable[..., list[str]]) -> None:
    assert faults({TWO: LATER.replace("US-TWO", "US-ONE")}) == [
        f"specs/{TWO}: id: 'US-ONE' stands in two files; give each its own"
    ]


def test_a_modified_rule_may_stand_in_a_later_file(faults: Callable[..., list[str]]) -> None:
    first = RULE.replace("jurisdiction:", "modifies: [US-TWO]\njurisdiction:")
    assert faults({ONE: first, TWO: LATER}) == []


@pytest.mark.parametrize("bound", ["since", "until"])
def test_an_outcome_of_some_days_hides_none_after_it(
    bound: str, faults: Callable[..., list[str]]
) -> None:
    early = f'outcomes:\n  - {{id: early, {bound}: "2026-01-15", policy: none}}'
    assert faults({ONE: RULE.replace("outcomes:", early)}) == []


def test_a_file_with_no_rule_in_it_is_a_fault_and_the_others_are_read(
    faults: Callable[..., list[str]],
) -> None:
    assert faults({TWO: "- a\n"}) == [
        f"specs/{TWO}: is not a mapping; start with 'key: value' lines"
    ]


def test_missing_destinations_are_a_fault(specs: Path, faults: Callable[..., list[str]]) -> None:
    (specs / "destinations.yaml").unlink()
    assert faults()[0] == "specs/destinations.yaml: is missing; add it"


# records


def measured(record: Record) -> Record:
    """A record as a run on a real device leaves it."""
    device = record.device.model_copy(update={"backend": "cpu"})
    named = record.id.replace("fake", "cpu")
    program = record.program.model_copy(update={"dirty": False})
    return record.model_copy(update={"device": device, "id": named, "program": program})


def record_faults(specs: Path, results: Path) -> list[str]:
    return [str(fault) for fault in check(specs, results).faults]


def test_a_record_in_the_folder_of_its_day_has_no_fault(
    record: Record, specs: Path, tmp_path: Path
) -> None:
    write(measured(record), tmp_path / "records" / record.started_utc[:10] / "one.json")
    found = check(specs, tmp_path)
    assert (found.faults, found.counts["records"]) == ((), 1)


def test_a_record_in_the_folder_of_another_day_is_a_fault(
    record: Record, specs: Path, tmp_path: Path
) -> None:
    write(measured(record), tmp_path / "records" / "2020-01-01" / "one.json")
    day, place = record.started_utc[:10], "results/records/2020-01-01/one.json"
    assert record_faults(specs, tmp_path) == [
        f"{place}: started_utc: the folder is not its date {day}; move the file to {day}/"
    ]


def test_a_record_of_the_fake_device_is_not_published(
    record: Record, specs: Path, tmp_path: Path
) -> None:
    write(record, tmp_path / "records" / record.started_utc[:10] / "one.json")
    place = f"results/records/{record.started_utc[:10]}/one.json"
    assert f"{place}: device: is a fake; keep it out of results/" in record_faults(specs, tmp_path)


def test_a_file_that_is_no_record_is_a_fault(specs: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "text.json").write_text("{}", encoding="utf-8")
    assert record_faults(specs, tmp_path) == [
        "results/records/text.json: is not a record of this program; use the file a run wrote"
    ]
