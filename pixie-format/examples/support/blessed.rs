//! Generated files with a write mode and a check mode.

use std::path::PathBuf;
use std::process::ExitCode;

/// Runs `write` or `check`, whichever the command line asks for.
pub fn main(generate: impl FnOnce() -> Result<Vec<(PathBuf, Vec<u8>)>, String>) -> ExitCode {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let result = match mode.as_str() {
        "write" => generate().and_then(|files| write(&files)),
        "check" => generate().and_then(|files| check(&files)),
        _ => {
            eprintln!("expected `write` or `check`, found `{mode}`");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn write(files: &[(PathBuf, Vec<u8>)]) -> Result<(), String> {
    for (path, bytes) in files {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// The first file that is not what would be written.
pub fn check(files: &[(PathBuf, Vec<u8>)]) -> Result<(), String> {
    for (path, bytes) in files {
        let found = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if found != *bytes {
            return Err(format!(
                "{}: not what the generator makes\nhint: run it in write mode and look at the difference",
                path.display()
            ));
        }
    }
    Ok(())
}
