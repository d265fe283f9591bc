"""Numba calls functions of fat modules: the entry point `numba_extensions` leads here, and nothing else imports it.

A built-in cannot be typed by Numba, so `init` teaches `typeof` those of fat modules. Each becomes a small compiled function
(`wrapper`) that does what a call from Python does with its arguments, and calls the C function by a symbol
(`external`), so that cached code finds it in the next process.
"""

import types

from numba.core.typing.typeof import typeof_impl

from pixie import Export

from .function import function_type


def init():
    """Teaches Numba the functions of fat modules. Numba calls this before it compiles anything."""
    # What was there before answers for every other built-in.
    before = typeof_impl.dispatch(types.BuiltinFunctionType)

    def typeof_builtin(value, context):
        if type(value.__self__) is Export and value.__name__ == value.__self__.name:
            return function_type(value)
        return before(value, context)

    typeof_impl.register(types.BuiltinFunctionType)(typeof_builtin)
