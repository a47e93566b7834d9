"""The catalogue as tidy tables: one row a thing said, every column with its meaning."""
