"""The pages: one module each, that yields them."""
