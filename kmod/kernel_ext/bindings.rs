// SPDX-License-Identifier: GPL-2.0

//! Kernel declarations in Rust: those of the `kernel` crate, and generated ones for what it lacks.
//!
//! Visible to `kernel_ext` alone. What is generated is listed in `bindgen_parameters`; a type
//! missing there is a compile error that names it.
#![allow(
    clippy::all,
    clippy::as_underscore,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_imports
)]

pub(crate) use kernel::bindings::*;

use kernel::ffi;
use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

include!("bindings_generated.rs");

// SAFETY: A transparent wrapper of its storage.
unsafe impl<S: Zeroable> Zeroable for __BindgenBitfieldUnit<S> {}
