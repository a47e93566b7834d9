"""To be written."""

HELP = "python -m bench report\n\nExamples\n\nExit code: 0 done, 2 wrong usage.\n"


def main(words: list[str]) -> int:
    """To be written."""
    raise NotImplementedError(words)
