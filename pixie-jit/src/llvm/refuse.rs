//! Refuses what LLVM would abort on, miscompile or leave to a run time that is not there, by name and place.

use std::collections::BTreeSet;

use inkwell::llvm_sys::LLVMTypeKind;
use inkwell::llvm_sys::core::LLVMGetModuleInlineAsm;
use inkwell::module::Module;
use pixie_format::{Arch, Platform};

use super::ir::{self, Type, Value};
use crate::error::{Error, Result};

/// Intrinsics of one architecture begin with `llvm.` and one of these.
const TARGETS: &[&str] = &[
    "aarch64",
    "amdgcn",
    "arm",
    "bpf",
    "dx",
    "hexagon",
    "loongarch",
    "mips",
    "nvvm",
    "ppc",
    "r600",
    "riscv",
    "s390",
    "spv",
    "ve",
    "wasm",
    "x86",
    "xcore",
];

/// One input, before it is linked with others.
pub struct Input<'m, 'c> {
    /// The input's name.
    pub file: &'m str,
    /// Its module.
    pub module: &'m Module<'c>,
    /// The platform it is to be compiled for.
    pub platform: Platform,
    /// Whether it was made for no platform or another one, so that nothing in it may depend on the target.
    pub retargeted: bool,
}

impl Input<'_, '_> {
    /// Every check; the first finding is the error.
    pub fn check(&self) -> Result<()> {
        self.ifuncs()?;
        self.globals()?;
        self.module_asm()?;
        self.intrinsics()?;
        for function in ir::functions(self.module) {
            self.function(function)?;
        }
        Ok(())
    }

    fn error(&self, place: impl Into<String>, what: impl Into<String>, hint: &str) -> Result<()> {
        Err(Error::Refused {
            file: self.file.to_owned(),
            platform: self.platform,
            place: place.into(),
            what: what.into(),
            hint: hint.to_owned(),
        })
    }

    fn ifuncs(&self) -> Result<()> {
        match ir::ifuncs(self.module).first() {
            None => Ok(()),
            Some(ifunc) => self.error(
                format!("`{}`", ifunc.name()),
                "is an ifunc, chosen by the system's linker when a program starts",
                "remove the ifunc or target_clones attribute: each ISA level gets its own variant anyway",
            ),
        }
    }

    fn globals(&self) -> Result<()> {
        for global in ir::globals(self.module) {
            let name = global.name();
            if name == "llvm.global_ctors" || name == "llvm.global_dtors" {
                self.constructors(global, name == "llvm.global_ctors")?;
            }
            if global.is_thread_local() {
                return self.error(
                    format!("variable `{name}`"),
                    "is thread-local",
                    "pass the state in as an argument, or keep it on the stack",
                );
            }
            if let Some(bad) = long_double(global.value_type(), 0) {
                return self.error(format!("variable `{name}`"), long_double_text(bad), LONG_DOUBLE_HINT);
            }
        }
        Ok(())
    }

    fn constructors(&self, list: Value<'_>, start: bool) -> Result<()> {
        let entries = list.initializer().map(Value::operands).unwrap_or_default();
        let names: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.operands().get(1).map(|function| format!("`{}`", function.name())))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let (kind, when) = if start { ("constructor", "loaded") } else { ("destructor", "unloaded") };
        self.error(
            names.join(", "),
            format!("is a global {kind}, code that runs when a module is {when}"),
            "initialise in a function (in C++, a static variable of one), or make the data constant",
        )
    }

    fn module_asm(&self) -> Result<()> {
        let mut len = 0;
        // SAFETY: the module is alive; only the length is looked at.
        unsafe { LLVMGetModuleInlineAsm(self.module.as_mut_ptr(), &raw mut len) };
        if len == 0 || !self.retargeted {
            return Ok(());
        }
        self.error("the file", "has top-level assembly", ASM_HINT)
    }

    fn intrinsics(&self) -> Result<()> {
        let own = match self.platform.arch() {
            Arch::X86_64 => "x86",
            Arch::Aarch64 => "aarch64",
        };
        let (mut names, mut users) = (BTreeSet::new(), BTreeSet::new());
        for function in ir::functions(self.module) {
            for callee in function.instructions().into_iter().filter_map(Value::callee) {
                let name = callee.name();
                let target = name.strip_prefix("llvm.").and_then(|rest| rest.split('.').next());
                if target.is_some_and(|target| target != own && TARGETS.contains(&target)) {
                    names.insert(format!("`{name}`"));
                    users.insert(format!("`{}`", function.name()));
                }
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
        self.error(
            format!("function {}", joined(users)),
            format!("uses instructions of another processor ({})", joined(names)),
            "write it in portable code, or leave this platform out",
        )
    }

    fn function(&self, function: Value<'_>) -> Result<()> {
        if function.is_intrinsic() {
            return Ok(());
        }
        let name = function.name();
        let ty = function.value_type();
        let place = format!("function `{name}`");
        if function.is_declaration() {
            return if self.retargeted { self.foreign_abi(&place, function) } else { Ok(()) };
        }
        let types = std::iter::once(ty.return_type()).chain(ty.param_types());
        if let Some(bad) = types.into_iter().find_map(|ty| long_double(ty, 0)) {
            return self.error(place, long_double_text(bad), LONG_DOUBLE_HINT);
        }
        if self.retargeted && ty.is_variadic() {
            return self.error(
                place,
                "takes variable arguments, whose layout was fixed for another platform",
                "give it a fixed number of parameters",
            );
        }
        for instruction in function.instructions() {
            self.instruction(&place, instruction)?;
        }
        Ok(())
    }

    fn instruction(&self, place: &str, instruction: Value<'_>) -> Result<()> {
        let types =
            std::iter::once(instruction.ty()).chain(instruction.operands().into_iter().map(Value::ty));
        if let Some(bad) = types.into_iter().find_map(|ty| long_double(ty, 0)) {
            let text = format!("{} (`{instruction}`)", long_double_text(bad));
            return self.error(place, text, LONG_DOUBLE_HINT);
        }
        // An empty template only keeps the optimiser from seeing a value; xxHash uses it so, and it is portable.
        if self.retargeted
            && let Some(template) = instruction.callee().and_then(Value::inline_asm)
            && !template.trim().is_empty()
        {
            return self.error(place, format!("has inline assembly (`{}`)", template.trim()), ASM_HINT);
        }
        Ok(())
    }

    /// Structs by value cross to code outside the module in a way that was lowered for another platform. Between functions of
    /// the module it does not matter: both sides are lowered again.
    fn foreign_abi(&self, place: &str, function: Value<'_>) -> Result<()> {
        let ty = function.value_type();
        let by_value = |ty: &Type<'_>| ty.is_vector() || ty.kind() == LLVMTypeKind::LLVMStructTypeKind;
        let found = std::iter::once(ty.return_type()).chain(ty.param_types()).find(by_value);
        let count = ty.param_types().len();
        let indirect = ["byval", "sret"]
            .into_iter()
            .find(|attribute| (0..count).any(|index| function.param_has(index, attribute)));
        let what = match (found, indirect) {
            (Some(ty), _) => format!("`{ty}`"),
            (None, Some(attribute)) => format!("`{attribute}`"),
            (None, None) => return Ok(()),
        };
        self.error(
            place,
            format!("is outside the input and passes a struct or complex number by value ({what}) as another platform does"),
            "compile the source for this platform, or add the function's source",
        )
    }
}

const ASM_HINT: &str = "write it in portable code, or compile the source for each platform";
const LONG_DOUBLE_HINT: &str = "use double: `long double` is a different type on every platform";

fn long_double_text(ty: Type<'_>) -> String {
    format!("uses long double (`{ty}`)")
}

/// The extended float inside a type, if there is one.
fn long_double(ty: Type<'_>, depth: u32) -> Option<Type<'_>> {
    match ty.kind() {
        LLVMTypeKind::LLVMX86_FP80TypeKind
        | LLVMTypeKind::LLVMFP128TypeKind
        | LLVMTypeKind::LLVMPPC_FP128TypeKind => Some(ty),
        LLVMTypeKind::LLVMStructTypeKind if depth < 16 => {
            ty.fields().into_iter().find_map(|field| long_double(field, depth + 1))
        }
        LLVMTypeKind::LLVMArrayTypeKind | LLVMTypeKind::LLVMVectorTypeKind if depth < 16 => {
            long_double(ty.element(), depth + 1)
        }
        _ => None,
    }
}
