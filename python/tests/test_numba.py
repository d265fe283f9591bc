"""Numba calls functions of fat modules inside compiled code, with the results and errors of a call from Python."""

import math
import sys

import numba
import numpy as np
import pytest
from conftest import SCALARS, build, message
from numba.core.errors import TypingError

import pixie


def called(function, *arguments):
    """What a call from Python gives: the result, or the type of the exception."""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error)


def caller(function, count):
    """A compiled function of `count` arguments that does nothing but call."""
    names = ", ".join(f"a{index}" for index in range(count))
    space = {"function": function}
    exec(f"def call({names}): return function({names})", space)
    return numba.njit(space["call"])


def same(ours, theirs):
    if isinstance(theirs, tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(theirs, np.ndarray):
        return ours.dtype == theirs.dtype and np.array_equal(ours, theirs) and ours.flags.c_contiguous
    if isinstance(theirs, float) and math.isnan(theirs):
        return math.isnan(ours)
    return ours == theirs and type(ours) is type(theirs)


NUMBERS = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32768, -32769, 65536, 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**63 - 1, -(2**63)]
VALUES = [
    *NUMBERS,
    *(np.uint64(value) for value in (0, 200, 2**32, 2**63, 2**64 - 1)),
    *(kind(value) for kind in (np.int8, np.int16, np.int32) for value in (-1, 5)),
    *(kind(value) for kind in (np.uint8, np.uint16, np.uint32) for value in (0, 200)),
]
REALS = [0.1, -0.0, 3.4028235677973366e38, 3.4028235677973362e38, -1e300, math.inf, -math.inf, math.nan, np.float32(0.1)]


@pytest.mark.parametrize("name", SCALARS)
def test_scalars_are_converted_and_refused_as_from_python(scalars, name):
    function = getattr(scalars, f"same_{name}")
    compiled = caller(function, 1)
    for value in [*VALUES, *REALS, True, False]:
        expected = called(function, value)
        if isinstance(value, bool) and name != "bool":
            # From Python a bool is an int, too; Numba has no such rule.
            expected = TypeError
        if expected is TypeError:
            with pytest.raises(TypingError, match=rf"same_{name}\(\) argument `x`: expected an? .* for [buif]\d*.*, found "):
                compiled(value)
        elif isinstance(expected, type):
            assert message(expected, compiled, value).startswith(f"same_{name}() argument `x`: out of range for ")
        else:
            assert same(compiled(value), expected), value


def test_mixed_arguments_defaults_and_keywords(scalars):
    weighted, mixed, defaults, nothing, eight = scalars.weighted, scalars.mixed, scalars.defaults, scalars.nothing, scalars.eight

    @numba.njit
    def compiled(x, k):
        nothing()
        return (
            weighted(-5, 60000, -70000, 2**40),
            mixed(x, k, 2.5, True),
            mixed(k=k, x=x, negate=False, y=1),
            defaults(x),
            defaults(x, d=False),
            defaults(x, 1.5, 7),
            eight(x, 2, 3, 4, 5, 6, 7, k),
        )

    expected = (
        weighted(-5, 60000, -70000, 2**40),
        mixed(1.5, 3, 2.5, True),
        mixed(1.5, 3, 1, False),
        defaults(1.5),
        defaults(1.5, d=False),
        defaults(1.5, 1.5, 7),
        eight(1.5, 2, 3, 4, 5, 6, 7, 3),
    )
    assert compiled(1.5, 3) == expected
    infinite = scalars.infinite
    assert math.isnan(numba.njit(lambda: infinite())())


def test_status_pointers_modules_and_functions_as_arguments(scalars):
    check, next_address = scalars.check, scalars.next_address
    assert caller(check, 1)(0) is None
    assert message(RuntimeError, caller(check, 1), 3) == "check() failed"
    assert caller(next_address, 1)(41) == 42 and numba.njit(lambda: next_address())() == 0
    assert numba.njit(lambda: next_address(None))() == 0
    add = scalars.add
    assert numba.njit(lambda x: scalars.add(x, 1))(2) == 3.0
    assert numba.njit(lambda function, x: function(x, 2.5))(add, 1) == 3.5
    assert numba.typeof(add) == numba.typeof(scalars.add) != numba.typeof(check)
    # Other built-ins are what they were.
    with pytest.raises(ValueError, match="Cannot determine Numba type"):
        numba.typeof(sys.getsizeof)
    assert numba.njit(lambda x: len(x) + math.floor(2.5))((1, 2)) == 4


def test_c_callbacks_call_too(scalars):
    add = scalars.add
    callback = numba.cfunc("f8(f8)")(lambda x: add(x, 0.5))
    assert callback.ctypes(1.0) == 1.5


def test_overloads_are_chosen_by_type(scalars):
    twice = scalars.twice
    for value in (21, 1.25, np.arange(3.0) + 2):
        assert same(caller(twice, 1)(value), twice(value))
    with pytest.raises(TypingError) as caught:
        caller(twice, 1)(1j)
    assert "twice() has no overload for these arguments:" in str(caught.value)
    for line in ("twice(x: i64) -> i64: ", "twice(x: f64) -> f64: ", "twice(x: f64[n], n: usize) -> f64: "):
        assert line in str(caught.value)


def test_arrays_in_place_and_made(arrays):
    a, b = np.arange(12.0).reshape(3, 4), np.arange(4.0)
    cases = [
        ("dot", b, b + 1),
        ("at", a, 2, 1),
        ("at_fortran", np.asfortranarray(a), 2, 1),
        ("strided_sum", a[:, 1]),
        ("strided_sum", b[::-1]),
        ("strided_dot", a[:, 1], a[:, 2]),
        ("padded", b, np.arange(9.0)),
        ("prefix", b),
        ("apart", b, 5),
        ("three", np.arange(3.0)),
        ("weights", b, None),
        ("weights", b, b + 2),
        ("weights", b),
        ("small", np.arange(100, dtype=np.uint8)),
        ("product", np.ones(12), 3, 2),
        ("doubled", b),
        ("extremes", np.array([3.0, -2.0, 8.0])),
        ("outer", b, np.arange(3.0)),
        ("counting", 5),
        ("counting", 0),
        ("dot", np.empty(0), np.empty(0)),
        ("imaginary_c64", np.array([1 + 2j, 3j], np.complex64)),
        ("imaginary_c128", np.array([1 + 2j, 3j])),
        ("sum_bool", np.array([True, False, True])),
        ("sum_i8", np.arange(-4, 5, dtype=np.int8)),
        ("sum_u16", np.arange(9, dtype=np.uint16)),
        ("sum_f32", np.arange(9, dtype=np.float32)),
    ]
    for name, *arguments in cases:
        function = getattr(arrays, name)
        assert same(caller(function, len(arguments))(*arguments), function(*arguments)), (name, arguments)
    y, z = np.ones(4), np.ones(4)
    axpy = arrays.axpy
    numba.njit(lambda x, y: axpy(2, x, y=y))(b, y)
    axpy(2, b, z)
    assert np.array_equal(y, z) and y[3] == 7
    frozen = np.arange(4.0)
    frozen.flags.writeable = False
    assert caller(arrays.dot, 2)(frozen, frozen) == 14.0


def test_what_disagrees_at_run_time_raises_as_from_python(arrays):
    b, wide = np.arange(4.0), np.arange(8.0)
    cases = [
        ("dot", "argument `b`: expected a C-contiguous f64 array of shape [n]: axis 0 is not n", b, wide),
        ("padded", "argument `b`: expected a C-contiguous f64 array of shape [2*n+1]: axis 0 is not 2*n+1", b, wide),
        ("apart", "argument `a`: expected a C-contiguous f64 array of shape [k-1]", b, 4),
        ("three", "argument `a`: expected a C-contiguous f64 array of shape [3]", b),
        ("weights", "argument `w`: expected a C-contiguous f64 array of shape [n] or None", b, wide),
        ("strided_dot", "argument `b`: expected the stride of the other array", b, wide[::2]),
        ("counting", "cannot allocate `y`: its extent n would be negative", -1),
        ("product", "an extent is beyond 64 bits", b, 2**40, 2**40),
        ("axpy", "arguments `x` and `y` overlap in memory, and `y` is written", 1.0, wide[:4], wide[3:7]),
        ("small", "argument `a`: `n` is out of range for i8", np.zeros(128, np.uint8)),
    ]
    for name, text, *arguments in cases:
        function = getattr(arrays, name)
        expected = called(function, *arguments)
        assert expected in (ValueError, OverflowError), name
        assert text in message(expected, caller(function, len(arguments)), *arguments), name
    caller(arrays.copy, 2)(wide[:4], wide[4:])
    assert np.array_equal(wide[4:], wide[:4])


def test_types_that_do_not_fit_say_why(arrays):
    b = np.arange(4.0)
    frozen = np.arange(4.0)
    frozen.flags.writeable = False
    head = "argument `{}`: expected a {}C-contiguous f64 array of shape [n], found "
    cases = [
        ("dot", head.format("b", "") + "array(int64, 1d, C)\nhint: if a copy is meant, pass b.astype(numpy.float64)", b, np.arange(4)),
        ("dot", head.format("a", "") + "array(float64, 2d, C): 2 axes instead of 1", np.ones((2, 2)), b),
        ("dot", head.format("a", "") + "array(float64, 1d, A)\nhint: if a copy is meant, pass numpy.ascontiguousarray(a)", b[::2], b),
        ("dot", head.format("a", "") + "float64", 1.0, b),
        ("dot", "dot() missing a required argument: 'b'\nhint: `n` is taken from the arrays and not passed", b),
        ("dot", "dot() too many positional arguments\nhint: `n` is taken", b, b, 4),
        ("copy", head.format("y", "writable ") + "readonly array(float64, 1d, C), which is read-only", b, frozen),
        ("at_fortran", "\nhint: if a copy is meant, pass numpy.asfortranarray(a)", np.ones((2, 3)), 0, 0),
        ("at", "at() argument `i`: expected an integer for u64, found float64", np.ones((2, 3)), 0.5, 0),
    ]
    for name, text, *arguments in cases:
        function = getattr(arrays, name)
        with pytest.raises(TypingError) as caught:
            caller(function, len(arguments))(*arguments)
        assert text in str(caught.value), str(caught.value)


NAMES = "double result(double finite, double _, double __x, double external, double c_finite) { return finite + 2 * _ + 4 * __x + 8 * external + 16 * c_finite; }"


def test_names_of_parameters_never_meet_ours(tmp_path):
    (tmp_path / "names.c").write_text(NAMES)
    export = "result(finite: f64, _: f64, __x: f64, external: f64, c_finite: f64) -> f64"
    result = pixie.load(build(tmp_path / "names.c", tmp_path / "names.pixie", [export])).result
    assert caller(result, 5)(1, 2, 3, 4, 5) == result(1, 2, 3, 4, 5) == 1 + 4 + 12 + 32 + 80


PROGRAM = """
import sys, numba, numpy as np, pixie, cached_sample
from cached_sample import half
if sys.argv[1] == "loaded": half = pixie.load(sys.argv[2]).half

@numba.njit
def inner(x):
    return half(x) + 1

@numba.njit(cache=True)
def outer(values):
    total = 0.0
    for index in range(len(values)):
        total += inner(values[index])
    return total

@numba.njit(cache=True, parallel=True)
def spread(values):
    total = 0.0
    for index in numba.prange(len(values)):
        total += half(values[index])
    return total

@numba.vectorize(["f8(f8)"], cache=True)
def each(x):
    return half(x)

values = np.arange(10.0)
def hits(function): return sum(function.stats.cache_hits.values()), sum(function.stats.cache_misses.values())
results = outer(values), spread(values), float(each(values).sum())
print(*results, *hits(outer), *hits(spread))
"""


@pytest.fixture
def cached(tmp_path, run):
    """Builds a module with the given body of `half` and runs the program above, whose cache stays."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    def cached(body, how="imported"):
        source, output = tmp_path / "cached_sample.c", tmp_path / "cached_sample.pixie"
        if body is not None:
            source.write_text(f"double half(double x) {{ return {body}; }}\n")
            build(source, output, ["half(x: f64) -> f64"])
        path = f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); runpy.run_path({str(program)!r}, run_name='__main__')"
        return run(path, how, output).split()

    return cached


@pytest.mark.parametrize("how", ["imported", "loaded"])
def test_cached_code_calls_in_the_next_process(cached, how):
    expected = ["32.5", "22.5", "22.5"]
    assert cached("x / 2", how) == [*expected, "0", "1", "0", "1"]
    assert cached(None, how) == [*expected, "1", "0", "1", "0"]
    # Another build of the module: what is cached calls what is gone, so it is compiled again.
    expected = ["145.0", "135.0", "135.0"]
    assert cached("x * 3", how) == [*expected, "0", "1", "0", "1"]
    assert cached(None, how) == [*expected, "1", "0", "1", "0"]


def test_numba_is_imported_by_nobody_else(run, files):
    program = "import sys, pixie; pixie.load(sys.argv[1]).dot; print([name for name in sys.modules if 'numba' in name or 'numpy' in name])"
    assert run(program, files["arrays"]) == "[]\n"
