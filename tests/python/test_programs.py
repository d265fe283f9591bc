"""C libraries of others, built unchanged by tests/programs, against the Python packages of the same libraries, and against what
another compiler makes of the same sources."""

import ctypes
import functools
import hashlib
import json
import math
import random
import re
import sqlite3
import sys
import zlib

import lz4.block
import lz4.frame
import numpy as np
import pytest
import xxhash
import zstandard
from conftest import PLATFORMS, ROOT, host_levels, pixie

import pixie as runtime

for part in ("tests/programs", "tests/matrix"):
    sys.path.insert(0, str(ROOT / part))
import build as programs  # noqa: E402
import calls as calling  # noqa: E402
import fetch  # noqa: E402

LEVELS = host_levels()
slow = pytest.mark.skipif("sqlite" not in fetch.programs(), reason="takes minutes to build; PIXIE_PROGRAMS=all builds it")
SIZES = [0, 1, 2, 15, 16, 17, 255, 4096, 65535, 65536, 100_003]


@pytest.fixture(scope="module")
def module():
    """Loads a program at a level. The test matrix takes the same files, so each is built once."""
    return lambda name, level=None: runtime.load(programs.build(name, "--reproducible"), isa=level)


@functools.cache
def inspected(name):
    """What `pixie inspect` says of a program's module."""
    return json.loads(pixie("inspect", programs.build(name, "--reproducible"), "--json").stdout)


C_TYPES = {"long": ctypes.c_long, "ulong": ctypes.c_ulong, "usize": ctypes.c_size_t}
C_TYPES |= {f"{kind}{bits}": getattr(ctypes, f"c_{'u' * (kind == 'u')}int{bits}") for kind in "iu" for bits in (8, 16, 32, 64)}


class Native:
    """A program as another compiler built it. A function takes what the module's does, and the numbers that arrays determine too."""

    def __init__(self, name):
        self.library, self.signatures = ctypes.CDLL(str(programs.native(name))), calling.signatures(inspected(name))

    def call(self, name, given, arrays):
        """`given` by parameter, and `arrays` by parameter: what is written is in them afterwards."""
        signature, function = self.signatures[name], self.library[name]
        function.restype = None if signature.result == "void" else C_TYPES[signature.result]
        words = []
        for param in signature.params:
            if param.is_array:
                words.append((ctypes.c_char * max(len(arrays[param.name]), 1)).from_buffer(arrays[param.name] or bytearray(1)))
            else:
                words.append(C_TYPES[param.type](int(given[param.name])))
        return function(*words)

    def packed(self, name, data, room, **given):
        """What a driver writes into an array of `room` bytes."""
        arrays = {"data": bytearray(data), "to": bytearray(room)}
        size = self.call(name, {"n": len(data), "m": room, **given}, arrays)
        return bytes(arrays["to"][:size]) if size >= 0 else size

    def line(self, name, given):
        """A line of the calls file, made as `pixie run --calls` makes it and told as it tells it."""
        signature = self.signatures[name]
        made = [value for kind, value in calling.arguments(signature, given) if kind == "array"]
        arrays = {param.name: bytearray(data) for param, (data, *_) in zip((each for each in signature.params if each.is_array), made)}
        result = self.call(name, given, arrays)
        return calling.line("", "", signature, result, arrays).split(" ran  ")[1]


def inputs():
    """Bytes that compress hardly, well, and as text does."""
    chance = random.Random(7)
    words = [b"vector ", b"matrix ", b"3.14159 ", b"\n", b"index, ", b"the ", b"\0\0\0\0", b"gradient "]
    for size in SIZES:
        yield chance.randbytes(size)
        yield b"\xa5" * size
        yield b"".join(chance.choice(words) for _ in range(size // 4 + 1))[:size]


def enough(data):
    """Room for any stream of `data`. The longest are zlib's of random bytes in fixed codes: nine bits for many a byte."""
    return len(data) + len(data) // 8 + 1000


def packed(function, data, *words, room=None):
    """What a driver writes into an array that is large enough."""
    to = np.zeros(enough(data) if room is None else room, np.uint8)
    size = function(data, to, *words)
    return to[:size].tobytes() if size >= 0 else size


@pytest.mark.parametrize("name", fetch.programs())
def test_every_platform_and_level_is_built(name):
    described = inspected(name)
    found = {platform: [variant["isa"] for variant in entry["variants"]] for platform, entry in described["platforms"].items()}
    assert found == PLATFORMS
    declared = [line.split("(")[0] for line in (fetch.HERE / name / f"{name}.sig").read_text().splitlines() if line and line[0] != "#"]
    assert [export["name"] for export in described["exports"]] == declared


def test_one_of_them_is_large():
    """Lines of the sources that are compiled, the libraries' own headers left out."""
    lines = {}
    for name in fetch.programs():
        sources = [word for word in programs.words(name) if word.endswith(".c")][:-1]
        lines[name] = sum(open(source, "rb").read().count(b"\n") for source in sources)
    assert sum(count >= 20_000 for count in lines.values()) >= 2, lines


@pytest.mark.parametrize("level", LEVELS)
def test_zlib(module, level):
    ours, reference = module("zlib", level), Native("zlib")
    for data in inputs():
        assert ours.crc32(0, data) == zlib.crc32(data)
        assert ours.crc32(77, data) == zlib.crc32(data, 77)
        assert ours.adler32(1, data) == zlib.adler32(data)
        for effort, window, strategy in [(1, 15, 0), (6, -15, 0), (9, 31, 0), (0, 15, 0), (6, -9, 2), (4, 15, 3), (6, 12, 4)]:
            stream = packed(ours.compress_bytes, data, effort, window, strategy)
            assert zlib.decompress(stream, window) == data
            # CPython's zlib may be of another version, whose streams are others.
            assert stream == reference.packed("compress_bytes", data, enough(data), level=effort, window=window, strategy=strategy)
            theirs = zlib.compressobj(effort, zlib.DEFLATED, window, 8, strategy)
            stream = theirs.compress(data) + theirs.flush()
            assert packed(ours.decompress_bytes, stream, window, room=len(data)) == data
            assert packed(ours.decompress_bytes, stream[:-1], window, room=len(data)) == -5
    assert packed(ours.decompress_bytes, b"\x78\x9c\xff\xff", 15) == -3


@pytest.mark.parametrize("level", LEVELS)
def test_lz4(module, level):
    ours, reference = module("lz4", level), Native("lz4")
    for data in inputs():
        for effort in [None, 3, 9, 12]:
            name, words = ("LZ4_compress_default", {}) if effort is None else ("LZ4_compress_HC", {"level": effort})
            block = packed(getattr(ours, name), data, *words.values())
            # The Python package has another version of the library, whose blocks are others.
            assert block == reference.packed(name, data, enough(data), **words)
            assert lz4.block.decompress(block, uncompressed_size=len(data)) == data
            mode = {} if effort is None else {"mode": "high_compression", "compression": effort}
            theirs = lz4.block.compress(data, store_size=False, **mode)
            assert packed(ours.LZ4_decompress_safe, theirs, room=len(data)) == data
        for effort in [-3, 0, 4, 10]:
            frame = packed(ours.compress_frame, data, effort, 1)
            assert lz4.frame.decompress(frame) == data
            assert frame == reference.packed("compress_frame", data, enough(data), level=effort, checksum=1)
            theirs = lz4.frame.compress(data, compression_level=effort, content_checksum=True)
            assert packed(ours.decompress_frame, theirs, room=len(data)) == data
            if data:
                broken = bytearray(theirs)
                broken[-1] ^= 1
                assert packed(ours.decompress_frame, bytes(broken), room=len(data)) < 0
        assert ours.LZ4_compressBound(len(data)) == len(data) + len(data) // 255 + 16


@pytest.mark.parametrize("level", LEVELS)
def test_xxhash(module, level):
    ours = module("xxhash", level)
    chance = random.Random(3)
    for data in [chance.randbytes(size) for size in [*range(300), *SIZES]]:
        seed = chance.getrandbits(64)
        words, all_of = np.zeros(2, np.uint64), np.zeros(5, np.uint64)
        ours.hash128(data, seed, words)
        expected = [
            xxhash.xxh32_intdigest(data, seed & 0xFFFFFFFF),
            xxhash.xxh64_intdigest(data, seed),
            xxhash.xxh3_64_intdigest(data, seed),
        ]
        whole = xxhash.xxh3_128_intdigest(data, seed)
        halves = [whole & 0xFFFFFFFFFFFFFFFF, whole >> 64]
        assert [ours.XXH32(data, seed & 0xFFFFFFFF), ours.XXH64(data, seed), ours.XXH3_64bits_withSeed(data, seed)] == expected
        assert words.tolist() == halves
        assert ours.streamed(data, 1 + seed % 500, seed, all_of) == 0
        assert all_of.tolist() == expected + halves


@pytest.mark.parametrize("level", LEVELS)
def test_zstd(module, level):
    ours = module("zstd", level)

    def compress(data, effort):
        to = np.zeros(ours.ZSTD_compressBound(len(data)), np.uint8)
        size = ours.ZSTD_compress(to, data, effort)
        assert not ours.ZSTD_isError(size)
        return to[:size].tobytes()

    def decompress(frame, size):
        to = np.zeros(size, np.uint8)
        found = ours.ZSTD_decompress(to, frame)
        return None if ours.ZSTD_isError(found) else to[:found].tobytes()

    dictionary = b"vector matrix 3.14159 index, the gradient " * 100
    theirs = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT))
    for data in inputs():
        for effort in [-5, 1, 3, 5, 9, 16] + [22] * (len(data) < 5000):
            frame = compress(data, effort)
            assert zstandard.ZstdDecompressor().decompress(frame, max_output_size=len(data)) == data
            frame = zstandard.ZstdCompressor(level=effort, write_checksum=True).compress(data)
            assert decompress(frame, len(data)) == data
            assert decompress(frame[:-1], len(data)) is None
        stream = packed(lambda data, to, *words: ours.compress_stream(data, to, dictionary, *words), data, 5, 1009)
        assert theirs.decompress(stream, max_output_size=len(data)) == data
        assert packed(lambda data, to: ours.decompress_dictionary(data, to, dictionary), stream, room=len(data)) == data


# Those whose meaning Python's `re` shares with PCRE2, beside the flags of both.
PATTERNS = [
    rb"\b\w+\b", rb"(\w)(\w*)", rb"(?:a|ab)(?:c|bcd)(d*)", rb"(.)\1+", rb"(?<=the )\w+", rb"\d+(?:\.\d+)?(?:e[-+]?\d+)?", rb"x*", rb"$",
    rb"(?m)^.*$", rb"(?i)MATRIX|vec[^ ]+", rb"(?s).{1,7}?\n", rb"[^a-z\s]{2,}", rb"(?=(\w{3}))\w", rb"(a)|(b)|(c)", rb"((x)|y)*z",
    rb"(?P<first>\w+) (?P=first)", rb"\x00+|[\x80-\xff]{3}", rb"(?!the)\b\w+(?<!x)\b", rb"(\d+)(?(1)\.|!)", rb"\S{5,9}+\W",
]  # fmt: skip


# Of many lines, Python's circumflex begins one after a last newline too.
ALT_CIRCUMFLEX = 0x00200000


@pytest.mark.parametrize("level", LEVELS)
def test_pcre2(module, level):
    ours = module("pcre2", level)
    chance = random.Random(11)
    letters = [b"a", b"b", b"bcd", b"the ", b"x", b"yz", b" ", b"\n", b"3.14", b"7e-2", b"Matrix", b"vector ", b"\0", b"\xe9\xfe\x80"]
    subjects = [b"", b"the the", b"abcd", b"\n\n"] + [b"".join(chance.choices(letters, k=k)) for k in (1, 5, 30, 200, 2000)]
    matched = 0
    for pattern in PATTERNS:
        theirs = re.compile(pattern)
        groups = theirs.groups + 1
        for subject in subjects:
            # A dollar before a last newline, and empty matches next to others, are counted alike by both.
            expected = [[span for group in range(groups) for span in match.span(group)] for match in theirs.finditer(subject)]
            found = np.zeros(2 * groups * (len(subject) + 2), np.int64)
            count = ours.find_all(pattern, subject, ALT_CIRCUMFLEX, groups, found)
            assert count == len(expected), (pattern, subject)
            assert found[: 2 * groups * count].reshape(count, 2 * groups).tolist() == expected, (pattern, subject)
            matched += count
    assert matched > 10_000
    text, by = b"the vector of the matrix", rb"<$2$1>"
    assert packed(lambda data, to: ours.replace_all(rb"(\w)(\w+)", data, by, 0, to), text) == re.sub(rb"(\w)(\w+)", rb"<\2\1>", text)
    utf, ucp = 0x00080000, 0x00020000
    found = np.zeros(20, np.int64)
    subject = "Grüße, Ωmega 数学".encode()
    assert ours.find_all(rb"\p{L}+", subject, utf | ucp, 1, found) == 3
    spans = found[:6].reshape(3, 2).tolist()
    assert [subject[start:end].decode() for start, end in spans] == ["Grüße", "Ωmega", "数学"]
    to = np.zeros(100, np.uint8)
    size = ours.message(-1000 - ours.find_all(b"a(b", b"", 0, 1, found), to)
    assert to[:size].tobytes() == b"missing closing parenthesis"


@slow
@pytest.mark.parametrize("level", LEVELS)
def test_yyjson(module, level):
    ours = module("yyjson", level)
    chance = random.Random(5)

    def value(depth):
        kind = chance.randrange(8 if depth < 5 else 6)
        if kind == 6:
            return [value(depth + 1) for _ in range(chance.randrange(6))]
        if kind == 7:
            return {f"key {index} é\n": value(depth + 1) for index in range(chance.randrange(6))}
        real = math.ldexp(chance.uniform(-1, 1), chance.randrange(-1070, 1020))
        return [None, True, chance.getrandbits(63) - 2**62, real, "".join(map(chr, chance.choices([9, 34, 92, 65, 228, 8364, 128512], k=9))), 0.1][kind]

    for _ in range(60):
        document = [value(0) for _ in range(20)]
        for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=3)):
            for form in (0, 1, 2):
                assert json.loads(packed(ours.rewrite, text.encode(), 0, form, room=8 * len(text) + 100)) == document
    numbers = [chance.uniform(-1e6, 1e6) for _ in range(1000)]
    total = np.zeros(1)
    assert ours.sum(json.dumps({"a": [{"b": numbers}]}).encode(), b"/a/0/b", total) == 1000
    expected = 0.0
    for number in numbers:
        expected += number
    assert total[0] == expected
    for broken in [b"", b"[1,]", b"{\"a\":01}", b"\"\xff\"", b"[1] 2", b"nul", b"[1e999]", b"\"\\ud800\""]:
        assert packed(ours.rewrite, broken, 0, 0) < 0


# What SQLite 3.40 and later agree on; dates and chance are the driver's.
QUERIES = [
    "SELECT 1, 'a' || 2, NULL, x'41', 0.5, 7 / 2, 7 % -3, -7.5 * 2, 1 << 40, 'a' < 'B', 'abc' LIKE 'A_C', upper('straße')",
    "WITH RECURSIVE f(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM f LIMIT 80) SELECT a FROM f",
    "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c REAL); INSERT INTO t(b, c) VALUES ('x', 1.25), ('y', 2.5), ('z', -3);"
    "SELECT * FROM t ORDER BY c DESC; SELECT sum(c), avg(c), min(b), max(b), count(*), group_concat(b, '+') FROM t;"
    "UPDATE t SET c = c * 2 WHERE b > 'x'; DELETE FROM t WHERE a = 1; SELECT a, b, c, typeof(c) FROM t; INSERT INTO t(b) VALUES ('y')",
    "CREATE TABLE n(i INT, j INT); WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < 3000)"
    " INSERT INTO n SELECT i, (i * 7919) % 1013 FROM k; CREATE INDEX m ON n(j);"
    "SELECT j, count(*), sum(i) FROM n GROUP BY j HAVING count(*) > 2 ORDER BY 3 DESC LIMIT 20;"
    "SELECT count(*) FROM n a JOIN n b ON a.j = b.i; SELECT i, rank() OVER (ORDER BY j), ntile(7) OVER (ORDER BY i) FROM n LIMIT 50",
    "SELECT json_extract('{\"a\": [1, {\"b\": 2.5}]}', '$.a[1].b'), json_array(1, 'two', NULL), date('2024-02-28', '+2 days')",
    "SELECT * FROM nowhere", "SELEC 1", "SELECT 'open", "SELECT zeroblob(3), hex(zeroblob(3)), quote('it''s'), abs(-9223372036854775807 - 1)",
]  # fmt: skip


def theirs(sql, data=b""):
    """The driver's text, made with CPython's SQLite."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.text_factory = bytes
    cursor, out, rest = connection.cursor(), [], sql
    try:
        while rest.strip():
            end = next((at for at in range(1, len(rest) + 1) if sqlite3.complete_statement(rest[:at] + ";" * (at == len(rest)))), len(rest))
            statement, rest = rest[:end], rest[end:]
            rows = cursor.execute(statement, (data,) if "?1" in statement else ())
            for row in rows:
                # Numbers as SQLite itself writes them.
                texts = connection.execute("SELECT " + ", ".join(["CAST(? AS BLOB)"] * len(row)), row).fetchone()
                out.append(b"\t".join(b"NULL" if text is None else text for text in texts) + b"\n")
    except sqlite3.Error as error:
        out.append(f"error: {error}\n".encode())
    return b"".join(out)


@slow
@pytest.mark.parametrize("level", LEVELS)
def test_sqlite(module, level):
    ours = module("sqlite", level)
    for sql in QUERIES:
        assert packed(lambda sql, to: ours.query(sql, b"", to), sql.encode(), room=200_000) == theirs(sql), sql
    chance = random.Random(2)
    results = set()
    for size in (0, 1, 500, 3000):
        data = chance.randbytes(size)
        found = packed(ours.script, data, room=1 << 20)
        assert found.endswith(b"ok\nerror: no such table: missing\n"), found[-300:]
        # The table itself, by other means than SQL.
        counted = f"{size}\t{sum(range(size))}" if size else "1\t0"
        assert found.startswith(counted.encode()), found[:100]
        results.add(found)
    assert len(results) == 4


@pytest.mark.parametrize("name", fetch.programs())
def test_the_calls_of_the_matrix(name):
    """Every level of this machine gives what the other compiler's code gives, and what could hide a failure gives results of its own."""
    reference = Native(name)
    expected = [reference.line(function, given) for function, given, _ in calling.read(programs.calls(name))]
    text = pixie("run", programs.build(name, "--reproducible"), "--calls", programs.calls(name)).stdout
    for level in LEVELS:
        assert [line.split(f" ran {level} ")[1] for line in text.splitlines() if f" ran {level} " in line] == expected
    trips = [line for line in expected if line.startswith(("roundtrip", "matches", "every_length"))]
    assert all(not line.endswith("=" + 16 * "0") for line in trips)
    assert len(set(trips)) == len(trips)


def test_sources_are_checked(monkeypatch, tmp_path):
    """An archive that is not the one of the table is refused, and so is none at all."""
    monkeypatch.setattr(fetch, "TARGET", tmp_path)
    wrong = {"crate": "libz-sys", "version": "1.1.31", "sha256": hashlib.sha256(b"another").hexdigest()}
    monkeypatch.setattr(fetch, "table", lambda: {"zlib": wrong})
    with pytest.raises(fetch.FetchError, match="SHA-256"):
        fetch.fetch("zlib")
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CARGO_NET_OFFLINE", "true")
    with pytest.raises(fetch.FetchError, match="hint: .*network"):
        fetch.fetch("zlib")
