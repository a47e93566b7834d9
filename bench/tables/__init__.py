"""The catalogue as tidy tables, in which every column has a stated meaning."""
