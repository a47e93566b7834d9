"""The site as files: everything links to something, nothing runs, every number has its source."""

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.commands.site import main
from bench.errors import UsageError
from bench.records.model import IMPORTED_BY, Record
from bench.records.store import write as write_record
from bench.site.build import write
from bench.site.pages import chip as chip_pages
from bench.site.pages import compare
from bench.site.pages import records as record_pages
from bench.site.place import FILE_LIST, SiteFolder
from bench.site.words import Linker
from bench.site.world import JudgedRecord, World, gather
from tests.conftest import DAY
from tests.site.pages import Read, inner, page, target

A = "http://a.example?y&amp;z"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m javascript:alert(3)"


@pytest.fixture(scope="module")
def world() -> World:
    """All that is shipped."""
    return gather(None, DAY)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Read]:
    """Every page, read."""
    return {path: page(path) for path in sorted(site.rglob("*.html"))}


def test_there_is_a_page_for_everything(site: Path, world: World) -> None:
    assert len(list((site / "chips").glob("*.html"))) == len(world.catalogue.chips)
    assert len(list((site / "claims").glob("*.html"))) == len(world.claims)
    assert len(list((site / "records").glob("*.html"))) == len(world.records)
    assert {path.stem for path in site.glob("*.html")} == {
        "index", "chips", "compare", "claims", "evidence", "records", "rules", "predictions",
        "method", "sources",
    }  # fmt: skip


def test_every_link_leads_somewhere(pages: dict[Path, Read], site: Path) -> None:
    known = {path.resolve(): set(read.ids) for path, read in pages.items()}
    lost, root = [], site.resolve()
    for path, read in pages.items():
        for link in filter(inner, read.links):
            there, anchor = target(path, link)
            if not (there in known or (there.is_file() and there.is_relative_to(root))) or (
                anchor and there in known and anchor not in known[there]
            ):
                lost.append((path.name, link))
    assert lost == []


def test_ids_are_unique_and_outside_links_are_web_addresses(pages: dict[Path, Read]) -> None:
    for path, read in pages.items():
        assert len(read.ids) == len(set(read.ids)), path
        outside = [link for link in read.links if not inner(link)]
        assert all(link.startswith(("https://", "http://")) for link in outside), path


def test_each_page_is_a_whole_document(pages: dict[Path, Read]) -> None:
    for path, read in pages.items():
        names = [tag for tag, _ in read.tags]
        assert names.count("h1") == names.count("main") == names.count("title") >= 1, path
        assert ("html", {"lang": "en"}) in read.tags
        levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), path


def test_nothing_runs_but_the_one_script_whose_hash_the_policy_names(
    pages: dict[Path, Read],
) -> None:
    for path, read in pages.items():
        policy = next(told["content"] for tag, told in read.tags if "http-equiv" in told)
        assert "default-src 'none'" in policy
        scripts = re.findall("<script>(.*?)</script>", path.read_text("utf-8"), re.DOTALL)
        digests = [
            base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts
        ]
        allowed = re.findall("'sha256-([^']+)'", policy)
        assert digests == allowed, path
        assert not [key for _, told in read.tags for key in told if key.startswith("on")]
        loads = ("src", "srcset", "data", "action", "poster", "ping")
        assert not [told for _, told in read.tags if set(loads) & set(told)], path


def test_pages_are_small(site: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in site.rglob("*.html")}
    assert max(sizes.values()) < 2_500_000, max(sizes, key=lambda name: sizes[name])


def test_every_number_of_the_table_leads_to_its_figure_and_from_there_to_its_source(
    site: Path, pages: dict[Path, Read], world: World
) -> None:
    shown = [link for link in pages[site / "chips.html"].links if link.partition("#")[2] in FIGURES]
    assert len(shown) > 500
    for link in shown:
        there, key = target(site / "chips.html", link)
        text = there.read_text("utf-8")
        row = re.search(rf'<tr id="{key}">(.*?)</tr>', text, re.DOTALL)
        assert row, link
        mark = re.search(r'href="#(sheet-n\d+)"', row[1])
        figure = world.catalogue.chips[there.stem].figures.get(key)
        if figure is None:  # of a system: added up of its members, whose sheets are linked
            assert "Built of" in text
            continue
        assert mark, link
        note = re.search(rf'<li id="{mark[1]}">(.*?)</li>', text, re.DOTALL)
        assert note
        assert world.catalogue.sources[figure.source].url.rstrip("/.") in note[1].replace(
            "&amp;", "&"
        )


def test_every_measured_value_leads_to_its_source_or_its_record(site: Path, world: World) -> None:
    text = (site / "evidence.html").read_text("utf-8")
    rows = re.findall(r"<tr data-class=.*?</tr>", text, re.DOTALL)
    assert len(rows) == len(world.evidence.whole.every)
    assert all(re.search(r'<td><a href="(https?://|records/)[^"]+"', row) for row in rows)


@pytest.mark.parametrize("chip", ["nvidia-h20-sxm-96gb", "huawei-ascend-910b2"])
def test_each_value_on_a_chips_page_leads_to_its_source_or_its_record(
    site: Path, world: World, chip: str
) -> None:
    text = (site / "chips" / f"{chip}.html").read_text("utf-8")
    told = text.partition('id="evidence"')[2].partition('id="predicted"')[0]
    tables = told.split('<div class="scroll"')[2:]
    rows = [row for table in tables for row in re.findall(r"<tr>(<th scope=\"row.*?)</tr>", table)]
    assert len(rows) == len(world.observed[chip])
    for row in rows:
        assert re.search(r'<a href="(https?://|\.\./records/)', row.rpartition("<td")[2]), row


def test_the_first_page_has_one_count_of_measured_values(site: Path, world: World) -> None:
    """In words and under the picture of ratios, both with those that have no weight."""
    text = (site / "index.html").read_text("utf-8")
    known = world.evidence.whole.every
    idle = sum(one.weight == 0 for one in known)
    assert f'<dd><a href="evidence.html">{len(known):,}</a>' in text
    assert f"{idle} without weight" in text
    assert set(re.findall(r"From ([\d,]+) measured values", text)) == {f"{len(known):,}"}


def test_claims_are_counted_and_filtered_by_whether_they_hold(site: Path, world: World) -> None:
    """The verdict on the ratio is beside it: MTT S4000 falls short of Ampere, as was claimed."""
    counts = Counter(one.answer.value for one in world.claims)
    first, page = ((site / name).read_text("utf-8") for name in ("index.html", "claims.html"))
    for word in ("holds", "fails", "open"):
        assert f'<a href="claims.html#answer={word}">{counts[word]}</a>' in first
        assert f'<a href="#answer={word}">{counts[word]}</a>' in page
        assert page.count(f'data-answer="{word}"') == counts[word]
    for one in world.claims:
        assert f'<details id="{one.claim.id}" data-answer="{one.answer.value}"' in page
    name = "2023-12-tomshardware-s4000-behind-ampere"
    behind = re.search(rf'<details id="{name}".*?</summary>', page, re.DOTALL)
    assert behind
    assert "holds on paper and measured" in behind[0]
    assert "falls short" in behind[0]


def test_claims_unfold_to_every_value_behind_them(site: Path, world: World) -> None:
    from bench.claims.weigh import behind

    text = (site / "claims.html").read_text("utf-8")
    for one in world.claims:
        block = re.search(rf'<details id="{re.escape(one.claim.id)}".*?</details>', text, re.DOTALL)
        assert block
        findings = [found for pair in one.pairs for found in pair.findings]
        refs = {value.ref for found in findings for value in behind(found, world.evidence.whole)}
        values = block[0].partition('<ul class="values">')[2]
        assert values.count("<li>") == len(refs)
        assert block[0].count("<tr>") == len(findings) + 1


def test_records_are_there_byte_for_byte_with_their_hash(site: Path, world: World) -> None:
    for one in world.records:
        assert (site / "records" / f"{one.record.id}.json").read_bytes() == one.content
        told = (site / "records" / f"{one.record.id}.html").read_text("utf-8")
        assert hashlib.sha256(one.content).hexdigest() in told


def test_plots_have_their_data_beside_them(pages: dict[Path, Read]) -> None:
    found = [
        target(path, link)[0]
        for path, read in pages.items()
        for link in read.links
        if inner(link) and link.endswith(".csv")
    ]
    assert len(found) > 5
    assert all(len(path.read_text("utf-8").splitlines()) > 1 for path in found)


def test_what_the_script_compares_is_what_the_sheets_say(world: World) -> None:
    chips = [one for one in world.chips if one.id in compare.DEFAULT_CHIPS]
    facts = compare.facts(chips, world)
    assert set(facts["chips"]) == {one.id for one in chips}
    for one in chips:
        told = facts["chips"][one.id]["v"]
        assert told["matrix_bf16"][0] == pytest.approx(one.number("matrix_bf16"), rel=1e-5)
    pair = facts["pairs"]["nvidia-h20-sxm-96gb nvidia-h100-sxm-80gb"]["matrix_bf16"]
    back = facts["pairs"]["nvidia-h100-sxm-80gb nvidia-h20-sxm-96gb"]["matrix_bf16"]
    assert pair[0] * back[0] == pytest.approx(1, rel=0.01)
    assert pair[1] < pair[0] < pair[2]
    assert (pair[3], back[3]) == ("falls short", "exceeds")
    shown = {key: facts["chips"][key]["p"] for key in compare.DEFAULT_CHIPS[-2:]}
    assert all(one.endswith(", if exported under US rules") for one in shown.values()), shown
    disputed = [one for one in world.chips if one.id == "nvidia-rtx6000d-84gb"]
    (told,) = compare.facts(disputed, world)["chips"].values()
    assert told["p"] == "none; in dispute: licence (policy not stated)"


@pytest.fixture
def hostile(world: World, record: Record, tmp_path: Path) -> World:
    """A world whose record, sheet and source try to break out of the page."""
    worst = record.model_copy(
        update={
            "device": record.device.model_copy(update={"name": HOSTILE}),
            "measurements": tuple(
                one.model_copy(update={"label": HOSTILE, "reason": HOSTILE, "group": HOSTILE})
                for one in record.measurements
            ),
        }
    )
    path = tmp_path / "hostile.json"
    write_record(worst, path)
    chips = dict(world.catalogue.chips)
    first = next(iter(chips))
    chips[first] = chips[first].model_copy(
        update={"name": HOSTILE, "notes": (HOSTILE,), "local_name": HOSTILE, "form": HOSTILE}
    )
    sources = {
        key: one.model_copy(update={"title": HOSTILE, "url": "javascript:alert(1)"})
        for key, one in world.catalogue.sources.items()
    }
    sheets = Catalogue(chips, sources, world.catalogue.architectures)
    from bench.judging.verdict import rows

    held = JudgedRecord(worst, tuple(rows(worst, sheets)), path.read_bytes())
    return replace(world, catalogue=sheets, records=(held,))


def test_hostile_text_stays_text(
    hostile: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(iter(hostile.catalogue.chips.values()))
    asked = chip_pages.pages  # of all sheets, that of the hostile one is read, and of few others
    monkeypatch.setattr(chip_pages, "pages", lambda *of: islice(asked(*of), 5))
    folder = tmp_path / "site"
    write(folder, hostile)
    assert (folder / "chips" / f"{first.id}.html").is_file()
    seen = False
    for path in folder.rglob("*.html"):
        text, read = path.read_text("utf-8"), page(path)
        seen = seen or "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "\x1b" not in text
        assert not [told for tag, told in read.tags if tag == "img" or "onerror" in told]
        assert not [link for link in read.links if link.startswith("javascript")]
    assert seen


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a <b> & 'c'", "a &lt;b&gt; &amp; &#39;c&#39;"),
        ("see [2].", 'see <a class="mark" href="#n2">[2]</a>.'),
        ("at http://a.example?y&z.", f'at <a href="{A}">{A}</a>.'),
        ("nvidia-h20 and other-one", '<a href="../chips/h.html">nvidia-h20</a> and other-one'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("line\nbreak\x00", "line break"),
    ],
)  # fmt: skip
def test_words_are_escaped_and_linked(text: str, made: str) -> None:
    assert str(Linker({"nvidia-h20": "chips/h.html"}, "../", "x.html").text(text)) == made


def test_a_page_does_not_link_to_itself() -> None:
    words = Linker({"nvidia-h20": "chips/h.html"}, "../", "chips/h.html")
    assert str(words.text("nvidia-h20")) == "nvidia-h20"


def test_an_earlier_site_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    place = SiteFolder(tmp_path / "site")
    place.check()
    place.fill([("a.html", b"1"), ("b/c.html", b"2")])
    place.check()
    place.fill([("a.html", b"3")])
    left = {path.name for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert left == {"a.html", FILE_LIST}
    assert (tmp_path / "site" / "a.html").read_bytes() == b"3"
    assert not (tmp_path / "site" / "b").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"holds thesis\.tex, which onpaper did not put there"):
        main([f"out={tmp_path}"])
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.tex"}


def test_a_list_that_leads_elsewhere_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    folder = tmp_path / "site"
    folder.mkdir()
    names = ["../kept.txt", str(tmp_path / "kept.txt"), "", "a\0b", 3]
    (folder / FILE_LIST).write_text(json.dumps(names))
    SiteFolder(folder).fill([("a.html", b"1")])
    assert (tmp_path / "kept.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "site needs a folder: out=site"),
        (["out=x", "on=tomorrow"], "on=tomorrow is no day such as 2025-08-15"),
        (["out=x", "on=20250815"], "on=20250815 is no day such as 2025-08-15"),
        (["out=x", "records=/none"], "records=/none: there is no such record"),
        (["out=x", "colour=red"], "site has no key 'colour'"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_written(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=re.escape(message)):
        main(words)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def own(tmp_path: Path, record: Record) -> Path:
    """A folder with a record of one's own and a file that is none."""
    folder = tmp_path / "own"
    folder.mkdir()
    write_record(record, folder / "mine.json")
    (folder / "broken.json").write_text("{")
    return folder


def test_the_command_shows_records_of_ones_own_and_names_what_is_none(
    own: Path,
    tmp_path: Path,
    record: Record,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("bench.site.build.MAKERS", ())  # those of sheets and claims take long, and
    monkeypatch.setattr("bench.site.build.OTHERS", (record_pages,))  # are made for other tests
    assert main([f"out={tmp_path / 'site'}", f"records={own}"]) == 0
    done = capsys.readouterr()
    assert done.out.strip() == str(tmp_path / "site" / "index.html")
    assert re.search(r"\d+ files, [\d.]+ MB, largest page \S+\.html", done.err)
    mine = (tmp_path / "site" / "records" / f"{record.id}.html").read_text("utf-8")
    assert "A fake device: these figures are simulated" in mine
    listed = (tmp_path / "site" / "records.html").read_text("utf-8")
    assert "broken.json" in listed
    assert "onpaper fake device, simulated" in listed
    assert re.search(r"<h1>\d+ records of our own, 1 simulated</h1>", listed)


def test_an_imported_record_is_not_our_own(world: World, record: Record) -> None:
    device = record.device.model_copy(update={"backend": "cuda"})
    settings = {**record.settings, IMPORTED_BY: "Jo's <Lab>"}
    held = JudgedRecord(record.model_copy(update={"device": device, "settings": settings}), (), b"")
    listed = next(record_pages.pages(replace(world, records=(held, *world.records)), {}))
    assert listed.title == f"{len(world.records)} records of our own, 1 imported"
    assert listed.data["rows"][0]["device"] == "onpaper fake device, measured by Jo's <Lab>"


def test_the_page_of_a_chip_has_nothing_of_a_fake_device(world: World, record: Record) -> None:
    """Its figures stood among the measured ones of the chip that it had imitated."""
    h20 = world.catalogue.find("h20")
    assert record.identity.chip == h20.id
    found = replace(world, records=(JudgedRecord(record, (), b""),))
    assert (found.measured, chip_pages._records(h20, found)) == ((), [])
    assert chip_pages._page(h20, found, {}).data["records"] == []


def test_rules_can_be_chosen_of_every_country_that_has_one(site: Path, world: World) -> None:
    text = (site / "rules.html").read_text("utf-8")
    (chosen,) = re.findall(r'<select name="country">(.*?)</select>', text)
    shown = set(re.findall(r"<option>([A-Z]+)</option>", chosen))
    assert shown == {one.jurisdiction for one in world.book.rules.values()} >= {"US", "CN", "MY"}
