//! The loop of a worker process.

use std::io;

use super::{Reply, Request, frame};
use crate::error::Result;
use crate::llvm;

/// Answers requests on stdin until it ends. What LLVM has to say when it aborts goes to stderr.
pub fn serve() -> io::Result<()> {
    llvm::enable_stack_trace();
    let mut requests = io::stdin().lock();
    let mut replies = io::BufWriter::new(io::stdout().lock());
    while let Some(request) = frame::read::<Request>(&mut requests)? {
        let reply: Result<Reply> = match request {
            Request::Prepare(request) => llvm::prepare(&request).map(Reply::Prepared),
            Request::Join(request) => llvm::join(&request).map(Reply::Compiled),
            Request::Compile(request) => llvm::compile(&request).map(Reply::Compiled),
            Request::Text { bitcode, functions } => llvm::text(&bitcode, &functions).map(Reply::Compiled),
            Request::Disassemble(request) => llvm::disassemble(&request).map(Reply::Compiled),
            Request::Processor(request) => llvm::processor(&request).map(Reply::Processor),
        };
        frame::write(&mut replies, &reply)?;
    }
    Ok(())
}
