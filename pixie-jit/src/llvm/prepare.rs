//! The prepare step: several inputs become one normalised module.

use std::collections::BTreeSet;

use inkwell::llvm_sys::core::{LLVMGetDataLayoutStr, LLVMGetTarget};
use inkwell::llvm_sys::linker::LLVMLinkModules2;
use inkwell::module::Module;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::TargetMachine;
use pixie_format::Platform;

use super::ir::Value;
use super::session::Session;
use super::{access, describe, features, ir, panics, reach, refuse, retarget, target};
use crate::error::{Error, Result};
use crate::metadata;
use crate::prepare::{PrepareRequest, Prepared, Warning};
use crate::source::Source;

/// Parses, checks, normalises and links.
pub fn prepare(request: &PrepareRequest) -> Result<Prepared> {
    let session = Session::new();
    let platform = request.platform;
    let machine = target::baseline(platform)?;
    let mut inputs = Vec::with_capacity(request.sources.len());
    let mut neutral = true;
    for source in request.sources.iter().chain(&request.library) {
        let module = session.parse(source)?;
        if !request.library.is_empty() {
            fold_constructors(&module, &machine)?;
        }
        let fixed = serves(&module, source, platform, request.options.portable)? == Serves::Platform;
        neutral &= !fixed;
        inputs.push((source, module, fixed));
    }
    let modules: Vec<&Module<'_>> = inputs.iter().map(|(_, module, _)| module).collect();
    let (own, library) = modules.split_at(request.sources.len());
    let roots = roots(request, own);
    reach::only(&modules, &roots, &machine)?;
    let hidden: BTreeSet<String> =
        library.iter().flat_map(|module| ir::definitions(module)).map(Value::name).collect();
    let mut producers = BTreeSet::new();
    let mut warnings = Vec::new();
    let mut whole: Option<Module<'_>> = None;
    for (index, (source, module, fixed)) in inputs.into_iter().enumerate() {
        refuse::Input { file: &source.name, module: &module, platform, retargeted: !fixed }.check()?;
        producers.extend(describe::producers(&module));
        let before = warnings.len();
        warnings.extend(describe::mutable_globals(&source.name, &module));
        warnings.extend(features::normalise(&source.name, &module));
        warnings.extend(describe::vectorised(&source.name, &module));
        if index >= request.sources.len() {
            // The author can do nothing about the library's.
            warnings.truncate(before);
        }
        if neutral {
            retarget::neutralise(&module);
        } else {
            retarget::retarget(&module, &machine, platform.triple());
        }
        whole = Some(match whole {
            None => module,
            Some(whole) => link(&session, whole, module, &source.name)?,
        });
    }
    let Some(module) = whole else {
        return Err(Error::Llvm { message: "nothing to prepare".to_owned() });
    };
    if !request.library.is_empty() {
        // Two parts of it may have kept each other's inline functions.
        reach::only(&[&module], &roots, &machine)?;
    }
    if panics::trap(&module) {
        let files: Vec<&str> = request.sources.iter().map(|source| source.name.as_str()).collect();
        warnings.push(Warning::Panics { file: files.join("`, `") });
    }
    let debug = describe::debug_text(&module);
    producers.extend(debug.iter().flat_map(|text| metadata::producers(text)));
    producers.retain(|producer| !producer.is_empty());
    let mut functions =
        describe::functions(&module, debug.as_deref(), &access::of_params(&module, &machine)?);
    functions.iter_mut().for_each(|function| function.local |= hidden.contains(&function.name));
    if !request.options.debug {
        module.strip_debug_info();
    }
    let module = without_paths(&session, module)?;
    name(&module, &request.sources);
    let (triple, data_layout) = strings(&module);
    Ok(Prepared {
        bitcode: module.write_bitcode_to_memory().as_slice().to_vec(),
        neutral,
        triple,
        data_layout,
        producers: producers.into_iter().collect(),
        warnings,
        functions,
    })
}

/// Makes data of what C++ calls dynamic initialisation where LLVM can execute it: much of it is that only in name, as objects without
/// members in headers are.
fn fold_constructors(module: &Module<'_>, machine: &TargetMachine) -> Result<()> {
    // The second one only where it takes more: what is stored is best what the author wrote.
    const PASSES: [&str; 2] = [
        "globalopt",
        "cgscc(inline,function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg)),globalopt",
    ];
    for passes in PASSES {
        let list = ir::globals(module).into_iter().find(|global| global.name() == "llvm.global_ctors");
        if list.and_then(Value::initializer).is_none_or(|list| list.operands().is_empty()) {
            return Ok(());
        }
        let done = module.run_passes(passes, machine, PassBuilderOptions::create());
        done.map_err(|message| Error::Llvm { message: message.to_string() })?;
    }
    Ok(())
}

/// What is kept, with all that it reaches. Where nobody knows yet what will be exported, or some of it is not there, that is everything; but
/// of a library only what the sources use.
fn roots(request: &PrepareRequest, own: &[&Module<'_>]) -> Vec<String> {
    if request.library.is_empty() {
        return request.roots.clone();
    }
    let definitions = own.iter().flat_map(|module| ir::definitions(module));
    let shown = definitions.filter(|value| !value.is_local() && !reach::is_mergeable(value.linkage()));
    let shown: Vec<String> = shown.map(Value::name).collect();
    let known = !request.roots.is_empty() && request.roots.iter().all(|root| shown.contains(root));
    if known { request.roots.clone() } else { shown }
}

/// The module's triple and data layout.
fn strings(module: &Module<'_>) -> (String, String) {
    let raw = module.as_mut_ptr();
    // SAFETY: the module is alive; both texts are LLVM's.
    unsafe { (ir::copied(LLVMGetTarget(raw)), ir::copied(LLVMGetDataLayoutStr(raw))) }
}

/// The module's names hold no folder, so that builds from two folders agree.
fn name(module: &Module<'_>, sources: &[Source]) {
    let name = sources.first().map_or("", Source::base_name);
    module.set_name(name);
    module.set_source_file_name(name);
}

/// Where there are debug files or lists that may hold paths, the module is written and read again without them.
fn without_paths<'c>(session: &'c Session, module: Module<'c>) -> Result<Module<'c>> {
    let dropped = describe::foreign_lists(&module);
    let text = match describe::debug_text(&module) {
        Some(text) => text,
        None if dropped.is_empty() => return Ok(module),
        None => module.print_to_string().to_string_lossy().into_owned(),
    };
    session.parse_own("input without paths", metadata::without_paths(&text, &dropped).as_bytes())
}

/// Links a module into another one of the same session; `name` stands for it in errors.
pub(super) fn link<'c>(
    session: &Session,
    whole: Module<'c>,
    module: Module<'c>,
    name: &str,
) -> Result<Module<'c>> {
    let raw = module.as_mut_ptr();
    // LLVM takes the second module over.
    std::mem::forget(module);
    // SAFETY: both modules are alive and of one context; the second is not used after this.
    let failed = unsafe { LLVMLinkModules2(whole.as_mut_ptr(), raw) } != 0;
    match session.take_errors() {
        None if !failed => Ok(whole),
        message => Err(Error::Link {
            file: name.to_owned(),
            message: message.unwrap_or_else(|| "no reason given".to_owned()),
        }),
    }
}

/// What an input can be compiled for.
#[derive(PartialEq, Eq)]
enum Serves {
    /// Only the platform of its triple, which is the one asked for.
    Platform,
    /// Every platform.
    All,
}

fn serves(module: &Module<'_>, source: &Source, platform: Platform, portable: bool) -> Result<Serves> {
    let (triple, layout) = strings(module);
    let error = |serves: &str, hint: String| {
        Err(Error::WrongPlatform {
            file: source.name.clone(),
            triple: triple.clone(),
            serves: serves.to_owned(),
            platform,
            hint,
        })
    };
    if has_small_pointers(&layout) {
        return error(
            &format!("with 32-bit pointers (data layout `{layout}`)"),
            "compile it for a 64-bit target".to_owned(),
        );
    }
    if triple.is_empty() || portable {
        return Ok(Serves::All);
    }
    match platform_of(&triple) {
        Some(found) if found == platform => Ok(Serves::Platform),
        Some(found) => error(
            &format!("which serves {found} only"),
            format!("build with --platform {found}, or with --portable if nothing in it depends on the platform"),
        ),
        None => error(
            "which is none of the platforms",
            "compile it for a supported platform, or give --portable if nothing in it depends on the platform"
                .to_owned(),
        ),
    }
}

/// Whether pointers of the default address space have fewer than 64 bits, by LLVM's data layout text.
fn has_small_pointers(layout: &str) -> bool {
    let specs =
        layout.split('-').filter_map(|spec| spec.strip_prefix('p').or_else(|| spec.strip_prefix("p0")));
    specs.filter_map(|spec| spec.strip_prefix(':')).any(|spec| !spec.starts_with("64"))
}

/// The platform of a triple as any producer spells it.
fn platform_of(triple: &str) -> Option<Platform> {
    let mut parts = triple.split('-');
    let arch = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let has = |prefix: &str| rest.iter().any(|part| part.starts_with(prefix));
    // x32 and ILP32 are ABIs of their own.
    if rest.iter().any(|part| part.ends_with("x32") || part.contains("ilp32")) {
        return None;
    }
    match arch {
        "x86_64" | "amd64" if has("linux") && !has("android") => Some(Platform::Linux64),
        "x86_64" | "amd64" if has("win") || has("mingw") => Some(Platform::Win64),
        "aarch64" | "arm64" if has("linux") && !has("android") => Some(Platform::LinuxAarch64),
        "aarch64" | "arm64" if has("macos") || has("darwin") => Some(Platform::OsxArm64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_of_every_producer_are_recognised() {
        for (triple, platform) in [
            ("x86_64-unknown-linux-gnu", Some(Platform::Linux64)),
            ("x86_64-unknown-linux4.19.0-gnu2.17.0", Some(Platform::Linux64)),
            ("x86_64-pc-linux-musl", Some(Platform::Linux64)),
            ("x86_64-linux-gnux32", None),
            ("aarch64-unknown-linux-gnu", Some(Platform::LinuxAarch64)),
            ("aarch64_be-unknown-linux-gnu", None),
            ("aarch64-linux-android21", None),
            ("aarch64-linux-gnu_ilp32", None),
            ("arm64-apple-macosx14.0.0", Some(Platform::OsxArm64)),
            ("aarch64-unknown-macosx11.7.1-unknown", Some(Platform::OsxArm64)),
            ("arm64-apple-darwin22.0.0", Some(Platform::OsxArm64)),
            ("x86_64-apple-darwin22.0.0", None),
            ("x86_64-w64-windows-gnu", Some(Platform::Win64)),
            ("x86_64-unknown-windows10.0.0-gnu", Some(Platform::Win64)),
            ("x86_64-pc-windows-msvc19", Some(Platform::Win64)),
            ("x86_64-w64-mingw32", Some(Platform::Win64)),
            ("wasm32-unknown-unknown", None),
        ] {
            assert_eq!(platform_of(triple), platform, "{triple}");
        }
    }

    #[test]
    fn pointer_widths_are_read_from_the_layout() {
        assert!(has_small_pointers("e-m:e-p:32:32-i64:64"));
        assert!(!has_small_pointers("e-m:w-p270:32:32-p271:32:32-p272:64:64-i64:64"));
        assert!(!has_small_pointers("e-p:64:64"));
        assert!(!has_small_pointers(""));
    }
}
