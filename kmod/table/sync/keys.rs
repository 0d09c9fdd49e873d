// SPDX-License-Identifier: GPL-2.0

//! The keys by which datagrams are signed: two, so that one can replace another.

use kernel::prelude::*;

use lvs_engine::sync::ext::{
    KeyIds,
    Sealed,
    Signature,
    Tag,
    TAG, //
};

use crate::kernel_ext::hmac::HmacKey;

/// A key and its id, which isn't 0.
struct Key {
    id: u16,
    key: HmacKey,
}

/// The keys that a director knows.
#[derive(Default)]
pub(crate) struct Keys {
    keys: [Option<Key>; 2],
    /// Id of the one that signs; 0: none does.
    signing: u16,
}

impl Keys {
    /// Adds a key; the first one signs. Sleeps. Fails with `EINVAL` for id 0, `EEXIST` if it is
    /// there, `ENOSPC` if two are, `ENOMEM`.
    pub(crate) fn add(&mut self, id: u16, secret: &[u8]) -> Result {
        if id == 0 {
            return Err(EINVAL);
        }
        if self.find(id).is_some() {
            return Err(EEXIST);
        }
        let is_first = self.keys.iter().all(Option::is_none);
        let place = self.keys.iter_mut().find(|place| place.is_none());
        *place.ok_or(ENOSPC)? = Some(Key {
            id,
            key: HmacKey::new(secret)?,
        });
        if is_first {
            self.signing = id;
        }
        Ok(())
    }

    /// Removes a key; if it signed, the other one does, if there is one. Fails with `ENOENT`.
    pub(crate) fn remove(&mut self, id: u16) -> Result {
        let mut places = self.keys.iter_mut();
        let place = places.find(|place| place.as_ref().is_some_and(|key| key.id == id));
        *place.ok_or(ENOENT)? = None;
        if self.signing == id {
            self.signing = self.keys.iter().flatten().next().map_or(0, |key| key.id);
        }
        Ok(())
    }

    /// Signs by this key from now on; 0: nothing is signed. Fails with `ENOENT` without such a key.
    pub(crate) fn sign_by(&mut self, id: u16) -> Result {
        if id != 0 && self.find(id).is_none() {
            return Err(ENOENT);
        }
        self.signing = id;
        Ok(())
    }

    /// Id of the key that signs; 0: none.
    pub(crate) fn signing(&self) -> u16 {
        self.signing
    }

    /// Ids of all of them.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u16> + '_ {
        self.keys.iter().flatten().map(|key| key.id)
    }

    fn find(&self, id: u16) -> Option<&HmacKey> {
        let mut keys = self.keys.iter().flatten();
        keys.find(|key| key.id == id).map(|key| &key.key)
    }

    /// The signature of `bytes` by the key with this id; zeroes without such a key.
    pub(super) fn tag(&self, id: u16, bytes: &[u8]) -> Tag {
        let signature = self.find(id).map(|key| key.sign(bytes)).unwrap_or_default();
        signature.first_chunk::<TAG>().copied().unwrap_or_default()
    }

    /// What the signature of `sealed` is worth.
    pub(super) fn verify(&self, sealed: &Sealed<'_>) -> Signature {
        let ids = KeyIds(self.keys.each_ref().map(|place| {
            let key = place.as_ref();
            key.map_or(0, |key| key.id)
        }));
        Signature::of(sealed, &ids, |_, bytes| self.tag(sealed.trailer.key, bytes))
    }
}
