// SPDX-License-Identifier: GPL-2.0

//! Signatures by HMAC-SHA256.
//!
//! Relies on: the kernel's function prepares a key of any length, and signs in any context.
//!
//! A breach would be noticed by: `test-sync-keys`.
//!
//! C header: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h)

use kernel::prelude::*;

use super::bindings;

/// Bytes of a signature.
pub(crate) const SIGNATURE: usize = 32;

/// A key, of which nothing is left in memory once it is dropped.
pub(crate) struct HmacKey(KBox<bindings::hmac_sha256_key>);

impl HmacKey {
    /// The key made of `secret`. Sleeps. Fails with `ENOMEM`.
    pub(crate) fn new(secret: &[u8]) -> Result<Self> {
        let mut key = Self(KBox::new(pin_init::zeroed(), GFP_KERNEL)?);
        // SAFETY: There is room for a key; the secret is readable for its length.
        unsafe {
            bindings::hmac_sha256_preparekey(&mut *key.0, secret.as_ptr(), secret.len());
        }
        Ok(key)
    }

    /// The signature of `data`. Any context.
    pub(crate) fn sign(&self, data: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        // SAFETY: The key was prepared, the data is readable for its length, and there is room for
        // the result.
        unsafe {
            bindings::hmac_sha256(&*self.0, data.as_ptr(), data.len(), signature.as_mut_ptr());
        }
        signature
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        let size = size_of::<bindings::hmac_sha256_key>();
        // SAFETY: The key is ours, and any bytes are a valid one.
        unsafe { bindings::lvs_wipe((&raw mut *self.0).cast(), size) }
    }
}
