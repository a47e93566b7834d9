"""Makes a workload of a user's configuration file as on Hugging Face, without any network."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path

from bench.errors import DataError, Fault, UsageError
from bench.files.datafile import validated
from bench.files.exists import is_file
from bench.files.jsonfile import strict
from bench.workloads.architectures import READERS, architecture
from bench.workloads.counts import parameters
from bench.workloads.given import Given
from bench.workloads.load import faults_of, workload
from bench.workloads.model import Configured, Workload
from bench.workloads.quantized import published

CONFIG = "config.json"
MOST_BYTES = 20_000_000
MOST_PARAMETERS = 10**15
TOLD = ("id", "aliases", "note")
"""Fields of a workload that are not shown as read."""
HASH = re.compile("[0-9a-f]{40}")
"""Name of a snapshot in the cache of Hugging Face."""
OWN = "own-config"
"""Stands for the source, which the user knows."""
QUANTIZED = "hf_quant_config.json"
"""The file in which some checkpoints tell their quantization."""
FURTHER = ("num_nextn_predict_layers", "num_mtp_modules", "mtp_num_hidden_layers")
"""The fields with the number of layers that predict further tokens."""
WRAPPED = "text_config"
"""The field with the configuration of the language model within a larger model."""


def asked(word: str) -> Workload:
    """Returns the workload that a word names: a model of specs/workloads, or a user's file.

    A path ends in .json, or begins with ``.``, ``/`` or ``~``; any other word is a path if it names
    no model and is a folder with a config.json.

    Raises:
        UsageError: there is no such model or file, or the file cannot be read or understood.
        DataError: the file's numbers contradict each other.
    """
    if word.endswith(".json") or word.startswith((".", "/", "~")):
        return configured(_home(word))
    try:
        return workload(word)
    except UsageError:
        if word and is_file(Path(word) / CONFIG):
            return configured(Path(word))
        raise


def configured(path: Path) -> Workload:
    """Returns the workload that a configuration describes.

    Args:
        path: the file, or a folder that has it as config.json.

    Raises:
        UsageError: the file cannot be read, or not understood.
        DataError: its numbers contradict each other.
    """
    file = path / CONFIG if is_file(path / CONFIG) else path
    data = _object(file)
    if is_file(beside := file.parent / QUANTIZED):
        data = {"quantization_config": _object(beside).get("quantization"), **data}
    given, outer = _text_model(data, str(file)), Given(data, str(file))
    kind = architecture(given)
    fields = {"published": published(given), **READERS[kind][0](given)}
    _leave_out(given)
    given.finish()
    return _checked(fields, given, kind, _name(file, outer))


def _home(word: str) -> Path:
    """Returns a path, with ``~`` for the user's home folder."""
    try:
        return Path(word).expanduser()
    except RuntimeError as error:
        raise UsageError(f"workload={word}: {error}") from None


def _object(file: Path) -> Mapping[str, object]:
    """Returns the JSON object in a file."""
    if not is_file(file):
        raise UsageError(f"workload={file}: there is no such file, nor a folder with a {CONFIG}")
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{file}: is larger than a configuration can be")
        data = strict(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{file}: is not JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{file}: is JSON, but no object as a model's {CONFIG} is")
    return data


def _text_model(data: Mapping[str, object], file: str) -> Given:
    """Returns the fields of the language model, which a larger model has in a part of its own."""
    inner = data.get(WRAPPED)
    if not isinstance(inner, dict):
        given = Given(data, file)
        if given.any_of("vision_config", "audio_config"):
            given.remarks.append("The encoders of pictures and sounds are left out.")
        return given
    shared = ("tie_word_embeddings", "quantization_config")
    outer = {key: data[key] for key in shared if data.get(key) is not None}
    given = Given({**inner, **outer}, file)
    given.remarks.append(f"Of the larger model only {WRAPPED}, the language model, is taken.")
    if "tie_word_embeddings" not in given.fields:
        given.lacking.append("tie_word_embeddings")
    return given


def _leave_out(given: Given) -> None:
    """Adds a remark if the weights have layers that predict further tokens."""
    given.any_of("mtp_use_dedicated_embeddings")
    if any(map(given.any_of, FURTHER)):
        given.remarks.append("The layers of multi-token prediction are left out.")


def _name(file: Path, given: Given) -> str:
    """Returns the name of the model: of its folder or file, else what the configuration says."""
    stem = file.stem if file.name != CONFIG else ""
    folder = file.parent.name
    if HASH.fullmatch(folder):  # models--ORGANISATION--MODEL/snapshots/HASH
        folder = file.parent.parent.parent.name.rpartition("--")[2]
    told = [str(given.any_of(key) or "") for key in ("_name_or_path", "model_type")]
    names = (stem, folder, told[0].rstrip("/").rpartition("/")[2], told[1])
    return next((name for name in names if _key(name)), "model")


def _key(name: str) -> str:
    """Returns a name as an id: small letters, digits, hyphens, dots."""
    return re.sub("[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:100]


def _checked(fields: dict[str, object], given: Given, kind: str, name: str) -> Workload:
    """Returns the workload of fields that agree, with its count of parameters and its remarks.

    Raises:
        UsageError: they make more parameters than any model has.
        DataError: the fields contradict each other.
    """
    told = {**fields, "id": _key(name), "name": name, "sources": (OWN,), "parameters": "1B"}
    told["file"] = given.file
    one, faults = validated(Configured, told, given.file)
    if one is None:
        raise DataError(faults)
    if (count := parameters(one).total) > MOST_PARAMETERS:
        raise UsageError(f"{given.file}: its shape makes {count:.3g} parameters; check its sizes")
    counted = one.model_copy(update={"parameters": rounded(count)})
    if found := [Fault(given.file, *problem) for problem in faults_of(counted, None)]:
        raise DataError(found)
    return counted.model_copy(update={"note": _note(counted, given, kind)})


def rounded(count: int) -> str:
    """Returns a number of parameters with three digits, such as ``8.03B``."""
    unit, letter = (10**12, "T") if count >= 10**12 else (10**9, "B")
    digits = min(max(2 - math.floor(math.log10(count / unit)), 0), 6)
    return f"{count / unit:.{digits}f}{letter}"


def _note(one: Configured, given: Given, kind: str) -> str:
    """Returns what was read, as a file of specs/workloads would say it, and what was left out."""
    fields = one.model_dump(exclude_defaults=True, exclude={*TOLD, "file"})
    read = f"{one.name} was read from {given.file} ({kind}): {_flow(fields)}."
    return " ".join((read, "Its count of parameters is computed from that.", *given.remarks))


def _flow(value: object) -> str:
    """Returns a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    text = str(value)
    return text if re.fullmatch(r"[\w.+-]+( [\w.+-]+)*", text) else json.dumps(text)
