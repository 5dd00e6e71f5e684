//! The sort order of a list.

use std::fmt;

/// The sort key of gift card products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProductSort {
    /// By name.
    Name,
    /// By id, the order in which products were added.
    Id,
}

/// The direction of a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SortDirection {
    /// Smallest first.
    Ascending,
    /// Largest first.
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
