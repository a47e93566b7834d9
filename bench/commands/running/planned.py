"""Turns the config of a run into its order: every value is checked, nothing is started."""

import os
import re
from typing import TYPE_CHECKING

from bench import paths
from bench.commands.running import fakes, several
from bench.config import choices, device_word, folder, positive
from bench.errors import UsageError
from bench.shapes import RunConfig, Suite
from bench.shapes.measuring import DAY_S

if TYPE_CHECKING:
    from bench.chips.load import Catalogue
    from bench.devices.fake import FakeSpec
    from bench.measure.runner import Order

MOST_RUNS = 1000
NAMING = ("resume", "out", "chip", "node", "variant")
"""Keys that name something, and that an unset shell variable would leave blank."""
NODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def plan(config: RunConfig, sheets: "Catalogue") -> "tuple[Order, str, FakeSpec | None]":
    """Returns the order of a run and its device; checks every value, starts nothing."""
    from bench.devices.base import DeviceError
    from bench.devices.registry import parse

    _refuse_blank(config)
    order = order_of(config)
    if config.chip:
        sheets.find(config.chip)
    device = device_word(config.device)
    _check_runs(config)
    if several.is_several(config):
        several.check(config)
        return order, device, fakes.spec(config)
    if not config.device.alone:
        raise UsageError("device.alone= needs several devices: device=all, or a list of them")
    try:
        parse(device)
    except DeviceError as error:
        raise UsageError(str(error)) from None
    return order, device, fakes.spec(config)


def _refuse_blank(config: RunConfig) -> None:
    """Refuses a key without a value: a blank ``resume=`` would start a new run."""
    for key in NAMING:
        value = getattr(config, key)
        if value is not None and not value.strip():
            raise UsageError(f"{key}= is blank: name one, or leave the key out")


def _check_runs(config: RunConfig) -> None:
    """Refuses runs that cannot be repeated one after the other."""
    from bench.measure.ranks import count

    if not 1 <= config.runs <= MOST_RUNS:
        raise UsageError(f"runs={config.runs} must be 1 to {MOST_RUNS}")
    if config.runs > 1 and several.is_several(config):
        raise UsageError("runs= repeats the run of one device: name one, as device=cuda:1")
    if config.runs > 1 and count() > 1:
        raise UsageError("runs= does not work under torchrun: start torchrun for each run")


def order_of(config: RunConfig) -> "Order":
    """Returns the order of a run, and the settings written into its record."""
    from bench.measure.ranks import alone, count
    from bench.measure.runner import Order
    from bench.measure.suite import items, selection, sizes

    seconds = config.seconds if config.seconds is not None else config.suite.seconds
    return Order(
        suite=config.suite.name,
        seconds=positive("seconds", seconds, DAY_S),
        items=items(config) if count() > 1 else alone(items(config)),
        precision=positive("precision", config.precision, 0.5),
        chip=config.chip,
        folder=folder(config.out),
        node=_node(config.node),
        settings={
            "seconds": seconds,
            "sustained_seconds": config.sustained.seconds,
            "precision": config.precision,
            "margin": positive("margin", config.margin, 0.9),
            "data": config.data,
            **selection(config),
            **sizes(config),
            "chip": config.chip,
            **({"ranks": count()} if count() > 1 else {}),
            **_own_items(config.suite),
            **fakes.settings(config),
        },
    )


def _node(word: str | None) -> str | None:
    """Returns the name of this node: as given, or as Slurm calls it."""
    name = word or os.environ.get("SLURMD_NODENAME") or None
    if name and not NODE.fullmatch(name):
        raise UsageError(f"node={name[:80]!r}: up to 64 letters, digits, '.', '_' and '-'")
    return name


def _own_items(suite: Suite) -> dict[str, str]:
    """Returns the suite's items as typed, if they are not those of its file."""
    from omegaconf import OmegaConf

    from bench.measure.suite import spelled

    if suite.name in choices("suite"):
        path = paths.data_dir("configs") / "suite" / f"{suite.name}.yaml"
        shipped = OmegaConf.to_object(OmegaConf.merge(Suite, OmegaConf.load(path)))
        if isinstance(shipped, Suite) and suite.items == shipped.items:
            return {}
    return {"suite.items": spelled(suite)}
