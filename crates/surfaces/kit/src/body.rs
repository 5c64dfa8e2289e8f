//! Request bodies, taken in within limits and decompressed within the same limits.

use std::io::Read;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;

use crate::budget::Share;
use crate::{App, Asked, Refusal};

/// Bytes that are decompressed at a time.
const PIECE_BYTES: usize = 64 << 10;
/// Most bytes for which room is made at once when they are announced, so that a body is not copied as it grows.
const ROOM_BYTES_MAX: usize = 1 << 20;
/// Largest zstd window, as a power of two, for which memory is reserved.
const WINDOW_LOG_MAX: u32 = 24;
/// Bytes of a body that is too large which are read and dropped, so that a client that only listens when it
/// has sent everything still hears why it was refused.
const DROPPED_BYTES_MAX: usize = 64 << 20;

/// The content encodings that are taken, for `accept-encoding` on a 415.
pub const ENCODINGS: &str = "gzip, zstd";

/// A body as it was sent.
#[derive(Debug)]
pub struct Sent {
    bytes: Vec<u8>,
    encoding: Encoding,
    max: usize,
    share: Share,
}

/// A decompressed body. It counts against the memory for bodies until it is dropped.
#[derive(Debug)]
pub struct Plain {
    bytes: Vec<u8>,
    _share: Share,
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl App {
    /// Takes in a body.
    ///
    /// # Errors
    /// UnknownEncoding, BodyTooLarge, BadBody when the sender stops half-way, Busy.
    pub async fn body(&self, asked: &Asked, body: Body) -> Result<Sent, Refusal> {
        self.body_within(asked, body, self.limits().body_bytes_max)
            .await
    }

    /// Takes in a body of at most `max` bytes, for dialects whose requests are smaller than batches of events. A
    /// body of a larger server-wide limit is never taken.
    ///
    /// # Errors
    /// UnknownEncoding, BodyTooLarge, BadBody when the sender stops half-way, Busy.
    pub async fn body_within(
        &self,
        asked: &Asked,
        mut body: Body,
        max: usize,
    ) -> Result<Sent, Refusal> {
        let max = max.min(self.limits().body_bytes_max);
        let encoding = match encoding(asked.headers()) {
            Ok(encoding) => encoding,
            Err(refusal) => {
                discard(asked, body).await;
                return Err(refusal);
            }
        };
        let mut share = self.bodies().share();
        let announced = announced(asked.headers()).unwrap_or_default();
        if announced > max {
            return Err(too_large(asked, body, max).await);
        }
        let mut bytes = Vec::with_capacity(announced.min(ROOM_BYTES_MAX));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::BadBody("the body breaks off".to_owned()))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > max {
                drop((bytes, share));
                return Err(too_large(asked, body, max).await);
            }
            if let Err(busy) = share.grow(data.len()) {
                drop((bytes, share));
                discard(asked, body).await;
                return Err(busy);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Sent {
            bytes,
            encoding,
            max,
            share,
        })
    }
}

impl Sent {
    /// Decompresses the body. Takes time: call it where blocking is allowed.
    ///
    /// # Errors
    /// BodyTooLarge, BadBody, Busy.
    pub fn plain(mut self) -> Result<Plain, Refusal> {
        let compressed = std::mem::take(&mut self.bytes);
        let bytes = match self.encoding {
            Encoding::Identity => compressed,
            Encoding::Gzip => {
                let reader = flate2::bufread::MultiGzDecoder::new(compressed.as_slice());
                self.decompressed("gzip", reader)?
            }
            Encoding::Zstd => {
                let broken = |error: std::io::Error| bad("zstd", &error);
                let mut reader =
                    zstd::Decoder::with_buffer(compressed.as_slice()).map_err(broken)?;
                reader.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
                self.decompressed("zstd", reader)?
            }
        };
        Ok(Plain {
            bytes,
            _share: self.share,
        })
    }

    fn decompressed(&mut self, name: &str, mut reader: impl Read) -> Result<Vec<u8>, Refusal> {
        let mut all = Vec::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = reader.read(&mut piece).map_err(|error| bad(name, &error))?;
            if count == 0 {
                return Ok(all);
            }
            if all.len() + count > self.max {
                return Err(Refusal::BodyTooLarge { max: self.max });
            }
            self.share.grow(count)?;
            all.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
    }
}

impl Plain {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, without a byte order mark.
    ///
    /// # Errors
    /// BadBody for what is not UTF-8.
    pub fn text(&self) -> Result<&str, Refusal> {
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => Err(Refusal::BadBody(format!(
                "the body is not UTF-8 (byte {})",
                error.valid_up_to()
            ))),
        }
    }
}

fn bad(name: &str, error: &std::io::Error) -> Refusal {
    Refusal::BadBody(format!(
        "the body cannot be decompressed as {name}: {error}"
    ))
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let (first, None) = (values.next(), values.next()) else {
        return Err(Refusal::UnknownEncoding("more than one".to_owned()));
    };
    let name = first
        .map_or("", |value| value.to_str().unwrap_or("?"))
        .trim();
    match name.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Refusal::UnknownEncoding(name.chars().take(40).collect())),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn too_large(asked: &Asked, body: Body, max: usize) -> Refusal {
    discard(asked, body).await;
    Refusal::BodyTooLarge { max }
}

/// Reads the rest of a body that nobody wants, for a while, unless the client waits to be told to send. A
/// connection that is closed under a sending client loses the answer.
pub async fn discard(asked: &Asked, mut body: Body) {
    let mut dropped = 0;
    while dropped < DROPPED_BYTES_MAX && !asked.headers().contains_key(EXPECT) {
        match body.frame().await {
            Some(Ok(frame)) => dropped += frame.data_ref().map_or(0, |data| data.len()),
            Some(Err(_)) | None => break,
        }
    }
}
