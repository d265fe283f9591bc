"""The parts of `__PIXIE__` that are Python's: names and signatures as they were given to the first PIXIE's interface, and `specialize`."""

import os

from . import _metadata

_SUFFIX = "_pixie_specialized"


def complete(overlay, about):
    """Completes the dict `overlay` of the module that `about` describes, in place. Called by the runtime.

    Where `specialize` has left a module beside this one with the same `uuid`, its functions stand in the dict instead.
    """
    told = _metadata.read(about["metadata"], dict)
    overlay["uuid"] = told.get("uuid") or _uuid(about["build_id"])
    _rename(overlay, about)
    if "isas" in told:
        _isas(overlay, told["isas"])
    overlay["specialize"] = _specializer(overlay, about)
    _substitute(overlay, about)


def _uuid(build_id):
    import uuid

    return str(uuid.UUID(hex=build_id[:32], version=5))


def _rename(overlay, about):
    """Exports that have metadata of the build interface stand under the names and signatures that it was given."""
    told = [(symbol, _metadata.read(metadata, list)) for _, _, symbol, metadata in about["exports"]]
    if not any(entries for _, entries in told):
        return
    import ctypes

    from .types import Signature

    entries = {entry["symbol"]: entry for of_name in overlay["symbols"].values() for entry in of_name.values()}
    symbols = {}
    for symbol, names in told:
        for name in names:
            types = Signature(name["signature"]).as_ctypes()
            prototype = ctypes.CFUNCTYPE(types.return_type, *types.argument_types)
            entry = dict(entries[symbol], ctypes_cfunctype=prototype, metadata=_metadata.value(name))
            entry["cfunc"] = prototype(entry["address"])
            symbols.setdefault(name["name"], {})[name["signature"]] = entry
    overlay["symbols"] = symbols


def _isas(overlay, names):
    overlay["available_isas"] = ["baseline", *(name for name, _ in names)]
    here = [name for name, level in names if level == overlay["selected_isa"]]
    forced = os.environ.get("PIXIE_USE_ISA", "").lower()
    overlay["selected_isa"] = forced if forced in here or forced == "baseline" else here[-1] if here else "baseline"


def _specializer(overlay, about):
    def specialize(baseline_cpu="host", baseline_features=None, targets_features=None):
        """Compiles the module's bitcode again, to a module beside it that `__PIXIE__` refers to from the next import on.

        `host` is the highest ISA level of this machine; other processors, features and targets are as `pixie.PIXIECompiler` takes
        them. Needs the `pixie` command. Returns nothing.

        Raises `FileNotFoundError` without that command, `ValueError` for unknown names, `OSError` where the module's file is gone,
        and `pixie.compiler.BuildError` with the message of `pixie build`, for one where the folder cannot be written to.
        """
        _specialize(overlay, about, baseline_cpu, baseline_features, targets_features)

    return specialize


def _specialize(overlay, about, baseline_cpu, baseline_features, targets_features):
    import json
    import tempfile
    import warnings

    from . import _core
    from ._toolchain import run
    from .targets.common import TargetDescription

    if about["path"] is None or overlay["bitcode"] is None:
        raise OSError(f"the file of the module `{about['name']}` is not there any more, or holds no bitcode")
    if baseline_cpu == "host":
        levels, names = [_core.host().levels[-1]], []
        if baseline_features or targets_features:
            raise ValueError("`host` has the features of this machine\nhint: name a processor to choose features or targets")
    else:
        description = TargetDescription.for_host(baseline_cpu, baseline_features or (), targets_features or ())
        levels, names, notes = description.levels(about["platform"])
        for note in notes:
            warnings.warn(note, stacklevel=3)
    output = _beside(about["path"])
    name = about["name"].rpartition(".")[2] + _SUFFIX
    told = {"upstream": {"uuid": overlay["uuid"], "isas": names}}
    words = ["-o", output, "--name", name, "--platform", about["platform"], "--unsafe-pointers", "--quiet"]
    words += ["--isa", f"{about['platform']}={','.join(levels)}", f"-O{about['opt']}", "--metadata", json.dumps(told)]
    words += ["--reproducible"] * about["reproducible"]
    for symbol in about["foreign"]:
        words += ["--allow-import", symbol]
    for export, signature, symbol, metadata in about["exports"]:
        words += ["--export", f"{export} = {symbol}{signature[len(export):]}"]
        words += ["--export-metadata", f"{export}={metadata}"] if metadata else []
    with tempfile.TemporaryDirectory(prefix="pixie-") as folder:
        with open(os.path.join(folder, "self.bc"), "wb") as file:
            file.write(overlay["bitcode"])
        run(["build", "self.bc", *words], folder)


def _substitute(overlay, about):
    """Takes the functions of the specialised module, if there is one that was made from this one."""
    if about["path"] is None:
        return
    path = _beside(about["path"])
    if not os.path.exists(path):
        return
    from . import _core

    try:
        found = _core.load(path).__PIXIE__
    except ImportError as error:
        _warn(f"`{path}` cannot be used: {error}")
        return
    if found["uuid"] != overlay["uuid"]:
        _warn(f"`{path}` was made from another build of `{about['name']}` and is not used\nhint: call `specialize` again")
        return
    for of_name in found["symbols"].values():
        for entry in of_name.values():
            entry["module"] = about["name"]
    overlay["is_specialized"] = True
    overlay.update({key: found[key] for key in ("symbols", "available_isas", "selected_isa")})


def _beside(path):
    return os.path.splitext(path)[0] + _SUFFIX + ".pixie"


def _warn(text):
    import warnings

    warnings.warn(text, ImportWarning, stacklevel=2)
