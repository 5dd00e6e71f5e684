//! Random secrets for each run.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scan::Needle;

/// The number of pairs that a scenario can use.
const PAIRS: usize = 8;
/// The number of gift cards in an order.
const GIFT_CARDS: usize = 2;

pub(crate) struct Secrets {
    pub(crate) password: String,
    pub(crate) pairs: Vec<Pair>,
    pub(crate) gift_cards: Vec<GiftCard>,
}

pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

pub(crate) struct GiftCard {
    pub(crate) number: String,
    pub(crate) pin: String,
    pub(crate) claim_url: String,
}

impl Secrets {
    pub(crate) fn draw() -> Self {
        Secrets {
            password: letters(48),
            pairs: (0..PAIRS).map(|_| Pair { access: jwt(), refresh: letters(180) }).collect(),
            gift_cards: (0..GIFT_CARDS)
                .map(|_| GiftCard {
                    number: digits(19),
                    pin: digits(16),
                    claim_url: format!("https://{}.example/{}", letters(20), letters(20)),
                })
                .collect(),
        }
    }

    /// Returns the secrets to search for, by name.
    pub(crate) fn needles(&self) -> Vec<Needle> {
        let mut named = BTreeMap::from([("password".to_owned(), &*self.password)]);
        for (index, pair) in self.pairs.iter().enumerate() {
            named.insert(format!("access token {index}"), &pair.access);
            named.insert(format!("refresh token {index}"), &pair.refresh);
        }
        for (index, card) in self.gift_cards.iter().enumerate() {
            named.insert(format!("card number {index}"), &card.number);
            named.insert(format!("PIN {index}"), &card.pin);
            named.insert(format!("claim URL {index}"), &card.claim_url);
        }
        named.iter().map(|(name, secret)| Needle::new(name, secret)).collect()
    }
}

fn letters(count: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(count).collect()
}

fn digits(count: usize) -> String {
    std::iter::repeat_with(|| fastrand::digit(10)).take(count).collect()
}

/// Returns a token in the form of a JWT. All tokens have the same prefix, but no two share a piece that the search uses.
fn jwt() -> String {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"kid":"{}"}}"#, letters(40)));
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"jti":"{}"}}"#, letters(90)));
    format!("{header}.{claims}.{}", letters(43))
}
