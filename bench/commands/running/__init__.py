"""Runs behind the command ``run``: progress, sweeps, repetitions, several devices and nodes."""
