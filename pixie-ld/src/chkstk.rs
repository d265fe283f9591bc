//! `__chkstk` of Windows on x86-64, which LLVM calls where a function takes a page or more of the stack.

/// Touches each page of the `rax` bytes below the caller's stack pointer, so that the guard page moves down page by page and no
/// other thread's memory is hit past it. Keeps every register but the flags; the caller lowers the stack pointer itself.
///
/// # Safety
/// Only for generated code: it has no convention of a language.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn chkstk() {
    std::arch::naked_asm!(
        "push rcx",
        "push rax",
        // The caller's stack pointer: above the two registers and the return address.
        "lea rcx, [rsp + 24]",
        "2:",
        "cmp rax, 0x1000",
        "jbe 3f",
        "sub rcx, 0x1000",
        "test dword ptr [rcx], eax",
        "sub rax, 0x1000",
        "jmp 2b",
        "3:",
        "sub rcx, rax",
        "test dword ptr [rcx], eax",
        "pop rax",
        "pop rcx",
        "ret",
    )
}
