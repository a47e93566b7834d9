"""What a measurement is called: the figure it tests, its form, its inputs, its configuration."""

from bench.chips.figures import FIGURES
from bench.records.model import Measurement, Record

PLAIN = "normal"
"""The inputs of a run that was told of no others."""

INPUTS = {"normal": "normal data", "uniform": "uniform data", "constant": "a constant"}


def own_inputs(record: Record) -> str:
    """Returns the inputs that a run was told to use, or else the only ones it used."""
    told = str(record.settings.get("data") or PLAIN)
    used = {one.data for one in record.measurements}
    return next(iter(used)) if len(used) == 1 else told


def inputs(data: str) -> str:
    """Returns inputs in words: ``zeros``, ``normal data``, ``a constant``."""
    return INPUTS.get(data, data)


def title(measurement: Measurement, key: str, *, apart: bool = False) -> str:
    """Returns the figure with the form of the work, and its inputs where they are others.

    Args:
        measurement: what tests the figure.
        key: of the figure, empty where none is tested.
        apart: whether it is on other inputs than the run's own.
    """
    label = measurement.label or measurement.parameters.get("stream")
    figure = FIGURES[key].title if key in FIGURES else ""
    words = [word for word in (figure, str(label or "")) if word] or [measurement.kernel]
    return ", ".join([*words, *([f"on {inputs(measurement.data)}"] if apart else [])])


def shape(measurement: Measurement) -> str:
    """Returns the configuration in short: sizes, layout, how it was found, unusual inputs."""
    found = measurement.search
    if measurement.timing is None:
        return ""
    words = [sizes(measurement)]
    if found and found.gain_estimate != 0.0:
        gain = found.gain_estimate
        more = "what more may gain is unknown" if gain is None else f"more may gain {gain:.1%}"
        words.append(f"best of {len(found.trials)} tried ({more})")
    if measurement.data != PLAIN:
        words.append(measurement.data)
    return ", ".join(word for word in words if word)


def sizes(measurement: Measurement) -> str:
    """Returns the sizes in short: ``4096 x 4096 x 8192 nt``, ``2.0 GiB torch``."""
    told, words = measurement.parameters, []
    if {"m", "n", "k"} <= told.keys():
        words.append(" x ".join(str(told[name]) for name in "mnk") + f" {told.get('layout', '')}")
    if "elements" in told and measurement.work:
        words.append(f"{show_bytes(measurement.work.footprint_bytes)} {told.get('way', '')}")
    return ", ".join(word.strip() for word in words)


def show_bytes(value: float) -> str:
    """Returns bytes in GiB, MiB, KiB or bytes, as buffers are sized."""
    if value >= 2**30:
        return f"{value / 2**30:.1f} GiB"
    power, unit = (20, "MiB") if value >= 2**20 else (10, "KiB") if value >= 2**10 else (0, "B")
    return f"{value / 2**power:.0f} {unit}"
