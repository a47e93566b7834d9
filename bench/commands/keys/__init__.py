"""Parses the keys of commands that take many."""
