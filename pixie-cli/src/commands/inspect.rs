//! `pixie inspect`: what a module holds, as text or JSON, as a stub, or as code in one of its forms.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use pixie_format::manifest::{Bitcode, BlobId};
use pixie_format::{Manifest, Module};
use serde_json::{Value, json};

use super::{parse, platform_entry, platform_or_host, print, print_json, pyi, variant};
use crate::args::InspectArgs;
use crate::build::{self, CodeForm};
use crate::files;

pub fn run(args: &InspectArgs) -> Result<()> {
    let bytes = files::read(&args.file)?;
    let module = parse(&args.file, &bytes)?;
    let named = || format!("`{}`", args.file.display());
    super::check_build_id(args.build_id.as_deref(), &module).with_context(named)?;
    if args.json {
        return print_json(&to_json(&module)?);
    }
    if args.pyi {
        return print(&pyi::stub(module.manifest()).with_context(named)?);
    }
    if args.llvm || args.asm || args.cfg || args.disasm {
        return print(&code(args, &module).with_context(named)?);
    }
    print(&to_text(&args.file, bytes.len(), &module)?)
}

/// The stable JSON form (the keys `name` to `platforms` never change meaning).
pub fn to_json(module: &Module<'_>) -> Result<Value> {
    let manifest = module.manifest();
    let blob = |id: BlobId| manifest.blob(id);
    let exports: Vec<Value> = manifest
        .exports
        .iter()
        .map(|export| json!({"name": export.name, "signature": export.signature, "symbol": export.symbol, "thunk": export.thunk, "ufunc": export.ufunc.as_ref().map(|ufunc| &ufunc.inner_loop), "doc": export.doc}))
        .collect();
    let bitcode: Vec<Value> = manifest
        .bitcode
        .iter()
        .map(|bitcode| {
            json!({
                "platforms": bitcode.platforms,
                "size": blob(bitcode.blob).size,
                "hash": blob(bitcode.blob).hash.to_string(),
                "neutral": bitcode.neutral,
                "isa": bitcode.isa,
                "llvm": bitcode.llvm,
                "producers": bitcode.producers,
                "present": module.has(bitcode.blob),
            })
        })
        .collect();
    let mut platforms = serde_json::Map::new();
    for (name, entry) in &manifest.platforms {
        let variants: Vec<Value> = entry
            .variants
            .iter()
            .map(|variant| {
                let imports: Vec<&str> = variant
                    .imports
                    .iter()
                    .map(|index| manifest.imports[*index as usize].name.as_str())
                    .collect();
                json!({
                    "isa": variant.isa,
                    "features": variant.features,
                    "size": blob(variant.object).size,
                    "hash": blob(variant.object).hash.to_string(),
                    "imports": imports,
                    "present": module.has(variant.object),
                    "image": variant.image.map(|id| {
                        json!({"size": blob(id).size, "hash": blob(id).hash.to_string(), "present": module.has(id)})
                    }),
                })
            })
            .collect();
        platforms.insert(
            name.clone(),
            json!({"triple": entry.triple, "object_format": entry.object_format, "variants": variants}),
        );
    }
    let header = module.header();
    Ok(json!({
        "name": manifest.name,
        "format": format!("{}.{}", header.major, header.minor),
        "build_id": module.build_id()?.to_string(),
        "producer": manifest.producer,
        "size": header.file_len,
        "options": {"opt": manifest.options.opt, "debug": manifest.options.debug, "reproducible": manifest.options.reproducible},
        "exports": exports,
        "imports": manifest.imports.iter().map(|import| import.name.as_str()).collect::<Vec<_>>(),
        "bitcode": bitcode,
        "platforms": platforms,
    }))
}

fn to_text(path: &Path, size: usize, module: &Module<'_>) -> Result<String> {
    let manifest = module.manifest();
    let header = module.header();
    let mut out = String::new();
    writeln!(
        out,
        "{}: module `{}`, {size} bytes, format {}.{}, made by {}",
        path.display(),
        manifest.name,
        header.major,
        header.minor,
        manifest.producer
    )?;
    writeln!(out, "build id  {}", module.build_id()?)?;
    writeln!(out, "\nexports")?;
    for export in &manifest.exports {
        let ufunc = if export.ufunc.is_some() { "ufunc " } else { "" };
        writeln!(out, "  {ufunc}{}", export.signature)?;
    }
    out.push_str(&platform_table(module)?);
    writeln!(out, "\nbitcode")?;
    for bitcode in &manifest.bitcode {
        writeln!(out, "  {}", bitcode_line(module, bitcode))?;
    }
    let imports: Vec<&str> = manifest.imports.iter().map(|import| import.name.as_str()).collect();
    writeln!(out, "\nimports   {}", if imports.is_empty() { "none".to_owned() } else { imports.join(" ") })?;
    Ok(out)
}

/// One line for each variant; an object that several levels share is named once.
pub fn platform_table(module: &Module<'_>) -> Result<String> {
    let manifest = module.manifest();
    let mut out = String::new();
    writeln!(
        out,
        "\n{:<15} {:<7} {:<11} {:>8} {:>8}  object",
        "platform", "format", "level", "bytes", "image"
    )?;
    for (name, entry) in &manifest.platforms {
        let mut seen: Vec<(BlobId, &str)> = Vec::new();
        for variant in &entry.variants {
            let note = match seen.iter().find(|(object, _)| *object == variant.object) {
                Some((_, isa)) => format!("same as {isa}"),
                None if !module.has(variant.object) => "thinned away".to_owned(),
                None => manifest.blob(variant.object).hash.to_string()[..16].to_owned(),
            };
            seen.push((variant.object, &variant.isa));
            let size = manifest.blob(variant.object).size;
            let image = variant.image.map_or("-".to_owned(), |id| manifest.blob(id).size.to_string());
            writeln!(
                out,
                "{name:<15} {:<7} {:<11} {size:>8} {image:>8}  {note}",
                entry.object_format, variant.isa
            )?;
        }
    }
    Ok(out)
}

fn bitcode_line(module: &Module<'_>, bitcode: &Bitcode) -> String {
    let serves = match (&bitcode.isa, bitcode.neutral) {
        (Some(isa), _) => format!("{} {isa}", bitcode.platforms.join(" ")),
        (None, true) => "every platform".to_owned(),
        (None, false) => bitcode.platforms.join(" "),
    };
    let absent = if module.has(bitcode.blob) { "" } else { ", thinned away" };
    let size = module.manifest().blob(bitcode.blob).size;
    format!("{serves}: {size} bytes, LLVM {}{absent}", bitcode.llvm)
}

/// The code of a variant in the form that was asked for.
fn code(args: &InspectArgs, module: &Module<'_>) -> Result<String> {
    let manifest = module.manifest();
    let platform = platform_or_host(args.platform)?;
    let entry = platform_entry(manifest, platform)?;
    let chosen = match &args.isa {
        Some(isa) => variant(entry, platform, isa)?,
        None if platform == platform_or_host(None)? => {
            let host = pixie_ld::Host::detect()?;
            &entry.variants[pixie_ld::select::select(&manifest.name, entry, host, None)?.index]
        }
        None => variant(entry, platform, "baseline")?,
    };
    let functions = symbols(manifest, &args.functions);
    if args.disasm {
        return build::disassembly(module.blob(chosen.object)?, platform, functions);
    }
    let bitcode = manifest
        .bitcode_of(platform, chosen)
        .ok_or_else(|| anyhow!("the module holds no bitcode for {platform}"))?;
    let bytes = module.blob(bitcode.blob)?;
    let form = match args {
        InspectArgs { llvm: true, isa: None, .. } => return build::stored_ir(bytes, functions),
        InspectArgs { llvm: true, .. } => CodeForm::Ir,
        InspectArgs { cfg: true, .. } => CodeForm::Graph,
        _ => CodeForm::Assembly,
    };
    build::compiled_text(manifest, bytes, platform, chosen, form, functions)
}

/// The symbols behind names: those of all exports of a name, or else the name itself.
fn symbols(manifest: &Manifest, names: &[String]) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for name in names {
        let exports = manifest.exports.iter().filter(|export| export.name == *name);
        let mut behind: Vec<&String> = exports.map(|export| &export.symbol).collect();
        if behind.is_empty() {
            behind.push(name);
        }
        for symbol in behind {
            if !symbols.contains(symbol) {
                symbols.push(symbol.clone());
            }
        }
    }
    symbols
}
