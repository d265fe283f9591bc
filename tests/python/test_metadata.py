"""What `pixie build` keeps for tools: metadata of the module and of exports, and the front end alone."""

from conftest import pixie, python, refused

SOURCE = "double half(double x) { return x / 2; }\ndouble third(double x) { return x / 3; }\n"


def test_metadata_is_kept_and_counts_for_the_identity(build):
    told = ["--metadata", "of the module", "--export-metadata", "half=a=b"]
    path = build(SOURCE, "--platform", "linux-64", *told)
    program = """
import sys, pixie
module = pixie.load(sys.argv[1])
symbols = module.__PIXIE__["symbols"]
print(*[(name, entry["metadata"]) for name in symbols for entry in symbols[name].values()], module.__pixie__.build_id)
"""
    said = python(program, path).stdout
    assert said.startswith("('half', 'a=b') ('third', None) ")
    plain = build(SOURCE, "--platform", "linux-64", name="plain")
    assert said.split()[-1] != python(program, plain).stdout.split()[-1]
    # Thinned and merged, it stays.
    thin = path.with_name("thin.pixie")
    pixie("thin", path, "--platform", "linux-64", "-o", thin)
    assert python(program, thin).stdout == said


def test_the_docstring_of_a_module(build):
    first = build(SOURCE, "--platform", "linux-64", "--doc", "Halves.\n\nAnd thirds.\n")
    second = build("double one(void) { return 1; }", "--platform", "linux-64", name="second")
    third = build("double two(void) { return 2; }", "--platform", "linux-64", "--doc", "Two.", name="third")
    program = "import sys, pixie; print(repr(pixie.load(sys.argv[1]).__doc__))"
    assert python(program, first).stdout == "'Halves.\\n\\nAnd thirds.\\n'\n"
    assert pixie("inspect", first, "--pyi").stdout.startswith('"""Halves.')
    linked = first.with_name("linked.pixie")
    for words, doc in [([], "'Halves.\\n\\nAnd thirds.\\n\\nTwo.'"), (["--doc", "All."], "'All.'")]:
        pixie("link", first, second, third, "-o", linked, *words)
        assert python(program, linked).stdout == f"{doc}\n"
    pixie("link", second, build("double f(void) { return 1; }", "--platform", "linux-64", name="f"), "-o", linked)
    assert python(program, linked).stdout == "None\n"


def test_metadata_of_no_export_is_refused(tmp_path):
    source = tmp_path / "half.c"
    source.write_text(SOURCE)
    message = refused("build", source, "--export-metadata", "quarter=text", "-o", tmp_path / "out.pixie")
    assert "found `quarter`" in message and "`half`, `third`" in message
    assert "expected NAME=TEXT" in refused("build", source, "--export-metadata", "half", code=2)


def test_bitcode_of_the_front_end_is_a_source(tmp_path):
    source, bitcode, path = tmp_path / "half.c", tmp_path / "half.bc", tmp_path / "half.pixie"
    source.write_text(SOURCE)
    pixie("bitcode", source, "-o", bitcode, "--cflag=-DUNUSED=1")
    pixie("build", bitcode, "--platform", "linux-64", "-o", path)
    # Signatures are still derived from its debug information.
    assert pixie("run", path, "half", "3").stdout.split() == ["1.5"]
    assert "`pixie build` as it is" in refused("bitcode", bitcode, "-o", tmp_path / "again.bc")
    assert "half.c" in refused("bitcode", source, "-o", source) and source.read_text() == SOURCE
    source.write_text("double half(double x) { return y; }\n")
    assert "undeclared identifier 'y'" in refused("bitcode", source, "-o", bitcode)
