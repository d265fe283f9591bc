//! Runs linked images as a program of their own, natively or emulated: no loader and no C library has a hand in it.

use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use pixie_format::Arch;
use pixie_ld::{Address, Image, Protection};

/// Bytes that are looked at at once; those that are zero stay a hole in the file.
const CHUNK: usize = 64 << 10;
static HOLE: [u8; CHUNK] = [0; CHUNK];

/// Writes images as one static ELF executable that begins at `entry`.
fn write(path: &Path, arch: Arch, images: &[&Image], entry: Address) {
    let segments: Vec<_> = images
        .iter()
        .flat_map(|image| image.segments.iter().map(|segment| (image.base.0, segment)))
        .collect();
    let machine: u16 = if arch == Arch::X86_64 { 62 } else { 183 };
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    header.extend(machine.to_le_bytes());
    header.extend(1u32.to_le_bytes());
    for word in [entry.0, 64, 0] {
        header.extend(word.to_le_bytes());
    }
    header.extend(0u32.to_le_bytes());
    for half in [64u16, 56, segments.len() as u16, 64, 0, 0] {
        header.extend(half.to_le_bytes());
    }
    let mut file = std::fs::File::create(path).unwrap();
    let mut at = CHUNK as u64;
    for (base, segment) in segments {
        let flags: u32 = match segment.protection {
            Protection::ReadExecute => 5,
            Protection::Read => 4,
            Protection::ReadWrite => 6,
        };
        header.extend(1u32.to_le_bytes());
        header.extend(flags.to_le_bytes());
        let address = base + segment.offset;
        for word in [at, address, address, segment.bytes.len() as u64, segment.size, CHUNK as u64] {
            header.extend(word.to_le_bytes());
        }
        for (number, chunk) in segment.bytes.chunks(CHUNK).enumerate() {
            if chunk != &HOLE[..chunk.len()] {
                file.seek(SeekFrom::Start(at + (number * CHUNK) as u64)).unwrap();
                file.write_all(chunk).unwrap();
            }
        }
        at += (segment.bytes.len() as u64).next_multiple_of(CHUNK as u64);
    }
    file.set_len(at).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&header).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The command that runs a program of a processor.
pub fn command_for(arch: Arch, program: &Path) -> Command {
    match arch {
        Arch::X86_64 => Command::new(program),
        Arch::Aarch64 => {
            let mut command = Command::new("qemu-aarch64-static");
            command.arg(program);
            command
        }
    }
}

/// Runs images, linked for pages of 64 KiB, as a program that begins at `entry`, and gives what it writes.
pub fn run_images(arch: Arch, images: &[&Image], entry: Address) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (written, path) = (folder.path().join("written"), folder.path().join("program"));
    write(&written, arch, images, entry);
    // A file that this process wrote may be busy for a moment more, in a child that another thread is just starting.
    super::run(Command::new("cp").arg("--sparse=always").args([&written, &path]));
    let mut command = command_for(arch, &path);
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    output.stdout
}
