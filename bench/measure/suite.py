"""Turns a suite's config into the items to run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from bench.config import one_of, positive
from bench.errors import UsageError, did_you_mean
from bench.kernels.common.base import DATA, Kernel
from bench.kernels.registry import KERNELS, kernel
from bench.measure.item import Item
from bench.measure.runner import Weighted
from bench.shapes import RunConfig, Suite, SuiteItem

NAMED = ("kernel", "dtype", "variant")
"""What may be asked for as a list: ``dtype=[bf16,fp16]`` measures all of them in one record."""
SIZES = ("m", "n", "k", "batch", "length", "elements")
LARGEST = {"elements": 1 << 40}
LARGEST_SIZE = 1_000_000
"""No chip holds a matrix of that many rows and columns, nor that many sequences."""

DAY_S = 86_400


def items(config: RunConfig) -> tuple[Weighted, ...]:
    """Returns the items of the suite that ``kernel=``, ``dtype=``, ``variant=`` and sizes leave.

    ``dtype=`` leaves the kernels that have several dtypes. A kernel that the suite lacks is
    measured all the same, alone; so is a product in a dtype that the suite lacks. Of lists each
    combination leaves what it would leave alone.

    Raises:
        UsageError: a word that names no kernel, dtype, variant or data, or sizes that do not fit.
    """
    found: list[Weighted] = []
    for name, dtype, variant in product(*(names(key, getattr(config, key)) for key in NAMED)):
        one = replace(config, kernel=name, dtype=dtype, variant=variant)
        found += [item for item in _items(one) if item not in found]
    return tuple(found)


def names(key: str, told: str | None) -> list[str | None]:
    """Returns the words of a list as it is typed, ``[a,b]``, or the one word that is no list.

    Raises:
        UsageError: the list is empty.
    """
    if told is None or not told.startswith("["):
        return [told]
    words = (word.strip(" '\"") for word in told.strip("[]").split(","))
    found: list[str | None] = list(dict.fromkeys(filter(None, words)))
    if not found:
        raise UsageError(f"{key}={told} names nothing: name one, or leave it out")
    return found


def asked(config: RunConfig) -> dict[str, str | None]:
    """Returns what of ``NAMED`` was asked for, spelled in one way."""
    found = {key: names(key, getattr(config, key)) for key in NAMED}
    return {
        key: f"[{','.join(map(str, words))}]" if len(words) > 1 else words[0]
        for key, words in found.items()
    }


def _items(config: RunConfig) -> tuple[Weighted, ...]:
    """Returns what one kernel, dtype and variant leave, each of them if it is told."""
    entries = list(_entries(config))
    found = [weighted for entry in entries for weighted in _expanded(entry, config)]
    if not found:
        wanted = f" of variant={config.variant}" if config.variant else ""
        raise UsageError(
            f"suite {config.suite.name} has nothing{wanted} to measure: see suite.items"
        )
    return tuple(found)


def _entries(config: RunConfig) -> Iterator[SuiteItem]:
    """Yields the suite's entries that are wanted, or one of the kernel's own where none is."""
    one_of("kernel", config.kernel, KERNELS)
    one_of("data", config.data, DATA)
    told = sizes(config)
    entries = list(spread(config.suite.items))
    for number, entry in enumerate(config.suite.items):
        _checked(entry, f"suite.items[{number}]")
    whole = [one for one in entries if _is_of_the_dtype(one, config)]
    if not config.kernel and not told and (whole or config.dtype is None):
        yield from whole
        return
    name = config.kernel or _of_sizes(told)
    _fitting(kernel(name), config, told)
    kept = [one for one in entries if one.kernel == name and not one.sizes]
    if told or not any(_leaves(one, config) for one in kept):
        kept = [SuiteItem(name)]
    yield from kept


def spread(entries: Iterable[SuiteItem]) -> Iterator[SuiteItem]:
    """Yields a suite's entries, one that lists several values of a size as one for each of them.

    Raises:
        UsageError: sizes that are no mapping of sizes to whole numbers.
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
    """Returns a suite's entry as it is typed, without what is as it would be anyway."""
    plain = vars(SuiteItem())
    given = {
        key: value for key, value in vars(entry).items() if value != plain[key] and value != {}
    }
    given["kernel"] = entry.kernel
    return str(given).replace("'", "").replace(" ", "")


def _of_sizes(told: Mapping[str, int]) -> str:
    """Returns the kernel that sizes alone ask for: a product, which alone has m, n and k."""
    product = kernel("gemm")
    if told and not set(told) & set(product.sizes):
        takers = ", ".join(name for name in KERNELS if set(told) <= set(kernel(name).sizes))
        words = " and ".join(f"{size}=" for size in told)
        raise UsageError(f"{words}: say kernel= too, of those that take it: {takers or 'none'}")
    return product.name


def _is_of_the_dtype(entry: SuiteItem, config: RunConfig) -> bool:
    """Tells whether an entry stays where a dtype is asked for: one that has several, this among."""
    if config.dtype is None:
        return True
    return len(kernel(entry.kernel).dtypes) > 1 and _leaves(entry, config)


def _checked(entry: SuiteItem, place: str) -> None:
    """Refuses what a suite's entry names and its kernel does not have, and says in which entry."""
    try:
        _known(entry)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _known(entry: SuiteItem) -> None:
    one_of("kernel", entry.kernel, KERNELS)
    found = kernel(entry.kernel)
    positive("weight", entry.weight)
    for dtype in entry.dtypes:
        one_of("dtype", dtype, found.dtypes)
    for variant in entry.variants:
        one_of("variant", variant, _variants(found))
    for data in entry.data:
        one_of("data", data, DATA)
    for size in entry.sizes or ():
        one_of("size", size, found.sizes)


def _variants(found: Kernel) -> list[str]:
    return list(dict.fromkeys(one for dtype in found.dtypes for one in found.variants(dtype)))


def _fitting(found: Kernel, config: RunConfig, told: Mapping[str, int]) -> None:
    """Refuses a dtype, variant or size that the kernel asked for has no use for."""
    if config.dtype is not None and config.dtype not in found.dtypes:
        pair = f"kernel={found.name} has no dtype {config.dtype!r}"
        raise UsageError(f"{pair}: {did_you_mean(config.dtype, found.dtypes)}")
    one_of("variant", config.variant, _variants(found))
    for size in told:
        if size not in found.sizes:
            takes = ", ".join(found.sizes) or "no sizes"
            raise UsageError(f"kernel={found.name} takes no {size}=: it takes {takes}")
    missing = [size for size in found.sizes if told and size not in told]
    if missing:
        whole = " and ".join(", ".join(found.sizes).rsplit(", ", 1))
        raise UsageError(f"a fixed shape needs {whole}: {', '.join(missing)} missing")


def _leaves(entry: SuiteItem, config: RunConfig) -> bool:
    """Tells whether anything of an entry is wanted."""
    return any(_expanded(entry, config))


def sizes(config: RunConfig) -> dict[str, int]:
    """Returns the sizes that were given.

    Raises:
        UsageError: one is not whole and positive, or larger than any chip holds.
    """
    given = {name: getattr(config, name) for name in SIZES}
    told: dict[str, int] = {name: size for name, size in given.items() if size is not None}
    for name, size in told.items():
        if not 1 <= size <= LARGEST.get(name, LARGEST_SIZE):
            most = f"{LARGEST.get(name, LARGEST_SIZE):,}"
            raise UsageError(f"{name}={size} must be 1 or more, and at most {most}")
    return told


def _expanded(entry: SuiteItem, config: RunConfig) -> Iterator[Weighted]:
    """Yields an item for each dtype, variant and kind of data that is wanted."""
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
    """Returns the time of its own that ``sustained.seconds=`` gives a load that is kept up.

    Raises:
        UsageError: it is not above zero, or longer than a day.
    """
    seconds = positive("sustained.seconds", config.sustained.seconds, DAY_S)
    return seconds if found.sustains else None


def _wanted(entry: SuiteItem, config: RunConfig, has: tuple[str, ...]) -> list[str]:
    """Returns the variants of a dtype that are wanted.

    Where none is named, that is the plain form of a kernel that has one, else all its forms.
    """
    if config.variant is not None:
        return [one for one in has if one == config.variant]
    if entry.variants:
        return [one for one in has if one in entry.variants]
    return [""] if "" in has else list(has)
