"""Words that stand for groups of chips; no chip may have one as its name."""

from collections.abc import Callable

from bench.chips.model import Chip

Test = Callable[[Chip], bool]
APART: dict[str, Test] = {
    "cpus": lambda chip: chip.kind == "cpu",
    "stubs": lambda chip: chip.status == "stub",
}
"""Groups whose chips belong to no other group: processors, and sheets without a figure."""
GROUPS: dict[str, Test] = {
    "all": lambda _: True,
    "export-tier": lambda chip: chip.tier == "export",
    "export": lambda chip: chip.tier == "export",
    "domestic": lambda chip: chip.tier == "domestic",
    "global": lambda chip: chip.tier == "global",
    "gpus": lambda chip: chip.kind == "gpu",
    "npus": lambda chip: chip.kind == "npu",
    "systems": lambda chip: chip.kind == "system",
}
"""All other groups, besides vendors, whose keys are groups as well."""
ROMANISED = {
    "haiguang": "hygon",  # 海光
    "hanbo": "vastai",  # 瀚博
    "hanwuji": "cambricon",  # 寒武纪
    "kunlun": "kunlunxin",  # 昆仑芯
    "longxin": "loongson",  # 龙芯
    "moer": "mthreads",  # 摩尔线程
    "muxi": "metax",  # 沐曦
    "pingtouge": "thead",  # 平头哥
    "shengteng": "huawei",  # 昇腾
    "suiyuan": "enflame",  # 燧原
    "tianshu": "iluvatar",  # 天数
}
"""Vendors by their Chinese names in Latin letters; each is a group, too, and a ``vendor=``."""
