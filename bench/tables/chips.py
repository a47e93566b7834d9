"""Rows of the tables of chips, of facts about them in words, and of sources."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from bench.chips.conflicts import conflicts
from bench.chips.figures import FACTS
from bench.chips.model import Chip
from bench.tables.model import Data, joined


@dataclass(frozen=True)
class ChipRow:
    """One chip in one form factor, or one system of chips."""

    chip: Annotated[str, "key of the chip: the name of its sheet"]
    name: Annotated[str, "name as the maker writes it"]
    local_name: Annotated[str | None, "name in its own language"]
    vendor: Annotated[str, "key of the maker"]
    kind: Annotated[str, "gpu, npu, cpu or system"]
    status: Annotated[str, "sold, announced, reported, withdrawn, hypothetical or stub"]
    tier: Annotated[str, "export (made to pass export rules), domestic (China) or global"]
    architecture: Annotated[str, "design, in words"]
    family: Annotated[str | None, "key of the design in specs/architectures.yaml"]
    form: Annotated[str | None, "form factor"]
    aliases: Annotated[str | None, "other names under which it is found"]
    members: Annotated[str | None, "what a system is built of, as count x chip"]
    figures: Annotated[int, "figures its sheet has, gaps included", "1"]
    conflicts: Annotated[int, "figures on which sources disagree", "1"]
    notes: Annotated[str | None, "notes of the sheet"]
    sheet_sha256: Annotated[str, "SHA-256 of the sheet"]
    launch_date: Annotated[str | None, "year, month or day of its launch, as precise as known"]


def chip_rows(data: Data) -> Iterator[ChipRow]:
    """Yields one row per chip."""
    yield from (_chip_row(chip) for chip in data.chips)


def _chip_row(chip: Chip) -> ChipRow:
    return ChipRow(
        chip=chip.id,
        name=chip.name,
        local_name=chip.local_name,
        vendor=chip.vendor,
        kind=chip.kind,
        status=chip.status,
        tier=chip.tier,
        architecture=chip.architecture,
        family=chip.family,
        form=chip.form,
        aliases=joined(chip.aliases),
        members=joined(map(str, chip.members)),
        figures=len(chip.figures),
        conflicts=len(conflicts([chip])),
        notes=joined(chip.notes),
        sheet_sha256=chip.sheet_sha256,
        launch_date=chip.launched,
    )


@dataclass(frozen=True)
class FactRow:
    """One fact about a chip that is not a quantity."""

    chip: Annotated[str, "key of the chip"]
    fact: Annotated[str, "key of the fact"]
    title: Annotated[str, "the fact in words"]
    value: Annotated[str, "what the source says"]
    source: Annotated[str, "key of the source"]
    note: Annotated[str | None, "our remark"]


def fact_rows(data: Data) -> Iterator[FactRow]:
    """Yields one row per chip and fact."""
    for chip in data.chips:
        for key, fact in sorted(chip.facts.items()):
            yield FactRow(chip.id, key, FACTS[key].title, fact.value, fact.source, fact.note)


@dataclass(frozen=True)
class SourceRow:
    """One document, and how often the chips cite it."""

    source: Annotated[str, "key of the source"]
    kind: Annotated[str, "who says it: vendor, filing, regulation, measurement, press, ..."]
    url: Annotated[str, "address"]
    title: Annotated[str | None, "title"]
    read_via: Annotated[str | None, "the copy it was read in, if not at its address"]
    accessed: Annotated[str, "day it was read"]
    weak: Annotated[str | None, "why little weight is given to it"]
    claims: Annotated[int, "figures, rivals and facts of these chips that cite it", "1"]


def source_rows(data: Data) -> Iterator[SourceRow]:
    """Yields one row per source of the catalogue, whether or not one of the chips cites it."""
    cited = Counter(key for chip in data.chips for key in chip.cited())
    for key, source in data.catalogue.sources.items():
        yield SourceRow(
            source=key,
            kind=source.kind,
            url=source.url,
            title=source.title,
            read_via=source.read_via,
            accessed=source.accessed,
            weak=source.weak,
            claims=cited[key],
        )
