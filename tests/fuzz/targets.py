"""Every parser that is fuzzed, in one list for both engines: hypothesis in the tests, atheris."""

from tests.fuzz.commands import COMMAND_LINES
from tests.fuzz.contract import Target
from tests.fuzz.made import MADE
from tests.fuzz.outputs import OUTPUTS
from tests.fuzz.parsers import PARSERS

TARGETS: dict[str, Target] = {one.name: one for one in (*PARSERS, *MADE, *OUTPUTS, *COMMAND_LINES)}
"""By the name that ``make fuzz TARGET=`` takes."""
