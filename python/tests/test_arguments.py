"""Positional and keyword arguments, in CPython's words."""

import numpy
from conftest import message


def test_missing(scalars):
    assert message(TypeError, scalars.add) == "add() missing 2 required positional arguments: 'a' and 'b'"
    assert message(TypeError, scalars.add, 1) == "add() missing 1 required positional argument: 'b'"
    assert message(TypeError, scalars.add, b=1) == "add() missing 1 required positional argument: 'a'"
    assert message(TypeError, scalars.weighted, b=1) == "weighted() missing 3 required positional arguments: 'a', 'c', and 'd'"
    assert message(TypeError, scalars.defaults, b=1) == "defaults() missing 1 required positional argument: 'a'"


def test_too_many(scalars, arrays):
    assert message(TypeError, scalars.nothing, 1) == "nothing() takes 0 positional arguments but 1 was given"
    assert message(TypeError, scalars.same_f64, 1, 2) == "same_f64() takes 1 positional argument but 2 were given"
    assert message(TypeError, scalars.add, 1, 2, 3) == "add() takes 2 positional arguments but 3 were given"
    assert message(TypeError, scalars.defaults, *range(9)) == "defaults() takes from 1 to 5 positional arguments but 9 were given"
    a = numpy.zeros(3)
    assert message(TypeError, arrays.dot, a, a, 3) == "dot() takes 2 positional arguments but 3 were given\nhint: `n` is taken from the arrays and not passed"


def test_unknown(scalars, arrays):
    assert message(TypeError, scalars.nothing, x=1) == "nothing() got an unexpected keyword argument 'x'"
    assert message(TypeError, scalars.add, 1, 2, c=3) == "add() got an unexpected keyword argument 'c'\nhint: the arguments are `a`, `b`"
    a = numpy.zeros(3)
    assert message(TypeError, arrays.dot, a, a, n=3) == "dot() got an unexpected keyword argument 'n'\nhint: `n` is taken from the arrays and not passed"
    assert "unexpected keyword argument 'least'" in message(TypeError, arrays.extremes, a, least=0.0)


def test_twice(scalars):
    assert message(TypeError, scalars.add, 1, 2, a=3) == "add() got multiple values for argument 'a'"
    assert message(TypeError, scalars.add, 1, a=3) == "add() got multiple values for argument 'a'"


def test_keywords_are_found_by_value_too(scalars):
    fresh = {"".join(["", "a"][:2]): 1.0, "".join(chr(code) for code in (98,)): 2.0}
    assert scalars.add(**fresh) == 3.0
    long = "".join(["neg", "ate"])
    assert scalars.mixed(1, 1, 1, **{long: True}) == -2.0


def test_output_arrays_go_by_keyword_alone(arrays):
    a = numpy.arange(3.0)
    assert message(TypeError, arrays.doubled, a, a) == "doubled() takes 1 positional argument but 2 were given\nhint: `n` is taken from the arrays and not passed"


def test_keywords_in_any_order(scalars):
    names = "abcdefgh"
    numbers = [2.0**place for place in range(8)]
    for turn in range(8):
        order = [*range(turn, 8), *range(turn)]
        for split in range(8):
            # Some by position, the others by keyword, in an order of their own; integers among them.
            keywords = {names[place]: (int if place % 2 else float)(numbers[place]) for place in order if place >= split}
            assert scalars.eight(*numbers[:split], **keywords) == 1793.0
    assert scalars.add(b=1.0, a=2.0) == 3.0
    assert scalars.mixed(negate=False, y=0.0, k=3, x=2.0) == scalars.mixed(2.0, 3, 0.0, False)
    assert scalars.defaults(e=0.0, a=1.0) == scalars.defaults(1.0, 0.5, -3, True, 0.0)
