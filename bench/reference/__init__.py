"""Generates pages and schemas from the data: fields, open conflicts, findings, validation."""
