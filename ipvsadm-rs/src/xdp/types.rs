// SPDX-License-Identifier: MIT OR GPL-2.0

//! The number by which the kernel knows a function of a module, from its type information (BTF).
//!
//! A module's types go on where the kernel's end: in numbers, and in places of names.

/// What the header says: where types and names lie.
struct Sections<'a> {
    types: &'a [u8],
    names: &'a [u8],
}

const MAGIC: u16 = 0xeb9f;
const KIND_FUNCTION: u32 = 12;

fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|word| u32::from_ne_bytes(*word))
}

fn part(bytes: &[u8], start: usize, len: u32) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(len as usize)?)
}

fn sections(bytes: &[u8]) -> Option<Sections<'_>> {
    if u16::from_ne_bytes(*bytes.first_chunk()?) != MAGIC {
        return None;
    }
    let behind = bytes.get(number_at(bytes, 4)? as usize..)?;
    Some(Sections {
        types: part(behind, number_at(bytes, 8)? as usize, number_at(bytes, 12)?)?,
        names: part(
            behind,
            number_at(bytes, 16)? as usize,
            number_at(bytes, 20)?,
        )?,
    })
}

/// Kind and place of the name of each type. Ends early where the bytes make no sense.
fn each(mut types: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
    std::iter::from_fn(move || {
        let (name, info) = (number_at(types, 0)?, number_at(types, 4)?);
        let (kind, count) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
        let more = match kind {
            // Integers, variables, tags of declarations.
            1 | 14 | 17 => 4,
            // Arrays.
            3 => 12,
            // Structures, unions, sections, enumerations of 64 bits.
            4 | 5 | 15 | 19 => count.checked_mul(12)?,
            // Enumerations, prototypes.
            6 | 13 => count.checked_mul(8)?,
            _ => 0,
        };
        types = types.get(more.checked_add(12)?..)?;
        Some((kind, name))
    })
}

/// The number of `function` among the types of a module, `own`, on top of the kernel's, `base`.
pub(super) fn function_id(base: &[u8], own: &[u8], function: &str) -> Option<u32> {
    let (base, own) = (sections(base)?, sections(own)?);
    let first = u32::try_from(each(base.types).count())
        .ok()?
        .checked_add(1)?;
    let names_before = base.names.len();
    let is_it = |name: u32| {
        let at = (name as usize).checked_sub(names_before)?;
        let found = own.names.get(at..)?.strip_prefix(function.as_bytes())?;
        (found.first() == Some(&0)).then_some(())
    };
    let place =
        each(own.types).position(|(kind, name)| kind == KIND_FUNCTION && is_it(name).is_some())?;
    first.checked_add(u32::try_from(place).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type information with these types, (name, kind, members, bytes behind), and names.
    fn information(types: &[(u32, u32, u32, usize)], names: &[u8]) -> Vec<u8> {
        let mut body = Vec::new();
        for &(name, kind, members, more) in types {
            for word in [name, (kind << 24) | members, 0] {
                body.extend(word.to_ne_bytes());
            }
            body.resize(body.len() + more, 0xee);
        }
        let mut bytes = MAGIC.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        for word in [
            24,
            0,
            body.len() as u32,
            body.len() as u32,
            names.len() as u32,
        ] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(body);
        bytes.extend(names);
        bytes
    }

    #[test]
    fn a_modules_numbers_go_on_where_the_kernels_end() {
        // An integer, a structure with two members, a function.
        let base = information(
            &[(1, 1, 0, 4), (3, 4, 2, 24), (1, 12, 0, 0)],
            b"\0a\0balance\0",
        );
        let before = b"\0a\0balance\0".len() as u32;
        let own = information(
            &[
                (0, 13, 1, 8),
                (before + 1, 12, 0, 0),
                (before + 10, 12, 0, 0),
            ],
            b"\0balance_x\0balance\0",
        );
        assert_eq!(function_id(&base, &own, "balance_x"), Some(5));
        assert_eq!(function_id(&base, &own, "balance"), None);
        let own = information(
            &[
                (0, 13, 1, 8),
                (before + 1, 12, 0, 0),
                (before + 11, 12, 0, 0),
            ],
            b"\0balance_x\0balance\0",
        );
        assert_eq!(function_id(&base, &own, "balance"), Some(6));
        assert_eq!(function_id(&base, &own, "absent"), None);
    }

    #[test]
    fn what_makes_no_sense_has_no_functions() {
        let base = information(&[(1, 1, 0, 4)], b"\0a\0");
        let own = information(&[(4, 12, 0, 0)], b"\0f\0");
        assert_eq!(function_id(&base, &own, "f"), Some(2));
        for cut in 0..own.len() {
            let _ = function_id(&base, &own[..cut], "f");
        }
        assert_eq!(function_id(&[0; 64], &own, "f"), None);
        assert_eq!(function_id(&[], &own, "f"), None);
    }
}
