//! Workers: answers in order, deaths that name what died, pools that go on, nothing left behind.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{compile_request, prepare, request, source, targets};
use pixie_format::Platform;
use pixie_jit::worker::{Pool, Request};
use pixie_jit::{Error, Source};

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pixie-jit-worker"))
}

const GOOD: &str = "define double @twice(double %x) {\n  %y = fadd double %x, %x\n  ret double %y\n}";

/// An AVX2 intrinsic in a function that asks for nothing: `prepare` keeps what is asked for, but this asks for nothing.
const ABORTS: &str = "define <32 x i8> @negate(<32 x i8> %x) {\n\
    %y = call <32 x i8> @llvm.x86.avx2.psign.b(<32 x i8> %x, <32 x i8> %x)\n  ret <32 x i8> %y\n}\n\
    define double @twice(double %x) {\n  %p = alloca <32 x i8>\n  %v = load <32 x i8>, ptr %p\n\
    %w = call <32 x i8> @negate(<32 x i8> %v)\n  store volatile <32 x i8> %w, ptr %p\n  ret double %x\n}\n\
    declare <32 x i8> @llvm.x86.avx2.psign.b(<32 x i8>, <32 x i8>)";

fn compile(ir: &str, platform: Platform, level: &str) -> Request {
    let bitcode = prepare(ir, platform).unwrap().bitcode;
    Request::Compile(compile_request(
        &bitcode,
        platform,
        platform.level(level).unwrap(),
        &["twice(x: f64) -> f64"],
    ))
}

#[test]
fn replies_come_in_the_order_of_the_requests_and_equal_those_without_a_worker() {
    let requests: Vec<Request> =
        targets().map(|(platform, level)| compile(GOOD, platform, level.name)).collect();
    let pool = Pool::new(command, 2);
    let replies = pool.run(requests.clone());
    assert_eq!(replies.len(), requests.len());
    for (request, reply) in requests.iter().zip(replies) {
        let Request::Compile(direct) = request else { panic!("all compile") };
        assert!(reply.unwrap().into_compiled().unwrap() == pixie_jit::compile(direct).unwrap());
    }
}

#[test]
fn preparing_works_through_a_worker_and_orderly_errors_come_back_whole() {
    let pool = Pool::new(command, 1);
    let good = request(vec![source("good.ll", GOOD)], Platform::Win64);
    let bad = request(vec![source("bad.ll", "nonsense")], Platform::Win64);
    let mut replies =
        pool.run(vec![Request::Prepare(good.clone()), Request::Prepare(bad.clone())]).into_iter();
    assert_eq!(replies.next().unwrap().unwrap().into_prepared().unwrap(), pixie_jit::prepare(&good).unwrap());
    assert_eq!(replies.next().unwrap().unwrap_err(), pixie_jit::prepare(&bad).unwrap_err());
}

#[test]
fn a_fatal_error_names_platform_level_and_function_and_the_pool_goes_on() {
    let pool = Pool::new(command, 1);
    let replies = pool.run(vec![
        compile(GOOD, Platform::Linux64, "x86-64"),
        compile(ABORTS, Platform::Linux64, "x86-64-v2"),
        compile(ABORTS, Platform::Linux64, "x86-64-v3"),
        compile(GOOD, Platform::OsxArm64, "apple-m1"),
    ]);
    let [first, fatal, fits, last] = replies.as_slice() else { panic!("four replies") };
    assert!(first.is_ok() && fits.is_ok() && last.is_ok());
    let Err(Error::Fatal { task, function, message, .. }) = fatal else { panic!("{fatal:?}") };
    assert_eq!(task, "compiling for linux-64, x86-64-v2");
    assert_eq!(function.as_deref(), Some("twice"), "{message}");
    assert_eq!(message, "Do not know how to split the result of this operator!");
}

#[test]
fn an_ifunc_that_nobody_refused_ends_a_worker_at_most() {
    // Past `prepare`, which refuses it, as damaged or foreign bitcode might be.
    let ir = format!("{GOOD}\n@f = ifunc void (), ptr @choose\ndefine ptr @choose() {{\n  ret ptr null\n}}");
    let mut request = compile(GOOD, Platform::Win64, "x86-64");
    let Request::Compile(compile) = &mut request else { panic!("it compiles") };
    compile.bitcode = ir.into_bytes();
    let reply = Pool::new(command, 1).run(vec![request]).remove(0);
    let message = reply.expect_err("COFF has no ifunc").to_string();
    assert!(message.contains("win-64, x86-64"), "{message}");
}

#[test]
fn a_worker_that_cannot_start_is_an_error_per_request() {
    let pool = Pool::new(|| Command::new("/nowhere/pixie"), 2);
    let replies = pool.run(vec![compile(GOOD, Platform::Linux64, "x86-64"); 3]);
    for reply in replies {
        let message = reply.unwrap_err().to_string();
        assert!(message.starts_with("compile worker: cannot start `/nowhere/pixie`: "), "{message}");
    }
}

#[test]
fn a_worker_that_hangs_is_ended() {
    let pool = Pool::new(
        || {
            let mut command = Command::new("sleep");
            command.arg("60");
            command
        },
        1,
    )
    .with_timeout(Duration::from_millis(50));
    let begin = Instant::now();
    let message =
        pool.run(vec![compile(GOOD, Platform::Linux64, "x86-64")]).remove(0).unwrap_err().to_string();
    assert!(
        message.starts_with("LLVM failed compiling for linux-64, x86-64: no answer within 0.05 s\nhint: "),
        "{message}"
    );
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_worker_ends_when_its_tool_is_gone() {
    let mut child = command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_garbage_frame_ends_the_worker_with_an_error() {
    let mut child =
        command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, &[3, 0, 0, 0, 9, 9, 9]).unwrap();
    drop(stdin);
    assert!(!child.wait_with_output().unwrap().status.success());
}

#[test]
fn hostile_bitcode_never_ends_the_pool() {
    let bitcode = prepare(GOOD, Platform::Linux64).unwrap().bitcode;
    let damaged = (0..bitcode.len()).step_by(7).map(|at| {
        let mut bytes = bitcode.clone();
        bytes[at] ^= 0x55;
        Request::Prepare(request(vec![Source { name: "damaged.bc".to_owned(), bytes }], Platform::Linux64))
    });
    let damaged: Vec<_> = damaged.collect();
    let count = damaged.len();
    let replies = Pool::new(command, 2).with_timeout(Duration::from_secs(20)).run(damaged);
    assert_eq!(replies.len(), count);
    for error in replies.into_iter().filter_map(Result::err) {
        assert!(error.to_string().contains("damaged.bc"), "{error}");
    }
}
