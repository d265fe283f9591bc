//! Asking an x86-64 processor, the same on every operating system.

use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

use crate::cpu::x86::Leaves;

/// What selecting a variant needs, asked once: under a hypervisor each `cpuid` costs 5 us.
pub(crate) fn leaves() -> &'static Leaves {
    static LEAVES: OnceLock<Leaves> = OnceLock::new();
    LEAVES.get_or_init(few)
}

fn cpuid(leaf: u32, subleaf: u32) -> [u32; 4] {
    let answer = __cpuid_count(leaf, subleaf);
    [answer.eax, answer.ebx, answer.ecx, answer.edx]
}

fn few() -> Leaves {
    let [max, b, c, d] = cpuid(0, 0);
    let mut leaves = Leaves {
        leaf1: cpuid(1, 0),
        leaf7: if max >= 7 { cpuid(7, 0) } else { [0; 4] },
        // Long mode itself is announced there, so every processor that runs this has it.
        extended1: cpuid(0x8000_0001, 0),
        ..Leaves::default()
    };
    if leaves.leaf7[0] >= 1 {
        leaves.leaf7_1 = cpuid(7, 1);
    }
    for (to, word) in leaves.vendor.chunks_exact_mut(4).zip([b, d, c]) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    if leaves.leaf1[2] >> 27 & 1 == 1 {
        // SAFETY: bit 27 (OSXSAVE) says that the operating system has enabled xgetbv, the one instruction of this function.
        leaves.xcr0 = unsafe { xgetbv() };
    }
    leaves
}

/// Everything, for the few modules that ask the processor themselves, and for reports.
pub(crate) fn all_leaves() -> Leaves {
    let mut leaves = *leaves();
    let [max, ..] = cpuid(0, 0);
    let [max_extended, ..] = cpuid(0x8000_0000, 0);
    let basic = |leaf, subleaf| if leaf <= max { cpuid(leaf, subleaf) } else { [0; 4] };
    let extended = |leaf| if leaf <= max_extended { cpuid(leaf, 0) } else { [0; 4] };
    leaves.leaf_d1 = basic(0xd, 1);
    leaves.leaf14 = basic(0x14, 0);
    leaves.leaf19 = basic(0x19, 0);
    leaves.leaf1e_1 = basic(0x1e, 1);
    leaves.leaf24 = basic(0x24, 0);
    leaves.extended8 = extended(0x8000_0008);
    for (to, word) in leaves.brand.iter_mut().zip((0x8000_0002..=0x8000_0004).flat_map(extended)) {
        *to = word;
    }
    leaves
}

#[target_feature(enable = "xsave")]
fn xgetbv() -> u64 {
    // SAFETY: register 0 exists wherever the instruction does.
    unsafe { _xgetbv(0) }
}
