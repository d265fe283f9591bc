"""The build backend of projects with fat modules: the hooks of PEP 517 and PEP 660, each of which runs the `pixie` command.

In `pyproject.toml`::

    [build-system]
    requires = ["pixie-toolchain"]
    build-backend = "pixie_build"

Settings, as `pip wheel . -C platform=linux-64`: `platform` builds for that one only (several are separated by commas), `jobs` compiles
so many objects at once.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig

__all__ = ["build_editable", "build_sdist", "build_wheel", "prepare_metadata_for_build_editable", "prepare_metadata_for_build_wheel"]

_SETTINGS = ("platform", "jobs")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds the wheel for all platforms into `wheel_directory` and returns its name."""
    return _run("wheel", wheel_directory, _options(config_settings))


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Builds the modules into the project and returns the name of a wheel that points there."""
    return _run("wheel", wheel_directory, ["--editable", *_options(config_settings)])


def build_sdist(sdist_directory, config_settings=None):
    """Builds the source distribution into `sdist_directory` and returns its name."""
    _options(config_settings)
    return _run("sdist", sdist_directory, [])


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Writes the metadata without building anything and returns the name of its folder."""
    return _run("wheel", metadata_directory, ["--metadata-only"])


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def _options(settings):
    words = []
    for key, value in (settings or {}).items():
        if key not in _SETTINGS:
            raise SystemExit(f"error: there is no setting `{key}`\nhint: expected some of {', '.join(_SETTINGS)}, as -C platform=linux-64")
        values = [value] if isinstance(value, str) else value
        for one in ",".join(values).split(","):
            words += [f"--{key}", one.strip()]
    return words


def _command():
    """The command of the environment that this package is installed in; `PIXIE_COMMAND` names another."""
    chosen = os.environ.get("PIXIE_COMMAND")
    if chosen:
        return chosen
    # The build environment of pip is no virtual environment: its scripts are on PATH and beside its packages.
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    prefix = os.path.normpath(os.path.join(packages, *[os.pardir] * (1 if os.name == "nt" else 3)))
    scripts = "Scripts" if os.name == "nt" else "bin"
    folders = [os.path.join(prefix, scripts), sysconfig.get_path("scripts"), os.path.dirname(sys.executable), None]
    for folder in folders:
        found = shutil.which("pixie", path=folder)
        if found:
            return found
    raise SystemExit("error: the `pixie` command was not found\nhint: pip install pixie-toolchain, or name the command in the variable PIXIE_COMMAND")


def _run(word, folder, options):
    words = [_command(), word, "--json", "--output", os.path.abspath(folder), *options]
    # What it has to say goes to whoever builds.
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        # The command has said why.
        raise SystemExit(done.returncode)
    return json.loads(done.stdout)["files"][0]
