//! Damage: every truncation and every change of one byte of a small module is refused.

#[path = "../examples/vectors/cases/mod.rs"]
mod cases;

use pixie_format::{Error, Header, Module};

fn read(bytes: &[u8]) -> Result<(), Error> {
    Module::parse(bytes)?.verify()
}

#[test]
fn every_truncation_is_refused() {
    let file = cases::file::base().build();
    read(&file).unwrap();
    for length in 0..file.len() {
        let error = read(&file[..length]).expect_err("a truncated module");
        let rule = error.rule().unwrap();
        let expected = match length {
            0..8 => "M1",
            8..128 => "M2",
            _ => "M5",
        };
        assert_eq!(rule, expected, "{length} bytes: {error}");
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let file = cases::file::base().build();
    let mut damaged = file.clone();
    for at in 0..file.len() {
        for flip in [0x01, 0x80, 0xff] {
            damaged[at] = file[at] ^ flip;
            let error = read(&damaged).expect_err("a damaged module");
            let message = error.to_string();
            assert!(error.rule().is_some(), "byte {at}: {message}");
            if at >= 128 {
                let names_place = message.contains("the manifest")
                    || message.contains("blob")
                    || message.contains("padding");
                assert!(names_place && message.contains("offset"), "byte {at}: {message}");
            }
        }
        damaged[at] = file[at];
    }
}

#[test]
fn appended_bytes_are_refused() {
    let file = cases::file::base().build();
    for count in [1, 63, 64, 1000] {
        let longer = [file.as_slice(), &vec![0; count]].concat();
        assert_eq!(read(&longer).expect_err("a longer module").rule(), Some("M5"));
    }
}

#[test]
fn the_header_alone_tells_a_short_file() {
    let file = cases::file::base().build();
    let error = Header::parse(&file[..128], 4000).expect_err("another length");
    assert_eq!(
        error.to_string(),
        format!(
            "the file has 4000 bytes, its header says {}\nhint: the file was truncated or appended to; copy or build it again",
            file.len()
        )
    );
}

#[test]
fn messages_name_both_versions() {
    let message = |name: &str| {
        let case = cases::all_invalid().into_iter().find(|case| case.name == name).unwrap();
        read(&case.bytes).expect_err(name).to_string()
    };
    assert_eq!(
        message("newer-major"),
        "the module has format version 2.0, this reader knows 1.0 and later minors\nhint: install a newer version of pixie"
    );
    assert_eq!(
        message("critical"),
        "the module (format 1.0) marks `compressed-blobs` as critical, which this reader of format 1.0 does not know\nhint: install a newer version of pixie"
    );
    assert!(message("text-mode").contains("text mode"));
    assert!(message("bitcode").contains("pixie build"));
}
