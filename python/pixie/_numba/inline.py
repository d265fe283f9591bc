"""The bitcode of a fat module for Numba's own LLVM, which inlines it; where that cannot be, calls stay calls.

What is linked in is `available_externally`: a body that the optimiser may inline and that is no definition, so what it does not
inline calls the code that the module has for this processor, and no code is there twice.
"""

import os
import re

import llvmlite.binding as llvm

#: Intrinsics that LLVM makes instructions of, or calls of functions that every process with Numba has.
INTRINSICS = re.compile(
    r"llvm\.(lifetime|memcpy|memmove|memset|fabs|sqrt|fma|fmuladd|floor|ceil|trunc|rint|nearbyint|round|copysign|minnum|maxnum"
    r"|minimum|maximum|ctpop|ctlz|cttz|bswap|bitreverse|fshl|fshr|abs|smin|smax|umin|umax|[su](add|sub|mul)\.with\.overflow"
    r"|[su](add|sub)\.sat|assume|expect|experimental\.noalias\.scope\.decl|objectsize|is\.constant)(\.|$)"
)
#: What needs a compiler's run-time library, an assembler, or a stack of its own.
REFUSED = re.compile(r"\b(i128|half|bfloat|fp128|x86_fp80|ppc_fp128|asm|thread_local|ifunc|invoke|indirectbr|musttail)\b")
#: A definition of data that is written to.
MUTABLE = re.compile(r"^@(?:\"[^\"]*\"|\S+) = (?:(?!constant\b)[^\n\"{\[])*?\bglobal\b", re.M)
#: Arithmetic that one level may round otherwise than another.
CONTRACTED = re.compile(r"@llvm\.fmuladd\.|= (?:tail |musttail |notail )?f?(?:add|sub|mul|div|rem|neg|call)\b[^@\n]*? (?:contract|reassoc|arcp|afn|fast) ")
#: Text beyond which a function is left alone: it would not be inlined, and Numba would optimise it in vain.
LARGEST = 1 << 18


def wanted():
    """Whether bitcode is inlined at all: `PIXIE_NUMBA` is `inline`, which is the default, or `opaque`."""
    return os.environ.get("PIXIE_NUMBA", "inline") != "opaque"


def linked(library, export, name):
    """Gives `library`, which is being compiled, the body of an export under `name`.

    Returns None if that was done, or the reason why calls stay calls, and the functions outside that the body calls.
    """
    if not wanted():
        return "PIXIE_NUMBA is `opaque`", ()
    try:
        module, outside = prepare(library._codegen, export, name)
        library.add_llvm_module(module)
        # Only now: the linker leaves out such a body as long as nothing refers to it.
        library._final_module.get_function(name).linkage = "available_externally"
    except Unfit as unfit:
        return str(unfit), ()
    except AttributeError as error:
        # What is used of Numba's and llvmlite's insides is not promised to stay.
        return f"this version of Numba is put together otherwise: {error}", ()
    return None, outside


class Unfit(Exception):
    """Why bitcode cannot be inlined."""


def prepare(codegen, export, name):
    """The function and what it needs, as a module of LLVM, and the names of the functions outside that it calls."""
    found = export._bitcode()
    if found is None:
        raise Unfit("the module's file has no bitcode for this platform")
    ours, theirs = int(found["llvm"].split(".")[0]), llvm.llvm_version_info[0]
    if ours != theirs:
        raise Unfit(f"the bitcode is of LLVM {ours}, llvmlite has LLVM {theirs}")
    if found["data_layout"] not in ("", codegen._data_layout):
        raise Unfit("the data layout is not Numba's")
    if returns_address(export):
        raise Unfit("it returns an address, which may be of data in the module")
    try:
        module = llvm.parse_bitcode(found["bytes"])
        module.verify()
    except RuntimeError as error:
        raise Unfit(f"the bitcode cannot be read: {error}") from error
    module.triple, module.data_layout = codegen._tm.triple, codegen._data_layout
    keep_only(module, codegen, export.symbol)
    # The data layout has words of types.
    text = re.sub(r"^(target|source_filename|!llvm\.ident) .*\n", "", str(module), flags=re.M)
    outside = check(module, text, found["reproducible"])
    function = module.get_function(export.symbol)
    function.name = name
    module.verify()
    return module, outside


def returns_address(export):
    return export._typed()["returns"] == "ptr"


def keep_only(module, codegen, symbol):
    """Removes what the function does not need."""
    for value in [*module.functions, *module.global_variables]:
        if value.is_declaration or value.name == symbol or value.name.startswith("llvm."):
            continue
        value.linkage = "internal"
    try:
        module.get_function(symbol).linkage = "external"
    except NameError as error:
        raise Unfit("the bitcode does not define it under its symbol") from error
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_debug_info_pass()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, llvm.create_pass_builder(codegen._tm, llvm.create_pipeline_tuning_options(0)))


def check(module, text, reproducible):
    """Refuses what would not be the same in Numba's code; returns the functions outside that are called."""
    if len(text) > LARGEST:
        raise Unfit("it is too large to be inlined")
    if MUTABLE.search(text):
        raise Unfit("it has data that is written to, of which there must be one")
    if match := REFUSED.search(text):
        raise Unfit(f"it has `{match[0]}`, which Numba's linker may not support")
    if "!DICompileUnit" in text:
        raise Unfit("it has debug information, which Numba's own code would have to have too")
    if reproducible and CONTRACTED.search(text):
        raise Unfit("it is to give the same bits at every level, which Numba does not see to")
    outside = set()
    for value in [*module.functions, *module.global_variables]:
        if not value.is_declaration:
            continue
        if value.name.startswith("llvm."):
            if not INTRINSICS.match(value.name):
                raise Unfit(f"it has the intrinsic `{value.name}`")
        elif llvm.address_of_symbol(value.name) is None:
            raise Unfit(f"it needs `{value.name}`, which Numba's linker does not find")
        else:
            outside.add(value.name)
    return tuple(sorted(outside))
