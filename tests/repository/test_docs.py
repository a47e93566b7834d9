"""README and the pages it leads to say what there is, and what they show runs."""

import dataclasses
import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bench.__main__ import COMMANDS, main, module_of
from bench.chips.load import Catalogue
from bench.commands.rules import VIEWS
from bench.config import checked, choices, compose
from bench.devices.registry import DEVICES
from bench.importers.registry import IMPORTERS
from bench.judging.verdict import Verdict
from bench.kernels.common.base import DATA
from bench.kernels.gemm import DTYPES
from bench.kernels.memory import STREAMS
from bench.kernels.registry import KERNELS
from bench.records.store import read
from bench.reference.pictures import FOLDER, pictures
from bench.report.formats import FORMATS
from bench.report.registry import render
from bench.shapes import SHAPES, RunConfig
from tests.folders import ROOT

ANALYST = (
    "show", "chips", "compare", "rules", "evidence", "verdict", "claims", "predict", "validate",
    "check",
)  # fmt: skip
"""The commands that need no device and leave nothing behind."""
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md", "bench/README.md", "bench/commands/README.md", "bench/gate/README.md",
        "bench/fleet/README.md", "bench/devices/README.md", "results/README.md", "specs/README.md",
        ".github/CONTRIBUTING.md",
    )
}  # fmt: skip
"""The pages that are written by hand."""
ALL = "\n".join(PAGES.values())
PLACES = re.compile(
    r"(?<![\w.~}-])/(?:work|root|home|Users)/(?!ada/)|[p]ypi\.|[p]ythonhosted"  # Ada is invented
)
"""A folder of somebody's machine, or the host of a package index."""


def commands() -> list[list[str]]:
    """The words of every ``python -m bench`` line in the code blocks of README and its pages."""
    lines = [
        line.split("#")[0].split(" > ")[0].split("   (")[0].strip()
        for name in (
            "README.md",
            "bench/README.md",
            "bench/commands/README.md",
            "bench/gate/README.md",
            "bench/fleet/README.md",
            "results/README.md",
        )
        for block in re.findall(r"```\w*\n(.*?)```", PAGES[name], re.DOTALL)
        for line in block.splitlines()
    ]
    shown = dict.fromkeys(line for line in lines if line.startswith("python -m bench"))
    return [shlex.split(line)[3:] for line in shown]


MENTIONED = [
    *(("command", name) for name in COMMANDS),
    *(("kernel", name) for name in KERNELS),
    *(("device", name) for name in (*DEVICES, "auto")),
    *(("format", name) for name in FORMATS),
    *(("importer", name.replace("_", "-")) for name in IMPORTERS),
    *(("suite", name) for name in choices("suite")),
    *(("dtype", name) for name in DTYPES),
    *(("data", name) for name in DATA),
    *(("verdict", name) for name in ("reached", "short", "undecided", "implausible", "unrated")),
]


@pytest.mark.parametrize(("kind", "name"), MENTIONED, ids=[f"{k}-{n}" for k, n in MENTIONED])
def test_the_pages_name_everything_there_is(kind: str, name: str) -> None:
    assert f"`{name}`" in ALL, kind


@pytest.mark.parametrize("stream", STREAMS)
def test_the_pages_name_every_stream(stream: str) -> None:
    assert re.search(rf"\b{stream}\b", PAGES["bench/README.md"])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_names_every_key_of_a_command_in_its_row(command: str) -> None:
    lines = PAGES["bench/commands/README.md"].splitlines()
    (row,) = [line for line in lines if line.startswith(f"| `{command}` |")]
    keys = {one.name for one in dataclasses.fields(SHAPES[command])}
    assert set(re.findall(r"`(\w+)(?:\.\w+)?=`", row)) == keys


def test_every_verdict_is_explained_or_a_status() -> None:
    explained = {name for kind, name in MENTIONED if kind == "verdict"}
    assert {*Verdict} - explained == {"skipped", "failed"}


def test_pages_show_every_command() -> None:
    shown = {words[0] if words and "=" not in words[0] else "run" for words in commands()}
    assert shown == set(COMMANDS)


@pytest.mark.parametrize(
    "words",
    [words for words in commands() if "-m" in words or SHAPES.keys().isdisjoint(words)],
    ids=" ".join,
)
def test_a_run_that_readme_shows_is_spelled_right(words: list[str]) -> None:
    keys = [word for word in words if word not in ("run", "-m")]
    if "-m" in words:
        assert checked("run", keys, RunConfig) == keys
    else:
        assert compose("run", keys, RunConfig).precision == 0.01


def test_what_readme_shows_without_a_real_device_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    published = json.loads((ROOT / "tests" / "data" / "configurations.json").read_text())
    (tmp_path / "my-model").mkdir()
    (tmp_path / "my-model" / "config.json").write_text(json.dumps(published["qwen3-8b"]))
    shown = [w for w in commands() if "device=fake" in w or w[:1] in ([one] for one in ANALYST)]
    assert len(shown) >= 6
    run = f"record={tmp_path / 'out'}"  # stands for the folder of a run in CI
    known = [[run if word == "record=now" else word for word in words] for words in shown]
    for words in sorted(known, key=lambda words: "device=fake" not in words):
        takes_out = words[0] not in ANALYST or words[0] == "show"
        code = main([*words, *([f"out={tmp_path / 'out'}"] if takes_out else [])])
        assert (code, capsys.readouterr().out != "") == (0, True), words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-model", "out"]


@pytest.mark.slow
def test_doctor_runs_on_this_machine() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "doctor"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("device: ")
    assert "\nchip: " in done.stdout


EXAMPLES = [
    (name, shlex.split(example.split(" > ")[0].split("    (")[0]))
    for name in COMMANDS
    for example in re.findall(
        r"^  python -m bench(.*)$",
        import_module(module_of(name)).HELP.split("\nExamples\n")[1],
        re.MULTILINE,
    )
]


@pytest.mark.parametrize(
    ("command", "words"), EXAMPLES, ids=[" ".join([name, *words]) for name, words in EXAMPLES]
)
def test_an_example_of_help_is_spelled_right(command: str, words: list[str]) -> None:
    bare = (command, "-m", *(VIEWS if command == "rules" else ()))
    keys = [word for word in words if word not in bare]
    told = checked(command, keys, SHAPES[command])
    assert {word.split("=")[0] for word in keys} <= {word.split("=")[0] for word in told}


def test_every_command_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(COMMANDS)


def tracked() -> list[Path]:
    """Every text file of the repository that is kept in git."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 -- whichever git is on the path
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = (name for name in listed.split("\0") if name and not name.endswith(".png"))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_no_file_names_somebodys_machine_or_a_package_index() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PLACES.search(line)
    ]
    assert found == []


def test_the_plots_that_pages_show_are_those_the_program_draws() -> None:
    folder = (ROOT / "results" / FOLDER).resolve()
    shown = {
        (ROOT / page).parent.joinpath(told).resolve()
        for page, text in PAGES.items()
        for told in re.findall(r'<(?:img|source)[^>]* src(?:set)?="([^"]+)"', text)
    }
    assert all(path.is_file() for path in shown), shown
    for name, drawn in pictures():
        assert folder / name in shown
        assert (folder / name).read_text("utf-8") == drawn, "make docs draws them anew"


def test_a_page_shows_the_committed_record_as_the_program_renders_it(sheets: Catalogue) -> None:
    """A sheet, a verdict or a format that changes must change the page too."""
    record = read(ROOT / "results" / "records" / "2026-11-24" / "xeon-emerald-rapids-2-cores.json")
    assert render(record, sheets).strip() in PAGES["bench/README.md"]


def test_pages_show_lines_of_the_h200_as_the_program_renders_them(sheets: Catalogue) -> None:
    """Some columns of some lines, without the marks of footnotes."""
    record = read(ROOT / "results" / "records" / "2026-11-26" / "h200-sxm-full.json")
    rendered = [cells(line) for line in render(record, sheets).splitlines()]
    tables = [part("bench/README.md", "## What a run prints", "\nThe other tables appear")]
    tables += [part("bench/README.md", "\nSome rows of *Sustained load*", "\nTo see them without")]
    shown = [cells(line) for table in tables for line in table.splitlines() if line[:2] == "| "]
    assert len(shown) > 20
    for line in shown:
        assert any(set(line) <= set(one) for one in rendered), line


def cells(line: str) -> list[str]:
    """The cells of a line of a table."""
    return [re.sub(r"( ?\[\d+\])+$", "", one.strip()) for one in line.strip().strip("|").split("|")]


def part(name: str, start: str, end: str) -> str:
    """What a page has from one text to another."""
    return PAGES[name].split(start)[1].split(end)[0]


def test_readme_shows_the_comparison_as_the_program_prints_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sheet or a format that changes must change README, too."""
    words = re.search(r"`python -m bench (compare [^`]*figures=[^`]*)`", README)
    assert words
    assert main([*words[1].split(), "report=github"]) == 0
    assert capsys.readouterr().out.split("\n\n")[1] in README


def test_no_page_has_a_gap_left_to_fill() -> None:
    assert "<!--" not in ALL


def anchors(text: str) -> set[str]:
    """The words that a page's headings are reached by, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in heads}


@pytest.mark.parametrize("name", PAGES)
def test_a_link_leads_somewhere(name: str) -> None:
    for told in re.findall(r"\]\((?!https?:)([^)\s]+)\)", PAGES[name]):
        place, _, part = told.partition("#")
        page = (ROOT / name).parent / place if place else ROOT / name
        assert page.exists(), told
        assert not part or part in anchors(page.read_text("utf-8")), told


def test_every_page_is_reached_from_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", README))
    assert PAGES.keys() - {"README.md"} <= linked


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "records").rglob("*.json")), ids=str)
def test_a_committed_record_is_complete_real_and_of_its_day(path: Path) -> None:
    record = read(path)
    assert record.state == "complete"
    assert record.program.dirty is not True
    assert record.device.backend != "fake"
    assert record.started_utc[:10] == path.parent.name


def test_the_example_reads_the_samples_of_a_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = part("bench/README.md", "```python\n", "```")
    monkeypatch.chdir(ROOT)
    exec(block, {})  # noqa: S102 -- a page of our own
    assert "bf16 normal" in capsys.readouterr().out
