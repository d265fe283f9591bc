//! The `pixie` command.

mod args;
#[cfg(feature = "jit")]
mod build;
#[cfg(not(feature = "jit"))]
#[path = "no_compiler.rs"]
mod build;
mod commands;
mod files;
#[cfg(feature = "jit")]
mod frontend;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command};

/// What `producer` says in the manifests that this command writes.
const PRODUCER: &str = concat!("pixie ", env!("CARGO_PKG_VERSION"));

fn main() -> ExitCode {
    match dispatch(parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that closed its end (`pixie inspect … | head`) is not an error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be told when standard error is closed too.
            let _ = writeln!(io::stderr(), "error: {}", render(&error));
            ExitCode::from(1)
        }
    }
}

/// The command line; its version names the LLVM that compiles, since that decides what comes out.
fn parse() -> Cli {
    let version = match build::llvm_version() {
        Some(llvm) => format!("{} (LLVM {llvm})", env!("CARGO_PKG_VERSION")),
        None => format!("{} (without a compiler)", env!("CARGO_PKG_VERSION")),
    };
    // clap keeps texts for the life of the program.
    let command = Cli::command().version(&*version.leak());
    Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn dispatch(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Build(args) => build::run(&args),
        Command::Bitcode(args) => build::bitcode_of(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Host(args) => commands::host::run(&args),
        Command::Thin(args) => commands::parts::thin(&args),
        Command::Merge(args) => commands::parts::merge(&args),
        Command::Extract(args) => commands::extract::run(&args),
        Command::Cache(args) => commands::cache::run(&args),
        Command::Specialize(args) => build::specialize(&args),
        Command::Link(args) => build::link(&args),
        Command::Fuse(args) => build::fuse(&args),
        Command::Wheel(args) => build::wheel(&args),
        Command::Sdist(args) => commands::project::sdist(&args),
        Command::Worker { memory } => build::serve(memory),
    }
}

/// Joins the chain of causes, and puts every hint at the end, where it is looked for.
fn render(error: &anyhow::Error) -> String {
    let mut message = String::new();
    let mut hints = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        let (hint_lines, lines): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("hint: "));
        let text = lines.join("\n");
        // Some errors already say their cause.
        if !message.contains(&text) {
            message.push_str(if message.is_empty() { "" } else { ": " });
            message.push_str(&text);
        }
        for hint in hint_lines {
            if !hints.iter().any(|known| known == hint) {
                hints.push(hint.to_owned());
            }
        }
    }
    std::iter::once(message).chain(hints).collect::<Vec<_>>().join("\n")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
