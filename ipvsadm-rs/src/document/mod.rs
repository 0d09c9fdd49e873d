// SPDX-License-Identifier: MIT OR GPL-2.0

//! Listings as data: one versioned schema for `--json` and `apply`.
//!
//! [`schema`] has the shape, [`from_model`] fills it in and [`into_model`] reads it back.

pub mod from_model;
pub mod into_model;
pub mod schema;

pub use schema::Document;

/// The document as indented JSON with a newline.
pub fn to_json(document: &Document) -> String {
    // Structs of numbers and strings always have a JSON form.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}
