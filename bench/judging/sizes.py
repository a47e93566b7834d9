"""Decides which sizes belong to a measurement's name.

A suite may contain one kernel in several fixed shapes, which then share a title but for the sizes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bench.records.model import TOGETHER, Measurement

SEARCHED = {"gemm": 64, "sparse": 128}
"""Matrix products, whose shape is searched for unless the user fixes it. The number is the side of
the cube that a record holds in place of a shape where the search found none."""
WAYS = 6
"""A search over at most this many configurations was over implementations of one shape, not over
shapes."""
OTHER_SIZES = ("batch", "length", "elements")
"""Sizes of other kernels, fixed by the user or chosen by the kernel: part of the name only where
they distinguish rows."""
ITEMS = "suite.items"
"""The setting with the items of the user's own suite, as typed."""
SIZED = re.compile(r"m:(\d+),n:(\d+),k:(\d+)")


def fixed_sizes(
    measurements: Sequence[Measurement], settings: Mapping[str, object] | None = None
) -> list[str]:
    """Returns, for each measurement of one record, the sizes that are part of its name.

    A product whose shape was fixed: ``1024 x 4096 x 4096``. Another kernel, only if the record has
    it in several sizes: ``batch 4, length 4096``. Otherwise an empty text. Devices that are
    measured at once reuse the best shape that each found alone. Nobody fixed that shape, so it is
    part of the name only if the record has several.

    Args:
        measurements: the measurements of one record.
        settings: the settings of that record.
    """
    found = {_exact(one): one.data for one in measurements if searched_shapes(one)}
    sizes = [_shape(one, found) if one.kernel in SEARCHED else _others(one) for one in measurements]
    open_ = [
        one.kernel not in SEARCHED or not _is_typed(shape, settings or {})
        for one, shape in zip(measurements, sizes, strict=True)
    ]
    forms = [
        _form(one) if shape and free else None
        for one, shape, free in zip(measurements, sizes, open_, strict=True)
    ]
    several: dict[object, set[str]] = defaultdict(set)
    for form, text in zip(forms, sizes, strict=True):
        several[form].add(text)
    return [
        text if form is None or len(several[form]) > 1 else ""
        for form, text in zip(forms, sizes, strict=True)
    ]


def _is_typed(shape: str, settings: Mapping[str, object]) -> bool:
    """Returns whether the user fixed a shape that no search of its record found."""
    devices = settings.get(TOGETHER)
    if not (isinstance(devices, int) and devices > 1) or settings.get("m") is not None:
        return True
    listed = SIZED.findall(str(settings.get(ITEMS)))
    return shape in [" x ".join(sizes) for sizes in listed]


def searched_shapes(one: Measurement) -> bool:
    """Returns whether its shape was searched for, not only an implementation of a given one."""
    return one.search is not None and one.search.space > WAYS


def _shape(one: Measurement, found: Mapping[object, str]) -> str:
    """Returns the shape of a product, empty if it comes from a search."""
    shape = tuple(one.parameters.get(name) for name in "mnk")
    open_ = one.status != "ok" and shape == (SEARCHED[one.kernel],) * 3
    taken_over = found.get(_exact(one), one.data) != one.data
    if None in shape or open_ or taken_over or searched_shapes(one):
        return ""
    return " x ".join(map(str, shape))


def _exact(one: Measurement) -> object:
    """Returns a key of kernel, dtype and all parameters."""
    return one.kernel, one.dtype, frozenset(one.parameters.items())


def _form(one: Measurement) -> object:
    """Returns a key of everything that distinguishes measurements apart from their sizes."""
    form = [one.parameters.get(name) for name in ("variant", "stream", "phase")]
    return one.kernel, one.dtype, one.data, one.label, one.group, one.figures, *form


def distinguishing_sizes(one: Measurement) -> str:
    """Returns the sizes that distinguish a measurement from others of its title.

    Empty for a shape that a search found.
    """
    return _shape(one, {}) if one.kernel in SEARCHED else _others(one)


def _others(one: Measurement) -> str:
    values = one.parameters
    return ", ".join([f"{name} {values[name]}" for name in OTHER_SIZES if name in values])


def named(title: str, sizes: str) -> str:
    """Returns a title with its sizes appended, unless it already ends with them."""
    return title if not sizes or title.endswith(sizes) else ", ".join(filter(None, (title, sizes)))


def distinct_titles(titles: Sequence[str], measurements: Sequence[Measurement]) -> list[str]:
    """Returns the titles of one record's measurements, with sizes where a title has several."""
    sizes = fixed_sizes(measurements)
    forms = {(title, text) for title, text in zip(titles, sizes, strict=True) if text}
    shapes = Counter(title for title, _ in forms)
    return [
        named(title, text) if shapes[title] > 1 else title
        for title, text in zip(titles, sizes, strict=True)
    ]
