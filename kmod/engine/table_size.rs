// SPDX-License-Identifier: GPL-2.0

//! When hash tables grow and shrink, as ip_vs's do: a load factor is a power of two, of entries a
//! bucket. A table that grows is given room for a load beyond that; one that shrinks does so late,
//! so that a load which comes back finds it large enough.

/// Between which sizes a table is, as powers of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Fewest buckets.
    pub min_bits: u32,
    /// Most buckets, below 2^31.
    pub max_bits: u32,
}

/// Of the table of services.
pub const SERVICES: Limits = Limits {
    min_bits: 4,
    max_bits: 20,
};

impl Limits {
    const fn least(self) -> u32 {
        1_u32.wrapping_shl(self.min_bits)
    }

    const fn most(self) -> u32 {
        1_u32.wrapping_shl(self.max_bits)
    }

    fn bounded(self, size: u32) -> u32 {
        size.min(self.most()).max(self.least())
    }

    /// The size of a table of `present` buckets that holds `count` entries from now on. Only a load
    /// out of bounds changes it, or `is_new`: that the load factor is another than before.
    pub fn resize(self, present: u32, count: u32, factor: i32, is_new: bool) -> u32 {
        // The first entry begins a new table.
        if count == 0 {
            return self.least();
        }
        if is_new {
            return self.bounded(self.suited(count, factor));
        }
        let suited = self.suited(count, factor);
        if count > self.grows_above(present, factor) && suited > present {
            return suited;
        }
        if count <= self.shrinks_at(present, factor) && suited <= present >> 4 {
            return self.bounded(suited.saturating_mul(2));
        }
        present
    }

    /// The size that `count` entries want.
    fn suited(self, count: u32, factor: i32) -> u32 {
        let count = count.checked_next_power_of_two().unwrap_or(1 << 31);
        let bits = factor.unsigned_abs().min(self.max_bits);
        if factor < 0 {
            count.min(self.most().wrapping_shr(bits)).wrapping_shl(bits)
        } else {
            count.wrapping_shr(bits).min(self.most())
        }
    }

    /// A table of `present` buckets grows when it holds more entries.
    fn grows_above(self, present: u32, factor: i32) -> u32 {
        let bits = factor.unsigned_abs().min(self.max_bits);
        if present >= self.most() {
            u32::MAX
        } else if factor <= 0 {
            present.wrapping_shr(bits)
        } else {
            present.saturating_mul(1_u32.wrapping_shl(bits))
        }
    }

    /// A table of `present` buckets shrinks when it holds no more entries.
    fn shrinks_at(self, present: u32, factor: i32) -> u32 {
        if present >= self.most() {
            self.most() >> 4
        } else if present > self.least() {
            self.grows_above(present, factor) >> 4
        } else {
            0
        }
    }
}

/// The size of the table of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fit {
    /// Number of buckets, a power of two.
    pub buckets: u32,
    /// With more connections the table is too small.
    pub grows_above: u32,
}

/// By how much, as a power of two, tables of connections are smaller than ip_vs's at the same load
/// factor, which suits its two nodes a connection, each in a line of its own. Here a smaller table,
/// which stays in the cache, is faster.
const DENSER: i32 = 3;

/// How many times as many connections, as a power of two, a table that is rebuilt has room for:
/// each time all entries move, and a table that only doubled would move each of them more than once
/// while a load builds up.
const AHEAD: u32 = 2;

/// A table shrinks when it holds less than this part, as a power of two, of what it has room for.
const SPARSE: u32 = 4;

/// The size that a table of `present` buckets with `count` connections wants: up to `2^factor`
/// connections a bucket, after [`DENSER`], and up to `2^max_bits` buckets, but at least `least`.
/// All are powers of two.
pub fn of_connections(present: u32, count: u32, factor: i32, least: u32, max_bits: u32) -> Fit {
    let factor = factor.saturating_add(DENSER);
    let bits = factor.unsigned_abs().min(8);
    let most = 1_u32.wrapping_shl(max_bits.min(30)).max(least);
    let room = |buckets: u32| match factor {
        0.. => buckets.saturating_mul(1_u32.wrapping_shl(bits)),
        _ => buckets.wrapping_shr(bits),
    };
    let is_sparse = count < room(present).wrapping_shr(SPARSE);
    let mut buckets = present;
    if present > most || count > room(present) || is_sparse {
        let wanted = count.saturating_mul(1_u32.wrapping_shl(AHEAD));
        buckets = least;
        while buckets < most && wanted > room(buckets) {
            buckets = buckets.saturating_mul(2);
        }
    }
    let grows_above = if buckets >= most {
        u32::MAX
    } else {
        room(buckets)
    };
    Fit {
        buckets,
        grows_above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes while entries come one by one.
    fn sizes_of_growth(factor: i32, counts: &[u32]) -> Vec<u32> {
        let (mut size, mut count) = (16, 0);
        let mut sizes = vec![];
        for &wanted in counts {
            while count < wanted {
                count += 1;
                size = SERVICES.resize(size, count, factor, false);
            }
            sizes.push(size);
        }
        sizes
    }

    #[test]
    fn tables_grow_with_their_load() {
        assert_eq!(
            sizes_of_growth(-3, &[2, 3, 4, 5, 100]),
            [16, 32, 32, 64, 1024]
        );
        assert_eq!(sizes_of_growth(0, &[16, 17, 100]), [16, 32, 128]);
        // Two entries a bucket.
        assert_eq!(sizes_of_growth(1, &[32, 33, 65]), [16, 32, 64]);
        assert_eq!(sizes_of_growth(-8, &[1]), [256]);
    }

    #[test]
    fn tables_have_a_largest_size() {
        assert_eq!(SERVICES.resize(1 << 19, 1 << 18, -3, false), 1 << 20);
        assert_eq!(SERVICES.resize(1 << 20, u32::MAX, -3, false), 1 << 20);
        assert_eq!(SERVICES.resize(16, u32::MAX, 8, true), 1 << 20);
    }

    #[test]
    fn tables_shrink_late() {
        // Made for 17 to 32; a quarter of the least that it was made for.
        let grown = 256;
        assert_eq!(SERVICES.resize(grown, 3, -3, false), grown);
        assert_eq!(SERVICES.resize(grown, 2, -3, false), 32);
        assert_eq!(SERVICES.resize(grown, 0, -8, true), 16);
    }

    #[test]
    fn another_factor_fits_the_table_at_once() {
        assert_eq!(SERVICES.resize(16, 10, 0, true), 16);
        assert_eq!(SERVICES.resize(16, 10, -2, true), 64);
        assert_eq!(SERVICES.resize(1024, 10, 8, true), 16);
    }

    /// Sizes of a table of connections after each of these counts.
    fn connection_sizes(factor: i32, max_bits: u32, counts: &[u32]) -> Vec<u32> {
        let mut size = 256;
        let mut sizes = vec![];
        for &count in counts {
            size = of_connections(size, count, factor, 256, max_bits).buckets;
            sizes.push(size);
        }
        sizes
    }

    #[test]
    fn connections_have_room_for_four_times_as_many() {
        assert_eq!(
            connection_sizes(-4, 20, &[128, 129, 1024, 1025, 1_000_000]),
            [256, 2048, 2048, 16384, 1 << 20]
        );
        assert_eq!(connection_sizes(-3, 20, &[256, 257]), [256, 2048]);
        assert_eq!(connection_sizes(8, 20, &[1_000_000]), [4096 << 2]);
    }

    #[test]
    fn connections_keep_their_table_until_it_is_nearly_empty() {
        let filled = [100_000, 32768, 32767];
        assert_eq!(
            connection_sizes(-4, 20, &filled),
            [1 << 20, 1 << 20, 1 << 18]
        );
        assert_eq!(connection_sizes(-4, 20, &[100_000, 0]), [1 << 20, 256]);
    }

    #[test]
    fn a_lower_limit_shrinks_the_table_of_connections() {
        let fit = of_connections(1 << 20, 500_000, -4, 256, 10);
        assert_eq!((fit.buckets, fit.grows_above), (1024, u32::MAX));
    }

    #[test]
    fn a_table_of_connections_that_fits_says_when_it_will_not() {
        let fit = of_connections(2048, 200, -4, 256, 20);
        assert_eq!((fit.buckets, fit.grows_above), (2048, 1024));
        assert_eq!(of_connections(2048, 1025, -4, 256, 20).buckets, 16384);
    }
}
