"""AArch64 as Linux names it: the features of `pixie.targets.arm64`, and the levels of Linux as the default."""

from types import SimpleNamespace

from .arm64 import cpus, features, implied, level_of_cpu, levels
from .common import CPUDescription

__all__ = ["cpus", "default_configuration", "features", "implied", "level_of_cpu", "levels", "predefined"]

predefined = SimpleNamespace()
for _name, _features in [
    ("armv8-a", (features.v8a,)),
    ("armv8.2-a", (features.v8_2a, features.fullfp16, features.dotprod)),
    ("sve", (features.v8_2a, features.sve)),
    ("sve2", (features.v8_3a, features.dotprod, features.sve2)),
]:
    setattr(predefined, _name, CPUDescription(cpus.generic, _features))

#: The arguments of `PIXIECompiler` that build every level of Linux.
default_configuration = {
    "baseline_cpu": cpus.generic,
    "baseline_features": (features.v8a,),
    "targets_features": tuple(vars(predefined)[_name] for _name in ("armv8.2-a", "sve", "sve2")),
}
