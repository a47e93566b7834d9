"""``python -m bench import`` as it is typed."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.evidence.load import examine
from bench.evidence.model import Kind, Report
from bench.files.yamlfile import parse
from tests.folders import ROOT
from tests.importers.cases import DATA, RECORD

MAMF = f"file={DATA / 'mamf-v2.txt'}"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of an import."""
    code = main(["import", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def as_report(text: str) -> Report:
    """The report that is printed."""
    tree = parse(text)
    assert isinstance(tree, dict)
    return Report.model_validate({**tree, "id": "printed"})


def test_the_yaml_goes_to_stdout_and_what_was_taken_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = said(capsys, MAMF, "chip=h20", "by=A. Tester", "url=https://example.org/log")
    made = as_report(out)
    assert (code, err) == (0, "mamf-v2.txt: read as mamf-finder\n")
    assert (made.source.by, made.source.url) == ("A. Tester", "https://example.org/log")
    assert (made.source.kind, made.rows[0].chip) == (Kind.USER, "nvidia-h20-sxm-96gb")


def test_a_named_source_says_nothing_but_what_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = (f"file={DATA / 'nvbandwidth.json'}", "source=nvbandwidth", "chip=h200", "by=me")
    code, out, err = said(capsys, *words, "date=2026-11", "kind=independent test", "title=A test")
    assert (code, err.count("\n"), err[:10]) == (0, 1, "left out: ")
    made = as_report(out)
    assert (made.source.title, made.source.kind) == ("A test", Kind.INDEPENDENT)


def test_a_record_names_its_chip_and_its_day(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, f"file={RECORD}", "by=me")
    made = as_report(out)
    assert (code, made.source.kind, made.rows[0].quality) == (0, Kind.USER, "B")
    assert {row.chip for row in made.rows} == {"nvidia-h200-sxm-141gb"}


def test_standard_input_is_read(tmp_path: Path) -> None:
    words = ("import", "file=-", "chip=mi300x", "by=me", "date=2026")
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT, capture_output=True, timeout=120, check=False,
        input=(DATA / "babelstream.txt").read_bytes(),
    )  # fmt: skip
    taken, doubt = done.stderr.splitlines()
    assert (done.returncode, taken) == (0, b"standard input: read as babelstream")
    assert doubt.startswith(b"no sheet knows the device 'AMD Instinct': taken for amd-")
    assert as_report(done.stdout.decode()).rows[0].value.text == "3900123.456 MB/s"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_and_a_file_are_written_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "reported"
    folder.mkdir()
    words = (MAMF, "chip=h20", "by=me")
    expected = folder / "nvidia-h20-sxm-96gb-mamf-finder-2026-03-02.yaml"
    assert said(capsys, *words, f"out={folder}")[:2] == (0, f"{expected}\n")
    assert said(capsys, *words, f"out={folder / 'my-log.yaml'}")[0] == 0
    found, faults = examine(tmp_path)
    assert (sorted(found), faults) == (["my-log", expected.stem], [])
    before = expected.read_bytes()
    code, out, err = said(capsys, *words, f"out={folder}")
    assert (code, out, expected.read_bytes()) == (2, "", before)
    assert f"{expected} exists already: name another; nothing is overwritten" in err


def test_a_folder_that_ends_in_a_slash_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "new" / "nvidia-h20-sxm-96gb-mamf-finder-2026-03-02.yaml"
    assert said(capsys, MAMF, "chip=h20", "by=me", f"out={tmp_path}/new/")[1] == f"{made}\n"
    other = tmp_path / "newer" / made.name
    assert said(capsys, MAMF, "chip=h20", "by=me", f"out={tmp_path}/newer")[1] == f"{other}\n"
    named = tmp_path / "newest" / "a.yaml"
    assert said(capsys, MAMF, "chip=h20", "by=me", f"out={named}")[1] == f"{named}\n"
    assert made.is_file()


WRONG = [
    ("", "import needs what a tool printed: file=PATH"),
    ("file=none.txt", "there is no file 'none.txt'"),
    ("MAMF", "who measured it? give by="),
    ("MAMF by=me", "which chip is it of? give chip="),
    ("MAMF by=me chip=h2o", "no chip 'h2o' in specs/chips: did you mean 'h20'"),
    (
        "MAMF by=me chip=h200",
        "it is of the device 'NVIDIA H20', not of nvidia-h200-sxm-141gb; give",
    ),
    ("MAMF by=me chip=h20 source=mamf", "no importer 'mamf': did you mean 'mamf-finder'"),
    ("MAMF by=me chip=h20 source=nccl-tests", "mamf-v2.txt: has no table of nccl-tests"),
    ("MAMF by=me chip=h20 kind=rumour", "no kind 'rumour': choose from: "),
    ("MAMF by=me chip=h20 dtype=bf61", "no dtype 'bf61': did you mean 'bf16'"),
    ("MAMF by=me chip=h20 count=0", "count=0 must be 1 or more"),
    ("MAMF by=me chip=h20 count=many", "count=many: write a whole number"),
    ("MAMF by=me chip=h20 date=soon", "date: 'soon' is not of its form"),
    ("MAMF by=me chip=h20 url=x", "url=: is too short"),
    ("MAMF by=me chip=h20 out=a.txt", "neither a file that ends in .yaml nor a folder, which end"),
    ("MAMF by=me chip=h20 out=A_B.yaml", "out=A_B.yaml: use lower-case letters"),
    ("MAMF by=me chip=h20 class=gate", "import has no key 'class'"),
]


@pytest.mark.parametrize(("words", "expected"), WRONG, ids=[words for words, _ in WRONG])
def test_a_wrong_word_costs_one_line_and_writes_nothing(
    words: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *words.replace("MAMF", MAMF).split())
    last = err.splitlines()[-1]
    assert (code, out, last[:9]) == (2, "", "onpaper: ")
    assert expected in last
    assert list(tmp_path.iterdir()) == []


def test_collectives_of_another_chip_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("nccl.txt", "nccl.json"):
        code, out, err = said(capsys, f"file={DATA / name}", "chip=h100", "by=me", "date=2026-11")
        assert (code, out) == (2, "")
        assert "it is of the device 'NVIDIA H20', not of nvidia-h100-sxm-80gb" in err


FLAGPERF = f"file={DATA / 'flagperf-benchmark.md'}"
"""Of a device that it calls A100-40GiB-SXM, a name that no sheet lists."""


def test_a_device_that_reads_as_another_chip_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = said(capsys, FLAGPERF, "chip=h20", "by=me", "date=2026-11-24")
    assert (code, out) == (2, "")
    assert "it is of the device 'A100-40GiB-SXM', not of nvidia-h20-sxm-96gb; give chip=" in err
    assert "nvidia-a100-sxm-40gb" in err
    for chip in ("a100-40gb", "a100"):
        code, _, err = said(capsys, FLAGPERF, f"chip={chip}", "by=me", "date=2026-11-24")
        assert code == 0
        assert "no sheet knows the device 'A100-40GiB-SXM'" in err


@pytest.mark.parametrize(
    ("device", "chip", "code", "told"),
    [
        ("Foo Accelerator X", "h20", 0, "no sheet knows the device 'Foo Accelerator X'"),
        ("H20", "h20", 0, ""),
        ("NVIDIA H20", "h20", 0, ""),
        ("A100", "a100-pcie", 0, "no sheet knows the device 'A100'"),
        ("NVIDIA H20 something", "h200", 2, "not of nvidia-h200-sxm-141gb"),
        (
            "AMD Instinct",
            "h20",
            2,
            "which is amd's, not of nvidia-h20-sxm-96gb; give",
        ),
        ("Ascend 910B", "910b2", 0, "no sheet knows the device 'Ascend 910B'"),
    ],
)
def test_a_name_that_no_sheet_lists_is_told(
    device: str,
    chip: str,
    code: int,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = tmp_path / "log.txt"
    text = (DATA / "mamf-v2.txt").read_text(encoding="utf-8")
    assert "NVIDIA H20" in text
    log.write_text(text.replace("NVIDIA H20", device), encoding="utf-8")
    found, _, err = said(capsys, f"file={log}", "source=mamf-finder", f"chip={chip}", "by=me")
    assert found == code
    assert told in err
    assert told or "no sheet knows" not in err


NCCL = """\
./build/{test}_perf -b 8 -e 8G -f 2 -g 8
# nThread 1 nGpus 8 minBytes 8 maxBytes 8589934592 step: 2(factor) warmup iters: 1 iters: 20
{ranks}
#       size         count      type   redop    root     time   algbw   busbw #wrong
  8589934592    2147483648     float     sum      -1    31466  {algbw}  {rate}      0
# Out of bounds values : 0 OK
"""


@pytest.mark.parametrize(
    ("test", "rate", "told"),
    [
        ("all_reduce", "440.00", ""),
        (
            "all_reduce",
            "477.74",
            "477.7 GB/s, 106% of the published 450.0 GB/s: a switch that does",
        ),
        ("all_reduce", "950.00", "950.0 GB/s, 211% of the published 450.0 GB/s"),
        ("all_gather", "477.74", "477.7 GB/s, 106% of the published 450.0 GB/s"),
    ],
)
def test_a_switch_that_adds_lifts_the_bus_bandwidth_of_an_all_reduce_alone(
    test: str, rate: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """477.74 GB/s on eight H100, which is usual, was called a doubt."""
    device = "node01 device {0} [0000:1b:00] NVIDIA H100 80GB HBM3"
    ranks = [f"#  Rank  {n} Group  0 Pid  1 on {device.format(n)}" for n in range(8)]
    log = tmp_path / "log.txt"
    algbw = f"{float(rate) / (1.75 if test == 'all_reduce' else 0.875):.2f}"
    printed = NCCL.format(test=test, algbw=algbw, rate=rate, ranks="\n".join(ranks))
    log.write_text(printed, encoding="utf-8")
    code, _, err = said(capsys, f"file={log}", "chip=h100", "by=me", "date=2026-11")
    assert code == 0
    assert told in err
    assert ("doubt: " in err) is (told.endswith("GB/s"))


@pytest.mark.parametrize(
    ("count", "code", "told"),
    [
        ("8", 0, ""),
        ("16", 2, "count=16, but the output lists 8 devices; leave count= out"),
    ],
)
def test_a_count_that_the_list_of_devices_contradicts_is_refused(
    count: str, code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = "node01 device {0} [0000:1b:00] NVIDIA H100 80GB HBM3"
    ranks = "\n".join(f"#  Rank  {n} Group  0 Pid  1 on {device.format(n)}" for n in range(8))
    log = tmp_path / "log.txt"
    printed = NCCL.format(test="all_reduce", algbw="251.43", rate="440.00", ranks=ranks)
    log.write_text(printed, encoding="utf-8")
    found, _, err = said(capsys, f"file={log}", "chip=h100", "by=me", "date=2026", f"count={count}")
    assert found == code
    assert told in err


def test_what_is_above_paper_is_a_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.txt"
    text = (DATA / "mamf-v4.txt").read_text(encoding="utf-8")
    log.write_text(text.replace("NVIDIA H200", "Foo X").replace("NVIDIA H20", "Foo X"), "utf-8")
    assert "Foo X" in log.read_text(encoding="utf-8")
    code, _, err = said(capsys, f"file={log}", "source=mamf-finder", "chip=h20", "by=me")
    assert code == 0
    assert "PFLOP/s, 443% of the published 296 TFLOP/s" in err
    assert "doubt" not in said(capsys, f"file={log}", "chip=h200", "by=me")[2]
