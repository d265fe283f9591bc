//! The subcommands other than `build`.

pub mod cache;
pub mod extract;
pub mod host;
pub mod inspect;
pub mod installed;
pub mod parts;
pub mod project;
pub mod pyi;
pub mod run;
pub mod values;
pub mod verify;

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::manifest::{PlatformEntry, Variant};
use pixie_format::{Manifest, Module, Platform};

/// Parses a module, naming its file in errors.
pub fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<Module<'a>> {
    Module::parse(bytes).with_context(|| format!("`{}`", path.display()))
}

/// Whoever has loaded a module means that one, not what has since taken its place.
pub fn check_build_id(asked: Option<&str>, module: &Module<'_>) -> Result<()> {
    let found = module.build_id()?.to_string();
    match asked {
        Some(asked) if asked != found => bail!(
            "expected the module with build id {asked}, found {found}\nhint: the file was replaced; look at the one that has this build id, or load the module again"
        ),
        _ => Ok(()),
    }
}

/// A count with its noun: `1 function`, `2 functions`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Prints to standard output; a closed pipe becomes an error that `main` knows.
pub fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints one JSON object.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value:#}\n"))
}

/// The platform that was asked for, or this machine's.
pub fn platform_or_host(platform: Option<Platform>) -> Result<Platform> {
    platform.or_else(Platform::host).ok_or_else(|| {
        anyhow!("this machine is none of the four platforms\nhint: choose one with --platform")
    })
}

/// The entry of a platform, or an error that lists what there is.
pub fn platform_entry(manifest: &Manifest, platform: Platform) -> Result<&PlatformEntry> {
    manifest.platform(platform).ok_or_else(|| {
        let names: Vec<String> = manifest.platforms.keys().map(|name| format!("`{name}`")).collect();
        anyhow!(
            "the module `{}` has no code for {platform}\nhint: it has {}",
            manifest.name,
            if names.is_empty() { "no platform at all".to_owned() } else { names.join(", ") }
        )
    })
}

/// The variant at a level; `baseline` is the lowest.
pub fn variant<'m>(entry: &'m PlatformEntry, platform: Platform, isa: &str) -> Result<&'m Variant> {
    let found = match isa {
        "baseline" => entry.variants.first(),
        _ => entry.variants.iter().find(|variant| variant.isa == isa),
    };
    found.ok_or_else(|| {
        let names: Vec<String> = entry.variants.iter().map(|variant| format!("`{}`", variant.isa)).collect();
        anyhow!("there is no variant `{isa}` for {platform}\nhint: expected one of {}", names.join(", "))
    })
}
