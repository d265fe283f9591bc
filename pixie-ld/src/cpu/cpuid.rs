//! Asking an x86-64 processor, the same on every operating system.

use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

use crate::cpu::x86::Leaves;

/// The answers of this processor, asked once: under a hypervisor each `cpuid` costs a microsecond or more.
pub(crate) fn leaves() -> &'static Leaves {
    static LEAVES: OnceLock<Leaves> = OnceLock::new();
    LEAVES.get_or_init(read)
}

fn cpuid(leaf: u32, subleaf: u32) -> [u32; 4] {
    let answer = __cpuid_count(leaf, subleaf);
    [answer.eax, answer.ebx, answer.ecx, answer.edx]
}

fn read() -> Leaves {
    let [max, b, c, d] = cpuid(0, 0);
    let [max_extended, ..] = cpuid(0x8000_0000, 0);
    let basic = |leaf, subleaf| if leaf <= max { cpuid(leaf, subleaf) } else { [0; 4] };
    let extended = |leaf| if leaf <= max_extended { cpuid(leaf, 0) } else { [0; 4] };
    let leaf7 = basic(7, 0);
    let mut leaves = Leaves {
        leaf1: basic(1, 0),
        leaf7,
        leaf7_1: if leaf7[0] >= 1 { cpuid(7, 1) } else { [0; 4] },
        leaf_d1: basic(0xd, 1),
        leaf14: basic(0x14, 0),
        leaf19: basic(0x19, 0),
        leaf1e_1: basic(0x1e, 1),
        leaf24: basic(0x24, 0),
        extended1: extended(0x8000_0001),
        extended8: extended(0x8000_0008),
        ..Leaves::default()
    };
    for (to, word) in leaves.vendor.chunks_exact_mut(4).zip([b, d, c]) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    let words = (0x8000_0002..=0x8000_0004).flat_map(extended);
    for (to, word) in leaves.brand.iter_mut().zip(words) {
        *to = word;
    }
    if leaves.leaf1[2] >> 27 & 1 == 1 {
        // SAFETY: bit 27 (OSXSAVE) says that the operating system has enabled xgetbv, the one instruction of this function.
        leaves.xcr0 = unsafe { xgetbv() };
    }
    leaves
}

#[target_feature(enable = "xsave")]
fn xgetbv() -> u64 {
    // SAFETY: register 0 exists wherever the instruction does.
    unsafe { _xgetbv(0) }
}
