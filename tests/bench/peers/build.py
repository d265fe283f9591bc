"""Builds the peers of the call table, alike: clang 22, -O3, for the baseline. argv: the folder for them, the folder of pinned packages."""

import contextlib
import subprocess
import sys
import sysconfig
from pathlib import Path

FOLDER, PACKAGES = Path(sys.argv[1]), Path(sys.argv[2])
HERE = Path(__file__).parent
sys.path.insert(0, str(PACKAGES))
FLAGS = ["-O3", "-DNDEBUG", "-fPIC", "-shared", "-fvisibility=hidden", f"-I{HERE}", f"-I{sysconfig.get_path('include')}"]

# cffi's wrappers release the lock around every call. The others keep it, so these are made to keep it too.
CFFI_PREAMBLE = """
#include "functions.h"
#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS {
#define Py_END_ALLOW_THREADS }
"""
CFFI_FUNCTIONS = """
void nothing(void);
double scale(double x, double y);
double sum8(double a, double b, double c, double d, double e, double f, double g, double h);
double dot(const double *a, const double *b, size_t n);
"""


def compile_file(compiler, source, name, *flags):
    subprocess.run([compiler, *FLAGS, *flags, source, "-o", FOLDER / f"{name}.so"], check=True)


def cython():
    from Cython.Compiler.Main import compile as translate

    output = FOLDER / "cython_peer.c"
    result = translate(str(HERE / "cython_peer.pyx"), output_file=str(output))
    if result.num_errors:
        sys.exit("Cython failed")
    compile_file("clang-22", output, "cython_peer")


def cffi():
    import cffi

    builder = cffi.FFI()
    builder.cdef(CFFI_FUNCTIONS)
    builder.set_source("cffi_peer", CFFI_PREAMBLE)
    output = FOLDER / "cffi_peer.c"
    with contextlib.redirect_stdout(None):
        builder.emit_c_code(str(output))
    compile_file("clang-22", output, "cffi_peer")


def nanobind():
    import nanobind

    include = [f"-I{nanobind.include_dir()}", f"-I{Path(nanobind.source_dir()).parent / 'ext/robin_map/include'}"]
    # nanobind's own build adds these to its library and to every module.
    own = ["-std=c++17", "-fno-strict-aliasing", "-ffunction-sections", "-fdata-sections"]
    library = Path(nanobind.source_dir()) / "nb_combined.cpp"
    compile_file("clang++-22", HERE / "nanobind_peer.cpp", "nanobind_peer", *own, *include, library)


def pybind11():
    import pybind11

    compile_file("clang++-22", HERE / "pybind11_peer.cpp", "pybind11_peer", "-std=c++17", f"-I{pybind11.get_include()}")


def plain():
    subprocess.run(["clang-22", "-O3", "-fPIC", "-shared", "-x", "c", HERE / "functions.h", "-o", FOLDER / "ctypes_peer.so"], check=True)
    subprocess.run(["clang-22", "-O2", "-fPIC", "-shared", HERE / "count.c", "-o", FOLDER / "count.so"], check=True)


for build in (cython, cffi, nanobind, pybind11, plain):
    build()
