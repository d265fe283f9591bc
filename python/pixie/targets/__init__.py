"""Processors and features by the names of numba/pixie, and the ISA levels that they stand for."""

from .common import get_default_configuration

__all__ = ["get_default_configuration"]


def __getattr__(name):
    if name in ("aarch64", "arm64", "x86_64"):
        import importlib

        return importlib.import_module(f"pixie.targets.{name}")
    raise AttributeError(f"module 'pixie.targets' has no attribute '{name}'")
