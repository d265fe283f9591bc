"""Functions and modules travel: by name, from their file, with their file; to a process that has the same, another, or no file."""

import copy
import importlib
import pickle
import shutil
import sys
import threading
import types
from pathlib import Path

import cloudpickle
import pytest
from conftest import build, message

import pixie

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
LOADS = "import sys, pickle; things = pickle.loads(open(sys.argv[1], 'rb').read()); "


@pytest.fixture
def send(run, tmp_path):
    """Pickles objects into a file, and runs a program on what a fresh interpreter makes of it, as `things`."""

    def send(things, program, *arguments, dumps=pickle.dumps, **options):
        path = tmp_path / "pickle"
        path.write_bytes(dumps(things))
        return run(LOADS + program, path, *arguments, cwd=tmp_path, **options)

    return send


@pytest.fixture
def alone(files, tmp_path):
    """A copy of the module `scalars` that a test can move away: `apart/alone.pixie`, loaded."""
    path = tmp_path / "apart/alone.pixie"
    path.parent.mkdir()
    shutil.copy(files["scalars"], path)
    return pixie.load(path)


@pytest.fixture
def build_apart(tmp_path):
    source = tmp_path / "apart.c"
    source.write_text("double half(double x) { return x / 2; }\n")
    return build(source, tmp_path / "apart.pixie", ["half(x: f64) -> f64"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_in_the_same_process_a_function_stays_itself(scalars, alone, protocol):
    portable = pixie.portable(scalars)
    for function in (scalars.add, scalars.twice, portable.add, portable.twice, pixie.load(alone.__file__).nothing):
        again = pickle.loads(pickle.dumps(function, protocol))
        assert again.__name__ == function.__name__ and pixie.info(again).address > 0
        assert pixie.info(again).overloads == pixie.info(function).overloads
    assert pickle.loads(pickle.dumps(scalars.add, protocol)) is scalars.add
    assert pickle.loads(pickle.dumps(portable.add, protocol)) is portable.add
    assert pickle.loads(pickle.dumps(scalars.__pixie__, protocol)) is scalars.__pixie__
    assert pickle.loads(pickle.dumps(portable, protocol)) is portable


def test_a_loaded_module_is_found_again_by_its_build_id(build_apart):
    module = pixie.load(build_apart)
    data = pickle.dumps([module.half, module.__pixie__])
    half, about = pickle.loads(data)
    assert half is module.half and about is module.__pixie__
    build_apart.rename(build_apart.with_suffix(".gone"))
    assert pickle.loads(data)[0] is module.half
    build_apart.with_suffix(".gone").rename(build_apart)
    del module, half, about
    first = pickle.loads(data)[0]
    address = pixie.info(first).address
    del first
    # What a pickle loaded is kept, so that the next one maps nothing.
    assert all(pixie.info(pickle.loads(data)[0]).address == address for _ in range(3))


def test_copies_are_the_same(scalars):
    info, about = pixie.info(scalars.add), scalars.__pixie__
    for thing in (scalars.add, info, about, pixie.portable(scalars.add)):
        assert copy.copy(thing) is thing and copy.deepcopy([thing])[0] is thing
    loader = copy.deepcopy(scalars.__loader__)
    assert type(loader) is pixie.Loader and (loader.name, loader.path) == ("scalars", scalars.__file__)


def test_by_name_and_from_the_file_in_another_process(scalars, alone, files, run, tmp_path):
    data = tmp_path / "pickle"
    data.write_bytes(pickle.dumps([scalars.add, scalars.twice, alone.eight, alone.__pixie__]))
    assert data.stat().st_size < 1000
    program = "import sys; sys.path.insert(0, sys.argv[2]); " + LOADS + "add, twice, eight, about = things; print(add(1, 2), twice(3), twice(1.5), eight(*8 * [1.0]), about.name)"
    assert run(program, data, files["scalars"].parent) == "3.0 6 3.0 36.0 scalars\n"


def test_where_there_is_no_such_module_the_error_says_what_to_do(scalars, alone, send):
    done = send(scalars.add, "", check=False)
    text = done.stderr.split("ImportError: ", 1)[1]
    assert text == (
        "cannot restore `add` of the fat module `scalars` from a pickle: there is no module `scalars` here, and no module with "
        f"build id `{scalars.__pixie__.build_id}` has been loaded\nhint: put the `.pixie` file where this process finds it, or "
        "pickle `pixie.portable(scalars.add)`, which takes the file along\n"
    )
    data = pickle.dumps(alone.__pixie__)
    shutil.move(alone.__file__, alone.__file__ + ".gone")
    done = send(alone.add, "", check=False)
    assert f"there is no file `{alone.__file__}` here" in done.stderr and "hint: put the file there, or pickle" in done.stderr
    assert pickle.loads(data) is not None


def test_where_the_module_is_another_one_both_build_ids_are_named(scalars, build_apart, send, run, tmp_path):
    shutil.copy(build_apart, tmp_path / "scalars.pixie")
    other = pixie.load(build_apart).__pixie__.build_id
    done = send(scalars.add, "", check=False)
    assert (
        f"it was pickled with build id `{scalars.__pixie__.build_id}`, `{tmp_path}/scalars.pixie` has build id `{other}`\n"
        "hint: give both processes the same file, or pickle `pixie.portable(scalars.add)`, which takes the file along\n"
    ) in done.stderr
    (tmp_path / "scalars.pixie").unlink()
    (tmp_path / "scalars.py").write_text("")
    done = send(scalars.add, "", check=False)
    assert f"`{tmp_path}/scalars.py` is not a fat module\nhint: " in done.stderr
    # A module that was loaded under another name will do.
    path = tmp_path / "same.pixie"
    shutil.copy(scalars.__file__, path)
    program = "import sys, pickle, pixie; module = pixie.load(sys.argv[2]); print(pickle.load(open(sys.argv[1], 'rb')) is module.add)"
    (tmp_path / "scalars.py").unlink()
    assert run(program, tmp_path / "pickle", path, cwd=tmp_path) == "True\n"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps])
def test_with_the_file_to_a_process_that_has_none(alone, send, protocol, dumps):
    portable = pixie.portable(alone)
    things = [portable.add, portable.twice, portable.__pixie__, portable]
    program = """
import os
add, twice, about, module = things
again = pickle.loads(pickle.dumps(add))
print(add(1, 2), twice(3), twice(1.5), about.path, about.portable, module.add is add is again, about.isa)
print(os.path.exists(sys.argv[2]), 'scalars' in sys.modules, about is module.__pixie__, type(module).__name__)
"""
    content = Path(alone.__file__).read_bytes()
    # The file is in it once; protocol 2 writes bytes as text.
    assert len(content) < len(dumps(things, protocol)) < len(content) * (1.2 if protocol == 2 else 1) + 3000
    shutil.move(alone.__file__, alone.__file__ + ".gone")
    printed = send(things, program, alone.__file__, dumps=lambda things: dumps(things, protocol))
    assert printed == f"3.0 6 3.0 None True True {alone.__pixie__.isa}\nFalse False True PortableModule\n"


def test_the_file_of_a_pickle_is_loaded_once(alone, send):
    program = """
import threading
data = open(sys.argv[1], 'rb').read()
def executable(): return sum(' r-xp ' in line for line in open('/proc/self/maps'))
before, functions = executable(), []
threads = [threading.Thread(target=lambda: functions.append(pickle.loads(data))) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(functions), all(function is things for function in functions), executable() - before)
"""
    assert send(pixie.portable(alone.add), program) == "20 True 0\n"


def test_a_portable_module_shares_code_and_level(scalars, files):
    for level in pixie.host().levels:
        module = pixie.load(files["scalars"], isa=level)
        portable = pixie.portable(module)
        assert pixie.info(portable.add).address == pixie.info(module.add).address
        assert portable.__pixie__.isa == level and portable.__pixie__.portable and not module.__pixie__.portable
    portable = pixie.portable(scalars)
    assert isinstance(portable, types.ModuleType) and portable is not scalars and portable.add is not scalars.add
    assert pixie.portable(scalars) is portable is pixie.portable(portable)
    assert pixie.portable(scalars.add) is portable.add is pixie.portable(portable.add)
    assert pixie.portable(scalars.__pixie__) is portable.__pixie__
    assert portable.__name__ == "scalars" and portable.__file__ == scalars.__file__ and portable.add(1, 2) == 3.0
    for stranger in (len, "scalars", sys, None):
        assert message(TypeError, pixie.portable, stranger).startswith("expected a fat module or a function of one, found ")


def test_a_file_that_changed_or_is_gone_is_not_pickled(alone, build_apart):
    function, loaded = pixie.portable(alone.add), alone.__pixie__.build_id
    path = alone.__file__
    whole = open(path, "rb").read()
    shutil.copy(build_apart, path)
    other = pixie.load(build_apart).__pixie__.build_id
    text = message(pickle.PicklingError, pickle.dumps, function)
    assert text.startswith("cannot pickle the fat module `scalars` with its file: ")
    assert f"`{path}` has build id `{other}`, what was loaded has build id `{loaded}`\nhint: " in text
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    open(path, "wb").write(damaged)
    text = message(pickle.PicklingError, pickle.dumps, function)
    assert "cannot pickle the fat module" in text and path in text
    shutil.move(path, path + ".gone")
    with pytest.raises(FileNotFoundError):
        pickle.dumps(function)
    open(path, "wb").write(whole)
    assert whole in pickle.dumps(function)


def executable_mappings():
    return sum(" r-xp " in line for line in Path("/proc/self/maps").read_text().splitlines())


def test_damaged_or_exchanged_content_is_refused(alone, build_apart):
    name, build_id = "nowhere", pixie.load(build_apart).__pixie__.build_id
    content = open(alone.__file__, "rb").read()
    text = message(ImportError, pixie._core._restore, name, None, "0" * 64, None, content)
    assert f"build id `{'0' * 64}`, the file in the pickle has build id `{alone.__pixie__.build_id}`" in text
    before = executable_mappings()
    for _ in range(3):
        message(ImportError, pixie._core._restore, name, None, "0" * 64, None, content)
        message(ImportError, pixie._core._restore, name, str(build_apart), "0" * 64)
    assert executable_mappings() == before
    content = bytearray(build_apart.read_bytes())
    content[70] ^= 1
    text = message(ImportError, pixie._core._restore, name, None, build_id[::-1], None, bytes(content))
    assert "nowhere (from a pickle)" in text


def test_modules_travel_with_cloudpickle(scalars, build_apart, send):
    with pytest.raises(TypeError):
        pickle.dumps(scalars)
    assert cloudpickle.loads(cloudpickle.dumps(scalars)) is scalars
    # By name where it is imported, as any module, else by what is in it.
    program = "print(things.add(1, 2), things.__pixie__.portable)"
    done = send(scalars, program, dumps=cloudpickle.dumps, check=False)
    assert "ModuleNotFoundError: No module named 'scalars'" in done.stderr
    loaded = pixie.load(build_apart)
    program_half = "print(things.half(3.0), things.__pixie__.path == sys.argv[2], things.__loader__.path == sys.argv[2])"
    assert send(loaded, program_half, build_apart, dumps=cloudpickle.dumps) == "1.5 True True\n"
    assert send(pixie.portable(scalars), program, dumps=cloudpickle.dumps) == "3.0 True\n"


def test_reloaded_modules_pickle_as_before(files, monkeypatch):
    monkeypatch.syspath_prepend(str(files["scalars"].parent))
    module = importlib.import_module("arrays")
    importlib.reload(module)
    assert pickle.loads(pickle.dumps(module.dot)) is module.dot
    assert pickle.loads(pickle.dumps(pixie.portable(module.dot))) is pixie.portable(module.dot)


def test_a_hundred_threads_restore_at_once(build_apart):
    data = pickle.dumps(pixie.portable(pixie.load(build_apart).half))
    results = []
    threads = [threading.Thread(target=lambda: results.append(pickle.loads(data)(3.0))) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [1.5] * 100
