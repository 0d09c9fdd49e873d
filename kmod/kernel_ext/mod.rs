// SPDX-License-Identifier: GPL-2.0

//! Safe access to the kernel's C interfaces. All unsafe code of the module is below here.

mod bindings;
