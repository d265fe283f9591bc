//! Judges modules from standard input, each after its length in 4 bytes little-endian: prints `ok` or the rule that is broken.
//! spec/reader/compare.py compares its judgement with that of the independent reader.

use std::io::{BufWriter, Read, Write};

use pixie_format::Module;

fn main() -> std::io::Result<()> {
    let mut input = std::io::stdin().lock();
    let mut output = BufWriter::new(std::io::stdout().lock());
    let mut length = [0; 4];
    while input.read_exact(&mut length).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut bytes)?;
        let verdict = Module::parse(&bytes).and_then(|module| {
            module.verify()?;
            Ok((module.build_id()?, module.content_id()?))
        });
        match verdict {
            Ok((build, content)) => writeln!(output, "ok {build} {content}")?,
            Err(error) => writeln!(output, "{}", error.rule().unwrap_or("no rule"))?,
        }
    }
    output.flush()
}
