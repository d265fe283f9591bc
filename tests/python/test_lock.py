"""The interpreter's lock during calls: by the size of the arrays, or by the author's word."""

import pytest
from conftest import python

SPIN = """
#include <stddef.h>
#include <stdint.h>
int64_t spin(const volatile int32_t *go, size_t n) {
    int64_t turns = 0;
    while (go[n - 1] == 0 && turns < 400000000) turns++;
    return turns;
}
"""
# The call ends early only if the other thread could run meanwhile; no time is measured.
PROGRAM = """
import array, sys, threading, time
import pixie
module = pixie.load(sys.argv[1])
go = array.array("i", [0]) * int(sys.argv[2])
def release():
    time.sleep(0.05)
    go[-1] = 1
thread = threading.Thread(target=release)
thread.start()
turns = module.spin(go)
thread.join()
print("held" if turns == 400000000 else "released")
"""


@pytest.mark.parametrize(
    ("words", "length", "expected"),
    [
        ([], 8, "held"),
        ([], 100_000, "released"),
        (["--nogil", "spin"], 8, "released"),
        (["--gil", "spin"], 100_000, "held"),
    ],
)
def test_other_threads_run_during_a_call(build, words, length, expected):
    module = build(SPIN, "--export", "spin(go: i32[n], n: usize) -> i64", "--platform", "linux-64", "-O", "1", *words)
    assert python(PROGRAM, module, str(length)).stdout.strip() == expected
