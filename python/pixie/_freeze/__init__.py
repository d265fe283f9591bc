"""Hooks of tools that freeze programs, which find this folder by the entry point `pyinstaller40`."""

import os


def hook_dirs():
    """The folders with hooks for PyInstaller."""
    return [os.path.dirname(__file__)]
