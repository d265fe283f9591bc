"""Nests of loops: several rounds of an outer loop at once change no bit of the results, and make vectors of chains."""

import random
import re

import pytest
from conftest import host_levels, pixie

HORNER = """
#include <stddef.h>
void horner(const double *restrict c, size_t d, const double *restrict x, double *restrict y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double value = 0;
        for (size_t k = 0; k < d; k++) value = value * x[i] + c[k];
        y[i] = value;
    }
}
"""
EXPORT = "horner(c: f64[d], d: usize, x: f64[n], y: inout f64[n], n: usize)"


def assembly(module, level):
    return pixie("inspect", module, "--asm", "--function", "horner", "--platform", "linux-64", "--isa", level).stdout


def test_chains_of_neighbours_become_vectors(build):
    module = build(HORNER, "--export", EXPORT, "--platform", "linux-64")
    assert "mulpd" in assembly(module, "x86-64")
    assert re.search(r"vfn?m\w+pd.*ymm", assembly(module, "x86-64-v3"))
    assert re.search(r"vfn?m\w+pd.*[yz]mm", assembly(module, "x86-64-v4"))
    # Where the arrays may overlap, or one is read and written, the order stays.
    for old, new in [("restrict", ""), ("y[i] = value", "y[i] += value * y[0]")]:
        other = build(HORNER.replace(old, new), "--export", EXPORT, "--platform", "linux-64", name="other")
        assert not re.search(r"vfn?m\w+pd.*ymm", assembly(other, "x86-64-v3"))


def nest(chance, name):
    """A function of two loops over arrays of n elements, with what makes reordering them wrong more often than not."""

    def place(names):
        return chance.choice(["{0}", "n - 1 - {0}", "{0} / 2", "0", "({0} * 7) % n", "({0} + 1) % n"]).format(chance.choice(names))

    def value(names):
        array = chance.choice(["a", "a", "b", "b", "y", "z"] if chance.random() < 0.2 else ["a", "b"])
        return chance.choice([f"{array}[{place(names)}]", f"{array}[{place(names)}]", f"(double){chance.choice(names)}", "1.5"])

    def store(names, what):
        target = chance.choice(["y", "y", "z"])
        return f"{target}[{place(names)}] {chance.choice(['=', '=', '=', '+='])} {what};"

    inner = [f"s = s * {value('ij')} + {value('ij')};"]
    if chance.random() < 0.4:
        inner.append(f"t = t + {value('ij')} * {value('ij')};")
    if chance.random() < 0.3:
        inner.append(f"t = s > {value('ij')} ? t : s;")
    if chance.random() < 0.25:
        inner.insert(chance.randrange(2), store("ij", "s"))
    before = [store("i", value("i"))] if chance.random() < 0.3 else []
    after = [store("i", chance.choice(["s", "t", "s + t"])) for _ in range(chance.choice([1, 1, 1, 2]))]
    fresh = "s = 0.5; t = 0;" if chance.random() < 0.8 else ""
    end = chance.choice(["n", "n", "m", "5", "i"])
    start, test, step = chance.choice([("0", "i < n", "i++"), ("0", "i < n", "i++"), ("0", "i < n", "i += 2"), ("n", "i-- > 0", "")])
    lines = [
        f"void {name}(const double *restrict a, const double *restrict b, double *restrict y, double *restrict z, size_t n, size_t m) {{",
        "    double s = 0.5, t = 0;",
        f"    for (size_t i = {start}; {test}; {step}) {{ {fresh} {' '.join(before)}",
        f"        for (size_t j = 0; j < {end}; j++) {{ {' '.join(inner)} }}",
        f"        {' '.join(after)} }}",
        "}",
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(2))
def test_the_order_that_matters_is_kept(build, tmp_path, seed):
    chance = random.Random(seed)
    names = [f"nest{index}" for index in range(150)]
    source = "#include <stddef.h>\n" + "\n".join(nest(chance, name) for name in names)
    exports = tmp_path / "nests.sig"
    exports.write_text("".join(f"{name}(a: f64[n], b: f64[n], y: inout f64[n], z: inout f64[n], n: usize, m: usize)\n" for name in names))
    calls = tmp_path / "calls.txt"
    calls.write_text("".join(f"{name} n={size} m={count}\n" for name in names for size, count in ((16, 3), (17, 0), (37, 9), (64, 8))))
    best = host_levels()[-1]
    words = "--exports", exports, "--reproducible", "--platform", "linux-64", "--isa", f"linux-64=x86-64,{best}"

    def results(opt):
        module = build(source, *words, "-O", opt, name=f"nests{opt}")
        return re.findall(r"^nests\d ran \S+ (.+)$", pixie("run", module, "--calls", calls).stdout, re.M)

    plain = results("0")
    assert len(plain) == 2 * 4 * len(names)
    assert results("3") == plain
