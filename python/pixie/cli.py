"""The commands `pixie-cc` and `pixie-cythonize` of numba/pixie, over the `pixie` command."""

import argparse
import json
import os
import sys
import warnings

from .compiler import ExportConfiguration, PIXIECompiler, TranslationUnit
from .targets import get_default_configuration


def pixie_cc(arguments=None):
    """Builds C sources; without a configuration, everything that they define is offered."""
    parser = _parser("pixie-cc", "Build a fat module from C for this machine's platform.", "C source")
    parser.add_argument("-C", "--config", metavar="<json>", help="sources and exports, instead of files")
    return _main(parser, arguments, _c_units)


def pixie_cythonize(arguments=None):
    """Builds Cython sources; their `cdef public` functions are offered."""
    parser = _parser("pixie-cythonize", "Build a fat module from Cython for this machine's platform.", "Cython source")
    parser.set_defaults(config=None)
    return _main(parser, arguments, lambda args: _units(args.sources, TranslationUnit.from_cython_source))


def _parser(name, description, what):
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("-g", action="store_true", help="keep line tables")
    parser.add_argument("-v", action="store_true", help="print the commands that run")
    parser.add_argument("-o", metavar="<lib>", help="the library's name [default: that of the first source]")
    parser.add_argument("-O", metavar="<n>", type=int, choices=range(4), default=3, help="optimisation level, 0 to 3")
    parser.add_argument("sources", nargs="*", metavar="file", help=what)
    return parser


def _main(parser, arguments, units):
    args = parser.parse_args(arguments)
    if bool(args.sources) == bool(args.config):
        parser.error("expected source files" + (" or a configuration, not both" if args.config else ""))
    # Warnings are messages here, not lines of this file.
    warnings.showwarning = lambda message, *_, **__: print(message, file=sys.stderr)
    try:
        sources, exports = units(args)
        output = args.o or os.path.splitext(os.path.basename(args.sources[0] if args.sources else args.config))[0]
        folder, name = os.path.split(output.removesuffix(".pixie"))
        compiler = PIXIECompiler(
            library_name=name,
            translation_units=sources,
            export_configuration=exports,
            opt=args.O,
            output_dir=folder or ".",
            **get_default_configuration(),
        )
        compiler._debug, compiler._verbose = args.g, args.v
        compiler.compile()
    except (OSError, ValueError, TypeError, ModuleNotFoundError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _units(paths, make):
    return [make(path) for path in paths], None


def _c_units(args):
    if args.config is None:
        return _units(args.sources, TranslationUnit.from_c_source)
    with open(args.config, encoding="utf-8") as file:
        config = json.load(file)
    try:
        exports = ExportConfiguration()
        for symbol in config["export_config"]["symbols"]:
            exports.add_symbol(**symbol)
        return [_configured(dict(unit)) for unit in config["translation_unit"]], exports
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"`{args.config}`: {error}\n"
            "hint: expected `export_config.symbols` and `translation_unit`, with the arguments of add_symbol and TranslationUnit"
        ) from None


def _configured(unit):
    path = unit.pop("path", None)
    if path is None:
        return TranslationUnit(**unit)
    makers = {".c": TranslationUnit.from_c_source, ".pyx": TranslationUnit.from_cython_source}
    suffix = os.path.splitext(path)[1]
    if suffix not in makers:
        raise ValueError(f"`{path}` is not a kind of source that is known\nhint: expected a file that ends in .c or .pyx")
    return makers[suffix](path, **unit)
