//! Which calls go wrong, and how.

use std::collections::BTreeMap;

use crate::store::StoreError;

/// How a call that writes goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// It is not applied; Busy.
    Busy,
    /// It is not applied; Unavailable, and nothing writes until the store is reopened.
    Unavailable,
    /// It is applied and the answer is lost; Unavailable, and nothing writes until the store is reopened.
    Lost,
    /// The process dies before it is applied: all calls are Unavailable until [`super::Memory::revive`].
    DieBefore,
    /// The process dies after it is applied.
    DieAfter,
}

/// How a call that reads goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// What it reads cannot be right.
    Corrupt,
    /// The database does not answer.
    Unavailable,
}

/// The faults to come, and what past ones have done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    writes: u64,
    reads: u64,
    write_faults: BTreeMap<u64, WriteFault>,
    read_faults: BTreeMap<u64, ReadFault>,
    health: Health,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Good,
    MustReopen,
    Dead,
}

impl Plan {
    pub(super) fn fail_write(&mut self, nth: u64, fault: WriteFault) {
        self.write_faults.insert(self.writes + nth, fault);
    }

    pub(super) fn fail_read(&mut self, nth: u64, fault: ReadFault) {
        self.read_faults.insert(self.reads + nth, fault);
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads
    }

    pub(super) fn is_dead(&self) -> bool {
        self.health == Health::Dead
    }

    pub(super) fn revive(&mut self) {
        self.health = Health::Good;
        self.write_faults.clear();
        self.read_faults.clear();
    }

    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        if self.health == Health::Dead {
            return Err(unavailable("it is dead"));
        }
        self.health = Health::Good;
        Ok(())
    }

    /// Whether a call that writes may begin.
    pub(super) fn may_write(&self) -> Result<(), StoreError> {
        match self.health {
            Health::Good => Ok(()),
            Health::MustReopen => Err(unavailable("it must be reopened")),
            Health::Dead => Err(unavailable("it is dead")),
        }
    }

    /// Counts a call that reads.
    pub(super) fn read(&mut self) -> Result<(), StoreError> {
        if self.is_dead() {
            return Err(unavailable("it is dead"));
        }
        let fault = self.read_faults.remove(&self.reads);
        self.reads += 1;
        match fault {
            None => Ok(()),
            Some(ReadFault::Corrupt) => Err(StoreError::corrupt("a row", "a planned fault")),
            Some(ReadFault::Unavailable) => Err(unavailable("a planned fault")),
        }
    }

    /// Counts a call that writes and applies it, or does not. Work that fails has changed nothing.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.may_write()?;
        let fault = self.write_faults.remove(&self.writes);
        self.writes += 1;
        match fault {
            None => work(),
            Some(WriteFault::Busy) => Err(StoreError::Busy("a planned fault".to_owned())),
            Some(WriteFault::Unavailable) => Err(self.sicken(Health::MustReopen)),
            Some(WriteFault::DieBefore) => Err(self.sicken(Health::Dead)),
            Some(WriteFault::Lost) => {
                work()?;
                Err(self.sicken(Health::MustReopen))
            }
            Some(WriteFault::DieAfter) => {
                work()?;
                Err(self.sicken(Health::Dead))
            }
        }
    }

    fn sicken(&mut self, health: Health) -> StoreError {
        self.health = health;
        unavailable("a planned fault")
    }
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}
