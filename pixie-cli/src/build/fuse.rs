//! `pixie fuse`: a function with some of its arguments known, numbers or functions of other modules, optimised as one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::manifest::{Bitcode, Export, Options};
use pixie_format::signature::{Known, ScalarKind, Type};
use pixie_format::{BuildId, Module, Platform, Signature, thunk};
use pixie_jit::worker::Request;
use pixie_jit::{Argument, BoundFunction, CompileRequest, JoinRequest, Output, Part};
use pixie_ld::build::{PackBitcode, PackInput, PackIsa, PackObject, pack};

use super::specialize::{self, STDOUT, Wanted, bitcode_for};
use super::{Pool, compile_options, export_symbols, limited};
use crate::args::FuseArgs;
use crate::commands::{self, values};
use crate::files;

/// How the bits of an argument's slot are written.
const BITS: &str = "bits:";

pub fn run(args: &FuseArgs) -> Result<()> {
    if args.output.as_os_str() != STDOUT {
        files::check_folder(&args.output)?;
    }
    let platform = commands::platform_or_host(None)?;
    let plan = Plan::new(args, platform)?;
    if args.output.as_os_str() != STDOUT {
        files::check_not_input(&args.output, plan.files.iter().map(|file| file.path.as_path()))?;
    }
    let pool = limited(1, args.limits)?;
    let wanted = specialize::processor(
        args.cpu.as_deref().unwrap_or("native"),
        platform,
        args.features.as_deref(),
        &pool,
    )?;
    let bytes = plan.build(&wanted, &pool)?;
    specialize::put(&args.output, &bytes)?;
    if args.quiet || args.output.as_os_str() == STDOUT {
        return Ok(());
    }
    let (shown, signature) = (args.output.display(), &plan.signature);
    commands::print(&format!("{shown}: `{signature}` for {}, {} bytes\n", wanted.isa.name, bytes.len()))
}

/// A module that takes part.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    build_id: BuildId,
}

/// What is made of what.
struct Plan {
    platform: Platform,
    /// The function's own module first, each module once.
    files: Vec<File>,
    /// The functions that take part: module, export; the one that is bound first.
    functions: Vec<(usize, Export)>,
    arguments: Vec<Argument>,
    export: Export,
    signature: Signature,
}

impl Plan {
    fn new(args: &FuseArgs, platform: Platform) -> Result<Plan> {
        let mut ids = args.build_ids.iter().map(String::as_str);
        let mut files = Vec::new();
        let own = add(&mut files, &args.file, ids.next())?;
        let export = find(&files[own], &args.function)?;
        let signature = Signature::parse(&export.signature)?;
        let mut functions = vec![(own, export.clone())];
        let mut arguments = vec![Argument::Passed; signature.params.len()];
        let mut known = vec![Known::No; signature.params.len()];
        for text in &args.with {
            let parts = text.split_once('=').and_then(|(name, place)| Some((name, place.rsplit_once(':')?)));
            let Some((name, (file, function))) = parts else {
                bail!("`--with {text}` is not of the form PARAMETER=FILE:FUNCTION");
            };
            let index = index_of(&signature, &mut known, name)?;
            if signature.params[index].ty != Type::Ptr {
                bail!(
                    "the parameter `{name}` of `{signature}` takes no function\nhint: one that does is a pointer in C, `{name}: ptr` in the signature"
                );
            }
            let file = add(&mut files, Path::new(file), ids.next())?;
            let found = find(&files[file], function)?;
            // A function that takes part already does so under one name.
            let same = |(other, export): &(usize, Export)| *other == file && export.symbol == found.symbol;
            let at = functions.iter().position(same).unwrap_or(functions.len());
            arguments[index] = Argument::Function(joined_name(at, &found.symbol));
            if at == functions.len() {
                functions.push((file, found));
            }
        }
        for text in &args.values {
            let Some((name, value)) = text.split_once('=') else {
                bail!("`--value {text}` is not of the form PARAMETER=VALUE");
            };
            let index = index_of(&signature, &mut known, name)?;
            let Type::Scalar(scalar) = signature.params[index].ty else {
                bail!("the parameter `{name}` of `{signature}` is no number, and cannot be a constant");
            };
            let bits = match value.strip_prefix(BITS) {
                Some(digits) => u64::from_str_radix(digits, 16)?,
                None => values::slot(value, scalar, platform).with_context(|| format!("`--value {text}`"))?,
            };
            known[index] = match scalar.kind() {
                ScalarKind::Signed => Known::Integer(i128::from(bits as i64)),
                ScalarKind::Unsigned => Known::Integer(i128::from(bits)),
                _ => Known::Yes,
            };
            arguments[index] = Argument::Bits(bits);
        }
        if known.iter().all(|known| *known == Known::No) {
            bail!("nothing is known of `{signature}`\nhint: give functions by --with, numbers by --value");
        }
        let signature = signature.bound(&known).map_err(|what| anyhow!("`{signature}`: {what}"))?;
        let export = bound_export(export, &signature, &known);
        Ok(Plan { platform, files, functions, arguments, export, signature })
    }

    fn build(&self, wanted: &Wanted, pool: &Pool) -> Result<Vec<u8>> {
        let modules: Vec<Module<'_>> =
            self.files.iter().map(|file| commands::parse(&file.path, &file.bytes)).collect::<Result<_>>()?;
        let mut entries: Vec<&Bitcode> = Vec::new();
        let mut parts = Vec::new();
        for (index, (module, file)) in modules.iter().zip(&self.files).enumerate() {
            let name = file.path.display().to_string();
            let entry = bitcode_for(module.manifest(), self.platform, wanted.features)
                .with_context(|| format!("`{name}`"))?;
            let mine = self.functions.iter().enumerate().filter(|(_, (file, _))| *file == index);
            let visible =
                mine.map(|(at, (_, export))| (export.symbol.clone(), joined_name(at, &export.symbol)));
            let visible = visible.collect();
            parts.push(Part { name, bitcode: module.blob(entry.blob)?.to_vec(), visible });
            entries.push(entry);
        }
        let bound = BoundFunction {
            symbol: self.export.symbol.clone(),
            calls: joined_name(0, &self.export.symbol),
            arguments: self.arguments.clone(),
        };
        let request = JoinRequest { platform: self.platform, parts, bound: Some(bound) };
        let bitcode = ask(pool, Request::Join(request))?;
        let options = options(modules.iter().map(|module| &module.manifest().options));
        let object = ask(
            pool,
            Request::Compile(CompileRequest {
                bitcode: bitcode.clone(),
                platform: self.platform,
                isa: wanted.isa.clone(),
                exports: export_symbols(std::slice::from_ref(&self.export))?,
                options: compile_options(&options),
                output: Output::Object,
                functions: Vec::new(),
            }),
        )?;
        let manifest = modules[0].manifest();
        let isa = PackIsa { name: wanted.isa.name.clone(), features: wanted.features };
        Ok(pack(PackInput {
            name: manifest.name.clone(),
            producer: crate::PRODUCER.to_owned(),
            doc: None,
            metadata: None,
            exports: vec![self.export.clone()],
            options,
            bitcode: vec![joined(&entries, vec![self.platform], None, bitcode)],
            objects: vec![PackObject { platform: self.platform, isa, bytes: object }],
            allowed_imports: foreign(&modules),
            origin: None,
        })?)
    }
}

/// The place of the parameter `name`, about which something is said for the first time.
fn index_of(signature: &Signature, known: &mut [Known], name: &str) -> Result<usize> {
    let Some(index) = signature.params.iter().position(|param| param.name == name) else {
        bail!("`{signature}` has no parameter `{name}`");
    };
    if known[index] != Known::No {
        bail!("the parameter `{name}` of `{}` is given twice", signature.name);
    }
    known[index] = Known::Yes;
    Ok(index)
}

/// The name in the joined bitcode of the function that takes part at this place.
fn joined_name(at: usize, symbol: &str) -> String {
    format!("{symbol}.{at}")
}

fn ask(pool: &Pool, request: Request) -> Result<Vec<u8>> {
    let reply = pool.run(vec![request]).pop();
    Ok(reply.ok_or_else(|| anyhow!("no answer from the compile worker"))??.into_compiled()?)
}

/// Reads a module, unless it is there already; where it stands.
fn add(files: &mut Vec<File>, path: &Path, build_id: Option<&str>) -> Result<usize> {
    let bytes = files::read(path)?;
    let module = commands::parse(path, &bytes)?;
    commands::check_build_id(build_id, &module).with_context(|| format!("`{}`", path.display()))?;
    let found = module.build_id()?;
    if let Some(index) = files.iter().position(|file| file.build_id == found) {
        return Ok(index);
    }
    files.push(File { path: path.to_owned(), bytes, build_id: found });
    Ok(files.len() - 1)
}

/// The export that `text` names: by name, by symbol, or as `@N` by its place.
fn find(file: &File, text: &str) -> Result<Export> {
    let module = commands::parse(&file.path, &file.bytes)?;
    let exports = &module.manifest().exports;
    let by_place = || text.strip_prefix('@')?.parse::<usize>().ok().and_then(|index| exports.get(index));
    let named: Vec<&Export> = exports.iter().filter(|export| export.name == text).collect();
    let of_symbol: Vec<&Export> = exports.iter().filter(|export| export.symbol == text).collect();
    let path = file.path.display();
    let found = match (by_place(), named.as_slice(), of_symbol.as_slice()) {
        (Some(export), _, _) | (None, &[export], _) | (None, [], &[export]) => export,
        (None, [], []) => {
            let names: Vec<&str> = exports.iter().map(|export| export.name.as_str()).collect();
            bail!("`{path}` has no function `{text}`\nhint: it has {}", names.join(", "))
        }
        _ => {
            let symbols: Vec<&str> = named.iter().map(|export| export.symbol.as_str()).collect();
            bail!(
                "`{path}` has several functions `{text}`\nhint: name one by its symbol: {}",
                symbols.join(", ")
            )
        }
    };
    if found.ufunc.is_some() {
        bail!(
            "`{text}` of `{path}` is a ufunc, which is called for each element\nhint: export the function under another name, too"
        );
    }
    Ok(found.clone())
}

/// The export of a function without the parameters that are known.
fn bound_export(export: Export, signature: &Signature, known: &[Known]) -> Export {
    let stays = |index: u32| known.get(index as usize) == Some(&Known::No);
    let place = |index: u32| (0..index).filter(|before| stays(*before)).count() as u32;
    Export {
        signature: signature.to_string(),
        thunk: thunk::symbol(&export.symbol),
        restrict: export.restrict.iter().filter(|index| stays(**index)).map(|index| place(*index)).collect(),
        metadata: None,
        ..export
    }
}

/// The options of code that is made of several modules': what one of them promises must hold for all.
pub(super) fn options<'m>(all: impl Iterator<Item = &'m Options>) -> Options {
    all.fold(Options { opt: 0, debug: false, reproducible: false }, |sum, one| Options {
        opt: sum.opt.max(one.opt),
        debug: sum.debug || one.debug,
        reproducible: sum.reproducible || one.reproducible,
    })
}

/// What the manifest says of bitcode that was joined from `entries`.
pub(super) fn joined(
    entries: &[&Bitcode],
    platforms: Vec<Platform>,
    isa: Option<String>,
    bytes: Vec<u8>,
) -> PackBitcode {
    let mut producers: Vec<String> = entries.iter().flat_map(|entry| entry.producers.clone()).collect();
    producers.sort_unstable();
    producers.dedup();
    let fixed = entries.iter().find(|entry| !entry.neutral);
    PackBitcode {
        platforms,
        neutral: fixed.is_none(),
        isa,
        llvm: pixie_jit::llvm_version(),
        producers,
        triple: fixed.map(|entry| entry.triple.clone()).unwrap_or_default(),
        data_layout: fixed.map(|entry| entry.data_layout.clone()).unwrap_or_default(),
        bytes,
    }
}

/// The symbols beyond the runtime's list that the modules may need.
pub(super) fn foreign(modules: &[Module<'_>]) -> Vec<String> {
    let imports = modules.iter().flat_map(|module| &module.manifest().imports);
    let mut names: Vec<String> =
        imports.filter(|import| import.foreign).map(|import| import.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
