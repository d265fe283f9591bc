//! Linux systems that deny executable anonymous memory: code is written to a file without a name and mapped from there.
//!
//! SELinux (`execmem`), PaX, seccomp filters and `PR_SET_MDWE` refuse to make written anonymous pages executable; a mapping of a
//! file that is executable from the start they allow, as the dynamic linker needs it. The file is written by `write`, sealed
//! where it can be, and mapped privately, so no mapping is or was writable and executable, and `execmod` does not apply.

use std::ffi::{CString, OsStr};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What to do where code cannot be made executable.
pub(crate) const EXECUTABLE_HINT: &str = "the system's policy (SELinux, PaX, seccomp, a container's) forbids new code in this process; allow \
     executable anonymous memory, or set TMPDIR to a folder whose file system is writable and not mounted noexec";
/// Whether [`execute_from_file`] can succeed.
pub(crate) const HAS_FILE_MEMORY: bool = true;

/// Puts an executable private mapping of a file with the same bytes in the place of whole pages: the first of several files that
/// the system lets be mapped so. Else each that was tried, with what the system said.
///
/// # Safety
/// The pages belong to a mapping of `reserve` to which no Rust reference exists. After an error they may be gone.
pub(crate) unsafe fn execute_from_file(
    start: *mut u8,
    size: usize,
    name: &str,
) -> Result<(), Vec<(String, io::Error)>> {
    // SAFETY: the caller's pages are readable, and nobody writes to them before this function does.
    let bytes = unsafe { std::slice::from_raw_parts(start, size) };
    let mut tried = Vec::new();
    let memory = || ("memfd_create".to_owned(), in_memory(name, bytes));
    let folders = folders(std::env::var_os);
    let on_disk =
        folders.iter().map(|folder| (format!("a file in `{}`", folder.display()), in_folder(folder, bytes)));
    for (what, file) in std::iter::once_with(memory).chain(on_disk) {
        // SAFETY: the caller owns these pages, and the file holds the same bytes.
        match file.and_then(|file| unsafe { replace(start, size, &file) }) {
            Ok(()) => return Ok(()),
            Err(error) => tried.push((what, error)),
        }
    }
    Err(tried)
}

/// Maps a file in the place of pages. The mapping outlives the descriptor.
///
/// # Safety
/// As for [`execute_from_file`].
unsafe fn replace(start: *mut u8, size: usize, file: &File) -> io::Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
    let protection = libc::PROT_READ | libc::PROT_EXEC;
    // SAFETY: the caller owns the pages that MAP_FIXED replaces.
    let mapped = unsafe { libc::mmap(start.cast(), size, protection, flags, file.as_raw_fd(), 0) };
    if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A file that lives in memory and can no longer be changed, by nobody.
fn in_memory(name: &str, bytes: &[u8]) -> io::Result<File> {
    // It is what `/proc/PID/maps` and debuggers show. The kernel takes 249 bytes; a NUL has no place in it.
    let name: String = format!("pixie:{name}").chars().filter(|c| *c != '\0').take(60).collect();
    let name = CString::new(name)?;
    let create = |flags: libc::c_uint| {
        // The call by its number: glibc before 2.27 has no function for it, and the runtime would not load there.
        // SAFETY: the kernel reads a name that ends with NUL, and flags.
        match unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), libc::MFD_CLOEXEC | flags) } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: the descriptor is new and nobody else's; descriptors are of C's `int`.
            descriptor => Ok(unsafe { File::from_raw_fd(descriptor as RawFd) }),
        }
    };
    // Not executable as a program, which Linux since 6.3 lets one say and `vm.memfd_noexec=2` demands; mappings are not concerned.
    let mut file = create(libc::MFD_NOEXEC_SEAL).or_else(|error| {
        if error.raw_os_error() == Some(libc::EINVAL) { create(libc::MFD_ALLOW_SEALING) } else { Err(error) }
    })?;
    file.write_all(bytes)?;
    let seals = libc::F_SEAL_WRITE | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
    // SAFETY: the descriptor is open. Where sealing fails the file is as private as an unlinked one.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) };
    Ok(file)
}

/// A file in `folder` that has no name, so that it is gone with its last user.
fn in_folder(folder: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let unnamed = options.clone().custom_flags(libc::O_TMPFILE | libc::O_EXCL).open(folder);
    let mut file = match unnamed {
        // Not every file system can make a file without a name.
        Err(error)
            if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL)) =>
        {
            let path = folder.join(format!(".pixie-{}-{:x}", std::process::id(), unique()));
            let file = options.create_new(true).custom_flags(libc::O_NOFOLLOW).open(&path)?;
            std::fs::remove_file(&path)?;
            file
        }
        other => other?,
    };
    file.write_all(bytes)?;
    Ok(file)
}

/// A number that no other thread gets, and that is hard to guess; `create_new` refuses what is there in any case.
fn unique() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// Where a file may be made and mapped, best first: memory, then disk.
fn folders(variable: impl Fn(&'static str) -> Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let candidates = [
        path("XDG_RUNTIME_DIR"),
        path("TMPDIR"),
        Some("/dev/shm".into()),
        Some("/tmp".into()),
        Some("/var/tmp".into()),
        path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(OsStr::new(".cache")))),
    ];
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in candidates.into_iter().flatten().filter(|folder| folder.is_absolute()) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn folders_are_absolute_and_each_is_tried_once() {
        let set = [
            ("TMPDIR", "/tmp"),
            ("XDG_RUNTIME_DIR", "relative"),
            ("HOME", "/home/a"),
            ("XDG_CACHE_HOME", ""),
        ];
        let variable = |name| set.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into());
        let expected = ["/tmp", "/dev/shm", "/var/tmp", "/home/a/.cache"];
        assert_eq!(folders(variable), expected.map(PathBuf::from));
    }

    #[test]
    fn a_file_in_memory_cannot_be_changed() {
        let mut file = in_memory("a\0b", &[1, 2, 3]).unwrap();
        assert!(file.write_all(&[4]).is_err());
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn a_file_in_a_folder_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(folder.path(), &[1, 2, 3]).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 3);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(in_folder(&folder.path().join("missing"), &[]).is_err());
    }
}
