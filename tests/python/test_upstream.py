"""Programs written against the interface of numba/pixie, the first PIXIE, run as they are: sources, overloads, ISA levels, commands."""

import ctypes
import json
import os
import subprocess
import sys
import textwrap
import warnings

import pytest
from conftest import PIXIE, pixie, python

# Each build of this interface finds the command that is under test.
os.environ["PIXIE_COMMAND"] = PIXIE

from pixie import ExportConfiguration, PIXIECompiler, TranslationUnit  # noqa: E402
from pixie.targets import get_default_configuration  # noqa: E402
from pixie.targets.common import TargetDescription, decode_llvm_triple  # noqa: E402
from pixie.targets.x86_64 import cpus, features, levels, predefined  # noqa: E402

ADD_F64 = """
define void @"_Z3addPdS_"(double* %".1", double* %".2", double* %".out")
{
entry:
    %.3 = load double, double * %.1
    %.4 = load double, double * %.2
    %"res" = fadd double %".3", %".4"
    store double %"res", double* %".out"
    ret void
}
"""
ADD_I64 = ADD_F64.replace("double", "i64").replace("fadd", "add nsw").replace("_Z3addPdS_", "_Z3addPlS_")
THREE_F64 = "void(double*, double*, double*)"
THREE_I64 = "void(i64*, i64*, i64*)"
UUID = "6d3e1e6e-9d3b-4c5b-8f0a-0c4f7a1b2c3d"

PYX = """
cimport cython
import cython
cimport libc.math

cdef public void add_f64(double *x, double *y, double *out):
    out[0] = x[0] + y[0]

cdef public double cosine(double x) noexcept nogil:
    return libc.math.cos(x)

@cython.cdivision(True)
cdef public void ratio(double* x, double *y, double* out):
    out[0] = x[0] / y[0]

cdef api void hidden(double* x):
    x[0] = 1

def py_add(x, y):
    cdef cython.double out = 0.0
    cdef cython.double a = x
    cdef cython.double b = y
    add_f64(&a, &b, &out)
    return out
"""


def exports(*entries):
    made = ExportConfiguration()
    for entry in entries:
        made.add_symbol(**entry)
    return made


def compiled(folder, name, units, config, **changes):
    options = {**get_default_configuration(), "output_dir": str(folder), "python_cext": True, **changes}
    PIXIECompiler(library_name=name, translation_units=units, export_configuration=config, **options).compile()


def imported(folder, name):
    """The module as a program finds it, fresh."""
    sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(folder))


def three(entry, ctype, x, y):
    """What a function of two inputs and an output computes."""
    out = ctype(0)
    entry["cfunc"](ctypes.byref(ctype(x)), ctypes.byref(ctype(y)), ctypes.byref(out))
    return out.value


@pytest.fixture
def overloads(tmp_path):
    config = exports(
        dict(python_name="add", symbol_name="_Z3addPlS_", signature=THREE_I64, metadata={"shape": (1, 2), "n": [1]}),
        dict(python_name="add", symbol_name="_Z3addPdS_", signature=THREE_F64),
    )
    units = (TranslationUnit("add_f64", ADD_F64), TranslationUnit("add_i64", ADD_I64))
    targets = (features.sse2, predefined.x86_64_v2, predefined.x86_64_v3)
    changes = dict(baseline_cpu=predefined.x86_64.cpu, baseline_features=predefined.x86_64.features, uuid=UUID)
    compiled(tmp_path, "upstream_add", units, config, targets_features=targets, **changes)
    return tmp_path


def test_overloads_of_ir_sources(overloads):
    module = imported(overloads, "upstream_add")
    assert "__PIXIE__" in dir(module)
    about = module.__PIXIE__
    assert about is module.__PIXIE__
    assert set(about) == {
        "symbols", "c_header", "linkage", "bitcode", "uuid", "is_specialized", "available_isas", "selected_isa", "specialize",
    }  # fmt: skip
    assert list(about["symbols"]) == ["add"] and list(about["symbols"]["add"]) == [THREE_I64, THREE_F64]
    f64, i64 = about["symbols"]["add"][THREE_F64], about["symbols"]["add"][THREE_I64]
    assert three(f64, ctypes.c_double, 20.5, 10) == 30.5
    assert three(i64, ctypes.c_int64, 2**62, -1) == 2**62 - 1
    assert f64["symbol"] == "_Z3addPdS_" and i64["symbol"] == "_Z3addPlS_" and f64["address"] != i64["address"]
    assert f64["metadata"] is None and i64["metadata"] == {"shape": (1, 2), "n": [1]}
    double_p = ctypes.POINTER(ctypes.c_double)
    assert f64["ctypes_cfunctype"] is ctypes.CFUNCTYPE(None, double_p, double_p, double_p)
    with pytest.raises(ctypes.ArgumentError):
        f64["cfunc"](ctypes.byref(ctypes.c_int64(1)), None, None)
    assert f64["source_file"] is None and f64["module"] == "upstream_add" and about["linkage"] is None
    assert about["uuid"] == UUID and about["is_specialized"] is False and about["bitcode"][:2] == b"BC"
    assert about["available_isas"] == ["baseline", "sse2", "sse42", "fma"]


def test_the_variable_takes_the_first_pixies_names(overloads):
    program = "import pixie, sys; sys.path.insert(0, sys.argv[1]); import upstream_add as m; "
    program += "print(m.__PIXIE__['selected_isa'], m.__pixie__.isa)"
    for forced, selected in [
        ("sse2", "sse2 x86-64"),
        ("SSE42", "sse42 x86-64-v2"),
        ("baseline", "baseline x86-64"),
        ("x86-64-v2", "sse42 x86-64-v2"),
    ]:
        assert python(program, overloads, env={"PIXIE_USE_ISA": forced}).stdout.strip() == selected
    for forced in ["NONSENSE", "avx512f"]:
        failed = python(program, overloads, env={"PIXIE_USE_ISA": forced}, check=False)
        assert failed.returncode == 1 and f"no variant `{forced}`" in failed.stderr and "`x86-64-v2`" in failed.stderr


def test_specialize_leaves_a_module_that_the_next_import_uses(overloads):
    first = imported(overloads, "upstream_add").__PIXIE__
    with pytest.warns(UserWarning, match="`avx512f` becomes the ISA level x86-64-v4"):
        first["specialize"](baseline_cpu="nocona", baseline_features=(), targets_features=(features.avx512f,))
    module = imported(overloads, "upstream_add")
    second = module.__PIXIE__
    assert first["is_specialized"] is False and second["is_specialized"] is True
    assert all(first[key] == second[key] for key in ["bitcode", "c_header", "linkage", "uuid"])
    assert second["available_isas"] == ["baseline", "avx512f"]
    for signature, entry in first["symbols"]["add"].items():
        other = second["symbols"]["add"][signature]
        assert all(entry[key] == other[key] for key in ["ctypes_cfunctype", "symbol", "module", "source_file", "metadata"])
        assert entry["address"] != other["address"]
    assert three(second["symbols"]["add"][THREE_F64], ctypes.c_double, 1.5, 2) == 3.5

    # Once more, for this machine: one variant, its best.
    second["specialize"]()
    special = json.loads(pixie("inspect", "--json", overloads / "upstream_add_pixie_specialized.pixie").stdout)
    import pixie as runtime

    host = runtime.host()
    assert [variant["isa"] for variant in special["platforms"][host.platform]["variants"]] == [host.levels[-1]]
    third = imported(overloads, "upstream_add").__PIXIE__
    assert third["is_specialized"] is True and three(third["symbols"]["add"][THREE_I64], ctypes.c_int64, 4, 5) == 9
    with pytest.raises(ValueError, match="`host` has the features of this machine"):
        third["specialize"](targets_features=("avx2",))

    # Made from another build, it is left alone.
    compiled(overloads, "upstream_add", [TranslationUnit("add_f64", ADD_F64)], exports(
        dict(python_name="add", symbol_name="_Z3addPdS_", signature=THREE_F64)))  # fmt: skip
    with pytest.warns(ImportWarning, match="another build"):
        fourth = imported(overloads, "upstream_add").__PIXIE__
    assert fourth["is_specialized"] is False and fourth["uuid"] != UUID and len(fourth["uuid"]) == 36


def test_a_module_of_our_own_specializes_too(tmp_path):
    source = tmp_path / "own.c"
    body = "for (long i = 0; i < n; i++) y[i] = sin(x[i]);"
    source.write_text(f"#include <math.h>\nvoid f(const double *x, double *y, long n) {{ {body} }}\n")
    signature = "wave = f(x: f64[n], y: inout f64[n], n: long)"
    pixie("build", source, "--platform", "linux-64", "--export", signature, "-o", tmp_path / "own.pixie")
    imported(tmp_path, "own").__PIXIE__["specialize"]()
    about = imported(tmp_path, "own").__PIXIE__
    x, y = (ctypes.c_double * 2)(0, 1), (ctypes.c_double * 2)()
    about["symbols"]["wave"]["void(double*, double*, long)"]["cfunc"](x, y, 2)
    assert about["is_specialized"] and list(y) == pytest.approx([0, 0.8414709848078965])


def test_bitcode_sources_beside_text(tmp_path):
    from llvmlite import binding

    text = 'define i64 @"twice"(i64 %"x") { %"y" = shl i64 %"x", 1\n ret i64 %"y" }'
    units = [TranslationUnit("twice", binding.parse_assembly(text).as_bitcode()), TranslationUnit("add", ADD_F64)]
    config = exports(
        dict(python_name="twice", symbol_name="twice", signature="i64(i64)"),
        dict(python_name="double", symbol_name="twice", signature="i64(i64)"),
        dict(python_name="add", symbol_name="_Z3addPdS_", signature=THREE_F64),
    )
    compiled(tmp_path, "upstream_bitcode", units, config)
    symbols = imported(tmp_path, "upstream_bitcode").__PIXIE__["symbols"]
    assert list(symbols) == ["twice", "double", "add"]
    assert symbols["double"]["i64(i64)"]["cfunc"](21) == symbols["twice"]["i64(i64)"]["cfunc"](21) == 42
    assert three(symbols["add"][THREE_F64], ctypes.c_double, 1, 2) == 3


def test_c_sources_and_a_function_with_one_name(tmp_path):
    (tmp_path / "scale.h").write_text("#define SCALE 3\n")
    source = tmp_path / "scale.c"
    body = "for (int i = 0; i < *n; i++) x[i] *= SCALE * EXTRA;"
    source.write_text(f'#include "scale.h"\nvoid scale(double *x, int *n) {{ {body} }}\n')
    unit = TranslationUnit.from_c_source(str(source), extra_flags=("-DEXTRA=2",))
    source.unlink()
    signature = "void( double * , i32* )"
    config = exports(dict(python_name="scale", symbol_name="scale", signature=signature, metadata="text"))
    compiled(tmp_path, "upstream_scale", [unit], config, opt=2, opt_flags={"loop_vectorize": True})
    module = imported(tmp_path, "upstream_scale")
    entry = module.__PIXIE__["symbols"]["scale"][signature]
    x = (ctypes.c_double * 3)(1, 2, 3)
    entry["cfunc"](ctypes.cast(x, ctypes.POINTER(ctypes.c_double)), ctypes.byref(ctypes.c_int(3)))
    assert list(x) == [6, 12, 18] and entry["metadata"] == "text"
    # Under its own name, which no other function has, it is a function of the module as well.
    module.scale(ctypes.addressof(x), ctypes.pointer(ctypes.c_int(2)))
    assert list(x) == [36, 72, 18]


def test_headers_of_python_where_debian_keeps_them(tmp_path, monkeypatch):
    from pixie import compiler

    headers = {"python3": "#include <arch-linux/python3/pyconfig.h>\n", "arch-linux/python3": "#define ANSWER 42.0\n"}
    for folder, text in headers.items():
        (tmp_path / "include" / folder).mkdir(parents=True)
        (tmp_path / "include" / folder / "pyconfig.h").write_text(text)
    # Beside them lies what must not stand before the compiler's own.
    (tmp_path / "include/stddef.h").write_text("#error not this one\n")
    monkeypatch.setattr(compiler.sysconfig, "get_path", lambda name: str(tmp_path / "include/python3"))
    monkeypatch.setattr(compiler.sysconfig, "get_config_var", lambda name: "arch-linux")
    source = tmp_path / "answer.c"
    source.write_text("#include <stddef.h>\n#include <pyconfig.h>\ndouble answer(void) { return ANSWER; }\n")
    config = exports(dict(python_name="answer", symbol_name="answer", signature="double()"))
    compiled(tmp_path, "upstream_answer", [TranslationUnit.from_c_source(source)], config)
    assert imported(tmp_path, "upstream_answer").answer() == 42


def test_a_c_error_is_the_compilers_own(tmp_path):
    source = tmp_path / "bad.c"
    source.write_text("void f(double *x) { *x = y; }\n")
    with pytest.raises(subprocess.CalledProcessError, match="undeclared identifier 'y'"):
        TranslationUnit.from_c_source(source)


def test_cython_sources(tmp_path):
    source = tmp_path / "kernels.pyx"
    source.write_text(PYX)
    unit = TranslationUnit.from_cython_source(str(source))
    config = exports(
        dict(python_name="add", symbol_name="add_f64", signature=THREE_F64),
        dict(python_name="ratio", symbol_name="ratio", signature=THREE_F64),
    )
    compiled(tmp_path, "upstream_cython", [unit], config)
    symbols = imported(tmp_path, "upstream_cython").__PIXIE__["symbols"]
    assert three(symbols["add"][THREE_F64], ctypes.c_double, 1, 2) == 3
    assert three(symbols["ratio"][THREE_F64], ctypes.c_double, 3, 4) == 0.75
    assert json.loads(pixie("inspect", "--json", tmp_path / "upstream_cython.pixie").stdout)["imports"] == []

    hidden = exports(dict(python_name="hidden", symbol_name="hidden", signature="void(double*)"))
    with pytest.raises(RuntimeError, match="only what is declared `cdef public`"):
        compiled(tmp_path, "upstream_hidden", [unit], hidden)


def test_cython_that_needs_the_interpreter_is_refused_in_its_own_terms(tmp_path):
    source = tmp_path / "quotient.pyx"
    source.write_text("cdef public void quotient(double *x, double *y):\n    x[0] = x[0] / y[0]\n")
    with pytest.raises(RuntimeError) as caught:
        compiled(tmp_path, "upstream_quotient", [TranslationUnit.from_cython_source(source)], None)
    message = str(caught.value)
    assert "`quotient` needs Python's API" in message and "PyExc_ZeroDivisionError" in message and "cdivision" in message
    assert message.count("hint: ") == 1 and "quotient.pyx" in message


def command(function, *arguments, folder):
    program = f"import sys; from pixie.cli import {function}; sys.exit({function}())"
    words = [sys.executable, "-c", program, *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_the_commands(tmp_path):
    (tmp_path / "test.c").write_text("#include <math.h>\nvoid f(double *x, double *result) { *result = cos(*x) + 1; }\n")
    done = command("pixie_cc", "test.c", "-O", "2", "-g", "-o", "upstream_cc", folder=tmp_path)
    assert done.returncode == 0 and sorted(os.listdir(tmp_path)) == ["test.c", "upstream_cc.pixie"], done.stderr
    module = imported(tmp_path, "upstream_cc")
    x, result = ctypes.c_double(0), ctypes.c_double()
    module.f(ctypes.pointer(x), ctypes.pointer(result))
    assert result.value == 2

    (tmp_path / "kernels.pyx").write_text(PYX)
    done = command("pixie_cythonize", "-v", "kernels.pyx", "-o", "upstream_cy", folder=tmp_path)
    assert done.returncode == 0 and "build kernels.pyx" in done.stdout, done.stderr
    symbols = imported(tmp_path, "upstream_cy").__PIXIE__["symbols"]
    assert sorted(symbols) == ["add_f64", "cosine", "ratio"]
    assert symbols["cosine"]["double(double)"]["cfunc"](0.0) == 1

    unit = {"name": "add", "source": ADD_F64}
    symbol = {"python_name": "add", "symbol_name": "_Z3addPdS_", "signature": THREE_F64}
    config = {"export_config": {"symbols": [symbol]}, "translation_unit": [unit, {"name": "c", "path": "test.c"}]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = command("pixie_cc", "-C", "config.json", "-o", "upstream_config", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    entry = imported(tmp_path, "upstream_config").__PIXIE__["symbols"]["add"][THREE_F64]
    assert three(entry, ctypes.c_double, 1, 1) == 2

    (tmp_path / "defs.pyx").write_text("def addone(int x):\n    return x + 1\n")
    done = command("pixie_cythonize", "defs.pyx", folder=tmp_path)
    assert done.returncode == 1 and "`defs.pyx`: no function can be exported" in done.stderr and "cdef public" in done.stderr


def test_without_the_toolchain_the_error_says_so(tmp_path):
    program = textwrap.dedent("""
        import pixie
        from pixie.targets import get_default_configuration
        unit = pixie.TranslationUnit("a", "define void @f() { ret void }")
        pixie.PIXIECompiler("a", [unit], None, **get_default_configuration()).compile()
    """)
    failed = python(program, env={"PIXIE_COMMAND": "", "PATH": str(tmp_path)}, check=False, cwd=tmp_path)
    assert "FileNotFoundError: the `pixie` command" in failed.stderr and "hint: " in failed.stderr
    failed = python(program, env={"PIXIE_COMMAND": "nosuch"}, check=False, cwd=tmp_path)
    assert "PIXIE_COMMAND names `nosuch`" in failed.stderr


def test_import_pixie_stays_cheap():
    program = "import sys, pixie; print(*(m for m in sys.modules if m.startswith('pixie') or m in ('ctypes', 'json', 'enum')))"
    assert sorted(python(program).stdout.split()) == ["pixie", "pixie._core"]
    program = "import pixie; print(pixie.targets.x86_64.features.avx2, pixie.PIXIECompiler.__module__, hasattr(pixie, 'nosuch'))"
    assert python(program).stdout.split() == ["avx2", "pixie.compiler", "False"]


@pytest.mark.parametrize(
    ("baseline", "chosen", "names", "warned"),
    [
        (("nocona", (), ""), ["x86-64"], [], []),
        ((cpus.nocona, features.sse3, ()), ["x86-64-v2"], [], ["`sse3` becomes"]),
        (("x86-64", "x86-64", ("x86-64-v2", "x86-64-v4")), ["x86-64", "x86-64-v2", "x86-64-v4"], ["sse42", "avx512vl"], []),
        (("x86-64", (), "avx2"), ["x86-64", "x86-64-v3"], ["avx2"], ["`avx2` becomes"]),
        (("x86-64", (), ("avx2", "fma")), ["x86-64", "x86-64-v3"], ["avx2", "fma"], ["`avx2` becomes"]),
        (("x86-64", (), (("skylake-avx512", "avx2"),)), ["x86-64", "x86-64-v4"], ["x86-64-v4"], []),
        (("x86-64", (), features.avx512bitalg), ["x86-64", "x86-64-v4"], ["x86-64-v4"], ["no ISA level has all of `avx512bitalg`"]),
        (("knl", (), ()), ["x86-64-v3"], [], []),
    ],
)
def test_features_become_levels(baseline, chosen, names, warned):
    found = TargetDescription("x86_64-unknown-linux-gnu", *baseline).levels("linux-64")
    assert found.levels == chosen and [name for name, _ in found.names] == names
    assert len(found.warnings) == len(warned) and all(part in text for part, text in zip(warned, found.warnings))


def test_the_levels_have_the_features_that_the_format_gives_them(overloads):
    manifest = json.loads(pixie("inspect", "--json", overloads / "upstream_add.pixie").stdout)
    for variant in manifest["platforms"]["linux-64"]["variants"]:
        known = {feature.as_feature_str() for feature in features}
        theirs = {name for name in variant["features"] if name in known}
        ours = {features[name].as_feature_str() for name in levels["linux-64"][variant["isa"]]}
        # What every processor has is in no list; `fma3` is a name of NumPy's for `fma`.
        assert ours - {"mmx", "sse", "sse2", "fma3"} == theirs


def test_descriptions_are_spelled_in_every_way_of_the_first_pixie():
    triple = "x86_64-unknown-linux-gnu"
    strings = TargetDescription(triple, "nocona", ("sse3", "sse42"), (("cascadelake", ("avx", "avx2")), "avx"))
    enums = TargetDescription(
        triple, cpus.nocona, (features.sse3, features.sse42), ((cpus.cascadelake, (features.avx, features.avx2)), features.avx)
    )
    assert strings.baseline_target == enums.baseline_target and strings.additional_targets == enums.additional_targets
    assert decode_llvm_triple("arm-v5-unknown-linux-eabi").sub == "v5" and decode_llvm_triple("x86_64-unknown-linux").abi == ""


@pytest.mark.parametrize(
    ("error", "part", "changes"),
    [
        (TypeError, "library_name", {"library_name": object()}),
        (ValueError, "library_name", {"library_name": ""}),
        (TypeError, "translation_units", {"translation_units": "invalid"}),
        (ValueError, "nothing to compile", {"translation_units": ()}),
        (TypeError, "export_configuration", {"export_configuration": "invalid"}),
        (ValueError, "baseline_cpu", {"baseline_cpu": ""}),
        (ValueError, "`not a cpu`.*baseline_cpu", {"baseline_cpu": "not a cpu"}),
        (ValueError, "`invalid`.*baseline_features", {"baseline_features": "invalid"}),
        (ValueError, "`invalid`.*targets_features", {"targets_features": ("invalid",)}),
        (TypeError, "uuid", {"uuid": ("invalid",)}),
        (ValueError, "badly formed", {"uuid": "invalid"}),
        (ValueError, "opt must be", {"opt": 4}),
        (ValueError, "opt_flags has `unroll`", {"opt_flags": {"unroll": True}}),
        (TypeError, "output_dir", {"output_dir": []}),
        (NotImplementedError, "shared library", {"python_cext": False}),
    ],
)
def test_wrong_arguments_are_told(error, part, changes):
    right = dict(library_name="lib", translation_units=(TranslationUnit("add", ADD_F64),), **get_default_configuration())
    with warnings.catch_warnings(), pytest.raises(error, match=part):
        warnings.simplefilter("error")
        PIXIECompiler(**{**right, **changes})


@pytest.mark.parametrize(
    "signature",
    ["void(double*", "void(double*) trailing", "void(doubly*)", "double*", "void(void)(i8)", "void(i8, void)", ""],
)
def test_wrong_signatures_are_told(signature):
    with pytest.raises(ValueError, match="is not a|of type `void`"):
        ExportConfiguration().add_symbol("f", "f", signature)


def test_what_cannot_be_kept_or_told_apart_is_told(tmp_path):
    config = exports(dict(symbol_name="f", python_name="f", signature="void(double*)"))
    with pytest.raises(ValueError, match="has the signature"):
        config.add_symbol("g", "f", "void(double*)")
    with pytest.raises(TypeError, match="metadata of `g` cannot be kept"):
        config.add_symbol("g", "g", "void(double*)", metadata=object())
    with pytest.raises(TypeError, match="name must be a string"):
        TranslationUnit([], ADD_F64)
    with pytest.raises(TypeError, match="source must be"):
        TranslationUnit("add", [])
    config = exports(dict(symbol_name="nosuch", python_name="f", signature="void(double*)"))
    with pytest.raises(RuntimeError, match="`nosuch` on .*: the input has no such function"):
        compiled(tmp_path, "upstream_none", [TranslationUnit("add", ADD_F64)], config)
    assert os.listdir(tmp_path) == []
