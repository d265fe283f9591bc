//! `pixie specialize`: a module's bitcode compiled again for kinds of processors, to a module that the loader prefers where it fits.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::manifest::{Bitcode, Manifest};
use pixie_format::{FeatureSet, Module, Platform};
use pixie_jit::worker::{Reply, Request};
use pixie_jit::{CompileRequest, Isa, Output, ProcessorRequest};
use pixie_ld::build::{PackBitcode, PackInput, PackIsa, PackObject, pack};

use super::{Pool, compile_options, export_symbols, limited};
use crate::args::SpecializeArgs;
use crate::commands;
use crate::files;

/// What is written in the place of a file's name.
pub(super) const STDOUT: &str = "-";

pub fn run(args: &SpecializeArgs) -> Result<()> {
    let named = || format!("`{}`", args.file.display());
    let bytes = files::read(&args.file)?;
    let module = commands::parse(&args.file, &bytes)?;
    commands::check_build_id(args.build_id.as_deref(), &module).with_context(named)?;
    let platform = commands::platform_or_host(args.platform)?;
    let output = args.output.clone().unwrap_or_else(|| pixie_ld::side_file(&args.file));
    if output.as_os_str() != STDOUT {
        files::check_folder(&output)?;
        files::check_not_input(&output, [args.file.as_path()])?;
    }
    let pool = limited(std::thread::available_parallelism().map_or(1, usize::from), args.limits)?;
    let wanted = processors(args, platform, &pool)?;
    let mut objects = compile(&module, platform, &wanted, &pool).with_context(named)?;
    if args.output.is_none() {
        keep(&mut objects, &output, &module, platform, args.quiet)?;
    }
    let names: Vec<String> = objects.iter().map(|object| object.isa.name.clone()).collect();
    let bytes = packed(&module, platform, objects).with_context(named)?;
    put(&output, &bytes).map_err(|error| match args.output {
        Some(_) => error,
        None => anyhow!(
            "{error:#}\nhint: name another file with -o; or PIXIE_JIT=native, which compiles at import and keeps the result in the user's cache"
        ),
    })?;
    if output.as_os_str() == STDOUT {
        return Ok(());
    }
    report(args, &output, platform, &names, &bytes)
}

/// Writes a module to a file, or to standard output.
pub(super) fn put(output: &Path, bytes: &[u8]) -> Result<()> {
    if output.as_os_str() == STDOUT {
        std::io::stdout().lock().write_all(bytes)?;
        return Ok(std::io::stdout().flush()?);
    }
    files::write(output, bytes)
}

/// What to compile for: a name, and what such a processor has.
pub(super) struct Wanted {
    pub isa: Isa,
    pub features: FeatureSet,
}

fn processors(args: &SpecializeArgs, platform: Platform, pool: &Pool) -> Result<Vec<Wanted>> {
    let native = vec!["native".to_owned()];
    let names = if args.cpus.is_empty() { &native } else { &args.cpus };
    let mut wanted: Vec<Wanted> = Vec::new();
    for name in names {
        let one = processor(name, platform, args.features.as_deref(), pool)?;
        if wanted.iter().all(|known| known.isa.name != one.isa.name) {
            wanted.push(one);
        }
    }
    Ok(wanted)
}

/// What a processor's name stands for; `having` are the features of `native`.
pub(super) fn processor(name: &str, platform: Platform, having: Option<&str>, pool: &Pool) -> Result<Wanted> {
    if let Some(level) = platform.levels().iter().find(|level| level.name == name) {
        return Ok(Wanted { isa: Isa::from(level), features: level.features });
    }
    let native = name == "native";
    if native && Platform::host() != Some(platform) {
        bail!(
            "`native` is a processor of this machine, which is not {platform}\nhint: name the processor, for example `--cpu {}`",
            platform.levels().last().map_or("generic", |level| level.llvm_cpu)
        );
    }
    let asked = ProcessorRequest { platform, name: (!native).then(|| name.to_owned()) };
    let reply = pool.run(vec![Request::Processor(asked)]).pop();
    let told = reply.ok_or_else(|| anyhow!("no answer from the compile worker"))??.into_processor()?;
    let features = match (native, having) {
        (false, _) => set(told.features.iter().map(String::as_str))?,
        // A loader asks for what its own process has, which may run under an emulator.
        (true, Some(having)) => set(having.split_whitespace())?,
        // A hypervisor may hide what the model has, and the operating system counts.
        (true, None) => pixie_ld::Host::detect()?.features,
    };
    let isa = Isa::for_processor(platform, &told.name, features).ok_or_else(|| {
        let lowest = &platform.levels()[0];
        anyhow!(
            "the processor `{}` is below every level of {platform}: it lacks {}\nhint: choose a later one",
            told.name,
            lowest.features.difference(features)
        )
    })?;
    Ok(Wanted { isa, features })
}

fn compile(
    module: &Module<'_>,
    platform: Platform,
    wanted: &[Wanted],
    pool: &Pool,
) -> Result<Vec<PackObject>> {
    let manifest = module.manifest();
    let exports = export_symbols(&manifest.exports)?;
    let request = |wanted: &Wanted| {
        let bitcode = bitcode_for(manifest, platform, wanted.features)?;
        Ok(Request::Compile(CompileRequest {
            bitcode: module.blob(bitcode.blob)?.to_vec(),
            platform,
            isa: wanted.isa.clone(),
            exports: exports.clone(),
            options: compile_options(&manifest.options),
            output: Output::Object,
            functions: Vec::new(),
        }))
    };
    let replies = pool.run(wanted.iter().map(request).collect::<Result<_>>()?);
    let object = |(wanted, reply): (&Wanted, pixie_jit::Result<Reply>)| {
        let isa = PackIsa { name: wanted.isa.name.clone(), features: wanted.features };
        Ok(PackObject { platform, isa, bytes: reply?.into_compiled()? })
    };
    wanted.iter().zip(replies).map(object).collect()
}

fn set<'f>(names: impl Iterator<Item = &'f str>) -> Result<FeatureSet> {
    let mut features = FeatureSet::default();
    for name in names {
        features.insert(name.parse()?);
    }
    Ok(features)
}

/// The bitcode for a processor: that of the highest level that it has.
pub(super) fn bitcode_for(manifest: &Manifest, platform: Platform, features: FeatureSet) -> Result<&Bitcode> {
    let level = platform.highest_level(features).map_or("", |level| level.name);
    let Some(bitcode) = manifest.bitcode_for(platform.name(), level) else {
        let mut there: Vec<&str> =
            manifest.bitcode.iter().flat_map(|bitcode| &bitcode.platforms).map(String::as_str).collect();
        there.dedup();
        bail!(
            "the module holds no bitcode for {platform}: {}\nhint: build it with `--platform {platform}`, or from input without a triple, which serves every platform",
            match there.is_empty() {
                true => "it holds none at all".to_owned(),
                false => format!("its bitcode was made for {} alone", there.join(", ")),
            }
        )
    };
    if manifest.blob(bitcode.blob).absent {
        bail!(
            "the bitcode for {platform} was thinned away\nhint: take the full module, or the copy that was thinned to {platform}"
        );
    }
    Ok(bitcode)
}

/// Adds what the side file has for other processors, if it was made of this module.
fn keep(
    objects: &mut Vec<PackObject>,
    side: &Path,
    module: &Module<'_>,
    platform: Platform,
    quiet: bool,
) -> Result<()> {
    if !side.exists() {
        return Ok(());
    }
    let bytes = files::read(side)?;
    let before =
        Module::parse(&bytes).and_then(|before| Ok((before.build_id()? == module.build_id()?, before)));
    let Ok((true, before)) = before else {
        if !quiet {
            eprintln!("note: `{}` was made of another build of the module and is replaced", side.display());
        }
        return Ok(());
    };
    let Some(entry) = before.manifest().platform(platform) else { return Ok(()) };
    for variant in &entry.variants {
        let made_again = objects.iter().any(|object| object.isa.name == variant.isa);
        let (features, unknown) = variant.feature_set();
        if !made_again
            && unknown.is_empty()
            && let Ok(bytes) = before.blob(variant.object)
        {
            let isa = PackIsa { name: variant.isa.clone(), features };
            objects.push(PackObject { platform, isa, bytes: bytes.to_vec() });
        }
    }
    Ok(())
}

/// The specialised module: everything as in the module that it was made of, but for the variants (spec §5.3).
fn packed(module: &Module<'_>, platform: Platform, objects: Vec<PackObject>) -> Result<Vec<u8>> {
    let manifest = module.manifest();
    let mut bitcode: Vec<PackBitcode> = Vec::new();
    for object in &objects {
        let entry = bitcode_for(manifest, platform, object.isa.features)?;
        let bytes = module.blob(entry.blob)?;
        if bitcode.iter().any(|known| known.isa == entry.isa && known.bytes == bytes) {
            continue;
        }
        bitcode.push(PackBitcode {
            platforms: vec![platform],
            neutral: entry.neutral,
            isa: entry.isa.clone(),
            llvm: entry.llvm.clone(),
            producers: entry.producers.clone(),
            triple: entry.triple.clone(),
            data_layout: entry.data_layout.clone(),
            bytes: bytes.to_vec(),
        });
    }
    let foreign = manifest.imports.iter().filter(|import| import.foreign);
    Ok(pack(PackInput {
        name: manifest.name.clone(),
        producer: crate::PRODUCER.to_owned(),
        doc: manifest.doc.clone(),
        metadata: manifest.metadata.clone(),
        exports: manifest.exports.clone(),
        options: manifest.options.clone(),
        bitcode,
        objects,
        allowed_imports: foreign.map(|import| import.name.clone()).collect(),
        origin: Some(module.build_id()?),
    })?)
}

fn report(
    args: &SpecializeArgs,
    output: &Path,
    platform: Platform,
    names: &[String],
    bytes: &[u8],
) -> Result<()> {
    if args.json {
        let mut value = commands::inspect::to_json(&Module::parse(bytes)?)?;
        value["file"] = output.display().to_string().into();
        return commands::print_json(&value);
    }
    if args.quiet {
        return Ok(());
    }
    let (shown, names) = (output.display(), names.join(", "));
    commands::print(&format!("{shown}: {platform} for {names}, {} bytes\n", bytes.len()))
}
