//! `pixie thin --installed`: the modules of an installed distribution, thinned where they are, and `RECORD` made right again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use pixie_format::Platform;
use serde_json::Value;

use super::parts::thinned;
use super::{parse, platform_or_host, print};
use crate::args::ThinArgs;
use crate::files;

/// Prints what an interpreter knows of the files of an installed distribution.
const ASK: &str = "\
import importlib.metadata, json, sys
try:
    found = importlib.metadata.distribution(sys.argv[1])
except importlib.metadata.PackageNotFoundError:
    names = sorted({one.metadata['Name'] or '' for one in importlib.metadata.distributions()})
    print(json.dumps({'names': names}))
    sys.exit()
files = [[str(file), str(found.locate_file(file))] for file in found.files or []]
print(json.dumps({'files': files}))
";

pub fn thin(package: &str, args: &ThinArgs) -> Result<()> {
    let python = interpreter(args.python.as_deref())?;
    let told = ask(&python, package)?;
    let platforms = match args.platforms.as_slice() {
        [] => vec![platform_or_host(None)?],
        platforms => platforms.to_vec(),
    };
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), PathBuf::from(pair[1].as_str()?)));
    let listed: Vec<_> = told["files"].as_array().into_iter().flatten().filter_map(pair).collect();
    let record = listed.iter().find(|(name, _)| name.ends_with(".dist-info/RECORD"));
    let Some((_, record)) = record else {
        bail!(
            "`{package}` was installed without a list of its files, which would have to be changed\nhint: install it with pip"
        );
    };
    let modules = listed.iter().filter(|(name, path)| name.ends_with(".pixie") && path.is_file());
    let mut lines =
        String::from_utf8(files::read(record)?).map_err(|_| anyhow!("`{}` is not text", record.display()))?;
    let mut count = 0;
    for (name, path) in modules {
        let bytes = files::read(path)?;
        let thin = thin_one(path, &bytes, &platforms)?;
        if thin.len() < bytes.len() {
            lines = pixie_wheel::recorded(&lines, name, &thin);
            files::write(path, &thin)?;
            // At once: whatever happens next, the list is right.
            files::write(record, lines.as_bytes())?;
        }
        print(&format!("{}: {} of {} bytes\n", path.display(), thin.len(), bytes.len()))?;
        count += 1;
    }
    if count == 0 {
        bail!(
            "`{package}` has no fat module that is installed\nhint: an editable installation is the project itself; build that with --platform"
        );
    }
    Ok(())
}

/// What is kept: of the platforms that are asked for those that the file has.
fn thin_one(path: &Path, bytes: &[u8], platforms: &[Platform]) -> Result<Vec<u8>> {
    let module = parse(path, bytes)?;
    let manifest = module.manifest();
    let there = |platform: &&Platform| {
        let entry = manifest.platform(**platform);
        entry.is_some_and(|entry| entry.variants.iter().all(|variant| !manifest.blob(variant.object).absent))
    };
    let kept: Vec<Platform> = platforms.iter().filter(there).copied().collect();
    if kept.is_empty() {
        let wanted = platforms.iter().map(|platform| platform.name()).collect::<Vec<_>>().join(", ");
        bail!(
            "`{}` has no code for {wanted}, so nothing would be left\nhint: it stays as it is",
            path.display()
        );
    }
    thinned(path, bytes, &kept)
}

/// The interpreter that is meant: that of the active virtual environment, the one beside this command, else the first on PATH.
fn interpreter(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let (folder, name) = if cfg!(windows) { ("Scripts", "python.exe") } else { ("bin", "python") };
    let active = std::env::var_os("VIRTUAL_ENV").map(|root| Path::new(&root).join(folder).join(name));
    let beside = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.join(name)));
    let there = [active, beside].into_iter().flatten().find(|program| program.is_file());
    Ok(there.unwrap_or_else(|| if cfg!(windows) { name.into() } else { "python3".into() }))
}

fn ask(python: &Path, package: &str) -> Result<Value> {
    let shown = python.display();
    let said = Command::new(python).args(["-c", ASK, package]).stdin(Stdio::null()).output();
    let said = said.map_err(|error| anyhow!("{}", files::plain(&error))).with_context(|| {
        format!(
            "cannot run `{shown}`, which knows what is installed\nhint: name the interpreter with --python"
        )
    })?;
    if !said.status.success() {
        bail!("`{shown}` failed: {}", String::from_utf8_lossy(&said.stderr).trim());
    }
    let told: Value =
        serde_json::from_slice(&said.stdout).with_context(|| format!("`{shown}` answered nonsense"))?;
    if let Some(names) = told["names"].as_array() {
        let wanted = pixie_wheel::normalized(package);
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        let near = names.iter().find(|name| pixie_wheel::normalized(name).contains(&wanted));
        let hint = near.map_or_else(
            || "name the distribution as pip lists it, and the interpreter with --python".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        bail!("no distribution `{package}` is installed for `{shown}`\nhint: {hint}");
    }
    Ok(told)
}
