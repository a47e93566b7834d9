"""Titles of measurements: the figure tested, the form of the work, its inputs and configuration."""

from bench.chips.figures import FIGURES
from bench.records.model import Measurement, Record

PLAIN = "normal"
"""The default inputs of a run."""

INPUTS = {"normal": "normal data", "uniform": "uniform data", "constant": "a constant"}
"""Kinds of inputs in words, where these differ."""

FAKE = "A FAKE device: these figures are simulated and say nothing about any chip."
"""Heads every table of a record whose backend is ``fake``."""


def own_inputs(record: Record) -> str:
    """Returns the only kind of inputs that a run used, or if several, the one in its settings."""
    setting = str(record.settings.get("data") or PLAIN)
    used = {one.data for one in record.measurements}
    return next(iter(used)) if len(used) == 1 else setting


def inputs(data: str) -> str:
    """Returns inputs in words: ``zeros``, ``normal data``, ``a constant``."""
    return INPUTS.get(data, data)


def title(measurement: Measurement, key: str, *, apart: bool = False) -> str:
    """Returns the figure's title with the form of the work, and the inputs if they are unusual.

    Args:
        measurement: the measurement that tests the figure.
        key: key of the figure; empty where none is tested.
        apart: whether its inputs differ from the run's own, so that they are named.
    """
    label = measurement.label or measurement.parameters.get("stream")
    figure = FIGURES[key].title if key in FIGURES else ""
    words = [word for word in (figure, str(label or "")) if word] or [measurement.kernel]
    return ", ".join([*words, *([f"on {inputs(measurement.data)}"] if apart else [])])


def shape(measurement: Measurement) -> str:
    """Returns the configuration in short: sizes, layout, extent of the search, unusual inputs."""
    found = measurement.search
    if measurement.timing is None:
        return ""
    words = [sizes(measurement)]
    if found and found.gain_estimate != 0.0:
        gain = found.gain_estimate
        more = "may gain an unknown share" if gain is None else f"may gain {gain:.1%}"
        words.append(f"best of {len(found.trials)} tried (more of these shapes {more})")
    if measurement.data != PLAIN:
        words.append(measurement.data)
    return ", ".join(word for word in words if word)


def sizes(measurement: Measurement) -> str:
    """Returns the sizes in short: ``4096 x 4096 x 8192 nt``, ``2.0 GiB torch``."""
    values, words = measurement.parameters, []
    if {"m", "n", "k"} <= values.keys():
        shape_words = " x ".join(str(values[name]) for name in "mnk")
        words.append(f"{shape_words} {values.get('layout', '')}")
    if "elements" in values and measurement.work:
        words.append(f"{show_bytes(measurement.work.footprint_bytes)} {values.get('way', '')}")
    return ", ".join(word.strip() for word in words)


def show_bytes(value: float) -> str:
    """Returns bytes in GiB, MiB, KiB or bytes, as buffers are sized."""
    if value >= 2**30:
        return f"{value / 2**30:.1f} GiB"
    power, unit = (20, "MiB") if value >= 2**20 else (10, "KiB") if value >= 2**10 else (0, "B")
    return f"{value / 2**power:.0f} {unit}"
