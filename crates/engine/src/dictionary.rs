//! The zstd dictionaries that frames may name: what was built in once stays built in.
//!
//! They are trained on the events of the corpus in `testing`, which knows no customer's values. `tests/dictionary.rs`
//! trains them and tells what they save.

use std::sync::LazyLock;

use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// The dictionary that new frames use.
pub const CURRENT: u64 = 1;

/// The level at which compressors share one dictionary that was made ready once.
const USUAL_LEVEL: i32 = 1;

static FIRST: &[u8] = include_bytes!("../data/dictionary-1.zdict");

static FIRST_DECODER: LazyLock<Option<DecoderDictionary<'static>>> =
    LazyLock::new(|| DecoderDictionary::try_copy(FIRST).ok());

static FIRST_ENCODER: LazyLock<Option<EncoderDictionary<'static>>> =
    LazyLock::new(|| EncoderDictionary::try_copy(FIRST, USUAL_LEVEL).ok());

/// A compressor with the current dictionary; `None` without memory for it.
pub fn compressor(level: i32) -> Option<Compressor<'static>> {
    if level == USUAL_LEVEL {
        let ready = FIRST_ENCODER.as_ref()?;
        return Compressor::with_prepared_dictionary(ready).ok();
    }
    Compressor::with_dictionary(level, FIRST).ok()
}

/// A dictionary made ready to decompress; `None` when this program has none of that number.
pub fn decoder(id: u64) -> Option<&'static DecoderDictionary<'static>> {
    match id {
        CURRENT => FIRST_DECODER.as_ref(),
        _ => None,
    }
}
