//! Where code lies in memory, where the system denies executable anonymous memory, and what errors say then.
#![cfg(all(feature = "build", target_os = "linux", target_arch = "x86_64"))]
// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used)]

mod common;

use pixie_ld::{CodeMemory, LoadOptions, LoadedModule, load_bytes};

const KERNEL: &str = "
    typedef unsigned long long u64;
    static u64 calls;
    static const u64 table[4] = {3, 1, 4, 1};
    u64 run(u64 x) { return table[x & 3] + 10 * ++calls; }
    void __pixie_thunk_run(const u64 *a, u64 *r) { *r = run(a[0]); }
";

fn module() -> Vec<u8> {
    common::run_module(common::object(KERNEL, &["-O1"]))
}

fn load(bytes: &[u8], memory: &str) -> pixie_ld::Result<LoadedModule> {
    let variables = |name| (name == "PIXIE_MEMORY").then(|| memory.into());
    load_bytes("m.pixie", bytes, &LoadOptions::from_variables(variables)?)
}

fn call(module: &LoadedModule, x: u64) -> u64 {
    let mut result = 0;
    // SAFETY: `run` takes one integer and returns one.
    unsafe { (module.export("run").unwrap().thunk)(&x, &mut result) };
    result
}

/// The lines of `/proc/self/maps` that the image lies in: rights, and what is mapped.
fn mappings(module: &LoadedModule) -> Vec<(String, String)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let (start, size) = module.image();
    let mut found = Vec::new();
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (from, to) = words[0].split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| usize::from_str_radix(address, 16).unwrap_or(usize::MAX));
        if from < start as usize + size && to > start as usize {
            found.push((words[1].to_owned(), words[5..].join(" ")));
        }
    }
    found
}

/// System calls that a filter refuses. Numbers are those of x86-64.
#[derive(Clone, Copy)]
enum Deny {
    /// mprotect with PROT_EXEC.
    Mprotect,
    /// mmap with PROT_EXEC of anonymous memory.
    MmapAnonymous,
    /// mmap with PROT_EXEC.
    Mmap,
    /// memfd_create.
    Memfd,
}

/// Where the low half of argument `index` lies in `seccomp_data`.
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

/// The filter's program: each rule jumps over itself unless it applies, and what no rule refuses is allowed.
fn program(rules: &[Deny], errno: i32) -> Vec<libc::sock_filter> {
    let step = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter { code: code as u16, jt, jf, k };
    let load = |offset| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
    let equal = |k, jf| step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k, 0, jf);
    let any = |k: i32, jf| step(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, k as u32, 0, jf);
    let give = |k| step(libc::BPF_RET | libc::BPF_K, k, 0, 0);
    let refuse = || give(libc::SECCOMP_RET_ERRNO | errno as u32);
    let mut program = Vec::new();
    for rule in rules {
        program.push(load(0));
        match rule {
            Deny::Mprotect => {
                program.extend([equal(10, 3), load(argument(2)), any(libc::PROT_EXEC, 1), refuse()]);
            }
            Deny::Mmap => program.extend([equal(9, 3), load(argument(2)), any(libc::PROT_EXEC, 1), refuse()]),
            Deny::MmapAnonymous => program.extend([
                equal(9, 5),
                load(argument(2)),
                any(libc::PROT_EXEC, 3),
                load(argument(3)),
                any(libc::MAP_ANONYMOUS, 1),
                refuse(),
            ]),
            Deny::Memfd => program.extend([equal(319, 1), refuse()]),
        }
    }
    program.push(give(libc::SECCOMP_RET_ALLOW));
    program
}

/// Runs `test` in a thread of its own that a filter holds: filters cannot be taken off, but bind one thread.
fn denied<T: Send>(rules: &[Deny], errno: i32, test: impl FnOnce() -> T + Send) -> T {
    let mut program = program(rules, errno);
    let confined = move || {
        let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: the filter lives until the call returns; it refuses a few calls of this thread.
        unsafe {
            assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
            assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter), 0);
        }
        test()
    };
    std::thread::scope(|scope| scope.spawn(confined).join().unwrap())
}

fn check_file_backed(module: &LoadedModule, file: &str) {
    let found = mappings(module);
    let rights: Vec<&str> = found.iter().map(|(rights, _)| rights.as_str()).collect();
    assert_eq!(rights, ["r-xp", "rw-p"]);
    assert!(found[0].1.starts_with(file) && found[0].1.ends_with(" (deleted)"), "{found:?}");
    assert!(found[1..].iter().all(|(_, what)| what.is_empty()), "data is private and anonymous: {found:?}");
    assert_eq!([0, 1, 2].map(|x| call(module, x)), [13, 21, 34]);
}

#[test]
fn code_is_anonymous_where_that_is_allowed() {
    for memory in ["", "auto", "anonymous"] {
        let module = load(&module(), memory).unwrap();
        assert!(mappings(&module).iter().all(|(_, what)| what.is_empty()));
        assert_eq!(call(&module, 2), 14);
    }
}

#[test]
fn a_file_is_taken_on_request() {
    let bytes = module();
    let before = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let modules = [(); 8].map(|()| load(&bytes, "file").unwrap());
    modules.iter().for_each(|module| check_file_backed(module, "/memfd:pixie:kernels"));
    // Other tests open files at the same time, but not one for each of these.
    assert!(std::fs::read_dir("/proc/self/fd").unwrap().count() < before + 8, "descriptors are closed");
}

#[test]
fn a_file_is_taken_where_anonymous_code_is_denied() {
    let bytes = module();
    for errno in [libc::EPERM, libc::EACCES, libc::ENOMEM] {
        denied(&[Deny::Mprotect, Deny::MmapAnonymous], errno, || {
            check_file_backed(&load(&bytes, "").unwrap(), "/memfd:pixie:kernels");
        });
    }
}

#[test]
fn a_file_on_disk_is_taken_where_memfd_create_is_denied_too() {
    let bytes = module();
    denied(&[Deny::Mprotect, Deny::MmapAnonymous, Deny::Memfd], libc::EPERM, || {
        check_file_backed(&load(&bytes, "auto").unwrap(), "/");
    });
}

#[test]
fn where_everything_is_denied_the_error_lists_it() {
    let bytes = module();
    let error = denied(&[Deny::Mprotect, Deny::Mmap], libc::EACCES, || load(&bytes, "").unwrap_err());
    let message = error.to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert!(
        lines[0].starts_with("`m.pixie` (linux-64 x86-64): cannot make the code executable (an image of "),
        "{message}"
    );
    assert!(lines[0].ends_with(" bytes): everything was refused"), "{message}");
    assert_eq!(lines[1], "  anonymous memory: Permission denied (os error 13)");
    assert_eq!(lines[2], "  memfd_create: Permission denied (os error 13)");
    assert!(lines[3].starts_with("  a file in `/"), "{message}");
    assert!(lines.last().unwrap().starts_with("hint: the system's policy"), "{message}");
}

#[test]
fn anonymous_memory_alone_is_an_error_where_it_is_denied() {
    let bytes = module();
    let error = denied(&[Deny::Mprotect], libc::EPERM, || load(&bytes, "anonymous").unwrap_err());
    assert!(error.to_string().contains("Operation not permitted (os error 1)\nhint: "), "{error}");
}

#[test]
fn a_value_that_means_nothing_is_refused() {
    let message = load(&[], "disk").unwrap_err().to_string();
    assert_eq!(
        message,
        "the variable `PIXIE_MEMORY` is `disk`\nhint: expected `auto`, `anonymous` or `file`"
    );
    assert_eq!(LoadOptions::from_variables(|_| None).unwrap().memory, CodeMemory::Auto);
}
