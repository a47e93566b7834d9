"""Tables that look up and compare chips: sheets, evidence, verdicts, claims."""
