"""A claim as a value: who said what about which chips, and its exact reading."""

from typing import Annotated, Literal

from pydantic import Field

from bench.chips.model import Key
from bench.evidence.model import Text, When, Words, Work
from bench.files.strict import Strict

Relation = Literal["matches", "exceeds", "at least", "at most"]
Factor = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Margin = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]
Chips = Annotated[tuple[Key, ...], Field(min_length=1)]
Scope = Literal["both", "paper"]
Phase = Literal["prefill", "decode", "serving", "training", "inference", "attention", "collective"]


class Axis(Strict):
    """One aspect of a comparison: a figure, or a kind of work.

    Attributes:
        figure: key of a figure of the sheet, such as ``matrix_bf16``.
        work: a family of measurements, such as ``decode``; ``where`` and ``dtype`` narrow it.
            ``serving`` is of language models, ``inference`` of models that generate no text.
        relation, factor: for this axis, if they differ from those of the whole claim.
    """

    figure: Key | None = None
    work: Phase | None = None
    dtype: Key | None = None
    where: Words[Work] = Field(default_factory=dict, validate_default=True)
    relation: Relation | None = None
    factor: Factor | None = None
    note: Text | None = None


class Claim(Strict):
    """A statement that compares chips, with its formal reading.

    The reading: on every axis, subject over object stands in ``relation`` to ``factor``, within
    ``margin``.

    Attributes:
        statement: the statement, in our words.
        speaker: who made it.
        side: on whose behalf.
        source: key of ``specs/sources.yaml``.
        subjects, objects: chips; if there are several, ``which_subject`` and ``which_object`` say
            whether the claim is about each of them or about any one.
        reading: why it is read so, if the words leave it open.
        unlike: why its two sides are different quantities, such as a sparse rate against a dense
            one; such a claim is not comparable.
        scope: ``paper`` if it speaks of published figures alone, which then decide the verdict.
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
    scope: Scope = "both"
    axes: Annotated[tuple[Axis, ...], Field(min_length=1)]
    reading: Text | None = None
    unlike: Text | None = None
    note: Text | None = None

    def relation_of(self, axis: Axis) -> Relation:
        """Returns the relation claimed on an axis."""
        return axis.relation or self.relation

    def factor_of(self, axis: Axis) -> float:
        """Returns the factor claimed on an axis."""
        return axis.factor or self.factor
