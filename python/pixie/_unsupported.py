"""What `import pixie` says where its extension is missing or does not fit."""

import platform
import sys
import sysconfig


def message(error):
    """The text for the `ImportError`: what is here, what would fit, what the system said."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        python += ", free-threaded"
    return (
        f"pixie cannot load its extension `pixie._core` with {python} on {sysconfig.get_platform()}: {error}\n"
        "hint: expected CPython 3.11 or later, not free-threaded, on Linux x86-64 or AArch64 (glibc 2.17 or later), "
        "Windows x86-64, or macOS 11 or later on Apple silicon; on one of these, "
        f"`{sys.executable or 'python'} -m pip install --force-reinstall pixie-runtime`"
    )
