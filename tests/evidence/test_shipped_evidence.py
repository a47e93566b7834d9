"""The shipped evidence and claims: enough of them, no fault, and no verdict without measurement."""

from collections.abc import Collection, Iterator

import pytest

from bench import paths
from bench.__main__ import main
from bench.chips.load import Catalogue
from bench.claims.evaluate import Judgement, judgement
from bench.claims.judge import Stands, Word
from bench.claims.load import claims
from bench.claims.model import Axis
from bench.claims.paper import ids
from bench.claims.sensitivity import EvidenceBase
from bench.claims.weigh import Finding, Question, behind
from bench.evidence.gather import observations
from bench.evidence.load import reports
from bench.evidence.observe import OWN, Observation
from bench.evidence.quantities import QUANTITIES
from bench.records.store import read
from bench.reference.findings import findings
from bench.report.chips.verdicts import overstated

RESULTS = paths.data_dir("results")
PAGE = RESULTS / "FINDINGS.md"
BF16 = Axis(figure="matrix_bf16")


@pytest.fixture(scope="module")
def evidence(sheets: Catalogue) -> EvidenceBase:
    """The shipped evidence, modelled once."""
    return EvidenceBase(observations(sheets), sheets)


@pytest.fixture(scope="module")
def judged(evidence: EvidenceBase) -> list[Judgement]:
    """Every shipped claim."""
    return [judgement(one, evidence.whole, evidence.catalogue) for one in claims().values()]


def found(judged: list[Judgement]) -> Iterator[tuple[str, Finding]]:
    """Every finding of every claim."""
    for one in judged:
        for pair in one.pairs:
            yield from ((one.claim.id, finding) for finding in pair.findings)


def over(evidence: EvidenceBase, first: str, second: str, axis: Axis = BF16) -> Finding:
    """What is found of one chip over another."""
    above, below = (evidence.catalogue.find(one) for one in (first, second))
    return evidence.finding(Question(above, below, axis))


# how much there is


def test_there_are_enough_reported_values(sheets: Catalogue) -> None:
    rows = [row for report in reports().values() for row in report.rows]
    domestic = [one for one in rows if sheets.chips[one.chip].tier == "domestic"]
    assert len(rows) >= 850
    assert len({one.chip for one in rows}) >= 56
    assert len(domestic) >= 150
    assert len({one.chip for one in domestic}) >= 15


def test_there_are_enough_claims_of_enough_sides() -> None:
    every = claims().values()
    assert len(every) >= 30
    assert len({one.side for one in every}) >= 6
    assert len({one.speaker for one in every}) >= 30


def test_no_data_file_of_either_has_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check"])
    lines = capsys.readouterr().out.splitlines()
    places = ("specs/claims/", "results/")
    assert [line for line in lines if line.startswith(places)] == []
    assert f"{len(claims())} claims" in lines[-1]
    assert f"{sum(len(one.rows) for one in reports().values())} reported values" in lines[-1]


# every verdict stands on measurement


def test_a_verdict_of_a_claim_rests_on_admitted_values_of_both_sides(
    judged: list[Judgement],
) -> None:
    """Of the finding that decides, whose chips are those that the claim names."""
    tested = [one for one in judged if one.claim.scope == "both"]
    decided = [one for one in tested if one.word not in (Word.UNTESTABLE, Word.UNLIKE)]
    assert len(decided) >= 10
    for one in decided:
        finding = one.deciding.deciding
        asked, estimate = finding.question, finding.measured
        assert estimate, one.claim.id
        for chip, side in ((asked.first, estimate.first), (asked.second, estimate.second)):
            assert side, one.claim.id
            assert {value.chip for value in side} <= ids(chip)
            assert all(value.weight > 0 for value in side)
        assert asked.first.id in one.claim.subjects
        assert asked.second.id in one.claim.objects


def test_without_measurement_no_claim_is_said_to_hold_or_to_fail(
    judged: list[Judgement],
) -> None:
    for one in (one for one in judged if one.claim.scope == "both"):
        finding = one.deciding.deciding
        if finding.measured is None:
            assert one.word in (Word.UNTESTABLE, Word.UNLIKE), one.claim.id
            assert (one.holds, one.stands) == (None, Stands.OPEN), one.claim.id
        else:
            assert one.word not in (Word.UNTESTABLE, Word.UNLIKE), one.claim.id


def test_every_finding_of_every_claim_has_values_or_no_verdict(judged: list[Judgement]) -> None:
    for key, one in found(judged):
        compared = one.measured if one.question.scope == "both" else one.paper
        assert (compared is None) == (one.word in (Word.UNTESTABLE, Word.UNLIKE)), key
        assert one.reason, key
        if one.measured is None:
            assert (one.holds, one.needed) == (None, None), key


def test_no_settled_claim_is_called_inconclusive(judged: list[Judgement]) -> None:
    odd = [
        one.claim.id
        for one in judged
        if (one.word is Word.INCONCLUSIVE) and one.stands is not Stands.OPEN
    ]
    assert odd == []


def test_claims_of_a_sort_the_page_promises_are_there(judged: list[Judgement]) -> None:
    words = {one.word for one in judged}
    assert words >= {Word.SHORT, Word.EXCEEDS, Word.INCONCLUSIVE, Word.UNTESTABLE, Word.UNLIKE}


# every value has a source


def resolves(one: Observation, records: set[str], sheets: Catalogue) -> bool:
    """Tells whether a value's reference leads to a row with an address, or to a record."""
    file, _, key = one.ref.partition(":")
    papers = all(source in sheets.sources for source in (one.paper.sources if one.paper else ()))
    if one.by == OWN:
        return papers and file in records
    report = reports().get(file)
    rows = [row.id for row in report.rows if row is one.reported] if report else []
    address = report.source.url if report else ""
    return papers and rows == [key] and address.startswith(("https://", "http://"))


def test_every_value_behind_any_verdict_has_a_source_that_resolves(
    evidence: EvidenceBase, judged: list[Judgement]
) -> None:
    records = {read(path).id for path in (RESULTS / "records").rglob("*.json")}
    shown = {
        one.ref: one for _, finding in found(judged) for one in behind(finding, evidence.whole)
    }
    assert len(shown) > 300
    assert [
        ref for ref, one in shown.items() if not resolves(one, records, evidence.catalogue)
    ] == []


def test_every_value_in_a_ratio_is_shown_behind_it(
    evidence: EvidenceBase, judged: list[Judgement]
) -> None:
    for key, one in found(judged):
        if one.measured:
            used = {value.ref for value in (*one.measured.first, *one.measured.second)}
            assert used <= {value.ref for value in behind(one, evidence.whole)}, key


def test_a_links_values_are_shown_behind_a_ratio_of_links(evidence: EvidenceBase) -> None:
    """Also those of one direction, where both are asked for."""
    one = over(evidence, "h20", "h800", Axis(figure="link_bandwidth"))
    assert one.measured
    used = {value.ref for value in (*one.measured.first, *one.measured.second)}
    assert used <= {value.ref for value in behind(one, evidence.whole)}


def test_every_claim_cites_a_listed_source_with_an_address(sheets: Catalogue) -> None:
    for one in claims().values():
        assert sheets.sources[one.source].url.startswith(("https://", "http://")), one.id


# work of language models, and of others

OF_LANGUAGE = [
    key for key, one in QUANTITIES.items() if one.family in ("prefill", "decode", "serving")
]
OF_OTHERS = ("inference_rate", "inference_time")


def models(quantities: Collection[str]) -> set[str]:
    """Models of the reported work of these quantities, by the name or the benchmark given."""
    return {
        row.workload.get("model") or row.workload.get("benchmark") or ""
        for report in reports().values()
        for row in report.rows
        if row.quantity in quantities
    } - {""}


def test_no_model_counts_both_as_a_language_model_and_as_another() -> None:
    assert models(OF_OTHERS) >= {"HunyuanVideo", "Stable Diffusion", "resnet50", "bert-99"}
    assert not models(OF_OTHERS) & models(OF_LANGUAGE)


def test_times_of_a_video_model_judge_no_serving(evidence: EvidenceBase) -> None:
    """Nobody reported one language model served on both; HunyuanVideo ran on both."""
    assert over(evidence, "h20", "h100", Axis(work="serving")).word is Word.UNTESTABLE
    video = over(evidence, "h20", "h100", Axis(work="inference"))
    assert video.measured
    assert 0.15 < video.measured.ratio < 0.6
    assert video.paper
    assert video.paper.key == "matrix_bf16"


# what is known of chips that everybody asks for


def share(evidence: EvidenceBase, word: str) -> float:
    """What a chip reaches of its bf16 figure."""
    chip = evidence.catalogue.find(word)
    reached, published = evidence.whole.achieved("matrix_bf16", chip.id), chip.number("matrix_bf16")
    assert reached
    assert published
    assert reached.low < reached.rate < reached.high
    return reached.rate / published


def test_an_h20_reaches_more_of_its_paper_than_an_h100(evidence: EvidenceBase) -> None:
    assert 0.85 < share(evidence, "h20") <= 1.02
    assert 0.65 < share(evidence, "h100") < 0.9
    assert share(evidence, "h20") > share(evidence, "h100") + 0.05


def test_paper_understates_an_h20_over_an_h100(evidence: EvidenceBase) -> None:
    one = over(evidence, "h20", "h100")
    far = overstated(one)
    assert far
    assert 0.6 < far < 0.95
    assert one.word is Word.SHORT
    back = overstated(over(evidence, "h100", "h20"))
    assert back == pytest.approx(1 / far)


def test_an_h100_is_two_to_three_times_an_a100(evidence: EvidenceBase) -> None:
    one = over(evidence, "h100", "a100")
    assert one.measured
    assert one.paper
    assert 2.0 < one.measured.ratio < 3.2
    low, high = one.measured.interval()
    assert 1.5 < low < high < 4.0
    assert one.measured.groups_both >= 1
    assert one.word is Word.EXCEEDS


# the page


@pytest.mark.skipif(not PAGE.exists(), reason="the page is not made yet")
def test_the_page_of_findings_is_what_the_evidence_says(sheets: Catalogue) -> None:
    assert PAGE.read_text(encoding="utf-8") == findings(sheets), "run `make docs`"
