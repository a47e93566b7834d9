"""Compares many devices: which differ, how certainly, and why."""
