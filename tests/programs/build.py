"""Builds the programs as fat modules: `build.py [NAME…]` prints where they are. Each is built once for one command and sources."""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fetch import HERE, TARGET, FetchError, fetch, programs, table  # noqa: E402

PIXIE = os.environ.get("PIXIE_COMMAND", str(HERE.parents[1] / "target/release/pixie"))


class BuildError(Exception):
    """What the command said."""


def words(name):
    """What follows `pixie` on the command line, without the output."""
    program, crate = table()[name], fetch(name)
    left_out = {crate / path for path in program.get("without", [])}
    sources = [path for pattern in program["sources"] for path in sorted(crate.glob(pattern)) if path not in left_out]
    own = HERE / name
    include = [word for folder in program["include"] for word in ("-I", crate / folder)]
    every = [*sources, own / "driver.c", "--exports", own / f"{name}.sig", *include, *program.get("flags", [])]
    return ["build", *map(str, every), "--name", name]


def build(name, *more):
    """The module of a program for all platforms and levels; `more` is added to the command line."""
    command = [*words(name), *more]
    output = TARGET / "modules" / _key(name, command) / f"{name}.pixie"
    if not output.is_file():
        # In a folder of its own, so that no other process sees a part of it.
        partial = output.parent / str(os.getpid()) / output.name
        partial.parent.mkdir(parents=True, exist_ok=True)
        result = subprocess.run([PIXIE, *command, "-q", "-o", str(partial)], capture_output=True, text=True)
        if result.returncode != 0:
            raise BuildError(f"`pixie {' '.join(command)}` exited with {result.returncode}:\n{result.stderr}")
        partial.replace(output)
        partial.parent.rmdir()
    return output


def native(name):
    """The same sources and driver as a shared library of this machine: by another compiler, which optimises nothing."""
    given = words(name)
    kept = [word for before, word in zip(["", *given], given) if word.endswith(".c") or word.startswith(("-D", "-I")) or before == "-I"]
    command = ["cc", "-std=gnu11", "-w", "-O0", "-ffp-contract=off", "-shared", "-fPIC", *kept]
    output = TARGET / "native" / _key(name, command) / f"{name}.so"
    if not output.is_file():
        partial = output.with_suffix(f".{os.getpid()}")
        partial.parent.mkdir(parents=True, exist_ok=True)
        result = subprocess.run([*command, "-o", str(partial)], capture_output=True, text=True)
        if result.returncode != 0:
            raise BuildError(f"`{' '.join(command)}` exited with {result.returncode}:\n{result.stderr}")
        partial.replace(output)
    return output


def calls(name):
    """The file of calls that the test matrix makes."""
    return HERE / name / "calls.txt"


def _key(name, command):
    """A hash of everything that the module is made of."""
    digest = hashlib.sha256("\0".join(command).encode())
    digest.update(Path(PIXIE).read_bytes())
    for path in [*sorted((HERE / name).iterdir()), HERE / "sample.h", HERE / "programs.toml"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *table()], metavar="NAME")
    for name in parser.parse_args().names or programs():
        start = time.monotonic()
        module = build(name, "--reproducible")
        print(f"{name}: {module}, {module.stat().st_size} bytes, {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (FetchError, BuildError) as error:
        sys.exit(f"error: {error}")
