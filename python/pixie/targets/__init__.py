"""Processors and features by the names of numba/pixie, and the ISA levels that they stand for."""

from .common import get_default_configuration

__all__ = ["get_default_configuration"]
