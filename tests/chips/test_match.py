"""A device is matched to its sheet, stays ambiguous, or is refused with the reason."""

import pytest

from bench.chips.load import Catalogue
from bench.chips.match import FOLLOW, choose, identify, memory_sizes
from bench.chips.vendors import vendor_behind
from bench.errors import UsageError
from bench.identity.evidence import Agreement
from bench.identity.reported import weigh_memory
from bench.records.model import DeviceInfo


def test_an_h20_with_132_units_is_refused_naming_both_counts(sheets: Catalogue) -> None:
    device = DeviceInfo(
        backend="cuda", name="NVIDIA H20", units=132, memory_bytes=97871 * 2.0**20, pci="10de:2329"
    )
    found = identify(device, sheets)
    assert found.state == "unknown"
    assert found.chip is None
    assert found.near == ("nvidia-h20-sxm-96gb",)
    assert found.reasons == ("not nvidia-h20-sxm-96gb: 132 compute units, the sheet has 78",)


def test_a_match_says_all_that_agreed_and_which_sheet_it_was(sheets: Catalogue) -> None:
    device = DeviceInfo(
        backend="cuda", name="NVIDIA H20", units=78, memory_bytes=97871 * 2.0**20, pci="10de:2329"
    )
    found = identify(device, sheets)
    assert found.model_dump() == {
        "state": "matched",
        "chip": "nvidia-h20-sxm-96gb",
        "sheet_sha256": sheets.chips["nvidia-h20-sxm-96gb"].sheet_sha256,
        "reasons": (
            "reports the name 'NVIDIA H20'",
            "95.6 GiB of memory",
            "78 compute units",
            "PCI id 10de:2329",
        ),
        "near": (),
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("nvidia h20", id="case"),
        pytest.param(" NVIDIA  H20 ", id="blanks"),
    ],
)
def test_blanks_and_case_of_a_name_do_not_matter(name: str, sheets: Catalogue) -> None:
    found = identify(DeviceInfo(backend="cuda", name=name), sheets)
    assert found.chip == "nvidia-h20-sxm-96gb"


C500 = DeviceInfo(backend="cuda", name="MetaX C500", memory_bytes=64 * 2.0**30)
C500_FORMS = ("metax-c500-oam", "metax-c500-pcie")


@pytest.mark.parametrize(
    ("limit", "chip", "reason"),
    [
        pytest.param(
            350.0, "metax-c500-pcie", "power limit 350 W (metax-c500-oam has 450 W)", id="pcie"
        ),
        pytest.param(
            450.0, "metax-c500-oam", "power limit 450 W (metax-c500-pcie has 350 W)", id="oam"
        ),
        pytest.param(
            452.0, "metax-c500-oam", "power limit 452 W (metax-c500-pcie has 350 W)", id="rounded"
        ),
    ],
)
def test_a_power_limit_tells_apart_sheets_that_fit_alike(
    limit: float, chip: str, reason: str, sheets: Catalogue
) -> None:
    found = identify(C500.model_copy(update={"power_limit_w": limit}), sheets)
    assert (found.state, found.chip) == ("matched", chip)
    assert found.reasons == ("reports the name 'MetaX C500'", "64.0 GiB of memory", reason)


@pytest.mark.parametrize("limit", [None, 0.0, 300.0, 400.0])
def test_a_power_limit_that_is_no_sheets_leaves_them_alike(
    limit: float | None, sheets: Catalogue
) -> None:
    found = identify(C500.model_copy(update={"power_limit_w": limit}), sheets)
    assert (found.state, found.near) == ("ambiguous", C500_FORMS)
    assert found.reasons == ("'MetaX C500' fits several sheets alike: choose one with chip=",)


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(None, id="one-prints-no-power"),
        pytest.param("metax-c500-oam", id="both-print-the-same"),
    ],
)
def test_a_power_limit_needs_a_power_of_its_own_on_every_sheet(
    figure: str | None, sheets: Catalogue
) -> None:
    tdp = {"tdp": sheets.chips[figure].figures["tdp"]} if figure else {}
    pcie = sheets.chips["metax-c500-pcie"]
    rest = {key: one for key, one in pcie.figures.items() if key != "tdp"}
    other = pcie.model_copy(update={"figures": {**rest, **tdp}})
    both = Catalogue({**sheets.chips, other.id: other}, sheets.sources)
    found = identify(C500.model_copy(update={"power_limit_w": 450.0}), both)
    assert (found.state, found.near) == ("ambiguous", C500_FORMS)


def test_a_lowered_power_limit_refuses_no_sheet(sheets: Catalogue) -> None:
    device = DeviceInfo(backend="cuda", name="NVIDIA H20", units=78, power_limit_w=300.0)
    found = identify(device, sheets)
    assert (found.state, found.chip) == ("matched", "nvidia-h20-sxm-96gb")
    assert found.reasons == ("reports the name 'NVIDIA H20'", "78 compute units")


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("c500", "'c500-oam' or 'c500-pcie'"),
        ("MetaX-C500", "'metax-c500-oam' or 'metax-c500-pcie'"),
        ("曦云C500", "'曦云c500 oam' or '曦云c500 pcie'"),
    ],
)
def test_a_word_for_both_forms_of_a_card_is_refused_naming_both(
    word: str, forms: str, sheets: Catalogue
) -> None:
    with pytest.raises(UsageError) as refused:
        choose(word, C500, sheets)
    assert str(refused.value) == f"no chip {word!r} in specs/chips: did you mean {forms}?"


@pytest.mark.parametrize(
    ("word", "chip"), [("c500-oam", C500_FORMS[0]), ("C500-PCIe", C500_FORMS[1])]
)
def test_each_form_of_a_card_has_its_word(word: str, chip: str, sheets: Catalogue) -> None:
    assert sheets.find(word).id == chip


@pytest.mark.parametrize(
    ("share", "fits"),
    [
        pytest.param(0.89, False, id="a-slice"),
        pytest.param(0.91, True, id="ecc-kept-back"),
        pytest.param(1.0, True, id="whole"),
        pytest.param(1.02, False, id="more-than-printed"),
    ],
)
def test_memory_fits_from_ninety_percent_to_the_printed_size_in_gib(
    share: float, fits: bool, sheets: Catalogue
) -> None:
    device = DeviceInfo(backend="cuda", name="NVIDIA H20", memory_bytes=share * 96 * 2.0**30)
    assert (identify(device, sheets).state == "matched") is fits


@pytest.mark.parametrize(("name", "gib"), [("google-tpu-v6e-32gb", 32), ("aws-trainium2-96gb", 96)])
def test_a_size_that_is_printed_in_gib_is_taken_at_its_word(
    name: str, gib: int, sheets: Catalogue
) -> None:
    """Read as GB it would be 7% more: a device with nine tenths of its memory was refused."""
    chip = sheets.chips[name]
    assert memory_sizes(chip, rivals=False) == [gib * 2.0**30]
    device = DeviceInfo(backend="cuda", name=name, memory_bytes=0.91 * gib * 2.0**30)
    assert weigh_memory(0.91 * gib * 2.0**30, chip)[0] is Agreement.FITS
    assert not any("memory" in one for one in choose(name, device, sheets).reasons)


def test_a_size_is_told_in_the_unit_of_the_sheet(sheets: Catalogue) -> None:
    """96 GiB were told as 103.1 GB, which no sheet prints."""
    chip = sheets.chips["aws-trainium2-96gb"]
    device = DeviceInfo(backend="cuda", name=chip.id, memory_bytes=40 * 2.0**30)
    told = "against it: 40.0 GiB of memory, the sheet has 96.0 GiB"
    assert told in choose(chip.id, device, sheets).reasons
    assert weigh_memory(40 * 2.0**30, chip)[2] == "96.00 GiB"
    tpu = sheets.chips["google-tpu-v7-192gb"]
    assert weigh_memory(40 * 2.0**30, tpu)[2] == "192.0 GiB or 192.0 GB"
    assert weigh_memory(64 * 2.0**30, sheets.chips["amd-mi250x-oam-128gb"])[2] == "64.00 GB"


def test_a_die_is_matched_by_half_of_the_packages_memory_and_units(sheets: Catalogue) -> None:
    half = DeviceInfo(
        backend="cuda", name="AMD Instinct MI250X", units=110, memory_bytes=64 * 2.0**30
    )
    whole = half.model_copy(update={"units": 220, "memory_bytes": 128 * 2.0**30})
    assert identify(half, sheets).chip == "amd-mi250x-oam-128gb"
    assert identify(whole, sheets).reasons == (
        (
            "not amd-mi250x-oam-128gb: 128.0 GiB of memory, the sheet has 64.0 GB; "
            "220 compute units, the sheet has 110"
        ),
    )


@pytest.mark.parametrize(
    ("name", "pci", "markers", "vendor"),
    [
        pytest.param("NVIDIA H20", "10de:2329", (), "nvidia", id="nvidia"),
        pytest.param("NVIDIA H20", "9999:4001", (), "metax", id="pci-before-name"),
        pytest.param("MetaX C550", None, ("torch 2.9.0+cu129",), "metax", id="name"),
        pytest.param("K100_AI", None, ("torch 2.5.1", "hip"), "hygon", id="hygon-name"),
        pytest.param("GPU", None, ("torch 2.6.0+metax3.1",), "metax", id="metax-torch"),
        pytest.param("GPU", None, ("torch 2.4.1+corex.4.2",), "iluvatar", id="iluvatar-torch"),
        pytest.param("GPU", None, ("torch 2.5.1+das.opt1",), "hygon", id="hygon-torch"),
        pytest.param("GPU", None, ("torch 2.6.0+ppu1.5",), "thead", id="thead-torch"),
        pytest.param("", None, ("torch 2.9.0+rocm6.4", "hip"), "amd", id="amd-torch"),
        pytest.param(
            "NVIDIA A100-SXM4-80GB", None, ("torch 2.6.0+metax3.1",), "metax", id="imitator"
        ),
        pytest.param(
            "GPU", None, ("torch 2.9.0+cu129", "module torch_xmlir"), "kunlunxin", id="module"
        ),
        pytest.param(
            "NVIDIA H20",
            None,
            ("torch 2.9.0+cu129", "module torch_npu", "variable COREX_HOME"),
            "nvidia",
            id="modules-alone-do-not-overrule-a-name",
        ),
        pytest.param("GPU", None, ("torch 2.9.0+cu129", "hip"), None, id="nothing-tells"),
    ],
)
def test_the_vendor_is_told_by_pci_then_name_or_torch_build_then_module(
    name: str, pci: str | None, markers: tuple[str, ...], vendor: str | None
) -> None:
    assert vendor_behind(name, pci, markers) == vendor


def test_a_refusal_names_the_vendor_behind_a_name_without_a_sheet(sheets: Catalogue) -> None:
    device = DeviceInfo(
        backend="cuda", name="GPU", markers=("torch 2.9.0+cu129", "module torch_xmlir")
    )
    assert identify(device, sheets).reasons == (
        "no sheet reports the name 'GPU' (a device of Kunlunxin)",
    )


def test_a_hidden_cpu_model_is_known_by_its_family(sheets: Catalogue) -> None:
    device = DeviceInfo(
        backend="cpu",
        name="Intel(R) Xeon(R) Processor",
        cpu_vendor="GenuineIntel",
        cpu_family=6,
        cpu_model=207,
    )
    found = identify(device, sheets)
    assert (found.state, found.chip) == ("family", "intel-emerald-rapids")
    assert found.reasons == (
        "GenuineIntel family 6 model 207",
        f"no sheet for the model name 'Intel(R) Xeon(R) Processor': {FOLLOW}",
    )


def test_a_cpu_that_only_shows_its_instruction_sets_is_unknown(sheets: Catalogue) -> None:
    """AVX-512 runs at 32 or 64 operations a cycle: no source makes one figure of them."""
    device = DeviceInfo(
        backend="cpu", name="QEMU Virtual CPU version 2.5+", isa=("avx2", "fma", "avx512f")
    )
    found = identify(device, sheets)
    assert (found.state, found.chip) == ("unknown", None)
    assert found.reasons == ("no sheet for the CPU 'QEMU Virtual CPU version 2.5+'",)


def test_a_sheet_for_instruction_sets_serves_a_cpu_without_a_family(sheets: Catalogue) -> None:
    chip = sheets.chips["intel-skylake-sp"]
    narrow, wide = (
        chip.model_copy(
            update={
                "id": f"intel-any-{'-'.join(isa)}",
                "identity": chip.identity.model_copy(update={"isa": isa, "cpuid": None}),
            }
        )
        for isa in (("avx2",), ("avx2", "avx512f"))
    )
    both = Catalogue({narrow.id: narrow, wide.id: wide}, sheets.sources)
    device = DeviceInfo(backend="cpu", name="QEMU", isa=("avx2", "avx512f", "fma"))
    found = identify(device, both)
    assert (found.state, found.chip) == ("family", wide.id)
    assert found.reasons == ("no sheet for 'QEMU': peaks follow from its avx2, avx512f",)


def test_a_cpu_never_matches_an_accelerators_sheet(sheets: Catalogue) -> None:
    assert identify(DeviceInfo(backend="cpu", name="NVIDIA H20"), sheets).state == "unknown"
    epyc = DeviceInfo(backend="cuda", name="AMD EPYC 9654 96-Core Processor")
    assert identify(epyc, sheets).state == "unknown"


def test_a_chosen_sheet_lists_all_that_speaks_against_it(sheets: Catalogue) -> None:
    device = DeviceInfo(
        backend="cuda",
        name="NVIDIA H20Z",
        units=132,
        memory_bytes=143771 * 2.0**20,
        pci="10de:2335",
    )
    found = choose("h20", device, sheets)
    assert (found.state, found.chip) == ("chosen", "nvidia-h20-sxm-96gb")
    assert found.reasons == (
        "chosen with chip=h20",
        "against it: reports the name 'NVIDIA H20Z'",
        "against it: 140.4 GiB of memory, the sheet has 96.0 GB",
        "against it: 132 compute units, the sheet has 78",
        "against it: PCI id 10de:2335 is none of the sheet",
    )


def test_a_chosen_sheet_that_fits_has_nothing_against_it(sheets: Catalogue) -> None:
    device = DeviceInfo(backend="cuda", name="NVIDIA H20", units=78)
    assert choose("NVIDIA-H20-SXM-96GB", device, sheets).reasons == (
        "chosen with chip=NVIDIA-H20-SXM-96GB",
    )


def test_a_chosen_word_that_names_no_sheet_is_a_usage_error_with_the_nearest(
    sheets: Catalogue,
) -> None:
    with pytest.raises(UsageError, match=r"^no chip 'h2o' in specs/chips: did you mean .*'h20'"):
        choose("h2o", DeviceInfo(backend="cuda", name="x"), sheets)


@pytest.mark.parametrize(
    ("word", "device", "said"),
    [
        ("h100", DeviceInfo(backend="cpu", name="AMD EPYC"), "of an accelerator, .* a CPU, AMD"),
        (
            "epyc-9654",
            DeviceInfo(backend="cuda", name="NVIDIA H20"),
            "of a CPU, .* an accelerator, NVIDIA",
        ),
    ],
)
def test_a_chosen_sheet_of_another_kind_of_device_is_refused(
    word: str, device: DeviceInfo, said: str, sheets: Catalogue
) -> None:
    with pytest.raises(UsageError, match=f"chip={word} is the sheet {said}"):
        choose(word, device, sheets)


def test_a_simulated_device_takes_a_sheet_of_either_kind(sheets: Catalogue) -> None:
    fake = DeviceInfo(backend="fake", name="onpaper fake device")
    assert {choose(word, fake, sheets).state for word in ("h100", "epyc-9654")} == {"chosen"}
