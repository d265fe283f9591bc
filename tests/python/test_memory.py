"""Systems that deny executable anonymous memory: modules still load, from a file without a name, and errors say what was tried."""

import pytest

from conftest import pixie, python

# Confines this process by a seccomp filter (x86-64): the calls in `rules` fail with EPERM,
# those that take a protection only if it has PROT_EXEC.
CONFINE = """
import ctypes, struct

def confine(*rules):
    load = lambda offset: (0x20, 0, 0, offset)      # BPF_LD|BPF_W|BPF_ABS
    equal = lambda value, skip: (0x15, 0, skip, value)  # BPF_JMP|BPF_JEQ|BPF_K
    any_of = lambda bits, skip: (0x45, 0, skip, bits)   # BPF_JMP|BPF_JSET|BPF_K
    refuse = (0x06, 0, 0, 0x00050000 | 1)           # SECCOMP_RET_ERRNO, EPERM
    protection, flags = load(16 + 8 * 2), load(16 + 8 * 3)
    code = []
    for rule in rules:
        code.append(load(0))
        code += {
            "mprotect": [equal(10, 3), protection, any_of(4, 1), refuse],
            "anonymous": [equal(9, 5), protection, any_of(4, 3), flags, any_of(0x20, 1), refuse],
            "memfd_create": [equal(319, 1), refuse],
            "mmap": [equal(9, 3), protection, any_of(4, 1), refuse],
        }[rule]
    code.append((0x06, 0, 0, 0x7fff0000))           # SECCOMP_RET_ALLOW
    text = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in code))
    program = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(text))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    at = ctypes.create_string_buffer(program)
    assert prctl(38, 1, 0, 0, 0) == 0               # PR_SET_NO_NEW_PRIVS
    assert prctl(22, 2, ctypes.addressof(at), 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
"""

USE = """
import sys
sys.path.insert(0, sys.argv[1])
import pixie
CONFINE
import kernels
assert kernels.popcount(memoryview(bytes(range(256))).cast("Q")) == 1024
address = pixie.info(kernels.popcount).address
for line in open("/proc/self/maps"):
    words = line.split()
    start, end = (int(bound, 16) for bound in words[0].split("-"))
    if start <= address < end:
        print(words[1], *words[5:])
    assert not ("w" in words[1] and "x" in words[1]), line
    assert words[1][2] == "-" or len(words) > 5 or FREE, line
"""


def mapping(kernels, confine="", free=False, **options):
    """What the code of `kernels` is mapped from; no anonymous memory is executable unless `free`."""
    program = CONFINE + USE.replace("CONFINE", confine).replace("FREE", str(free))
    return python(program, kernels.parent, **options).stdout.strip()


def test_anonymous_memory_is_the_normal_case(kernels):
    assert mapping(kernels, free=True) == "r-xp"


def test_denied_by_a_filter(kernels):
    assert mapping(kernels, "confine('mprotect', 'anonymous')") == "r-xp /memfd:pixie:kernels (deleted)"


def test_denied_with_memfd_create(kernels, tmp_path):
    """The next choice is a file in a folder; one that does not exist is passed over, and nothing stays behind."""
    confine = "confine('mprotect', 'anonymous', 'memfd_create')"
    env = {"XDG_RUNTIME_DIR": str(tmp_path / "missing"), "TMPDIR": str(tmp_path)}
    found = mapping(kernels, confine, env=env)
    assert found.startswith(f"r-xp {tmp_path}/") and found.endswith(" (deleted)"), found
    assert list(tmp_path.iterdir()) == []


def test_denied_by_the_kernel(kernels):
    """PR_SET_MDWE of Linux 6.3, which systemd's MemoryDenyWriteExecute sets; older kernels do not know it."""
    confine = "print(ctypes.CDLL(None).prctl(65, 1, 0, 0, 0))"
    result, found = mapping(kernels, confine, free=True).splitlines()
    assert found == {"0": "r-xp /memfd:pixie:kernels (deleted)", "-1": "r-xp"}[result]


def test_forced(kernels):
    assert mapping(kernels, env={"PIXIE_MEMORY": "file"}) == "r-xp /memfd:pixie:kernels (deleted)"
    assert mapping(kernels, env={"PIXIE_MEMORY": "anonymous"}, free=True) == "r-xp"


def test_everything_denied(kernels):
    program = CONFINE + USE.replace("CONFINE", "confine('mprotect', 'mmap')").replace("FREE", "False")
    failed = python(program, kernels.parent, check=False)
    assert failed.returncode == 1
    message = failed.stderr[failed.stderr.index("ImportError: ") :]
    for part in ["kernels.pixie", "cannot make the code executable", "\n  anonymous memory: ", "\n  memfd_create: ", "\n  a file in `", "\nhint: "]:
        assert part in message, message


@pytest.mark.parametrize("memory", ["file", "anonymous", "auto"])
def test_the_command_takes_the_variable(kernels, memory):
    assert pixie("run", kernels, "dot", "1,2,3", "4,5,6", env={"PIXIE_MEMORY": memory}).stdout == "32\n"


def test_a_wrong_value_is_said(kernels):
    failed = python("import sys; sys.path.insert(0, sys.argv[1]); import pixie, kernels", kernels.parent, env={"PIXIE_MEMORY": "disk"}, check=False)
    assert "the variable `PIXIE_MEMORY` is `disk`\nhint: expected `auto`, `anonymous` or `file`" in failed.stderr
    failed = pixie("run", kernels, "dot", "1", "1", env={"PIXIE_MEMORY": "disk"}, check=False)
    assert failed.returncode == 1 and "the variable `PIXIE_MEMORY` is `disk`" in failed.stderr
