"""Calls of C functions by symbol, and how cached machine code finds the symbols again."""

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

import pixie
from pixie._core import _restore

from . import inline

#: For each symbol that was compiled a call of, why the call stays one; None where the body was given to the optimiser.
REASONS = {}

#: Numba's types by the names that signatures have for them.
NUMBA_TYPES = {
    "bool": types.boolean,
    **{f"i{bits}": getattr(types, f"int{bits}") for bits in (8, 16, 32, 64)},
    **{f"u{bits}": getattr(types, f"uint{bits}") for bits in (8, 16, 32, 64)},
    "f32": types.float32,
    "f64": types.float64,
    "c64": types.complex64,
    "c128": types.complex128,
    "ptr": types.uintp,
    "status": types.int32,
    "void": types.none,
}


class Stale(OSError):
    """The code that a cached function calls is not the code that is here.

    Numba takes an `OSError` while it reads an entry of its cache for an entry that is gone, and compiles again.
    """


class Symbols:
    """What compiled code calls of one module: kept in its environment, so that it is unpickled before the code is linked.

    An unresolved symbol would end the process, so this either registers it or raises.
    """

    def __init__(self, recipe, names, outside=()):
        self.recipe, self.names, self.outside = recipe, names, set(outside)

    def __reduce__(self):
        return restore_symbols, (self.recipe, self.names, self.outside)


def symbol(export):
    """The name under which LLVM knows the export's C function."""
    return f"pixie.{export.build_id}.{export.symbol}"


def overloads(export):
    """The handles of a name's functions, in the order in which they are tried."""
    while export is not None:
        yield export
        export = export._next()


def register(export):
    """Makes the export's C function known to LLVM by its symbol; returns the symbol."""
    name = symbol(export)
    llvmlite.binding.add_symbol(name, export.address)
    return name


def restore_symbols(recipe, names, outside=()):
    """Registers the functions of a module that cached code calls; `recipe` is what a pickle would hold of the module.

    `outside` are the functions of the process that inlined bodies call.
    """
    for name in outside:
        if llvmlite.binding.address_of_symbol(name) is None:
            raise Stale(f"there is no function `{name}` in this process")
    try:
        module = _restore(*recipe)
        for name in names:
            for export in overloads(pixie.info(getattr(module, name))):
                register(export)
    except (ImportError, OSError) as error:
        raise Stale(str(error)) from error
    return Symbols(recipe, names, outside)


def external(export, typed):
    """The intrinsic that calls the C function with one argument for each of its parameters, converted already."""
    parameters, returns = typed["parameters"], typed["returns"]

    def typing(typingctx, arguments):
        pairs = zip(parameters, arguments, strict=True)
        signature = NUMBA_TYPES[returns](*(argument_type(parameter, given) for parameter, given in pairs))
        return signature, generate

    def generate(context, builder, signature, arguments):
        name = register(export)
        reason, outside = inline.linked(context.active_code_library, export, name)
        REASONS[name] = reason
        keep(context, builder, export, outside)
        passed = [
            passed_value(context, builder, parameter, given, value)
            for parameter, given, value in zip(parameters, signature.args, arguments, strict=True)
        ]
        kind = ir.FunctionType(c_type(returns), [value.type for value in passed])
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        # Callers extend small integers, as clang's code expects.
        extended = {at: (how,) for at, parameter in enumerate(parameters) if (how := extension(parameter["type"]))}
        result = builder.call(function, passed, arg_attrs=extended)
        if returns == "void":
            return context.get_dummy_value()
        if returns == "bool":
            return builder.trunc(result, ir.IntType(1))
        return builder.ptrtoint(result, ir.IntType(64)) if returns == "ptr" else result

    return variadic(typing, len(parameters))


def variadic(typing, count):
    """An intrinsic of `count` arguments: Numba counts those of the Python function."""
    names = "".join(f", p{index}" for index in range(count))
    space = {"typing": typing}
    exec(f"def call(typingctx{names}): return typing(typingctx, ({names[2:]}{',' if count else ''}))", space)
    return intrinsic(space["call"])


def argument_type(parameter, given):
    """The type as which an argument is passed: Numba converts to it."""
    if isinstance(given, types.Array | types.NoneType):
        return given
    if isinstance(given, types.Omitted):
        return types.none if given.value is None else NUMBA_TYPES[parameter["type"]]
    return NUMBA_TYPES[parameter["type"]]


def c_type(name):
    """LLVM's type of what C passes by value."""
    if name == "void":
        return ir.VoidType()
    if name == "ptr":
        return ir.IntType(8).as_pointer()
    if name in ("f32", "f64"):
        return ir.FloatType() if name == "f32" else ir.DoubleType()
    return ir.IntType({"bool": 8, "status": 32}.get(name) or int(name[1:]))


def extension(name):
    """The attribute of an integer parameter that is smaller than a register, or None."""
    if name in ("bool", "u8", "u16", "u32"):
        return "zeroext"
    return "signext" if name in ("i8", "i16", "i32") else None


def passed_value(context, builder, parameter, given, value):
    """What C gets for an argument."""
    address = ir.IntType(8).as_pointer()
    if isinstance(given, types.NoneType):
        return ir.Constant(address, None)
    if isinstance(given, types.Array):
        data = context.make_array(given)(context, builder, value).data
        return builder.bitcast(data, address)
    if parameter["type"] == "ptr":
        return builder.inttoptr(value, address)
    if parameter["type"] == "bool":
        return builder.zext(value, ir.IntType(8))
    return value


def keep(context, builder, export, outside):
    """Notes in the function's environment what it calls. Numba stores environments with the code that refers to them."""
    name, path, build_id, _, *content = export.__reduce__()[1]
    recipe = (name, path, build_id, None, *content)
    consts = context.environment.consts
    for there in consts:
        if isinstance(there, Symbols) and there.recipe == recipe:
            there.names |= {export.name}
            there.outside |= set(outside)
            break
    else:
        consts.append(Symbols(recipe, {export.name}, outside))
    context.declare_env_global(builder.module, context.get_env_name(context.fndesc))
