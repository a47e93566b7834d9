"""A chip as the rules see it: attributes from its sheet; gaps stay unknown."""

import math
from collections.abc import Mapping

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.rules import links
from bench.rules.attributes import KINDS, Attribute, Attributes, Reading, absent, computed
from bench.rules.predicate import Subject
from bench.theory.tpp import area_key, density, node_nm, tpp

SUPPOSED_PART = "supposed-part"
"""The id of a part without a sheet; rules on a maker's chips assume it is the maker's."""
US_SALE_LINE = "2026-01-15"
NONPLANAR_UP_TO_NM = 16


Changes = Mapping[str, float | bool]
"""Attributes supposed to be other than the sheet gives them, in base units."""


def subject(chip: Chip | None, catalogue: Catalogue, changed: Changes | None = None) -> Subject:
    """Returns a chip with its attributes; without a chip, only the changed ones are known.

    A changed TPP changes the performance density with it, and a changed link the total I/O, unless
    those are changed explicitly. A system is judged by the chip it is built of, as 4A090 does.
    """
    changes = changed or {}
    if chip is None:
        return Subject(SUPPOSED_PART, {**_nothing_known(), **_supposed(changes)})
    whole, part = chip, deciding(chip, catalogue)
    found = attributes(part, catalogue)
    found = {**found, **_following(part, catalogue, changes)}
    system = whole.id if part is not whole else None
    return Subject(part.id, {**found, **_supposed(changes)}, system=system)


def _following(chip: Chip, catalogue: Catalogue, changes: Changes) -> Attributes:
    """Returns what a change implies: density follows TPP, total I/O follows the link."""
    found = {}
    if "tpp" in changes and "pd" not in changes:
        found["pd"] = _density(chip, catalogue, [float(changes["tpp"])])
    if "interconnect" in changes and "io" not in changes:
        supposed = Attribute("interconnect", (Reading(changes["interconnect"], "as assumed"),))
        found["io"] = links.io(supposed, links.pcie(chip))
    return found


def deciding(chip: Chip, catalogue: Catalogue) -> Chip:
    """Returns the chip that a system is built of; the system itself if it has several kinds."""
    kinds = {one.chip for one in chip.members}
    return catalogue.chips[kinds.pop()] if len(kinds) == 1 else chip


def _supposed(changes: Changes) -> Attributes:
    return {key: Attribute(key, (Reading(value, "as assumed"),)) for key, value in changes.items()}


def _nothing_known() -> Attributes:
    """Returns the attributes of an unspecified processor made outside D:5 and Macau."""
    known = (
        _flag("standalone_memory", value=False, how="a processor"),
        _flag("chinese_designer", value=False, how="assumed to be exported"),
    )
    return {**{key: absent(key) for key in KINDS}, **{one.key: one for one in known}}


def attributes(chip: Chip, catalogue: Catalogue) -> Attributes:
    """Returns every attribute of a chip that its sheet determines."""
    total = _tpp(chip, catalogue)
    between, host = links.link(chip), links.pcie(chip)
    found = {
        "tpp": total,
        "pd": _density(chip, catalogue, [float(one.value) for one in total.readings]),
        "memory_bandwidth": _figure(chip, "memory_bandwidth"),
        "transistors": _figure(chip, "transistors"),
        "io": links.io(between, host),
        "interconnect": links.interconnect(between, host),
        "datacenter": _fact_flag(chip, "datacenter"),
        "us_sale": _us_sale(chip),
        "chinese_designer": _flag("chinese_designer", chip.tier == "domestic", f"tier {chip.tier}"),
        "hbm": _hbm(chip),
        "standalone_memory": _flag("standalone_memory", value=False, how="a processor"),
        "nonplanar": _nonplanar(chip),
    }
    return {**{key: absent(key) for key in KINDS}, **found}


def _flag(key: str, value: bool, how: str) -> Attribute:  # noqa: FBT001 -- the value itself
    return Attribute(key, (Reading(value, how),))


def _figure(chip: Chip, key: str) -> Attribute:
    figure = chip.figures.get(key)
    if figure is None or figure.number is None:
        return absent(key)
    origin = computed(figure, FIGURES[key].title)
    return Attribute(key, (Reading(figure.number, ""),), sources=(figure.source,), computed=origin)


def _tpp(chip: Chip, catalogue: Catalogue) -> Attribute:
    """Returns the TPP; several readings if a format is unknown or sparsity is not stated.

    Where the maker's pass marks alone tell of it, they are the lowest of what it may be.
    """
    found = tpp(chip, catalogue)
    if found.value is None or found.least is None:
        if found.floor is None:
            return Attribute("tpp", (), f"TPP is not known: {found.why}")
        readings = [Reading(found.floor.tpp, "by the maker's own tests"), Reading(math.inf, "")]
        return Attribute("tpp", tuple(readings), found.why, (found.floor.source,))
    readings = [Reading(found.value, found.claims[0].formula)]
    why = []
    if found.least < found.value:
        readings.append(Reading(found.least, "if the rate is with sparsity"))
        why.append("the source does not say whether the rate is dense")
    if found.open:
        readings.append(Reading(math.inf, ""))
        why.append(f"{', '.join(found.open)} unknown")
    return Attribute("tpp", tuple(readings), "; ".join(why), (found.claims[0].source,))


def _density(chip: Chip, catalogue: Catalogue, totals: list[float]) -> Attribute:
    readings = []
    for total in totals:
        found = density(chip, catalogue, total)
        if found.value is None:
            return Attribute("pd", (), f"performance density is not known: {found.why}")
        how = found.why or f"TPP {total:,g} / {found.area_mm2:g} mm²"
        readings.append(Reading(found.value, how))
    why = "" if readings else "performance density is not known: TPP is not known"
    source = density(chip, catalogue).source
    area = chip.figures.get(area_key(chip))
    origin = computed(area, "area") if area and readings else ""
    return Attribute("pd", tuple(readings), why, (source,) if source else (), origin)


def _fact_flag(chip: Chip, key: str) -> Attribute:
    fact = chip.facts.get(key)
    if fact is None:
        return absent(key)
    return Attribute(key, (Reading(fact.value == "yes", fact.note or ""),), sources=(fact.source,))


def _us_sale(chip: Chip) -> Attribute:
    """Returns what the sheet says, else what follows from tier, status and launch date."""
    if "us_sale" in chip.facts:
        return _fact_flag(chip, "us_sale")
    if chip.tier != "global":
        made = "made for China only" if chip.tier == "export" else "designed and sold in China"
        return _flag("us_sale", value=False, how=made)
    launch = chip.launched
    if chip.status in ("announced", "reported", "hypothetical"):
        return _flag("us_sale", value=False, how=f"only {chip.status}")
    if launch and chip.status == "sold" and launch < US_SALE_LINE[: len(launch)]:
        return _flag("us_sale", value=True, how=f"sold worldwide since {launch}")
    return absent("us_sale")


def _hbm(chip: Chip) -> Attribute:
    fact = chip.facts.get("memory_type")
    if fact is None:
        return absent("hbm")
    return Attribute("hbm", (Reading("HBM" in fact.value, fact.value),), sources=(fact.source,))


def _nonplanar(chip: Chip) -> Attribute:
    node = node_nm(chip)
    if node is None:
        return absent("nonplanar")
    return _flag("nonplanar", node <= NONPLANAR_UP_TO_NM, f"{node:g} nm")
