"""Data files that are edited, or other own ones, while a notebook goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bench
from bench import paths
from bench.claims.load import claims
from bench.claims.sensitivity import evidence_base
from bench.errors import UsageError
from bench.evidence.load import reports
from bench.files import caches as loaded
from bench.predict.learning import learn
from bench.predict.validation import chiperrors
from bench.units import Quantity, parse
from bench.workloads.load import workloads

SHEET = """\
name: Test One
vendor: nvidia
kind: gpu
status: sold
tier: global
architecture: hopper
figures:
  memory_capacity: {value: 64 GiB, source: own-paper}
"""
SOURCES = 'own-paper: {url: "https://own.test/a", kind: vendor-datasheet, accessed: "2026-01-02"}\n'


def size(gibibytes: int) -> Quantity:
    """A capacity as sheets print it."""
    return parse(f"{gibibytes} GiB")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A folder of own data with one sheet; what was loaded beside it is forgotten after."""
    (tmp_path / "chips").mkdir()
    (tmp_path / "chips" / "nvidia-test-one.yaml").write_text(SHEET)
    (tmp_path / "sources.yaml").write_text(SOURCES)
    yield tmp_path
    loaded.forget()


def test_own_data_that_is_named_later_is_heeded(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = bench.catalogue()
    loaders: tuple[Callable[[], object], ...] = (bench.rulebook, claims, workloads, evidence_base)
    before = [load() for load in loaders]
    monkeypatch.setenv(paths.OWN, str(own))
    assert bench.chip("nvidia-test-one").name == "Test One"
    assert evidence_base().catalogue is bench.catalogue()
    monkeypatch.delenv(paths.OWN)
    with pytest.raises(UsageError):
        bench.chip("nvidia-test-one")
    assert bench.catalogue() is shipped
    assert all(load() is one for load, one in zip(loaders, before, strict=True))


def test_a_sheet_that_was_edited_is_read_anew_when_asked_for(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.OWN, str(own))
    assert bench.chip("nvidia-test-one").figures["memory_capacity"].value == size(64)
    sheet = own / "chips" / "nvidia-test-one.yaml"
    sheet.write_text(SHEET.replace("64 GiB", "80 GiB"))
    assert bench.chip("nvidia-test-one").figures["memory_capacity"].value == size(64)
    bench.reload()
    assert bench.chip("nvidia-test-one").figures["memory_capacity"].value == size(80)


@pytest.mark.parametrize("load", [reports, learn.load, chiperrors.errors])
def test_evidence_fits_and_errors_are_read_anew_too(load: Callable[[], object]) -> None:
    """``reload`` left these as they were first read: a new fit was used in no prediction."""
    before = load()
    assert load() is before
    bench.reload()
    assert load() is not before
