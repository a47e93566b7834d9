"""Formulas alone: what a chip, a stack of software and a model make of a step, without any data."""
