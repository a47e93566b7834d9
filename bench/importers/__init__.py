"""What the field's tools print, read as reported measurements: one module a tool."""
