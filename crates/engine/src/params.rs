//! Sizes of the engine, as parameters so that tests can make them tiny.

/// Sizes of the engine. What is written with one set can be read with any other, save `tile_height` and
/// `term_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Whether tails are sealed at all.
    pub sealing: WhatIsSealed,
    /// Events in a full tail: it is sealed then. At most 65,536.
    pub block_events: u32,
    /// Compressed bytes in a full tail.
    pub block_bytes: usize,
    /// Bytes of memory that all tails together may take, about. With half of that in tails that take new events, the
    /// oldest is sealed; with half of it in frozen ones, the writer waits for the sealer.
    pub tail_bytes_max: usize,
    /// A tail is sealed when its first event is this old.
    pub batch_age: std::time::Duration,
    /// A tail is sealed when batch rows of so many bytes were written since it got its first event.
    pub younger_bytes: u64,
    /// How many neighbouring blocks of about one size are merged.
    pub merge_blocks: usize,
    /// Events in a full frame.
    pub frame_events: usize,
    /// Height of a Merkle tile; its width is two to this power.
    pub tile_height: u32,
    /// Bits of a term, at most 48.
    pub term_bits: u32,
    /// Bytes of a full term page.
    pub page_bytes: usize,
    /// A block with fewer events than these has no index of texts: looking through it is as quick, and the index would
    /// be many bytes for each of them.
    pub scanned_events: u32,
    /// Bytes of decoded pieces of blocks that are kept in memory.
    pub cache_bytes: u64,
    /// Bytes of requests that wait for the writer; beyond them callers get Busy.
    pub queue_bytes_max: usize,
    /// Events that one group commit takes at most.
    pub group_events_max: usize,
    /// Pause before another try to reopen the store, or to seal when there is no room.
    pub retry_pause: std::time::Duration,
    /// zstd level of frames.
    pub zstd_level: i32,
}

/// Whether tails are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhatIsSealed {
    /// Full and old ones, as a log's writer does it.
    #[default]
    FullTails,
    /// None: who only reads must not write.
    Nothing,
}

impl Default for Params {
    fn default() -> Self {
        Params {
            sealing: WhatIsSealed::FullTails,
            block_events: 65_536,
            block_bytes: 64 << 20,
            tail_bytes_max: 128 << 20,
            batch_age: std::time::Duration::from_secs(600),
            younger_bytes: 40 << 20,
            merge_blocks: 8,
            frame_events: 16,
            tile_height: 8,
            term_bits: 48,
            page_bytes: 4_096,
            scanned_events: 256,
            cache_bytes: 64 << 20,
            queue_bytes_max: 64 << 20,
            group_events_max: 20_000,
            retry_pause: std::time::Duration::from_millis(200),
            zstd_level: 1,
        }
    }
}
