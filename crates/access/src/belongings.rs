//! What belongs to an organization, to take it to another store.

use std::collections::BTreeMap;

use docket_engine::store::{Record, Store, StoreError};

use crate::record::{
    INSTANCE, INVITE_CODE, InviteCodeRecord, TOKEN_SECRET, TokenSecretRecord, organization_key,
    parse,
};

/// The records of the instance, by the organizations that they are about.
#[derive(Debug)]
pub struct Belongings {
    about: BTreeMap<String, Vec<Record>>,
    /// About no organization.
    rest: Vec<Record>,
}

impl Belongings {
    /// What the instance keeps in this store. Records of kinds that this program does not know are taken to be about
    /// no organization.
    ///
    /// # Errors
    /// The store fails, or a record is not what it should be.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut all = Belongings {
            about: BTreeMap::new(),
            rest: Vec::new(),
        };
        for kind in store.record_kinds(INSTANCE)? {
            for record in store.records(INSTANCE, &kind)? {
                match owner(&record)? {
                    Some(org) => all.about.entry(org).or_default().push(record),
                    None => all.rest.push(record),
                }
            }
        }
        Ok(all)
    }

    /// All records of an organization: its own, of whatever kind, and what the instance keeps about it.
    ///
    /// # Errors
    /// The store fails.
    pub fn of(&self, store: &dyn Store, org: &str) -> Result<Vec<Record>, StoreError> {
        let mut records = self.about.get(org).cloned().unwrap_or_default();
        for kind in store.record_kinds(org)? {
            records.extend(store.records(org, &kind)?);
        }
        Ok(records)
    }

    /// Whether there is such an organization, not only a log of that name.
    pub fn knows(&self, org: &str) -> bool {
        let key = organization_key(org);
        let about = self.about.get(org);
        about.is_some_and(|records| records.iter().any(|record| record.key == key))
    }

    /// What the instance keeps about no organization.
    pub fn rest(&self) -> &[Record] {
        &self.rest
    }
}

fn owner(record: &Record) -> Result<Option<String>, StoreError> {
    let key = &record.key;
    if *key == organization_key(&key.name) {
        return Ok(Some(key.name.clone()));
    }
    if key.kind == TOKEN_SECRET {
        let secret: TokenSecretRecord = parse(key, &record.value)?;
        return Ok(Some(secret.org));
    }
    if key.kind == INVITE_CODE {
        let code: InviteCodeRecord = parse(key, &record.value)?;
        return Ok(Some(code.org));
    }
    Ok(None)
}
