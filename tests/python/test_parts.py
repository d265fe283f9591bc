"""Reproducible bytes, thin and merge, and bitcode from before vectorisation."""

import json
import shutil
import subprocess

from conftest import PLATFORMS, ROOT, pixie, refused, run


def test_two_builds_from_different_folders_are_identical(kernels, tmp_path):
    for name in ("one", "a folder/two"):
        folder = tmp_path / name
        shutil.copytree(ROOT / "tests/kernels", folder)
        pixie("build", "kernels.c", "--exports", "kernels.sig", "-o", "kernels.pixie", cwd=folder)
        assert (folder / "kernels.pixie").read_bytes() == kernels.read_bytes()


def test_jobs_do_not_change_the_bytes(kernels, tmp_path):
    folder = ROOT / "tests/kernels"
    output = tmp_path / "kernels.pixie"
    pixie("build", folder / "kernels.c", "--exports", folder / "kernels.sig", "-o", output, "--jobs", "1")
    assert output.read_bytes() == kernels.read_bytes()


def test_thin_to_each_platform_and_merge_gives_the_original(kernels, tmp_path):
    parts = []
    identities = {json.loads(pixie("inspect", kernels, "--json").stdout)["build_id"]}
    for platform in PLATFORMS:
        part = tmp_path / f"{platform}.pixie"
        pixie("thin", kernels, "--platform", platform, "-o", part)
        assert part.stat().st_size < kernels.stat().st_size / 2
        pixie("verify", part)
        identities.add(json.loads(pixie("inspect", part, "--json").stdout)["build_id"])
        parts.append(part)
    assert len(identities) == 1
    merged = tmp_path / "merged.pixie"
    pixie("merge", *reversed(parts), "-o", merged)
    assert merged.read_bytes() == kernels.read_bytes()


def test_a_thinned_module_runs_where_its_platform_is_and_says_so_elsewhere(kernels, tmp_path):
    here, there = tmp_path / "here.pixie", tmp_path / "there.pixie"
    pixie("thin", kernels, "--platform", "linux-64", "-o", here)
    pixie("thin", kernels, "--platform", "win-64", "-o", there)
    assert pixie("run", here, "dot", "1,2", "3,4").stdout == "11\n"
    message = refused("run", there, "dot", "1,2", "3,4")
    assert "linux-64" in message and "thin" in message


def test_merge_refuses_strangers(kernels, build, tmp_path):
    other = build("int f(int x) { return x; }", "--export", "f(x: i32) -> i32")
    message = refused("merge", kernels, other, "-o", tmp_path / "out.pixie")
    assert str(kernels) in message and str(other) in message
    assert not (tmp_path / "out.pixie").exists()


def test_stored_bitcode_has_no_vector_types(kernels, tmp_path):
    inspected = json.loads(pixie("inspect", kernels, "--json").stdout)
    assert len(inspected["bitcode"]) == 4
    for platform in PLATFORMS:
        path = tmp_path / f"{platform}.bc"
        pixie("extract", kernels, "--platform", platform, "--bitcode", "-o", path)
        text = run("llvm-dis-22", path, "-o", "-").stdout
        body = [line for line in text.splitlines() if not line.startswith(("attributes", "!", ";"))]
        assert not [line for line in body if " x double>" in line or " x float>" in line or " x i" in line and "<" in line and ">" in line]


def test_no_absolute_path_is_in_a_module(kernels):
    data = kernels.read_bytes()
    assert str(ROOT).encode() not in data and str(kernels.parent).encode() not in data


def test_objects_are_vectorised_after_all(kernels, tmp_path):
    """So that the test above means something."""
    asm = pixie("inspect", kernels, "--asm", "--platform", "linux-64", "--isa", "x86-64-v3").stdout
    assert "%ymm" in asm
    wide = pixie("inspect", kernels, "--asm", "--platform", "linux-64", "--isa", "x86-64-v4").stdout
    assert "%zmm" in wide


def test_a_killed_build_leaves_nothing(tmp_path):
    folder = ROOT / "tests/kernels"
    output = tmp_path / "kernels.pixie"
    words = ["build", folder / "kernels.c", "--exports", folder / "kernels.sig", "-o", output]
    process = subprocess.Popen([ROOT / "target/release/pixie", *words], stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        assert list(tmp_path.iterdir()) == []
