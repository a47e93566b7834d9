"""``report`` as it is typed: every kind, every file, every wrong word."""

import contextlib
import io
import json
from pathlib import Path

import pypdf
import pytest

from bench import __main__, paths
from bench.commands import report
from bench.records.model import Record
from bench.records.store import write
from bench.report.formats import FORMATS

SHIPPED = paths.data_dir("results") / "records" / "2026-11-26"
GENOA = f"record={SHIPPED / 'epyc-genoa-2-cores-standard.json'}"
Capture = pytest.CaptureFixture[str]


def said(words: list[str], capsys: Capture) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    code = __main__.main(["report", *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


# what is made


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with the record's page and PDF, and what was printed."""
    out, printed = tmp_path_factory.mktemp("handed") / "new" / "folder", io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert __main__.main(["report", GENOA, f"out={out}"]) == 0
    return out, printed.getvalue()


def test_a_record_is_handed_over_as_page_and_pdf(handed: tuple[Path, str]) -> None:
    out, printed = handed
    files = [Path(line) for line in printed.splitlines()]
    assert [one.name for one in files] == [
        f"verification-20261126-010133-cpu-9aa7db.{ending}" for ending in ("html", "pdf")
    ]
    assert sorted(out.iterdir()) == sorted(files)
    assert files[0].read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "<svg" in files[0].read_text(encoding="utf-8")
    assert len(pypdf.PdfReader(files[1]).pages) > 3


def test_the_same_words_make_the_same_bytes(
    handed: tuple[Path, str], tmp_path: Path, capsys: Capture
) -> None:
    assert said([GENOA, f"out={tmp_path}"], capsys)[0] == 0
    for one in handed[0].iterdir():
        assert one.read_bytes() == (tmp_path / one.name).read_bytes()


def test_one_format_alone_can_be_had(tmp_path: Path, capsys: Capture) -> None:
    assert said([GENOA, f"out={tmp_path}", "formats=[html]"], capsys)[0] == 0
    assert [one.suffix for one in tmp_path.iterdir()] == [".html"]


@pytest.mark.parametrize("style", FORMATS)
@pytest.mark.parametrize(
    "words", [[GENOA], ["kind=plan", "devices=100", "seed=1"], ["kind=fleet", f"records={SHIPPED}"]]
)
def test_without_a_folder_it_is_printed_in_every_format(
    words: list[str], style: str, capsys: Capture
) -> None:
    code, printed, err = said([*words, f"report={style}"], capsys)
    assert (code, err) == (0, "")
    assert printed.strip()
    if style == "json":
        assert json.loads(printed)["tables"]


def test_a_plan_prints_the_seed_that_it_drew(capsys: Capture) -> None:
    code, printed, _ = said(["kind=plan", "devices=50", "report=json"], capsys)
    assert code == 0
    told = json.loads(printed)
    seed = next(line for line in told["heading"] if "seed" in line).split("seed ")[1].split(",")[0]
    again = json.loads(said(["kind=plan", "devices=50", f"seed={seed}", "report=json"], capsys)[1])
    assert again == told
    other = json.loads(said(["kind=plan", "devices=50", "report=json"], capsys)[1])
    assert other["tables"]["positions"] != told["tables"]["positions"]


def test_a_plan_and_a_fleet_are_files_of_their_own(tmp_path: Path, capsys: Capture) -> None:
    said(["kind=plan", "devices=12", f"out={tmp_path}"], capsys)
    said(["kind=fleet", f"records={SHIPPED}", "devices=12", f"out={tmp_path}"], capsys)
    count = len(list(SHIPPED.glob("*.json")))
    names = {one.name for one in tmp_path.iterdir()}
    assert names == {"plan-12.html", "plan-12.pdf", f"fleet-{count}.html", f"fleet-{count}.pdf"}


def test_a_shipment_of_the_record_adds_its_plan(capsys: Capture) -> None:
    _, printed, _ = said([GENOA, "devices=500", "report=plain"], capsys)
    assert "Test 56 of 500 devices" in printed


def test_a_shipment_of_the_record_takes_all_that_a_plan_takes(capsys: Capture) -> None:
    shipment = ["devices=500", "seed=4711", "confidence=0.9", "faulty=0.1", "accept=1"]
    code, printed, _ = said([GENOA, *shipment, "report=json"], capsys)
    assert code == 0
    alone = json.loads(said(["kind=plan", *shipment, "report=json"], capsys)[1])["tables"]
    found = json.loads(printed)["tables"]
    assert alone["positions"]
    for one in ("positions", "samples", "bounds"):
        assert found[one] == alone[one]


def test_what_is_there_already_is_replaced_whole(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["kind=plan", "devices=12", f"out={tmp_path}"]
    said([*words, "seed=1"], capsys)
    before = {one: one.read_bytes() for one in tmp_path.iterdir()}
    assert len(before) == 2

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bench.files.atomic.replace", full)
    code, _, err = said([*words, "seed=2"], capsys)
    assert code == 2
    assert err == f"onpaper: out={tmp_path} cannot be written to: No space left on device\n"
    assert {one: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_name_that_a_folder_has_is_refused(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "plan-9.html").mkdir()
    code, _, err = said(["kind=plan", "devices=9", f"out={tmp_path}", "formats=[html]"], capsys)
    assert code == 2
    assert "cannot be written to" in err


# wrong words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["kind=verificaton"], "no kind 'verificaton': did you mean 'verification'?"),
        (["kind=plan"], "kind=plan needs the size of the shipment: devices=1000"),
        (["kind=fleet"], "kind=fleet needs a folder of records: records=FOLDER"),
        (["kind=plan", "devices=0"], "devices=0 must be 1 to 1,000,000"),
        (["kind=plan", "devices=-3"], "devices=-3 must be 1 to 1,000,000"),
        (["kind=plan", "devices=1000001"], "devices=1000001 must be 1 to 1,000,000"),
        (["kind=plan", "devices=9", "confidence=1"], "confidence=1 must lie between 0 and 1"),
        (["kind=plan", "devices=9", "confidence=0"], "confidence=0 must lie between 0 and 1"),
        (["kind=plan", "devices=9", "confidence=nan"], "confidence=nan must lie between 0 and 1"),
        (["kind=plan", "devices=9", "faulty=0"], "faulty=0 must be above 0 and at most 1"),
        (["kind=plan", "devices=9", "faulty=1.1"], "faulty=1.1 must be above 0 and at most 1"),
        (["kind=plan", "devices=9", "accept=9"], "accept=9 must be 0 to 8: fewer than devices=9"),
        (["kind=plan", "devices=9", "accept=-1"], "accept=-1 must be 0 to 8: fewer than devices=9"),
        (["kind=plan", "devices=100", "accept=5"],
         "accept=5 lets every shipment pass in which faulty=0.05 is 5 of 100"),
        (["kind=plan", "devices=9", "seed='  '"], "seed= takes 1 to 64 printable characters"),
        (["kind=plan", "devices=9", f"seed={'x' * 65}"], "seed= takes 1 to 64 printable char"),
        (["kind=plan", "devices=9", "record=latest"],
         "record= belongs to kind=verification, not to kind=plan"),
        (["kind=plan", "devices=9", "margin=0.2"],
         "margin= belongs to kind=verification and kind=fleet, not to kind=plan"),
        (["kind=verification", "seed=1"], "seed= needs a shipment: give its size, devices=1000"),
        (["kind=fleet", "records=.", "seed=1"],
         "seed= belongs to kind=verification and kind=plan, not to kind=fleet"),
        (["kind=fleet", "records=.", "faulty=0.1"],
         "faulty= belongs to kind=verification and kind=plan, not to kind=fleet"),
        (["confidence=0.9"], "confidence= needs a shipment: give its size, devices=1000"),
        (["margin=0"], "margin=0 must be above 0 and at most 0.9"),
        (["formats=[html]"], "formats= needs out=FOLDER; report= sets the format that is printed"),
        (["out=OUT", "formats=[htm]"], "no format 'htm': did you mean 'html'?"),
        (["out=OUT", "formats=[]"], "formats=[] writes nothing: give html, pdf or both"),
        (["out=OUT", "report=csv"],
         "report= is for printing: leave out out=, or give formats="),
        (["record=nothing-of-the-kind"], "no record 'nothing-of-the-kind': "),
        (["record=no/such.json"], "no record 'no/such.json': there is no such file"),
        (["kind=fleet", "records=OUT"], "is not a folder: give one that holds records"),
        (["devcies=3"], "report has no key 'devcies': did you mean 'devices'?"),
    ],
)  # fmt: skip
def test_wrong_words_end_in_one_line_and_nothing_is_written(
    words: list[str], told: str, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    code, printed, err = said([word.replace("OUT", str(out)) for word in words], capsys)
    assert (code, printed) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert not out.exists()


def test_a_file_is_no_folder_for_reports(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    code, _, err = said(["kind=plan", "devices=9", f"out={tmp_path / 'file'}"], capsys)
    assert (code, err) == (2, f"onpaper: out={tmp_path / 'file'} is a file: out= is a folder\n")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_folder_without_records_is_refused(tmp_path: Path, capsys: Capture) -> None:
    code, _, err = said(["kind=fleet", f"records={tmp_path}"], capsys)
    assert code == 2
    assert "holds no record" in err


def test_a_broken_record_is_a_fault_of_the_file(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "r.json").write_text("{", encoding="utf-8")
    code, printed, err = said([f"record={tmp_path / 'r.json'}"], capsys)
    assert (code, printed) == (2, "")
    assert err.startswith("onpaper: r.json: is not JSON")


def test_without_fpdf_a_pdf_is_refused_before_any_work_and_a_page_is_made(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.verification.pdf.find_spec", lambda _: None)
    code, _, err = said([GENOA, f"out={tmp_path / 'o'}"], capsys)
    assert code == 2
    assert err.startswith("onpaper: a PDF needs fpdf2 and matplotlib: ")
    assert not (tmp_path / "o").exists()
    assert said([GENOA, f"out={tmp_path / 'o'}", "formats=[html]"], capsys)[0] == 0


def test_a_record_of_a_fake_device_is_handed_over_as_such(
    tmp_path: Path, record: Record, capsys: Capture
) -> None:
    write(record, tmp_path / "r.json")
    said([f"record={tmp_path / 'r.json'}", f"out={tmp_path / 'o'}"], capsys)
    page = (tmp_path / "o" / f"verification-{record.id}.html").read_text(encoding="utf-8")
    assert "<h1>Verification report: FAKE device" in page


def test_the_help_names_every_key() -> None:
    for keys in report.KEYS.values():
        for key in (*keys, *report.COMMON):
            assert f"{key}=" in report.HELP
