"""Tables of predictions, calibrations and validations."""
