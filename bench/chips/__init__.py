"""Spec sheets: strict, sourced; and which sheet a device answers to."""
