"""Compiling again for this very host: where no variant fits, or on request; the cache between processes; who may write where."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cbor2
import pytest

from conftest import PIXIE, build_kernels, pixie, python, run

LOOP = """
define double @total(ptr nocapture readonly %x, i64 %n) {
entry:
  %empty = icmp sle i64 %n, 0
  br i1 %empty, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi double [ 0.0, %entry ], [ %more, %loop ]
  %place = getelementptr double, ptr %x, i64 %i
  %value = load double, ptr %place
  %more = fadd reassoc double %sum, %value
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, %n
  br i1 %end, label %done, label %loop
done:
  %result = phi double [ 0.0, %entry ], [ %more, %loop ]
  ret double %result
}
"""
CALL = """
import sys, pixie
sys.path.insert(0, sys.argv[1])
import array, foreign
assert foreign.total(array.array("d", range(1000))) == 499500.0
about = foreign.__pixie__
print(about.platform, about.isa, about.specialized, about.code_path, sep="|")
print(any("LLVM" in line for line in open("/proc/self/maps")), file=sys.stderr)
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PIXIE_CACHE_DIR", str(folder))
    monkeypatch.setenv("PIXIE_COMMAND", PIXIE)
    monkeypatch.delenv("PIXIE_JIT", raising=False)
    return folder


@pytest.fixture
def foreign(build):
    """A module of neutral bitcode with objects for osx-arm64 alone."""
    return build(LOOP, "--export", "total(x: f64[n], n: i64) -> f64", "--platform", "osx-arm64", name="foreign", suffix="ll")


def laid_out(data):
    """The manifest of a whole module, and its blobs with their offsets."""
    at = 128 + int.from_bytes(data[32:40], "little")
    manifest = cbor2.loads(data[128:at])
    places = []
    for blob in manifest["blobs"]:
        at += -at % 64
        places.append((blob, at))
        at += blob["size"]
    return manifest, places


def entries(folder):
    return sorted(folder.glob("modules/*/*.pixie"))


def call(module, **options):
    return python(CALL, module.parent, **options)


def counting(folder, then=f'exec "{PIXIE}" "$@"'):
    """A command that counts its compilations; returns it and the file that has a line for each."""
    tool, count = folder / "tool", folder / "count"
    tool.write_text(f'#!/bin/sh\n[ "$1" = specialize ] && echo x >> "{count}"\n{then}\n')
    tool.chmod(0o755)
    return tool, count


def test_a_module_for_another_platform_is_compiled_once_and_then_taken_from_the_cache(foreign, cache, tmp_path):
    tool, count = counting(tmp_path)
    first = call(foreign, env={"PIXIE_COMMAND": str(tool)})
    platform, isa, specialized, path = first.stdout.strip().split("|")
    assert (platform, specialized) == ("linux-64", "True")
    assert [path] == [str(entry) for entry in entries(cache)]
    again = call(foreign, env={"PIXIE_COMMAND": str(tool)})
    assert again.stdout == first.stdout and again.stderr == "False\n"
    assert count.read_text() == "x\n"
    # The entry is a module like any other, of the same build id.
    pixie("verify", path)
    told = json.loads(pixie("inspect", path, "--json").stdout)
    assert told["build_id"] == json.loads(pixie("inspect", foreign, "--json").stdout)["build_id"]
    assert list(told["platforms"]) == ["linux-64"] and [v["isa"] for v in told["platforms"]["linux-64"]["variants"]] == [isa]
    listed = json.loads(pixie("cache", "list", "--json").stdout)
    assert [(e["path"], e["isa"], e["name"], e["damaged"]) for e in listed["entries"]] == [(path, isa, "foreign", False)]


def test_native_compiles_though_a_variant_fits_and_keeps_the_rest_of_the_module(kernels, cache, tmp_path):
    program = """
import sys, numpy, pickle, pixie
sys.path.insert(0, sys.argv[1])
import kernels
a = numpy.arange(1000.0)
assert kernels.dot(a, a) == float((a * a).sum())
about = kernels.__pixie__
assert about.path == sys.argv[1] + "/kernels.pixie" and pickle.loads(pickle.dumps(kernels.dot)) is kernels.dot
assert about.specialized == (about.code_path != about.path) == (kernels.__PIXIE__["is_specialized"])
# The module is still the one that its author built, with one variant more.
assert set(about.platforms) == {"linux-64", "linux-aarch64", "osx-arm64", "win-64"} and len(about._variant_rows()) == 14 + about.specialized
chosen = [v for v in about.variants if v["chosen"]]
assert [v["isa"] for v in chosen] == [about.isa] and len(about.variants) == 4 + about.specialized
assert chosen[0]["reason"] == about.reason and about.variants[0]["isa"] == "x86-64"
if about.specialized:
    assert about.variants[0]["reason"] == about.isa + ", compiled for this kind of processor, is preferred"
assert "dot" in about.inspect_asm() and "dot" in pixie.info(kernels.dot).inspect_disasm()
print(about.isa, about.reason, about.build_id)
"""
    stored = python(program, kernels.parent).stdout.split()
    native = python(program, kernels.parent, env={"PIXIE_JIT": "native"}).stdout.split()
    assert len(entries(cache)) == 1 and native[0] != stored[0] and native[-1] == stored[-1]
    # Remembered or not, a variant that fits comes first where nothing else is asked for.
    time.sleep(3.1)
    for _ in range(2):
        assert python(program, kernels.parent, env={"PIXIE_JIT": "native"}).stdout.split() == native
    assert len(links(cache)) == 1 and python(program, kernels.parent).stdout.split() == stored
    # A level that is asked for is a stored one.
    forced = python(program, kernels.parent, env={"PIXIE_JIT": "native", "PIXIE_USE_ISA": "baseline"}).stdout.split()
    assert forced[0] == "x86-64"


def test_what_changes_the_code_is_another_entry(foreign, kernels, cache, tmp_path, build):
    tool, count = counting(tmp_path)
    env = {"PIXIE_COMMAND": str(tool)}
    seen = set()

    def more(module):
        call(module, env=env)
        found = set(entries(cache))
        new = found - seen
        seen.update(found)
        return len(new)

    assert more(foreign) == 1 and more(foreign) == 0
    # By its own times, too.
    time.sleep(3.1)
    assert more(foreign) == 0 and more(foreign) == 0 and len(links(cache)) == 1
    # The tool: its bytes, though it says the same of itself.
    tool.write_text(tool.read_text() + "# changed\n")
    assert more(foreign) == 1 and more(foreign) == 0
    # Options of the module.
    words = ["--export", "total(x: f64[n], n: i64) -> f64", "--platform", "osx-arm64"]
    for change in (["-O1"], ["--reproducible"]):
        changed = build(LOOP, *words, *change, name="foreign", suffix="ll")
        assert more(changed) == 1 and more(changed) == 0
    # Its bitcode.
    changed = build(LOOP.replace("[ 0.0, %entry ], [ %more", "[ -0.0, %entry ], [ %more"), *words, name="foreign", suffix="ll")
    assert more(changed) == 1
    assert count.read_text().count("x") == 5


TOTAL = "import sys, pixie; sys.path.insert(0, sys.argv[1]); import foreign, array; print(foreign.total(array.array('d', [1.0, 2.0, 4.0])))"


def links(cache):
    return sorted(cache.glob("stamps/*"))


def settle(cache, module):
    """Waits until a change of the module would show in its times, and has it found and remembered."""
    time.sleep(3.1)
    call(module)
    call(module)
    (entry,) = entries(cache)
    (link,) = links(cache)
    assert link.samefile(entry)
    return entry, link


def test_a_file_that_stays_as_it_is_is_found_again_by_what_the_system_says_of_it(foreign, cache, tmp_path, build):
    call(foreign)
    entry, link = settle(cache, foreign)
    # No folder is searched and no identity of a tool is read.
    trace = tmp_path / "trace"
    words = ["strace", "-f", "-o", trace, sys.executable, "-c", CALL, foreign.parent]
    assert run(*words).stdout.split("|")[3] == f"{link}\n"
    traced = trace.read_text().partition("foreign.pixie")[2]
    assert f'openat(AT_FDCWD, "{link}"' in traced
    assert str(cache / "modules") not in traced and str(cache / "tools") not in traced
    # Another content of the same size and the same time of change, as far as a program can set that.
    words = ["--export", "total(x: f64[n], n: i64) -> f64", "--platform", "osx-arm64"]
    sizes = {}
    for start in range(3, 40, 2):
        text = LOOP.replace("[ 0.0, %entry ], [ %more", f"[ {start}.0, %entry ], [ %more")
        content = build(text, *words, name="foreign", suffix="ll").read_bytes()
        # The order of blobs, and so the space between them, follows their hashes.
        one = sizes.setdefault(len(content), (start, content))
        if one[0] != start:
            break
    foreign.write_bytes(one[1])
    time.sleep(3.1)
    assert [python(TOTAL, foreign.parent).stdout for _ in range(3)] == [f"{one[0] + 7}.0\n"] * 3 and len(links(cache)) == 2
    stat = foreign.stat()
    foreign.write_bytes(content)
    os.utime(foreign, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (foreign.stat().st_size, foreign.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert python(TOTAL, foreign.parent).stdout == f"{start + 7}.0\n"


def test_what_is_remembered_of_a_file_leads_nowhere_else(foreign, cache):
    call(foreign)
    entry, link = settle(cache, foreign)
    first = call(foreign).stdout
    assert first.endswith(f"|{link}\n")
    # A link to anything else is made again; what it led to stays.
    other, damaged = cache / "other", cache / "damaged"
    shutil.copy(foreign, other)
    damaged.write_bytes(entry.read_bytes()[:-1])
    for target in (other, damaged):
        before = target.read_bytes()
        for make in (link.symlink_to, link.hardlink_to):
            link.unlink()
            make(target)
            assert call(foreign).stdout == first.replace(str(link), str(entry)) and link.samefile(entry) and call(foreign).stdout == first
            assert target.read_bytes() == before
    for target in ("x", "/", link.name):
        link.unlink()
        link.symlink_to(target)
        assert "|True|" in call(foreign).stdout and link.samefile(entry)
    # So is one to what has been damaged since.
    entry.write_bytes(entry.read_bytes()[:-1])
    assert "|True|" in call(foreign).stdout and "|True|" in call(foreign).stdout and link.samefile(entry)
    # What the link alone still holds is the same module; it goes when the next one comes.
    entry.unlink()
    assert call(foreign).stdout == first and not entry.exists()
    link.rename(link.with_name("0" * 32))
    call(foreign)
    assert entry.exists() and not link.with_name("0" * 32).exists()
    call(foreign)
    # What others can write is not taken.
    cache.chmod(0o777)
    assert str(cache) not in call(foreign).stdout
    cache.chmod(0o700)
    # A side file comes first.
    pixie("specialize", foreign, "--cpu", "native")
    assert call(foreign).stdout.split("|")[3] == f"{foreign.with_suffix('.specialized.pixie')}\n"
    pixie("cache", "clear")
    assert not links(cache)


def test_another_processor_does_not_take_the_entry(foreign, cache, tmp_path):
    call(foreign)
    emulated = ["qemu-x86_64-static", "-cpu", "Nehalem"]
    program = CALL.replace("array, foreign", "array, foreign")
    told = run(*emulated, sys.executable, "-c", program, foreign.parent, env={**os.environ, "PIXIE_JIT": "fallback"})
    assert told.stdout.split("|")[3] != call(foreign).stdout.split("|")[3]
    assert len(entries(cache)) == 2


def test_without_a_toolchain_and_with_the_jit_off_the_error_says_what_was_missing(foreign, cache, tmp_path):
    bare = {"PATH": str(tmp_path), "PIXIE_COMMAND": ""}
    # A copy of the interpreter's environment without the command beside it.
    missing = call(foreign, env=bare, check=False).stderr
    assert "holds no objects for linux-64, only for osx-arm64" in missing
    assert "hint: or compile its bitcode for this machine: the `pixie` command" in missing
    assert "pip install pixie-toolchain" in missing
    off = call(foreign, env={"PIXIE_JIT": "off"}, check=False).stderr
    assert "holds no objects for linux-64" in off and "hint: the variable PIXIE_JIT is set to `off`" in off
    wrong = call(foreign, env={"PIXIE_JIT": "always"}, check=False).stderr
    assert "the variable `PIXIE_JIT` is `always`" in wrong and "`off`, `fallback` or `native`" in wrong
    assert not entries(cache)
    # What another process has compiled serves one that has no toolchain.
    call(foreign)
    assert call(foreign, env=bare).stdout == call(foreign).stdout


def test_bitcode_for_another_platform_alone_cannot_be_compiled(build, cache):
    module = build("double total(double x) { return x; }", "--platform", "osx-arm64", name="foreign")
    error = call(module, check=False).stderr
    assert "holds no objects for linux-64" in error and "compiling its bitcode for this machine failed: " in error
    assert "osx-arm64" in error.partition("failed: ")[2]


def test_damaged_entries_are_made_again(foreign, cache):
    call(foreign)
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    for damage in (b"", whole[:1000], whole[:-1], whole + b"x"):
        entry.write_bytes(damage)
        call(foreign)
        assert entry.read_bytes() == whole
    # A load reads header, manifest and image, so damage to the rest is left to whoever reads that.
    _, places = laid_out(whole)
    read = [(0, 128 + int.from_bytes(whole[32:40], "little"))]
    read += [(at, at + blob["size"]) for blob, at in places if blob["kind"] == "image"]
    for at in range(0, len(whole), 211):
        damage = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        entry.write_bytes(damage)
        call(foreign)
        assert entry.read_bytes() == (whole if any(begin <= at < end for begin, end in read) else damage), at


def test_many_processes_compile_once(foreign, cache, tmp_path):
    tool, count = counting(tmp_path)
    env = {**os.environ, "PIXIE_COMMAND": str(tool)}
    words = [sys.executable, "-c", CALL, str(foreign.parent)]
    started = [subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(200)]
    told = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0] * 200, told
    assert len({out for out, _ in told}) == 1
    assert count.read_text() == "x\n"
    (entry,) = entries(cache)
    pixie("verify", entry)
    assert [path.name for path in entry.parent.iterdir()] == [entry.name]


def test_killed_at_any_moment_the_next_start_is_clean(foreign, cache):
    words = [sys.executable, "-c", CALL, str(foreign.parent)]
    start = time.monotonic()
    subprocess.run(words, check=True, capture_output=True)
    whole = time.monotonic() - start
    for step in range(30):
        shutil.rmtree(cache)
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(whole * step / 28)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert "|True|" in call(foreign).stdout
        (entry,) = entries(cache)
        pixie("verify", entry)


def test_a_folder_that_cannot_be_written_warns_once_and_works(foreign, cache, tmp_path):
    program = """
import sys, warnings, pixie
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for name in ("foreign", "copy"):
        module = pixie.load(f"{sys.argv[1]}/{name}.pixie")
        assert module.total(memoryview(b"\\0" * 8).cast("d")) == 0.0
for warning in caught:
    print(warning.category.__name__, warning.message)
"""
    shutil.copy(foreign, foreign.with_name("copy.pixie"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    # Root may write anywhere, so the obstacle is one that stops root, too: a file in the place of a folder, and a full disk.
    for folder in (blocked, "/proc/nowhere"):
        told = python(program, foreign.parent, env={"PIXIE_CACHE_DIR": str(folder)}).stdout.strip().splitlines()
        assert told[0].startswith("RuntimeWarning ") and "is not kept, so that the next process compiles it again" in told[0]
        assert sum(line.startswith("RuntimeWarning") for line in told) == 1
    full = tmp_path / "full"
    full.mkdir()
    if run("mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "none", full, check=False).returncode == 0:
        try:
            told = python(program, foreign.parent, env={"PIXIE_CACHE_DIR": str(full)}).stdout
            assert told.count("RuntimeWarning") == 1 and "No space left on device" in told
            assert not list(full.rglob("*.tmp"))
        finally:
            run("umount", full)


def test_folders_that_others_can_write_are_refused(foreign, cache):
    cache.mkdir()
    cache.chmod(0o777)
    told = call(foreign)
    assert "is not used: others may write to it (mode 777)" in told.stderr and not entries(cache)
    cache.chmod(0o755)
    call(foreign)
    (entry,) = entries(cache)
    before = entry.stat().st_ino
    entry.chmod(0o666)
    call(foreign)
    (entry,) = entries(cache)
    # Not believed, and made again.
    assert entry.stat().st_ino != before
    os.chown(entry, 12345, 12345)
    call(foreign)
    assert entries(cache)[0].stat().st_uid == os.getuid()


def test_a_seed_is_read_and_never_written(foreign, cache, tmp_path):
    seed = tmp_path / "seed"
    call(foreign, env={"PIXIE_CACHE_DIR": str(seed)})
    (entry,) = entries(seed)
    os.utime(entry, (1e9, 1e9))
    before = [(path, path.stat().st_mtime_ns) for path in sorted(seed.rglob("*"))]
    told = call(foreign, env={"PIXIE_CACHE_SEED": f"{tmp_path}/none:{seed}"})
    assert str(entry) in told.stdout and not entries(cache)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(seed.rglob("*"))] == before


def test_the_least_recently_used_goes_first(build, cache):
    words = ["--export", "total(x: f64[n], n: i64) -> f64", "--platform", "osx-arm64"]
    modules = []
    for number in range(3):
        text = LOOP.replace("double @total", f"double @total{number}").replace("total(", f"total{number}(", 1)
        module = build(text, "--export", f"total = total{number}(x: f64[n], n: i64) -> f64", *words[2:], name="foreign", suffix="ll")
        folder = module.parent / str(number)
        folder.mkdir()
        modules.append(shutil.move(module, folder / "foreign.pixie"))
    for age, module in zip((3000, 2000), modules):
        call(module)
        (new,) = [entry for entry in entries(cache) if time.time() - entry.stat().st_mtime < 1000]
        os.utime(new, (time.time() - age, time.time() - age))
    first = entries(cache)
    # The oldest is used again, which makes it the newest.
    oldest = min(first, key=lambda entry: entry.stat().st_mtime)
    call(modules[0])
    assert time.time() - oldest.stat().st_mtime < 1000
    size = sum(entry.stat().st_size for entry in first)
    call(modules[2], env={"PIXIE_CACHE_SIZE": str(size + 100)})
    left = entries(cache)
    assert len(left) == 2 and oldest in left
    pixie("cache", "clear")
    assert not entries(cache) and pixie("cache", "list").stdout.startswith("0 modules")


def test_ctrl_c_ends_a_compilation(foreign, cache, tmp_path):
    tool, _ = counting(tmp_path, then="sleep 60")
    tool.write_text(tool.read_text().replace("#!/bin/sh\n", f'#!/bin/sh\n[ "$1" = --version ] && exec "{PIXIE}" --version\n'))
    words = [sys.executable, "-c", CALL, str(foreign.parent)]
    process = subprocess.Popen(words, env={**os.environ, "PIXIE_COMMAND": str(tool)}, stderr=subprocess.PIPE, text=True)
    while not list(cache.glob("modules/*/*.lock")):
        time.sleep(0.01)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors and time.monotonic() - start < 10
    assert not list(cache.glob("modules/*/*.lock"))


def test_a_side_file_is_preferred_and_checked(kernels, cache, tmp_path):
    module = shutil.copy(kernels, tmp_path / "kernels.pixie")
    program = """
import sys, warnings, pixie
module = pixie.load(sys.argv[1])
print(module.__pixie__.isa, module.__pixie__.specialized, module.__pixie__.path)
"""
    plain = python(program, module).stdout
    pixie("specialize", module, "--cpu", "native")
    side = tmp_path / "kernels.specialized.pixie"
    chosen = python(program, module).stdout.split()
    assert chosen[0] != plain.split()[0] and chosen[1:] == ["True", str(module)]
    assert python(program, module, env={"PIXIE_USE_ISA": "baseline"}).stdout.split()[0] == "x86-64"
    # Of another build: not taken, and said so.
    build_kernels(tmp_path, "-O2")
    told = python(program, module)
    assert told.stdout == plain and "was specialised from another build of the module and is not used" in told.stderr
    side.write_bytes(side.read_bytes()[:-1])
    told = python(program, module)
    assert told.stdout == plain and "hint: it is not used" in told.stderr
