//! What to do about an undefined symbol that no runtime provides.

/// Families of symbols by exact name.
const BY_NAME: &[(&[&str], &str)] = &[
    (
        &[
            "printf",
            "fprintf",
            "sprintf",
            "snprintf",
            "vprintf",
            "vfprintf",
            "vsnprintf",
            "scanf",
            "sscanf",
            "fscanf",
            "fread",
            "fopen",
            "fclose",
            "perror",
            "__printf_chk",
            "__fprintf_chk",
            "__sprintf_chk",
            "__snprintf_chk",
            "__mingw_printf",
            "__mingw_vfprintf",
            "__mingw_sprintf",
        ],
        "kernels do no input or output and call no variadic function; return a value or a status code, and print in Python",
    ),
    (
        &["puts", "putchar", "fputc", "fputs", "fwrite"],
        "kernels do no output, and a plain `printf` or `fprintf` is one of these once it is optimised; return a value or a status code, and print in Python",
    ),
    (
        &["__stack_chk_fail", "__stack_chk_guard", "__security_cookie", "__security_check_cookie"],
        "the input was compiled with a stack protector; compile it with `-fno-stack-protector`",
    ),
    (
        &["memcpy_s", "__memcpy_chk", "__memset_chk", "__memmove_chk", "__strcpy_chk"],
        "the input was compiled with fortified string functions; compile it with `-D_FORTIFY_SOURCE=0`",
    ),
    (
        &["__assert_fail", "__assert_rtn", "_wassert", "_assert", "__assert"],
        "assertions need the C library; compile with `--cflag=-DNDEBUG` or call `abort`",
    ),
    (
        &["__errno_location", "__error", "_errno"],
        "`errno` belongs to the C library of each platform; compile with `-fno-math-errno` and do not read it",
    ),
    (
        &["__tls_get_addr", "_tls_index", "__emutls_get_address", "_tlv_bootstrap"],
        "thread-local data is not supported; pass the state as an argument",
    ),
    (
        &["__gxx_personality_v0", "rust_eh_personality", "__C_specific_handler", "__CxxFrameHandler3"],
        "exceptions cannot leave a kernel; compile with `-fno-exceptions`, or with `panic = \"abort\"` in Rust",
    ),
    (
        &["rand", "srand", "random", "drand48", "time", "clock", "getenv", "exit", "pthread_create"],
        "kernels have no access to the system; pass what is needed as an argument",
    ),
];

/// Families by prefix.
const BY_PREFIX: &[(&[&str], &str)] = &[
    (
        &[
            "__udiv", "__div", "__umod", "__mod", "__mul", "__fix", "__float", "__ash", "__lshr", "__pow",
            "__ext", "__trunc", "__add", "__sub", "__eq", "__lt", "__gt", "__cmp",
        ],
        "this looks like a compiler builtin, for example of 128-bit or long double arithmetic; use 64-bit types",
    ),
    (
        &["_Z", "__cxa_", "_ZN"],
        "this is a part of the C++ library that no module has: streams, exceptions, threads; in bitcode also `new` and `delete`, which are added to C++ sources alone",
    ),
    (
        &["_R", "rust_", "__rust_"],
        "this is a Rust symbol; build with `#![no_std]` and without panics that format",
    ),
    (
        &["NRT_", "Py", "numba_", "_Py"],
        "this needs Python or Numba at run time; use `@cfunc` over scalars and pointers only; in Cython C types alone, `noexcept nogil` and `cdivision=True`",
    ),
    (
        &["__atomic_", "__sync_", "__aarch64_"],
        "this atomic operation has no inline form; use one of 8 bytes at most, aligned",
    ),
    (&["__imp_"], "this is imported from a DLL; drop `__declspec(dllimport)`"),
    (&["omp_", "__kmpc_", "GOMP_"], "OpenMP is not supported; compile without `-fopenmp`"),
    (&["__asan_", "__ubsan_", "__tsan_", "__msan_", "__sanitizer_"], "compile without sanitizers"),
];

/// Advice about `symbol`, without the prefix `hint:`.
pub(super) fn of(symbol: &str) -> Option<&'static str> {
    let exact = BY_NAME.iter().find(|(names, _)| names.contains(&symbol));
    let family =
        || BY_PREFIX.iter().find(|(prefixes, _)| prefixes.iter().any(|prefix| symbol.starts_with(prefix)));
    exact.map(|(_, hint)| *hint).or_else(|| family().map(|(_, hint)| *hint))
}
