"""Relocated bytes are lld's: each object is linked by lld and, at the addresses that lld chose, by pixie's linker (`tests/compare`)."""

import struct
import sys
from collections import Counter

import pytest
from conftest import PLATFORMS, ROOT, TABLES, build_kernels, pixie, run

sys.path.insert(0, str(ROOT / "tests/compare"))
sys.path.insert(0, str(ROOT / "tests/programs"))
import build as programs  # noqa: E402
import compare  # noqa: E402
import fetch  # noqa: E402
import linked  # noqa: E402

TRIPLES = {
    "linux-64": "x86_64-unknown-linux-gnu",
    "linux-aarch64": "aarch64-unknown-linux-gnu",
    "osx-arm64": "arm64-apple-macosx11.0.0",
    "win-64": "x86_64-pc-windows-msvc",
}
# The ways in which lld may differ, each computed byte by byte in `compare.py`.
EXPLAINED = {
    "linux-64": set(),
    "linux-aarch64": {"call of a weak symbol that nobody has, lld's stub against the next instruction"},
    "osx-arm64": {"adrp of a table entry made one of the symbol, which is inside", "ldr of a table entry made an add, the symbol is inside"},
    "win-64": {"lea of the import's stub against a load of its address"},
}
# What the hand-written objects have between them: every kind of relocation that the readers make.
KINDS = {
    "linux-64": "None Absolute64 Absolute32 Absolute32Signed Relative32 Relative64 Call32 GotRelative32 GotBase32 GotBase64 GotOffset64",
    "linux-aarch64": "None Absolute64 Absolute32 Relative64 Relative32 Call32 Branch26 Branch19 Branch14 Literal19 Address21 Page21 "
    "PageOffset12{shift:0} PageOffset12{shift:1} PageOffset12{shift:2} PageOffset12{shift:3} PageOffset12{shift:4} "
    "GotPage21 GotPageOffset12 GotRelative32",
    "osx-arm64": "Absolute64 Subtract64 Relative64 Relative32 Branch26 Page21 PageOffset12{shift:0} PageOffset12{shift:2} "
    "PageOffset12{shift:3} PageOffset12{shift:4} PageOffset12{shift:1} GotPage21 GotPageOffset12 GotRelative32",
    "win-64": "Absolute64 Relative32 Call32 Address32 ImageRelative32",
}


@pytest.fixture(scope="module", autouse=True)
def linker():
    compare.build()


@pytest.fixture(scope="module")
def reports():
    """What was compared; the table is printed at the end of the run."""
    found = []
    yield found
    TABLES.append(("relocated bytes against lld's", compare.table(found)))


def checked(reports, platform, obj, name, fixed=False):
    report = compare.compare(platform, obj, name, fixed)
    assert set(report.explained) <= EXPLAINED[platform]
    reports.append(report)
    return report


def assembled(name, platform, folder):
    obj = folder / f"{name}.o"
    run("clang-22", f"--target={TRIPLES[platform]}", "-c", ROOT / f"tests/relocations/{name}.s", "-o", obj)
    return obj


def every_variant(reports, module, platform, folder, name=None):
    for isa in PLATFORMS[platform]:
        obj = folder / f"{isa}.o"
        pixie("extract", module, "--platform", platform, "--isa", isa, "--object", "-o", obj)
        checked(reports, platform, obj, f"{name or module.stem} {isa}")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_kind_of_relocation(reports, platform, tmp_path):
    kinds = Counter()
    for source in sorted((ROOT / "tests/relocations").glob(f"{platform}*.s")):
        obj = assembled(source.stem, platform, tmp_path)
        kinds += checked(reports, platform, obj, source.stem, source.stem.endswith("absolute")).kinds
    assert set(kinds) == set(KINDS[platform].split())


def test_relative_fields_before_the_end_of_an_instruction(reports, tmp_path):
    """REL32_1 to REL32_5, which LLVM never writes: each in place of a REL32."""
    obj = assembled("win-64", "win-64", tmp_path)
    data = bytearray(obj.read_bytes())
    start, count = linked.unpack("I", data, 20 + 24)[0], linked.unpack("H", data, 20 + 32)[0]
    description = compare.Described("win-64", obj)
    number = next(index for index, symbol in enumerate(description.symbols) if symbol[0] == "number")
    entries = [at for at in range(start, start + 10 * count, 10) if linked.unpack("IH", data, at + 4) == (number, 4)]
    for kind, at in zip(range(5, 10), entries, strict=True):
        struct.pack_into("<H", data, at + 8, kind)
    obj.write_bytes(data)
    checked(reports, "win-64", obj, "win-64 REL32_1 to 5")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_kernels(reports, kernels, platform, tmp_path):
    every_variant(reports, kernels, platform, tmp_path)


@pytest.fixture(scope="module")
def kernels_unoptimised(tmp_path_factory):
    return build_kernels(tmp_path_factory.mktemp("O0"), "-O", "0")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_unoptimised_kernels(reports, kernels_unoptimised, platform, tmp_path):
    every_variant(reports, kernels_unoptimised, platform, tmp_path, "kernels -O0")


# Built as the other tests of programs build them, so once for all; and one unoptimised.
@pytest.mark.parametrize("words", [*((name, "--reproducible") for name in fetch.programs()), ("zlib", "-O", "0")], ids=" ".join)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_programs(reports, words, platform, tmp_path):
    every_variant(reports, programs.build(*words), platform, tmp_path, " ".join(words))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("damage", ["code", "field", "table"])
def test_the_comparison_notices(platform, damage, tmp_path):
    """One bit of lld's output changed, in code that no relocation touches, in a field, or in a table entry, is noticed."""
    obj = assembled(platform, platform, tmp_path)
    comparison = compare.Comparison(platform, obj, tmp_path, platform, False)
    comparison.place_sections()
    section = next(index for index, entry in enumerate(comparison.object.sections) if entry[1] == "Text")
    at = comparison.at[section]
    fields = [offset for index, offset, *_ in comparison.object.relocations if index == section]
    match damage:
        case "code":
            at += next(offset for offset in range(200) if all(not field - 2 <= offset < field + 8 for field in fields))
        case "field":
            at += fields[0]
        case "table":
            entries = comparison.lld.got
            at = entries.get("outside_data") or entries["outside_cell"]
    comparison.lld.memory[at] ^= 4
    with pytest.raises(AssertionError, match="differs at"):
        comparison.run()
