"""Pipeline stages that work at the same time."""

from typing import Literal

import numpy as np
import pytest

from bench.predict.model.disaggregated import prefill_step
from bench.predict.model.operators import Points
from bench.predict.model.parallel import Parallel, parallel
from bench.predict.model.pipeline import CHUNK, micro_batches, passes, working
from bench.predict.model.precision import precision
from bench.predict.model.serving import Load, Served, serve
from bench.predict.model.stack import IDEAL, Stack
from bench.workloads.load import workload
from tests.predict.cases import made
from tests.predict.test_operators import points
from tests.predict.test_step import took

Phase = Literal["prefill", "decode"]


def served(split: str, requests: float, prompt: float = 1000.0, output: float = 200.0) -> Served:
    """Llama-3.1-70B on made-up chips."""
    load = Load(*(np.array([one]) for one in (requests, prompt, output)))
    how, formats = parallel(split), precision("bf16")
    return serve(made(link=1e15), workload("llama-3.1-70b"), load, formats, how, Stack())


def test_each_stage_decodes_a_micro_batch_while_the_others_have_theirs() -> None:
    """A token takes as long as with one chip and a quarter of the requests."""
    alone, piped = served("1", 16, prompt=1.0), served("pp4", 64, prompt=1.0)
    assert piped.decode.seconds[0] == pytest.approx(alone.decode.seconds[0], rel=1e-3)
    assert piped.tokens_per_s[0] == pytest.approx(4 * alone.tokens_per_s[0], rel=0.05)


def test_a_lone_request_gains_nothing_from_a_pipeline() -> None:
    alone, piped = served("1", 1), served("pp4", 1)
    assert piped.tokens_per_s[0] == pytest.approx(alone.tokens_per_s[0], rel=1e-3)
    assert piped.ttft[0] == pytest.approx(alone.ttft[0], rel=1e-3)


def test_another_requests_prefill_holds_up_each_stage_for_its_own_layers_only() -> None:
    piped = served("pp4", 64)
    waiting = float(piped.tpot[0] - piped.decode.seconds[0])
    assert waiting == pytest.approx(63 / 200 * float(piped.joined.seconds[0]) / 4)


@pytest.mark.parametrize("stages", [2, 4, 8])
def test_many_prompts_fill_a_pipeline(stages: int) -> None:
    """A stage waits only for the first prompt to arrive and the last to leave."""
    chip, each = made(link=1e15), 16
    one = took(chip, "llama-3.1-70b", "prefill", 1, CHUNK, "1", stack=IDEAL).seconds[0]
    many = took(chip, "llama-3.1-70b", "prefill", each, CHUNK, f"pp{stages}", stack=IDEAL)
    assert many.seconds[0] == pytest.approx(one * (each + stages - 1) / stages, rel=1e-3)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("batch", [1, 3, 8, 100])
def test_a_stage_works_at_most_all_the_time_and_without_a_pipeline_always(
    phase: Phase, batch: float
) -> None:
    asked = points(batch, 4096)
    assert working(phase, asked, Parallel()) == pytest.approx(1.0)
    assert passes(phase, asked, Parallel()) == pytest.approx(1.0)
    share = float(working(phase, asked, Parallel(pp=8))[0])
    assert 1 / 8 <= share <= 1.0


def test_short_prompts_share_a_step_and_few_sequences_leave_stages_without_work() -> None:
    how = Parallel(pp=4)
    assert micro_batches("prefill", points(64, 1024), how)[0] == 64 * 1024 / CHUNK
    assert micro_batches("decode", points(2, 1024), how)[0] == 2
    assert working("decode", points(2, 1024), how)[0] == 0.5
    assert (
        micro_batches("decode", Points(np.array([8.0]), np.ones(1)), Parallel(pp=4, dp=4))[0] == 2
    )


def test_prompts_that_wait_fill_the_chips_for_prefill() -> None:
    """Four stages take on four times as many as one chip does."""
    one, four = (
        prefill_step(
            made(link=1e15), workload("llama-3.1-70b"), np.array([2048.0]), precision("bf16"),
            parallel(split), IDEAL,
        )
        for split in ("1", "pp4")
    )  # fmt: skip
    assert one.seconds(1.0)[0] / four.seconds(1.0)[0] == pytest.approx(4, rel=1e-3)
