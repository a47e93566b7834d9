"""``predict`` of a user's own model, by its configuration: each phase, what is told, what fails."""

import json
from pathlib import Path

import pytest

from tests.commands.command_cases import document, said
from tests.workloads.test_configured import PUBLISHED, written

CHIPS = "chips=[h20,910b2]"
TOLD = "was read from {}/config.json (Qwen3ForCausalLM): {{name: mine, sources: [own-config], "


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with the configuration of Qwen3 8B."""
    return written(tmp_path, PUBLISHED["qwen3-8b"])


@pytest.mark.parametrize("phase", ["serve", "decode", "prefill", "train", "fit"])
def test_a_configuration_is_predicted_like_the_shipped_model(
    phase: str, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = document("predict", [CHIPS, f"workload={model}", f"phase={phase}"], capsys)["rows"]
    shipped = document("predict", [CHIPS, "workload=qwen3-8b", f"phase={phase}"], capsys)["rows"]
    named = [{**row, "workload": "mine"} for row in shipped] if phase != "fit" else shipped
    assert own == named


@pytest.mark.parametrize("more", [[], ["phase=fit"], ["parallel=best"]])
def test_what_was_read_is_shown(
    more: list[str], model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said("predict", [CHIPS, f"workload={model}", *more, "report=plain"], capsys)
    assert (code, err) == (0, "")
    shown = " ".join(out.split())
    assert f"mine {TOLD.format(model)}" in shown
    assert "Its count of parameters is computed from that." in shown


def test_a_shipped_model_is_shown_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said("predict", [CHIPS, "workload=qwen3-8b"], capsys)
    assert "was read from" not in out


def test_quantized_weights_are_offered_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quantized = {"quant_method": "gptq", "bits": 4}
    folder = written(tmp_path, {**PUBLISHED["qwen3-8b"], "quantization_config": quantized})
    _, out, _ = said("predict", [CHIPS, f"workload={folder}"], capsys)
    assert "published in w4a16: precision=w4a16 takes them as they are" in " ".join(out.split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"architectures": ["BloomForCausalLM"]}', "the architecture BloomForCausalLM is not"),
        ('{"hidden_size": NaN}', "is not JSON: NaN is no finite number"),
        (
            json.dumps({**PUBLISHED["qwen3-8b"], "num_key_value_heads": 7}),
            "kv_heads: do not divide",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read_costs_one_line(
    text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    file = tmp_path / "config.json"
    code, out, err = said("predict", [CHIPS, f"workload={file}"], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"{file}: {told}" in err
