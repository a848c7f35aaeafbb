// A complete relying party on the crate openidconnect.  cargo add openidconnect --no-default-features --features ureq
// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… cargo run
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::url::Url;
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, ureq,
};

fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let address = format!("127.0.0.1:{}", setting("PORT").unwrap_or("9000".into()));
    let http = ureq::AgentBuilder::new().redirects(0).build();
    let issuer = CoreProviderMetadata::discover(&IssuerUrl::new(setting("ISSUER")?)?, &http)?;
    let app = CoreClient::from_provider_metadata(issuer, ClientId::new(setting("CLIENT_ID")?), Some(ClientSecret::new(setting("CLIENT_SECRET")?)))
        .set_redirect_uri(RedirectUrl::new(format!("http://{address}/callback"))?);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = app
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".into()))
        .set_pkce_challenge(challenge)
        .url();
    let listener = TcpListener::bind(address)?;
    println!("{url}");

    let sign_in = |answer: HashMap<String, String>| -> Result<String, Box<dyn Error>> {
        if answer.get("state") != Some(state.secret()) {
            return Err("the answer is not to our request".into());
        }
        if let Some(problem) = answer.get("error") {
            return Err(problem.as_str().into());
        }
        let code = AuthorizationCode::new(answer.get("code").ok_or("there is no code")?.clone());
        let tokens = app.exchange_code(code)?.set_pkce_verifier(PkceCodeVerifier::new(verifier.secret().clone())).request(&http)?;
        let id_token = tokens.extra_fields().id_token().ok_or("there is no ID token")?;
        let subject = id_token.claims(&app.id_token_verifier(), &nonce)?.subject().clone();
        let member: CoreUserInfoClaims = app.user_info(tokens.access_token().clone(), Some(subject))?.request(&http)?;
        Ok(member.name().and_then(|name| name.get(None)).ok_or("there is no name")?.to_string())
    };
    for browser in listener.incoming() {
        let mut browser = browser?;
        match sign_in(answer(&browser)?) {
            Ok(name) => {
                reply(&mut browser, "200 OK", &format!("Hello, {name}"))?;
                break;
            }
            // the member said no, or came back late: let them begin again
            Err(problem) => reply(&mut browser, "400 Bad Request", &format!("Not signed in: {problem}"))?,
        }
    }
    Ok(())
}

/// answer reads the parameters of the callback.
fn answer(browser: &TcpStream) -> Result<HashMap<String, String>, Box<dyn Error>> {
    let mut lines = BufReader::new(browser).lines();
    let line = lines.next().ok_or("nothing was asked")??;
    for header in lines {
        if header?.is_empty() {
            break;
        }
    }
    let path = line.split(' ').nth(1).ok_or("this is not HTTP")?;
    Ok(Url::parse("http://127.0.0.1")?.join(path)?.query_pairs().into_owned().collect())
}

fn reply(browser: &mut TcpStream, status: &str, text: &str) -> std::io::Result<()> {
    write!(browser, "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
}
