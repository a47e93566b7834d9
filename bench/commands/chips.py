"""Lists the spec sheets."""

from bench.chips.model import Chip
from bench.config import ChipsConfig, compose
from bench.errors import UsageError, did_you_mean

HELP = """\
python -m bench chips [key=value ...]

Lists the spec sheets, one a line.

  find=             only those whose id, name or alias has this in it
  tier=             export, domestic, global
  vendor=           nvidia, huawei, ...
  kind=             gpu, npu, cpu, system
  report=github     github, plain, csv, json, latex, html

Examples
  python -m bench chips tier=export
  python -m bench chips vendor=huawei report=csv

Exit code: 0 listed, 2 wrong usage.
"""


def main(words: list[str]) -> int:
    """Prints the list."""
    from bench.chips.load import catalogue
    from bench.report.registry import set_in
    from bench.report.sheet import listing

    config = compose("chips", words, ChipsConfig)
    chips = list(catalogue().chips.values())
    for name in ("tier", "vendor", "kind"):
        _known(name, getattr(config, name), {getattr(chip, name) for chip in chips})
    found = [chip for chip in chips if _wanted(chip, config)]
    print(set_in(config.report.format, listing(found)), end="")
    return 0


def _known(name: str, word: str | None, known: set[str]) -> None:
    if word is not None and word not in known:
        raise UsageError(f"no {name} {word!r}: {did_you_mean(word, known)}")


def _wanted(chip: Chip, config: ChipsConfig) -> bool:
    wanted = {"tier": config.tier, "vendor": config.vendor, "kind": config.kind}
    if any(word is not None and getattr(chip, name) != word for name, word in wanted.items()):
        return False
    words = (chip.id, chip.name, chip.local_name or "", *chip.aliases)
    return config.find is None or any(config.find.lower() in word.lower() for word in words)
