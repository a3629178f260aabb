//! Commands whose output nobody reads to its end, as behind `head`.

mod support;

use std::process::Stdio;

use support::program;

#[test]
fn a_reader_that_has_gone_is_no_error() {
    for command in [
        &["plan"][..],
        &["--print-config"],
        &["man"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut program = program();
        program.args(command).stdout(writer).stderr(Stdio::piped());
        let child = program.spawn().expect("the program starts");
        let ended = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{command:?}: {said}");
        assert_eq!(said, "", "{command:?}");
    }
}
