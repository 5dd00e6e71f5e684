//! Guarantees that `public_api.txt` does not show: derived traits, sizes and equality.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::iter::FusedIterator;

use popup_rewards::sandbox::SandboxClock;
use popup_rewards::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn cloned<T: Clone + Debug + Send + Sync + 'static>() {}
fn copied<T: Copy + Eq + Hash + Debug + 'static>() {}
fn id<T: From<i64> + Display + Debug + Copy + Ord + Hash + Serialize + DeserializeOwned>() {}

#[test]
fn a_session_is_one_pointer_and_can_be_sent_to_any_thread() {
    cloned::<Session>();
    assert_eq!(size_of::<Session>(), size_of::<usize>());
}

#[test]
fn public_types_can_be_cloned() {
    cloned::<AccessToken>();
    cloned::<ClientReference>();
    cloned::<Credentials>();
    cloned::<Event>();
    cloned::<ListProducts>();
    cloned::<NewOrder>();
    cloned::<Order>();
    cloned::<Page<Product>>();
    cloned::<RateLimits>();
    cloned::<RawCall>();
    cloned::<RetryPolicy>();
    cloned::<SandboxClock>();
    cloned::<Secret>();
    cloned::<SessionStats>();
    cloned::<SessionStatus>();
    cloned::<TokenClaims>();
    cloned::<Unreadable>();
    cloned::<webhook::Event>();
    copied::<ErrorKind>();
    assert_eq!(RateLimits::default(), RateLimits::unlimited());
}

#[test]
fn ids_and_references_have_the_common_traits() -> Result<()> {
    id::<ProductId>();
    id::<OrderId>();
    id::<TopupProductId>();
    id::<TopupVariantId>();
    id::<TopupOrderId>();
    id::<EsimProductId>();
    id::<EsimVariantId>();
    id::<EsimOrderId>();
    id::<WalletId>();
    id::<TransactionId>();
    id::<CountryId>();
    id::<CurrencyId>();
    id::<CategoryId>();
    id::<SubcategoryId>();
    assert_eq!("88101".parse::<OrderId>().map(OrderId::get), Ok(88101));
    assert!("88101x".parse::<OrderId>().is_err());
    assert_eq!(HashSet::from([OrderId::from(1), OrderId::from(1)]).len(), 1);
    let reference = ClientReference::new(String::from("order-1"))?;
    assert_eq!((reference.as_str(), &reference), ("order-1", &"order-1".parse()?));
    Ok(())
}

#[test]
fn an_iterator_over_a_list_is_fused() {
    fn fused<T: FusedIterator<Item = Result<Product>>>() {}
    fused::<Items<'_, Product>>();
}

#[test]
fn an_error_is_one_pointer_and_works_with_anyhow() {
    fn is_error<T: StdError + Clone + Send + Sync + 'static>() {}
    is_error::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    let error = Session::new("", Credentials::new("key", "secret")).unwrap_err();
    assert!(anyhow::Error::new(error).is::<Error>());
}
