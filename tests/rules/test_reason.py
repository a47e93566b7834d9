"""Why a rule catches a chip, does not, or cannot be told to."""

import pytest

from bench.rules.attributes import Attribute, Reading
from bench.rules.model import Rule
from bench.rules.places import Places, Question
from bench.rules.predicate import Subject, predicate
from bench.rules.reason import leaves, near_lines, nearest, reason
from bench.rules.ruling import Ruling, rule_on
from bench.rules.trace import Trace, grounds, traced
from bench.rules.truth import Truth

Node = dict[str, object]
GB = 1e9
YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
PLACES = Places.model_validate({"groups": {}, "countries": {"CN": {"name": "China"}}})


def part(**values: float | bool | tuple[float, ...]) -> Subject:
    """A part with values; several are readings of one attribute."""
    found = {}
    for key, value in values.items():
        given = value if isinstance(value, tuple) else (value,)
        readings = tuple(Reading(one, f"reading {n}") for n, one in enumerate(given, 1))
        why = "two sources" if len(readings) > 1 else ""
        found[key] = Attribute(key, readings, why)
    return Subject("acme-one", found)


def ruled(asked: Subject, *outcomes: Node) -> Ruling:
    """What a rule of these outcomes says of a part."""
    node = {
        "id": "ONE", "title": "one", "jurisdiction": "US", "kind": "eccn_control", "citation": "x",
        "effective": "2024-01-01", "destination": {"countries": ["CN"]}, "confidence": "press",
        "sources": ["x"], "outcomes": [*outcomes, {"id": "none", "policy": "none"}],
    }  # fmt: skip
    return rule_on(Rule.model_validate(node), asked, Question("2024-06-01", "CN", "CN"), PLACES)


ABOVE: Node = {"id": "a", "eccn": "3A090", "when": {"tpp": ">= 4800"}}
BOTH: Node = {
    "id": "b",
    "eccn": "3A090",
    "when": {"all": [{"io": ">= 600 GB/s"}, {"tpp": ">= 4800"}]},
}
HIGH: Node = {"id": "high", "eccn": "3A090.a", "when": {"tpp": ">= 9600"}}
NOTE: Node = {
    "id": "note",
    "policy": "none",
    "when": {"all": [{"datacenter": "no"}, {"tpp": "< 4800"}]},
}
HALF: Node = {"id": "half", "eccn": "3A090", "when": {"not": {"tpp": "< 2000"}}}
NAMED: Node = {"id": "named", "policy": "licence_required", "when": {"chip": ["acme-o*"]}}
MAKERS: Node = {"id": "made", "policy": "licence_required", "when": {"chip": ["b-*", "acme-*"]}}
OTHERS: Node = {"id": "made", "policy": "licence_required", "when": {"chip": ["b-*"]}}
SECRET: Node = {"id": "secret", "eccn": "3A090", "when": {"tpp": ">= unknown"}}
DOUBTED: Node = {**ABOVE, "uncertain_when": {"datacenter": "no"}}


@pytest.mark.parametrize(
    ("asked", "outcomes", "told"),
    [
        (part(tpp=4992.0), [ABOVE], "TPP 4,992, 192 above 4,800"),
        (part(tpp=4800.0), [ABOVE], "TPP 4,800, equal to 4,800"),
        (part(tpp=4768.0), [ABOVE], "TPP 4,768, 32 below 4,800"),
        (
            part(tpp=4992.0, io=664 * GB),
            [BOTH],
            "I/O rate 664 GB/s, 64 GB/s above 600 GB/s; TPP 4,992, 192 above 4,800",
        ),
        (part(tpp=4992.0, io=464 * GB), [BOTH], "I/O rate 464 GB/s, 136 GB/s below 600 GB/s"),
        (part(tpp=5000.0), [HIGH, ABOVE], "TPP 5,000, 200 above 4,800"),
        (part(tpp=3000.0), [HIGH, ABOVE], "TPP 3,000, 1,800 below 4,800"),
        (
            part(tpp=4708.0, datacenter=False),
            [NOTE, ABOVE],
            "datacentre part: no (reading 1); TPP 4,708, 92 below 4,800",
        ),
        (part(tpp=2400.0), [HALF], "TPP 2,400, 400 above 2,000"),
        (part(tpp=1.0), [NAMED], "named by the rule"),
        (part(tpp=1.0), [MAKERS], "made by acme"),
        (part(tpp=1.0), [OTHERS], "made by acme"),
        (part(), [ABOVE], "TPP is not known"),
        (part(tpp=1.0), [SECRET], "the threshold was never published"),
        (
            part(tpp=(4000.0, 8000.0)),
            [ABOVE],
            "TPP 4,000 (reading 1) or 8,000 (reading 2), two sources",
        ),
        (
            part(tpp=5000.0, datacenter=False),
            [DOUBTED],
            "TPP 5,000, 200 above 4,800; whether that counts is not certain (datacentre part: no)",
        ),
    ],
    ids=[
        "met", "equal", "unmet", "both met", "one unmet", "second outcome", "nearest outcome",
        "a note", "not", "named", "makers", "others", "missing", "secret", "two readings",
        "uncertain",
    ],
)  # fmt: skip
def test_the_reason_names_what_decided_and_how_far_it_is(
    asked: Subject, outcomes: list[Node], told: str
) -> None:
    assert reason(ruled(asked, *outcomes)) == told


def test_what_is_uncertain_leaves_both_outcomes_open() -> None:
    found = ruled(part(tpp=5000.0, datacenter=False), DOUBTED)
    assert found.words == ("none",)
    assert [one.eccn for one in found.findings] == ["3A090", None]
    outcome, trace = found.traces[0]
    assert (outcome.id, trace.truth) == ("a", UNKNOWN)
    assert (trace.words, trace.doubt) == ("TPP at least 4,800", "datacentre part: no")


@pytest.mark.parametrize(
    ("doubt", "told"),
    [
        ({"any": [{"datacenter": "no"}, {"chip": ["x-*"]}]}, ["datacentre part: no"]),
        ({"any": [{"tpp": "< 1"}, {"not": {"chip": ["x-*", "y-*"]}}]}, ["not made by x or y"]),
        (
            {"all": [{"datacenter": "no"}, {"tpp": ">= 10"}]},
            ["datacentre part: no", "TPP at least 10"],
        ),
        ({"io": ">= 600 GB/s"}, ["I/O rate at least 600 GB/s"]),
    ],
)
def test_a_doubt_is_told_by_the_conditions_that_hold_or_may(doubt: Node, told: list[str]) -> None:
    asked = part(tpp=5000.0, datacenter=False)
    assert grounds(traced(predicate(doubt), asked)) == told


def test_a_rule_without_outcomes_has_no_reason() -> None:
    assert reason(ruled(part(tpp=1.0))) == ""


@pytest.mark.parametrize(
    ("tpp", "told"),
    [
        (4800.0, ["TPP equal to 4,800"]),
        (4561.0, ["TPP 239 below 4,800"]),
        (5039.0, ["TPP 239 above 4,800"]),
        (4560.0, []),
        (5040.0, []),
    ],
)
def test_a_line_closer_than_a_twentieth_is_near_on_either_side(tpp: float, told: list[str]) -> None:
    assert near_lines(ruled(part(tpp=tpp), ABOVE)) == told


def test_a_line_met_twice_is_told_once() -> None:
    again = {**ABOVE, "id": "again", "when": {"all": [{"tpp": ">= 4800"}, {"tpp": "< 9000"}]}}
    assert near_lines(ruled(part(tpp=4768.0), ABOVE, again)) == ["TPP 32 below 4,800"]


@pytest.mark.parametrize(
    ("node", "asked", "found"),
    [
        (
            {"tpp": ">= 4800"},
            part(tpp=2400.0),
            Trace(
                NO, "TPP at least 4,800", "2,400 (reading 1)", "TPP", "2,400",
                margin=-0.5, margin_words="2,400 below 4,800",
            ),
        ),
        (
            {"memory_bandwidth + interconnect": ">= 1700 GB/s"},
            part(memory_bandwidth=1000 * GB, interconnect=(380 * GB, 720 * GB)),
            Trace(
                UNKNOWN, "DRAM bandwidth + interconnect bandwidth at least 1,700 GB/s",
                "1,380 GB/s (reading 1 + reading 1) or 1,720 GB/s (reading 1 + reading 2)",
                "DRAM bandwidth + interconnect bandwidth", "1,720 GB/s", "two sources",
                1720 / 1700 - 1, "20 GB/s above 1,700 GB/s",
            ),
        ),
        (
            {"io": "< 600 GB/s"},
            part(),
            Trace(UNKNOWN, "I/O rate below 600 GB/s", "I/O rate is not known", "I/O rate"),
        ),
        (
            {"datacenter": "yes"},
            part(datacenter=True),
            Trace(
                YES, "datacentre part: yes", "datacentre part: yes (reading 1)",
                "datacentre part", "yes",
            ),
        ),
        (
            {"datacenter": "yes"},
            part(),
            Trace(
                UNKNOWN, "datacentre part: yes",
                "datacentre part: unknown (datacentre part is not known)",
                "datacentre part", "unknown",
            ),
        ),
        ({"eccn": ["3A090.a"]}, part(), Trace(NO, "is 3A090.a", "paragraph none")),
        ({"chip": ["x-*", "y-1"]}, part(), Trace(NO, "is named: x-*, y-1", "not named")),
        ({"chip": ["acme-o*"]}, part(), Trace(YES, "is named: acme-o*", "named by the rule")),
        ({"chip": ["x-*", "y-*"]}, part(), Trace(NO, "made by x or y", "made by acme")),
    ],
)  # fmt: skip
def test_a_trace_holds_the_condition_and_the_values_it_saw(
    node: Node, asked: Subject, found: Trace
) -> None:
    assert traced(predicate(node), asked) == found


def test_a_tree_is_traced_part_by_part() -> None:
    tree = predicate({"any": [{"datacenter": "yes"}, {"not": {"tpp": "> 1600"}}]})
    trace = traced(tree, part(tpp=2000.0, datacenter=False))
    assert (trace.truth, trace.words) == (NO, "any of")
    assert [(one.truth, one.words) for one in leaves(trace)] == [
        (NO, "datacentre part: yes"),
        (YES, "TPP above 1,600"),
    ]


def test_of_unmet_conditions_the_two_nearest_are_told_nearest_first() -> None:
    nodes = ({"tpp": ">= 4800"}, {"io": ">= 600 GB/s"}, {"pd": ">= 1"}, {"tpp": ">= 2500"})
    asked = part(tpp=2400.0, io=594 * GB, pd=0.5)
    found = nearest([traced(predicate(node), asked) for node in nodes])
    assert [one.words for one in found] == ["I/O rate at least 600 GB/s", "TPP at least 2,500"]


def test_what_nobody_published_is_said_beside_what_it_decides() -> None:
    told = "link computed, not published: 3 x 256 GB/s"
    has = {
        "io": Attribute("io", (Reading(768 * GB, "link"),), computed=told),
        "tpp": Attribute("tpp", (Reading(9600, ""),)),
    }
    one = ruled(Subject("acme-one", has), BOTH)
    assert reason(one) == (
        f"I/O rate 768 GB/s ({told}), 168 GB/s above 600 GB/s; TPP 9,600, 4,800 above 4,800"
    )
    (rate, *_) = leaves(one.traces[0][1])
    assert rate.found == f"768 GB/s (link); {told}"
