//! Target machines: triple, processor and features to code generator.

use std::sync::Once;

use inkwell::OptimizationLevel;
use inkwell::targets::{CodeModel, InitializationConfig, RelocMode, Target, TargetMachine, TargetTriple};
use pixie_format::Platform;

use crate::compile::Isa;
use crate::error::{Error, Result};

/// The two back ends, once a process.
pub fn initialise() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let config = InitializationConfig::default();
        Target::initialize_x86(&config);
        Target::initialize_aarch64(&config);
    });
}

/// A code generator: position-independent, small model.
pub fn machine(triple: &str, isa: &Isa, opt: u8) -> Result<TargetMachine> {
    initialise();
    let error =
        |message: String| Error::Llvm { message: format!("no code generator for `{triple}`: {message}") };
    let triple = TargetTriple::create(triple);
    let target = Target::from_triple(&triple).map_err(|message| error(message.to_string()))?;
    let level = match opt {
        0 => OptimizationLevel::None,
        1 => OptimizationLevel::Less,
        2 => OptimizationLevel::Default,
        _ => OptimizationLevel::Aggressive,
    };
    target
        .create_target_machine(&triple, &isa.cpu, &isa.features, level, RelocMode::PIC, CodeModel::Small)
        .ok_or_else(|| error(format!("processor `{}`, features `{}`", isa.cpu, isa.features)))
}

/// A code generator for the lowest level of a platform, to ask for the data layout.
pub fn baseline(platform: Platform) -> Result<TargetMachine> {
    let level = platform.level("baseline").map_err(|error| Error::Llvm { message: error.to_string() })?;
    machine(platform.triple(), &Isa::from(level), 0)
}
