"""Importing: what `import pixie` costs and changes, precedence, packages, and errors."""

import importlib.machinery
import os
import shutil
import sys
import zipfile

import pytest

import pixie as runtime

HEAD = "import sys; sys.path.insert(0, sys.argv[1]); import pixie\n"
EXTENSION = importlib.machinery.EXTENSION_SUFFIXES[0]


@pytest.fixture
def folder(tmp_path, files):
    """A folder with the module as `kernels.pixie`."""
    shutil.copy(files["scalars"], tmp_path / "kernels.pixie")
    return tmp_path


def test_import_pixie_is_light(run):
    program = """
import sys
before = set(sys.modules)
import pixie
heavy = {"ctypes", "inspect", "importlib.resources", "importlib.machinery", "numpy", "re", "pathlib", "typing"}
print(sorted(heavy & (set(sys.modules) - before)), sorted(name for name in set(sys.modules) - before if name.split(".")[0] != "pixie"))
"""
    assert run(program) == "[] []\n"


def test_using_a_module_imports_nothing(run, folder):
    program = HEAD + """
before = set(sys.modules)
import kernels
kernels.add(1, b=2); kernels.__pixie__.variants; pixie.info(kernels.add).signature
try: kernels.add("x", 1)
except TypeError: pass
print(sorted(set(sys.modules) - before - {"math"}))
"""
    assert run(program, folder) == "['kernels']\n"


def test_what_the_import_system_sees(run, folder):
    program = HEAD + """
import kernels, importlib.util
spec = importlib.util.find_spec("kernels")
print(kernels.__name__, kernels.__file__ == spec.origin, spec.has_location, type(spec.loader).__name__, spec.cached, spec.submodule_search_locations)
print(kernels.__loader__.get_filename("kernels") == kernels.__file__ == kernels.__pixie__.path)
print(kernels.__loader__.is_package("kernels"), kernels.__loader__.get_code("kernels"), kernels.__loader__.get_source("kernels"))
print(repr(kernels) == f"<module 'kernels' from {kernels.__file__!r}>")
"""
    out = run(program, folder).splitlines()
    assert out == ["kernels True True Loader None None", "True", "False None None", "True"]


@pytest.mark.parametrize(
    ("other", "winner"),
    [
        ("kernels.py", "py"),
        ("kernels/__init__.py", "package"),
        ("kernels/data.txt", "fat"),
        ("kernels.txt", "fat"),
        ("kernels" + EXTENSION, "extension"),
        ("kernels.pyc", "bytecode"),
    ],
)
def test_precedence_within_a_folder_is_cpythons(run, folder, other, winner):
    path = folder / other
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"kind = {winner!r}")
    if winner == "bytecode":
        import py_compile

        source = folder / "elsewhere.py"
        source.write_text("kind = 'bytecode'")
        py_compile.compile(source, cfile=path, doraise=True)
    program = HEAD + """
try:
    import kernels
    print(getattr(kernels, "kind", "fat"))
except ImportError as error:
    print("extension" if "kernels.cpython" in str(error) or ".so" in str(error) or ".pyd" in str(error) else error)
"""
    assert run(program, folder).strip() == winner


@pytest.mark.parametrize("order", ["fat first", "python first", "namespace first"])
def test_precedence_among_folders_is_that_of_the_path(run, folder, tmp_path_factory, order):
    other = tmp_path_factory.mktemp("other")
    if order == "namespace first":
        (other / "kernels").mkdir()
    else:
        (other / "kernels.py").write_text("kind = 'py'")
    folders = [folder, other] if order == "fat first" else [other, folder]
    program = "import sys; sys.path[:0] = sys.argv[1:3]; import pixie, kernels; print(getattr(kernels, 'kind', 'fat'))"
    assert run(program, *folders).strip() == ("py" if order == "python first" else "fat")


def test_folders_that_were_imported_from_before(run, folder):
    """The finders that exist when pixie is imported learn the suffix; so do those of folders that are new."""
    (folder / "plain.py").write_text("")
    program = """
import sys, os
sys.path.insert(0, sys.argv[1])
import plain
assert sys.argv[1] in sys.path_importer_cache
import pixie, kernels
os.mkdir(os.path.join(sys.argv[1], "new")); os.rename(kernels.__file__, os.path.join(sys.argv[1], "new", "later.pixie"))
sys.path.insert(0, os.path.join(sys.argv[1], "new"))
import later
print(later.add(1, 2))
"""
    assert run(program, folder) == "3.0\n"


def test_the_current_folder(run, folder):
    assert run("import pixie, kernels; print(kernels.add(1, 2))", cwd=folder) == "3.0\n"
    (folder / "program.py").write_text("import pixie, kernels; print(kernels.add(3, 4))")
    assert run("import runpy, sys; sys.path.insert(0, ''); runpy.run_module('program', run_name='__main__')", cwd=folder) == "7.0\n"
    assert os.popen(f"cd '{folder}' && '{sys.executable}' -m program").read() == "7.0\n"


def test_a_fat_module_is_no_program(run, folder):
    done = run("import runpy, pixie; runpy.run_module('kernels')", cwd=folder, check=False)
    assert done.returncode == 1 and "No code object available for kernels" in done.stderr


def test_packages(run, folder):
    for package, init in (("regular", "from . import kernels\nfrom .kernels import add\n"), ("namespace", None)):
        inner = folder / package
        inner.mkdir()
        shutil.copy(folder / "kernels.pixie", inner)
        if init:
            (inner / "__init__.py").write_text(init)
    program = HEAD + """
import regular, namespace.kernels
from regular.kernels import add
print(regular.add is add, add.__module__, namespace.kernels.add.__module__, namespace.kernels.__package__)
import pickle; print(pickle.loads(pickle.dumps(add)) is add)
"""
    assert run(program, folder) == "True regular.kernels namespace.kernels namespace\nTrue\n"


def test_reload(run, folder):
    program = HEAD + """
import importlib, kernels
old = kernels.add
assert importlib.reload(kernels) is kernels
print(kernels.add is old, old(1, 2), kernels.add(1, 2))
hooks = list(sys.path_hooks)
importlib.reload(pixie)
print(hooks == sys.path_hooks, len({finder for finder in sys.path_importer_cache.values() if finder and [s for s, _ in getattr(finder, "_loaders", [])].count(".pixie") > 1}))
"""
    assert run(program, folder) == "False 3.0 3.0\nTrue 0\n"


def test_ordinary_imports_are_as_before(run, folder, tmp_path):
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.py", "kind = 'zip'")
    (folder / "plain.py").write_text("kind = 'py'")
    program = HEAD + f"""
sys.path.insert(0, {str(archive)!r})
import plain, zipped, colorsys, importlib
print(plain.kind, zipped.kind)
open(sys.argv[1] + "/fresh.py", "w").close()
importlib.invalidate_caches()
import fresh
try:
    import nowhere
except ModuleNotFoundError as error:
    print(error)
"""
    assert run(program, folder) == "py zip\nNo module named 'nowhere'\n"


def test_import_errors_carry_name_and_path(run, folder):
    data = (folder / "kernels.pixie").read_bytes()
    (folder / "kernels.pixie").write_bytes(data[:-1])
    program = HEAD + """
try:
    import kernels
except ImportError as error:
    print(type(error).__name__, error.name, error.path == sys.argv[1] + "/kernels.pixie", "kernels" in sys.modules)
    print(error)
"""
    out = run(program, folder)
    assert out.startswith("ImportError kernels True False\n")
    assert f"kernels.pixie`: the file has {len(data) - 1} bytes, its header says {len(data)}\nhint:" in out


def test_load_errors(folder, tmp_path):
    import pixie

    with pytest.raises(FileNotFoundError) as caught:
        pixie.load(tmp_path / "nowhere.pixie")
    assert caught.value.filename == str(tmp_path / "nowhere.pixie")
    with pytest.raises(ImportError, match="is a directory"):
        pixie.load(tmp_path)
    (folder / "text.pixie").write_text("import this")
    with pytest.raises(ImportError, match="not a fat module") as caught:
        pixie.load(folder / "text.pixie")
    assert caught.value.name == "text" and caught.value.path == str(folder / "text.pixie")
    with pytest.raises(TypeError):
        pixie.load(3)


def test_a_forced_level(run, folder):
    program = HEAD + "import kernels; print(kernels.__pixie__.isa, kernels.__pixie__.variants[0]['reason'])"
    level = "x86-64" if "x86" in run(program, folder) else "armv8-a"
    assert run(program, folder, env={"PIXIE_USE_ISA": "baseline"}).startswith(level + " ")
    done = run(program, folder, env={"PIXIE_USE_ISA": "abacus"}, check=False)
    assert "ImportError" in done.stderr and "no variant `abacus`" in done.stderr and f"`{level}`" in done.stderr
    assert run(program, folder, env={"PIXIE_USE_ISA": ""}).split()[0] != ""


def test_subinterpreters_are_refused(run):
    program = """
import pixie
import _xxsubinterpreters as interpreters
other = interpreters.create()
try:
    interpreters.run_string(other, "import pixie")
    print("imported")
except Exception as error:
    print("ImportError" in str(error) or "ImportError" in type(error).__name__, "subinterpreter" in str(error))
"""
    if sys.version_info < (3, 13):
        assert run(program) == "True True\n"


def test_version():
    import pixie

    assert pixie.__version__.count(".") == 2 and pixie.SUFFIX == ".pixie"
    assert all(hasattr(pixie, name) for name in pixie.__all__)


def test_what_is_no_regular_file_is_refused_at_once(folder):
    pipe = folder / "pipe.pixie"
    os.mkfifo(pipe)
    for path, what in ((pipe, "not a regular file"), (folder, "directory"), ("/dev/zero", "not a regular file")):
        with pytest.raises(ImportError, match=what) as raised:
            runtime.load(path)
        assert str(path) in str(raised.value)
