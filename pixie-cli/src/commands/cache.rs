//! `pixie cache`: what was compiled for this machine and is kept between processes.

use std::fmt::Write;
use std::time::SystemTime;

use anyhow::Result;
use pixie_cache::{Cache, Entry, Folders};
use pixie_format::Module;

use super::{counted, print, print_json};
use crate::args::{CacheArgs, CacheCommand};

pub fn run(args: &CacheArgs) -> Result<()> {
    let cache = Cache { folders: Folders::from_variables(std::env::var_os)? };
    match args.command {
        CacheCommand::Dir => print(&format!("{}\n", cache.folders.own()?.display())),
        CacheCommand::List { json } => list(&cache, json),
        CacheCommand::Clear => {
            let removed = cache.clear()?;
            let folder = cache.folders.own()?.display();
            print(&format!("{folder}: {} removed\n", counted(removed, "module")))
        }
    }
}

/// What an entry says of itself; `None` if it is damaged, which the next load that wants it finds out, too.
struct About {
    name: String,
    platform: String,
    isa: String,
    origin: Option<String>,
}

fn about(entry: &Entry) -> Option<About> {
    let bytes = std::fs::read(&entry.path).ok()?;
    let module = Module::parse(&bytes).ok()?;
    let manifest = module.manifest();
    let (platform, of_platform) = manifest.platforms.first_key_value()?;
    Some(About {
        name: manifest.name.clone(),
        platform: platform.clone(),
        isa: of_platform.variants.last()?.isa.clone(),
        origin: manifest.origin.map(|origin| origin.to_string()),
    })
}

fn list(cache: &Cache, json: bool) -> Result<()> {
    let mut entries = cache.entries();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
    if json {
        let rows: Vec<serde_json::Value> = entries.iter().map(row).collect();
        return print_json(&serde_json::json!({
            "folder": cache.folders.own,
            "seeds": cache.folders.seeds,
            "bound": cache.folders.bound,
            "entries": rows,
        }));
    }
    let mut text = String::new();
    for entry in &entries {
        let age = SystemTime::now().duration_since(entry.used).unwrap_or_default().as_secs();
        let what = match about(entry) {
            Some(about) => format!("{} for {} {}", about.name, about.platform, about.isa),
            None => "damaged".to_owned(),
        };
        writeln!(text, "{:>10}  {:>9}  {what:<40}  {}", entry.size, ago(age), entry.path.display())?;
    }
    let total: u64 = entries.iter().filter(|entry| entry.own).map(|entry| entry.size).sum();
    let (count, bound) = (counted(entries.len(), "module"), cache.folders.bound);
    writeln!(text, "{count}; {total} of {bound} bytes in {}", cache.folders.own()?.display())?;
    print(&text)
}

fn row(entry: &Entry) -> serde_json::Value {
    let used = entry.used.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let about = about(entry);
    let text = |get: fn(&About) -> Option<&str>| about.as_ref().and_then(get);
    serde_json::json!({
        "path": entry.path,
        "size": entry.size,
        "used": used,
        "own": entry.own,
        "damaged": about.is_none(),
        "name": text(|about| Some(&about.name)),
        "platform": text(|about| Some(&about.platform)),
        "isa": text(|about| Some(&about.isa)),
        "origin": text(|about| about.origin.as_deref()),
    })
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => "now".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
