"""What a value weighs: by who stands behind it, what speaks against it, and its quality."""

import pytest

from bench.errors import UsageError
from bench.evidence.model import Defect, Kind
from bench.evidence.weigh import NAMES, classes, weigh

WHOLE = {
    Kind.OWN: (1.0, ()),
    Kind.INDEPENDENT: (1.0, ()),
    Kind.ACADEMIC: (1.0, ()),
    Kind.CONSORTIUM: (1.0, ()),
    Kind.VENDOR: (0.5, ("the vendor's own claim",)),
    Kind.THIRD: (0.5, ("by a party with a stake that does not make the chip",)),
    Kind.USER: (0.5, ("a user's submission",)),
    Kind.GATE: (0.0, ("a vendor's pass mark is a bound, no measurement",)),
    Kind.REDACTED: (0.0, ("the measured value is withheld",)),
}
SPOILT = {
    Defect.CONSTANT, Defect.ACC16, Defect.SHARE, Defect.BOTH, Defect.COPY, Defect.PAGEABLE,
    Defect.SIMULATED, Defect.IMPLAUSIBLE, Defect.UNSATURATED,
}  # fmt: skip
DOUBTFUL = {
    Defect.WALL, Defect.BRIEF, Defect.READ_OFF, Defect.ROUNDED, Defect.VARIANT, Defect.SECOND,
    Defect.PRERELEASE,
}  # fmt: skip
HARMLESS = {Defect.BEST, Defect.CAPPED}


def test_the_lists_of_this_test_hold_every_class_and_defect_once() -> None:
    assert set(WHOLE) == set(Kind)
    assert sorted([*SPOILT, *DOUBTFUL, *HARMLESS]) == sorted(Defect)


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_sound_value_weighs_what_its_class_does(kind: Kind) -> None:
    assert weigh(kind, (), "A") == WHOLE[kind]
    assert weigh(kind, (), "B") == WHOLE[kind]


@pytest.mark.parametrize("defect", sorted(SPOILT), ids=str)
@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_value_of_something_else_weighs_nothing_whoever_gives_it(
    kind: Kind, defect: Defect
) -> None:
    weight, why = weigh(kind, (defect,), "A", "memory")
    assert weight == 0
    assert why == (*WHOLE[kind][1], str(defect))


@pytest.mark.parametrize("defect", sorted(DOUBTFUL), ids=str)
@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_doubtful_value_weighs_half(kind: Kind, defect: Defect) -> None:
    weight, why = weigh(kind, (defect,), "A")
    assert weight == WHOLE[kind][0] / 2
    assert why == (*WHOLE[kind][1], str(defect))


@pytest.mark.parametrize("defect", sorted(HARMLESS), ids=str)
def test_the_best_of_many_and_a_power_cap_take_nothing(defect: Defect) -> None:
    assert weigh(Kind.ACADEMIC, (defect,), "A") == (1.0, ())


@pytest.mark.parametrize("family", ["link", "collective", "matrix", ""])
def test_a_copy_engine_spoils_the_bandwidth_of_memory_alone(family: str) -> None:
    assert weigh(Kind.ACADEMIC, (Defect.COPY,), "A", family) == (1.0, ())
    assert weigh(Kind.ACADEMIC, (Defect.COPY,), "A", "memory") == (0.0, ("copy engine",))


def test_several_doubts_halve_once_and_are_all_told() -> None:
    weight, why = weigh(Kind.INDEPENDENT, (Defect.WALL, Defect.BRIEF, Defect.ROUNDED), "A")
    assert weight == 0.5
    assert why == ("wall clock", "short run", "rounded")


def test_second_hand_quality_halves_by_itself_and_on_top_of_doubts() -> None:
    told = "quality C: second hand, round or an artefact"
    assert weigh(Kind.OWN, (), "C") == (0.5, (told,))
    assert weigh(Kind.OWN, (Defect.WALL, Defect.BRIEF), "C") == (
        0.25,
        ("wall clock", "short run", told),
    )
    weight, why = weigh(Kind.VENDOR, (Defect.READ_OFF,), "C")
    assert (weight, why) == (0.125, ("the vendor's own claim", "read off a plot", told))


def test_what_spoils_is_told_before_what_makes_doubtful() -> None:
    found = weigh(Kind.USER, (Defect.WALL, Defect.CONSTANT, Defect.BEST), "C")
    assert found == (
        0.0,
        (
            "a user's submission",
            "constant inputs",
            "wall clock",
            "quality C: second hand, round or an artefact",
        ),
    )


def test_classes_are_given_by_one_word_each() -> None:
    assert classes(["vendor", "user"]) == (Kind.VENDOR, Kind.USER)
    assert classes(["own", "independent", "academic", "consortium"]) == (
        Kind.OWN,
        Kind.INDEPENDENT,
        Kind.ACADEMIC,
        Kind.CONSORTIUM,
    )
    assert classes([]) == ()


def test_what_weighs_nothing_anyway_needs_no_word_to_leave_it_out() -> None:
    assert set(NAMES.values()) == {kind for kind in Kind if WHOLE[kind][0] > 0}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("vender", "no class of evidence 'vender': did you mean 'vendor'?"),
        ("Vendor", "no class of evidence 'Vendor': did you mean 'vendor'?"),
        ("acadmic", "no class of evidence 'acadmic': did you mean 'academic'?"),
        (
            "zzz",
            (
                "no class of evidence 'zzz': choose from: academic, consortium, independent, own, "
                "third, user, vendor"
            ),
        ),
    ],
)
def test_an_unknown_class_is_refused_with_the_nearest(word: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        classes(["user", word])
    assert str(refused.value) == message
