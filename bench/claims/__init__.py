"""Public statements that compare chips, judged on paper and in measurement."""
