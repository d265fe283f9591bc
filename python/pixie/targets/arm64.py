"""AArch64: its features by numba/pixie's names, and the levels of Linux and macOS."""

from types import SimpleNamespace

from .common import CPUDescription, CPUEnum, FeaturesEnum

#: Platform to ISA level to processors of LLVM that have it and not the next one. Where a platform has no such processor, its
#: lowest level runs.
_CPUS = {
    "linux-aarch64": {
        "armv8-a": "generic cortex-a53 cortex-a57 cortex-a72 cortex-a73",
        "armv8.2-a": "cortex-a55 cortex-a75 cortex-a76 cortex-a77 cortex-a78 cortex-x1 neoverse-n1",
        "sve": "a64fx neoverse-512tvb",
        "sve2": "neoverse-v1 neoverse-n2 neoverse-v2 cortex-a710 cortex-a715 cortex-x2 cortex-x3",
    },
    "osx-arm64": {"apple-m1": "apple-m1 apple-a14", "apple-m2": "apple-m2 apple-m3 apple-m4"},
}

cpus = CPUEnum("cpus", {name: name for of in _CPUS.values() for names in of.values() for name in names.split()})


class features(FeaturesEnum):
    """The versions of the architecture and optional features."""

    NONE = 0
    v8a = 1
    v8_1a = 2
    v8_2a = 3
    v8_3a = 4
    v8_4a = 5
    v8_5a = 6
    v8_6a = 7
    fullfp16 = 20
    dotprod = 21
    bf16 = 22
    i8mm = 23
    sve = 24
    sve2 = 25

    def as_feature_str(self):
        """LLVM's name."""
        return self.name.replace("v8_", "v8.")


_IMPLIED = {
    "v8_1a": "v8a",
    "v8_2a": "v8_1a",
    "v8_3a": "v8_2a",
    "v8_4a": "v8_3a dotprod",
    "v8_5a": "v8_4a",
    "v8_6a": "v8_5a bf16 i8mm",
    "fullfp16": "v8_2a",
    "dotprod": "v8_2a",
    "bf16": "v8_2a",
    "i8mm": "v8_2a",
    "sve": "v8_2a fullfp16",
    "sve2": "sve",
}


def implied(names):
    """The features of an iterable and all that they bring with them, as a set of names."""
    found, left = set(), ["v8a", *map(str, names)]
    while left:
        name = left.pop()
        if name not in found and name != "NONE":
            found.add(name)
            left += _IMPLIED.get(name, "").split()
    return found


#: Platform to its ISA levels, lowest first, with their features.
levels = {
    "linux-aarch64": {
        "armv8-a": implied([]),
        "armv8.2-a": implied(["fullfp16", "dotprod"]),
        "sve": implied(["sve"]),
        "sve2": implied(["v8_3a", "sve2", "dotprod"]),
    },
    "osx-arm64": {"apple-m1": implied(["v8_4a", "fullfp16"]), "apple-m2": implied(["v8_6a", "fullfp16"])},
}


def level_of_cpu(cpu, platform):
    """The highest ISA level of the platform that a processor has."""
    found = (level for level, names in _CPUS[platform].items() if cpu.name in names.split())
    return next(found, next(iter(levels[platform])))


predefined = SimpleNamespace(
    apple_m1=CPUDescription(cpus["apple-m1"], (features.v8_4a, features.fullfp16)),
    apple_m2=CPUDescription(cpus["apple-m2"], (features.v8_6a, features.fullfp16)),
)

#: The arguments of `PIXIECompiler` that build every level of macOS.
default_configuration = {
    "baseline_cpu": predefined.apple_m1.cpu,
    "baseline_features": predefined.apple_m1.features,
    "targets_features": (predefined.apple_m2,),
}
