"""The pytest plugin: the fixture ``onpaper`` compares a project's own kernel with the chip's sheet.

Only this file is loaded until a test requests the fixture. It has no assertion for pytest to
rewrite: PYTEST_DONT_REWRITE.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bench.plugin.fixture import Onpaper
    from bench.plugin.session import Session

SESSION = "_onpaper_session"
"""The attribute of pytest's config that holds the session's measurements."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options, which matter only to tests that use the fixture."""
    group = parser.getgroup("onpaper", "kernels beside the chip's paper")
    group.addoption(
        "--onpaper-out", metavar="PATH", help="write a record: a folder, or a file called *.json"
    )
    group.addoption(
        "--onpaper-device", metavar="DEVICE", help="cpu, cuda, cuda:1 ...; default: of the tensors"
    )
    group.addoption("--onpaper-chip", metavar="CHIP", help="the sheet; default: of the device")
    group.addoption(
        "--onpaper-seconds", metavar="S", type=float, default=1.0, help="time a kernel (default 1)"
    )


@pytest.fixture
def onpaper(request: pytest.FixtureRequest) -> "Onpaper":
    """Measures a call and compares it with the chip's published figure.

    Example::

        def test_mine(onpaper):
            result = onpaper(lambda: a @ b, flop=2 * m * n * k, dtype="bf16")
            if result.published is None:  # there is nothing to compare with
                pytest.skip(result.why)
            assert result.achieved > 0.5
    """
    from bench.plugin.fixture import Onpaper

    return Onpaper(request.node.nodeid, _session(request.config))


def _session(config: pytest.Config) -> "Session":
    """Returns the session's measurements, created on first use."""
    found: Session | None = getattr(config, SESSION, None)
    if found is None:
        from bench.plugin.session import session_of

        found = session_of(config)
        setattr(config, SESSION, found)
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:  # noqa: ARG001 -- pytest-xdist's hook
    """Collects the measurements of a pytest-xdist worker."""
    text = getattr(node, "workeroutput", {}).get("onpaper")
    config: pytest.Config | None = getattr(node, "config", None)
    if text and config is not None:
        _session(config).add_json(text)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the record; an xdist worker sends its measurements to the main process instead."""
    found: Session | None = getattr(session.config, SESSION, None)
    if found is None:
        return
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["onpaper"] = found.to_json()
    elif not found.write() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints one row per kernel, and the record's path."""
    found: Session | None = getattr(config, SESSION, None)
    if found is not None and (lines := found.lines()):
        terminalreporter.section("onpaper")
        for line in lines:
            terminalreporter.write_line(line)
