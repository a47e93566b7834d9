"""Figures derived from published ones by arithmetic alone: no files, no devices."""
