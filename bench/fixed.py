"""Sizes that belong to a name: a suite may hold one kernel in several fixed shapes."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bench.records.model import TOGETHER, Measurement

SEARCHED = {"gemm": 64, "sparse": 128}
"""Products, whose shape is searched for unless somebody fixes it; the cube that stands for one to
be found, where none was found."""
WAYS = 6
"""A search of no more configurations than these was of ways to do one shape, not of shapes."""
TOLD = ("batch", "length", "elements")
"""What others may have fixed, or chosen themselves: told only where it tells rows apart."""
ITEMS = "suite.items"
"""The setting with the items of a suite of one's own, as they are typed."""
SIZED = re.compile(r"m:(\d+),n:(\d+),k:(\d+)")


def fixed_sizes(
    measurements: Sequence[Measurement], settings: Mapping[str, object] | None = None
) -> list[str]:
    """Returns of each measurement of one record the sizes that are part of its name.

    Those of a product whose shape was fixed: ``1024 x 4096 x 4096``. Those of another kernel only
    where the record has it in several: ``batch 4, length 4096``. Else nothing. Devices measured at
    once take over what each was found to do best alone: nobody fixed that, so that a shape that was
    not typed is told only where the record has several.

    Args:
        measurements: of one record.
        settings: of it.
    """
    found = {_exact(one): one.data for one in measurements if one.search and not _of_ways(one)}
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
    for form, told in zip(forms, sizes, strict=True):
        several[form].add(told)
    return [
        told if form is None or len(several[form]) > 1 else ""
        for form, told in zip(forms, sizes, strict=True)
    ]


def _is_typed(shape: str, settings: Mapping[str, object]) -> bool:
    """Tells whether somebody fixed a shape that no search of its own record found."""
    at_once = settings.get(TOGETHER)
    if not (isinstance(at_once, int) and at_once > 1) or settings.get("m") is not None:
        return True
    listed = SIZED.findall(str(settings.get(ITEMS)))
    return shape in [" x ".join(sizes) for sizes in listed]


def _of_ways(one: Measurement) -> bool:
    return one.search is None or one.search.space <= WAYS


def _shape(one: Measurement, found: Mapping[object, str]) -> str:
    """Returns the shape of a product that nobody searched for, nor took over from a search."""
    shape = tuple(one.parameters.get(name) for name in "mnk")
    open_ = one.status != "ok" and shape == (SEARCHED[one.kernel],) * 3
    taken_over = found.get(_exact(one), one.data) != one.data
    if None in shape or open_ or taken_over or not _of_ways(one):
        return ""
    return " x ".join(map(str, shape))


def _exact(one: Measurement) -> object:
    return one.kernel, one.dtype, frozenset(one.parameters.items())


def _form(one: Measurement) -> object:
    form = [one.parameters.get(name) for name in ("variant", "stream", "phase")]
    return one.kernel, one.dtype, one.data, one.label, one.group, one.figures, *form


def own_sizes(one: Measurement) -> str:
    """Returns the sizes that tell a measurement from others of its name; none of a search."""
    return _shape(one, {}) if one.kernel in SEARCHED else _others(one)


def _others(one: Measurement) -> str:
    told = one.parameters
    return ", ".join([f"{name} {told[name]}" for name in TOLD if name in told])


def named(title: str, sizes: str) -> str:
    """Returns a title with the sizes that are part of the name, told once."""
    return title if not sizes or title.endswith(sizes) else ", ".join(filter(None, (title, sizes)))


def told_apart(titles: Sequence[str], measurements: Sequence[Measurement]) -> list[str]:
    """Returns the titles of one record's measurements, with sizes where a title has several."""
    sizes = fixed_sizes(measurements)
    forms = {(title, told) for title, told in zip(titles, sizes, strict=True) if told}
    shapes = Counter(title for title, _ in forms)
    return [
        named(title, told) if shapes[title] > 1 else title
        for title, told in zip(titles, sizes, strict=True)
    ]
