"""What a release hangs on: a version, a citation, pinned actions, a container that can be built."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import __version__
from bench.files import yamlfile
from tests.folders import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CITED = {"cff-version", "message", "title", "type", "authors", "version", "license"}


def workflow(path: Path) -> dict[str, Any]:
    """A workflow as GitHub reads it, but for ``on``, which YAML 1.1 takes for true."""
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def steps(path: Path) -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


# version, changelog, citation


def test_the_version_is_a_released_one_of_the_changelog_or_yet_to_come() -> None:
    told = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"(?m)^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", told)
    assert sections[0][0] in ("Unreleased", __version__)
    assert all(day for name, day in sections if name != "Unreleased")
    under = set(re.findall(r"(?m)^### (.+)$", told))
    assert under <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_program_has_its_version_from_one_place() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in project
    assert 'path = "bench/version.py"' in project


def test_the_citation_is_of_this_version_and_of_the_form_1_2_0() -> None:
    told = yamlfile.read(ROOT / "CITATION.cff")
    assert isinstance(told, dict)
    assert set(told) >= CITED
    assert (told["cff-version"], told["type"], told["version"], told["license"]) == (
        "1.2.0", "software", __version__, "Apache-2.0",
    )  # fmt: skip
    assert isinstance(told["authors"], list)
    assert all(isinstance(one, dict) and one.get("name") for one in told["authors"])


def test_the_licence_is_the_one_that_is_told() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:200]
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_pinned_by_its_commit_with_its_tag_beside(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert used
    for one in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)


def test_an_action_is_of_one_commit_in_all_workflows() -> None:
    every = {step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step}
    assert len({one.partition("@")[0] for one in every}) == len(every)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_nothing_but_what_a_job_says(path: Path) -> None:
    told = workflow(path)
    assert told["permissions"] == {}
    for job in told["jobs"].values():
        writes = {name for name, level in job["permissions"].items() if level == "write"}
        assert writes <= {"id-token", "attestations"}
        assert job["timeout-minutes"] <= 180
    for step in steps(path):
        assert "${{" not in step.get("run", "")
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_what_is_published_was_tested_by_the_script_of_ci_and_tried() -> None:
    jobs = workflow(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert jobs["build"]["needs"] == "test"
    assert jobs["publish"]["needs"] == ["build", "attest"]
    runs = {
        name: [one["run"] for one in job["steps"] if "run" in one] for name, job in jobs.items()
    }
    assert runs == {
        "test": [".ci/run"], "build": ['.ci/dist "$GITHUB_REF_NAME"'], "attest": [], "publish": [],
    }  # fmt: skip


@pytest.mark.parametrize("name", ["run", "dist"])
def test_a_script_of_ci_can_be_run(name: str) -> None:
    path = ROOT / ".ci" / name
    assert path.stat().st_mode & 0o111
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")


# container


def test_the_container_copies_what_there_is_and_what_a_build_sees() -> None:
    lines = (ROOT / ".container" / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [
        word for one in lines if one.startswith("COPY ") for word in shlex.split(one)[1:-1]
    ]  # the last word is where to
    seen = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {one[1:] for one in seen if one.startswith("!")}
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert any(one == name or one.startswith(f"{name}/") for one in kept)
    assert all((ROOT / one).exists() for one in kept)


def test_a_build_of_the_container_sees_all_that_the_wheel_is_made_of() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    forced = re.findall(r'(?m)^"([^"]+)" = "bench/_data/', project)
    seen = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert forced
    assert {f"!{name}" for name in forced} <= set(seen)


def test_the_container_keeps_its_torch_and_runs_as_nobody_of_the_host() -> None:
    told = (ROOT / ".container" / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"(?m)^ARG BASE=pytorch/pytorch:2\.\d+\.\d+-cuda[\d.]+-cudnn9-runtime$", told)
    assert "-c torch.txt" in told
    assert re.search(r"(?m)^USER \d+:\d+$", told)
    assert told.rstrip().endswith('ENTRYPOINT ["/opt/onpaper/bin/python", "-m", "bench"]')
