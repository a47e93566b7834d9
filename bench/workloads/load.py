"""Loads the workloads and reports every fault of every file."""

import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from bench import paths
from bench.chips.load import catalogue
from bench.chips.names import loose, plain
from bench.errors import Fault, Flaw, UsageError, did_you_mean, nearest, sound
from bench.files import yamlfile
from bench.files.caches import once
from bench.files.datafile import files, named, relative
from bench.workloads.counts import parameters, rounds_to
from bench.workloads.model import Compressed, Experts, Linear, Workload

ENDINGS = re.compile(r"(-(instruct|chat|base|hf|it|thinking|\d{4}))+$")
"""Endings of published names, with release months, of models with the same shape."""
MAKER = "meta-"
"""Beginning of the names of Llama 3 and 3.1 as published, which those of later ones lack."""


@once
def workloads() -> Mapping[str, Workload]:
    """Loads the workloads of ``specs/`` by id.

    Raises:
        DataError: with every fault of every file, when there is any.
    """
    sources = catalogue().sources if paths.own_specs() else None
    return sound(*examine(paths.data_dir("specs"), sources))


@once
def names() -> Mapping[str, str]:
    """Returns the id for each id and alias; a name that is both stands for the id.

    Raises:
        DataError: a file is at fault.
    """
    known = workloads()
    others = {alias: one.id for one in known.values() for alias in one.aliases}
    return MappingProxyType(others | {name: name for name in known})


def workload(word: str) -> Workload:
    """Returns a workload by its id, an alias, or a unique prefix of either.

    Case, blanks, hyphens and underscores are ignored; a prefix does not end within a number. A name
    as on Hugging Face is taken, too: ``meta-llama/Llama-3.1-70B-Instruct``.

    Raises:
        UsageError: there is none; the message names those with the prefix, else similar ones.
        DataError: a file is at fault.
    """
    known, wanted = names(), plain(word.rpartition("/")[2]).replace(" ", "-")
    shape = shape_name(wanted)
    same = [name for name in known if shape and loose(name) in (loose(wanted), loose(shape))]
    prefixed = [name for name in known if wanted and _has_prefix(name, wanted)]
    if len(found := {known[name] for name in same or prefixed}) == 1:
        return workloads()[found.pop()]
    near = nearest(wanted, prefixed) or did_you_mean(wanted, known, workloads())
    raise UsageError(f"no workload {word!r} in specs/workloads: {near}")


def shape_name(name: str) -> str:
    """Returns a published name in lower case without what does not change the shape."""
    return ENDINGS.sub("", name.lower()).removeprefix(MAKER)


def _has_prefix(name: str, prefix: str) -> bool:
    """Tells whether a name starts with a prefix that does not end within a number."""
    cut = name[len(prefix) : len(prefix) + 1].isdigit() and prefix[-1:].isdigit()
    return name.startswith(prefix) and not cut


def examine(
    folder: Path, sources: Container[str] | None = None
) -> tuple[Mapping[str, Workload], list[Fault]]:
    """Loads every workload that can be read, and returns all faults.

    Args:
        folder: the folder that has ``workloads/``.
        sources: known sources' keys, to check citations; None for no check.
    """
    found: dict[str, Workload] = {}
    faults: list[Fault] = []
    for path in files(folder, "workloads"):
        one, new = named(Workload, path, folder, yamlfile.read)
        faults += new
        if one is not None:
            name = relative(path, folder)
            faults += [Fault(name, *problem) for problem in faults_of(one, sources)]
            faults += [Fault(name, *problem) for problem in _shared_aliases(one, found)]
            found[one.id] = one
    return MappingProxyType(found), faults


def cited(found: Mapping[str, Workload]) -> set[str]:
    """Returns the keys of the sources that workloads cite."""
    return {key for one in found.values() for key in one.sources}


def _shared_aliases(one: Workload, found: Mapping[str, Workload]) -> Iterator[Flaw]:
    """Yields the aliases that a workload shares with another one read before."""
    for alias in one.aliases:
        for other in found.values():
            if alias in other.aliases and other.id != one.id:
                yield "aliases", f"{alias} is one of {other.id}, too", "leave it to one of them"


def faults_of(one: Workload, sources: Container[str] | None) -> Iterator[Flaw]:
    """Yields faults of a workload beyond the form of its single fields.

    Args:
        one: the workload.
        sources: known sources' keys, to check citations; None for no check.
    """
    for key in one.sources:
        if sources is not None and key not in sources:
            yield "sources", f"cites {key!r}, not in specs/sources.yaml", "add the source"
    if one.heads % one.kv_heads:
        yield "kv_heads", f"do not divide the {one.heads} heads", "check both"
    yield from _part_faults(one)
    counted = parameters(one).total
    if not rounds_to(counted, one.parameters):
        problem = f"{one.parameters}, but the shape makes {counted:,}"
        yield "parameters", problem, "check the shape, or the count"


def _part_faults(one: Workload) -> Iterator[Flaw]:
    yield from _latent_faults(one)
    yield from _indexer_faults(one)
    yield from _head_faults(one)
    if one.intermediate is None and (one.experts is None or one.experts.dense_layers):
        yield "intermediate", "is missing, and a layer has a plain block", "add its width"
    if one.experts and not one.gated:
        yield "activation", "is not known of experts, which are gated", "write silu"
    if one.extended is not None and one.extended <= one.context:
        yield "extended", f"is no more than the context, {one.context}", "leave it out"
    if one.window and one.window.layers > one.layers:
        yield "window.layers", "are more than there are", "check both"
    if one.experts:
        yield from _expert_faults(one.experts, one.layers)
    if one.linear:
        yield from _linear_faults(one, one.linear)


def _linear_faults(one: Workload, linear: Linear) -> Iterator[Flaw]:
    if linear.layers >= one.layers:
        yield "linear.layers", "leaves no layer with attention", "check both"
    if linear.value_heads % linear.key_heads:
        problem = f"do not divide the {linear.value_heads} value_heads"
        yield "linear.key_heads", problem, "check both"
    for field in ("window", "mla", "compressed", "indexer"):
        if getattr(one, field):
            yield field, "is not known beside linear", "leave it out"


def _expert_faults(experts: Experts, layers: int) -> Iterator[Flaw]:
    if experts.shared_gate and not experts.shared:
        yield "experts.shared_gate", "is given, and no expert is shared", "leave it out"
    if experts.per_token > experts.routed:
        yield "experts.per_token", "is more than are routed", "check both"
    if experts.dense_layers >= layers:
        yield "experts.dense_layers", "leaves no layer with experts", "check both"
    if experts.hashed > layers - experts.dense_layers:
        yield "experts.hashed", "are more layers than have experts", "check both"
    if experts.routed % experts.groups:
        yield "experts.groups", f"do not divide the {experts.routed} experts", "check both"
    if experts.groups_per_token > experts.groups:
        yield "experts.groups_per_token", "is more than there are groups", "check both"


def _indexer_faults(one: Workload) -> Iterator[Flaw]:
    if one.indexer and one.mla is None and one.compressed is None:
        yield "indexer", "is known of mla and of compressed only", "add one, or leave it out"
    if one.indexer and one.indexer.layers > one.layers:
        yield "indexer.layers", "are more than there are", "check both"
    if one.compressed:
        yield from _compressed_faults(one, one.compressed)


def _compressed_faults(one: Workload, compressed: Compressed) -> Iterator[Flaw]:
    for field in ("qkv_bias", "o_bias", "qk_norm", "window", "o_gate"):
        if getattr(one, field):
            yield field, "is not known of compressed", "leave it out"
    if one.kv_heads != 1 or one.mla:
        yield "compressed", "has one head of keys, and no mla", "check kv_heads, or leave it out"
    if compressed.sparse_layers + compressed.heavy_layers > one.layers:
        yield "compressed", "has more layers than there are", "check sparse_layers and heavy_layers"
    if one.heads % compressed.o_groups:
        yield "compressed.o_groups", f"do not divide the {one.heads} heads", "check both"
    if (one.indexer.layers if one.indexer else 0) != compressed.sparse_layers:
        yield "indexer.layers", "are not the sparse_layers of compressed", "check both"


def _latent_faults(one: Workload) -> Iterator[Flaw]:
    if one.mla and one.mla.nope + one.mla.rope != one.head_dim:
        yield "head_dim", "is not nope and rope of mla together", "check the three"
    sized = ("window", "rotary")
    for field in ("qkv_bias", "o_bias", "qk_norm", "sinks", "o_gate", *sized) if one.mla else ():
        if getattr(one, field):
            yield field, "is not known of mla", "leave it out" if field in sized else "write no"
    if one.mla and one.rope_theta is None:
        yield "rope_theta", "is missing, and mla turns a part of each key", "add it"
    if one.mla and one.mla.rope % 2:
        yield "mla.rope", "is odd, and cannot be turned", "check it"


def _head_faults(one: Workload) -> Iterator[Flaw]:
    turned = one.rotary or one.head_dim
    if one.rope_theta and not one.mla and turned % 2:
        field = "rotary" if one.rotary else "head_dim"
        yield field, "is odd, and cannot be turned", "check it"
    if one.rotary and one.rope_theta is None:
        yield "rope_theta", "is missing, and rotary elements are turned", "add it"
    if one.rotary and one.rotary > one.head_dim:
        yield "rotary", f"is more than the head_dim, {one.head_dim}", "check both"
    if one.qk_norm_over == "heads" and not one.qk_norm:
        yield "qk_norm_over", "is given, and nothing is normalised", "write qk_norm: yes"
