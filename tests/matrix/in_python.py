"""Runs in the interpreter under test, which needs nothing but the runtime: makes the calls of a pickle, writes a pickle.

`in_python.py MODULE CALLS RESULTS`. CALLS is a list of (function, [(kind, value), …]) as `calls.arguments` makes them; RESULTS is
(level, [(result, [bytes of each array]), …]).
"""

import pickle
import sys

import pixie


def main(path, calls, results):
    module = pixie.load(path)
    outcomes = []
    with open(calls, "rb") as file:
        wanted = pickle.load(file)
    for function, pairs in wanted:
        arguments, arrays = [], []
        for kind, value in pairs:
            if kind == "array":
                data, form, shape = value
                arrays.append(bytearray(data))
                value = memoryview(arrays[-1]).cast(form, shape) if data else arrays[-1]
            arguments.append(value)
        result = getattr(module, function)(*arguments)
        outcomes.append((result, [bytes(array) for array in arrays]))
    with open(results, "wb") as file:
        pickle.dump((module.__pixie__.isa, outcomes), file)


main(*sys.argv[1:])
