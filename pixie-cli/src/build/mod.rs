//! `pixie build`: sources to bitcode, bitcode to objects for every platform and level, all into one module.

mod bitcode;
mod exports;
mod front;
mod fuse;
mod link;
mod plan;
mod progress;
mod specialize;
mod text;
mod wheel;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pixie_format::manifest::{Export, Options};
use pixie_format::{Module, Platform, Signature};
use pixie_jit::worker::{self, Reply, Request};
use pixie_jit::{CompileOptions, CompileRequest, ExportSymbol, Isa, Output};
use pixie_ld::build::{PackInput, PackObject};

use crate::args::{BuildArgs, Limits};
use crate::commands;
use crate::files;
use bitcode::Prepared;
pub use front::run as bitcode_of;
pub use fuse::run as fuse;
pub use link::run as link;
use plan::Plan;
use progress::Progress;
pub use specialize::run as specialize;
pub use text::{CodeForm, compiled_text, disassembly, stored_ir};
pub use wheel::run as wheel;

pub fn run(args: &BuildArgs) -> Result<()> {
    let start = Instant::now();
    let plan = Plan::new(args)?;
    files::check_folder(&plan.output)?;
    let inputs = plan.sources.iter().map(plan::Source::path);
    files::check_not_input(&plan.output, inputs.chain(args.export_files.iter().map(PathBuf::as_path)))?;
    let bytes = build(&plan)?;
    files::write(&plan.output, &bytes)?;
    report(args, &plan, &bytes, start)
}

/// Serves compile requests on standard input, in so many MiB of memory.
pub fn serve(memory: Option<u64>) -> Result<()> {
    if let Some(memory) = memory {
        limit_memory(memory).with_context(|| format!("cannot limit memory to {memory} MiB"))?;
    }
    if let Some(bytes) = memory_limit() {
        eprintln!("{}{} MiB", worker::LIMITED, bytes >> 20);
    }
    Ok(worker::serve()?)
}

#[cfg(unix)]
fn limit_memory(mib: u64) -> std::io::Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::As);
    let wanted = mib.saturating_mul(1 << 20);
    limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    Ok(setrlimit(Resource::As, limit)?)
}

/// Windows limits jobs, not processes; the time limit holds there.
#[cfg(not(unix))]
fn limit_memory(_mib: u64) -> std::io::Result<()> {
    Ok(())
}

/// Bytes that this process may take, if that is limited, by it or by whoever started it.
#[cfg(unix)]
fn memory_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::As).current
}

/// See `limit_memory`.
#[cfg(not(unix))]
const fn memory_limit() -> Option<u64> {
    None
}

/// The version of the LLVM that compiles.
pub fn llvm_version() -> Option<String> {
    Some(pixie_jit::llvm_version())
}

/// The bytes of the module.
fn build(plan: &Plan) -> Result<Vec<u8>> {
    let pool = pool(plan.jobs)?;
    let progress = Progress::new(plan);
    let prepared = bitcode::prepare(plan, &pool, &progress)?;
    let exports = exports::resolve(plan, &prepared)?;
    let objects = compile(plan, &prepared, &export_symbols(&exports)?, &pool, &progress)?;
    progress.finish();
    let input = PackInput {
        name: plan.name.clone(),
        producer: crate::PRODUCER.to_owned(),
        doc: plan.doc.clone(),
        metadata: plan.metadata.clone(),
        exports,
        options: plan.options.clone(),
        objects,
        bitcode: prepared.into_entries(),
        allowed_imports: plan.allowed_imports.clone(),
        origin: None,
    };
    Ok(pixie_ld::build::pack(input)?)
}

/// The workers that hold LLVM.
type Pool = worker::Pool<Box<dyn Fn() -> Command + Sync>>;

/// Workers are this program again, so that an LLVM fatal error ends one of them and not the tool.
fn pool(jobs: usize) -> Result<Pool> {
    workers(jobs, Vec::new())
}

/// Workers that may not take what they like.
fn limited(jobs: usize, limits: Limits) -> Result<Pool> {
    let pool = workers(jobs, vec!["--memory".to_owned(), limits.memory.to_string()])?;
    Ok(pool.with_timeout(Duration::from_secs(limits.timeout)))
}

fn workers(jobs: usize, words: Vec<String>) -> Result<Pool> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let start = move || {
        let mut command = Command::new(&program);
        command.arg("__worker").args(&words);
        command
    };
    Ok(Pool::new(Box::new(start), jobs))
}

/// The exports as the compiler takes them.
fn export_symbols(exports: &[Export]) -> Result<Vec<ExportSymbol>> {
    exports
        .iter()
        .map(|export| {
            Ok(ExportSymbol {
                symbol: export.symbol.clone(),
                signature: Signature::parse(&export.signature)?,
                ufunc: export.ufunc.is_some(),
            })
        })
        .collect()
}

/// The compiler's options as the manifest records them.
const fn compile_options(options: &Options) -> CompileOptions {
    CompileOptions { opt: options.opt, debug: options.debug, reproducible: options.reproducible }
}

fn compile(
    plan: &Plan,
    prepared: &Prepared,
    exports: &[ExportSymbol],
    pool: &Pool,
    progress: &Progress,
) -> Result<Vec<PackObject>> {
    progress.phase("compiling objects");
    let targets: Vec<_> = plan.targets().collect();
    let request = |(platform, level): &(Platform, &'static pixie_format::IsaLevel)| {
        Request::Compile(CompileRequest {
            bitcode: prepared.bitcode(*platform, level.name).to_vec(),
            platform: *platform,
            isa: Isa::from(*level),
            exports: exports.to_vec(),
            options: compile_options(&plan.options),
            output: Output::Object,
            functions: Vec::new(),
        })
    };
    let replies = pool.run_with(targets.iter().map(request).collect(), |_| progress.step());
    targets
        .iter()
        .zip(replies)
        .map(|((platform, level), reply)| {
            let bytes = reply.and_then(Reply::into_compiled)?;
            Ok(PackObject { platform: *platform, isa: (*level).into(), bytes })
        })
        .collect()
}

fn report(args: &BuildArgs, plan: &Plan, bytes: &[u8], start: Instant) -> Result<()> {
    let module = Module::parse(bytes)?;
    if args.json {
        let mut value = commands::inspect::to_json(&module)?;
        value["file"] = plan.output.display().to_string().into();
        return commands::print_json(&value);
    }
    if args.quiet {
        return Ok(());
    }
    let manifest = module.manifest();
    let variants: usize = manifest.platforms.values().map(|entry| entry.variants.len()).sum();
    let distinct: BTreeSet<_> =
        manifest.platforms.values().flat_map(|entry| &entry.variants).map(|variant| variant.object).collect();
    let platforms: Vec<&str> = manifest.platforms.keys().map(String::as_str).collect();
    commands::print(&format!(
        "{}: {}, {} ({}) for {}; {} bytes in {:.2} s\n",
        plan.output.display(),
        commands::counted(manifest.exports.len(), "function"),
        commands::counted(variants, "variant"),
        commands::counted(distinct.len(), "distinct object"),
        platforms.join(", "),
        bytes.len(),
        start.elapsed().as_secs_f64()
    ))
}

/// The options as the manifest records them.
fn options(args: &BuildArgs) -> Options {
    Options { opt: args.opt, debug: args.debug, reproducible: args.reproducible }
}
