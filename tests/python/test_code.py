"""`pixie inspect` shows code: disassembly as llvm-objdump reads the same object, flow graphs as the IR has them, single functions."""

import re

import pytest
from conftest import PLATFORMS, pixie, refused, run

SOURCE = """
#include <math.h>
static const double table[3] = {1, 2, 3};
__attribute__((noinline)) static double helper(double x) { return exp(x) + table[(int)x]; }
double f(double x) { return helper(x) * sin(x); }
int sorted(int x) {
    switch (x) {
    case 1: return (int)f(1);
    case 5: case 6: return (int)cos(x);
    default: return x < 0 ? (int)f(2) : x;
    }
}
double sum(const double *x, unsigned long long n) { double s = 0; for (unsigned long long i = 0; i < n; i++) s += x[i]; return s; }
"""
EXPORTS = ["f(x: f64) -> f64", "sort = sorted(x: i32) -> i32", "sum(x: f64[n], n: u64) -> f64"]
FUNCTIONS = ["f", "helper", "sorted", "sum"]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "code.c").write_text(SOURCE)
    pixie("build", folder / "code.c", "-o", folder / "code.pixie", *(word for export in EXPORTS for word in ("--export", export)))
    return folder / "code.pixie"


def inspect(module, *words):
    return pixie("inspect", module, *words).stdout


def by_objdump(path, platform):
    """Each function's instructions: address, text, the symbols of its relocations."""
    attributes = ["--mattr=+all"] if platform in ("linux-aarch64", "osx-arm64") else []
    text = run("llvm-objdump-22", "-d", "-r", "--no-show-raw-insn", *attributes, path).stdout
    functions, current = {}, None
    for line in text.splitlines():
        if header := re.fullmatch(r"([0-9a-f]{16}) <(.*)>:", line):
            current = functions.setdefault("" if header[2].startswith("ltmp") else header[2], [])
        elif relocation := re.match(r"\t\t[0-9a-f]{16}:  \S+\t(.*)", line):
            current[-1][2].append(re.sub(r"[-+]0x[0-9a-f]+$", "", relocation[1]))
        elif instruction := re.match(r" *([0-9a-f]+):\s+(.*)", line):
            words = re.sub(r"\s+(#|//|;) .*$", "", instruction[2])
            current.append((int(instruction[1], 16), re.sub(r" <[^<>]*>$", "", words).strip(), []))
    # On macOS a label of the compiler's own stands at the first function.
    if "" in functions:
        functions["_f"] = functions.pop("")
    return functions


def by_pixie(text):
    """The same of our text, with the labels of each function by address."""
    functions, labels, waiting = {}, {}, []
    for line in text.splitlines():
        if instruction := re.match(r" *([0-9a-f]+):  (.*)", line):
            address = int(instruction[1], 16)
            labels[name].update((label, address) for label in waiting)
            waiting = []
            words, _, note = instruction[2].partition("  # " if "  # " in line else "  ; ")
            functions[name].append((address, words, re.sub(r"[-+]0x[0-9a-f]+$", "", note)))
        elif line.startswith("."):
            waiting.append(line.removesuffix(":"))
        elif line:
            name = line.removesuffix(":")
            functions[name], labels[name] = [], {}
    return functions, labels


@pytest.mark.parametrize("platform", PLATFORMS)
def test_disassembly_is_that_of_objdump(module, platform, tmp_path):
    prefix = "_" if platform == "osx-arm64" else ""
    for isa in PLATFORMS[platform]:
        path = tmp_path / f"{isa}.o"
        pixie("extract", module, "--platform", platform, "--isa", isa, "-o", path)
        ours, labels = by_pixie(inspect(module, "--disasm", "--platform", platform, "--isa", isa))
        theirs = by_objdump(path, platform)
        assert {prefix + name for name in FUNCTIONS} < set(ours) == set(theirs)
        starts = {name: body[0][0] for name, body in ours.items()}
        called = set()
        for name, body in theirs.items():
            assert [address for address, *_ in ours[name]] == [address for address, *_ in body]
            for (address, words, note), (_, expected, symbols) in zip(ours[name], body):
                where = f"{platform} {isa} {name} {address:#x}: {words} | {expected} {symbols}"
                operand = words.split("\t")[-1]
                if symbols and not note:
                    # A branch: the symbol stands where objdump has an address that means nothing.
                    assert operand == symbols[0] and words.split("\t")[0] == expected.split("\t")[0], where
                    called.add(operand.removeprefix(prefix))
                elif operand.split(", ")[-1] in labels[name] or operand in starts:
                    *before, last = re.split(r"([\t ])", words)
                    target = labels[name].get(last, starts.get(last))
                    assert "".join(before) + hex(target) == expected, where
                elif words.startswith("adrp"):
                    assert words.split(",")[0] == expected.split(",")[0] and note == symbols[0], where
                else:
                    assert words == expected and note == (symbols[0] if symbols else ""), where
        assert {"exp", "sin", "cos"} <= called


def test_one_function_by_its_name_or_its_symbol(module):
    forms = (["--disasm"], ["--asm"], ["--llvm"], ["--llvm", "--isa", "x86-64-v3"], ["--cfg"])
    for form in ([*form, "--platform", "linux-64"] for form in forms):
        by_name = inspect(module, *form, "--function", "sort")
        assert by_name == inspect(module, *form, "--function", "sorted")
        two = inspect(module, *form, "--function", "sort", "--function", "helper")
        assert 0 < len(by_name) < len(two) < len(inspect(module, *form))
    message = refused("inspect", module, "--disasm", "--function", "absent")
    assert "`absent`" in message and str(module) in message and "hint: it has `f`, " in message and "thunk" not in message
    assert "`absent`" in refused("inspect", module, "--cfg", "--function", "absent")
    refused("inspect", module, "--function", "f", code=2)
    refused("inspect", module, "--cfg", "--asm", code=2)


def test_assembly_of_one_function_is_that_of_the_module(module):
    """Instructions alone: labels are numbered anew."""

    def body(text):
        lines = text[text.index("\nsorted:") :].split(".Lfunc_end")[0].splitlines()
        return [re.sub(r"\.L\w+", "LABEL", line.split("#")[0]).strip() for line in lines if line.startswith("\t") and "\t." not in line]

    words = ["--asm", "--platform", "linux-64", "--isa", "x86-64-v3"]
    alone, whole = body(inspect(module, *words, "--function", "sort")), body(inspect(module, *words))
    assert alone == whole and any("callq\thelper" in line for line in alone)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_flow_graphs_have_the_blocks_and_edges_of_the_ir(module, platform):
    words = ["--platform", platform, "--isa", PLATFORMS[platform][-1], "--function", "sort"]
    dot, ir = inspect(module, "--cfg", *words), inspect(module, "--llvm", *words)
    assert run("dot", "-Tplain", input=dot).stdout.startswith("graph ")
    blocks = dict(re.findall(r'^    "(f0b\d+)" \[label="((?:[^"\\]|\\.)*)"\];$', dot, re.M))
    edges = re.findall(r'^    "(f0b\d+)" -> "(f0b\d+)"(?: \[label=" (.*)"\])?;$', dot, re.M)
    assert dot.count(" -> ") == len(edges)
    names = {key: label.split(":\\l")[0] for key, label in blocks.items()}
    # The same from the text, block by block.
    body = ir[ir.index("{\n") + 2 : ir.rindex("}")]
    expected = set()
    for number, block in enumerate(body.split("\n\n")):
        name = names[f"f0b{number}"]
        assert number == 0 or block.startswith(f"{name}:")
        for taken, target in re.findall(r"br i1 .*?, label %(\S+), label %(\S+)", block):
            expected |= {(name, taken, "T"), (name, target, "F")}
        expected |= {(name, target, "") for target in re.findall(r"br label %(\S+)", block)}
        if "switch " in block:
            default = re.search(r"switch .*?, label %(\S+) \[", block)[1]
            expected.add((name, default, "default"))
            expected |= {(name, target, value) for value, target in re.findall(r"i32 (-?\d+), label %(\S+)", block)}
    assert number + 1 == len(blocks) > 4 and "default" in {when for *_, when in expected}
    found = {(names[a], names[b], one) for a, b, when in edges for one in when.split(", ")}
    assert found == {(a, b.rstrip(","), when) for a, b, when in expected}


def test_quotes_and_backslashes_in_a_graph(build):
    ir = 'define i32 @"a \\22b\\22 \\5C"(i32 %x) {\n"the \\22start\\22":\n  ret i32 %x\n}\ndefine i32 @g(i32 %x) {\n  %y = call i32 @"a \\22b\\22 \\5C"(i32 %x)\n  ret i32 %y\n}\n'
    path = build(ir, "--export", "g(x: i32) -> i32", "-O0", suffix="ll")
    dot = inspect(path, "--cfg", "--platform", "linux-64")
    assert "the" in dot and run("dot", "-Tsvg", input=dot).stdout.count("<polygon") > 2


def test_another_modules_file_is_refused(module, kernels):
    import json

    own = json.loads(inspect(module, "--json"))["build_id"]
    inspect(module, "--cfg", "--build-id", own)
    message = refused("inspect", kernels, "--cfg", "--build-id", own)
    assert own in message and str(kernels) in message and "\nhint: the file was replaced" in message
