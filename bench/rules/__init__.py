"""Export rules as dated predicates over what a sheet says; a research aid, not legal advice."""
