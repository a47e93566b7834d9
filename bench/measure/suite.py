"""Expands a suite's config into the items to run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from bench.config import positive
from bench.errors import UsageError, check_known, did_you_mean
from bench.kernels.common.base import DATA, Kernel
from bench.kernels.registry import kernel, known
from bench.measure.item import Item
from bench.measure.runner import Weighted
from bench.records.model import SIZES
from bench.shapes import RunConfig, Suite, SuiteItem
from bench.shapes.measuring import DAY_S
from bench.words import listed

NAMED = ("kernel", "dtype", "variant")
"""Keys that may be lists: ``dtype=[bf16,fp16]`` measures both in one record."""
LARGEST = {"elements": 1 << 40}
LARGEST_SIZE = 1_000_000
"""No chip's memory holds a matrix of that many rows and columns, or that many sequences."""


def items(config: RunConfig) -> tuple[Weighted, ...]:
    """Returns the suite's items, filtered by ``kernel=``, ``dtype=``, ``variant=`` and sizes.

    ``dtype=`` keeps kernels with several dtypes only. A kernel that is not in the suite is
    measured alone, as is a product in a dtype that is not in the suite. Sizes that the suite fixes
    stay, in that dtype. Lists give the union of what each combination gives.

    Raises:
        UsageError: an unknown kernel, dtype, variant or data, or sizes that do not fit.
    """
    selected: list[Weighted] = []
    for name, dtype, variant in product(*(names(key, getattr(config, key)) for key in NAMED)):
        one = replace(config, kernel=name, dtype=dtype, variant=variant)
        selected += [item for item in _items(one) if item not in selected]
    return tuple(selected)


def names(key: str, value: str | None) -> list[str | None]:
    """Returns the elements of a list as typed, ``[a,b]``, or a single value as a list of one.

    Raises:
        UsageError: the list is empty.
    """
    if value is None or not value.startswith("["):
        return [value]
    words = (word.strip(" '\"") for word in value.strip("[]").split(","))
    elements: list[str | None] = list(dict.fromkeys(filter(None, words)))
    if not elements:
        raise UsageError(f"{key}={value} names nothing: name one, or leave it out")
    return elements


def selection(config: RunConfig) -> dict[str, str | None]:
    """Returns the values of the ``NAMED`` keys in a normalized spelling, for the record."""
    values = {key: names(key, getattr(config, key)) for key in NAMED}
    return {
        key: f"[{','.join(map(str, words))}]" if len(words) > 1 else words[0]
        for key, words in values.items()
    }


def _items(config: RunConfig) -> tuple[Weighted, ...]:
    """Returns the items for at most one kernel, dtype and variant."""
    entries = list(_entries(config))
    selected = [weighted for entry in entries for weighted in _expanded(entry, config)]
    if not selected:
        wanted = f" of variant={config.variant}" if config.variant else ""
        raise UsageError(
            f"suite {config.suite.name} has nothing{wanted} to measure: see suite.items"
        )
    return tuple(selected)


def _entries(config: RunConfig) -> Iterator[SuiteItem]:
    """Yields the suite's entries that match, or a default entry of the kernel if none does."""
    check_known("kernel", config.kernel, known())
    check_known("data", config.data, DATA)
    given = sizes(config)
    entries = list(spread(config.suite.items))
    for number, entry in enumerate(config.suite.items):
        _checked(entry, f"suite.items[{number}]")
    whole = [one for one in entries if _is_of_the_dtype(one, config)]
    if not config.kernel and not given and (whole or config.dtype is None):
        yield from whole
        return
    name = config.kernel or _of_sizes(given)
    _fitting(kernel(name), config, given)
    own = [] if given else [one for one in entries if _is_meant(one, name, config)]
    kept = [one for one in own if _leaves(one, config)]
    yield from kept or _in_other_forms(own) or [SuiteItem(name)]


def _is_meant(entry: SuiteItem, name: str, config: RunConfig) -> bool:
    """Returns whether a kernel, or a dtype that no entry has, can mean an entry.

    Without ``kernel=`` it can mean every entry of fixed sizes whose kernel has the dtype.
    """
    if config.kernel is None and entry.sizes and config.dtype in kernel(entry.kernel).dtypes:
        return True
    return entry.kernel == name


def _in_other_forms(entries: Sequence[SuiteItem]) -> list[SuiteItem]:
    """Returns each entry in all dtypes of its kernel: with its sizes, or as a search by default."""
    forms: list[SuiteItem] = []
    for one in entries:
        form = replace(one, dtypes=[]) if one.sizes else SuiteItem(one.kernel)
        forms += [form] if form not in forms else []
    return forms


def spread(entries: Iterable[SuiteItem]) -> Iterator[SuiteItem]:
    """Yields a suite's entries; one with lists of sizes is expanded to all combinations.

    Raises:
        UsageError: sizes that are not a mapping of names to whole numbers.
    """
    for number, entry in enumerate(entries):
        place = f"suite.items[{number}].sizes"
        sized = {} if entry.sizes is None else entry.sizes
        if not isinstance(sized, dict):
            raise UsageError(f"{place}: write a mapping such as {{m: [1, 64], n: 4096, k: 4096}}")
        listed = {key: of if isinstance(of, list) else [of] for key, of in sized.items()}
        for key, of in listed.items():
            if not of or not all(type(one) is int and one >= 1 for one in of):
                raise UsageError(f"{place}.{key}: write a whole number above 0, or a list of them")
        for values in product(*listed.values()):
            yield replace(entry, sizes=dict(zip(listed, values, strict=True)))


def spelled(suite: Suite) -> str:
    """Returns a suite's items as they could be typed."""
    return f"[{','.join(map(_spelled, spread(suite.items)))}]"


def _spelled(entry: SuiteItem) -> str:
    """Returns a suite's entry as it could be typed, without default values."""
    plain = vars(SuiteItem())
    given = {
        key: value for key, value in vars(entry).items() if value != plain[key] and value != {}
    }
    given["kernel"] = entry.kernel
    return str(given).replace("'", "").replace(" ", "")


def _of_sizes(given: Mapping[str, int]) -> str:
    """Returns the kernel implied by sizes alone: ``gemm``, by its m, n and k."""
    product = kernel("gemm")
    if given and not set(given) & set(product.sizes):
        takers = ", ".join(name for name in known() if set(given) <= set(kernel(name).sizes))
        words = listed(f"{size}=" for size in given)
        raise UsageError(f"{words}: say kernel= too, of those that take it: {takers or 'none'}")
    return product.name


def _is_of_the_dtype(entry: SuiteItem, config: RunConfig) -> bool:
    """Returns whether an entry is kept under ``dtype=``: it has several dtypes, this included."""
    if config.dtype is None:
        return True
    return len(kernel(entry.kernel).dtypes) > 1 and _leaves(entry, config)


def _checked(entry: SuiteItem, place: str) -> None:
    """Refuses an entry that names what its kernel does not have; the message names the entry."""
    try:
        _known(entry)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _known(entry: SuiteItem) -> None:
    check_known("kernel", entry.kernel, known())
    found = kernel(entry.kernel)
    positive("weight", entry.weight)
    for dtype in entry.dtypes:
        check_known("dtype", dtype, found.dtypes)
    for variant in entry.variants:
        _known_variant(found, variant)
    for data in entry.data:
        check_known("data", data, DATA)
    _refuse_sizes(found, entry.sizes or {})


def _known_variant(found: Kernel, variant: str | None) -> None:
    """Refuses a variant that the kernel has in no dtype; the plain one has no name."""
    names = [one for dtype in found.dtypes for one in found.variants(dtype)]
    if not variant or variant in names:
        return
    if not any(names):
        raise UsageError(f"kernel={found.name} has no variants: leave variant= out")
    check_known("variant", variant, list(filter(None, names)))


def _fitting(found: Kernel, config: RunConfig, given: Mapping[str, int]) -> None:
    """Refuses a dtype, variant or size that the kernel does not have."""
    if config.dtype is not None and config.dtype not in found.dtypes:
        pair = f"kernel={found.name} has no dtype {config.dtype!r}"
        raise UsageError(f"{pair}: {did_you_mean(config.dtype, found.dtypes)}")
    _known_variant(found, config.variant)
    for size in given:
        if size not in found.sizes:
            takes = ", ".join(found.sizes) or "no sizes"
            raise UsageError(f"kernel={found.name} takes no {size}=: it takes {takes}")
    _refuse_partial(found, given)


def _refuse_sizes(found: Kernel, given: Collection[str]) -> None:
    """Refuses sizes of a suite's entry that its kernel does not have, or that are not all."""
    if given and not found.sizes:
        raise UsageError(f"kernel {found.name} takes no sizes: leave sizes out")
    for size in given:
        check_known("size", size, found.sizes)
    _refuse_partial(found, given)


def _refuse_partial(found: Kernel, given: Collection[str]) -> None:
    missing = [size for size in found.sizes if given and size not in given]
    if missing:
        raise UsageError(f"a fixed shape needs {listed(found.sizes)}: {', '.join(missing)} missing")


def _leaves(entry: SuiteItem, config: RunConfig) -> bool:
    """Returns whether an entry gives any item."""
    return any(_expanded(entry, config))


def sizes(config: RunConfig) -> dict[str, int]:
    """Returns the sizes given by the user.

    Raises:
        UsageError: one is below 1, or larger than any chip holds.
    """
    values = {name: getattr(config, name) for name in SIZES}
    given: dict[str, int] = {name: size for name, size in values.items() if size is not None}
    for name, size in given.items():
        if not 1 <= size <= LARGEST.get(name, LARGEST_SIZE):
            most = f"{LARGEST.get(name, LARGEST_SIZE):,}"
            raise UsageError(f"{name}={size} must be 1 or more, and at most {most}")
    return given


def _expanded(entry: SuiteItem, config: RunConfig) -> Iterator[Weighted]:
    """Yields an item for each selected dtype, variant and input pattern."""
    found = kernel(entry.kernel)
    fixed: dict[str, int | str] = {**(entry.sizes or {}), **sizes(config)}
    for dtype in entry.dtypes or found.dtypes:
        if config.dtype not in (None, dtype):
            continue
        for variant in _wanted(entry, config, found.variants(dtype)):
            for data in entry.data or [config.data]:
                forced = config.dtype is not None
                item = Item(entry.kernel, dtype, data, variant, fixed, forced)
                yield Weighted(item, entry.weight, own_s(found, config))


def own_s(found: Kernel, config: RunConfig) -> float | None:
    """Returns a sustained load's own time, ``sustained.seconds=``; None for other kernels.

    Raises:
        UsageError: it is not positive, or longer than a day.
    """
    seconds = positive("sustained.seconds", config.sustained.seconds, DAY_S)
    return seconds if found.sustains else None


def _wanted(entry: SuiteItem, config: RunConfig, has: tuple[str, ...]) -> list[str]:
    """Returns the selected variants of a dtype; if none is named, the plain one, or else all."""
    if config.variant is not None:
        return [one for one in has if one == config.variant]
    if entry.variants:
        return [one for one in has if one in entry.variants]
    return [""] if "" in has else list(has)
