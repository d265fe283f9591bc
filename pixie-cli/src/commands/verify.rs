//! `pixie verify`: every byte of a module against its hashes and the rules of the format.

use anyhow::{Context, Result, bail};

use super::{counted, parse, print};
use crate::PRODUCER;
use crate::args::VerifyArgs;
use crate::files;

/// Checks each file and reports all that fail, not only the first.
pub fn run(args: &VerifyArgs) -> Result<()> {
    let mut failed = 0;
    for path in &args.files {
        match check(path) {
            Ok(line) => print(&line)?,
            Err(error) => {
                failed += 1;
                eprintln!("error: {}", crate::render(&error));
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => bail!("{failed} of {} failed", counted(args.files.len(), "module")),
    }
}

fn check(path: &std::path::Path) -> Result<String> {
    let bytes = files::read(path)?;
    let module = parse(path, &bytes)?;
    module.verify().with_context(|| format!("`{}`", path.display()))?;
    // Another version may lay images out in another way.
    let is_ours = module.manifest().producer == PRODUCER;
    for (name, entry) in &module.manifest().platforms {
        let Ok(platform) = name.parse() else { continue };
        for variant in entry.variants.iter().filter(|variant| module.has(variant.object)) {
            let origin = format!("`{}`, object {name} {}", path.display(), variant.isa);
            let object = module.blob(variant.object)?;
            pixie_ld::build::check_object(platform, object, &origin)?;
            if let Some(id) = variant.image.filter(|id| is_ours && module.has(*id))
                && pixie_ld::build::prelink(platform, object, &origin)?.image().as_deref()
                    != Some(module.blob(id)?)
            {
                bail!(
                    "{origin}: the image beside it is not what {PRODUCER} links of it\n\
                     hint: build the module again"
                );
            }
        }
    }
    let absent = module.manifest().blobs.iter().filter(|blob| blob.absent).count();
    let thinned = if absent == 0 { String::new() } else { format!(", {absent} thinned away") };
    let blobs = module.manifest().blobs.len();
    Ok(format!("{}: sound ({} bytes, {blobs} blobs{thinned})\n", path.display(), bytes.len()))
}
