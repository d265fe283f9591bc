//! A compile worker as a program of its own; the `pixie` command is its own worker, this one serves tests and other tools.

fn main() -> std::io::Result<()> {
    pixie_jit::worker::serve()
}
