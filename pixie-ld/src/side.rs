//! The side file: a specialised copy of a module that lies beside it, whose code is preferred where it fits the host.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pixie_format::BuildId;

use crate::error::Error;
use crate::load::load;
use crate::module::LoadedModule;
use crate::options::LoadOptions;
use crate::source::Source;

/// Where a specialised copy of the module at `path` lies: `kernels.specialized.pixie` beside `kernels.pixie`.
pub fn side_file(path: &Path) -> PathBuf {
    let mut name = path.file_stem().map_or_else(OsString::new, OsString::from);
    name.push(".specialized.");
    name.push(pixie_format::SUFFIX);
    path.with_file_name(name)
}

/// Whether there certainly is none.
pub(crate) fn is_nowhere(path: &Path) -> bool {
    Source::open(&side_file(path)).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Loads the side file of the module at `path`, if there is one and it fits. An error is a warning: the module itself is there.
pub(crate) fn load_beside(
    path: &Path,
    build_id: BuildId,
    options: &LoadOptions,
) -> Result<Option<LoadedModule>, String> {
    let file = side_file(path);
    let shown = || file.display();
    // Nearly always there is none, which each import finds out.
    let source = match Source::open(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        source => source.map_err(|source| Error::Read { path: file.clone(), source }),
    };
    let name = shown().to_string();
    match source.and_then(|source| load(&name, &source, &options.clone().alone(), Some(&file))) {
        Ok(module) if module.build_id() == build_id => Ok(Some(module.in_place_of(path))),
        Ok(_) => Err(format!(
            "`{}` was specialised from another build of the module and is not used\nhint: run `pixie specialize` again, or delete it",
            shown()
        )),
        // Made for other machines, which may share this folder.
        Err(Error::NoPlatform { .. } | Error::NoVariant { .. } | Error::Thinned { .. }) => Ok(None),
        Err(error) => {
            Err(format!("{error}\nhint: it is not used; run `pixie specialize` again, or delete it"))
        }
    }
}
