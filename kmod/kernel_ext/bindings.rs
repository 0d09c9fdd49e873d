// SPDX-License-Identifier: GPL-2.0

//! The kernel's C declarations in Rust, generated at the module's build from the headers of the
//! kernel that it is built for.
//!
//! Visible to `kernel_ext` alone. What is generated is listed in `bindgen_parameters`; what is
//! missing there is a compile error that names it. The `kernel` crate has declarations of its own:
//! a pointer that it gives or wants is cast where that happens.
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
#![cfg_attr(CONFIG_RUSTC_HAS_UNNECESSARY_TRANSMUTES, allow(unnecessary_transmutes))]

use kernel::ffi;
use pin_init::{
    MaybeZeroable,
    Zeroable, //
};

// As Rust has them, whatever C makes them of.
pub(crate) type __kernel_size_t = usize;
pub(crate) type __kernel_ssize_t = isize;
pub(crate) type __kernel_ptrdiff_t = isize;

include!("bindings_generated.rs");

/// The module itself, as C knows it.
pub(crate) const fn this_module() -> *mut module {
    (&raw const __this_module).cast_mut()
}

// SAFETY: A transparent wrapper of its storage.
unsafe impl<S: Zeroable> Zeroable for __BindgenBitfieldUnit<S> {}
