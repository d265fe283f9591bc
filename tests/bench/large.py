"""Writes C whose object takes about a megabyte: many functions with tables, jumps and calls among them, and some exports.

`large.py FOLDER` writes large.c and large.sig there, the same each time.
"""

import sys
from pathlib import Path

GROUPS, FUNCTIONS = 24, 24


def function(group, index):
    name = f"part_{group}_{index}"
    after = f"part_{group}_{index + 1}(x + {index}.5, y, k - 1)" if index + 1 < FUNCTIONS else "sqrt(fabs(x))"
    cases = "\n".join(
        f"    case {case}: x = x * {case + group}.{index} + table_{group}_{index}[({case} + k) & 15]; y[{case}] += sin(x); break;"
        for case in range(6)
    )
    values = ", ".join(str((group * 31 + index * 17 + slot * 7) % 1009 / 8) for slot in range(16))
    return (
        f"static const double table_{group}_{index}[16] = {{{values}}};\n"
        f"__attribute__((noinline)) static double {name}(double x, double *y, long k) {{\n"
        f"    switch (k % 7) {{\n{cases}\n    default: memcpy(y, table_{group}_{index}, 32); }}\n"
        f"    return k > 0 ? {after} : x;\n}}\n"
    )


def main(folder):
    text, signatures = ["#include <math.h>\n#include <string.h>\n"], []
    for group in range(GROUPS):
        text += [function(group, index) for index in reversed(range(FUNCTIONS))]
        text.append(f"double run_{group}(double x, double *y, long long k) {{ return part_{group}_0(x, y, (long)k); }}\n")
        signatures.append(f"run_{group}(x: f64, y: inout f64[8], k: i64) -> f64\n")
    (folder / "large.c").write_text("".join(text))
    (folder / "large.sig").write_text("".join(signatures))


main(Path(sys.argv[1]))
