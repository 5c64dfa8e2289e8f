//! The one way in which surfaces ask of access and change it: on a thread that may block, within the limits.

use docket_access::Access;

use crate::{App, Refusal};

impl App {
    /// Asks something of access.
    ///
    /// # Errors
    /// Busy until the server has started, and while all places for questions are taken.
    pub async fn ask_access<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Access) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let access = self.access()?.clone();
        self.reading(move || work(&access)).await
    }

    /// Changes something of access. What the change says is durable is durable when this returns; it is made to its
    /// end even if nobody waits for it any more.
    ///
    /// # Errors
    /// Busy until the server has started, and while all places for batches are taken.
    pub async fn change_access<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Access) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let access = self.access()?.clone();
        self.writing(move || work(&access)).await
    }
}
