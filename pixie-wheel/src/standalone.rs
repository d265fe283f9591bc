//! The runtime inside a package: what of `pixie-runtime`'s wheel for a platform goes into a wheel that depends on nothing.

use pixie_format::Platform;

use crate::archive::{Member, read_zip};
use crate::error::{Error, Result};

/// The package, inside the author's, that holds the runtime.
pub(crate) const PACKAGE: &str = "_pixie";

/// Python files of the runtime that a package with its own copy has no use for: interfaces of the toolchain, and what others find by name.
const LEFT_OUT: &[&str] = &["__init__.py", "__init__.pyi", "cli.py", "compiler.py"];

const INIT: &str = "\"\"\"The runtime of fat modules, for this package alone.\"\"\"

from ._core import Export, FatModule, Host, __version__, fuse, host, info, load_into, portable
";

/// The runtime for one platform.
#[derive(Debug)]
pub struct Runtime {
    /// The platform.
    pub platform: Platform,
    /// The tag of its wheel: `cp311-abi3-manylinux_2_28_x86_64`.
    pub tag: String,
    /// Its version.
    pub version: String,
    /// Files of the package, and licences.
    pub(crate) files: Vec<Member>,
    pub(crate) licences: Vec<Member>,
}

impl Runtime {
    /// Reads the wheel `name` of `pixie-runtime`; `None` if it is another file.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Option<Runtime>> {
        let Some(rest) = name.strip_prefix("pixie_runtime-").and_then(|rest| rest.strip_suffix(".whl"))
        else {
            return Ok(None);
        };
        let parts: Vec<&str> = rest.split('-').collect();
        let [version, python, abi, system] = parts[..] else { return Ok(None) };
        let Some(platform) = platform(system) else { return Ok(None) };
        let mut runtime = Runtime {
            platform,
            tag: format!("{python}-{abi}-{system}"),
            version: version.to_owned(),
            files: Vec::new(),
            licences: Vec::new(),
        };
        for member in read_zip(bytes)? {
            if let Some((_, licence)) = member.path.split_once(".dist-info/licenses/") {
                runtime.licences.push(Member::new(licence, member.bytes));
            } else if let Some(file) = member.path.strip_prefix("pixie/")
                && !file.contains('/')
                && !LEFT_OUT.contains(&file)
            {
                runtime.files.push(Member::new(file, member.bytes));
            }
        }
        if !runtime.files.iter().any(|member| member.path.starts_with("_core.")) {
            return Err(Error::Project(format!(
                "`{name}` holds no `pixie/_core`\nhint: is it a wheel of pixie-runtime?"
            )));
        }
        runtime.files.push(Member::new("__init__.py", INIT));
        Ok(Some(runtime))
    }
}

/// The platform of a wheel's last tag.
fn platform(system: &str) -> Option<Platform> {
    let first = system.split('.').next().unwrap_or_default();
    let linux = first.starts_with("manylinux") || first.starts_with("linux");
    let mac = first.starts_with("macosx");
    Some(match () {
        () if linux && first.ends_with("x86_64") => Platform::Linux64,
        () if linux && first.ends_with("aarch64") => Platform::LinuxAarch64,
        () if mac && first.ends_with("arm64") => Platform::OsxArm64,
        () if first == "win_amd64" => Platform::Win64,
        () => return None,
    })
}
