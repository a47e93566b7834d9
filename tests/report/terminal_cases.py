"""Commands that print tables, for tests of what a person sees."""

import re

from tests.folders import ROOT

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
RECORD = str(ROOT / "results/records/2026-11-26/h200-sxm-full.json")
COMMANDS = {
    "record": ["show", f"record={RECORD}"],
    "sheet": ["show", "chip=h20"],
    "chips": ["chips"],
    "compare": ["compare", "baseline=h20", "chips=[910b,a800]"],
    "rules": ["rules", "chips=export-tier"],
    "rule list": ["rules", "list"],
    "explain": ["rules", "explain", "chip=h20", "on=2024-06-01"],
    "claims": ["claims"],
    "claim": ["claims", "claim=2024-08-13-huawei-910c-comparable-h100"],
    "pair": ["verdict", "chips=[h20,h100]"],
    "matrix": ["verdict", "baseline=h20"],
    "evidence": ["evidence", "chip=h20"],
    "predict": [
        "predict", "chips=[h20,910b2,h800]", "workload=llama-3.1-70b", "parallel=8",
        "baseline=h800",
    ],
}  # fmt: skip
"""What an analyst types, on the data that is shipped."""
