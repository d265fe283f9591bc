"""`out` arrays and `status` results, as an author declares them on the command line."""

import numpy as np
import pytest

from conftest import refused

import pixie

SOURCE = """
#include <stddef.h>
void minmax(const double *restrict x, size_t n, double *restrict lo, double *restrict hi) {
    *lo = *hi = x[0];
    for (size_t i = 1; i < n; i++) {
        if (x[i] < *lo) *lo = x[i];
        if (x[i] > *hi) *hi = x[i];
    }
}
int root(double x, double *restrict y) {
    if (x < 0) return 3;
    *y = __builtin_sqrt(x);
    return 0;
}
void twice(const double *restrict x, size_t n, double *restrict y) {
    for (size_t i = 0; i < n; i++) y[i] = 2 * x[i];
}
double sum(const double *x, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++) s += x[i];
    return s;
}
"""
EXPORTS = [
    "minmax(x: f64[n], n: usize, lo: out f64, hi: out f64)",
    "root(x: f64, y: out f64) -> status",
    "twice(x: f64[n], n: usize, y: out f64[n])",
    "sum(x: f64[n], n: usize) -> f64",
]


@pytest.fixture
def outs(build):
    return pixie.load(build(SOURCE, *(word for export in EXPORTS for word in ("--export", export))))


def test_outputs_are_allocated_and_returned(outs):
    assert outs.minmax(np.array([3.0, 1.0, 2.0])) == (1.0, 3.0)
    assert outs.twice(np.arange(3.0)).tolist() == [0.0, 2.0, 4.0]
    y = np.zeros(3)
    assert outs.twice(np.arange(3.0), y=y) is y and y.tolist() == [0.0, 2.0, 4.0]


def test_an_out_array_goes_by_keyword_alone_also_once_the_process_is_warm(outs):
    x, y = np.arange(3.0), np.zeros(3)
    for _ in range(3):
        with pytest.raises(TypeError, match="twice"):
            outs.twice(x, y)
        assert not y.any()
        outs.sum(x)
        outs.twice(x)


def test_the_author_says_what_a_status_means(build, tmp_path):
    words = ["--export", EXPORTS[1], "--status", "root:4=four", "--status", "root:3=the number is negative"]
    with pytest.raises(RuntimeError, match=r"^root\(\) failed: the number is negative \(status 3\)$"):
        pixie.load(build(SOURCE, *words)).root(-1.0)
    listed = tmp_path / "list.sig"
    listed.write_text(f"# Roots.\n{EXPORTS[1]}\n    status 3 = is not a sign here\n\n{EXPORTS[3]}\n")
    module = pixie.load(build(SOURCE, "--exports", listed, name="other"))
    with pytest.raises(RuntimeError, match=r"failed: = is not a sign here \(status 3\)$"):
        module.root(-1.0)
    assert module.sum(np.ones(3)) == 3.0


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (["--status", "root:3=a", "--status", "root:3=b"], EXPORTS[1], "the status 3 of `root` has two meanings"),
        (["--status", "sum:3=a"], EXPORTS[3], "returns no status"),
        (["--status", "none:3=a"], EXPORTS[3], "--status takes the name of an export, found `none`"),
        ([], f"{EXPORTS[1]}\nstatus 0 fine", "line 2: expected `status CODE TEXT` with a code of 32 bits other than 0"),
        ([], f"{EXPORTS[1]}\nstatus 99999999999 x", "line 2: expected `status CODE TEXT`"),
    ],
)
def test_a_wrong_status_is_told(tmp_path, words, text, message):
    source, listed = tmp_path / "f.c", tmp_path / "f.sig"
    source.write_text(SOURCE)
    listed.write_text(text)
    assert message in refused("build", source, "--exports", listed, "-o", tmp_path / "f.pixie", *words)


def test_a_status_that_is_not_zero_raises(outs):
    assert outs.root(4.0) == 2.0
    with pytest.raises(RuntimeError, match=r"root\(\) failed with status 3"):
        outs.root(-1.0)
