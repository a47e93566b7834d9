"""Lists the spec sheets."""

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.chips.groups import ROMANISED
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.names import names_of, pattern, plain
from bench.commands.printed import printed
from bench.config import compose
from bench.errors import UsageError, check_known
from bench.shapes import ChipsConfig

if TYPE_CHECKING:
    from bench.theory.filters import Condition

HELP = """\
python -m bench chips [key=value ...]

Lists the spec sheets, one a line: search, filter, sort, choose columns.

  find=             only those whose id, name or alias has this in it, however joined
  tier=             export, domestic, global
  vendor=           nvidia, huawei, ...
  kind=             gpu, npu, cpu, system
  status=           sold, announced, reported, withdrawn, hypothetical (own sheets), stub
  where=            comparisons over the keys below, all of which must hold: figures with a unit
                    ('memory_bandwidth>=4TB/s'; none for 0: 'price_usd>0'), derived keys as bare
                    numbers ('tpp<2400'), dates
                    ('launch>2024', 'launch<=2023-11'), words as patterns ('memory_type=HBM3*').
                    Quote them: a shell reads < and > itself.
                    A sheet that does not say is left out, and counted below the list
  sort=             a key below: figures largest first, words from A to Z, launch earliest first;
                    -KEY the other way
  columns=          keys below, in brackets or with commas alone; default: name, tier, status,
                    matrix_bf16, memory_capacity, memory_bandwidth, tdp, and what where= and
                    sort= ask for
  limit=            how many at most
                    Where a figure chooses or orders the list, systems (racks, eight-card nodes)
                    are left out, and counted below: their figures are of many chips. kind=system
                    lists them; so do find= and a comparison of id, name or kind ('kind=*': all)
  cny=              yuan for a US dollar, no default: what has a price in one currency then has one
                    in the other, too
  sources=false     true adds a footnote for the source of every figure shown
  report=auto       terminal on a terminal, else github; github, plain, csv, json, latex, html

Keys
  dense rates       matrix_X: fp64 fp32 tf32 hf32 bf16 fp16 fp16_acc16 fp8 fp8_acc16 fp6 fp4 mxfp8
                    mxfp4 int16 int8 int4; vector_X: fp64 fp32 bf16 fp16 int32 int8
  sparse rates      sparse_X, as matrix_X with structured sparsity
  memory            memory_capacity memory_bandwidth memory_bus l2_cache l3_cache sram
  links             link_bandwidth link_bandwidth_oneway pair_link_oneway linked_chips
                    die_link_oneway network_oneway pcie_bandwidth pcie_bandwidth_oneway
  silicon           units dies matrix_units clock_base clock_boost clock_matrix die_area
                    logic_area transistors; cycle_X and cycle_matrix_X (operations a cycle)
  power, price      tdp price_usd price_cny
  worked out here   tpp performance_density h100_equivalents bytes_per_flop capacity_per_rate
                    interconnect_per_flop; tpp_RATE, ridge_RATE (ridge_matrix_bf16);
                    KEY_per_watt, _per_usd, _per_cny, _per_mm2, _per_transistor (of rates,
                    capacities and bandwidths: matrix_bf16_per_watt)
  facts             memory_type memory_ecc process pcie link launch price package isa
                    sparsity_hardware compute_capability formats datacenter us_sale
  words             id name vendor kind status tier architecture form local_name aliases
                    members (of a system)

Examples
  python -m bench chips tier=export
  python -m bench chips vendor=huawei report=csv
  python -m bench chips 'where=[memory_bandwidth>=4TB/s,tpp<2400]' sort=memory_bandwidth
  python -m bench chips tier=domestic sort=matrix_fp16 limit=10 columns=[name,matrix_fp16,process]
  python -m bench chips find=h20 columns=tpp,performance_density,ridge_matrix_bf16 sources=true

Exit code: 0 listed, 2 wrong usage, or a data file has a fault.
"""
NAMING = ("kind", "id", "name", "aliases", "local_name")
"""Keys that select systems."""


def main(words: list[str]) -> int:
    """Prints the list."""
    from bench.chips.load import catalogue
    from bench.commands.keys.prices import converted
    from bench.report.chips.listing import COLUMNS, listing
    from bench.report.formats import format_of

    config = compose("chips", words, ChipsConfig)
    if config.limit is not None and config.limit < 1:
        raise UsageError(f"limit={config.limit} must be 1 or more")
    sheets = catalogue()
    sheets = replace(sheets, chips=converted(sheets.chips.values(), config.cny))
    chips, remarks = _chosen(config, sheets)
    columns = config.columns or [*COLUMNS, *_keys_of(config)]
    report = listing(chips, sheets, columns, remarks=remarks, cite=config.sources)
    printed(report, config.report.format)
    if format_of(config.report.format).one_table:
        for line in remarks:
            print(line, file=sys.stderr)
    return 0


def _chosen(config: ChipsConfig, sheets: Catalogue) -> tuple[list[Chip], list[str]]:
    """Returns the selected chips, in order, and remarks on those left out."""
    from bench.theory.filters import condition, filtered, ordered

    config = replace(config, vendor=ROMANISED.get(config.vendor or "", config.vendor))
    known = sheets.chips.values()
    for name in ("tier", "vendor", "kind", "status"):
        check_known(name, getattr(config, name), {getattr(chip, name) for chip in known})
    conditions = [condition(text) for text in config.where]
    wanted = [chip for chip in known if _wanted(chip, config)]
    no_systems = _leaves_out_systems(config, conditions)
    aside = [chip for chip in wanted if chip.kind == "system" and no_systems]
    found = filtered([chip for chip in wanted if chip not in aside], conditions, sheets)
    chips = ordered(found.fitting, config.sort, sheets) if config.sort else list(found.fitting)
    remarks = [
        _undecided(found.undecided, conditions, sheets),
        _systems(len(filtered(aside, conditions, sheets).fitting)),
    ]
    if config.limit and len(chips) > config.limit:
        remarks.append(_cut_off(chips[config.limit :], config, sheets))
    return chips[: config.limit], [one for one in remarks if one]


def _cut_off(chips: Sequence[Chip], config: ChipsConfig, sheets: Catalogue) -> str:
    """Returns a remark on the chips beyond ``limit=``: how many, and how many have no value."""
    from bench.theory.comparison import in_words
    from bench.theory.entry import key_of, look_up

    key = key_of((config.sort or "id").removeprefix("-"))
    blank = sum(not look_up(chip, key, sheets).text for chip in chips)
    if blank == len(chips):
        return f"{blank} more have no {in_words(key)}, and are cut off by limit={config.limit}."
    also = f"; {blank} of them have no {in_words(key)}" if blank else ""
    return f"{len(chips)} more are cut off by limit={config.limit}{also}."


def _keys_of(config: ChipsConfig) -> list[str]:
    """Returns the keys that filter and sort the list, whose values are shown."""
    from bench.theory.filters import condition

    names = [condition(text).key.name for text in config.where]
    names += [config.sort.removeprefix("-")] if config.sort else []
    return [name for name in names if name != "id"]


def _leaves_out_systems(config: ChipsConfig, conditions: "Sequence[Condition]") -> bool:
    """Returns whether a figure filters or sorts the list, and no key selects systems."""
    from bench.theory.entry import key_of

    if config.kind or config.find or any(one.key.name in NAMING for one in conditions):
        return False
    keys = [one.key for one in conditions]
    keys += [key_of(config.sort.removeprefix("-"), "key to sort by")] if config.sort else []
    return any(key.is_number for key in keys)


def _systems(count: int) -> str:
    """Returns a remark on how many systems are left out; empty if none is."""
    subject = f"{count} systems of chips are" if count > 1 else "1 system of chips is"
    return f"{subject} left out: kind=system lists such." if count else ""


def _undecided(
    chips: Collection[Chip], conditions: "Sequence[Condition]", sheets: Catalogue
) -> str:
    """Returns a remark on how many chips are left out because their sheets lack a figure."""
    if not chips:
        return ""
    subject = f"{len(chips)} more sheets are" if len(chips) > 1 else "1 more sheet is"
    lacking = [
        one.key.title
        for one in conditions
        if any(one.holds(chip, sheets) is None for chip in chips)
    ]
    return f"{subject} left out for want of a figure: {' or '.join(dict.fromkeys(lacking))}."


def _wanted(chip: Chip, config: ChipsConfig) -> bool:
    """Returns whether a chip passes ``find=``, ``tier=``, ``vendor=``, ``kind=``, ``status=``."""
    wanted = {name: getattr(config, name) for name in ("tier", "vendor", "kind", "status")}
    if any(word is not None and getattr(chip, name) != word for name, word in wanted.items()):
        return False
    if config.find is None:
        return True
    sought = pattern(f"*{config.find}*")
    return any(sought.fullmatch(plain(name)) for _, name in names_of(chip))
