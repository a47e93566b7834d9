"""Drawing is the same each time, safe whatever a record says, and can be read by everybody."""

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from bench import paths
from bench.chips.load import Catalogue
from bench.errors import UsageError
from bench.plot import draw
from bench.plot.axes import Label, place_labels, round_values, short, slug
from bench.plot.picture import Picture
from bench.plot.registry import record_pictures
from bench.plot.theme import DARK, LIGHT, PAGE, Theme, theme
from bench.records.model import Measurement, Record
from bench.records.store import read

RECORD = paths.data_dir("results") / "records" / "2026-11-26" / "h200-sxm-full.json"
HOSTILE = (
    "<script>alert(1)</script>", "$x^2$ $\\frac{", "\x1b[2J\x00\x07bell", "a" * 3000,
    "华为昇腾 910B 加速卡", '" onload="alert(1)', "&amp;]]>", "line\nbreak\u2028\u202e", "#010001",
)  # fmt: skip


@pytest.fixture(scope="module")
def full() -> Record:
    return read(RECORD)


@pytest.fixture(scope="module")
def pictures(full: Record, sheets: Catalogue) -> Sequence[Picture]:
    return list(record_pictures(full, sheets))


@pytest.fixture(scope="module")
def paged(pictures: Sequence[Picture]) -> Sequence[str]:
    """Every picture as a page shows it."""
    return [draw.svg(one, PAGE) for one in pictures]


def hostile(record: Record, texts: Sequence[str]) -> Record:
    """A record of an unknown device whose every free word is one of the texts, in turn."""

    def spoilt(one: Measurement, text: str) -> Measurement:
        parameters = {**one.parameters, **({"load": text} if "load" in one.parameters else {})}
        return one.model_copy(update={"label": text, "parameters": parameters})

    changed = {
        "device": record.device.model_copy(update={"name": texts[0], "limits": tuple(texts)}),
        "identity": record.identity.model_copy(update={"chip": None, "state": "unknown"}),
        "suite": texts[-1],
        "measurements": tuple(map(spoilt, record.measurements, itertools.cycle(texts))),
    }
    return record.model_copy(update=changed)


@pytest.mark.parametrize("place", range(0, len(HOSTILE), 3))
def test_no_word_of_a_record_breaks_a_plot_or_leaves_its_text(
    place: int, full: Record, sheets: Catalogue
) -> None:
    texts = HOSTILE[place : place + 3]
    found = list(record_pictures(hostile(full, texts), sheets))
    known = replace_names(full, texts)
    for one in (*found, *record_pictures(known, sheets, kind="figures")):
        assert re.fullmatch(r"[a-z0-9-]{1,60}", one.name)
        drawn = draw.svg(one, LIGHT)
        root = ET.fromstring(drawn)  # noqa: S314 -- what we wrote ourselves
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "path", "defs", "clipPath", "rect", "use", "text", "pattern"}
        assert not any(key.startswith("on") for element in root.iter() for key in element.attrib)
        assert "".join(root.itertext()).replace("\n", "").replace("\xa0", " ").isprintable()
        assert all(sign.isprintable() for sign in draw.table(one).replace("\n", ""))
    assert draw.png(found[0], DARK).startswith(b"\x89PNG")


def replace_names(record: Record, texts: Sequence[str]) -> Record:
    """A record of a known chip, whose work is called otherwise."""
    named = zip(record.measurements, itertools.cycle(texts), strict=False)
    ours = (one.model_copy(update={"label": text}) for one, text in named)
    return record.model_copy(update={"measurements": tuple(ours)})


def test_the_same_rows_give_the_same_bytes(full: Record, sheets: Catalogue) -> None:
    for one, other in zip(
        record_pictures(full, sheets), record_pictures(full, sheets), strict=True
    ):
        assert draw.svg(one, LIGHT) == draw.svg(other, LIGHT)
        assert draw.table(one) == draw.table(other)
    first = next(record_pictures(full, sheets))
    assert draw.png(first, LIGHT) == draw.png(first, LIGHT)


def test_a_users_own_style_changes_nothing(pictures: Sequence[Picture]) -> None:
    import matplotlib as mpl

    before = draw.svg(pictures[0], LIGHT)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert draw.svg(pictures[0], LIGHT) == before
        assert mpl.rcParams["font.size"] == 30


def test_a_page_decides_every_colour(paged: Sequence[str]) -> None:
    for drawn in paged:
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^<]*</text>)", drawn) == []
        assert "var(--ink)" in drawn
        values = set(re.findall(r"(?:fill|stroke|color): ?([^;\"]+)", drawn))
        own = {"none", *PAGE.names.values()}
        assert {one for one in values if not one.startswith("url(")} <= own


def test_drawings_of_one_page_share_no_id(
    pictures: Sequence[Picture], paged: Sequence[str], full: Record
) -> None:
    other = replace(pictures[0], title="Another finding under the same name")
    drawn = [*paged, draw.svg(other, PAGE)]
    ids = [re.findall(r'\bid="([^"]+)"', one) for one in drawn]
    every = list(itertools.chain.from_iterable(ids))
    assert len(every) == len(set(every))
    for one, own, picture in zip(drawn, ids, (*pictures, other), strict=True):
        assert all(name.startswith(f"{picture.name}-") for name in own)
        used = re.findall(r'(?:href="|url\()#([^")]+)', one)
        assert set(used) <= set(own)
        assert "<style" not in one
    assert full.id not in drawn[0]  # the page says in its own letters whence the data come
    assert full.id in draw.svg(pictures[0], LIGHT)


def test_a_drawing_scales_and_says_what_is_to_be_seen(
    pictures: Sequence[Picture], paged: Sequence[str]
) -> None:
    for one, drawn in zip(pictures, paged, strict=True):
        root = ET.fromstring(drawn)  # noqa: S314 -- what we wrote ourselves
        assert root.get("width") == "100%"
        assert root.get("height") is None
        assert root.get("viewBox", "").startswith("0 0 576 ")
        assert (root.get("role"), root.get("aria-label")) == ("img", one.alt)


def test_no_letter_is_smaller_than_9_points(pictures: Sequence[Picture]) -> None:
    for one in pictures:
        sizes = re.findall(r"font-size: ([\d.]+)px", draw.svg(one, LIGHT))
        assert sizes
        assert min(map(float, sizes)) >= 9


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_everything_stands_out_from_the_paper(look: Theme) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert min(contrast(one, look.paper) for one in look.series) >= 3
    assert min(contrast(one, look.paper) for one in (look.ink, look.muted)) >= 4.5
    assert len(set(look.series)) == 6


def test_a_theme_that_is_not_there_names_the_nearest() -> None:
    assert theme("dark") is DARK
    with pytest.raises(UsageError, match=r"^no theme 'drak': did you mean 'dark'\?$"):
        theme("drak")
    assert len({*PAGE.names}) == len(PAGE.names) == 9


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.9, 11, [1, 1.5, 2, 3, 4, 5, 6, 8, 10]),
        (1, 1000, [1, 3, 10, 30, 100, 300, 1000]),
        (1e-3, 1e6, [1e-3, 1e-1, 10, 1e3, 1e5]),
    ],
)
def test_an_axis_tells_round_values_and_few(low: float, high: float, told: list[float]) -> None:
    assert round_values(low, high) == pytest.approx(told)


@pytest.mark.parametrize("most", [3, 5, 9])
def test_an_axis_never_tells_too_many(most: int) -> None:
    for low, high in itertools.combinations([1e-9, 3e-3, 1.0, 7.0, 12.0, 5e4, 2e15], 2):
        assert 1 <= len(round_values(low, high, most)) <= most


def test_names_neither_meet_nor_cover_a_point() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(1, 10)
    axes.set_ylim(1, 10)
    points = [(3.0 + step / 50, 3.0) for step in range(12)]
    labels = [Label(x, y, f"chip-{x:.2f}") for x, y in points]
    place_labels(axes, labels, points, LIGHT, (500, 300))
    told = [one.get_text() for one in axes.texts]
    assert 2 <= len(told) < len(labels)
    assert told[0] == "chip-3.00"
    assert len(set(told)) == len(told)


def test_texts_are_cut_and_names_are_plain() -> None:
    assert short("a\x1b\n b" + "c" * 50, 10) == "a b" + "c" * 6 + "…"
    assert slug("../../etc/<b>") == "etc-b"
    assert slug("\x00华") == "unnamed"
    assert len(slug("x" * 900)) <= 40


def test_rows_are_told_as_text_that_no_spreadsheet_computes() -> None:
    def nothing(*_: object) -> None:
        """Draws nothing."""

    paint: Callable[..., None] = nothing
    one = Picture("x", "t", "a", "n", [{"a": "=1+1", "b": 1.5}, {"c": "x\ny"}], paint)
    assert draw.table(one) == "a,b,c\n'=1+1,1.5,\n,,x y\n"
