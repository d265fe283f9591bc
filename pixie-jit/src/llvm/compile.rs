//! The compile step: bitcode to an object for one platform and ISA level.

use inkwell::llvm_sys::LLVMLinkage;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{FileType, TargetMachine};
use pixie_format::{Platform, thunk};

use super::session::Session;
use super::{
    blame, builtins, classify, features, fp, graph, ir, jam, loops, lower, only, retarget, target, thunks,
};
use crate::compile::{CompileRequest, Output};
use crate::error::{Error, Result};

/// Compiles.
pub fn compile(request: &CompileRequest) -> Result<Vec<u8>> {
    let session = Session::new();
    let job = Job { request, session: &session };
    let machine = target::machine(request.platform.triple(), &request.isa, request.options.opt)?;
    let module = job.module(&machine)?;
    if request.options.opt >= 3 {
        jam::jam(&module, &machine)?;
    }
    job.run(&module, &machine, &pipeline(request.options.opt))?;
    job.thunks(&module, &machine)?;
    job.lower(&module, &machine)?;
    let shown = only::named(&module, &request.functions)?;
    match request.output {
        Output::Ir => return Ok(only::text(&module, &shown)),
        Output::Graph => return Ok(graph::dot(&module, &shown)),
        Output::Object | Output::Assembly => {}
    }
    // Code generation changes the module, so the first object comes from a copy: what it turns out to need is linked into the
    // original.
    let first = job.emit(&module.clone(), &machine, FileType::Object);
    let object = first.map_err(|error| job.blame(error, &module, &machine))?;
    let missing = builtins::missing(&object)?;
    if !missing.is_empty() {
        builtins::link_named(&session, &module, &missing)?;
        job.attributes(&module);
        job.run(&module, &machine, "globaldce")?;
        builtins::hide(&module, &missing);
    }
    match request.output {
        Output::Object if missing.is_empty() => Ok(object),
        Output::Assembly => {
            only::keep(&module, &shown);
            if !shown.is_empty() {
                job.run(&module, &machine, "elim-avail-extern,globaldce")?;
            }
            job.emit(&module, &machine, FileType::Assembly)
        }
        _ => job.emit(&module, &machine, FileType::Object),
    }
}

/// Definitions that nothing exports go first, so that no pass works on them.
fn pipeline(opt: u8) -> String {
    format!("globaldce,default<O{}>,globaldce", opt.min(3))
}

/// Bytes of a line of the cache.
const LINE: u32 = 64;

struct Job<'a> {
    request: &'a CompileRequest,
    session: &'a Session,
}

impl<'a> Job<'a> {
    fn error(&self, message: String) -> Error {
        let (platform, level) = (self.request.platform, self.request.isa.name.clone());
        Error::Compile { platform, level, function: None, message }
    }

    /// Names the function that an error of code generation is about.
    fn blame(&self, error: Error, module: &Module<'_>, machine: &TargetMachine) -> Error {
        match error {
            Error::Compile { platform, level, function: None, message } => {
                let function = blame::function(self.session, module, machine);
                Error::Compile { platform, level, function, message }
            }
            other => other,
        }
    }

    /// The module as the pipeline takes it.
    fn module(&self, machine: &TargetMachine) -> Result<Module<'a>> {
        let (request, platform) = (self.request, self.request.platform);
        let module = self.session.parse_own("bitcode", &request.bitcode)?;
        if !request.options.debug {
            module.strip_debug_info();
        }
        retarget::check(&module, machine, platform)?;
        retarget::retarget(&module, machine, platform.triple());
        retarget::localise(&module, platform);
        loops::add_all(self.session, &module, platform, &request.exports)?;
        let loops: Vec<String> = request
            .exports
            .iter()
            .filter(|export| export.ufunc)
            .map(|export| thunk::loop_symbol(&export.symbol))
            .collect();
        let mut visible: Vec<&str> = request.exports.iter().map(|export| export.symbol.as_str()).collect();
        visible.extend(loops.iter().map(String::as_str));
        if builtins::define_complex(&module) {
            builtins::link(self.session, &module)?;
        }
        classify::define(self.session, &module, platform)?;
        visible.sort_unstable();
        internalise(&module, &visible);
        if request.options.reproducible {
            fp::forbid_contraction(&module);
        }
        self.attributes(&module);
        module.verify().map_err(|message| Error::Llvm { message: message.to_string() })?;
        Ok(module)
    }

    /// After the optimiser, so that it does not inline a whole kernel a second time: that cost 1.6 times the code and the time.
    fn thunks(&self, module: &Module<'_>, machine: &TargetMachine) -> Result<()> {
        thunks::add_all(module, self.request.platform, &self.request.exports)?;
        self.attributes(module);
        module.verify().map_err(|message| Error::Llvm { message: message.to_string() })?;
        match self.request.options.opt {
            0 => Ok(()),
            // Written out as text, instcombine stops the program where one round is not enough.
            _ => self.run(
                module,
                machine,
                "always-inline,function(instcombine<no-verify-fixpoint>,simplifycfg)",
            ),
        }
    }

    /// After the optimiser: what would become library calls becomes calls of builtins.
    fn lower(&self, module: &Module<'_>, machine: &TargetMachine) -> Result<()> {
        if !lower::lower(module, self.request.options.opt > 0) {
            return Ok(());
        }
        builtins::link(self.session, module)?;
        self.attributes(module);
        self.run(module, machine, "globaldce")
    }

    fn attributes(&self, module: &Module<'_>) {
        features::apply(module, &self.request.isa);
        let mac = self.request.platform == Platform::OsxArm64;
        for function in ir::functions(module).into_iter().filter(|function| !function.is_declaration()) {
            // Debuggers, profilers and crash handlers walk through every function, and the ABI of Windows demands the tables;
            // clang leaves them out of freestanding code. As clang has it: for each instruction, on macOS for each call.
            if !function.has_enum_attribute("uwtable") {
                function.set_enum_attribute("uwtable", if mac { 1 } else { 2 });
            }
            if self.request.isa.tune.is_some() && !function.is_local() {
                // Where a loop begins in a line of the cache is worth 5 % either way; from here on it does not depend on what stands before.
                function.set_alignment(LINE);
            }
            if mac {
                // The platform's ABI demands a frame record; crash reports and profilers walk it.
                function.set_attribute("frame-pointer", "non-leaf");
            }
        }
    }

    fn run(&self, module: &Module<'_>, machine: &TargetMachine, passes: &str) -> Result<()> {
        let options = PassBuilderOptions::create();
        let on = self.request.options.opt >= 2;
        options.set_loop_vectorization(on);
        options.set_loop_slp_vectorization(on);
        options.set_loop_interleaving(on);
        options.set_loop_unrolling(on);
        let done = module.run_passes(passes, machine, options);
        match self.session.take_errors() {
            Some(message) => Err(self.error(message)),
            None => done.map_err(|message| self.error(message.to_string())),
        }
    }

    fn emit(&self, module: &Module<'_>, machine: &TargetMachine, kind: FileType) -> Result<Vec<u8>> {
        let buffer = machine.write_to_memory_buffer(module, kind);
        match self.session.take_errors() {
            Some(message) => Err(self.error(message)),
            None => {
                let buffer = buffer.map_err(|message| self.error(message.to_string()))?;
                Ok(buffer.as_slice().to_vec())
            }
        }
    }
}

/// Makes every definition local but the visible ones, which become ordinary symbols.
pub(super) fn internalise(module: &Module<'_>, visible: &[&str]) {
    for value in ir::definitions(module) {
        let name = value.name();
        if visible.binary_search(&name.as_str()).is_ok() {
            value.set_exported();
        } else if matches!(
            value.linkage(),
            LLVMLinkage::LLVMAppendingLinkage
                | LLVMLinkage::LLVMAvailableExternallyLinkage
                | LLVMLinkage::LLVMPrivateLinkage
        ) || value.is_intrinsic()
        {
            // `llvm.used` and its like are lists for LLVM; an available-externally body is no definition.
        } else {
            value.set_linkage(LLVMLinkage::LLVMInternalLinkage);
        }
    }
}
