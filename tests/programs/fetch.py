"""Fetches the libraries of programs.toml: `fetch.py [NAME…]` leaves their sources, checked, below target/programs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "target/programs"


class FetchError(Exception):
    """Why the sources are not there; the message is for people."""


def table():
    """The table of programs.toml, by name."""
    return tomllib.loads((HERE / "programs.toml").read_text())


def programs():
    """The names of the programs that are tested: all with PIXIE_PROGRAMS=all, else those that are built soon."""
    every = os.environ.get("PIXIE_PROGRAMS") == "all"
    return [name for name, program in table().items() if every or not program.get("slow")]


def fetch(name):
    """The folder of the program's crate, unpacked."""
    program = table()[name]
    folder = TARGET / "sources" / f"{program['crate']}-{program['version']}"
    stamp = folder / ".unpacked"
    if stamp.is_file() and stamp.read_text() == program["sha256"]:
        return folder
    archive = _cached(program) or _download(program)
    _unpack(archive, folder)
    stamp.write_text(program["sha256"])
    return folder


def _cached(program):
    """Cargo's copy of the archive, if it is there and whole."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    for archive in home.glob(f"registry/cache/*/{program['crate']}-{program['version']}.crate"):
        if hashlib.sha256(archive.read_bytes()).hexdigest() == program["sha256"]:
            return archive
    return None


def _download(program):
    """Lets cargo fetch the archive, from whichever registry it is set up for."""
    folder = TARGET / "manifests" / program["crate"]
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src/lib.rs").touch()
    # A workspace of its own: the checkout's must not take it in.
    (folder / "Cargo.toml").write_text(
        '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n'
        f'[dependencies]\n{program["crate"]} = "={program["version"]}"\n'
    )
    what = f"{program['crate']} {program['version']}"
    command = ["cargo", "fetch", "--manifest-path", str(folder / "Cargo.toml")]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise FetchError(
            f"cannot fetch {what}:\n{result.stderr.strip()}\nhint: the sources of the programs come from cargo's registry; fetch once with a network"
        )
    archive = _cached(program)
    if archive is None:
        raise FetchError(f"{what} was fetched, but no archive in cargo's cache has the SHA-256 {program['sha256']} of programs.toml")
    return archive


def _unpack(archive, folder):
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(partial, filter="data")
    (inner,) = partial.iterdir()
    shutil.rmtree(folder, ignore_errors=True)
    inner.replace(folder)
    partial.rmdir()


if __name__ == "__main__":
    try:
        for each in sys.argv[1:] or programs():
            print(fetch(each))
    except FetchError as error:
        sys.exit(f"error: {error}")
