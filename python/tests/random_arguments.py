"""Random arguments for a signature: mostly right ones in every guise that it allows, then some of them made wrong."""

import array
from fractions import Fraction

import numpy
from random_signatures import ELEMENTS, INTEGERS

DTYPES = {
    "bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2", "u32": "u4", "u64": "u8",
    "f32": "f4", "f64": "f8", "c64": "c8", "c128": "c16",
}  # fmt: skip
CODES = {"i16": "h", "i32": "i", "i64": "q", "u16": "H", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}


class Index:
    """An integer by its method alone."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class Fails:
    """Refuses to be a number, with an error that is passed on or explained."""

    def __float__(self):
        raise TypeError("no")

    def __index__(self):
        raise TypeError("no")


WRONG = [None, "text", b"ab", 1j, object(), [1.0], (), Fails(), 10**400, -(10**400), 2**64, -(2**63) - 1, float("inf"), 1e300, 0.5, {}, True]


def number(random, param, least=None):
    """A scalar that the parameter takes."""
    if param.type == "ptr":
        return random.choice([None, 0, 2**64 - 1, random.randrange(2**48), Index(77)])
    if param.type == "bool":
        return random.choice([True, False, numpy.True_, numpy.False_])
    if param.type in ("f32", "f64"):
        values = [random.uniform(-9, 9), 0.0, -0.0, float("inf"), random.randrange(-99, 99), True, numpy.float64(1.5), numpy.float32(0.1)]
        return random.choice([*values, numpy.int64(3), Fraction(1, 3), Index(12), numpy.array(2.5)])
    bits = {"i8": 7, "i16": 15, "i32": 31, "u8": 8, "u16": 16, "u32": 32, "long": 31, "i64": 63, "ulong": 32}.get(param.type, 64)
    low = 0 if param.type[0] == "u" else -(2**bits)
    value = random.choice([0, 1, low, 2**bits - 1, random.randint(low, 2**bits - 1)])
    return random.choice([value, value, value, Index(value), True])


def fresh(random, param, shape):
    """An array of this shape that the parameter takes."""
    size = ELEMENTS[param.type][1]
    count = size
    for extent in shape:
        count *= extent
    data = bytes(random.getrandbits(1) if param.type == "bool" else random.getrandbits(8) for _ in range(count))
    if len(shape) == 1 and random.random() < 0.3:
        if param.type in ("u8", "i8"):
            return random.choice([bytearray(data), memoryview(bytearray(data))] + ([] if param.mode else [data]))
        if param.type in CODES:
            return array.array(CODES[param.type], data)
    made = numpy.frombuffer(bytearray(data), DTYPES[param.type]).reshape(shape)
    if param.layout == "F" and len(shape) > 1:
        made = numpy.asfortranarray(made)
    made = made if random.random() < 0.2 else made.copy(order="F" if param.layout == "F" else "C")
    if not param.mode and random.random() < 0.2:
        made.flags.writeable = False
    return made


def strided(array, stride):
    """The same elements, so far apart."""
    if not isinstance(array, numpy.ndarray) or len(array) < 2 or stride == 1:
        return array
    if stride == 0:
        return numpy.lib.stride_tricks.as_strided(array, array.shape, (0,), writeable=array.flags.writeable)
    whole = numpy.zeros(len(array) * abs(stride), array.dtype)
    view = whole[::stride][: len(array)]
    view[:] = array
    return view


def right(random, signature):
    """Arguments that are right unless a dimension comes out negative: input name -> object."""
    types = {param.name: param for param in signature.params}
    numbers = {name: random.choice([0, 1, 1, 2, 2, 3, 4]) for name in types if name[0] == "n"}
    strides = {name: random.choice([1, 1, 2, 3, -1, -2, 0]) for name in types if name[0] == "s"}
    given = {}
    for param in signature.inputs:
        if param.name in numbers or param.name in strides:
            value = {**numbers, **strides}[param.name]
            given[param.name] = Index(value) if random.random() < 0.1 else value
        elif not param.is_array:
            given[param.name] = number(random, param)
        elif not param.dims or (param.mode == "out" and random.random() < 0.6):
            continue
        elif param.optional and random.random() < 0.3:
            given[param.name] = None
        else:
            shape = tuple(max(0, eval(dim, {}, numbers)) for dim in param.dims)
            made = fresh(random, param, shape)
            given[param.name] = made if param.layout in "CF" else strided(made, strides[param.layout])
    return given


def spoil_array(random, param, value):
    """Something else in an array's place, or the array in another form."""
    if not isinstance(value, numpy.ndarray) or not value.ndim or random.random() < 0.2:
        return random.choice([*WRONG, numpy.zeros(3, "M8[s]"), numpy.zeros(3, "f2"), numpy.array(1.0)])
    # Another parameter may have this very array, and the model knows no arrays that share only a part of their memory.
    value = value.copy(order="K")
    ways = [
        lambda: numpy.zeros(value.shape, random.choice(list(DTYPES.values()))),
        lambda: value.astype(value.dtype.newbyteorder(">")),
        lambda: value[None],
        lambda: value[0] if value.ndim > 1 and len(value) else value.reshape(-1, 1),
        lambda: numpy.repeat(value, 2, axis=-1)[..., ::2],
        lambda: value[::-1],
        lambda: value.T.copy().T,
        lambda: numpy.concatenate([value, value[:1]]) if len(value) else numpy.zeros((7,) * value.ndim, value.dtype),
        lambda: value[:-1].copy(),
        lambda: misaligned(value),
        lambda: uneven(value),
        lambda: numpy.broadcast_to(value[:1], value.shape) if len(value) else value,
        lambda: numpy.zeros((300,) + value.shape[1:], value.dtype, order="F" if param.layout == "F" else "C"),
        lambda: read_only(value),
    ]
    return random.choice(ways)()


def read_only(value):
    copy = value.copy(order="K")
    copy.flags.writeable = False
    return copy


def misaligned(value):
    raw = numpy.zeros(value.nbytes + 1, "u1")[1:]
    return raw.view(value.dtype).reshape(value.shape) if value.nbytes else value


def uneven(value):
    """Elements whose distance is no multiple of their size."""
    records = numpy.zeros(value.shape, [("value", value.dtype), ("more", "u1")])
    return records["value"]


def spoil(random, signature, given):
    """Makes one argument wrong, or other; it may still fit."""
    param = random.choice(signature.inputs)
    value = given.get(param.name)
    if param.is_array and param.dims:
        others = [other for name, other in given.items() if isinstance(other, numpy.ndarray) and name != param.name]
        given[param.name] = random.choice(others) if others and random.random() < 0.3 else spoil_array(random, param, value)
    elif param.is_array:
        # An `out` scalar is never passed.
        given[param.name] = 1
    elif param.type in INTEGERS:
        given[param.name] = random.choice([*WRONG, 2**31, 2**62, 2**63 - 1, -1, 127, 128, 200, 70000, numpy.zeros(3)])
    else:
        given[param.name] = random.choice([*WRONG, numpy.zeros(3)])


def arrange(random, signature, given, wrong):
    """Positional and keyword arguments of a call; `wrong` allows mistakes in their number and names."""
    names = [param.name for param in signature.positional]
    split = random.choice([len(names), len(names), random.randint(0, len(names))])
    while split < len(names) and names[split] not in given:
        split += 1
    args = [given[name] for name in names[:split]]
    rest = [(name, value) for name, value in given.items() if name not in names[:split]]
    random.shuffle(rest)
    # Names that are not interned come from programs that compute them.
    keywords = {"".join(list(name)) if random.random() < 0.3 else name: value for name, value in rest}
    by_name = {param.name: param for param in signature.positional}
    for name in list(keywords):
        if name in by_name and by_name[name].has_default and random.random() < 0.5:
            del keywords[name]
    if wrong:
        way = random.randrange(5)
        if way == 0:
            args.append(1.0)
        elif way == 1:
            keywords["zz"] = 1.0
        elif way == 2 and signature.hidden:
            keywords[random.choice(sorted(signature.hidden))] = 1
        elif way == 3 and split:
            keywords[names[random.randrange(split)]] = 1.0
        elif way == 4 and keywords:
            del keywords[random.choice(list(keywords))]
    return args, keywords
