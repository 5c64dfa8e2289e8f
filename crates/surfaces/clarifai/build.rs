//! Compiles the proto file: to types for requests, and to a descriptor that the surface reads its tables from.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

const FILE: &str = "proto/audit_log.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FILE}");
    let set = protox::compile([FILE], ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("audit_log.bin"), set.encode_to_vec())?;
    prost_build::Config::new()
        .out_dir(&out)
        .compile_fds(set)
        .map_err(Into::into)
}
