"""``predict`` refuses what it cannot predict in one line that says what to ask instead."""

import re

import pytest

from tests.commands.command_cases import said
from tests.predict.command_cases import CHIP, SHAPE, SMALL

MANY = ",".join(str(each) for each in range(1, 102))
ROUTED = "chips=h20 workload=qwen3-30b-a3b"
WRONG = {
    "": "which chips? give chips=",
    "chips=h20": "which workload? give workload=, one of baichuan2-7b, ",
    f"chips=h2o {SMALL}": "no chip or group 'h2o': did you mean 'h20'",
    "chips=h20 workload=llama-3.1-9": "no workload 'llama-3.1-9' in specs/workloads: did you mean",
    f"{CHIP} phase=serv": "no phase 'serv': did you mean 'serve'?",
    f"{CHIP} precision=bf61": "no precision 'bf61': did you mean 'bf16'",
    f"{CHIP} precision=w8a8": "no precision 'w8a8': it is int8 or fp8",
    f"{CHIP} cache=fp9": "no cache format 'fp9': did you mean 'fp8'",
    f"{CHIP} baseline=h2o": "no chip 'h2o' in specs/chips: did you mean 'h20'",
    f"{CHIP} baseline=domestic": "no chip 'domestic' in specs/chips: one chip is asked for here",
    f"{CHIP} baseline=amd-epyc-7543": "amd-epyc-7543: it is no accelerator",
    f"{CHIP} baseline=hygon-k100": "hygon-k100: no dense bf16 matrix rate on its sheet",
    **{f"{CHIP} {word}": f"{word}: write a whole number from 1 to 100,000,000"
       for word in ("batch=0", "batch=-1", "batch=1.5", "batch=1e3", "batch=many", "input=0",
                    "output=-9", "output=100000001", f"batch={'9' * 30}")},
    **{f"{CHIP} batch={word}": "batch= names no number: write such as batch=32, [1,8,64] or 1..64"
       for word in ("[]", "")},
    f"{CHIP} batch=1-64": "batch=1-64: write a whole number from 1 to 100,000,000; several as [1,8",
    f"{CHIP} batch=64..1": "batch=64..1: write the smaller number first",
    f"{CHIP} parallel=tp2,dp4 batch=[2,8]": "batch=2 is below the 4 copies of tp2 dp4",
    f"{CHIP} batch=[{MANY}] input=[{MANY}]": "10,201 points: give at most 10,000",
    f"{CHIP} parallel=eight": "parallel=eight: write a number, or such as tp8, 'tp8,pp2'",
    f"{ROUTED} parallel=tp8,ep16": "parallel=tp8,ep16: ep16 does not divide the 8 chips"
        " of tp x dp: 'tp8,dp2,ep16' or 'tp16,ep16' would",
    f"{ROUTED} parallel=ep16": "parallel=ep16: ep16 does not divide the 1 chip of tp x dp: "
        "'dp16,ep16' or 'tp16,ep16' would",
    **{f"{CHIP} phase={phase} parallel={way}": "ep8: llama-3.1-8b has no experts"
       for phase in ("serve", "train") for way in ("ep8", "dp8,ep8", "pp2,ep8")},
    **{f"{CHIP} {word}": f"{word} must be above 0 and at most 1000"
       for word in ("years=0", "pue=nan", "pue=1001", "cny=0")},
    f"{CHIP} kwh=0": "kwh=0 must be above 0 and at most 1,000",
    f"{CHIP} kwh=-1": "kwh=-1: write US dollars, or yuan with CNY, such as kwh=0.1 or kwh=0.6CNY",
    f"{CHIP} kwh=0.6CNY": "kwh=0.6CNY is in yuan: give how many yuan are a US dollar, such",
    f"{CHIP} rent=[h20:9CNY]": "rent=h20:9CNY is in yuan: give how many yuan are a US dollar, such",
    f"{CHIP} price=cheap": "price=cheap: write US dollars, or yuan with CNY, such as price=[h20:",
    f"{CHIP} rent=0": "rent=0 must be above 0 and at most 1,000,000,000",
    f"{CHIP} price=1e10": "price=1e10 must be above 0 and at most 1,000,000,000",
    f"{CHIP} price=[b200:30000]": "price=b200:30000: nvidia-b200-sxm-180gb is not among the chips",
    f"{CHIP} price=25,500": "price=25,500: 25 and 500 are both for no chip in particular: write",
    f"{CHIP} rent=[h20:1,h20:2]": "rent=h20:1,h20:2: h20:1 and h20:2 are both for nvidia-h20-sxm-",
    f"{CHIP} price=1 rent=1": "price= and rent= are two ways to pay for a chip: give one",
    f"{CHIP} pue=0.5": "pue=0.5 must be 1 or more: a building draws what is in it",
    f"{CHIP} operators=maybe": "operators=maybe: write true or false",
    f"{CHIP} report=xml": "no report 'xml': did you mean 'html'?",
    f"{CHIP} batches=1": "predict has no key 'batches': did you mean 'batch'",
    **{f"{CHIP} {word}=64": f"predict has no key '{word}': did you mean '{key}'?"
       for word, key in (("concurrency", "batch"), ("isl", "input"), ("osl", "output"),
                         ("prompt", "input"))},
    **{f"{CHIP} {word}=2": f"predict has no key '{word}': drafting (speculative decoding, MTP) is "
       for word in ("speculative", "mtp", "draft")},
    f"{CHIP} cached=0.5": "predict has no key 'cached': prefix caches are not modelled",
    **{f"chips=h20 workload=llama-3.1-8b phase=train precision={word}":
       f"precision={word}: no training in it was measured; ask phase=train in bf16, fp16, fp8, "
       for word in ("w8a16", "int8", "fp32", "mxfp4")},
    "chips=h20 workload=llama-3.1-8b phase=train calibration=none.json":
        "calibration= does not apply to phase=train: leave it out",
    **{f"chips=h20 workload=llama-3.1-8b phase=train {key}={word}":
       f"{key}= does not apply to phase=train: leave it out"
       for key, word in (("output", "512"), ("cache", "bf16"))},
    f"{CHIP} micro=1": "micro= does not apply to phase=serve: leave it out",
    f"{CHIP} phase=train recompute=selective":
        "recompute=selective: write true, which is of all layers, or false, which is also",
    f"{CHIP} phase=train states=fp8": "states=fp8: did you mean 'fp32'?",
    f"{CHIP} states=bf16": "states= does not apply to phase=serve: leave it out",
    **{f"{CHIP} phase=train micro={word}": f"micro={word}: write a whole number from 1 to 100,000,"
       for word in ("1,2", "x", "0")},
    "chips=h20 workload=qwen3-30b-a3b calibration=none.json":
        "calibration= covers dense layers only, and qwen3-30b-a3b has experts: leave it out",
    f"{CHIP} parallel=pp4,vp2": "parallel=pp4 vp2: fsdp, cp and vp are of phase=train; else ask dp",
    f"{CHIP} phase=train parallel=tp4,vp2": "parallel=tp4,vp2: vp2 divides a pipeline's stages: ",
    "chips=h20 workload=qwen3-30b-a3b parallel=dp48,ep48 batch=48 phase=train":
        "ep48 does not divide the 128 experts of qwen3-30b-a3b: ep16 does",
    f"chips=h20 phase=product {SHAPE} baseline=ks20":
        "denglin-ks20: no dense bf16 matrix rate on its sheet",
    "chips=s5000 workload=deepseek-v3 precision=fp8 parallel=16":
        "mthreads-s5000: no dense bf16 matrix rate on its sheet (it gives: fp8), and attention "
        "runs in bf16; measured: ",
    "chips=h20 phase=product": "shape= takes three sizes, such as shape=[4096,4096,4096]",
    "chips=h20 phase=product shape=[1,2,0]": "shape=0: write a whole number",
    f"chips=h20 phase=product {SHAPE} precision=w8a16": "precision=w8a16: phase=product takes "
        "bf16 and fp8; fp16 where a sheet prints one rate for it and bf16",
    f"chips=h20 phase=product {SHAPE} precision=fp16 baseline=gaudi3":
        "intel-gaudi3-oam-128gb: its sheet prints 459 TFLOP/s in fp16 and 1678 in bf16",
    f"chips=gaudi3 phase=product {SHAPE} precision=fp16":
        "intel-gaudi3-oam-128gb: its sheet prints 459 TFLOP/s in fp16 and 1678 in bf16",
    "chips=amd-epyc-7543 phase=figures": "none of these chips is an accelerator",
    f"chips=amd-epyc-7543 phase=fit {SMALL}": "none of these chips is an accelerator",
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said("predict", line.split(" ") if line else [], capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"onpaper: {WRONG[line]}")


@pytest.mark.parametrize("asked", [SMALL, f"phase=product {SHAPE}"])
def test_a_group_of_which_nothing_is_told_says_each_reason_once(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The processors' line was of two thousand characters."""
    code, out, err = said("predict", ["chips=cpus", *asked.split()], capsys)
    assert (code, out, err.count("it is no accelerator")) == (2, "", 1)
    assert re.search(r"^onpaper: amd-epyc-\w+, [\w-]+, [\w-]+ and \d\d more: it is no accel", err)
