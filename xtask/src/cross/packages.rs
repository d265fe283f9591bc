//! Debian packages that are unpacked into a folder rather than installed: those of another processor, and those that would
//! upgrade or displace what the machine has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::folder;
use crate::shell::{self, command, has, read};

/// What of a package nobody needs here; the compiler's own sources are most of `rust-web-src`.
const LEFT_OUT: &[&str] =
    &["./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/src/*/compiler", "./usr/src/*/src"];

/// Unpacks the packages into `target`, unless it holds exactly these.
pub fn unpack(names: &[&str], target: &Path) -> Result<()> {
    unpack_of(None, names, target)
}

/// As [`unpack`], from another release of Debian, named as its archive names it.
pub fn unpack_of(release: Option<&str>, names: &[&str], target: &Path) -> Result<()> {
    let wanted = names.join("\n");
    let stamp = target.join(".packages");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    if !has("apt-get") || !has("dpkg-deb") {
        bail!("this takes Debian's packages apart, and this machine has no apt-get\nhint: use Debian 12");
    }
    eprintln!("unpacking {} packages into {}", names.len(), target.display());
    let apt = Apt::new(release)?;
    if target.exists() {
        fs::remove_dir_all(target)?;
    }
    fs::create_dir_all(target)?;
    for package in apt.download(names)? {
        extract(&package, target)?;
        fs::remove_file(package)?;
    }
    mend_links(target, target)?;
    fs::write(stamp, wanted)?;
    Ok(())
}

/// What a package depends on by a name that begins so: the packages of a version of Rust carry it in their names.
pub fn dependency(package: &str, beginning: &str) -> Result<String> {
    let listed = read(Apt::new(None)?.command("apt-cache").args(["depends", package]))?;
    let mut names = listed.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = names.find(|name| name.starts_with(beginning));
    found.map(str::to_owned).with_context(|| {
        format!("expected that `{package}` depends on a package `{beginning}…`, found none\nhint: apt-cache depends {package}")
    })
}

/// A view of the package archives that knows both processors and leaves the system's own view as it is.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(release: Option<&str>) -> Result<Self> {
        let folder = folder().join(release.map_or("apt".to_owned(), |release| format!("apt-{release}")));
        let apt = Self { folder };
        fs::create_dir_all(apt.folder.join("state/lists/partial"))?;
        fs::create_dir_all(apt.folder.join("cache/archives/partial"))?;
        let at = apt.folder.display();
        // Its own user for downloads could not write here, which is only a warning but a long one.
        let mut lines = vec![
            "APT::Architecture \"amd64\";".to_owned(),
            "APT::Architectures { \"amd64\"; \"arm64\"; };".to_owned(),
            "APT::Sandbox::User \"root\";".to_owned(),
            format!("Dir::State \"{at}/state\";"),
            format!("Dir::State::status \"{at}/status\";"),
            format!("Dir::Cache \"{at}/cache\";"),
            "Acquire::Languages \"none\";".to_owned(),
        ];
        if let Some(release) = release {
            sources_of(release, &apt.folder.join("sources"))?;
            lines.push("Dir::Etc::sourcelist \"/dev/null\";".to_owned());
            lines.push(format!("Dir::Etc::sourceparts \"{at}/sources\";"));
        }
        fs::write(apt.folder.join("apt.conf"), lines.join("\n"))?;
        fs::write(apt.folder.join("status"), "")?;
        shell::run(apt.command("apt-get").args(["update", "-qq"]))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = command(program);
        command.env("APT_CONFIG", self.folder.join("apt.conf"));
        command
    }

    /// Downloads packages and returns their files.
    fn download(&self, names: &[&str]) -> Result<Vec<PathBuf>> {
        let packages = self.folder.join("packages");
        // What an interrupted run left would be taken for what was asked for.
        if packages.exists() {
            fs::remove_dir_all(&packages)?;
        }
        fs::create_dir_all(&packages)?;
        shell::run(self.command("apt-get").current_dir(&packages).args(["download", "-qq"]).args(names))?;
        let files: Vec<PathBuf> = fs::read_dir(&packages)?.flatten().map(|entry| entry.path()).collect();
        if files.len() != names.len() {
            bail!("expected {} packages in `{}`, found {}", names.len(), packages.display(), files.len());
        }
        Ok(files)
    }
}

/// Writes into `folder` where another release is: where this one's packages come from, under the other name.
fn sources_of(release: &str, folder: &Path) -> Result<()> {
    let system = fs::read_to_string("/etc/os-release")?;
    let Some(own) = system.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")) else {
        bail!("`/etc/os-release` does not name the release\nhint: use Debian 12");
    };
    fs::create_dir_all(folder)?;
    let parts = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let files = parts.map(|entry| entry.path()).chain([PathBuf::from("/etc/apt/sources.list")]);
    for file in files.filter(|file| file.is_file()) {
        let Some(name) = file.file_name() else { continue };
        fs::write(folder.join(name), fs::read_to_string(&file)?.replace(own, release))?;
    }
    Ok(())
}

fn extract(package: &Path, target: &Path) -> Result<()> {
    let mut open = command("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `dpkg-deb`")?;
    let archive = open.stdout.take().context("`dpkg-deb` has no output")?;
    let mut tar = command("tar");
    tar.arg("-x").arg("-C").arg(target).arg("--no-wildcards-match-slash");
    tar.args(LEFT_OUT.iter().map(|pattern| format!("--exclude={pattern}")));
    let outcome = shell::run(tar.stdin(archive));
    if !open.wait()?.success() {
        bail!("`{}` cannot be unpacked", package.display());
    }
    outcome
}

/// Makes absolute links relative: they mean the folder, not this machine, and a linker that finds one broken takes the static
/// library without a word.
fn mend_links(root: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_symlink() {
            if let Ok(inner) = fs::read_link(&path)?.strip_prefix("/") {
                let depth = folder.strip_prefix(root)?.components().count();
                let up: PathBuf = std::iter::repeat_n("..", depth).collect();
                fs::remove_file(&path)?;
                std::os::unix::fs::symlink(up.join(inner), &path)?;
            }
        } else if path.is_dir() {
            mend_links(root, &path)?;
        }
    }
    Ok(())
}
