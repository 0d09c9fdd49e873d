// SPDX-License-Identifier: GPL-2.0

//! The TCP header (RFC 9293).

/// Bytes of a header without options.
pub const LEN: usize = 20;

/// Where the fields lie.
pub mod at {
    /// Sequence number, 4 bytes.
    pub const SEQUENCE: usize = 4;
    /// Acknowledgement number, 4 bytes.
    pub const ACKNOWLEDGEMENT: usize = 8;
    /// The header's length, in words of four bytes: the upper half of 1 byte.
    pub const DATA_OFFSET: usize = 12;
    /// Flag bits, 1 byte; see [`super::flag`].
    pub const FLAGS: usize = 13;
    /// Checksum of pseudo-header and segment, 2 bytes.
    pub const CHECK: usize = 16;
}

/// Flag bits.
pub mod flag {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
}

/// Kinds of options.
pub mod option {
    /// No option follows; 1 byte.
    pub const END: u8 = 0;
    /// A byte that fills up; 1 byte.
    pub const NO_OPERATION: u8 = 1;
    /// Selective acknowledgements (RFC 2018): pairs of sequence numbers.
    pub const SACK: u8 = 5;

    /// Bytes of kind and length, with which all other options start.
    pub const HEADER_LEN: usize = 2;
}
