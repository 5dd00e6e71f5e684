//! Countries, currencies and categories, whose tables are constant, and the health check.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;

use super::routes::ApiRoute;
use super::server_response::ServerResponse;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute::get("GET /api/v1/countries", |_, _| Ok(ServerResponse::ok(&COUNTRIES))),
    ApiRoute::get("GET /api/v1/countries/:id", |_, it| it.row_response(COUNTRIES, |row| row.id, "Country")),
    ApiRoute::get("GET /api/v1/currencies", |_, _| Ok(ServerResponse::ok(&CURRENCIES))),
    ApiRoute::get("GET /api/v1/currencies/:id", |_, it| {
        it.row_response(CURRENCIES, |row| row.id, "Currency")
    }),
    ApiRoute::get("GET /api/v1/categories", |_, _| Ok(ServerResponse::ok(&CATEGORIES))),
    ApiRoute::get("GET /api/v1/categories/:id", |_, it| {
        it.row_response(CATEGORIES, |row| row.id, "Category")
    }),
    ApiRoute::get("GET /api/v1/subcategories", |_, _| Ok(ServerResponse::ok(&SUBCATEGORIES))),
    ApiRoute::get("GET /api/v1/subcategories/:id", |_, it| {
        it.row_response(SUBCATEGORIES, |row| row.id, "Subcategory")
    }),
    ApiRoute {
        open: true,
        ..ApiRoute::get("GET /status", |_, _| Ok(ServerResponse::ok(&json!({ "status": "ok" }))))
    },
];

#[derive(Serialize)]
pub(super) struct CountryRecord {
    pub(super) id: i64,
    pub(super) name: &'static str,
    official_name: &'static str,
    pub(super) alpha_2: &'static str,
    pub(super) alpha_3: &'static str,
    numeric_code: &'static str,
    pub(super) dialing_prefix: &'static str,
}

#[derive(Serialize)]
pub(super) struct CurrencyRecord {
    pub(super) id: i64,
    pub(super) name: &'static str,
    #[serde(rename = "currency")]
    pub(super) code: &'static str,
    pub(super) precision: u32,
    /// The price of one US dollar, in ten-thousandths of this currency. It never changes.
    #[serde(skip)]
    per_dollar: i64,
}

#[derive(Serialize)]
pub(super) struct CategoryRecord {
    pub(super) id: i64,
    pub(super) name: &'static str,
}

impl CurrencyRecord {
    /// Returns the price of one unit of this currency in `other`.
    pub(super) fn rate_to(&self, other: &CurrencyRecord) -> Decimal {
        (Decimal::from(other.per_dollar) / Decimal::from(self.per_dollar)).round_dp(6)
    }
}

macro_rules! countries {
    ($($id:literal $a2:literal $a3:literal $number:literal $prefix:literal $name:literal, $official:literal;)+) => {
        pub(super) static COUNTRIES: &[CountryRecord] = &[$(CountryRecord {
            id: $id, name: $name, official_name: $official, alpha_2: $a2, alpha_3: $a3,
            numeric_code: $number, dialing_prefix: $prefix,
        }),+];
    };
}

countries! {
    1 "US" "USA" "840" "+1" "United States", "United States of America";
    2 "GB" "GBR" "826" "+44" "United Kingdom", "United Kingdom of Great Britain and Northern Ireland";
    3 "DE" "DEU" "276" "+49" "Germany", "Federal Republic of Germany";
    4 "FR" "FRA" "250" "+33" "France", "French Republic";
    5 "JP" "JPN" "392" "+81" "Japan", "Japan";
    6 "IN" "IND" "356" "+91" "India", "Republic of India";
    7 "AE" "ARE" "784" "+971" "United Arab Emirates", "United Arab Emirates";
    8 "AU" "AUS" "036" "+61" "Australia", "Commonwealth of Australia";
    9 "SG" "SGP" "702" "+65" "Singapore", "Republic of Singapore";
    10 "BR" "BRA" "076" "+55" "Brazil", "Federative Republic of Brazil";
    11 "MX" "MEX" "484" "+52" "Mexico", "United Mexican States";
    12 "KW" "KWT" "414" "+965" "Kuwait", "State of Kuwait";
    13 "ES" "ESP" "724" "+34" "Spain", "Kingdom of Spain";
    14 "IT" "ITA" "380" "+39" "Italy", "Italian Republic";
    15 "NL" "NLD" "528" "+31" "Netherlands", "Kingdom of the Netherlands";
    16 "SE" "SWE" "752" "+46" "Sweden", "Kingdom of Sweden";
    17 "PL" "POL" "616" "+48" "Poland", "Republic of Poland";
    18 "TR" "TUR" "792" "+90" "Türkiye", "Republic of Türkiye";
    19 "ZA" "ZAF" "710" "+27" "South Africa", "Republic of South Africa";
    20 "NG" "NGA" "566" "+234" "Nigeria", "Federal Republic of Nigeria";
    21 "KE" "KEN" "404" "+254" "Kenya", "Republic of Kenya";
    22 "PH" "PHL" "608" "+63" "Philippines", "Republic of the Philippines";
    23 "ID" "IDN" "360" "+62" "Indonesia", "Republic of Indonesia";
    24 "CI" "CIV" "384" "+225" "Côte d'Ivoire", "Republic of Côte d'Ivoire";
}

macro_rules! currencies {
    ($($id:literal $code:literal $precision:literal $per_dollar:literal $name:literal;)+) => {
        pub(super) static CURRENCIES: &[CurrencyRecord] = &[$(CurrencyRecord {
            id: $id, name: $name, code: $code, precision: $precision, per_dollar: $per_dollar,
        }),+];
    };
}

currencies! {
    1 "USD" 2 10_000 "US Dollar";
    2 "EUR" 2 9_200 "Euro";
    3 "GBP" 2 7_900 "Pound Sterling";
    4 "JPY" 0 1_550_000 "Yen";
    5 "INR" 2 832_500 "Indian Rupee";
    6 "AED" 2 36_725 "UAE Dirham";
    7 "AUD" 2 15_100 "Australian Dollar";
    8 "SGD" 2 13_400 "Singapore Dollar";
    9 "BRL" 2 49_800 "Brazilian Real";
    10 "MXN" 2 171_000 "Mexican Peso";
    11 "KWD" 3 3_070 "Kuwaiti Dinar";
}

macro_rules! categories {
    ($table:ident: $($id:literal $name:literal,)+) => {
        pub(super) static $table: &[CategoryRecord] = &[$(CategoryRecord { id: $id, name: $name }),+];
    };
}

categories! { CATEGORIES: 1 "Gaming", 2 "Shopping", 3 "Food", 4 "Entertainment", 5 "Travel", 6 "Health", }

categories! {
    SUBCATEGORIES: 1 "Console", 2 "Department Store", 3 "Restaurants", 4 "Streaming", 5 "Hotels", 6 "Fitness",
    7 "Groceries", 8 "Fashion",
}

/// Returns the currency with this code. The tables contain only existing codes; the fallback to US dollars is never
/// used.
pub(super) fn currency_of(code: &str) -> &'static CurrencyRecord {
    let found = CURRENCIES.iter().find(|currency| currency.code == code);
    found.unwrap_or(&DOLLAR)
}

static DOLLAR: CurrencyRecord =
    CurrencyRecord { id: 1, name: "US Dollar", code: "USD", precision: 2, per_dollar: 10_000 };
