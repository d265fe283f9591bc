"""Takes along the fat modules of installed packages, and the parts of the runtime that its library imports by name."""

import importlib.metadata

# A library written in Rust tells PyInstaller nothing of what it imports.
hiddenimports = ["pixie._inspect", "pixie._metadata", "pixie._overlay", "pixie._portable", "pixie._specialize", "pixie._toolchain"]

datas = []
for _distribution in importlib.metadata.distributions():
    for _file in _distribution.files or []:
        if _file.suffix == ".pixie":
            datas.append((str(_distribution.locate_file(_file)), str(_file.parent)))
