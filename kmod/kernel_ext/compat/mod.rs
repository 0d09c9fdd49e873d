// SPDX-License-Identifier: GPL-2.0

//! What differs between the kernels that `docs/kernels.md` lists, for Rust; `compat.h` is the same
//! for C.
//!
//! All other files are written for the newest of these kernels. What is here makes an older one
//! look like that: it has the newest one's name, and a condition `lvs_before_…`, which
//! `kmod/Kbuild` sets. When the oldest kernel of the list is no older than that, both go.

pub(crate) mod errno;
