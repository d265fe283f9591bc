"""The build interface of numba/pixie over the `pixie` command: translation units and an export configuration to a fat module.

Programs written for it run as they are, with these differences: what is written is `NAME.pixie`, which `import NAME` finds after
`import pixie`; processor features become ISA levels; LLVM IR is read when the module is built, not when the unit is made; Python
functions of a Cython source (`def`) are not part of the module, since its code runs without an interpreter.
"""

import json
import keyword
import os
import re
import sysconfig
import tempfile
import warnings
from typing import NamedTuple

from . import _core
from ._metadata import export_metadata
from ._toolchain import BuildError, run
from .targets.common import TargetDescription
from .types import Signature

__all__ = ["BuildError", "ExportConfiguration", "PIXIECompiler", "TranslationUnit"]

#: A function in the header that Cython writes of a source's `cdef public` declarations.
_PUBLIC = re.compile(r"^__PYX_EXTERN_C\s+([^();]*?)(\w+)\(([^()]*)\);", re.MULTILINE)

#: An undefined symbol of Python's in a message of `pixie build`, and the function that needs it.
_PYTHON_CALL = re.compile(r"undefined symbol `(_?Py\w+)`, needed by function `(\w+)`")


class TranslationUnit:
    """One source of a module: LLVM IR as a `str`, or bitcode as `bytes`. `name` stands for it in messages.

    Raises `TypeError` if either is something else. Text with the typed pointers of LLVM 14 and older is upgraded; bitcode may be of
    any older LLVM.
    """

    def __init__(self, name, source):
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, got {type(name).__name__}")
        if not isinstance(source, (str, bytes)):
            raise TypeError(f"source must be a string or bytes, got {type(source).__name__}")
        self._name = name
        self._source = source
        #: Of a Cython source, the public functions: name and signature.
        self._public = None

    @classmethod
    def from_c_source(cls, path_to_c_file, name="", extra_flags=()):
        """Compiles the C file at `path_to_c_file` with `extra_flags` for this machine's platform, to unoptimised bitcode.

        Raises `BuildError`, which is a `subprocess.CalledProcessError`, with the compiler's message.
        """
        path = os.path.abspath(os.fsdecode(path_to_c_file))
        with tempfile.TemporaryDirectory(prefix="pixie-") as folder:
            with open(path, "rb") as file:
                text = file.read()
            # The front end tells sources by their suffix, and upstream's callers use files without one.
            copy = os.path.join(folder, _file_name(path, ".c"))
            with open(copy, "wb") as file:
                file.write(text)
            words = ["bitcode", os.path.basename(copy), "-o", "unit.bc"]
            flags = ["-iquote", os.path.dirname(path), *_python_headers(), *extra_flags]
            _tell(run(words + [f"--cflag={flag}" for flag in flags], folder))
            with open(os.path.join(folder, "unit.bc"), "rb") as file:
                return cls(name or os.fsdecode(path_to_c_file), file.read())

    @classmethod
    def from_cython_source(cls, path_to_cython_file, name="", extra_clang_flags=(), extra_cython_flags=()):
        """Translates the Cython file at `path_to_cython_file` with the `cython` package of this Python, and compiles the C.

        Functions declared `cdef public` can be exported. What they reach may not call Python's API: C types alone, `noexcept`, and
        `cdivision=True` where they divide.

        Raises `ModuleNotFoundError` without the package `cython`, and `BuildError` with the compiler's message.
        """
        import importlib.util
        import subprocess
        import sys

        if importlib.util.find_spec("Cython") is None:
            raise ModuleNotFoundError("Cython sources need the package `cython`\nhint: `pip install cython`")
        path = os.path.abspath(os.fsdecode(path_to_cython_file))
        with tempfile.TemporaryDirectory(prefix="pixie-") as folder:
            made = os.path.join(folder, os.path.splitext(os.path.basename(path))[0] + ".c")
            words = [sys.executable, "-m", "cython", "-3", *extra_cython_flags, path, "-o", made]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode != 0:
                said = f"{done.stdout}{done.stderr}".rstrip()
                raise BuildError(done.returncode, words, f"`{path}` does not compile:\n{said}")
            flags = ["-iquote", os.path.dirname(path), *extra_clang_flags]
            unit = cls.from_c_source(made, name or os.fsdecode(path_to_cython_file), flags)
            header = os.path.splitext(made)[0] + ".h"
            unit._public = []
            if os.path.exists(header):
                with open(header) as file:
                    unit._public = _public_functions(file.read())
            return unit


class _pixie_export(NamedTuple):
    symbol_name: str
    python_name: str
    signature: str
    metadata: object


class ExportConfiguration:
    """The functions that a module offers."""

    def __init__(self):
        self._data = []

    def add_symbol(self, symbol_name, python_name, signature, metadata=None):
        """Offers the function `symbol_name` as `python_name`; several with other signatures may share a name.

        `signature` is like `void(double*, i64*)` (see `pixie.types.Signature`); `metadata` is kept with it, anything that JSON or
        Python's literals can say. Raises `ValueError` for a signature that cannot be read or was added to the name before, and
        `TypeError` for other metadata.
        """
        Signature(signature)
        export_metadata([(python_name, signature, metadata)])
        if any((known.python_name, known.signature) == (python_name, signature) for known in self._data):
            raise ValueError(f"`{python_name}` has the signature `{signature}` already")
        self._data.append(_pixie_export(symbol_name, python_name, signature, metadata))


class PIXIECompiler:
    """A build: `compile()` writes `output_dir/library_name.pixie` for this machine's platform.

    `baseline_cpu`, `baseline_features` and `targets_features` are as `pixie.targets.common.TargetDescription` takes them; each target
    becomes the lowest ISA level that has all its features, with a warning where that is not exact. `opt` is 0 to 3. The keys of
    `opt_flags` are `loop_vectorize` and `slp_vectorize`; the optimiser does both unless `opt` is 0. `uuid` is what the module's
    `__PIXIE__["uuid"]` says; without one it is made from the build id.

    Raises `TypeError` or `ValueError` for arguments of the wrong kind, and `NotImplementedError` for `python_cext=False`.
    """

    def __init__(
        self,
        library_name=None,
        translation_units=(),
        export_configuration=None,
        baseline_cpu="",
        baseline_features=(),
        targets_features=(),
        python_cext=True,
        uuid=None,
        opt=3,
        opt_flags=None,
        output_dir=".",
    ):
        _check("library_name", library_name, str, "a string")
        if not _is_identifier(library_name):
            raise ValueError(f"library_name `{library_name}` is not a name that Python can import")
        _check("translation_units", translation_units, (tuple, list), "a tuple or list")
        if not translation_units:
            raise ValueError("translation_units is empty, so there is nothing to compile")
        for unit in translation_units:
            _check("translation_units", unit, TranslationUnit, "a tuple or list of TranslationUnit")
        kinds = (ExportConfiguration, type(None))
        _check("export_configuration", export_configuration, kinds, "an ExportConfiguration or None")
        if baseline_cpu == "":
            raise ValueError("baseline_cpu is missing\nhint: `pixie.targets.common.display_cpu_names()` lists the names")
        _check("python_cext", python_cext, bool, "a bool")
        if not python_cext:
            raise NotImplementedError(
                "python_cext=False asks for a shared library, which a fat module is not\nhint: `pixie.load(path)` loads one without "
                "the import system, and the spec and `pixie-ld` serve other languages"
            )
        _check("uuid", uuid, (str, type(None)), "the text of a UUID or None")
        if uuid is not None:
            import uuid as uuids

            uuids.UUID(uuid)
        if isinstance(opt, bool) or opt not in (0, 1, 2, 3):
            raise ValueError(f"opt must be 0, 1, 2 or 3, got {opt!r}")
        _check_opt_flags(opt_flags or {})
        _check("output_dir", output_dir, (str, bytes, os.PathLike), "a string, bytes or os.PathLike")
        self._library_name = library_name
        self._translation_units = tuple(translation_units)
        self._export_configuration = export_configuration
        self._uuid = uuid
        self._opt = opt
        self._output_dir = os.fsdecode(output_dir)
        self._target_descr = TargetDescription.for_host(baseline_cpu, baseline_features, targets_features)
        self._debug = self._verbose = False

    def compile(self):
        """Writes the module. Raises `BuildError` with the message of `pixie build`, and `FileNotFoundError` without that command."""
        platform = _core.host().platform
        output = os.path.abspath(os.path.join(self._output_dir, self._library_name + ".pixie"))
        levels = self._target_descr.levels(platform)
        about = {"isas": levels.names, **({"uuid": self._uuid} if self._uuid else {})}
        words = ["-o", output, "--name", self._library_name, "--platform", platform, "--unsafe-pointers", "--quiet"]
        words += ["--isa", f"{platform}={','.join(levels.levels)}", f"-O{self._opt}", *(["-g"] if self._debug else [])]
        words += ["--metadata", json.dumps({"upstream": about})]
        for name, symbol, signature, metadata in self._exports():
            words += ["--export", f"{name} = {symbol}{signature}", "--export-metadata", f"{name}={metadata}"]
        for message in levels.warnings:
            warnings.warn(message, stacklevel=2)
        with tempfile.TemporaryDirectory(prefix="pixie-") as folder:
            files = self._files(folder)
            try:
                _tell(self._named(run(["build", *files, *words], folder, self._verbose), files), 3)
            except BuildError as error:
                error.message = self._explained(self._named(error.message, files))
                raise

    def _named(self, text, files):
        """A message with the names that the units have outside."""
        for file, unit in zip(files, self._translation_units):
            text = text.replace(f"`{file}`", f"`{unit._name}`")
        return text

    def _files(self, folder):
        names = []
        for index, unit in enumerate(self._translation_units):
            name = _file_name(unit._name, ".ll" if isinstance(unit._source, str) else ".bc")
            if name in names:
                name = f"{index}_{name}"
            with open(os.path.join(folder, name), "wb") as file:
                file.write(unit._source.encode() if isinstance(unit._source, str) else unit._source)
            names.append(name)
        return names

    def _exports(self):
        """One export for each symbol: its name, symbol, signature, metadata. None: whatever the units define.

        A name that stands for several functions is no export of that name: all their pointers look alike, so that a call could not
        choose among them. They are told apart in `__PIXIE__`.
        """
        data = self._export_configuration._data if self._export_configuration else []
        cython = [unit for unit in self._translation_units if unit._public is not None]
        if not data and cython:
            public = [(unit, *function) for unit in cython for function in unit._public]
            data = [_pixie_export(name, name, signature, None) for _, name, signature in public]
            if not data:
                names = ", ".join(f"`{unit._name}`" for unit in cython)
                raise ValueError(
                    f"{names}: no function can be exported\nhint: declare functions of C types as `cdef public`; a `def` function "
                    "needs the interpreter, which a fat module's code runs without"
                )
        symbols = {}
        for export in data:
            symbols.setdefault(export.symbol_name, []).append(export)
        for symbol, entries in symbols.items():
            signatures = {Signature(entry.signature).as_export() for entry in entries}
            if len(signatures) > 1:
                differ = ", ".join(sorted(signatures))
                raise ValueError(f"`{symbol}` is one function, but has signatures that differ: {differ}")
            names = {entry.python_name for entry in entries}
            name = names.pop()
            shared = names or any(other.symbol_name != symbol and other.python_name == name for other in data)
            if shared or not _is_identifier(name):
                name = symbol
            if name != symbol and name in symbols:
                name = symbol
            if not _is_identifier(name):
                name = f"symbol_{list(symbols).index(symbol)}"
            entries = [(entry.python_name, entry.signature, entry.metadata) for entry in entries]
            yield name, symbol, signatures.pop(), export_metadata(entries)

    def _explained(self, message):
        """The message of a build of Cython sources in their terms."""
        names = ", ".join(f"`{unit._name}`" for unit in self._translation_units if unit._public is not None)
        if not names:
            return message
        if "has no such function" in message or "is static" in message:
            return message + "\nhint: in Cython only what is declared `cdef public` is a symbol of its own"
        calls = _PYTHON_CALL.findall(message)
        if not calls:
            return message
        callers = ", ".join(dict.fromkeys(caller for _, caller in calls if not caller.startswith("__Pyx_")))
        called = ", ".join(f"`{symbol}`" for symbol in dict.fromkeys(symbol for symbol, _ in calls))
        return (
            f"{names}: `{callers or calls[0][1]}` needs Python's API, which a fat module's code runs without ({called})\n"
            "hint: use C types alone, `noexcept nogil`, and `@cython.cdivision(True)` where it divides"
        )


def _python_headers():
    """The compiler's flags for `Python.h`."""
    folder = sysconfig.get_path("include")
    parent, name = os.path.split(folder)
    arch = sysconfig.get_config_var("MULTIARCH") or ""
    # Debian's pyconfig.h includes that of the architecture from the folder above, which holds the C library's headers too.
    if arch and os.path.exists(os.path.join(parent, arch, name, "pyconfig.h")):
        return ["-I", folder, "-idirafter", parent]
    return ["-I", folder]


def _check(name, value, kinds, what):
    if not isinstance(value, kinds):
        raise TypeError(f"{name} should be {what}, got {type(value).__name__}")


def _check_opt_flags(flags):
    for key, value in flags.items():
        if key not in ("loop_vectorize", "slp_vectorize"):
            raise ValueError(f"opt_flags has `{key}`\nhint: expected `loop_vectorize` or `slp_vectorize`")
        if not value:
            warnings.warn(f"opt_flags: `{key}` stays on; it is a part of the optimiser from opt=2", stacklevel=3)


def _is_identifier(name):
    dunder = name.startswith("__") and name.endswith("__")
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and not dunder


def _file_name(name, suffix):
    stem = re.sub(r"[^\w.-]", "_", os.path.basename(name), flags=re.ASCII).lstrip("-.") or "unit"
    return stem if stem.endswith(suffix) else stem + suffix


def _public_functions(header):
    functions = []
    for result, name, params in _PUBLIC.findall(header):
        try:
            signature = repr(Signature(f"{result.strip()}({params})"))
        except ValueError as error:
            warnings.warn(f"`{name}` is left out: {error}", stacklevel=4)
            continue
        functions.append((name, signature))
    return functions


def _tell(said, level=4):
    if said:
        warnings.warn(said, stacklevel=level)
