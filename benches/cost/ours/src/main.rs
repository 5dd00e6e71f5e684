use std::{env, error::Error, fs};

use popup_rewards::{Credentials, ListProducts, Session};

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = Session::builder(&env::var("API_BASE_URL")?, Credentials::from_env()?);
    if let Ok(path) = env::var("ROOT_CERTIFICATE") {
        builder = builder.root_certificates(&fs::read(path)?);
    }
    let session = builder.build()?;
    for product in session.list_products(&ListProducts::new())?.items {
        println!("{} {}", product.id, product.name);
    }
    session.logout()?;
    Ok(())
}
