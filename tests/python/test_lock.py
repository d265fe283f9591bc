"""The interpreter's lock during calls: by the author's word, whatever the size."""

from conftest import python

SPIN = """
#include <stdint.h>
int64_t spin(const volatile int32_t *go) {
    int64_t turns = 0;
    while (*go == 0 && turns < 400000000) turns++;
    return turns;
}
"""
# The call ends early only if the other thread could run meanwhile.
PROGRAM = """
import array, sys, threading, time
import pixie
module = pixie.load(sys.argv[1])
go = array.array("i", [0])
def release():
    time.sleep(0.05)
    go[0] = 1
thread = threading.Thread(target=release)
thread.start()
turns = module.spin(go)
thread.join()
print(turns == 400000000)
"""


def test_nogil_lets_other_threads_run_and_gil_does_not(build):
    export = ["--export", "spin(go: i32[1]) -> i64", "--platform", "linux-64", "-O", "1"]
    released = build(SPIN, *export, "--nogil", "spin", name="released")
    held = build(SPIN, *export, "--gil", "spin", name="held")
    assert python(PROGRAM, released).stdout == "False\n"
    assert python(PROGRAM, held).stdout == "True\n"
