"""Sample plans: exact, monotone, and the same as counting every sample there is."""

import hashlib
import io
import math
from fractions import Fraction
from itertools import combinations

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bench.verification import html, pdf
from bench.verification.document import Paragraph, Table
from bench.verification.plan import PlanRequest, percent, plan_document
from bench.verification.sampling import (
    chance_at_most,
    draw,
    faulty_devices,
    most_faulty,
    plan,
)

DEVICES = st.integers(1, 400)
SHARES = st.floats(0.001, 1.0)
CONFIDENCES = st.floats(0.5, 0.999)


def counted(allowed: int, devices: int, faulty: int, sample: int) -> Fraction:
    """The chance of at most ``allowed`` faulty devices, by counting every sample."""
    found = list(combinations(range(devices), sample))
    fitting = sum(sum(one < faulty for one in each) <= allowed for each in found)
    return Fraction(fitting, len(found))


@pytest.mark.parametrize("devices", range(1, 8))
def test_chances_are_those_of_counting_every_sample(devices: int) -> None:
    for faulty in range(devices + 1):
        for sample in range(devices + 1):
            for allowed in range(sample + 1):
                found = chance_at_most(allowed, devices, faulty, sample)
                assert found == counted(allowed, devices, faulty, sample)


def test_chances_are_those_of_scipy() -> None:
    for allowed, devices, faulty, sample in ((0, 1000, 50, 57), (3, 500, 25, 100), (9, 64, 20, 40)):
        wanted = stats.hypergeom.cdf(allowed, devices, faulty, sample)
        assert float(chance_at_most(allowed, devices, faulty, sample)) == pytest.approx(wanted)


@pytest.mark.parametrize("devices", range(1, 9))
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("accept", [0, 1, 2])
def test_a_plan_is_the_smallest_of_all(devices: int, share: float, accept: int) -> None:
    faulty = math.ceil(share * devices)
    fitting = [
        sample for sample in range(1, devices + 1)
        if 1 - counted(accept, devices, faulty, sample) >= Fraction(9, 10)
    ]  # fmt: skip
    found = plan(devices, share, accept, 0.9)
    assert (found.sample if found else None) == (min(fitting) if fitting else None)


@pytest.mark.parametrize("accept", [0, 1, 2, 5])
def test_for_large_shipments_plans_are_those_of_the_binomial(accept: int) -> None:
    """With none accepted and 5%: ln 0.05 / ln 0.95 = 58.4, the 59 of every handbook."""
    found = plan(1_000_000, 0.05, accept, 0.95)
    wanted = next(n for n in range(1, 1000) if stats.binom.cdf(accept, n, 0.05) <= 0.05)
    assert found
    assert abs(found.sample - wanted) <= 1
    if accept == 0:
        assert found.sample == 59 == math.ceil(math.log(0.05) / math.log(0.95))


@pytest.mark.parametrize(
    ("devices", "share", "confidence", "sample"),
    [
        (20, 0.05, 0.95, 19),  # one faulty device of 20: 19 / 20 is just 95%
        (20, 0.05, 0.96, 20),
        (100, 0.01, 0.95, 95),
        (100, 0.01, 0.99, 99),
        (1, 0.05, 0.95, 1),
        (1, 1.0, 0.5, 1),
        (10, 1.0, 0.999, 1),
        (1000, 0.0001, 0.9, 900),
    ],
)
def test_a_plan_that_just_reaches_its_confidence_is_not_missed(
    devices: int, share: float, confidence: float, sample: int
) -> None:
    found = plan(devices, share, 0, confidence)
    assert found
    assert found.sample == sample


@pytest.mark.parametrize(
    ("devices", "share", "faulty"),
    [(100, 0.07, 7), (100, 0.05, 5), (101, 0.05, 6), (1000, 0.001, 1), (3, 0.0001, 1), (7, 1.0, 7)],
)
def test_a_share_of_a_shipment_is_counted_as_it_is_written(
    devices: int, share: float, faulty: int
) -> None:
    assert faulty_devices(devices, share) == faulty


@given(DEVICES, SHARES, CONFIDENCES, CONFIDENCES, st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_more_confidence_takes_no_smaller_sample(
    devices: int, share: float, one: float, other: float, accept: int
) -> None:
    less, more = (plan(devices, share, accept, each) for each in sorted((one, other)))
    assert (less is None) == (more is None)
    if less and more:
        assert less.sample <= more.sample <= devices


@given(DEVICES, SHARES, SHARES, CONFIDENCES)
@settings(max_examples=60, deadline=None)
def test_a_smaller_share_takes_no_smaller_sample(
    devices: int, one: float, other: float, confidence: float
) -> None:
    small, large = (plan(devices, each, 0, confidence) for each in sorted((one, other)))
    assert small
    assert large
    assert large.sample <= small.sample


@given(DEVICES, st.integers(1, 5), CONFIDENCES)
@settings(max_examples=60, deadline=None)
def test_as_many_faulty_in_a_larger_shipment_take_no_smaller_sample(
    devices: int, faulty: int, confidence: float
) -> None:
    small = plan(devices + 5, faulty / (devices + 5), 0, confidence)
    large = plan(devices + 6, faulty / (devices + 6), 0, confidence)
    if small and large and small.faulty == large.faulty:
        assert small.sample <= large.sample


@given(st.integers(1, 60), st.data())
@settings(max_examples=80, deadline=None)
def test_a_bound_is_the_largest_number_that_is_not_ruled_out(
    devices: int, data: st.DataObject
) -> None:
    sample = data.draw(st.integers(1, devices))
    found = data.draw(st.integers(0, sample))
    confidence = data.draw(st.sampled_from([0.5, 0.9, 0.95, 0.99]))
    left = [
        faulty for faulty in range(found, devices - (sample - found) + 1)
        if chance_at_most(found, devices, faulty, sample) > 1 - Fraction(repr(confidence))
    ]  # fmt: skip
    assert most_faulty(devices, sample, found, confidence) == max(left)


def test_a_bound_holds_as_often_as_it_says() -> None:
    devices, sample = 40, 12
    for faulty in range(devices + 1):
        held = sum(
            (chance_at_most(hit, devices, faulty, sample)
             - (chance_at_most(hit - 1, devices, faulty, sample) if hit else 0))
            for hit in range(max(0, sample - devices + faulty), min(faulty, sample) + 1)
            if most_faulty(devices, sample, hit, 0.9) >= faulty
        )  # fmt: skip
        assert held >= Fraction(9, 10)


def test_a_passed_sample_rules_out_what_it_was_planned_for() -> None:
    for accept in (0, 1, 2):
        found = plan(500, 0.05, accept, 0.95)
        assert found
        assert most_faulty(500, found.sample, accept, 0.95) < found.faulty


def test_a_test_of_every_device_leaves_nothing_open() -> None:
    assert most_faulty(10, 10, 3, 0.95) == 3


def test_a_draw_can_be_repeated_and_is_of_the_shipment() -> None:
    first = draw(1000, 57, "4711")
    assert first == draw(1000, 57, "4711") == tuple(sorted(set(first)))
    assert len(first) == 57
    assert 1 <= first[0] <= first[-1] <= 1000
    assert first != draw(1000, 57, "4712")
    assert draw(5, 5, "x") == (1, 2, 3, 4, 5)
    ranks = sorted((hashlib.sha256(f"4711:{k}".encode()).hexdigest(), k) for k in range(1, 1001))
    assert first == tuple(sorted(k for _, k in ranks[:57]))


def test_a_draw_prefers_no_position() -> None:
    drawn = [one for seed in range(400) for one in draw(20, 5, str(seed))]
    counts = [drawn.count(position) for position in range(1, 21)]
    assert stats.chisquare(counts).pvalue > 0.001


def test_the_report_of_a_plan_has_its_numbers_and_its_draw() -> None:
    asked = PlanRequest(1000, seed="4711")
    made = plan_document(asked)
    assert made.name == "plan-1000"
    found = {one.key: one for one in made.blocks if isinstance(one, Table)}
    assert [row["sample"] for row in found["samples"].flat] == [57, 90, 119]
    assert [row["position"] for row in found["positions"].flat] == list(draw(1000, 57, "4711"))
    risk = {(row["faulty_devices"], row["accept"]): row["chance_of_failing"]
            for row in found["risks"].flat}  # fmt: skip
    assert risk[10, 0] == pytest.approx(stats.hypergeom.sf(0, 1000, 10, 57))
    assert found["bounds"].flat[0]["faulty_devices_most"] == 49
    first = next(one.text for one in made.blocks if isinstance(one, Paragraph))
    assert first.startswith("Test 57 of 1,000 devices")
    told = " ".join(one.text for one in made.blocks if isinstance(one, Paragraph))
    assert "Agree on the acceptance limit before the test, figure by figure" in told
    assert "margin=0.1 asks each for 90% of its published figure" in told
    page = html.render(made)
    assert "seed=4711 repeats this draw" in page
    text = " ".join(
        one.extract_text() for one in pypdf.PdfReader(io.BytesIO(pdf.render(made))).pages
    )
    assert "Serial positions of the sample, seed 4711" in " ".join(text.split())


@pytest.mark.parametrize("devices", [1, 2, 3, 20])
def test_small_shipments_have_a_plan(devices: int) -> None:
    made = plan_document(PlanRequest(devices, seed="x"))
    assert html.render(made)
    assert pdf.render(made)


def test_nought_is_the_only_share_shown_as_nought() -> None:
    assert percent(0.0) == "0.0%"
    assert percent(0.00001) == "0.001%"
    assert percent(Fraction(1, 20)) == "5.0%"


def test_the_whole_is_the_only_share_shown_as_the_whole() -> None:
    assert percent(1.0) == "100.0%"
    assert percent(Fraction(99_999, 100_000)) == "above 99.9%"
    assert percent(0.99999, 2) == "above 99.99%"
    assert percent(0.9994) == "99.9%"
