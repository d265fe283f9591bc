"""The extracted objects are what they say: by `file`, by llvm-readobj, and by each platform's own linker."""

import json

import pytest
from conftest import PLATFORMS, pixie, run

KIND = {
    "linux-64": ("ELF 64-bit LSB relocatable, x86-64", "elf64-x86-64", "x86_64"),
    "linux-aarch64": ("ELF 64-bit LSB relocatable, ARM aarch64", "elf64-littleaarch64", "aarch64"),
    "osx-arm64": ("Mach-O 64-bit arm64 object", "Mach-O arm64", "aarch64"),
    "win-64": ("Intel amd64 COFF object file", "COFF-x86-64", "x86_64"),
}


def extract(module, platform, isa, tmp_path):
    path = tmp_path / f"{platform}-{isa}.o"
    pixie("extract", module, "--platform", platform, "--isa", isa, "--object", "-o", path)
    return path


@pytest.mark.parametrize("platform", PLATFORMS)
def test_file_and_readobj_agree_on_the_format(kernels, platform, tmp_path):
    described, format_name, arch = KIND[platform]
    for isa in PLATFORMS[platform]:
        path = extract(kernels, platform, isa, tmp_path)
        assert described in run("file", "-b", path).stdout
        header = run("llvm-readobj-22", "--file-headers", path).stdout
        assert f"Format: {format_name}" in header and f"Arch: {arch}" in header


def variants(module, platform):
    inspected = json.loads(pixie("inspect", module, "--json").stdout)
    return inspected["platforms"][platform]["variants"]


def stub(platform, imports, tmp_path):
    """An object that defines just the listed imports."""
    source = tmp_path / f"stub-{platform}.ll"
    triple = {
        "linux-64": "x86_64-unknown-linux-gnu",
        "linux-aarch64": "aarch64-unknown-linux-gnu",
        "osx-arm64": "arm64-apple-macosx11.0.0",
        "win-64": "x86_64-pc-windows-msvc",
    }[platform]
    body = "".join(f'define void @"{name}"() {{ ret void }}\n' for name in imports)
    source.write_text(f'target triple = "{triple}"\n{body}')
    output = source.with_suffix(".o")
    run("llc-22", "-filetype=obj", "-relocation-model=pic", source, "-o", output)
    return output


@pytest.mark.parametrize("platform", PLATFORMS)
def test_links_against_its_listed_imports_and_nothing_else(kernels, platform, tmp_path):
    for variant in variants(kernels, platform):
        path = extract(kernels, platform, variant["isa"], tmp_path)
        inputs = [path, stub(platform, variant["imports"], tmp_path)]
        output = tmp_path / "linked"
        match platform:
            case "linux-64" | "linux-aarch64":
                run("ld.lld-22", "-shared", "--no-undefined", *inputs, "-o", output)
            case "osx-arm64":
                run("ld64.lld-22", "-arch", "arm64", "-platform_version", "macos", "11.0", "11.0", "-dylib", *inputs, "-o", output)
            case "win-64":
                run("lld-link-22", "/dll", "/noentry", "/nodefaultlib", *inputs, f"/out:{output}")
        assert output.stat().st_size > 0


def test_without_its_imports_it_does_not_link(build, tmp_path):
    """So that the test above can fail."""
    module = build("#include <math.h>\ndouble f(double x) { return sin(x); }", "--platform", "linux-64")
    path = extract(module, "linux-64", "x86-64", tmp_path)
    result = run("ld.lld-22", "-shared", "--no-undefined", path, "-o", tmp_path / "linked", check=False)
    assert "undefined symbol: sin" in result.stderr
