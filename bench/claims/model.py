"""A claim as a value: who said what of which chips, and what exactly that would have to mean."""

from typing import Annotated, Literal

from pydantic import Field

from bench.chips.model import Key
from bench.evidence.model import Text, When, Words, Work
from bench.strict import Strict

Relation = Literal["matches", "exceeds", "at least", "at most"]
Factor = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Margin = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Chips = Annotated[tuple[Key, ...], Field(min_length=1)]
Phase = Literal["prefill", "decode", "serving", "training", "inference", "attention", "collective"]


class Axis(Strict):
    """One thing that the subject is held against the object by: a figure, or a kind of work.

    Attributes:
        figure: key of a figure of the sheet, such as ``matrix_bf16``.
        work: a family of measurements, such as ``decode``; ``where`` and ``dtype`` narrow it.
        relation, factor: of this axis, where they are not those of the whole claim.
    """

    figure: Key | None = None
    work: Phase | None = None
    dtype: Key | None = None
    where: Words[Work] = Field(default_factory=dict, validate_default=True)
    relation: Relation | None = None
    factor: Factor | None = None
    note: Text | None = None


class Claim(Strict):
    """A statement that sets chips against one another, with its formal reading.

    The reading: subject over object, on every axis, stands in ``relation`` to ``factor``, where
    ``margin`` is what still counts as equal.

    Attributes:
        statement: what is said, in our words.
        speaker: who says it.
        side: on whose behalf.
        source: key of ``specs/sources.yaml``.
        subjects, objects: chips; where there are several, ``which_subject`` and ``which_object``
            say whether it is said of each of them or of any one.
        reading: why it is read so, where the words leave it open.
        unlike: why the two sides of it are no like quantities, such as a sparse rate against a
            dense one; such a claim is not comparable.
    """

    id: Key
    statement: Text
    speaker: Text
    side: Literal[
        "regulator", "official", "state media", "vendor", "rival vendor", "analyst", "researcher",
        "press", "user",
    ]  # fmt: skip
    date: When
    source: Key
    subjects: Chips
    objects: Chips
    which_subject: Literal["each", "any"] = "each"
    which_object: Literal["each", "any"] = "each"
    relation: Relation = "matches"
    factor: Factor = 1.0
    margin: Margin = 0.10
    axes: Annotated[tuple[Axis, ...], Field(min_length=1)]
    reading: Text | None = None
    unlike: Text | None = None
    note: Text | None = None

    def relation_of(self, axis: Axis) -> Relation:
        """Returns the relation that is claimed on an axis."""
        return axis.relation or self.relation

    def factor_of(self, axis: Axis) -> float:
        """Returns the factor that is claimed on an axis."""
        return axis.factor or self.factor
