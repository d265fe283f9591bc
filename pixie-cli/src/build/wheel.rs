//! `pixie wheel`: the modules of a project, built and packed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use pixie_format::{Module, Platform};
use pixie_wheel::{Built, Kind, ModuleConfig, Project, Runtime};

use super::plan::Plan;
use crate::args::{BuildArgs, FrontArgs, PerLevel, WheelArgs, parse_identity, parse_isa, status_text};
use crate::commands::parts::thinned;
use crate::commands::project::{VERSION, enter, output_folder, write};
use crate::commands::{print_json, pyi};
use crate::files;

pub fn run(args: &WheelArgs) -> Result<()> {
    let folder = output_folder(&args.output)?;
    let runtimes = args.runtimes.as_deref().map(runtimes).transpose()?;
    let project = enter(&args.project)?;
    if args.metadata_only {
        return metadata(&project, &folder);
    }
    let mut platforms = args.platforms.clone();
    if args.editable && platforms.is_empty() {
        platforms.extend(Platform::host());
    }
    // What is wrong with the project shows before anything is compiled.
    if !args.standalone {
        pixie_wheel::metadata_folder(&project, VERSION)?;
    }
    let built =
        project.modules.iter().map(|config| build(config, &platforms, args)).collect::<Result<Vec<_>>>()?;
    let archives = match runtimes {
        Some(runtimes) => standalone(&project, &built, &runtimes)?,
        None if args.editable => {
            for (path, bytes) in pixie_wheel::in_place(&project, &built, VERSION)? {
                files::write(&path, &bytes)?;
            }
            vec![pixie_wheel::wheel(&project, &built, &Kind::Editable, VERSION)?]
        }
        None => vec![pixie_wheel::wheel(&project, &built, &Kind::Universal, VERSION)?],
    };
    write(&archives, &folder, &args.output, args.json)
}

fn metadata(project: &Project, folder: &Path) -> Result<()> {
    let (name, members) = pixie_wheel::metadata_folder(project, VERSION)?;
    for member in members {
        let path = folder.join(&name).join(&member.path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        files::write(&path, &member.bytes)?;
    }
    print_json(&serde_json::json!({ "files": [name] }))
}

fn build<'p>(config: &'p ModuleConfig, platforms: &[Platform], args: &WheelArgs) -> Result<Built<'p>> {
    let named = || format!("the module `{}`", config.module);
    let build = || {
        let args = build_args(config, platforms, args)?;
        let bytes = super::build(&Plan::new(&args)?)?;
        let stub = pyi::stub(Module::parse(&bytes)?.manifest())?;
        Ok::<_, anyhow::Error>((bytes, stub))
    };
    let (bytes, stub) = build().with_context(named)?;
    Ok(Built { config, bytes, stub })
}

/// What `pixie build` would be told on its command line.
fn build_args(config: &ModuleConfig, platforms: &[Platform], args: &WheelArgs) -> Result<BuildArgs> {
    let own = config.platforms.iter().map(|name| name.parse::<Platform>());
    let own = own.collect::<Result<Vec<_>, _>>().context("platforms")?;
    let chosen = match (platforms, own.as_slice()) {
        ([], own) => own.to_vec(),
        (asked, []) => asked.to_vec(),
        (asked, own) => {
            if let Some(missing) = asked.iter().find(|platform| !own.contains(platform)) {
                bail!("it is not built for {missing}\nhint: add it to `platforms` in pyproject.toml");
            }
            asked.to_vec()
        }
    };
    if let Some(extra) = config.levels.keys().find(|name| !own.is_empty() && !config.platforms.contains(name))
    {
        bail!("levels: it is not built for {extra}\nhint: add it to `platforms` in pyproject.toml");
    }
    let choice = |(platform, levels): (&String, &Vec<String>)| {
        parse_isa(&format!("{platform}={}", levels.join(","))).map_err(|why| anyhow!("levels: {why}"))
    };
    let mut isas = config.levels.iter().map(choice).collect::<Result<Vec<_>>>()?;
    // Of platforms that are left out this time nothing is wanted.
    isas.retain(|choice| chosen.is_empty() || chosen.contains(&choice.platform));
    let identity = |(name, value): (&String, &String)| {
        parse_identity(&format!("{name}={value}")).map_err(|why| anyhow!("identities: {why}"))
    };
    let texts = config.statuses.iter().flat_map(|(name, texts)| texts.iter().map(move |text| (name, text)));
    let status = |(name, (code, text)): (&String, (&String, &String))| {
        let found = status_text(code, text).map(|status| (name.clone(), status));
        found.with_context(|| {
            format!("statuses: {name}: expected a code of 32 bits other than 0 with a text, found `{code} = \"{text}\"`")
        })
    };
    let per_level = match &config.per_level {
        None => PerLevel::Auto,
        Some(text) => PerLevel::from_str(text, false)
            .map_err(|_| anyhow!("per-level: expected `auto`, `always` or `never`, found `{text}`"))?,
    };
    Ok(BuildArgs {
        sources: config.sources.clone(),
        output: None,
        name: Some(config.name().to_owned()),
        platforms: chosen,
        isas,
        exports: config.exports.clone(),
        export_files: config.export_files.clone(),
        ufuncs: config.ufuncs.clone(),
        identities: config.identities.iter().map(identity).collect::<Result<_>>()?,
        statuses: texts.map(status).collect::<Result<_>>()?,
        opt: config.opt.unwrap_or(3),
        debug: config.debug,
        front: FrontArgs {
            include: config.include_dirs.clone(),
            define: config.defines.clone(),
            cflags: config.cflags.clone(),
        },
        allow_imports: config.allow_imports.clone(),
        per_level,
        reproducible: config.reproducible,
        unsafe_pointers: config.unsafe_pointers,
        gil: config.gil.clone(),
        nogil: config.nogil.clone(),
        doc: config.doc.clone(),
        metadata: config.metadata.clone(),
        export_metadata: config.export_metadata.clone().into_iter().collect(),
        portable: config.portable,
        jobs: args.jobs,
        json: false,
        quiet: args.json,
    })
}

/// The runtimes in a folder of wheels, by platform.
fn runtimes(folder: &Path) -> Result<BTreeMap<Platform, Runtime>> {
    let named = || format!("`{}`", folder.display());
    let entries =
        fs::read_dir(folder).map_err(|error| anyhow!("{}", files::plain(&error))).with_context(named)?;
    let mut runtimes = BTreeMap::new();
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    for name in names.iter().filter_map(|name| name.to_str()).filter(|name| name.ends_with(".whl")) {
        let path = folder.join(name);
        let runtime = Runtime::read(name, &files::read(&path)?);
        let Some(runtime) = runtime.with_context(|| format!("`{}`", path.display()))? else { continue };
        if runtime.version == VERSION {
            runtimes.insert(runtime.platform, runtime);
        }
    }
    if runtimes.is_empty() {
        bail!(
            "`{}` holds no wheel of pixie-runtime {VERSION}\nhint: {}",
            folder.display(),
            download(Platform::Linux64)
        );
    }
    Ok(runtimes)
}

fn download(platform: Platform) -> String {
    let tag = match platform {
        Platform::Linux64 => "manylinux_2_28_x86_64",
        Platform::LinuxAarch64 => "manylinux_2_28_aarch64",
        Platform::OsxArm64 => "macosx_11_0_arm64",
        Platform::Win64 => "win_amd64",
    };
    format!("pip download --no-deps --platform {tag} --dest DIR pixie-runtime=={VERSION}")
}

fn standalone(
    project: &Project,
    built: &[Built<'_>],
    runtimes: &BTreeMap<Platform, Runtime>,
) -> Result<Vec<pixie_wheel::Archive>> {
    let modules = built.iter().map(|built| Module::parse(&built.bytes)).collect::<Result<Vec<_>, _>>()?;
    let everywhere =
        |platform: &Platform| modules.iter().all(|module| module.manifest().platform(*platform).is_some());
    let platforms = Platform::ALL.into_iter().filter(everywhere);
    let mut archives = Vec::new();
    for platform in platforms {
        let runtime = runtimes.get(&platform).ok_or_else(|| {
            anyhow!(
                "there is no wheel of pixie-runtime {VERSION} for {platform}\nhint: {}, or leave the platform out with --platform",
                download(platform)
            )
        })?;
        let thin = |built: &Built<'_>| thinned(Path::new(built.config.name()), &built.bytes, &[platform]);
        let thin = built
            .iter()
            .map(|one| Ok(Built { config: one.config, bytes: thin(one)?, stub: one.stub.clone() }));
        let thin = thin.collect::<Result<Vec<_>>>()?;
        archives.push(pixie_wheel::wheel(project, &thin, &Kind::Standalone(runtime), VERSION)?);
    }
    if archives.is_empty() {
        bail!("the modules have no platform in common, for which there could be a wheel");
    }
    Ok(archives)
}
