"""Reads and writes files: strict YAML and JSON, data files, caches, atomic replacement."""
