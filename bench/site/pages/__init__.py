"""The pages: one module for each kind, with a function ``pages`` that yields them."""
