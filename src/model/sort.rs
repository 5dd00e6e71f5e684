//! The order in which a list comes.

use std::fmt;

/// What voucher products are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProductSort {
    /// By name.
    Name,
    /// By id, which follows the time a product was added.
    Id,
}

/// Which end of a sorted list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortDirection {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

impl fmt::Display for ProductSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProductSort::Name => "name",
            ProductSort::Id => "id",
        })
    }
}

impl fmt::Display for SortDirection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SortDirection::Ascending => "ASC",
            SortDirection::Descending => "DESC",
        })
    }
}
