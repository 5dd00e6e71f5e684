use std::{env, error::Error, fs};

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

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
    let mut config = Agent::config_builder();
    if let Ok(path) = env::var("ROOT_CERTIFICATE") {
        let roots = RootCerts::from([Certificate::from_pem(&fs::read(path)?)?]);
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    let agent = Agent::from(config.build());
    let login = serde_json::json!({"username": env::var("API_KEY")?, "password": env::var("API_SECRET")?});
    let tokens: Envelope<Tokens> =
        agent.post(format!("{base}/auth/login")).send_json(login)?.body_mut().read_json()?;
    let bearer = format!("Bearer {}", tokens.data.access_token);
    let list = agent.get(format!("{base}/api/v1/products")).header("Authorization", &bearer);
    let products: Vec<Product> = list.call()?.body_mut().read_json()?;
    for product in products {
        println!("{} {}", product.id, product.name);
    }
    let logout = agent.post(format!("{base}/auth/logout")).header("Authorization", &bearer);
    logout.send_empty()?.body_mut().read_to_vec()?;
    Ok(())
}
