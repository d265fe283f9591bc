#!/bin/sh
# Compiles the seeds of the targets for objects into a folder for each below the one named: small objects of every platform.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
to=$1
seeds() { # target, platform, triple, what makes its C position-independent
    mkdir -p "$to/$1"
    for source in "$root"/tests/relocations/"$2"*.s; do
        clang-22 --target="$3" -c "$source" -o "$to/$1/$(basename "$source" .s).o"
    done
    for source in "$root"/pixie-ld/tests/fixtures/*.c "$root"/pixie-ld/tests/fixtures/*.cpp; do
        name=$(basename "${source%.*}")
        for level in 0 2; do
            # Fixtures that need the C library's headers are left to the platform that has them.
            # shellcheck disable=SC2086
            clang-22 --target="$3" -ffreestanding -w $4 -O$level -c "$source" -o "$to/$1/$name-O$level.o" 2>/dev/null || true
        done
    done
    # Large objects are changed slowly, and in the same ways.
    find "$to/$1" -size +6k -delete
}
seeds link_elf_x86_64 linux-64 x86_64-unknown-linux-gnu -fPIC
seeds link_elf_aarch64 linux-aarch64 aarch64-unknown-linux-gnu -fPIC
seeds link_macho osx-arm64 arm64-apple-macosx11.0.0 -fPIC
seeds link_coff win-64 x86_64-pc-windows-msvc ""
