"""The words that stand for several chips; no chip may have one of them for a name."""

from collections.abc import Callable

from bench.chips.model import Chip

Test = Callable[[Chip], bool]
APART: dict[str, Test] = {
    "cpus": lambda chip: chip.kind == "cpu",
    "stubs": lambda chip: chip.status == "stub",
}
"""What no other group holds: processors, and sheets without a figure."""
GROUPS: dict[str, Test] = {
    "all": lambda _: True,
    "export-tier": lambda chip: chip.tier == "export",
    "export": lambda chip: chip.tier == "export",
    "domestic": lambda chip: chip.tier == "domestic",
    "global": lambda chip: chip.tier == "global",
    "gpus": lambda chip: chip.kind == "gpu",
    "npus": lambda chip: chip.kind == "npu",
    "systems": lambda chip: chip.kind == "system",
}
"""The groups that are no vendor; a vendor's key is a group, too."""
