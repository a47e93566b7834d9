"""The program's version: the only place in the code that has it."""

__version__ = "0.1.0"
