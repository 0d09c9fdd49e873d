// SPDX-License-Identifier: GPL-2.0

//! Errors that the kernel crate has from 7.3 on.
//!
//! Relies on: an `Error` is nothing but the negative number, which is asserted.
//!
//! A breach would be noticed by: `test-refusals`, `test-transactions`.

#[cfg(not(lvs_before_7_3))]
pub(crate) use kernel::error::code::{
    EAFNOSUPPORT,
    ECANCELED,
    ENETUNREACH,
    ENOBUFS,
    ENOPROTOOPT,
    ESTALE, //
};

#[cfg(lvs_before_7_3)]
mod before_7_3 {
    use core::mem::transmute;

    use kernel::prelude::*;

    use super::super::super::bindings;

    // SAFETY: Any number of this size may be looked at.
    const _: () = assert!(unsafe { transmute::<Error, i32>(EPERM) } == -1);

    /// The error of a number of C.
    const fn error(number: u32) -> Error {
        assert!(number > 0 && number < 4096);
        // SAFETY: That an `Error` is its number is asserted above, and that it is one of its
        // numbers here. Evaluated when the module is built.
        unsafe { transmute::<i32, Error>(-(number as i32)) }
    }

    pub(crate) const EAFNOSUPPORT: Error = error(bindings::EAFNOSUPPORT);
    pub(crate) const ECANCELED: Error = error(bindings::ECANCELED);
    pub(crate) const ENETUNREACH: Error = error(bindings::ENETUNREACH);
    pub(crate) const ENOBUFS: Error = error(bindings::ENOBUFS);
    pub(crate) const ENOPROTOOPT: Error = error(bindings::ENOPROTOOPT);
    pub(crate) const ESTALE: Error = error(bindings::ESTALE);
}
#[cfg(lvs_before_7_3)]
pub(crate) use before_7_3::*;
