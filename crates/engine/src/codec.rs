//! Reading and writing of numbers and lengths in stored bytes; reading never panics.

/// What was stored is not what the format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Appends `value` as a LEB128 varint.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

/// Appends a signed number as a zigzag varint.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(
        out,
        (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned(),
    );
}

/// The CRC-32C of several pieces.
pub fn checksum(pieces: &[&[u8]]) -> u32 {
    pieces
        .iter()
        .fold(0, |sum, piece| crc32c::crc32c_append(sum, piece))
}

/// Appends the checksum of `keys` and of all that `out` holds.
pub fn put_checksum(out: &mut Vec<u8>, keys: &[&[u8]]) {
    let sum = keyed_sum(keys, out);
    out.extend(sum.to_be_bytes());
}

/// The content of `data` without the checksum at its end, which must be right for `keys`.
pub fn checked<'d>(data: &'d [u8], keys: &[&[u8]]) -> Result<&'d [u8], Malformed> {
    let (content, sum) = data.split_last_chunk::<4>().ok_or(Malformed("too short"))?;
    if keyed_sum(keys, content) != u32::from_be_bytes(*sum) {
        return Err(Malformed("its checksum does not fit"));
    }
    Ok(content)
}

fn keyed_sum(keys: &[&[u8]], content: &[u8]) -> u32 {
    let mut pieces: Vec<&[u8]> = keys.to_vec();
    pieces.push(content);
    checksum(&pieces)
}

/// Reads stored bytes from the front.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'d> {
    rest: &'d [u8],
}

impl<'d> Bytes<'d> {
    /// Reads `data` from its start.
    pub fn new(data: &'d [u8]) -> Self {
        Bytes { rest: data }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'d [u8] {
        self.rest
    }

    /// Whether all has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'d [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Malformed("ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(Malformed("ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A big-endian 32-bit number.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// A big-endian 64-bit number.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A varint.
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// A varint that counts or measures something in memory, at most `max`.
    pub fn length(&mut self, max: usize) -> Result<usize, Malformed> {
        let value =
            usize::try_from(self.varint()?).map_err(|_| Malformed("a length is too large"))?;
        if value > max {
            Err(Malformed("a length is too large"))
        } else {
            Ok(value)
        }
    }

    /// A zigzag varint.
    pub fn signed(&mut self) -> Result<i64, Malformed> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed("bytes are left over"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn numbers_come_back(value: u64, signed: i64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            put_signed(&mut out, signed);
            let mut bytes = Bytes::new(&out);
            proptest::prop_assert_eq!(bytes.varint(), Ok(value));
            proptest::prop_assert_eq!(bytes.signed(), Ok(signed));
            proptest::prop_assert_eq!(bytes.end(), Ok(()));
        }

        #[test]
        fn no_bytes_panic_the_reader(data: Vec<u8>) {
            let mut bytes = Bytes::new(&data);
            while bytes.varint().is_ok() && !bytes.is_empty() {}
            let _ = (bytes.length(9), bytes.signed(), bytes.u64());
        }

        #[test]
        fn a_changed_bit_is_noticed(data: Vec<u8>, bit: usize) {
            let mut sealed = data.clone();
            put_checksum(&mut sealed, &[b"key"]);
            proptest::prop_assert_eq!(checked(&sealed, &[b"key"]), Ok(&data[..]));
            proptest::prop_assert!(checked(&sealed, &[b"kez"]).is_err());
            let bit = bit % (sealed.len() * 8);
            sealed[bit / 8] ^= 1 << (bit % 8);
            proptest::prop_assert!(checked(&sealed, &[b"key"]).is_err());
        }
    }
}
