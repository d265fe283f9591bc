"""x86-64: its processors, its features in the order in which they came, and the levels of the psABI."""

from types import SimpleNamespace

from .common import CPUDescription, CPUEnum, FeaturesEnum

#: ISA level to the processors of LLVM that have it and not the next one.
_CPUS = {
    "x86-64": "generic x86-64 nocona core2 penryn bonnell atom k8 opteron athlon64 athlon-fx k8-sse3 opteron-sse3 athlon64-sse3 "
    "amdfam10 barcelona btver1",
    "x86-64-v2": "x86-64-v2 nehalem corei7 westmere sandybridge corei7-avx ivybridge core-avx-i silvermont slm goldmont "
    "goldmont-plus tremont btver2 bdver1 bdver2 bdver3",
    "x86-64-v3": "x86-64-v3 haswell core-avx2 broadwell skylake alderlake raptorlake meteorlake gracemont sierraforest grandridge "
    "lunarlake arrowlake bdver4 znver1 znver2 znver3 knl knm",
    "x86-64-v4": "x86-64-v4 skylake-avx512 skx cascadelake cooperlake cannonlake icelake-client icelake-server rocketlake tigerlake "
    "sapphirerapids emeraldrapids graniterapids znver4 znver5",
}

cpus = CPUEnum("cpus", {name: name for names in _CPUS.values() for name in names.split()})


class features(FeaturesEnum):
    """The features, by numba/pixie's names and numbers."""

    NONE = 0
    mmx = 1
    sse = 2
    sse2 = 3
    sse3 = 4
    ssse3 = 5
    sse41 = 6
    popcnt = 7
    sse42 = 8
    avx = 9
    f16c = 10
    xop = 11
    fma4 = 12
    fma3 = 13
    avx2 = 14
    fma = 15
    avx512f = 30
    avx512cd = 31
    avx512er = 32
    avx512pf = 33
    avx5124fmaps = 34
    avx5124vnniw = 35
    avx512vpopcntdq = 36
    avx512bw = 37
    avx512dq = 38
    avx512vl = 39
    avx512ifma = 40
    avx512vbmi = 41
    avx512vnni = 42
    avx512vbmi2 = 43
    avx512bitalg = 44
    avx512fp16 = 45

    def as_feature_str(self):
        """LLVM's name."""
        return {"sse41": "sse4.1", "sse42": "sse4.2"}.get(self.name, self.name)


#: What a feature brings with it, one step; `sse2` is in every processor of the architecture.
_IMPLIED = {
    "NONE": "",
    "sse": "mmx",
    "sse2": "sse",
    "sse3": "sse2",
    "ssse3": "sse3",
    "sse41": "ssse3",
    "popcnt": "sse41",
    "sse42": "sse41 popcnt",
    "avx": "sse42",
    "f16c": "avx",
    "xop": "avx",
    "fma4": "avx",
    "fma3": "avx f16c",
    "avx2": "avx f16c",
    "fma": "avx2 fma3",
    "avx512f": "avx2 fma",
    "avx512cd": "avx512f",
    "avx512er": "avx512cd",
    "avx512pf": "avx512cd",
    "avx5124fmaps": "avx512er avx512pf",
    "avx5124vnniw": "avx512er avx512pf",
    "avx512vpopcntdq": "avx512cd",
    "avx512bw": "avx512cd",
    "avx512dq": "avx512cd",
    "avx512vl": "avx512cd",
    "avx512ifma": "avx512bw avx512dq avx512vl",
    "avx512vbmi": "avx512bw avx512dq avx512vl",
    "avx512vnni": "avx512bw avx512dq avx512vl",
    "avx512vbmi2": "avx512ifma avx512vbmi",
    "avx512bitalg": "avx512ifma avx512vbmi",
    "avx512fp16": "avx512vbmi2 avx512bitalg",
}


def implied(names):
    """The features of an iterable and all that they bring with them, as a set of names."""
    found, left = set(), ["sse2", *map(str, names)]
    while left:
        name = left.pop()
        if name not in found and name != "NONE":
            found.add(name)
            left += _IMPLIED.get(name, "").split()
    return found


_V1 = (features.sse, features.sse2)
_V2 = (*_V1, features.ssse3, features.sse41, features.sse42, features.popcnt)
_V3 = (*_V2, features.avx, features.avx2, features.f16c, features.fma)
_V4 = (*_V3, features.avx512f, features.avx512bw, features.avx512cd, features.avx512dq, features.avx512vl)
_LEVELS = dict(zip(_CPUS, (_V1, _V2, _V3, _V4)))

#: Platform to its ISA levels, lowest first, with their features.
levels = dict.fromkeys(("linux-64", "win-64"), {level: implied(of) for level, of in _LEVELS.items()})


def level_of_cpu(cpu, platform):
    """The highest ISA level that a processor has."""
    return next(level for level, names in _CPUS.items() if cpu.name in names.split())


predefined = SimpleNamespace()
for _level, _features in _LEVELS.items():
    for _name in (_level, _level.replace("-", "_")):
        setattr(predefined, _name, CPUDescription(cpus.generic, _features))
predefined.x86_64_v1 = predefined.x86_64

#: The arguments of `PIXIECompiler` that build every level.
default_configuration = {
    "baseline_cpu": predefined.x86_64.cpu,
    "baseline_features": predefined.x86_64.features,
    "targets_features": (predefined.x86_64_v2, predefined.x86_64_v3, predefined.x86_64_v4),
}
