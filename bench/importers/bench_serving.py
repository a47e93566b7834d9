"""Importer of the load generators of serving engines: vllm bench serve and sglang.bench_serving.

Both print a table "Serving Benchmark Result", and write its values as JSON under equal keys; forks
of them for other engines do as well. Neither knows the chips, the number format or the division of
the model; SGLang's does not name the model either. These are stated by the user.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from bench.evidence.model import Defect, Reported
from bench.files.jsonfile import Json
from bench.importers.base import (
    AS_WRITTEN,
    NUMBER,
    Imported,
    Importer,
    Stated,
    beginning,
    collect,
    decimal,
    document,
    lines,
    match_line,
    plain_number,
    quoted,
)

TITLE = "Serving Benchmark Result"
END = re.compile(r"={20,}")
LABELLED = re.compile(rf"([A-Za-z0-9 ./()-]{{3,60}}): {{0,60}}({NUMBER}|inf|None)")
LABELS = {
    "benchmark duration (s)": "duration",
    "successful requests": "completed", "failed requests": "failed",
    "traffic request rate": "request_rate", "request rate configured (rps)": "request_rate",
    "maximum request concurrency": "max_concurrency", "max request concurrency": "max_concurrency",
    "total input tokens": "total_input_tokens", "total generated tokens": "total_output_tokens",
    "total generated tokens (retokenized)": "total_output_tokens_retokenized",
    "request throughput (req/s)": "request_throughput",
    "output token throughput (tok/s)": "output_throughput",
    "mean e2el (ms)": "mean_e2el_ms", "mean e2e latency (ms)": "mean_e2e_latency_ms",
    "mean ttft (ms)": "mean_ttft_ms", "mean tpot (ms)": "mean_tpot_ms",
    "accept length": "accept_length", "acceptance length": "accept_length",
}  # fmt: skip
"""Keys of the JSON by the labels of the table, in lower case."""
MODEL = re.compile(r"Namespace\(.{0,1000}?\bmodel='([^']{1,200})'.{0,4000}")
WITHOUT_LIMIT = re.compile(r'("request_rate" ?: ?)Infinity\b')
"""An infinite rate as Python writes it, which is not JSON."""
REQUIRED = ("completed", "total_input_tokens", "total_output_tokens", "output_throughput")
ACCEPTED = ("accept_length", "spec_decode_acceptance_length")
SHARED_PREFIX = ("generated-shared-prefix", "prefix_repetition")
"""Data sets whose prompts begin alike, so that engines take a part of them from a cache."""
MOST_FAILED = 0.01
"""Largest share of failed requests, which leave the chips to the others."""
LEAST_TURNS = 3
"""Requests per concurrent one, below which the beginning and the end, with few of them under way,
are over a third of the run."""
MISCOUNT = 0.02
"""Largest relative difference of a rate from tokens over time; both may be rounded."""
MORE_AT_ONCE = 1.25
"""Largest ratio of rate x TPOT to the requests under way: their mean, but for the run's ends."""
FORMATS = {
    "fp8": ("fp8",), "fp8-dynamic": ("fp8",), "int8": ("int8",), "w8a8": ("int8", "fp8"),
    "awq": ("int4",), "awq-int4": ("int4",), "gptq": ("int4",), "gptq-int4": ("int4",),
    "int4": ("int4",), "w4a16": ("int4",), "nvfp4": ("nvfp4",), "mxfp4": ("mxfp4",),
}  # fmt: skip
"""Number formats by the endings of published names."""
FORMAT = re.compile(rf"-({'|'.join(sorted(FORMATS, key=len, reverse=True))})$", re.IGNORECASE)
TIMES = {"tpot": "mean_tpot_ms", "ttft": "mean_ttft_ms"}
"""Key of each quantity that is a time."""
Run = Mapping[str, Json]


def recognises(text: str) -> bool:
    """Tells whether a text begins with a result of these tools, as JSON or as a table."""
    start = beginning(text)
    is_json = start.lstrip().startswith("{") and all(f'"{key}"' in start for key in REQUIRED)
    return is_json or TITLE in start


def read(text: str, stated: Stated) -> Imported:
    """Returns the token rate, TPOT and TTFT of each run.

    Raises:
        NotUnderstood: a value is missing or no number, or the user has to state what no output
            says.
    """
    rows: list[Reported] = []
    left_out: list[str] = []
    for number, run in _runs(text, stated):
        if why := _unfit(run):
            left_out.append(f"line {number}: {why}")
            continue
        rows += _rows(run, stated, number)
    return collect(stated, rows, left_out)


def _runs(text: str, stated: Stated) -> Iterator[tuple[int, Run]]:
    """Yields the values of each run with the number of its first line."""
    if not text.lstrip().startswith("{"):
        yield from _tables(text)
        return
    whole = WITHOUT_LIMIT.sub(r'\1"inf"', text)
    if whole.lstrip().count("\n{"):
        runs = [(number, line) for number, line in lines(whole) if line.strip()]
        yield from ((number, document(line, stated, number - 1)) for number, line in runs)
    else:
        yield 1, document(whole, stated)


def _tables(text: str) -> Iterator[tuple[int, Run]]:
    """Yields the values of each table, and of the lines with settings before it."""
    run: dict[str, Json] = {}
    begun = 0
    for number, line in lines(text):
        if match := match_line(LABELLED, line.strip()):
            run |= {LABELS[key]: match[2] for key in (match[1].lower(),) if key in LABELS}
        elif model := MODEL.search(line[:6_000]):
            run["model_id"] = model[1]
        elif TITLE in line:
            begun = number
        elif begun and END.fullmatch(line.strip()):
            yield begun, run
            run, begun = {}, 0


def _unfit(run: Run) -> str:
    """Returns why a run does not measure serving; empty if it does."""
    done, failed = decimal(run.get("completed")), decimal(run.get("failed"))
    if not done:
        return "no request was served"
    if failed and failed > MOST_FAILED * float(done + failed):
        return f"{failed} of {done + failed} requests failed"
    return ""


def _rows(run: Run, stated: Stated, number: int) -> Iterator[Reported]:
    """Yields the rows of one run."""
    work = _work(run, stated, number)
    if problem := _contradiction(run, int(work["concurrency"])):
        raise stated.fault(problem, AS_WRITTEN, number)
    name = f"c{work['concurrency']}-{work['input']}-{work['output']}"
    few = int(work["requests"]) < LEAST_TURNS * int(work["concurrency"])
    shared = {
        "dtype": stated.format_of(None),
        "statistic": "mean",
        "date": stated.when(_day(run)),
        "workload": work,
        "conditions": _conditions(run),
        "defects": (Defect.BRIEF,) if few else (),
    }
    rate = f"{plain_number(_number(run, 'output_throughput'))} token/s"
    yield stated.row(
        number, id=f"{name}-output", quantity="serving_output", value=rate, per="total", **shared
    )
    for quantity, key in TIMES.items():
        if milliseconds := decimal(run.get(key)):
            time = f"{plain_number(milliseconds)} ms"
            yield stated.row(
                number, id=f"{name}-{quantity}", quantity=quantity, value=time, **shared
            )


def _contradiction(run: Run, at_once: int) -> str:
    """Returns which figures of a run cannot be, or not together; empty if all can."""
    others = [key for key in ("duration", *TIMES.values()) if run.get(key) is not None]
    for key in (*REQUIRED, *others):
        number = decimal(run.get(key))
        if number is None or (number == 0 and key != TIMES["tpot"]):  # 0 for answers of one token
            return f"{key} is {quoted(run.get(key, 'missing'))}"
    rate, time = _number(run, "output_throughput"), _number(run, "duration")
    tokens, step = _number(run, "total_output_tokens"), _number(run, "mean_tpot_ms") / 1000
    if time and abs(rate * time / tokens - 1) > MISCOUNT:
        counted = f"{tokens} tokens in {time} s are {plain_number(round(tokens / time, 1))}"
        return f"output_throughput is {plain_number(rate)}, but {counted}"
    if rate * step > Decimal(MORE_AT_ONCE) * at_once:
        needed = f"{plain_number(rate)} tokens/s at {plain_number(step * 1000)} ms each"
        return f"{needed} take {round(rate * step)} requests at once, not {at_once}"
    return ""


def _work(run: Run, stated: Stated, number: int) -> dict[str, str]:
    """Returns what was served: model, mean lengths, requests at once, division of the model."""
    model = stated.model or str(run.get("model_id") or "")
    if not model:
        fix = "give workload=, such as llama-3.1-70b"
        raise stated.fault("it does not say which model was served", fix, number)
    if stated.count is None:
        fix = "give parallel=, such as tp8, or count="
        raise stated.fault("it does not say on how many chips", fix, number)
    named = FORMAT.search(model)
    if named and stated.dtype and stated.dtype not in FORMATS[named[1].lower()]:
        fix = f"give dtype={' or '.join(FORMATS[named[1].lower()])}"
        raise stated.fault(f"its model {quoted(model)} is not in {stated.dtype}", fix, number)
    done = _number(run, "completed")
    lengths = (round(_number(run, f"total_{one}_tokens") / done) for one in ("input", "output"))
    prompt, answer = (max(1, int(length)) for length in lengths)
    return {
        "model": FORMAT.sub("", model.rstrip("/").rpartition("/")[2]),
        "input": str(prompt),
        "output": str(answer),
        "requests": str(int(done)),
        "concurrency": str(_at_once(run, answer)),
        "case": _case(run),
        **dict(stated.split),
    }


def _at_once(run: Run, answer: int) -> int:
    """Returns how many requests were under way: the limit, or their mean at a limited rate.

    Their mean is the rate times their mean duration (Little's law).
    """
    done = int(_number(run, "completed"))
    limit = int(decimal(run.get("max_concurrency")) or done)
    if not decimal(run.get("request_rate")):  # all were sent at once
        return min(limit, done)
    durations = (decimal(run.get(key)) for key in ("mean_e2el_ms", "mean_e2e_latency_ms"))
    steps = _number(run, "mean_ttft_ms") + _number(run, "mean_tpot_ms") * (answer - 1)
    duration = next(filter(None, durations), steps)
    return max(1, min(limit, round(_number(run, "request_throughput") * duration / 1000)))


def _case(run: Run) -> str:
    """Returns what makes the run unlike plain serving; empty if nothing does."""
    accepted = next((one for key in ACCEPTED if (one := decimal(run.get(key)))), None)
    cases = [
        f"speculative decoding, {plain_number(accepted)} tokens a step" if accepted else "",
        "prompts share a prefix" if run.get("dataset_name") in SHARED_PREFIX else "",
    ]
    return ", ".join(filter(None, cases))


def _conditions(run: Run) -> dict[str, str]:
    """Returns the tool, the engine if named, and the data."""
    is_sglang = "total_output_tokens_retokenized" in run
    engine = str(run.get("backend") or "")
    rate = decimal(run.get("request_rate"))
    return {
        "tool": "sglang.bench_serving" if is_sglang else "vllm bench serve",
        "engine": "" if engine.startswith("openai") else engine,
        "data": str(run.get("dataset_name") or ""),
        "setup": f"{plain_number(rate)} requests/s" if rate else "",
    }


def _day(run: Run) -> str | None:
    """Returns the date of a run, which vLLM writes as ``20260815-023710``."""
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)-\d{6}", str(run.get("date") or "")[:20])
    return "-".join(match.groups()) if match else None


def _number(run: Run, key: str) -> Decimal:
    return decimal(run.get(key)) or Decimal(0)


IMPORTER = Importer(
    key="bench-serving",
    title="vllm bench serve and sglang.bench_serving: the JSON, or the table",
    recognises=recognises,
    read=read,
)
