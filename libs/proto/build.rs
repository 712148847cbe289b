//! Compiles `proto/` in process, without `protoc`, into Rust code and one descriptor set with all options and comments.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// File of the descriptor set within `OUT_DIR`.
const DESCRIPTOR_SET: &str = "redress.binpb";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new([root.clone(), root.join("vendor")])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(proto_files(&root.join("redress"))?)?;
    // The compiler's own encoding keeps the options (roles, personal, limits) that prost-types would drop.
    fs::write(out.join(DESCRIPTOR_SET), compiler.encode_file_descriptor_set())?;

    let mut files = compiler.file_descriptor_set();
    // Present only as options.
    files.file.retain(|file| !file.name().starts_with("buf/"));
    let mut prost = tonic_prost_build::Config::new();
    prost.enable_type_names();
    tonic_prost_build::configure()
        // Maps in a stable order: the bytes of an event are hashed.
        .btree_map(".")
        .emit_rerun_if_changed(false)
        .compile_fds_with_config(files, prost)?;
    Ok(())
}

/// All proto files below `folder`, in a stable order.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "proto") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
