"""Compiling a loaded module again, by the `pixie` command: what `module.__pixie__.specialize` does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _core
from ._toolchain import run

if TYPE_CHECKING:
    from . import FatModule


def whole(about: FatModule) -> str:
    """Compiles the module for this processor, to a file beside it that the next import prefers. Returns the file's path."""
    if about.path is None:
        raise RuntimeError(
            "the module was loaded from memory, and there is no file to compile\nhint: write it to a file and load that"
        )
    features = " ".join(_core.host().features)
    words = ["specialize", os.path.abspath(about.path), "--cpu", "native", "--features", features, "--build-id", about.build_id, "--quiet"]
    run(words, None)
    return os.path.splitext(about.path)[0] + ".specialized.pixie"
