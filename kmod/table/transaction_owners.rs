// SPDX-License-Identifier: GPL-2.0

//! Sockets open transactions, continue and close them.

use core::mem;

use kernel::prelude::*;

use super::netns_state::NetnsState;
use super::transactions::{
    Open,
    Transaction, //
};

/// Most transactions that are open in a namespace at once.
const MOST_OPEN: usize = 64;

impl NetnsState {
    /// Opens a transaction of the socket `owner`. Process context. Fails with `EBUSY` if it has
    /// one, `ENOSPC` if too many are open, `ENOMEM`.
    pub(crate) fn open_transaction(&self, owner: u32, transaction: Transaction) -> Result {
        let mut open = self.transactions.lock();
        if open.position(owner).is_some() {
            return Err(EBUSY);
        }
        if open.0.len() >= MOST_OPEN {
            return Err(ENOSPC);
        }
        open.0.push(Open { owner, transaction })
    }

    /// Has `f` continue the transaction of the socket `owner`, which can't be committed any more if
    /// that fails. Process context. Fails with `ENOENT` if there is none, or as `f` does.
    pub(crate) fn continue_transaction<R>(
        &self,
        owner: u32,
        f: impl FnOnce(&mut Transaction) -> Result<R>,
    ) -> Result<R> {
        let mut open = self.transactions.lock();
        let position = open.position(owner).ok_or(ENOENT)?;
        let own = open.0.get_mut(position).ok_or(ENOENT)?;
        f(&mut own.transaction).inspect_err(|_| own.transaction.spoil())
    }

    /// Closes the transaction of the socket `owner`, if it has one. Process context.
    pub(crate) fn close_transaction(&self, owner: u32) -> Option<Transaction> {
        let mut open = self.transactions.lock();
        let position = open.position(owner)?;
        let closed = open.0.remove(position)?.transaction;
        if open.0.is_empty() {
            drop(mem::take(&mut open.0));
        }
        Some(closed)
    }
}
