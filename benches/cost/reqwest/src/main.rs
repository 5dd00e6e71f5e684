use std::{env, error::Error, fs};

use reqwest::Certificate;
use reqwest::blocking::Client;
use serde::Deserialize;

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Deserialize)]
struct Product {
    id: i64,
    name: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let base = env::var("API_BASE_URL")?;
    let mut client = Client::builder();
    if let Ok(path) = env::var("ROOT_CERTIFICATE") {
        let root = Certificate::from_pem(&fs::read(path)?)?;
        client = client.tls_built_in_root_certs(false).add_root_certificate(root);
    }
    let client = client.build()?;
    let login = serde_json::json!({"username": env::var("API_KEY")?, "password": env::var("API_SECRET")?});
    let tokens: Envelope<Tokens> =
        client.post(format!("{base}/auth/login")).json(&login).send()?.error_for_status()?.json()?;
    let bearer = tokens.data.access_token;
    let list = client.get(format!("{base}/api/v1/products")).bearer_auth(&bearer);
    let products: Vec<Product> = list.send()?.error_for_status()?.json()?;
    for product in products {
        println!("{} {}", product.id, product.name);
    }
    client.post(format!("{base}/auth/logout")).bearer_auth(&bearer).send()?.error_for_status()?.bytes()?;
    Ok(())
}
