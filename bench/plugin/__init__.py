"""The pytest plugin: fixture ``onpaper`` sets a project's own kernel beside the chip's paper.

Nothing but this file is loaded until a test asks for the fixture. It has no assertion for pytest to
rewrite: PYTEST_DONT_REWRITE.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bench.plugin.fixture import Onpaper
    from bench.plugin.kept import Kept

KEPT = "_onpaper_kept"
"""The key under which a session stores its measurements."""


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
    """Measures a call and sets it beside the chip's published figure.

    Example::

        def test_mine(onpaper):
            result = onpaper(lambda: a @ b, flop=2 * m * n * k, dtype="bf16")
            if result.published is None:  # there is nothing to set it beside
                pytest.skip(result.why)
            assert result.achieved > 0.5
    """
    from bench.plugin.fixture import Onpaper

    return Onpaper(request.node.nodeid, _kept(request.config))


def _kept(config: pytest.Config) -> "Kept":
    """Returns the session's measurements, created on first use."""
    found: Kept | None = getattr(config, KEPT, None)
    if found is None:
        from bench.plugin.kept import kept_of

        found = kept_of(config)
        setattr(config, KEPT, found)
    return found


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:  # noqa: ARG001 -- pytest-xdist's hook
    """Collects the measurements of a pytest-xdist worker."""
    told = getattr(node, "workeroutput", {}).get("onpaper")
    config: pytest.Config | None = getattr(node, "config", None)
    if told and config is not None:
        _kept(config).take(told)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the record, or hands all over to the session that this is a worker of."""
    found: Kept | None = getattr(session.config, KEPT, None)
    if found is None:
        return
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["onpaper"] = found.handed_over()
    elif not found.write() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints one row per kernel, and the record's path."""
    found: Kept | None = getattr(config, KEPT, None)
    if found is not None and (lines := found.lines()):
        terminalreporter.section("onpaper")
        for line in lines:
            terminalreporter.write_line(line)
