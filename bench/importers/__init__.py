"""Importers of other tools' output as reported measurements: one module per tool."""
