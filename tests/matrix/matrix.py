"""The test matrix: every platform's code at every ISA level that can be executed here, all results compared.

`matrix.py FOLDER` builds the modules in FOLDER and prints the table; `--write` puts it into ARCHITECTURE.md too. It needs
`cargo xtask cross` to have been run for linux-aarch64 and win-64. Exits with 1 if any cell differs or cannot be executed.
"""

import argparse
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for part in ("tests/matrix", "tests/programs", "tests/bochs"):
    sys.path.insert(0, str(ROOT / part))
import build as programs  # noqa: E402
import calls as calling  # noqa: E402
import fetch  # noqa: E402
import machine  # noqa: E402

PIXIE = os.environ.get("PIXIE_COMMAND", str(ROOT / "target/release/pixie"))
CROSS = ROOT / "target/cross"
KERNELS = ROOT / "tests/kernels"

# The least processor of qemu's for each level: what a level uses beyond its own features would be an illegal instruction there.
QEMU_X86 = {"qemu64": "x86-64", "Nehalem": "x86-64-v2", "Haswell": "x86-64-v3"}
QEMU_ARM = {"cortex-a53": "armv8-a", "neoverse-n1": "armv8.2-a", "a64fx": "sve", "max": "sve2"}
APPLE = ["apple-m1", "apple-m2"]
WIDEST = "x86-64-v4"
# Levels that cannot fuse a product with a sum.
UNFUSED = {"x86-64", "x86-64-v2"}
# Results of the mathematics library agree to so many units in the last place of the value, or of 1 if that is larger.
BOUND = 8
MARKS = "<!-- matrix: begin -->", "<!-- matrix: end -->"


class Failed(Exception):
    """A cell could not be executed."""


@dataclass
class Module:
    name: str
    path: Path
    calls: Path
    # "exact", "fused" (exact among the levels that fuse, and among those that do not), or "bounded".
    rule: str
    signatures: dict = field(default_factory=dict)

    def wanted(self):
        return list(calling.read(self.calls))


@dataclass
class Row:
    platform: str
    level: str
    how: str
    run: object  # module -> lines, None for a call that the emulator refused


def run(*words, env=None, bound=600, **options):
    """Standard output of a program, which must succeed within `bound` seconds."""
    words = [str(word) for word in words]
    try:
        result = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **(env or {})}, timeout=bound, **options)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"`{' '.join(words)}` did not end within {bound} s") from error
    if result.returncode != 0:
        raise Failed(f"`{' '.join(words)}` exited with {result.returncode}:\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def modules(folder, wanted):
    """The modules of the columns that are wanted, built for all platforms and levels."""
    own = [KERNELS / "kernels.c", "--exports", KERNELS / "kernels.sig"]
    functions = [KERNELS / "functions.c", "--exports", KERNELS / "functions.sig"]
    kernel_calls = ROOT / "tests/bochs/kernels.txt"
    for name, words, file, rule in [
        ("kernels", [*own, "--reproducible"], kernel_calls, "exact"),
        ("fused", own, kernel_calls, "fused"),
        ("libm", [*functions, "--reproducible"], KERNELS / "functions.txt", "bounded"),
    ]:
        if wanted and name not in wanted:
            continue
        path = folder / f"{name}.pixie"
        run(PIXIE, "build", *words, "--name", name, "-q", "-o", path)
        yield Module(name, path, file, rule)
    for name in (name for name in fetch.programs() if not wanted or name in wanted):
        yield Module(name, programs.build(name, "--reproducible"), programs.calls(name), "exact")


def chosen(text, module, level):
    """The lines of the calls, after a check that they were made at this level. Level by level they differ in nothing else."""
    lines = text.splitlines()
    if f"{module.name} chosen {level}" not in lines:
        raise Failed(f"expected `{module.name} chosen {level}`, found:\n{text[:300]}")
    start = f"{module.name} ran {level} "
    return [line[len(start):] for line in lines if line.startswith(start)]


def command(prefix, level, *words, forced=True, env=None):
    """Runs a pixie command, for the rows where that is all."""

    def make(module):
        isa = ["--isa", level] if forced else []
        text = run(*prefix, "run", module.path, "--calls", module.calls, *words, *isa, env=env)
        # Unforced, the best level's calls are among those of all that the processor runs.
        return chosen(text, module, level)

    return make


def in_python(cpu, level, folder):
    """The runtime in CPython for linux-aarch64, which makes the calls through the call path instead of the thunks."""

    def make(module):
        wanted = module.wanted()
        request, answer = (folder / f"{module.name}-{cpu}-{name}.pickle" for name in ("calls", "results"))
        made = [(name, list(calling.arguments(module.signatures[name], given))) for name, given, _ in wanted]
        request.write_bytes(pickle.dumps(made))
        script = ROOT / "tests/matrix/in_python.py"
        run(CROSS / "linux-aarch64/python3", script, module.path, request, answer, env={"QEMU_CPU": cpu})
        isa, outcomes = pickle.loads(answer.read_bytes())
        if isa != level:
            raise Failed(f"expected the level {level}, found {isa}")
        lines = []
        for (name, _, _), (result, arrays) in zip(wanted, outcomes):
            signature = module.signatures[name]
            names = [param.name for param in signature.params if param.is_array]
            lines.append(calling.line(module.name, level, signature, result, dict(zip(names, arrays))))
        return chosen("\n".join([f"{module.name} chosen {level}", *lines]), module, level)

    return make


class Bochs:
    """One start of the emulated machine makes all calls of both platforms at the widest level."""

    def __init__(self, program, folder, every):
        self.program, self.folder, self.every, self.text = program, folder / "bochs", every, None
        # The files of calls by module and platform: one, or one for each call.
        self.parts = {}

    def start(self):
        """Beside the other rows, since it keeps one processor busy for a minute or two."""
        self.text = ThreadPoolExecutor(1).submit(self._said)

    def _said(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        files = {"program": self.program.read_bytes(), **machine.libraries(self.program)}
        arguments = []
        for module in self.every:
            thin = self.folder / f"{module.name}.pixie"
            run(PIXIE, "thin", module.path, "--platform", "linux-64", "--platform", "win-64", "-o", thin)
            files[f"{module.name}.pixie"], files[f"{module.name}.txt"] = thin.read_bytes(), module.calls.read_bytes()
            files |= {f"{module.name}-{index}.txt": text.encode() for index, (_, _, text) in enumerate(module.wanted())}
            for platform, foreign in [("linux-64", []), ("win-64", ["--as", "win-64"])]:
                self.parts[module.name, platform] = self._parts(module, platform)
                for calls in self.parts[module.name, platform]:
                    words = ["run", f"/{module.name}.pixie", "--calls", f"/{calls}.txt", "--isa", WIDEST, *foreign]
                    arguments += ["--then", *words] if arguments else words
        machine.make(self.folder, files, arguments)
        return machine.run(self.folder, bound=900, ends=(0, machine.ILLEGAL))

    def _parts(self, module, platform):
        """The files of calls, each for a process: one, or one for each call if the object has instructions that the emulator refuses."""
        path = self.folder / f"{module.name}-{platform}.o"
        run(PIXIE, "extract", module.path, "--object", "--platform", platform, "--isa", WIDEST, "-o", path)
        code = run("llvm-objdump-22", "--disassemble", "--no-show-raw-insn", path)
        if re.search(r"\t(v\S*(?:gather|scatter)\S*)\t.*,%[xyz]mm(?:1[6-9]|2\d|3[01])[,)]", code):
            return [f"{module.name}-{index}" for index in range(len(module.wanted()))]
        return [module.name]

    def row(self, platform):
        def make(module):
            said = re.split(r"^(?=\w+ chosen )", self.text.result(), flags=re.M)
            said = [text for text in said if text.startswith(f"{module.name} chosen ")]
            ours, theirs = (len(self.parts[module.name, each]) for each in ("linux-64", "win-64"))
            if len(said) != ours + theirs:
                raise Failed(f"expected {ours + theirs} runs of {module.name} in the guest, found {len(said)}")
            said = said[:ours] if platform == "linux-64" else said[ours:]
            if len(said) == 1:
                return chosen(said[0], module, WIDEST)
            lines = []
            for text in said:
                found = chosen(text, module, WIDEST)
                if not found and not machine.refused(text):
                    raise Failed(f"a call gave nothing:\n{text}")
                lines += found or [None]
            return lines

        return make


def rows(folder, every):
    """The rows of the table, lowest level first."""
    host = json.loads(run(PIXIE, "host", "--json"))["levels"]
    plain = ROOT / "target/plain/release/pixie"
    wine = [CROSS / "win-64/run", CROSS / "win-64/pixie.exe"]
    arm = [CROSS / "linux-aarch64/run", CROSS / "linux-aarch64/pixie"]
    bochs = Bochs(plain, folder, every)
    if WIDEST not in host:
        bochs.start()
    for level in host:
        yield Row("linux-64", level, "natively", command([PIXIE], level))
    for cpu, level in QEMU_X86.items():
        qemu = ["qemu-x86_64-static", "-cpu", cpu, plain]
        yield Row("linux-64", level, f"qemu, {cpu}", command(qemu, level, forced=False))
    if WIDEST not in host:
        yield Row("linux-64", WIDEST, "a Linux guest under Bochs", bochs.row("linux-64"))
    for level in host:
        yield Row("win-64", level, "in a linux-64 process", command([PIXIE], level, "--as", "win-64"))
    for level in host:
        yield Row("win-64", level, "`pixie.exe` under Wine", command(wine, level))
    if WIDEST not in host:
        yield Row("win-64", WIDEST, "in a linux-64 process under Bochs", bochs.row("win-64"))
    for cpu, level in QEMU_ARM.items():
        yield Row("linux-aarch64", level, f"qemu, {cpu}", command(arm, level, forced=False, env={"QEMU_CPU": cpu}))
    for cpu, level in QEMU_ARM.items():
        yield Row("linux-aarch64", level, f"CPython under qemu, {cpu}", in_python(cpu, level, folder))
    for level in APPLE:
        run_as = command(arm, level, "--as", "osx-arm64", env={"QEMU_CPU": "max"})
        yield Row("osx-arm64", level, "in a linux-aarch64 process under qemu, max", run_as)



def _value(bits, width):
    return struct.unpack(">d" if width == 8 else ">f", int(bits, 16).to_bytes(width, "big"))[0]


def distance(found, expected, signature):
    """The largest distance of two outcomes of a call, in units in the last place; infinite where they must be equal and are not."""
    if found == expected:
        return 0.0
    worst = 0.0
    names = re.findall(r"(\w+)=", expected)
    for name in names:
        one, other = (re.search(rf"\b{name}=(\[[^]]*\]|\S+)", text)[1].strip("[]").split(",") for text in (found, expected))
        kind = signature.result if name == "result" else next(param.type for param in signature.params if param.name == name)
        if kind not in ("f64", "f32") or len(one) != len(other):
            if one != other:
                return float("inf")
            continue
        width, unit = (8, 2.0**-52) if kind == "f64" else (4, 2.0**-23)
        for a, b in zip(one, other):
            if a != b:
                a, b = (_value(bits[-2 * width:], width) for bits in (a, b))
                if a != a or b != b:
                    return float("inf")
                worst = max(worst, abs(a - b) / (unit * max(1.0, abs(b))))
    return worst


def compare(module, lines, row, references):
    """What the cell shows; raises Failed with the first difference."""
    wanted = module.wanted()
    if len(lines) != len(wanted):
        raise Failed(f"{len(wanted)} calls were asked for, {len(lines)} made")
    group = row.level in UNFUSED if module.rule == "fused" else None
    expected = references.setdefault((module.name, group), lines)
    worst = 0.0
    for line, reference, (name, _, text) in zip(lines, expected, wanted):
        if line is None:
            continue
        if module.rule == "bounded":
            apart = distance(line, reference, module.signatures[name])
            worst = max(worst, apart)
            if apart <= BOUND:
                continue
        if line != reference:
            raise Failed(f"`{text}` gave\n  {line}\ninstead of\n  {reference}")
    made = len(lines) - lines.count(None)
    if made == 0:
        raise Failed("no call could be executed")
    count = str(made) if made == len(lines) else f"{made} of {len(lines)}"
    return f"{count}, {worst:.1f} ulp" if module.rule == "bounded" else count


def table(done, every):
    heads = ["platform", "ISA level", "executed", *(module.name for module in every)]
    text = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row, cells in done:
        text.append("| " + " | ".join([row.platform, row.level, row.how, *cells]) + " |")
    return "\n".join(text)


LEGEND = """\
Each number is that of the calls whose results are the same, to the bit, as those of linux-64 at x86-64 (a NaN is a NaN). `kernels` and the
programs are built without contraction; `fused` is built with it, and equal among all levels that have the instruction, and among those that have
not; `libm` calls every function of the runtime symbol list, and its column adds the largest difference, at most {bound} units in the last place of the
value, or of 1. `N of M`: the others need an instruction that Bochs 2.7 takes for an illegal one, a gather or scatter whose index is in one of
the registers 16 to 31; where the processor has AVX-512, no row is by Bochs. Not executed: macOS itself, so neither its memory mapping nor its
libraries; Windows other than by Wine."""


def write(text):
    path = ROOT / "ARCHITECTURE.md"
    old = path.read_text()
    begin, end = (old.index(mark) for mark in MARKS)
    path.write_text(old[: begin + len(MARKS[0])] + "\n" + text + "\n" + old[end:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="put the table into ARCHITECTURE.md")
    parser.add_argument("--only", nargs="+", metavar="MODULE", help="these columns alone")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    every = list(modules(folder, options.only))
    for module in every:
        module.signatures = calling.signatures(json.loads(run(PIXIE, "inspect", "--json", module.path)))
    references, done, failures = {}, [], []

    def outcome(row, module):
        try:
            return row.run(module)
        except (Failed, RuntimeError) as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        todo = [(row, [pool.submit(outcome, row, module) for module in every]) for row in rows(folder, every)]
        for row, futures in todo:
            start, cells = time.monotonic(), []
            for module, future in zip(every, futures):
                try:
                    lines = future.result()
                    if isinstance(lines, Exception):
                        raise lines
                    cells.append(compare(module, lines, row, references))
                except (Failed, RuntimeError) as error:
                    failures.append(f"{row.platform} {row.level}, {row.how}, {module.name}: {error}")
                    cells.append("FAILED")
            done.append((row, cells))
            print(f"{row.platform} {row.level}, {row.how}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
    text = table(done, every) + "\n\n" + LEGEND.format(bound=BOUND)
    print(text)
    for failure in failures:
        print(f"\nerror: {failure}", file=sys.stderr)
    if failures:
        return 1
    if options.write:
        write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
