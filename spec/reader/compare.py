"""Alters valid modules at random and compares this reader's judgement with the Rust reader's: `compare.py [COUNT [SEED]]`.

Needs cargo; run it in a checkout.
"""

import json
import random
import re
import struct
import subprocess
import sys
from pathlib import Path

import cbor2
from blake3 import blake3

import pixie_reader

ROOT = Path(__file__).resolve().parents[2]
WORDS = "object bitcode image dwarf hold zero baseline x86-64 x86-64-v3 linux-64 win-64 sqrt printf memcpy elf avx2 fma neon f n".split()
SIGNATURE_PARTS = (
    "f64 f32 i8 u64 usize long bool c64 ptr n m x ( ) [ ] , : ; = | + - * -> inout out None order=F stride=n status void"
    " 0 1 00 1.5 1e16 1e5 0.0001 0.00001 .5 1. 256 9223372036854775808 1e400 3.5e38 - inf nan True False F C order stride"
).split()


def seal(manifest, blobs, header):
    """The file, with every length and hash right."""
    data = bytearray(header[:16]) + bytes(112) + manifest
    for blob in blobs:
        data += bytes(-len(data) % 64) + blob
    struct.pack_into("<QQQ", data, 16, len(data), 128, len(manifest))
    data[40:72] = blake3(manifest).digest()
    data[72:96] = header[72:96]
    data[96:128] = blake3(bytes(data[:96])).digest()
    return bytes(data)


def containers(value):
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def alter_signature(rng, text):
    """The same signature with a few tokens replaced, dropped or repeated; spaces stay where they were."""
    tokens = re.findall(r" |[A-Za-z_]\w*|[0-9.]+(?:e[+-]?\d+)?|->|.", text)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randrange(len(tokens))
        action = rng.randrange(5)
        if action == 0:
            del tokens[at]
        elif action == 1:
            tokens.insert(at, rng.choice(tokens + SIGNATURE_PARTS))
        else:
            tokens[at] = rng.choice(tokens + SIGNATURE_PARTS)
        tokens = tokens or ["f"]
    return "".join(tokens)


def another(rng, value):
    """A value near this one, or quite another."""
    choice = rng.randrange(8)
    if isinstance(value, int) and choice < 4:
        return value + rng.choice([-1, 1, 2, 1 << 31, 1 << 32])
    return rng.choice(
        [0, 1, -1, 3, 4, 2**64 - 1, -(2**63), True, False, None, "", rng.choice(WORDS), "a\0b", b"", bytes(32), [], {}, [0], ["a"]]
    )


def alter(rng, manifest):
    for _ in range(rng.choice([1, 1, 1, 2])):
        target = rng.choice(list(containers(manifest)))
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        action = rng.randrange(6)
        if action == 0 and keys:
            del target[rng.choice(keys)]
        elif action == 1 and isinstance(target, dict):
            target[rng.choice(WORDS + ["doc", "gil", "absent", "foreign", "neutral", "isa", "core", "critical"])] = another(rng, 0)
        elif action == 2 and isinstance(target, list) and keys:
            target.insert(rng.choice(keys), target[rng.choice(keys)])
        elif action == 3 and isinstance(target, list):
            rng.shuffle(target)
        elif keys:
            key = rng.choice(keys)
            target[key] = another(rng, target[key])


def alter_bytes(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(len(data))
        action = rng.randrange(4)
        if action == 0:
            data[at] = rng.randrange(256)
        elif action == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif action == 2:
            del data[at]
        else:
            data.insert(at, rng.choice([0x00, 0x18, 0x60, 0x7F, 0x80, 0x9F, 0xA0, 0xC0, 0xF5, 0xF6, 0xF9, 0xFF]))
    return bytes(data)


def cases(count, seed):
    rng = random.Random(seed)
    modules = [path.read_bytes() for path in sorted((ROOT / "spec/vectors/valid").glob("*.pixie"))]
    for _ in range(count):
        data = rng.choice(modules)
        module = pixie_reader.Module(data)
        blobs = [data[extent[0] : sum(extent)] for extent in module.extents if extent]
        kind = rng.randrange(3)
        if kind:
            manifest = cbor2.loads(module.manifest_bytes)
            if kind == 1 and manifest["exports"]:
                export = rng.choice(manifest["exports"])
                export["signature"] = alter_signature(rng, export["signature"])
            else:
                alter(rng, manifest)
            encoded = cbor2.dumps(manifest, canonical=True)
        else:
            encoded = alter_bytes(rng, module.manifest_bytes)
        yield seal(encoded, blobs, data[:128])


def judge(data):
    try:
        module = pixie_reader.Module(data)
        module.verify()
    except pixie_reader.Broken as error:
        return error.rule
    listing = module.listing()
    return f"ok {listing['build_id']} {listing['content_id']}"


def main(arguments):
    count = int(arguments[0]) if arguments else 20000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    files = list(cases(count, seed))
    command = ["cargo", "run", "--quiet", "-p", "pixie-format", "--example", "judge"]
    stream = b"".join(struct.pack("<I", len(data)) + data for data in files)
    verdicts = subprocess.run(command, cwd=ROOT, input=stream, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    mine = [judge(data) for data in files]
    wrong = [index for index in range(count) if mine[index][:2] == "ok" or verdicts[index][:2] == "ok"]
    wrong = [index for index in wrong if mine[index] != verdicts[index]]
    rules = sum(mine[index] != verdicts[index] for index in range(count)) - len(wrong)
    for index in wrong[:10]:
        path = Path(f"disagreement-{index}.bin")
        path.write_bytes(files[index])
        print(f"{path}: Python says {mine[index]}, Rust says {verdicts[index]}", file=sys.stderr)
    accepted = sum(verdict.startswith("ok") for verdict in mine)
    counts = {rule: mine.count(rule) for rule in sorted(set(mine), key=lambda rule: int(rule[1:]) if rule[1:].isdigit() else 0)}
    print(f"{count} modules, {accepted} accepted by both, {len(wrong)} disagreements; {rules} refused by different rules")
    print(json.dumps({rule: number for rule, number in counts.items() if not rule.startswith("ok")}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
