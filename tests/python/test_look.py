"""Looking at code from Python: `inspect_llvm`, `inspect_asm`, `inspect_disasm`, `inspect_cfg`, and what a notebook shows."""

import re
import shutil
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from conftest import PIXIE, PLATFORMS, pixie, python

import pixie as runtime


@pytest.fixture(autouse=True)
def command(monkeypatch):
    monkeypatch.setenv("PIXIE_COMMAND", PIXIE)


@pytest.fixture(scope="module")
def loaded(kernels):
    return runtime.load(kernels, isa="x86-64-v2")


@pytest.mark.parametrize("form", ["llvm", "asm", "disasm", "cfg"])
def test_each_form_is_what_the_command_prints(kernels, loaded, form):
    def printed(*words):
        return pixie("inspect", kernels, f"--{form}", *words).stdout

    info, about = runtime.info(loaded.dot), loaded.__pixie__
    method = getattr(info, f"inspect_{form}")
    own = ["--platform", "linux-64", "--isa", "x86-64-v2"]
    assert str(method()) == printed(*own, "--function", "dot")
    assert str(getattr(about, f"inspect_{form}")()) == printed(*own)
    assert str(method(isa="x86-64")) == str(method("linux-64", "x86-64")) == printed("--isa", "x86-64", "--function", "dot")
    for platform in ("win-64", "osx-arm64"):
        lowest = PLATFORMS[platform][0]
        assert str(method(platform)) == printed("--platform", platform, "--isa", lowest, "--function", "dot")


def test_what_cannot_be_shown_says_why(kernels, loaded, tmp_path, monkeypatch):
    method = runtime.info(loaded.dot).inspect_asm
    with pytest.raises(ValueError, match="platform.*`amiga`|`amiga`|'amiga'"):
        method("amiga")
    with pytest.raises(RuntimeError, match=r"`x87`.*\nhint: expected one of `x86-64`, "):
        method(isa="x87")
    path = tmp_path / "kernels.pixie"
    shutil.copy(kernels, path)
    module = runtime.load(path)
    pixie("build", "-q", Path(__file__).parents[1] / "kernels/functions.c", "--export", "positive(x: f64) -> f64", "-o", path)
    with pytest.raises(RuntimeError, match=f"{module.__pixie__.build_id}, found .*\nhint: the file was replaced"):
        runtime.info(module.dot).inspect_llvm()
    path.unlink()
    with pytest.raises(RuntimeError, match=str(path)):
        module.__pixie__.inspect_cfg()
    monkeypatch.setenv("PIXIE_COMMAND", "/nowhere/pixie")
    with pytest.raises(FileNotFoundError, match="PIXIE_COMMAND names `/nowhere/pixie`"):
        method()
    monkeypatch.delenv("PIXIE_COMMAND")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(FileNotFoundError, match="not found\nhint: pip install pixie-toolchain"):
        method()
    (tmp_path / "pixie").symlink_to(PIXIE)
    assert "dot:" in method()


def test_a_module_without_a_file_is_told_apart():
    from pixie import _inspect

    class Module:
        path, name = None, "m"

    with pytest.raises(RuntimeError, match="loaded from memory"):
        _inspect.code(Module(), "asm", None, None, None)


def test_a_graph_is_a_picture_where_graphviz_is(loaded, tmp_path, monkeypatch):
    graph = runtime.info(loaded.dot).inspect_cfg()
    blocks = re.findall(r'^    "f0b\d+" \[', graph.dot, re.M)
    assert len(blocks) > 3 and repr(graph) == f"<pixie flow graph of `dot`: {len(blocks)} blocks>"
    bundle = graph._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"} and bundle["image/svg+xml"].startswith("<svg")
    for suffix, magic in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("dot", b"digraph {"), ("gv", b"digraph {")):
        graph.save(tmp_path / f"graph.{suffix}")
        assert (tmp_path / f"graph.{suffix}").read_bytes().startswith(magic)
    with pytest.raises(RuntimeError, match="`dot` cannot draw the graph: .*abc"):
        graph.save(tmp_path / "graph.abc")
    with pytest.raises(ValueError, match="suffix"):
        graph.save(tmp_path / "graph")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert graph._repr_svg_() is None
    text = graph._repr_mimebundle_()["text/plain"]
    assert "install Graphviz" in text and graph.dot in text
    graph.save(tmp_path / "again.dot")
    with pytest.raises(FileNotFoundError, match="hint: install Graphviz"):
        graph.save(tmp_path / "again.svg")


def test_the_table_of_variants(loaded):
    table = xml.fromstring(loaded.__pixie__._repr_html_())
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert rows[0] == ["platform", "level", "features", "chosen", "reason"]
    assert [(row[0], row[1]) for row in rows[1:]] == [(platform, isa) for platform in PLATFORMS for isa in PLATFORMS[platform]]
    chosen = [row for row in rows[1:] if row[3]]
    assert [row[:2] for row in chosen] == [["linux-64", "x86-64-v2"]] and chosen[0][4].startswith("chosen by the caller")
    assert all(row[4] for row in rows) and {row[4] for row in rows[5:]} == {"for another platform"}
    variants = {variant["isa"]: variant["reason"] for variant in loaded.__pixie__.variants}
    assert {row[1]: row[4] for row in rows[1:5]} == variants
    assert "avx2" in dict((row[1], row[2].split()) for row in rows)["x86-64-v3"]


def test_import_does_not_pay_for_it(kernels):
    program = "import sys, pixie; m = pixie.load(sys.argv[1]); m.dot; print(*(n for n in ('pixie._inspect', 'subprocess', 'html') if n in sys.modules))"
    assert python(program, kernels).stdout == "\n"


CELLS = [
    "import sys; sys.path.insert(0, '.')\nimport pixie, kernels\nhelp(kernels.dot)",
    "import inspect\nprint(inspect.signature(kernels.dot))",
    "kernels.__pixie__",
    "pixie.info(kernels.dot).inspect_cfg(isa='x86-64')",
    "from IPython.core.completer import provisionalcompleter\n"
    "with provisionalcompleter():\n"
    "    for text in ('kernels.d', 'pixie.info(kernels.dot).inspect_l'):\n"
    "        print(*sorted(c.text for c in get_ipython().Completer.completions(text, len(text))))\n"
    "get_ipython().Completer.use_jedi = False\n"
    "print(*get_ipython().complete('kernels.d')[1])",
    "from kernels import *\nprint(dot is kernels.dot, 'blend' in globals())",
]


def test_a_notebook_shows_help_the_graph_and_the_table(kernels, tmp_path, monkeypatch):
    import nbclient
    import nbformat

    shutil.copy(kernels, tmp_path / "kernels.pixie")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    # No kernel need be installed for this: ipykernel's own one is run by this interpreter.
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [cell.outputs[0] for cell in notebook.cells]
    # A stream comes in as many pieces as it was flushed in.
    printed = ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]
    text = printed[0]
    assert "dot(a, b)" in text and "The inner product of two vectors." in text and "dot(a: f64[n], b: f64[n], n: usize) -> f64" in text
    assert printed[1] == "(a, b)\n"
    table = outputs[2]["data"]
    assert table["text/plain"].startswith("<fat module 'kernels' on linux-64 at ")
    assert table["text/html"].startswith("<table>") and table["text/html"].count("<tr>") == 15
    picture = xml.fromstring(outputs[3]["data"]["image/svg+xml"])
    words = ["".join(node.itertext()) for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "dot" in words and {"T", "F"} <= {word.strip() for word in words} and any("fmul" in word for word in words)
    fonts = {node.get("font-family") for node in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert all("monospace" in font for font in fonts)
    by_jedi, of_info, by_dir = printed[4].splitlines()
    assert by_jedi.split() == ["distances", "dot"] and of_info == "inspect_llvm"
    assert [name.rpartition(".")[2] for name in by_dir.split()] == ["distances", "dot"]
    assert printed[5] == "True True\n"
