//! Frame encoders that are not in use: making one costs more than many frames.

use parking_lot::Mutex;

use crate::frame::FrameEncoder;

/// Encoders of one level.
#[derive(Debug)]
pub struct Encoders {
    level: i32,
    idle: Mutex<Vec<FrameEncoder>>,
}

impl Encoders {
    /// Encoders at a zstd level.
    pub fn new(level: i32) -> Self {
        Encoders {
            level,
            idle: Mutex::default(),
        }
    }

    /// Lends an encoder to `work`.
    pub fn with<T>(&self, work: impl FnOnce(&mut FrameEncoder) -> T) -> T {
        let idle = self.idle.lock().pop();
        let mut encoder = idle.unwrap_or_else(|| FrameEncoder::new(self.level));
        let done = work(&mut encoder);
        self.idle.lock().push(encoder);
        done
    }
}
