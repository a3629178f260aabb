//! Images made from what this machine has: nothing is pulled from a registry of images.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bollard::Docker;
use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptionsBuilder};
use futures_util::TryStreamExt;

/// The system's own interpreter, whose files are where its package put them.
const PYTHON: &str = "/usr/bin/python3";

/// Makes an image of these files; returns its name.
async fn import(docker: &Docker, files: Vec<u8>, changes: &[&str]) -> String {
    let name = format!("sebs-tui-tested-{:08x}", rand::random::<u32>());
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(&name)
        .tag("latest")
        .changes(changes.iter().map(|&change| change.into()).collect())
        .build();
    let body = bollard::body_full(files.into());
    let made = docker.create_image(Some(options), Some(body), None);
    made.try_collect::<Vec<_>>().await.unwrap();
    name
}

/// Removes an image.
pub async fn remove(docker: &Docker, name: &str) {
    let options = RemoveImageOptionsBuilder::default().force(true).build();
    let removed = docker.remove_image(name, Some(options), None).await;
    removed.unwrap();
}

/// As AWS describes images of one's own: Python and its unmodified runtime client, which takes the handler's name and
/// finds it in the directory of the function.
pub async fn with_awslambdaric(docker: &Docker) -> String {
    let client = tempfile::tempdir().unwrap();
    said(
        Command::new(PYTHON)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "awslambdaric",
                "--target",
            ])
            .arg(client.path()),
    );
    let library = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let library = PathBuf::from(said(Command::new(PYTHON).args(["-c", library])).trim());
    let program = fs::canonicalize(PYTHON).unwrap();

    let mut tar = tar::Builder::new(Vec::new());
    let mut put = |from: &Path, to: &Path| {
        let to = to.strip_prefix("/").unwrap();
        tar.append_path_with_name(from, to).unwrap();
    };
    put(&program, Path::new(PYTHON));
    let (mut binaries, mut files) = (vec![program.clone()], Vec::new());
    below(&library, &mut files);
    for file in &files {
        put(file, file);
    }
    let mut ours = Vec::new();
    below(client.path(), &mut ours);
    for file in &ours {
        let name = file.strip_prefix(client.path()).unwrap();
        put(file, &Path::new("/client").join(name));
    }
    let shared = |file: &&PathBuf| file.to_string_lossy().contains(".so");
    binaries.extend(files.iter().chain(&ours).filter(shared).cloned());
    for needed in needed(&binaries) {
        put(&fs::canonicalize(&needed).unwrap(), &needed);
    }
    let files = tar.into_inner().unwrap();
    let changes = [
        r#"ENTRYPOINT ["/usr/bin/python3", "-m", "awslambdaric"]"#,
        "ENV PYTHONPATH=/client",
    ];
    import(docker, files, &changes).await
}

/// An image whose entry point is this program.
pub async fn with_program(docker: &Docker, program: &[u8]) -> String {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    tar.append_data(&mut header, "given", program).unwrap();
    let files = tar.into_inner().unwrap();
    import(docker, files, &[r#"ENTRYPOINT ["/given"]"#]).await
}

/// The files below a directory that Python needs to run.
fn below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let unneeded = ["test", "__pycache__"]
            .iter()
            .any(|unneeded| name == *unneeded);
        if path.is_dir() {
            if !unneeded {
                below(&path, files);
            }
        } else if path.exists() {
            files.push(path);
        }
    }
}

/// The shared libraries of these programs and libraries, and what loads them.
fn needed(binaries: &[PathBuf]) -> BTreeSet<PathBuf> {
    let told = said(Command::new("ldd").args(binaries));
    let path = |word: &str| word.starts_with('/').then(|| PathBuf::from(word));
    let paths = told.lines().filter(|line| line.starts_with('\t'));
    let paths = paths.flat_map(|line| line.split_whitespace().filter_map(path));
    paths.collect()
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
