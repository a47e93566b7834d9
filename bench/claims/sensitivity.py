"""Which verdicts change with the margin, with rival figures, or without some of the evidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bench.chips.load import Catalogue, catalogue
from bench.claims.forecast import Forecast, forecast
from bench.claims.judge import Bounds, holds, stands
from bench.claims.modelled import modelled
from bench.claims.weigh import Finding, Question, finding
from bench.errors import UsageError
from bench.evidence.gather import observations
from bench.evidence.model import Kind
from bench.evidence.observe import Observation
from bench.evidence.pool import Evidence
from bench.files.caches import once
from bench.units import significant

MARGINS = (0.05, 0.20)
LEFT_OUT: Mapping[str, tuple[Kind, ...]] = {
    "without vendor claims": (Kind.VENDOR, Kind.GATE),
    "without user submissions": (Kind.USER,),
}


@dataclass(frozen=True)
class Flip:
    """A change of the inputs that changes the answer, and the answers before and after."""

    change: str
    before: str
    after: str

    def __str__(self) -> str:
        """Renders it in words."""
        return f"{self.change}: {self.after}"


class EvidenceBase:
    """The evidence, whole and with parts left out; each variant is fitted once."""

    def __init__(
        self,
        observations: tuple[Observation, ...],
        catalogue: Catalogue,
        without: tuple[Kind, ...] = (),
    ) -> None:
        self.catalogue = catalogue
        self.without = without
        self.observations = observations
        self.whole = Evidence(observations, without)
        self._forecasts: dict[str, Forecast | None] = {}

    @cached_property
    def parts(self) -> Mapping[str, Evidence]:
        """Returns the evidence without the given classes."""
        return {
            name: Evidence(self.observations, (*left, *self.without))
            for name, left in LEFT_OUT.items()
        }

    def finding(self, question: Question) -> Finding:
        """Returns the finding by paper and the whole evidence."""
        return finding(question, self.whole, self.catalogue)

    def predicted(self, found: Finding) -> tuple[float, float, str] | None:
        """Returns the 95% prediction interval of an unmeasured ratio of work, and its basis.

        The basis is the comparison model if it knows the work, else paper and the pairs measured
        so far, with the reason. Neither proves anything.
        """
        question, work = found.question, found.question.axis.work
        if not work or found.measured or question.unlike:
            return None
        try:
            return modelled(question.first, question.second, question.axis, self.catalogue)
        except UsageError as error:
            why = str(error)
        if found.paper is None:
            return None
        if work not in self._forecasts:
            self._forecasts[work] = forecast(work, self.whole, self.catalogue)
        known = self._forecasts[work]
        if known is None:
            return None
        basis = f"no proof; from paper, as on {known.chips} chips; not by the model: {why}"
        return (*known.interval(found.paper.value), basis)

    def flips(self, found: Finding) -> tuple[Flip, ...]:
        """Returns the changes that would change a verdict, or whether the relation holds."""
        return tuple(self._flips(found))

    def _flips(self, found: Finding) -> Iterator[Flip]:
        question = found.question
        others = {
            f"margin {margin:.0%}": self.finding(replace(question, margin=margin))
            for margin in MARGINS
        }
        others |= {
            name: finding(question, part, self.catalogue) for name, part in self.parts.items()
        }
        for name, other in others.items():
            if (other.word, other.decided) != (found.word, found.decided):
                yield Flip(name, _answer(found), _answer(other))
        yield from _rival_flips(found)


def evidence_base(records: str | None = None, without: tuple[Kind, ...] = ()) -> EvidenceBase:
    """Returns the shipped evidence and the user's records, without the classes left out.

    Raises:
        UsageError: there is nothing at ``records``.
        DataError: a data file has a fault.
    """
    if records is None:
        return _shipped(without)
    return EvidenceBase(observations(catalogue(), records), catalogue(), without)


@once
def _shipped(without: tuple[Kind, ...]) -> EvidenceBase:
    return EvidenceBase(observations(catalogue()), catalogue(), without)


def _answer(found: Finding) -> str:
    """Returns the verdict; if it does not imply whether the relation holds, that as well."""
    words = {True: "it holds", False: "it fails", None: "open"}
    plain = found.question.relation == "matches"
    return str(found.word) if plain else f"{found.word} ({words[found.decided]})"


def _rival_flips(found: Finding) -> Iterator[Flip]:
    """Yields the changes on paper by rival published figures."""
    paper, question = found.paper, found.question
    if paper is None or question.unlike or not paper.is_disputed:
        return
    about_paper = question.scope == "paper"
    before = found.decided if about_paper else found.on_paper
    for ratio, which in ((paper.low, "lowest"), (paper.high, "highest")):
        at = Bounds(ratio / question.factor, ratio / question.factor)
        on_paper = holds(question.relation, at, question.margin)
        if on_paper is not before:
            after = stands(on_paper=on_paper, measured=found.holds)
            paper_only = "holds on paper" if on_paper else "does not hold on paper"
            words = paper_only if about_paper or found.holds is None else str(after)
            yield Flip(f"{which} published ratio {significant(ratio, 3)}", str(found.stands), words)
