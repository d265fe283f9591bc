"""A reader of fat modules, written from the pages of spec/ alone: `pixie_reader.py list|verify FILE…`.

It shares nothing with the Rust crates. `list` prints what a module holds as JSON, `verify` checks every rule of
spec/validation.md and exits with 1 if one is broken. Needs the packages cbor2 and blake3.
"""

import io
import json
import re
import struct
import sys
from pathlib import Path

import cbor2
from blake3 import blake3

import pixie_signature

HERE = Path(__file__).resolve().parent
MAGIC = b"\x8fPIX\r\n\x1a\n"
MAJOR, MINOR = 1, 0

PLATFORMS = {
    "linux-64": ("x86_64-unknown-linux-gnu", "elf", "x86"),
    "linux-aarch64": ("aarch64-unknown-linux-gnu", "elf", "arm"),
    "osx-arm64": ("arm64-apple-macosx11.0.0", "macho", "arm"),
    "win-64": ("x86_64-pc-windows-msvc", "coff", "x86"),
}
X86 = (
    "cx16 sahf popcnt sse3 ssse3 sse4.1 sse4.2 avx avx2 bmi bmi2 f16c fma lzcnt movbe xsave avx512f avx512bw"
    " avx512cd avx512dq avx512vl avx512ifma avx512vbmi avx512vbmi2 avx512vnni avx512bitalg avx512vpopcntdq"
    " avx512bf16 avx512fp16 avxvnni gfni"
).split()
ARM = (
    "neon crc lse rdm fullfp16 dotprod fp16fml jsconv complxnum rcpc aes sha2 sha3 bf16 i8mm sve sve2"
).split()
FEATURES = {"x86": X86, "arm": ARM}
X86_LEVELS = {"x86-64": X86[:0], "x86-64-v2": X86[:7], "x86-64-v3": X86[:16], "x86-64-v4": X86[:21]}
LEVELS = {
    "linux-64": X86_LEVELS,
    "win-64": X86_LEVELS,
    "linux-aarch64": {
        "armv8-a": ["neon"],
        "armv8.2-a": "neon crc lse rdm fullfp16 dotprod".split(),
        "sve": "neon crc lse rdm fullfp16 sve".split(),
        "sve2": "neon crc lse rdm fullfp16 dotprod complxnum rcpc sve sve2".split(),
    },
    "osx-arm64": {"apple-m1": ARM[:13], "apple-m2": ARM[:15]},
}


class Broken(Exception):
    """A rule of spec/validation.md is broken."""

    def __init__(self, rule, what):
        super().__init__(f"{rule}: {what}")
        self.rule = rule


def need(condition, rule, what):
    if not condition:
        raise Broken(rule, what)


def ascending(items):
    return all(a < b for a, b in zip(items, items[1:]))


def read_header(data):
    need(data[:8] == MAGIC, "M1", "not a fat module")
    need(len(data) >= 128, "M2", f"the header has {len(data)} bytes of 128")
    need(blake3(data[:96]).digest() == data[96:128], "M2", "the header is damaged")
    major, minor, flags, length, offset, size = struct.unpack_from("<HHIQQQ", data, 8)
    need(major == MAJOR, "M3", f"format {major}.{minor}, this reader knows {MAJOR}.{MINOR}")
    need(minor > MINOR or (flags == 0 and not any(data[72:96])), "M4", "flags or reserved bytes are set")
    need(length == len(data), "M5", f"the file has {len(data)} bytes, its header says {length}")
    need(offset == 128, "M6", f"the manifest begins at {offset}")
    need(1 <= size <= min(16 << 20, len(data) - 128), "M7", f"the manifest has {size} bytes")
    manifest = data[128 : 128 + size]
    need(blake3(manifest).digest() == data[40:72], "M8", "the manifest is damaged")
    return minor, manifest


class Scan:
    """Refuses CBOR that is not deterministic. cbor2 reads much more than that."""

    def __init__(self, data):
        self.data, self.at, self.items = data, 0, 0
        self.item(0)
        need(self.at == len(data), "M9", "bytes follow the manifest")

    def take(self, count):
        need(count <= len(self.data) - self.at, "M9", f"{count} more bytes are expected at {self.at}")
        self.at += count
        return self.data[self.at - count : self.at]

    def head(self):
        start = self.at
        self.items += 1
        need(self.items <= 1 << 20, "M14", "too many items")
        major, info = divmod(self.take(1)[0], 32)
        if major == 7:
            need(info not in (28, 29, 30), "M9", f"reserved information at {start}")
            need(info != 31, "M11", f"a break at {start}")
            need(info in (20, 21, 22), "M12", f"a float or an unknown simple value at {start}")
            return major, info
        need(info not in (28, 29, 30), "M9", f"reserved information at {start}")
        need(info != 31, "M11", f"an indefinite length at {start}")
        need(major != 6, "M12", f"a tag at {start}")
        if info < 24:
            return major, info
        size = 1 << (info - 24)
        value = int.from_bytes(self.take(size), "big")
        need(value >= (24 if size == 1 else 1 << (size * 4)), "M10", f"not the shortest form at {start}")
        return major, value

    def item(self, depth):
        major, value = self.head()
        if major == 1:
            need(value < 1 << 63, "M14", "an integer below -2^63")
        elif major in (2, 3):
            text = self.take(value)
            if major == 3:
                try:
                    text.decode()
                except UnicodeDecodeError:
                    raise Broken("M9", "a text that is not UTF-8") from None
        elif major in (4, 5):
            need(depth < 16, "M14", "nested deeper than 16")
            need(value <= len(self.data) - self.at, "M9", "more items than bytes")
            previous = b""
            for _ in range(value):
                if major == 5:
                    start = self.at
                    need(self.at == len(self.data) or self.data[self.at] // 32 == 3, "M13", "a key that is no text")
                    self.item(depth + 1)
                    key = self.data[start : self.at]
                    need(previous < key, "M13", f"keys are not ascending at {start}")
                    previous = key
                self.item(depth + 1)


# The schema: spec/manifest.cddl. A key with "?" is optional.
TEXT, MARK = "text", "mark"
HASH = ("bytes", 32)
INDEX = ("uint", 0, 2**32 - 1)
STATUS = {"code": ("uint", -(2**31), 2**31 - 1), "text": TEXT}
UFUNC = {"loop": TEXT, "core?": MARK, "identity?": ("word", "zero", "one", "minus-one", "reorderable")}
EXPORT = {
    "name": TEXT, "signature": TEXT, "symbol": TEXT, "thunk": TEXT, "doc?": TEXT, "gil?": ("word", "hold", "release"),
    "restrict?": ("some", INDEX), "status?": ("some", STATUS), "ufunc?": UFUNC, "source?": TEXT, "metadata?": TEXT,
}  # fmt: skip
IMPORT = {"name": TEXT, "foreign?": MARK}
BITCODE = {
    "blob": INDEX, "platforms": ("list", TEXT), "neutral?": MARK, "isa?": TEXT, "llvm": TEXT,
    "producers": ("list", TEXT), "triple": TEXT, "data_layout": TEXT,
}  # fmt: skip
VARIANT = {
    "isa": TEXT, "features": ("list", TEXT), "object": INDEX, "imports": ("list", INDEX), "image?": INDEX,
}  # fmt: skip
PLATFORM = {"triple": TEXT, "object_format": TEXT, "variants": ("some", VARIANT)}
BLOB = {
    "hash": HASH, "kind": ("open", "object", "bitcode", "image"), "size": ("uint", 0, 2**64 - 1), "absent?": MARK,
}  # fmt: skip
OPTIONS = {"opt": ("uint", 0, 3), "debug?": MARK, "reproducible?": MARK}
MANIFEST = {
    "name": TEXT, "producer": TEXT, "exports": ("list", EXPORT), "imports": ("list", IMPORT),
    "bitcode": ("list", BITCODE), "platforms": ("table", PLATFORM), "blobs": ("list", BLOB), "options": OPTIONS,
    "doc?": TEXT, "metadata?": TEXT, "origin?": HASH, "critical?": ("some", TEXT),
}  # fmt: skip


def conform(value, shape, path, newer):
    def wrong(what):
        raise Broken("M16", f"{path or 'the manifest'}: {what}")

    if isinstance(shape, dict):
        if not isinstance(value, dict):
            wrong("no map")
        known = {key.rstrip("?") for key in shape}
        if not newer and set(value) - known:
            wrong(f"unknown keys {sorted(set(value) - known)}")
        for key, inner in shape.items():
            name = key.rstrip("?")
            if name in value:
                conform(value[name], inner, f"{path}.{name}", newer)
            elif key == name:
                wrong(f"no key {name}")
        return
    kind, *rest = (shape,) if isinstance(shape, str) else shape
    if kind in ("list", "some", "table"):
        if not isinstance(value, dict if kind == "table" else list):
            wrong(f"no {kind}")
        if kind == "some" and not value:
            wrong("an empty list")
        for key, inner in value.items() if kind == "table" else enumerate(value):
            conform(inner, rest[0], f"{path}[{key}]", newer)
    elif kind == "mark":
        if value is not True:
            wrong("a mark is true, or left out")
    elif kind == "uint":
        if isinstance(value, bool) or not isinstance(value, int) or not rest[0] <= value <= rest[1]:
            wrong(f"no integer from {rest[0]} to {rest[1]}")
    elif kind == "bytes":
        if not isinstance(value, bytes) or len(value) != rest[0]:
            wrong(f"not {rest[0]} bytes")
    elif not isinstance(value, str):
        wrong("no text")
    elif kind == "word" and value not in rest or kind == "open" and not newer and value not in rest:
        wrong(f"{value!r} is none of {rest}")


def runtime_symbols():
    """Symbol to platforms: the table of spec/runtime-symbols.md."""
    rows = re.findall(
        r"^\| `([^`]+)` \| \w+ \| \w+ \| ([^|]+) \|", (HERE.parent / "runtime-symbols.md").read_text(), re.M
    )
    table = {}
    for name, platforms in rows:
        names = set(PLATFORMS) if platforms == "all" else set(platforms.split(", "))
        table.setdefault(name, set()).update(names)
    return table


def check_name(text, what):
    need(1 <= len(text.encode()) <= 4096 and "\0" not in text, "M17", f"{what}: no name: {text[:40]!r}")


def check_identifier(text, what):
    check_name(text, what)
    good = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) and text not in pixie_signature.KEYWORDS
    need(good, "M17", f"{what}: no identifier: {text[:40]!r}")


def check_ufunc(ufunc, signature):
    params, result = signature.params, signature.result
    is_scalar = result in pixie_signature.SCALARS
    outs = [param for param in params if param.mode == "out"]
    good = is_scalar or (result == "void" and outs)
    hidden = {params[index].name for index in signature.hidden()}
    good = good and any(not param.mode and param.name not in hidden for param in params)
    for param in params:
        if param.type == "ptr":
            good = False
        elif "core" in ufunc:
            axes = all(isinstance(dim, int) or dim in hidden for dim in param.dims or [])
            good = good and param.mode != "inout" and not param.optional and not (param.fortran or param.stride) and axes
        else:
            good = good and (not param.is_array or param.dims == [])
    need(good, "M21", f"{signature.name} is no ufunc")


def check_exports(exports):
    seen = set()
    for export in exports:
        check_identifier(export["name"], "export")
        check_name(export["symbol"], "symbol")
        check_name(export["thunk"], "thunk")
        text = export["signature"]
        try:
            signature = pixie_signature.parse(text)
        except pixie_signature.Bad as error:
            raise Broken("M18", f"{text}: {error}") from None
        need(str(signature) == text, "M18", f"{text} is {signature} in canonical text")
        need(signature.name == export["name"], "M18", f"{text} has another name than {export['name']}")
        need(text not in seen, "M19", f"{text} stands twice")
        seen.add(text)
        restrict = export.get("restrict", [])
        pointers = [i for i, param in enumerate(signature.params) if param.is_array or param.type == "ptr"]
        need(ascending(restrict) and set(restrict) <= set(pointers), "M20", f"restrict of {text}")
        codes = [entry["code"] for entry in export.get("status", [])]
        fits = not codes or signature.result == "status"
        need(fits and ascending(codes) and 0 not in codes, "M21", f"status of {text}")
        if "ufunc" in export:
            check_name(export["ufunc"]["loop"], "loop")
            check_ufunc(export["ufunc"], signature)


def refer(blobs, used, index, kind):
    need(index < len(blobs), "M28", f"no blob {index}")
    need(blobs[index]["kind"] == kind, "M28", f"blob {index} is {blobs[index]['kind']}, not {kind}")
    used.add(index)


def check_bitcode(manifest, newer, used):
    served = set()
    for entry in manifest["bitcode"]:
        refer(manifest["blobs"], used, entry["blob"], "bitcode")
        names, isa = entry["platforms"], entry.get("isa")
        need(ascending(names) and ascending(entry["producers"]), "M24", "names are not ascending")
        need(newer or set(names) <= set(PLATFORMS), "M24", f"unknown platform in {names}")
        need(isa not in ("", "baseline"), "M24", "no level")
        keys = [(name, isa) for name in names]
        if "neutral" in entry:
            keys.append(("", None))
            need(not entry["triple"] and not entry["data_layout"] and isa is None, "M24", "neutral with a target")
        else:
            need(len(names) == 1 and entry["data_layout"], "M24", "no target")
            triple = PLATFORMS.get(names[0], (entry["triple"],))[0]
            need(entry["triple"] == triple, "M24", f"triple {entry['triple']}")
        need(served.isdisjoint(keys), "M24", f"two entries for {keys}")
        served.update(keys)


def check_variant(name, variant, newer):
    features = variant["features"]
    if name not in PLATFORMS:
        return
    order = FEATURES[PLATFORMS[name][2]]
    known = [order.index(feature) for feature in features if feature in order]
    need(ascending(known), "M26", f"features {features} are not in order")
    others = set(features) - set(order)
    need(not others & set(X86 + ARM), "M26", f"features {others} are of another architecture")
    need(newer or not others, "M26", f"unknown features {others}")
    need(features == LEVELS[name].get(variant["isa"], features), "M26", f"features of {variant['isa']}")


def check_platforms(manifest, newer, used):
    imports = manifest["imports"]
    names = [entry["name"] for entry in imports]
    for name in names:
        check_name(name, "import")
    need(ascending([name.encode() for name in names]), "M22", "imports are not ascending")
    symbols, needed = runtime_symbols(), set()
    for name, entry in manifest["platforms"].items():
        need(newer or name in PLATFORMS, "M25", f"unknown platform {name}")
        if name in PLATFORMS:
            need((entry["triple"], entry["object_format"]) == PLATFORMS[name][:2], "M25", f"target of {name}")
        levels = [variant["isa"] for variant in entry["variants"]]
        for level in levels:
            check_name(level, "level")
        need(len(set(levels)) == len(levels) and "baseline" not in levels, "M26", f"levels {levels}")
        for variant in entry["variants"]:
            check_variant(name, variant, newer)
            refer(manifest["blobs"], used, variant["object"], "object")
            if "image" in variant:
                refer(manifest["blobs"], used, variant["image"], "image")
            indices = variant["imports"]
            need(ascending(indices) and all(index < len(imports) for index in indices), "M27", f"imports of {name}")
            needed.update(indices)
            for index in indices:
                provided = newer or "foreign" in imports[index] or name in symbols.get(names[index], ())
                need(provided, "M23", f"{names[index]} is no runtime symbol of {name}")
    need(newer or len(needed) == len(imports), "M22", "an import that no variant needs")


def check_manifest(manifest, newer):
    if isinstance(manifest, dict) and "critical" in manifest:
        conform(manifest["critical"], ("some", TEXT), "critical", True)
        raise Broken("M15", f"critical features {manifest['critical']}, which this reader of {MAJOR}.{MINOR} does not know")
    conform(manifest, MANIFEST, "", newer)
    check_identifier(manifest["name"], "module")
    check_exports(manifest["exports"])
    blobs, used = manifest["blobs"], set()
    need(ascending([blob["hash"] for blob in blobs]), "M29", "blobs are not ascending by hash")
    need(all(blob["size"] for blob in blobs), "M30", "a blob of size 0")
    check_bitcode(manifest, newer, used)
    check_platforms(manifest, newer, used)
    need(newer or len(used) == len(blobs), "M31", "a blob that nothing refers to")


def check_image(data):
    """Rule M35: image.md §10.4."""

    def right(condition, what):
        need(condition, "M35", f"image: {what}")

    right(len(data) >= 68, "no whole header")
    version, page, align, text, constants, filled, zeroes, unwind, unwind_size, *counts = struct.unpack_from("<17I", data)
    if version != 1:
        return
    right(page in (4096, 16384, 65536), f"page {page}")
    right(align & (align - 1) == 0 and page <= align <= 1 << 21, f"alignment {align}")
    constants_at = -(-text // page) * page
    data_at = -(-(constants_at + constants) // page) * page
    last = data_at + filled + zeroes
    right(last <= 1 << 30, f"{last} bytes in memory")
    widths = (2, 2, 3, 1, 2, 2, 3)
    names_at = 68 + sum(4 * width * count for width, count in zip(widths, counts))
    right(names_at + counts[7] + text + constants + filled == len(data), "its parts do not add up to its size")
    tables, at = [], 68
    for width, count in zip(widths, counts):
        tables.append(list(struct.iter_unpack(f"<{width}I", data[at : at + 4 * width * count])))
        at += 4 * width * count
    symbols, imports, variables, relative, bindings, calls, codes = tables
    if unwind_size:
        end, code_at = unwind + unwind_size, len(data) - filled - constants - text
        among_code = end + 4 <= text
        inside = among_code or unwind >= constants_at and end + 4 <= constants_at + constants
        right(inside, "unwind tables outside code and constants")
        end += code_at if among_code else code_at + text - constants_at
        right(not any(data[end : end + 4]), "no zero behind the unwind tables")
    else:
        right(unwind == 0, "a place for unwind tables that are not there")

    ends = [0, *(row[0] for row in symbols + imports + variables)]
    right(ascending(ends) and ends[-1] == counts[7], f"ends of names {ends}")
    names = [data[names_at + start : names_at + end] for start, end in zip(ends, ends[1:])]
    try:
        [name.decode() for name in names]
    except UnicodeDecodeError:
        right(False, "a name that is not UTF-8")
    right(ascending(names[: len(symbols)]), "symbols are not ascending")
    right(all(row[1] <= last for row in symbols), "a symbol behind the end")
    right(all(row[1] in (2**32 - 1, *range(max(text - 15, 0))) for row in imports), "a stub outside the code")

    parts = [(0, text), (constants_at, constants), (data_at, filled)]

    def inside(offset, size):
        return any(offset >= start and offset + size <= start + length for start, length in parts)

    right(all(inside(*row[1:]) for row in variables), "a variable outside")
    right(all(inside(row[0], 8) for row in relative + bindings), "an address outside")
    right(all(row[1] < len(imports) for row in bindings + calls), "no such import")
    right(all(row[0] + 4 <= text for row in calls), "a call outside the code")
    right(all(imports[row[1]][1] != 2**32 - 1 for row in calls), "a call without a stub")
    for table in (relative, bindings, calls):
        right(ascending([row[0] for row in table]), "rows are not ascending")
    right(codes == sorted(codes), "unwind codes are not ascending")


def lay_out(blobs, end, length):
    extents = []
    for blob in blobs:
        if "absent" in blob:
            extents.append(None)
            continue
        offset = (end + 63) // 64 * 64
        end = offset + blob["size"]
        extents.append([offset, blob["size"]])
    need(end == length, "M32", f"the last blob ends at {end}, the file at {length}")
    return extents


def content_id(manifest, data):
    if not any("absent" in blob for blob in manifest["blobs"]):
        return blake3(data).hexdigest()
    blobs = [{key: value for key, value in blob.items() if key != "absent"} for blob in manifest["blobs"]]
    return blake3(cbor2.dumps({**manifest, "blobs": blobs}, canonical=True)).hexdigest()


class Module:
    """A module, checked by rules M1 to M32."""

    def __init__(self, data):
        self.data = data
        self.minor, self.manifest_bytes = read_header(data)
        Scan(self.manifest_bytes)
        stream = io.BytesIO(self.manifest_bytes)
        self.manifest = cbor2.CBORDecoder(stream).decode()
        # A second opinion on the scan: encoding again gives the same bytes.
        again = cbor2.dumps(self.manifest, canonical=True)
        need(again == self.manifest_bytes, "M10", "not the encoding that cbor2 gives")
        check_manifest(self.manifest, self.minor > MINOR)
        self.extents = lay_out(self.manifest["blobs"], 128 + len(self.manifest_bytes), len(data))

    def verify(self):
        """Rules M33 to M35."""
        end = 128 + len(self.manifest_bytes)
        for index, (blob, extent) in enumerate(zip(self.manifest["blobs"], self.extents)):
            if extent is None:
                continue
            offset, size = extent
            need(not any(self.data[end:offset]), "M33", f"padding before blob {index} is not zero")
            end = offset + size
            found = blake3(self.data[offset:end]).digest()
            need(found == blob["hash"], "M34", f"blob {index} at {offset} is damaged")
            if blob["kind"] == "image":
                check_image(self.data[offset:end])

    def listing(self):
        own = content_id(self.manifest, self.manifest_bytes)
        return {
            "format": f"{MAJOR}.{self.minor}",
            "file_length": len(self.data),
            "build_id": self.manifest["origin"].hex() if "origin" in self.manifest else own,
            "content_id": own,
            "extents": self.extents,
            "hidden": [pixie_signature.parse(export["signature"]).hidden() for export in self.manifest["exports"]],
            "manifest": printable(self.manifest),
        }


def printable(value):
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    return value.hex() if isinstance(value, bytes) else value


def main(arguments):
    if len(arguments) < 2 or arguments[0] not in ("list", "verify"):
        print("usage: pixie_reader.py list|verify FILE…", file=sys.stderr)
        return 2
    status = 0
    for path in arguments[1:]:
        try:
            module = Module(Path(path).read_bytes())
            if arguments[0] == "list":
                print(json.dumps(module.listing(), indent=2, sort_keys=True, ensure_ascii=False))
            else:
                module.verify()
        except (Broken, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
