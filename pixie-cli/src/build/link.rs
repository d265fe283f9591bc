//! `pixie link`: several modules become one, in which calls between them are ordinary calls, inlined where that pays.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use pixie_format::manifest::{Bitcode, Export};
use pixie_format::{IsaLevel, Module, Platform};
use pixie_jit::worker::Request;
use pixie_jit::{CompileRequest, Isa, JoinRequest, Output, Part};
use pixie_ld::build::{PackBitcode, PackInput, PackObject, pack};

use super::fuse::{foreign, joined, options};
use super::{compile_options, export_symbols, limited};
use crate::args::LinkArgs;
use crate::commands;
use crate::files;

pub fn run(args: &LinkArgs) -> Result<()> {
    files::check_folder(&args.output)?;
    files::check_not_input(&args.output, args.files.iter().map(std::path::PathBuf::as_path))?;
    let read: Vec<Vec<u8>> = args.files.iter().map(|path| files::read(path)).collect::<Result<_>>()?;
    let modules: Vec<Module<'_>> = args
        .files
        .iter()
        .zip(&read)
        .map(|(path, bytes)| commands::parse(path, bytes))
        .collect::<Result<_>>()?;
    let linked = Linked::new(args, &modules)?;
    let bytes = linked.build(args)?;
    files::write(&args.output, &bytes)?;
    if args.quiet {
        return Ok(());
    }
    let (shown, functions) = (args.output.display(), commands::counted(linked.exports.len(), "function"));
    let platforms: Vec<&str> = linked.targets.keys().map(|platform| platform.name()).collect();
    commands::print(&format!("{shown}: {functions} for {}, {} bytes\n", platforms.join(", "), bytes.len()))
}

/// What is linked.
struct Linked<'m> {
    names: Vec<String>,
    modules: &'m [Module<'m>],
    /// The exports of the result, and for each module the symbols that others may see.
    exports: Vec<Export>,
    visible: Vec<Vec<(String, String)>>,
    targets: BTreeMap<Platform, Vec<&'static IsaLevel>>,
}

impl<'m> Linked<'m> {
    fn new(args: &LinkArgs, modules: &'m [Module<'m>]) -> Result<Linked<'m>> {
        let names: Vec<String> = args.files.iter().map(|path| path.display().to_string()).collect();
        let mut exports: Vec<Export> = Vec::new();
        let mut visible = Vec::new();
        // Which module a symbol is of.
        let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, module) in modules.iter().enumerate() {
            let others: Vec<(usize, &Module<'_>)> =
                modules.iter().enumerate().filter(|(other, _)| *other != index).collect();
            let wanted: Vec<&str> = others
                .iter()
                .flat_map(|(_, other)| &other.manifest().imports)
                .filter(|import| import.foreign)
                .map(|import| import.name.as_str())
                .collect();
            let mut mine = Vec::new();
            for export in &module.manifest().exports {
                let exported = args.exports.is_empty() || args.exports.contains(&export.name);
                if !exported && !wanted.contains(&export.symbol.as_str()) {
                    continue;
                }
                let takes = |(_, other): &(usize, &Module<'_>)| {
                    other
                        .manifest()
                        .imports
                        .iter()
                        .any(|import| !import.foreign && import.name == export.symbol)
                };
                if let Some((other, _)) = others.iter().find(|other| takes(other)) {
                    bail!(
                        "`{}` exports `{}`, which `{}` takes from the system's libraries\nhint: build one of them with another name",
                        names[index],
                        export.symbol,
                        names[*other]
                    );
                }
                match owners.insert(&export.symbol, index) {
                    Some(other) if other != index => bail!(
                        "`{}` and `{}` both define `{}`\nhint: choose what to export with --export, or build one of them with another name",
                        names[other],
                        names[index],
                        export.symbol
                    ),
                    Some(_) => {}
                    None => mine.push((export.symbol.clone(), export.symbol.clone())),
                }
                if exported {
                    if exports.iter().any(|known| known.signature == export.signature) {
                        bail!(
                            "`{}` is exported by two of the modules\nhint: build one of them with another name",
                            export.signature
                        );
                    }
                    exports.push(export.clone());
                }
            }
            visible.push(mine);
        }
        if let Some(name) =
            args.exports.iter().find(|name| exports.iter().all(|export| export.name != **name))
        {
            bail!("none of the modules has a function `{name}`");
        }
        let targets = targets(args, modules)?;
        Ok(Linked { names, modules, exports, visible, targets })
    }

    fn build(&self, args: &LinkArgs) -> Result<Vec<u8>> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = limited(jobs, args.limits)?;
        // One joined module for each choice of entries; levels mostly share one.
        let mut joins: Vec<(Platform, Option<String>, Vec<&Bitcode>)> = Vec::new();
        let mut targets: Vec<(Platform, &'static IsaLevel, usize)> = Vec::new();
        for (platform, levels) in &self.targets {
            for level in levels {
                let entries = self.entries(*platform, level.name)?;
                let isa = entries.iter().any(|entry| entry.isa.is_some()).then(|| level.name.to_owned());
                let same = |(at, known, there): &(Platform, Option<String>, Vec<&Bitcode>)| {
                    at == platform && *known == isa && *there == entries
                };
                let index = joins.iter().position(same).unwrap_or_else(|| {
                    joins.push((*platform, isa.clone(), entries));
                    joins.len() - 1
                });
                targets.push((*platform, level, index));
            }
        }
        let request = |(platform, _, entries): &(Platform, Option<String>, Vec<&Bitcode>)| {
            let parts = entries.iter().enumerate().map(|(index, entry)| {
                let bitcode = self.modules[index].blob(entry.blob)?.to_vec();
                Ok(Part { name: self.names[index].clone(), bitcode, visible: self.visible[index].clone() })
            });
            Ok(Request::Join(JoinRequest {
                platform: *platform,
                parts: parts.collect::<Result<_>>()?,
                bound: None,
            }))
        };
        let replies = pool.run(joins.iter().map(request).collect::<Result<_>>()?);
        let bitcode: Vec<Vec<u8>> =
            replies.into_iter().map(|reply| Ok(reply?.into_compiled()?)).collect::<Result<_>>()?;
        let options = options(self.modules.iter().map(|module| &module.manifest().options));
        let exports = export_symbols(&self.exports)?;
        let compile = |(platform, level, index): &(Platform, &'static IsaLevel, usize)| {
            Request::Compile(CompileRequest {
                bitcode: bitcode[*index].clone(),
                platform: *platform,
                isa: Isa::from(*level),
                exports: exports.clone(),
                options: compile_options(&options),
                output: Output::Object,
                functions: Vec::new(),
            })
        };
        let replies = pool.run(targets.iter().map(compile).collect());
        let object =
            |((platform, level, _), reply): (&(Platform, &'static IsaLevel, usize), pixie_jit::Result<_>)| {
                let reply: pixie_jit::worker::Reply = reply?;
                Ok(PackObject { platform: *platform, isa: (*level).into(), bytes: reply.into_compiled()? })
            };
        let objects = targets.iter().zip(replies).map(object).collect::<Result<_>>()?;
        let defined: Vec<&str> = self.visible.iter().flatten().map(|(symbol, _)| symbol.as_str()).collect();
        let mut allowed_imports = foreign(self.modules);
        allowed_imports.retain(|name| !defined.contains(&name.as_str()));
        Ok(pack(PackInput {
            name: name(args)?,
            producer: crate::PRODUCER.to_owned(),
            doc: args.doc.clone().or_else(|| self.doc()),
            metadata: None,
            exports: self.exports.clone(),
            options,
            bitcode: entries(&joins, bitcode),
            objects,
            allowed_imports,
            origin: None,
        })?)
    }

    /// What the modules say of themselves.
    fn doc(&self) -> Option<String> {
        let docs: Vec<&str> = self
            .modules
            .iter()
            .filter_map(|module| Some(module.manifest().doc.as_ref()?.trim_end()))
            .collect();
        (!docs.is_empty()).then(|| docs.join("\n\n"))
    }

    /// Each module's bitcode for a level.
    fn entries(&self, platform: Platform, level: &str) -> Result<Vec<&'m Bitcode>> {
        let one = |(module, name): (&'m Module<'m>, &String)| {
            let entry = module.manifest().bitcode_for(platform.name(), level);
            let entry = entry.filter(|entry| !module.manifest().blob(entry.blob).absent);
            entry.with_context(|| {
                format!("`{name}` holds no bitcode for {platform}\nhint: take the full module")
            })
        };
        self.modules.iter().zip(&self.names).map(one).collect()
    }
}

/// The joined bitcode as the manifest lists it: what is the same for several platforms, once.
fn entries(joins: &[(Platform, Option<String>, Vec<&Bitcode>)], bitcode: Vec<Vec<u8>>) -> Vec<PackBitcode> {
    let mut all: Vec<PackBitcode> = Vec::new();
    for ((platform, isa, entries), bytes) in joins.iter().zip(bitcode) {
        match all.iter_mut().find(|known| known.neutral && known.isa == *isa && known.bytes == bytes) {
            Some(known) if isa.is_none() => known.platforms.push(*platform),
            _ => all.push(joined(entries, vec![*platform], isa.clone(), bytes)),
        }
    }
    all
}

/// The platforms and levels that all modules have.
fn targets(args: &LinkArgs, modules: &[Module<'_>]) -> Result<BTreeMap<Platform, Vec<&'static IsaLevel>>> {
    let mut targets = BTreeMap::new();
    for platform in Platform::ALL {
        if !args.platforms.is_empty() && !args.platforms.contains(&platform) {
            continue;
        }
        let has = |module: &Module<'_>, level: &IsaLevel| {
            let entry = module.manifest().platform(platform);
            entry.is_some_and(|entry| entry.variants.iter().any(|variant| variant.isa == level.name))
        };
        let levels: Vec<&'static IsaLevel> = platform
            .levels()
            .iter()
            .filter(|level| modules.iter().all(|module| has(module, level)))
            .collect();
        if !levels.is_empty() {
            targets.insert(platform, levels);
        } else if args.platforms.contains(&platform) {
            bail!("not all of the modules have code for {platform} at a common level");
        }
    }
    if targets.is_empty() {
        bail!("the modules have no platform and level in common\nhint: build them for the same platforms");
    }
    Ok(targets)
}

/// The module's name: the given one, or that of the file.
fn name(args: &LinkArgs) -> Result<String> {
    let stem = args.output.file_stem().and_then(|stem| stem.to_str());
    args.name
        .clone()
        .or_else(|| stem.map(str::to_owned))
        .context("the output's name is no text\nhint: give --name")
}
