"""`pixie wheel`, `pixie sdist`, the build backend and what comes of them in fresh environments."""

import os
import re
import shutil
import sys
import tarfile
import zipfile
from email.parser import BytesParser

import pytest
from conftest import PIXIE, PLATFORMS, ROOT, pixie, refused, run
from projects import FILES, PYPROJECT, Environment, check_installed_record, check_record, project, runtime, wheel

BACKEND = {"PYTHONPATH": str(ROOT / "toolchain"), "PIXIE_COMMAND": str(PIXIE)}


def test_a_wheel_for_every_platform(tmp_path):
    folder = project(tmp_path / "p")
    path = wheel(folder)
    assert path.name == "fast_math-0.1.0-py3-none-any.whl"
    assert check_record(path) == 10
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        metadata = BytesParser().parsebytes(archive.read("fast_math-0.1.0.dist-info/METADATA"))
        module = tmp_path / "_kernels.pixie"
        module.write_bytes(archive.read("fastmath/_kernels.pixie"))
        assert b"Root-Is-Purelib: true\nTag: py3-none-any\n" in archive.read("fast_math-0.1.0.dist-info/WHEEL")
        assert b"fast-area = fastmath:main" in archive.read("fast_math-0.1.0.dist-info/entry_points.txt")
    assert {"fastmath/__init__.py", "fastmath/_kernels.py", "fastmath/_kernels.pyi", "fastmath/py.typed"} <= names
    assert "fast_math-0.1.0.dist-info/licenses/LICENSE" in names
    assert not any(name.endswith((".c", ".h")) for name in names)
    assert metadata["Name"] == "fast-math" and metadata["Author"] == "B"
    assert metadata["Author-email"] == '"A. Author" <author@example.org>'
    assert metadata.get_all("Requires-Dist") == [
        "pixie-runtime",
        "numpy>=2 ; (python_version >= '3.11') and extra == 'numpy'",
    ]
    assert metadata.get_payload().strip() == "# fastmath"
    shown = pixie("inspect", module).stdout
    assert all(platform in shown for platform in PLATFORMS)
    assert pixie("run", module, "--as", "win-64", "dot", "1,2", "3,4").stdout.strip() == "11"

    environment = Environment(tmp_path / "env", runtime())
    before = environment.files()
    environment.pip("install", "--no-index", path)
    assert "No broken requirements" in environment.pip("check").stdout
    done = environment.python(
        "import array, pickle, importlib\n"
        "import fastmath\n"
        "print(fastmath.dot(array.array('d', [1, 2]), array.array('d', [3, 4])))\n"
        "print(pickle.loads(pickle.dumps(fastmath.area)) is fastmath.area)\n"
        "print(importlib.reload(fastmath._kernels).area(1.0))\n"
        "from fastmath._kernels import *\n"
        "print(dot.__name__, fastmath._kernels.__pixie__.platform)\n"
    )
    assert done.stdout.split() == ["11.0", "True", "3.141592653589793", "dot", "linux-64"]
    assert run(environment.folder / "bin/fast-area").stdout == "3.141592653589793\n"
    environment.pip("uninstall", "--yes", "fast-math")
    left = {path for path in environment.files() - before if "__pycache__" not in path.parts}
    assert not left
    assert not (environment.folder / "bin/fast-area").exists()


def test_a_zip_file_is_enough(tmp_path):
    path = wheel(project(tmp_path / "p"))
    environment = Environment(tmp_path / "env", runtime())
    program = (
        "import sys, pickle\n"
        f"sys.path.insert(0, {str(path)!r})\n"
        "import fastmath, pixie\n"
        "print(fastmath.area(1.0), fastmath._kernels.__pixie__.path)\n"
        "print(len(pickle.dumps(pixie.portable(fastmath.area))) > 10000)\n"
    )
    assert environment.python(program).stdout.split() == ["3.141592653589793", "None", "True"]


def test_bytes_depend_on_nothing_but_the_project(tmp_path):
    archives = []
    for place, moment in [("a", "2001-02-03 04:05:06"), ("b/deeper down", "2031-12-01 00:00:00")]:
        folder = project(tmp_path / place)
        for path in folder.rglob("*"):
            os.utime(path, (1_000_000_000 + len(str(path)),) * 2)
            if path.is_file():
                path.chmod(0o600 if place == "a" else 0o755)
        for word in ("wheel", "sdist"):
            run("faketime", moment, PIXIE, word, cwd=folder)
        archives.append({path.name: path.read_bytes() for path in (folder / "dist").iterdir()})
    assert len(archives[0]) == 2
    assert archives[0] == archives[1]


def test_a_source_distribution_gives_the_same_wheel(tmp_path):
    pyproject = PYPROJECT.replace("[tool.pixie]", '[tool.pixie]\nsdist-include = ["tests/*.py"]\ninclude-dirs = ["include"]')
    more = {"tests/test_it.py": "pass\n", "include/deep/more.h": "#define MORE 1\n", "notes.txt": "private\n"}
    kernels = FILES["csrc/kernels.c"].replace('#include "pi.h"', '#include "pi.h"\n#include <deep/more.h>')
    folder = project(tmp_path / "p", pyproject, **more, **{"csrc/kernels.c": kernels})
    direct = wheel(folder)
    pixie("sdist", cwd=folder)
    with tarfile.open(folder / "dist/fast_math-0.1.0.tar.gz") as archive:
        names = archive.getnames()
        archive.extractall(tmp_path, filter="data")
    assert "fast_math-0.1.0/include/deep/more.h" in names and "fast_math-0.1.0/tests/test_it.py" in names
    assert "fast_math-0.1.0/PKG-INFO" in names and not any("notes" in name or "dist" in name for name in names)
    again = wheel(tmp_path / "fast_math-0.1.0")
    assert again.read_bytes() == direct.read_bytes()


def test_pip_and_build_go_through_the_backend(tmp_path):
    folder = project(tmp_path / "p")
    environment = Environment(tmp_path / "env", runtime())
    environment.pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path / "w", folder, env=BACKEND)
    assert (tmp_path / "w/fast_math-0.1.0-py3-none-any.whl").read_bytes() == wheel(folder).read_bytes()
    shutil.rmtree(folder / "dist")
    environment.pip("install", "--no-build-isolation", "--no-index", folder, env=BACKEND)
    assert environment.python("import fastmath; print(fastmath.area(1.0))").stdout == "3.141592653589793\n"
    run(sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check", cwd=folder, env={**os.environ, **BACKEND})
    assert sorted(path.name for path in (folder / "dist").iterdir()) == ["fast_math-0.1.0-py3-none-any.whl", "fast_math-0.1.0.tar.gz"]
    # One platform only, and a word that does not exist.
    environment.pip("wheel", "--no-build-isolation", "--no-deps", "-C", "platform=linux-64", "--wheel-dir", tmp_path / "one", folder, env=BACKEND)
    assert (tmp_path / "one/fast_math-0.1.0-py3-none-any.whl").stat().st_size < (tmp_path / "w/fast_math-0.1.0-py3-none-any.whl").stat().st_size
    failed = environment.pip("wheel", "--no-build-isolation", "--no-deps", "-C", "plattform=x", "--wheel-dir", tmp_path / "no", folder, env=BACKEND, check=False)
    assert failed.returncode != 0 and "there is no setting `plattform`" in failed.stdout + failed.stderr
    (folder / "csrc/kernels.c").write_text("int f( {")
    failed = environment.pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path / "no", folder, env=BACKEND, check=False)
    assert failed.returncode != 0 and "does not compile" in failed.stdout + failed.stderr


def test_an_editable_installation_says_when_it_is_stale(tmp_path):
    folder = project(tmp_path / "p")
    environment = Environment(tmp_path / "env", runtime())
    environment.pip("install", "--no-build-isolation", "--no-index", "-e", folder, env=BACKEND)
    first = environment.python("import fastmath; print(fastmath.area(1.0), fastmath.__file__)")
    assert first.stdout.split() == ["3.141592653589793", str(folder / "src/fastmath/__init__.py")] and not first.stderr
    text = (folder / "csrc/pi.h").read_text()
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000,) * 2)
    (folder / "csrc/pi.h").write_text(text.replace("3.14", "3.15"))
    stale = environment.python("import fastmath; print(fastmath.area(1.0))")
    assert stale.stdout == "3.141592653589793\n"
    assert "RuntimeWarning: `pi.h` was changed after" in stale.stderr and "pip install -e ." in stale.stderr
    environment.pip("install", "--no-build-isolation", "--no-index", "-e", folder, env=BACKEND)
    assert environment.python("import fastmath; print(fastmath.area(1.0))").stdout == "3.151592653589793\n"
    # What lies in the project now is no part of a wheel.
    path = wheel(folder)
    with zipfile.ZipFile(path) as archive:
        assert "sources=" not in archive.read("fastmath/_kernels.py").decode()
    pixie("sdist", cwd=folder)
    with tarfile.open(folder / "dist/fast_math-0.1.0.tar.gz") as archive:
        assert not any("_kernels" in name for name in archive.getnames())
    environment.pip("uninstall", "--yes", "fast-math")
    assert (folder / "src/fastmath/_kernels.pixie").exists()


def test_several_modules_nested_packages_and_data(tmp_path):
    tool = """
[tool.pixie]
opt = 2
platforms = ["linux-64", "win-64"]
levels = {linux-64 = ["x86-64", "x86-64-v3"]}
version-from = "src/fastmath/__init__.py"
exclude = ["src/fastmath/private.txt"]

[[tool.pixie.modules]]
module = "fastmath._kernels"
sources = ["csrc/kernels.c"]
export-files = ["csrc/kernels.sig"]

[[tool.pixie.modules]]
module = "fastmath.deep.inside._more"
sources = ["src/fastmath/deep/inside/more.c"]
ufuncs = ["twice(x: f64) -> f64", "plus(x: f64, y: f64) -> f64"]
exports = ["root(x: f64, y: out f64) -> status"]
identities = {plus = "zero"}
statuses = {root = {3 = 'it is "negative"', -1 = "no"}}
export-metadata = {root = "of roots"}
doc = "More of it."
defines = {FACTOR = 2}
"""
    pyproject = PYPROJECT.split("[tool.pixie]")[0].replace('version = "0.1.0"', 'dynamic = ["version"]') + tool
    more = {
        "csrc/kernels.sig": "# The inner product.\ndot(a: f64[n], b: f64[n], n: usize) -> f64\narea(radius: f64) -> f64\n",
        "src/fastmath/__init__.py": '__version__: str = "1.2.post1"  # one place\nfrom ._kernels import area, dot\n',
        "src/fastmath/deep/__init__.py": "",
        "src/fastmath/deep/inside/__init__.py": "from ._more import plus, twice\n",
        "src/fastmath/deep/inside/more.c": "double twice(double x) { return FACTOR * x; }\ndouble plus(double x, double y) { return x + y; }\nint root(double x, double *y) { *y = x; return x < 0 ? 3 : 0; }\n",
        "src/fastmath/data/table.txt": "1 2 3\n",
        "src/fastmath/private.txt": "no\n",
        "src/fastmath/_kernels.pyi": "def dot(a: object, b: object) -> float: ...\n",
    }
    path = wheel(project(tmp_path / "p", pyproject, **more))
    assert path.name == "fast_math-1.2.post1-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        assert archive.read("fastmath/_kernels.pyi").decode() == more["src/fastmath/_kernels.pyi"]
        archive.extract("fastmath/_kernels.pixie", tmp_path)
    assert "fastmath/data/table.txt" in names and "fastmath/deep/inside/_more.pixie" in names
    assert not names & {"fastmath/private.txt", "fastmath/deep/inside/more.c"}
    shown = pixie("inspect", tmp_path / "fastmath/_kernels.pixie").stdout
    assert "x86-64-v3" in shown and "x86-64-v4" in shown and "osx-arm64" not in shown
    environment = Environment(tmp_path / "env", runtime(), path)
    program = "import fastmath; help(fastmath.dot)\nprint(open(fastmath.__path__[0] + '/data/table.txt').read())"
    shown = environment.python(program).stdout
    assert "The inner product." in shown and "1 2 3" in shown
    program = '''
import fastmath, pixie
_more = pixie.load(fastmath.__path__[0] + "/deep/inside/_more.pixie")
print(_more.__doc__, _more.__PIXIE__["symbols"]["root"].popitem()[1]["metadata"], _more.root(4.0), sep="|")
try:
    _more.root(-4.0)
except RuntimeError as error:
    print(error)
'''
    shown = environment.python(program).stdout
    assert shown.splitlines() == ["More of it.|of roots|4.0", 'root() failed: it is "negative" (status 3)']


def test_thinned_where_it_is_installed(tmp_path):
    path = wheel(project(tmp_path / "p"))
    environment = Environment(tmp_path / "env", runtime())
    before = environment.files()
    environment.pip("install", "--no-index", path)
    (module,) = environment.folder.glob("lib/python3*/site-packages/fastmath/_kernels.pixie")
    size = module.stat().st_size
    done = pixie("thin", "--installed", "Fast_Math", "--python", environment.interpreter)
    assert f"of {size} bytes" in done.stdout and module.stat().st_size < size / 2
    check_installed_record("fast_math", environment.folder)
    assert environment.python("import fastmath; print(fastmath.area(1.0))").stdout == "3.141592653589793\n"
    again = pixie("thin", "--installed", "fast-math", "--python", environment.interpreter)
    assert f"{module.stat().st_size} of {module.stat().st_size} bytes" in again.stdout
    message = refused("thin", "--installed", "fast-math", "--python", environment.interpreter, "--platform", "win-64")
    assert "has no code for win-64" in message
    message = refused("thin", "--installed", "fastmat", "--python", environment.interpreter)
    assert "no distribution `fastmat` is installed" in message
    environment.pip("uninstall", "--yes", "fast-math")
    assert not {path for path in environment.files() - before if "__pycache__" not in path.parts}


def test_a_wheel_that_brings_the_runtime(tmp_path):
    folder = project(tmp_path / "p")
    pixie("wheel", "--standalone", "--runtimes", runtime().parent, "--platform", "linux-64", cwd=folder)
    (path,) = (folder / "dist").glob("*.whl")
    assert re.fullmatch(r"fast_math-0\.1\.0-cp311-abi3-manylinux\S*x86_64\.whl", path.name)
    check_record(path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        metadata = BytesParser().parsebytes(archive.read("fast_math-0.1.0.dist-info/METADATA"))
        assert b"Root-Is-Purelib: false" in archive.read("fast_math-0.1.0.dist-info/WHEEL")
        archive.extract("fastmath/_kernels.pixie", tmp_path)
    assert not any(name.startswith("pixie/") for name in names)
    assert any(name.startswith("fast_math-0.1.0.dist-info/licenses/pixie-runtime/") for name in names)
    assert all("pixie" not in requirement for requirement in metadata.get_all("Requires-Dist"))
    assert (tmp_path / "fastmath/_kernels.pixie").stat().st_size < 20000

    other = project(tmp_path / "q", PYPROJECT.replace("fast-math", "other").replace("fastmath", "other"))
    (other / "src/fastmath").rename(other / "src/other")
    pixie("wheel", "--standalone", "--runtimes", runtime().parent, "--platform", "linux-64", cwd=other)
    (second,) = (other / "dist").glob("*.whl")
    environment = Environment(tmp_path / "env", path, second)
    program = (
        "import sys, pickle, array\n"
        "import fastmath, other\n"
        "assert 'pixie' not in sys.modules and not any('pixie' in str(hook) for hook in sys.path_hooks)\n"
        "for package in (fastmath, other):\n"
        "    assert package.dot(array.array('d', [1, 2]), array.array('d', [3, 4])) == 11\n"
        "    assert pickle.loads(pickle.dumps(package.area))(1.0) == 3.141592653589793\n"
        "    assert package._kernels.__pixie__.platforms\n"
        "print(fastmath._kernels.__PIXIE__['is_specialized'], type(fastmath.area).__module__)\n"
    )
    assert environment.python(program).stdout.split()[0] == "False"


def test_a_frozen_program_takes_its_modules_along(tmp_path):
    environment = Environment(tmp_path / "env", runtime(), wheel(project(tmp_path / "p")))
    environment.pip("install", "--quiet", "pyinstaller==6.22.3")
    (tmp_path / "app.py").write_text(
        "import pickle, fastmath, pixie\n"
        "print(fastmath.area(1.0), len(pickle.dumps(pixie.portable(fastmath.area))) > 1000, len(fastmath._kernels.__PIXIE__) > 3)\n"
    )
    run(environment.folder / "bin/pyinstaller", "--log-level", "ERROR", "app.py", cwd=tmp_path)
    assert run(tmp_path / "dist/app/app", env={}, cwd="/").stdout.split() == ["3.141592653589793", "True", "True"]


# What is changed in the project, and what the message says.
FAULTS = {
    "no table": (("[tool.pixie]", "[tool.other]"), "`pyproject.toml`: tool.pixie: the table is missing, for example"),
    "no module": (('module = "fastmath._kernels"\n', ""), "the key `module` is missing"),
    "no sources": (('sources = ["csrc/kernels.c"]\n', ""), "the key `sources` is missing"),
    "unknown key": (("exports =", "exprots ="), "tool.pixie.exprots: there is no such key\nhint: did you mean `exports`?"),
    "unknown in project": (("keywords", "keyword"), "project.keyword: there is no such key\nhint: did you mean `keywords`?"),
    "wrong type": (('["csrc/kernels.c"]', '"csrc/kernels.c"'), "tool.pixie.sources: expected a list of strings, found the string"),
    "outside": (("csrc/kernels.c", "../kernels.c"), "`../kernels.c` is outside the project"),
    "absolute": (("csrc/kernels.c", "/etc/passwd"), "`/etc/passwd` is outside the project"),
    "nowhere": (("csrc/kernels.c", "csrc/kernel.c"), "`csrc/kernel.c`: there is no such file"),
    "no runtime": (('["pixie-runtime"]', '["numpy"]'), 'hint: write dependencies = ["numpy", "pixie-runtime>=0.1.0"]'),
    "no version": (('version = "0.1.0"\n', ""), "project: the key `version` is missing"),
    "bad version": (('"0.1.0"', '"one"'), "project.version: `one` is not a version"),
    "bad requirement": (('["pixie-runtime"]', '["pixie-runtime", "numpy=2"]'), "`numpy=2` is not a requirement"),
    "no readme": (('"README.md"', '"READ.md"'), "project.readme: `READ.md` cannot be read: no such file"),
    "bad signature": (('"area"', '"area(r: f65) -> f64"'), "the module `fastmath._kernels`: signature `area(r: f65) -> f64`, column 9"),
    "bad platform": (("module =", 'platforms = ["linux-65"]\nmodule ='), "platforms: unknown platform `linux-65`"),
    "bad level": (("module =", 'levels = {linux-64 = ["v9"]}\nmodule ='), "levels: unknown ISA level `v9`"),
    "bad status": (("module =", 'statuses = {area = {0 = "fine"}}\nmodule ='), "statuses: area: expected a code of 32 bits other than 0 with a text, found `0 = \"fine\"`"),
    "no status": (("module =", 'statuses = {area = "negative"}\nmodule ='), "tool.pixie.statuses: expected a table of tables of strings"),
    "bad toml": (('name = "fast-math"', "name = fast"), "`pyproject.toml` is not valid TOML"),
    "bad name": (("fastmath._kernels", "fastmath.my-kernels"), "`fastmath.my-kernels` is not a name that Python can import"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_project_is_said(tmp_path, fault):
    (old, new), expected = FAULTS[fault]
    assert old in PYPROJECT
    folder = project(tmp_path / "p", PYPROJECT.replace(old, new))
    for word in ("wheel", "sdist"):
        if word == "sdist" and fault in ("bad signature", "bad platform", "bad level", "bad status"):
            continue
        message = refused(word, cwd=folder)
        assert expected in message, message
        assert not list((folder / "dist").iterdir())


def test_files_in_the_way_are_named(tmp_path):
    folder = project(tmp_path / "p", **{"src/fastmath/_kernels.py": "x = 1\n"})
    for words in (["wheel"], ["wheel", "--editable"]):
        message = refused(*words, cwd=folder)
        assert "fastmath/_kernels.py`: it is in the place of the fat module" in message and "fastmath._native" in message
    assert (folder / "src/fastmath/_kernels.py").read_text() == "x = 1\n"
    (folder / "src/fastmath/_kernels.py").unlink()
    (folder / "csrc/kernels.c").unlink()
    (folder / "csrc/kernels.c").symlink_to("/etc/passwd")
    assert "is outside the project" in refused("wheel", cwd=folder)
    message = refused("wheel", "--standalone", "--runtimes", tmp_path, cwd=project(tmp_path / "q"))
    assert "holds no wheel of pixie-runtime 0.1.0\nhint: pip download" in message


def test_an_import_without_its_runtime_says_what_to_install(tmp_path):
    path = wheel(project(tmp_path / "p"))
    environment = Environment(tmp_path / "env")
    environment.pip("install", "--no-index", "--no-deps", path)
    failed = environment.python("import fastmath", check=False)
    assert "fast-math needs pixie-runtime>=0.1.0: No module named 'pixie'" in failed.stderr
    assert "hint: pip install 'pixie-runtime>=0.1.0'" in failed.stderr
    # Another distribution of the name, as the first PIXIE, or an older one.
    (packages,) = environment.folder.glob("lib/python3*/site-packages")
    (packages / "pixie.py").write_text("__version__ = '0.0.1'\n")
    failed = environment.python("import fastmath", check=False)
    assert f"needs pixie-runtime>=0.1.0: {packages}/pixie.py is an older one, or another package (version 0.0.1)" in failed.stderr


def test_damage_on_the_way_is_named(tmp_path):
    path = wheel(project(tmp_path / "p"))
    damaged = tmp_path / path.name
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(damaged, "w") as out:
        for name in archive.namelist():
            content = bytearray(archive.read(name))
            if name.endswith(".pixie"):
                content[len(content) // 16] ^= 1
            out.writestr(name, bytes(content))
    environment = Environment(tmp_path / "env", runtime())
    environment.pip("install", "--no-index", damaged)
    failed = environment.python("import fastmath", check=False)
    assert "ImportError" in failed.stderr and "fastmath/_kernels.pixie" in failed.stderr and "hash" in failed.stderr


def test_a_platform_that_is_not_there_is_listed(tmp_path):
    path = wheel(project(tmp_path / "p"), "--platform", "win-64", "--platform", "osx-arm64")
    environment = Environment(tmp_path / "env", runtime(), path)
    failed = environment.python("import fastmath", env={"PIXIE_JIT": "off"}, check=False)
    assert "_kernels.pixie` holds no objects for linux-64, only for osx-arm64, win-64" in failed.stderr
