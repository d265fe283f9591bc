"""Fat modules: numeric functions, compiled once, that run at full speed everywhere.

After ``import pixie``, ``import kernels`` finds ``kernels.pixie`` on ``sys.path``, links the variant that suits this
processor best into memory, and gives its functions as built-ins::

    import pixie, kernels
    kernels.dot(a, b)
"""

import sys

try:
    # A build of CPython without the GIL finds the extension, and takes it for one of its own.
    if "t" in getattr(sys, "abiflags", ""):
        raise ImportError("it needs the GIL")
    from ._core import Export, FatModule, Host, Loader, __version__, fuse, host, info, load, load_into, portable
except ImportError as error:
    # Another platform, another Python, or a copy of the folder alone: only then is the message made.
    from . import _unsupported

    raise ImportError(_unsupported.message(error), name=error.name, path=error.path) from error

__all__ = ["Export", "FatModule", "Host", "Loader", "SUFFIX", "__version__", "fuse", "host", "info", "load", "load_into", "portable"]
__all__ += ["ExportConfiguration", "PIXIECompiler", "TranslationUnit"]

# Editors that complete names look for the types of a function beside the module that it names.
fuse.__module__ = host.__module__ = info.__module__ = load.__module__ = __name__

#: The suffix of a fat module.
SUFFIX = ".pixie"


def _install():
    """Teach the import system the suffix, behind the standard ones.

    The first path hook that accepts a folder serves it alone, so a hook of ours behind the standard one would never be
    asked. Ours stands right before it instead and makes the same ``FileFinder``, with the standard suffixes first and
    ours last: within a folder, packages, extensions and Python files win; among folders, the order of ``sys.path``
    decides; a folder without ``__init__`` is a namespace package only where nothing else has the name.
    """
    # What `importlib.machinery` re-exports; importing that module would cost more than the rest of this package.
    import _frozen_importlib_external as machinery

    entry = (Loader, [SUFFIX])
    finder_type = machinery.FileFinder
    hook = finder_type.path_hook(*machinery._get_supported_file_loaders(), entry)
    hook.__qualname__ = hook.__name__ = "pixie_path_hook"
    hooks = sys.path_hooks
    if any(getattr(present, "__name__", "") == hook.__name__ for present in hooks):
        return
    standard = (i for i, present in enumerate(hooks) if getattr(present, "__name__", "") == "path_hook_for_FileFinder")
    hooks.insert(next(standard, len(hooks)), hook)
    # Finders that exist already know the files of their folders: they learn the suffix rather than read them again.
    for path, finder in list(sys.path_importer_cache.items()):
        if type(finder) is finder_type:
            loaders = getattr(finder, "_loaders", None)
            if isinstance(loaders, list):
                loaders.append((SUFFIX, Loader))
            else:
                del sys.path_importer_cache[path]


_install()
del _install


def __getattr__(name):
    """Imports the build interface of numba/pixie when it is first asked for: programs that only load modules do not pay."""
    if name in ("PIXIECompiler", "TranslationUnit", "ExportConfiguration"):
        from . import compiler

        return getattr(compiler, name)
    if name in ("compiler", "targets"):
        import importlib

        return importlib.import_module(f"pixie.{name}")
    raise AttributeError(f"module 'pixie' has no attribute '{name}'")
