"""Target descriptions as numba/pixie spells them, and the ISA levels that they become."""

import importlib
from enum import Enum, IntEnum
from typing import NamedTuple

from .. import _core


class CPUEnum(Enum):
    """A processor by LLVM's name."""

    def __str__(self):
        return self.name


class FeaturesEnum(IntEnum):
    """A processor feature; later ones have higher values."""

    def as_feature_str(self):
        """LLVM's name."""
        return self.name

    def __str__(self):
        return self.name


class CPUDescription:
    """A processor and the features that are used of it."""

    def __init__(self, cpu, features):
        if not isinstance(cpu, CPUEnum) or not isinstance(features, tuple):
            raise TypeError(f"expected a processor and a tuple of features, got {cpu!r} and {features!r}")
        self.cpu = cpu
        self.features = features

    def __repr__(self):
        return f"CPUDescription<{self.cpu}, ({', '.join(map(str, self.features))})>"

    def __eq__(self, other):
        return isinstance(other, CPUDescription) and (self.cpu, self.features) == (other.cpu, other.features)

    def __hash__(self):
        return hash((self.cpu, self.features))


class Features:
    """One feature or a tuple of them; its text is LLVM's flags."""

    def __init__(self, features):
        self.features = features if isinstance(features, tuple) else (features,)

    def __str__(self):
        return ",".join(f"+{name}" for name in sorted(feature.as_feature_str() for feature in self.features))


class llvm_triple(NamedTuple):
    """The parts of a triple; what it does not have is empty."""

    arch: str
    sub: str
    vendor: str
    sys: str
    abi: str


def decode_llvm_triple(triple):
    """The parts of `triple`. Raises `ValueError` unless there are three to five."""
    parts = triple.split("-")
    match len(parts):
        case 3:
            return llvm_triple(parts[0], "", *parts[1:], "")
        case 4:
            return llvm_triple(parts[0], "", *parts[1:])
        case 5:
            return llvm_triple(*parts)
    raise ValueError(f"`{triple}` is not a triple: it has {len(parts)} parts")


#: Platform to the triple that its objects have.
_TRIPLES = {
    "linux-64": "x86_64-unknown-linux-gnu",
    "linux-aarch64": "aarch64-unknown-linux-gnu",
    "osx-arm64": "arm64-apple-macosx11.0.0",
    "win-64": "x86_64-pc-windows-msvc",
}


def get_default_configuration(triple=None):
    """The arguments of `PIXIECompiler` that build every ISA level: for this machine, or for a triple."""
    arch = decode_llvm_triple(triple or _TRIPLES[_core.host().platform]).arch
    return _arch(arch).default_configuration


def display_cpu_names():
    """Prints the names that `baseline_cpu` can have on this machine."""
    for cpu in _arch(decode_llvm_triple(_TRIPLES[_core.host().platform]).arch).cpus:
        print(f" - {cpu}")


class Levels(NamedTuple):
    """ISA levels of a platform, lowest first; the names that select them, lowest first; and what is not exact."""

    levels: list
    names: list
    warnings: list


class TargetDescription:
    """A baseline and additional targets.

    A processor is a member of the architecture's `cpus`, its name, or the name of a predefined target such as `x86-64-v3`. Features are
    a member of `features`, its name, a predefined name, or a tuple of these. A target is features, a pair of processor and
    features, or a `CPUDescription`; several stand in a tuple.

    Raises `ValueError` for unknown names and `TypeError` for other kinds.
    """

    def __init__(self, target_triple, baseline_cpu, baseline_features, targets_features):
        self.target_triple = decode_llvm_triple(target_triple)
        self.arch = _arch(self.target_triple.arch)
        cpu = self._cpu(baseline_cpu, "baseline_cpu")
        self.baseline_target = CPUDescription(cpu, self._features(baseline_features, "baseline_features"))
        several = isinstance(targets_features, tuple)
        targets = targets_features if several else () if targets_features in ("", None) else (targets_features,)
        self.additional_targets = tuple(self._target(target) for target in targets)

    @classmethod
    def for_host(cls, baseline_cpu, baseline_features, targets_features):
        """The description for this machine's platform."""
        return cls(_TRIPLES[_core.host().platform], baseline_cpu, baseline_features, targets_features)

    def levels(self, platform):
        """The ISA levels of `platform` that stand for the targets: for each the lowest that has all its features."""
        table = self.arch.levels[platform]
        order = list(table)
        chosen, names, notes = set(), [], []
        baseline = True
        for target in (self.baseline_target, *self.additional_targets):
            wanted = self.arch.implied(target.features) | table[self.arch.level_of_cpu(target.cpu, platform)]
            level = next((name for name in order if wanted <= table[name]), None)
            spelled = " ".join(map(str, target.features)) or str(target.cpu)
            if level is None:
                level = [name for name in order if table[name] <= wanted][-1]
                lacking = " ".join(sorted(wanted - table[level]))
                notes.append(f"no ISA level has all of `{spelled}`: built for {level}, without {lacking}")
            elif table[level] != wanted and target.features:
                more = " ".join(sorted(table[level] - wanted))
                notes.append(f"`{spelled}` becomes the ISA level {level}, which needs {more} too")
            chosen.add(level)
            if not baseline:
                names.append((str(max(target.features, default=level)), level))
            baseline = False
        levels = sorted(chosen, key=order.index)

        def selecting(name, level):
            # A feature selects the lowest level that has it, and versions of an architecture are no features to the loader.
            first = next((known for known in order if name in table[known]), None)
            return name if first == level and not name.startswith("v8") else level

        names = {(selecting(name, level), level): None for name, level in names}
        return Levels(levels, sorted(map(list, names), key=lambda pair: order.index(pair[1])), notes)

    def _unknown(self, what, name, kwarg):
        return ValueError(f"`{name}`, given as {kwarg}, is not a {what} of {self.target_triple.arch}")

    def _cpu(self, cpu, kwarg):
        if isinstance(cpu, str):
            predefined = vars(self.arch.predefined).get(cpu)
            if predefined is not None:
                return predefined.cpu
            if cpu not in self.arch.cpus.__members__:
                raise self._unknown("processor", cpu, kwarg)
            return self.arch.cpus[cpu]
        if not isinstance(cpu, CPUEnum):
            raise TypeError(f"{kwarg} should be a processor or its name, got {type(cpu).__name__}")
        if not isinstance(cpu, self.arch.cpus):
            raise self._unknown("processor", cpu, kwarg)
        return cpu

    def _features(self, features, kwarg):
        if isinstance(features, tuple):
            # A predefined name within a tuple stands for its features.
            return tuple(one for feature in features for one in self._features(feature, kwarg))
        if isinstance(features, str):
            predefined = vars(self.arch.predefined).get(features)
            if predefined is not None:
                return predefined.features
            if features not in self.arch.features.__members__:
                raise self._unknown("feature", features, kwarg)
            return (self.arch.features[features],)
        if not isinstance(features, FeaturesEnum):
            kind = type(features).__name__
            raise TypeError(f"{kwarg} should be features, their names, or a tuple of them, got {kind}")
        if not isinstance(features, self.arch.features):
            raise self._unknown("feature", features, kwarg)
        return (features,)

    def _target(self, target):
        if isinstance(target, CPUDescription):
            return target
        if isinstance(target, tuple):
            if len(target) == 2 and _names_cpu(target[0], self.arch):
                cpu, features = target
                return CPUDescription(self._cpu(cpu, "targets_features"), self._features(features, "targets_features"))
            return CPUDescription(self.baseline_target.cpu, self._features(target, "targets_features"))
        return CPUDescription(self.baseline_target.cpu, self._features(target, "targets_features"))

    def __str__(self):
        lines = [f"arch: {self.target_triple.arch}", f"baseline: {self.baseline_target}"]
        return "\n".join(lines + [f"target: {target}" for target in self.additional_targets])


def _names_cpu(word, arch):
    return isinstance(word, CPUEnum) or (isinstance(word, str) and word not in arch.features.__members__)


def _arch(name):
    known = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "aarch64"}
    if name not in known:
        raise ValueError(f"`{name}` is not an architecture that is known\nhint: expected one of {', '.join(known)}")
    return importlib.import_module(f"pixie.targets.{known[name]}")
