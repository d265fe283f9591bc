"""Packs the wheel of pixie-toolchain: the command as a program, the package of `toolchain/`, metadata, licences.

``wheel.py VERSION TAG PROGRAM FOLDER``. No backend for wheels takes a program that was built elsewhere. The same files give
the same bytes: names are sorted, and the time of each is 1980-01-01.
"""

import base64
import hashlib
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "toolchain"

#: What of the checkout goes beside the metadata, where PEP 639 wants it.
LICENCES = [ROOT / "LICENSE-APACHE", ROOT / "LICENSE-MIT", ROOT / "THIRD-PARTY-NOTICES.md", SOURCE / "NOTICES.md"]


def metadata(project, version):
    """Core metadata 2.4 of ``pyproject.toml``'s table."""
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version}"]
    lines += [f"Summary: {project['description']}", f"License-Expression: {project['license']}"]
    lines += [f"License-File: {path.name}" for path in LICENCES]
    lines += [f"Classifier: {each}" for each in project["classifiers"]]
    lines += [f"Requires-Python: {project['requires-python']}"]
    for each in project["dependencies"]:
        lines.append(f"Requires-Dist: {each}=={version}" if each == "pixie-runtime" else f"Requires-Dist: {each}")
    lines += ["Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM", ""]
    return "\n".join(lines) + "\n" + (SOURCE / project["readme"]).read_text("utf-8")


def contents(project, version, tag, program):
    """The wheel's files by name, each with its mode."""
    name = project["name"].replace("-", "_")
    info = f"{name}-{version}.dist-info"
    files = {}
    for path in SOURCE.rglob("*"):
        inner = path.relative_to(SOURCE)
        if path.is_file() and len(inner.parts) > 1 and "__pycache__" not in inner.parts and "tests" not in inner.parts:
            files[inner.as_posix()] = (path.read_bytes(), 0o644)
    suffix = ".exe" if program.suffix == ".exe" else ""
    files[f"{name}-{version}.data/scripts/pixie{suffix}"] = (program.read_bytes(), 0o755)
    files[f"{info}/METADATA"] = (metadata(project, version).encode(), 0o644)
    wheel = f"Wheel-Version: 1.0\nGenerator: pixie-xtask ({version})\nRoot-Is-Purelib: false\nTag: {tag}\n"
    files[f"{info}/WHEEL"] = (wheel.encode(), 0o644)
    for path in LICENCES:
        files[f"{info}/licenses/{path.name}"] = (path.read_bytes(), 0o644)
    return info, files


def record(info, files):
    """``RECORD``, which lists itself without a hash."""
    lines = []
    for name, (data, _) in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join(lines) + f"{info}/RECORD,,\n"


def pack(path, info, files):
    """Writes the archive, the metadata last as installers like it."""
    order = sorted(files, key=lambda name: (name.startswith(info), name))
    files = files | {f"{info}/RECORD": (record(info, files).encode(), 0o644)}
    with zipfile.ZipFile(path, "w") as archive:
        for name in [*order, f"{info}/RECORD"]:
            data, mode = files[name]
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)


def main(version, tag, program, folder):
    with open(SOURCE / "pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    info, files = contents(project, version, tag, Path(program))
    path = Path(folder) / f"{project['name'].replace('-', '_')}-{version}-{tag}.whl"
    pack(path, info, files)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
