"""The wheel that `cargo xtask dist` packs by itself, around a stand-in for the command."""

import subprocess
import sys
import tomllib
import zipfile

from conftest import ROOT, run
from projects import check_record

TAG = "py3-none-manylinux_2_28_x86_64"
PROGRAM = "#!/bin/sh\necho command\n"


def packed(folder):
    folder.mkdir()
    program = folder / "built"
    program.write_text(PROGRAM)
    run(sys.executable, ROOT / "xtask/src/dist/wheel.py", "1.2.3", TAG, program, folder)
    return folder / f"pixie_toolchain-1.2.3-{TAG}.whl"


def test_the_same_files_give_the_same_bytes(tmp_path):
    assert packed(tmp_path / "a").read_bytes() == packed(tmp_path / "b").read_bytes()


def test_every_file_is_in_the_record_with_its_hash(tmp_path):
    path = packed(tmp_path / "a")
    check_record(path)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert "pixie_build/__init__.py" in names
        licences = {name.rpartition("/")[2] for name in names if "/licenses/" in name}
        assert licences == {"LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY-NOTICES.md", "NOTICES.md"}


def test_the_metadata_names_the_runtime_of_the_same_version(tmp_path):
    with zipfile.ZipFile(packed(tmp_path / "a")) as archive:
        metadata = archive.read("pixie_toolchain-1.2.3.dist-info/METADATA").decode()
    assert "\nRequires-Dist: pixie-runtime==1.2.3\n" in metadata
    assert "\nRequires-Dist: ziglang>=0.17,<0.18\n" in metadata
    project = tomllib.loads((ROOT / "toolchain/pyproject.toml").read_text())["project"]
    assert f"\nLicense-Expression: {project['license']}\n" in metadata


def test_an_installed_command_can_be_run(tmp_path):
    wheel = packed(tmp_path / "a")
    # pip, rather than ourselves, says that it is a wheel; `--target` leaves scripts in `bin`.
    target = tmp_path / "target"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", target, wheel)
    said = subprocess.run([target / "bin/pixie"], capture_output=True, text=True, check=True).stdout
    assert said == "command\n"
