// SPDX-License-Identifier: MIT OR GPL-2.0

//! The older control interface, over socket options: for IPv4 only, without tunnel types and
//! persistence engines. It is used where the netlink family can't be had.

pub mod control;
pub mod records;
pub mod requests;
