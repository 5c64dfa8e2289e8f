//! The issuers of JWTs that are trusted, with their keys, which are read from files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use docket_access::{Issuers, KeySet, TrustedIssuer};

use crate::config::JwtSection;

/// Most bytes of a file of keys; a large one has some tens of thousands.
const KEYS_BYTES_MAX: u64 = 1 << 20;

/// The issuers that are trusted, and where their keys are.
#[derive(Debug)]
pub struct Jwts {
    sections: Vec<JwtSection>,
    issuers: Arc<Issuers>,
}

impl Jwts {
    /// Reads the keys of all issuers; `None` if none are configured.
    ///
    /// # Errors
    /// A file of keys that cannot be used, or rules that cannot be.
    pub fn open(sections: &[JwtSection]) -> anyhow::Result<Option<Arc<Self>>> {
        if sections.is_empty() {
            return Ok(None);
        }
        let issuers = Issuers::new(load(sections)?).map_err(|fault| anyhow!("jwt{fault}"))?;
        Ok(Some(Arc::new(Jwts {
            sections: sections.to_vec(),
            issuers: Arc::new(issuers),
        })))
    }

    /// What access is given.
    pub fn issuers(&self) -> Arc<Issuers> {
        Arc::clone(&self.issuers)
    }

    /// Reads the keys of all issuers again, from where they were. From the next request on JWTs are verified with
    /// what was read. Blocks.
    ///
    /// # Errors
    /// What is there cannot be used; nothing changes then.
    pub fn reload(&self) -> anyhow::Result<()> {
        let read = load(&self.sections)?;
        let replaced = self.issuers.replace(read);
        replaced.map_err(|fault| anyhow!("jwt{fault}"))
    }
}

fn load(sections: &[JwtSection]) -> anyhow::Result<Vec<TrustedIssuer>> {
    let one = |section: &JwtSection| {
        let issuer = section.issuer().map_err(|fault| anyhow!("jwt.{fault}"))?;
        let keys = keys(&section.keys)
            .with_context(|| format!("the keys of the JWT issuer {}", section.issuer))?;
        tracing::info!(issuer = %section.issuer, ?keys, "read the keys of a JWT issuer");
        Ok(TrustedIssuer { issuer, keys })
    };
    sections.iter().map(one).collect()
}

fn keys(path: &Path) -> anyhow::Result<KeySet> {
    let bytes = read(path).with_context(|| {
        format!(
            "{} cannot be read: put the issuer's public keys (JWKS) there, for the server's user to read",
            path.display()
        )
    })?;
    if bytes.len() as u64 > KEYS_BYTES_MAX {
        bail!(
            "{} has more than {KEYS_BYTES_MAX} bytes: that is no JWKS",
            path.display()
        );
    }
    KeySet::parse(&bytes).map_err(|reason| anyhow!("{} {reason}", path.display()))
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(KEYS_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
