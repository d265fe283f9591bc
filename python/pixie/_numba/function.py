"""The Numba type of a fat module's function: says which arguments fit, and compiles the wrapper for them."""

import inspect

from numba.core import errors, types
from numba.core.datamodel import models
from numba.extending import register_model

from .external import NUMBA_TYPES, overloads, symbol
from .wrapper import compile_wrapper

#: What was made for a function, by the symbols and addresses of its overloads.
MADE = {}


class FatFunction(types.Dispatcher):
    """The type of a function; every function has its own. Its dispatcher is the first overload's."""

    def get_call_type(self, context, args, kws):
        args = tuple(map(types.unliteral, args))
        kws = {name: types.unliteral(kind) for name, kind in kws.items()}
        chosen = self.dispatcher.pixie_overloads.choose(args, kws)
        return types.Dispatcher(chosen).get_call_type(context, args, kws)

    def get_overload(self, sig):
        return self.dispatcher.pixie_overloads.choose(sig.args, {}).get_overload(sig.args)

    def get_call_signatures(self):
        wrappers = self.dispatcher.pixie_overloads.wrappers
        return [signature for wrapper, _, _ in wrappers for signature in wrapper.nopython_signatures], True


# Nothing is passed for it at run time, as for any function that Numba compiled.
register_model(FatFunction)(models.OpaqueModel)


def function_type(function):
    """The Numba type of a built-in of a fat module."""
    exports = list(overloads(function.__self__))
    key = tuple((symbol(export), export.address) for export in exports)
    made = MADE.get(key)
    if made is None:
        made = MADE.setdefault(key, Overloads(exports))
    return FatFunction(made.wrappers[0][0])


class Overloads:
    """The wrappers of the functions of one name."""

    def __init__(self, exports):
        self.name = exports[0].name
        self.wrappers = []
        for export in exports:
            wrapper, typed = compile_wrapper(export)
            wrapper.pixie_overloads = self
            self.wrappers.append((wrapper, typed["parameters"], export.signature))

    def choose(self, args, kws):
        """The first wrapper whose parameters fit these types; `TypingError` with a reason for each if there is none."""
        refusals = []
        for wrapper, parameters, signature in self.wrappers:
            reason = misfit(wrapper.py_func, parameters, args, kws)
            if reason is None:
                return wrapper
            refusals.append((signature, reason))
        if len(refusals) == 1:
            raise errors.TypingError(refusals[0][1])
        lines = "".join(f"\n  {signature}: {reason.splitlines()[0]}" for signature, reason in refusals)
        raise errors.TypingError(f"{self.name}() has no overload for these arguments:{lines}")


def misfit(function, parameters, args, kws):
    """Why these Numba types cannot be passed, or None if they can."""
    try:
        bound = inspect.signature(function).bind(*args, **kws)
    except TypeError as error:
        hidden = [f"`{parameter['name']}`" for parameter in parameters if parameter["hidden"]]
        hint = f"\nhint: {', '.join(hidden)} {'is' if len(hidden) == 1 else 'are'} taken from the arrays and not passed"
        return f"{function.__name__}() {error}{hint if hidden else ''}"
    by_name = {parameter["name"]: parameter for parameter in parameters}
    for name, given in bound.arguments.items():
        reason = refuse(function.__name__, by_name[name], given)
        if reason is not None:
            return reason
    return None


def refuse(function, parameter, given):
    """Why one argument does not fit, or None."""
    if isinstance(given, types.Omitted):
        return None
    if parameter["type"] == "array":
        return refuse_array(parameter, given)
    kind = parameter["type"]
    if kind == "bool":
        expected, fits = "a bool", isinstance(given, types.Boolean)
    elif kind[0] == "f":
        expected, fits = "a number", isinstance(given, types.Float | types.Integer)
    elif kind == "ptr":
        expected, fits = "an integer address or None", isinstance(given, types.Integer | types.NoneType)
    else:
        expected, fits = "an integer", isinstance(given, types.Integer)
    if fits:
        return None
    return f"{function}() argument `{parameter['name']}`: expected {expected} for {kind}, found {given}"


def refuse_array(parameter, given):
    """Why this is not the array that is wanted, or None."""
    if parameter["optional"] and isinstance(given, types.NoneType):
        return None
    head = f"{parameter['expected']}, found {given}"
    if not isinstance(given, types.Array):
        return head
    element, rank = NUMBA_TYPES[parameter["element"]], len(parameter["dims"])
    if given.dtype != element:
        return f"{head}\nhint: if a copy is meant, pass {parameter['name']}.astype(numpy.{element})"
    if given.ndim != rank:
        return f"{head}: {given.ndim} axes instead of {rank}"
    if parameter["mode"] != "in" and not given.mutable:
        return f"{head}, which is read-only"
    if not given.aligned:
        return f"{head}, which is not aligned"
    # One axis is in either order.
    orders = {"C": "C", "F": "F", "A": "CFA"}[parameter["order"]] + ("CF" if rank == 1 else "")
    if given.layout not in orders:
        copy = "numpy.ascontiguousarray" if parameter["order"] == "C" else "numpy.asfortranarray"
        return f"{head}\nhint: if a copy is meant, pass {copy}({parameter['name']})"
    return None
