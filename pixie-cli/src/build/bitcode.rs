//! Sources to prepared bitcode: once if they are target-neutral, else for each platform, or for each level.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use pixie_format::{IsaLevel, Platform};
use pixie_jit::worker::{Reply, Request};
use pixie_jit::{FunctionInfo, PrepareOptions, PrepareRequest, Prepared as Output, Source as Input, Warning};
use pixie_ld::build::PackBitcode;
use rayon::prelude::*;

use super::Pool;
use super::plan::{Plan, Source};
use super::progress::Progress;
use crate::args::PerLevel;
use crate::files;
use crate::frontend::library::{self, Unit};
use crate::frontend::{self, Compiled, Compiler, Language};

/// The bitcode of a build.
pub struct Prepared {
    /// By platform, and by level where the front end ran for each.
    by_target: BTreeMap<(Platform, Option<&'static str>), Output>,
}

/// One run of the front end and of `prepare`: for a platform's lowest level, or for another.
type Target = (Platform, Option<&'static IsaLevel>);

pub fn prepare(plan: &Plan, pool: &Pool, progress: &Progress) -> Result<Prepared> {
    progress.phase("compiling sources");
    let llvm_inputs = read_llvm(plan)?;
    let platforms: Vec<Target> = plan.platforms.iter().map(|(platform, _)| (*platform, None)).collect();
    let mut inputs = front_end(plan, &platforms, &llvm_inputs, progress)?;
    let groups = match plan.per_level {
        PerLevel::Never => Vec::new(),
        PerLevel::Always => each_level(plan),
        PerLevel::Auto => level_groups(plan, &inputs)?,
    };
    // The run for a whole platform serves the levels that no group has.
    let grouped = |platform: Platform| groups.iter().filter(move |group| group.platform == platform);
    inputs.retain(|input| {
        let (_, levels) = plan
            .platforms
            .iter()
            .find(|(platform, _)| *platform == input.target.0)
            .unwrap_or(&plan.platforms[0]);
        grouped(input.target.0).map(|group| group.levels.len()).sum::<usize>() < levels.len()
    });
    let targets: Vec<Target> =
        groups.iter().map(|group| (group.platform, group.levels.first().copied())).collect();
    inputs.extend(front_end(plan, &targets, &llvm_inputs, progress)?);
    add_library(plan, &mut inputs)?;
    progress.phase("preparing bitcode");
    let requests = inputs
        .iter()
        .map(|input| {
            Request::Prepare(PrepareRequest {
                sources: input.sources.clone(),
                library: input.library.clone(),
                platform: input.target.0,
                roots: plan.exports.iter().map(|wanted| wanted.spec.symbol.clone()).collect(),
                options: PrepareOptions { portable: plan.portable, debug: plan.options.debug },
            })
        })
        .collect();
    let mut by_target = BTreeMap::new();
    for (input, output) in inputs.iter().zip(pool.run(requests)) {
        let output = output.and_then(Reply::into_prepared)?;
        let (platform, first) = input.target;
        for level in levels_of(plan, &groups, platform, first) {
            by_target.insert((platform, level), output.clone());
        }
    }
    warn(plan, &by_target, progress);
    let mut prepared = Prepared { by_target };
    prepared.fold_equal_levels();
    Ok(prepared)
}

/// Levels of a platform that one run of the front end serves, which is for the first of them.
struct Group {
    platform: Platform,
    levels: Vec<&'static IsaLevel>,
}

fn each_level(plan: &Plan) -> Vec<Group> {
    if !plan.has_c() {
        return Vec::new();
    }
    let one = |(platform, level)| Group { platform, levels: vec![level] };
    plan.targets().map(one).collect()
}

/// The levels at which some ISA macro that a source mentions is another than in the run for the whole platform, those that agree
/// on all of them together. All sources of a level are compiled alike, since what vectors are passed in depends on the level too.
fn level_groups(plan: &Plan, inputs: &[TargetInputs]) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    for input in inputs.iter().filter(|input| !input.isa_macros.is_empty()) {
        let compiler = Compiler::find()?;
        let (platform, wanted) = (input.target.0, &input.isa_macros);
        let values =
            |level| frontend::macros(&compiler, platform, level, &plan.flags, plan.language(), wanted);
        let whole = values(&platform.levels()[0])?;
        let mut found: Vec<(BTreeSet<String>, Group)> = Vec::new();
        for (_, level) in plan.targets().filter(|(of, _)| *of == platform) {
            let values = values(level)?;
            // A function with intrinsics keeps the features that it was compiled with, so all of a group must have those.
            let serves = |group: &Group| level.features.contains_all(group.levels[0].features);
            match found.iter_mut().find(|(known, group)| *known == values && serves(group)) {
                _ if values == whole => {}
                Some((_, group)) => group.levels.push(level),
                None => found.push((values, Group { platform, levels: vec![level] })),
            }
        }
        groups.extend(found.into_iter().map(|(_, group)| group));
    }
    Ok(groups)
}

/// What a run is for: the levels of its group, or, for the run for a whole platform, all levels that are in no group.
fn levels_of(
    plan: &Plan,
    groups: &[Group],
    platform: Platform,
    first: Option<&IsaLevel>,
) -> Vec<Option<&'static str>> {
    let of_platform = || groups.iter().filter(|group| group.platform == platform);
    let holds = |group: &Group, level: &IsaLevel| group.levels.iter().any(|of| of.name == level.name);
    if of_platform().next().is_none() {
        return vec![None];
    }
    let group = first.and_then(|first| of_platform().find(|group| holds(group, first)));
    let levels = plan.targets().filter(|(of, _)| *of == platform).map(|(_, level)| level);
    levels
        .filter(|level| match group {
            Some(group) => holds(group, level),
            None => !of_platform().any(|group| holds(group, level)),
        })
        .map(|level| Some(level.name))
        .collect()
}

/// What one target is prepared from.
struct TargetInputs {
    target: Target,
    sources: Vec<Input>,
    /// What C++ sources need beside headers.
    library: Vec<Input>,
    isa_macros: BTreeSet<String>,
}

impl TargetInputs {
    fn new(target: Target) -> TargetInputs {
        TargetInputs { target, sources: Vec::new(), library: Vec::new(), isa_macros: BTreeSet::new() }
    }

    /// The units that are needed and not there yet.
    fn missing(&self, plan: &Plan) -> Vec<&'static Unit> {
        let is_cxx = |source: &&Source| matches!(source, Source::C(_, Language::Cxx));
        let sources = plan.sources.iter().zip(&self.sources).filter(|(source, _)| is_cxx(source));
        let all = sources.map(|(_, input)| input).chain(&self.library);
        let mut needed: Vec<&Unit> = all.flat_map(|input| library::needed(&input.bytes)).collect();
        needed.retain(|unit| self.library.iter().all(|there| there.name != unit.name()));
        needed.sort_by_key(|unit| unit.name());
        needed.dedup();
        needed
    }
}

fn read_llvm(plan: &Plan) -> Result<BTreeMap<usize, Input>> {
    let mut inputs = BTreeMap::new();
    for (index, source) in plan.sources.iter().enumerate() {
        if let Source::Llvm(path) = source {
            inputs.insert(index, Input { name: path.display().to_string(), bytes: files::read(path)? });
        }
    }
    Ok(inputs)
}

fn front_end(
    plan: &Plan,
    targets: &[Target],
    llvm_inputs: &BTreeMap<usize, Input>,
    progress: &Progress,
) -> Result<Vec<TargetInputs>> {
    let compiler = if plan.has_c() { Some(Compiler::find()?) } else { None };
    let jobs: Vec<(usize, usize)> = (0..targets.len())
        .flat_map(|target| (0..plan.sources.len()).map(move |source| (target, source)))
        .filter(|(_, source)| !llvm_inputs.contains_key(source))
        .collect();
    let threads = rayon::ThreadPoolBuilder::new().num_threads(plan.jobs).build()?;
    let compiled: Vec<Result<Compiled>> = threads.install(|| {
        jobs.par_iter()
            .map(|(target, source)| {
                let (platform, level) = targets[*target];
                // A level of its own, or the lowest that is built.
                let compiler =
                    compiler.as_ref().ok_or_else(|| anyhow::anyhow!("no C compiler was looked for"))?;
                frontend::compile(compiler, plan.sources[*source].path(), platform, level, &plan.flags)
            })
            .collect()
    });
    let mut results: Vec<TargetInputs> = targets.iter().map(|target| TargetInputs::new(*target)).collect();
    let mut compiled: BTreeMap<(usize, usize), Compiled> =
        jobs.into_iter().zip(compiled).map(|(job, result)| Ok((job, result?))).collect::<Result<_>>()?;
    let mut shown = Vec::new();
    for (target, result) in results.iter_mut().enumerate() {
        for (source, plan_source) in plan.sources.iter().enumerate() {
            let input = match llvm_inputs.get(&source) {
                Some(input) => input.clone(),
                None => {
                    let Some(output) = compiled.remove(&(target, source)) else { continue };
                    // The same warning for each platform and level is one warning.
                    if !output.diagnostics.trim().is_empty() && !shown.contains(&output.diagnostics) {
                        progress.note(output.diagnostics.trim_end());
                        shown.push(output.diagnostics);
                    }
                    result.isa_macros.extend(output.isa_macros);
                    Input { name: plan_source.path().display().to_string(), bytes: output.bitcode }
                }
            };
            result.sources.push(input);
        }
    }
    Ok(results)
}

/// Compiles for each target what its C++ sources need of the library, and what that needs in turn.
fn add_library(plan: &Plan, targets: &mut [TargetInputs]) -> Result<()> {
    if !plan.has_cxx() {
        return Ok(());
    }
    let compiler = Compiler::find()?;
    let threads = rayon::ThreadPoolBuilder::new().num_threads(plan.jobs).build()?;
    loop {
        let missing = |(index, target): (usize, &TargetInputs)| {
            target.missing(plan).into_iter().map(move |unit| (index, unit)).collect::<Vec<_>>()
        };
        let jobs: Vec<(usize, &'static Unit)> = targets.iter().enumerate().flat_map(missing).collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let compile = |(target, unit): &(usize, &'static Unit)| {
            let (platform, level) = targets[*target].target;
            unit.compile(&compiler, platform, level, plan.options.reproducible)
        };
        let compiled = threads.install(|| jobs.par_iter().map(compile).collect::<Result<Vec<_>>>())?;
        for ((target, unit), bytes) in jobs.into_iter().zip(compiled) {
            targets[target].library.push(Input { name: unit.name(), bytes });
        }
    }
}

/// Prints each warning once, with the platforms when not all have it.
fn warn(plan: &Plan, outputs: &BTreeMap<(Platform, Option<&'static str>), Output>, progress: &Progress) {
    let mut seen: Vec<(String, Vec<Platform>)> = Vec::new();
    let own_features = plan.flags.other.iter().any(|flag| flag.starts_with("-m"));
    for ((platform, level), output) in outputs {
        // Our own front end vectorises nothing, so vectors in C are the author's; and what was compiled for one level, or for the lowest,
        // may use it.
        let from_source = |file: &str| Language::of(Path::new(file)).is_some();
        let expected = |warning: &&Warning| match warning {
            Warning::Vectorised { file, .. } => from_source(file),
            Warning::FixedFeatures { file, .. } => level.is_some() || (from_source(file) && !own_features),
            _ => false,
        };
        for warning in output.warnings.iter().filter(|warning| !expected(warning)) {
            let text = warning.to_string();
            match seen.iter_mut().find(|(known, _)| *known == text) {
                Some((_, platforms)) if platforms.contains(platform) => {}
                Some((_, platforms)) => platforms.push(*platform),
                None => seen.push((text, vec![*platform])),
            }
        }
    }
    let mut all: Vec<Platform> = outputs.keys().map(|(platform, _)| *platform).collect();
    all.dedup();
    for (text, platforms) in seen {
        let names: Vec<&str> = platforms.iter().map(|platform| platform.name()).collect();
        let only =
            if platforms.len() == all.len() { String::new() } else { format!(" (for {})", names.join(", ")) };
        match text.split_once('\n') {
            Some((line, hint)) => progress.note(&format!("warning: {line}{only}\n{hint}")),
            None => progress.note(&format!("warning: {text}{only}")),
        }
    }
}

impl Prepared {
    /// The bitcode for a platform and level.
    pub fn bitcode(&self, platform: Platform, level: &'static str) -> &[u8] {
        let exact = self.by_target.get(&(platform, Some(level)));
        let output = exact.or_else(|| self.by_target.get(&(platform, None)));
        output.map_or(&[], |output| output.bitcode.as_slice())
    }

    /// The functions of each platform's bitcode; levels of a platform declare the same.
    pub fn functions(&self) -> impl Iterator<Item = (Platform, &[FunctionInfo])> {
        self.by_target.iter().map(|((platform, _), output)| (*platform, output.functions.as_slice()))
    }

    /// A macro that was only mentioned gives the same bitcode at every level; then one serves the platform.
    fn fold_equal_levels(&mut self) {
        for platform in Platform::ALL {
            let levels: Vec<(Platform, Option<&'static str>)> = self
                .by_target
                .keys()
                .filter(|(of, level)| *of == platform && level.is_some())
                .copied()
                .collect();
            let Some(first) = levels.first() else { continue };
            let equal =
                levels.iter().all(|level| self.by_target[level].bitcode == self.by_target[first].bitcode);
            if equal && let Some(output) = self.by_target.remove(first) {
                levels.iter().for_each(|level| drop(self.by_target.remove(level)));
                self.by_target.insert((platform, None), output);
            }
        }
    }

    /// The bitcode entries of the manifest: a neutral one for all platforms, else one for each platform or level.
    pub fn into_entries(self) -> Vec<PackBitcode> {
        let llvm = pixie_jit::llvm_version();
        let mut entries: Vec<PackBitcode> = Vec::new();
        for ((platform, level), output) in self.by_target {
            if output.neutral
                && let Some(known) = entries.iter_mut().find(|known| known.bytes == output.bitcode)
            {
                known.platforms.push(platform);
                continue;
            }
            entries.push(PackBitcode {
                platforms: vec![platform],
                neutral: output.neutral,
                isa: level.map(str::to_owned),
                llvm: llvm.clone(),
                producers: output.producers,
                triple: output.triple,
                data_layout: output.data_layout,
                bytes: output.bitcode,
            });
        }
        entries
    }
}
