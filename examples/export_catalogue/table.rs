//! Products as rows of a CSV file that is safe to open in a spreadsheet.

use std::borrow::Cow;
use std::io::Write;

use popup_rewards::{Product, ProductId};
use rust_decimal::Decimal;
use serde::Serialize;

/// A product with one of its denominations.
#[derive(Serialize)]
struct Row<'a> {
    id: ProductId,
    name: Cow<'a, str>,
    category: Cow<'a, str>,
    sub_category: Option<Cow<'a, str>>,
    country_code: Option<Cow<'a, str>>,
    currency_code: Option<Cow<'a, str>>,
    min_value: Option<Decimal>,
    max_value: Option<Decimal>,
    discount_percent: Option<Decimal>,
}

/// One row per denomination. A product without any has one row.
pub(crate) fn write(out: &mut impl Write, products: &[Product], with_header: bool) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().has_headers(with_header).from_writer(out);
    for product in products {
        let denominations = &product.available_denominations;
        let none = denominations.is_empty().then_some(None);
        for denomination in denominations.iter().map(Some).chain(none) {
            csv.serialize(Row {
                id: product.id,
                name: cell(&product.name),
                category: cell(&product.category),
                sub_category: product.sub_category.as_deref().map(cell),
                country_code: product.country_code.as_deref().map(cell),
                currency_code: product.currency_code.as_deref().map(cell),
                min_value: denomination.and_then(|found| found.min_value),
                max_value: denomination.and_then(|found| found.max_value),
                discount_percent: denomination.and_then(|found| found.discount),
            })?;
        }
    }
    csv.flush()?;
    Ok(())
}

/// Text that no spreadsheet takes for a formula. Otherwise, whoever names a product could run one on the reader's
/// machine. Numbers are ours, and stay as they are.
fn cell(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}
