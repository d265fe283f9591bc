"""Ten thousand calls of random functions with random arguments, each against the model of the rules; nothing may leak."""

import os
import random
import subprocess
import sys

import numpy
import pytest
from conftest import COMMAND, resident
from model import Model, Refused, TooLarge
from random_arguments import arrange, right, spoil
from random_signatures import PRELUDE, generate

import pixie

#: Another seed, or more calls, by hand: PIXIE_SEED=… PIXIE_CALLS=… pytest python/tests/test_random_calls.py
SEED = int(os.environ.get("PIXIE_SEED", random.SystemRandom().randrange(10**9)))
CALLS = int(os.environ.get("PIXIE_CALLS", 10_000))
FUNCTIONS = 100
SHARED = (int, str, tuple, type(None), numpy.bool_)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """Signatures and their functions; a failure shows the seed, since it is printed."""
    print(f"PIXIE_SEED={SEED}")
    source = random.Random(SEED)
    signatures = [generate(source, f"f{i}") for i in range(FUNCTIONS)]
    folder = tmp_path_factory.mktemp("random")
    (folder / "drawn.c").write_text(PRELUDE + "".join(signature.c() for signature in signatures))
    (folder / "drawn.sig").write_text("".join(signature.text() + "\n" for signature in signatures))
    words = ["--exports", folder / "drawn.sig", "--platform", pixie.host().platform, "--unsafe-pointers", "--quiet"]
    # The lowest level is enough: what is called is simple, how it is called is not.
    if pixie.host().platform == "linux-64":
        words += ["--isa", "linux-64=x86-64-v2"]
    done = subprocess.run([COMMAND, "build", folder / "drawn.c", "-o", folder / "drawn.pixie", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    module = pixie.load(folder / "drawn.pixie")
    return [(signature, getattr(module, signature.name)) for signature in signatures]


def order(signature, name):
    return "F" if any(param.name == name and param.layout == "F" for param in signature.params) else "C"


def content(value, order):
    """The bytes of an argument's elements; None where it has none."""
    try:
        with memoryview(value) as view:
            return view.tobytes(order)
    except (TypeError, ValueError, BufferError, NotImplementedError):
        return None


def contents(signature, named):
    """id of an argument -> its bytes in its parameter's order. Where several parameters have it and it suits them all, the order
    makes no difference."""
    return {id(value): content(value, order(signature, name)) for name, value in named.items()}


def same_number(found, expected):
    return type(found) is type(expected) and (found == expected or found != found and expected != expected)


def check_result(result, expected):
    """`expected`: numbers, and (param, view, bytes) for arrays."""
    found = result if len(expected) > 1 else (result,) if expected else ()
    if not expected:
        assert result is None
    assert len(found) == len(expected) and (len(expected) < 2 or type(result) is tuple)
    for one, wanted in zip(found, expected):
        if not isinstance(wanted, tuple):
            assert same_number(one, wanted), (one, wanted)
            continue
        param, view, data = wanted
        if view.object is not None:
            # What it holds in the end is compared with all other arguments: another output may be the same array.
            assert one is view.object
        else:
            assert type(one) is numpy.ndarray and one.shape == tuple(view.shape)
            assert content(one, "F" if param.layout == "F" else "C") == data


def is_held(value):
    """Whether somebody still has the buffer of an array that can grow."""
    try:
        if isinstance(value, bytearray):
            value.append(0)
            del value[-1:]
        elif type(value).__name__ == "array":
            value.append(value.typecode in "fd" and 0.0 or 0)
            del value[-1:]
    except BufferError:
        return True
    return False


def one_call(source, signature, function):
    """Calls once and returns the exception's type, None for success."""
    given = right(source, signature)
    for _ in range(source.choice([0, 0, 1, 1, 2])):
        spoil(source, signature, given) if signature.inputs else None
    args, keywords = arrange(source, signature, given, source.random() < 0.15)
    named = {**dict(zip([param.name for param in signature.positional], args)), **keywords}
    after = contents(signature, named)
    try:
        model = Model(signature, args, keywords, after)
        expected, after = model.result, model.contents
    except TooLarge:
        return TooLarge
    except Refused as refused:
        # The exception itself, by its traceback and its context's, is part of a cycle that holds the arguments until some collection.
        expected = Refused(refused.type, refused.name)
    told = f"PIXIE_SEED={SEED}: {signature.text()}\ncalled with {args}, {keywords}\nexpected {getattr(expected, '__dict__', expected)}"
    # Those that everything else in the process uses too say nothing.
    objects = [one for one in [function, function.__self__, *args, *keywords.values()] if not isinstance(one, SHARED)]
    counts = [sys.getrefcount(one) for one in objects]
    caught = None
    try:
        result = function(*args, **keywords)
    except Exception as error:  # noqa: BLE001
        assert isinstance(expected, Refused), f"{told}\nraised {error!r}"
        text, caught = str(error), type(error)
        assert caught is expected.type, f"{told}\nraised {error!r}"
        assert expected.name is None or any(f"{quote}{expected.name}{quote}" in text for quote in "`'"), f"{told}\nraised {error!r}"
    else:
        assert not isinstance(expected, Refused), f"{told}\nreturned {result!r}"
        try:
            check_result(result, expected)
        except AssertionError as error:
            raise AssertionError(f"{told}\nreturned {result!r}") from error
        del result
    assert [sys.getrefcount(one) for one in objects] == counts, told
    assert not any(is_held(value) for value in objects), told
    assert contents(signature, named) == after, told
    return caught


def test_random_calls(functions):
    source = random.Random(SEED + 1)
    outcomes = {}
    start = 0
    for turn in range(CALLS):
        if turn == CALLS // 5:
            start = resident()
        signature, function = functions[turn % len(functions)]
        outcome = one_call(source, signature, function)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    # The test would be worth little if most calls failed, or none.
    assert outcomes[None] > CALLS // 5
    for error in (TypeError, ValueError, OverflowError):
        assert outcomes[error] > CALLS // 500, outcomes
    # By hand, with a million calls, this says that nothing leaks in any of them.
    assert resident() - start < 16_000_000
