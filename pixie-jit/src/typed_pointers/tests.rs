//! Old text beside the new text that it says the same as.

use super::*;

fn source(text: &str) -> Source {
    Source { name: "old.ll".to_owned(), bytes: text.as_bytes().to_vec() }
}

fn upgraded(text: &str) -> String {
    let upgraded = upgrade(&source(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    String::from_utf8(upgraded.unwrap_or_else(|| panic!("{text}: left as it is"))).unwrap()
}

fn refused(text: &str) -> String {
    upgrade(&source(text)).expect_err(text).to_string()
}

#[test]
fn each_pointer_type_becomes_ptr() {
    for (old, new) in [
        ("%.3 = load double, double * %.1", "%.3 = load double, ptr %.1"),
        (r#"define void @f(double* %".1", i8** %p)"#, r#"define void @f(ptr %".1", ptr %p)"#),
        ("store i8* %a, i8** %p, align 8", "store ptr %a, ptr %p, align 8"),
        ("bitcast double* %a to i8*", "bitcast ptr %a to ptr"),
        (
            "getelementptr inbounds double, double* %p, i64 %i",
            "getelementptr inbounds double, ptr %p, i64 %i",
        ),
        ("getelementptr i8*, i8** %p, i64 1", "getelementptr ptr, ptr %p, i64 1"),
        (
            "i8* getelementptr inbounds ([4 x i8], [4 x i8]* @.str, i64 0, i64 0)",
            "ptr getelementptr inbounds ([4 x i8], ptr @.str, i64 0, i64 0)",
        ),
        ("%S = type { double*, %S*, void (%S*)*, [2 x i8*] }", "%S = type { ptr, ptr, ptr, [2 x ptr] }"),
        ("%S = type <{ i8, %\"a b*\"* }>", "%S = type <{ i8, ptr }>"),
        ("load <{ i8, i32 }>, <{ i8, i32 }>* %p", "load <{ i8, i32 }>, ptr %p"),
        ("load <4 x float>, <4 x float>* %p", "load <4 x float>, ptr %p"),
        ("call <2 x double*> @g(<2 x double*> %v)", "call <2 x ptr> @g(<2 x ptr> %v)"),
        ("load void (double*)*, void (double*)** %p", "load ptr, ptr %p"),
        ("store i32 (i8*, ...)* @printf, i32 (i8*, ...)** %p", "store ptr @printf, ptr %p"),
        ("@r = ifunc void (), void ()* ()* @resolve", "@r = ifunc void (), ptr @resolve"),
        ("define void (i32)* @get(i32 %i)", "define ptr @get(i32 %i)"),
        ("call void (i32)* (i32) @get(i32 %i)", "call ptr (i32) @get(i32 %i)"),
        ("call void ()** @table()", "call ptr @table()"),
        ("call i32 (i8*, ...) @printf(i8* %s)", "call i32 (ptr, ...) @printf(ptr %s)"),
        ("call noundef i8* @f(i8* noundef %x)", "call noundef ptr @f(ptr noundef %x)"),
        ("load i8, i8 addrspace(3)* %p", "load i8, ptr addrspace(3) %p"),
        ("load i8 addrspace(1)*, i8 addrspace(1)** %p", "load ptr addrspace(1), ptr %p"),
        ("load i8*, i8* addrspace(1)* %p", "load ptr, ptr addrspace(1) %p"),
        ("call void @d(metadata i8** %x, metadata !12)", "call void @d(metadata ptr %x, metadata !12)"),
        ("!0 = !{void (i32)* @f, !\"kernel*\", i32 1}", "!0 = !{ptr @f, !\"kernel*\", i32 1}"),
        (
            "x: ; double* here\n %a = load i8*, i8** @\"a*b\"",
            "x: ; double* here\n %a = load ptr, ptr @\"a*b\"",
        ),
        (
            "@s = constant [3 x i8] c\"*\\22\\00\"\n@p = global i8* null",
            "@s = constant [3 x i8] c\"*\\22\\00\"\n@p = global ptr null",
        ),
        ("phi %0* [ %a, %b ], [ null, %c ]", "phi ptr [ %a, %b ], [ null, %c ]"),
        ("atomicrmw add i32* %p, i32 1 seq_cst", "atomicrmw add ptr %p, i32 1 seq_cst"),
        (
            "personality i8* bitcast (i32 (...)* @__gxx_personality_v0 to i8*)",
            "personality ptr bitcast (ptr @__gxx_personality_v0 to ptr)",
        ),
        // LLVM itself gives intrinsics today's names, and merges two that become one.
        ("call void @llvm.memset.p0i8.i64(i8* %p)", "call void @llvm.memset.p0i8.i64(ptr %p)"),
    ] {
        assert_eq!(upgraded(old), new);
    }
}

#[test]
fn attributes_keep_the_type_that_their_pointer_had() {
    for (old, new) in [
        (
            "define void @f(%S* noalias sret align 8 %r, i8* byval(i8) %x)",
            "define void @f(ptr noalias sret(%S) align 8 %r, ptr byval(i8) %x)",
        ),
        (
            "call void @f(i8* %a, { i8*, i64 }* dereferenceable(16) byval %x)",
            "call void @f(ptr %a, ptr dereferenceable(16) byval({ ptr, i64 }) %x)",
        ),
    ] {
        assert_eq!(upgraded(old), new);
    }
    assert!(refused("define void @f(i64 byval %x, i8* %y)").contains("`byval` has no type"));
}

#[test]
fn lines_stay_where_they_were() {
    assert_eq!(upgraded("load i8, i8\n  ; why\n * %p\nret void"), "load i8, ptr\n\n %p\nret void");
}

#[test]
fn text_without_typed_pointers_is_left_alone() {
    for text in
        ["define void @f(ptr %p)", "; a * b", "@s = constant [1 x i8] c\"*\"", "%\"a*\" = add i8 1, 2", ""]
    {
        assert_eq!(upgrade(&source(text)).unwrap(), None, "{text}");
    }
}

#[test]
fn what_is_not_clear_is_refused_with_its_line() {
    let message = refused("define void @f() {\n  %x = load double* %p\n}");
    assert!(message.contains("`old.ll` line 2") && message.contains("`%x = load double* %p`"), "{message}");
    assert!(
        message.contains("LLVM 3.6") && message.contains("hint: ") && message.contains(".bc"),
        "{message}"
    );
    for (text, part) in [
        ("getelementptr inbounds double* %p, i64 1", "LLVM 3.6"),
        ("@p = global i8* getelementptr ([2 x i8]* @s, i64 0, i64 0)", "LLVM 3.6"),
        ("tail call fastcc void (i8*)* @f(i8* %x)", "that of its result since"),
        ("load ptr, ptr* %p", "mixed"),
        ("= * %x", "does not follow a type"),
        ("4)* %x", "does not follow a type"),
        ("1 x i8]* %x", "does not follow a type"),
        ("(i8]* %x", "does not follow a type"),
    ] {
        assert!(refused(text).contains(part), "{text}: {}", refused(text));
    }
}

#[test]
fn text_that_ends_anywhere_is_read_or_refused() {
    let text = include_str!("../../../tests/ir/clang14.ll");
    for end in (0..text.len()).step_by(5) {
        if let Ok(Some(upgraded)) = upgrade(&source(&text[..end])) {
            let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(lines(&upgraded), lines(&text.as_bytes()[..end]), "{end}");
            assert_eq!(upgrade(&Source { name: String::new(), bytes: upgraded }), Ok(None), "{end}");
        }
    }
}
