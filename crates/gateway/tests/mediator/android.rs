//! A device of Play Integrity, which signs no requests: it comes with a session token that is bound to its key.

use axum::{body::Body, http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine_gateway::gate::sha256;
use serde_json::json;

use crate::{
    Place, exchange,
    oidc::providers,
    real, refused, renew,
    support::{
        APPLICATION,
        android::{Phone, play_app},
        json_request,
    },
    text,
};

impl Place {
    async fn phone(&self, name: &str) -> (Phone, String) {
        let (phone, now) = (Phone::new(name), (self.gate.clock)());
        let challenge = self.challenge(APPLICATION, "integrity").await;
        let token = play_app().token(&phone.classic(&challenge, now));
        let body =
            json!({ "application": APPLICATION, "challenge": challenge, "integrity_token": { "classic": token } });
        let mut request = json_request("/devices", "alice", &body);
        request.headers_mut().insert("dpop", phone.proof("/devices", &challenge, now, &json!({})).parse().unwrap());
        assert_eq!(self.send(request).await.status, 201);
        let challenge = self.challenge(APPLICATION, "assertion").await;
        let proof = phone.proof("/tokens", &challenge, now, &json!({}));
        let request = Request::post("/tokens").header("dpop", proof).header("x-session", "alice");
        let issued = self.send(request.body(Body::empty()).unwrap()).await.json();
        (phone, text(&issued, "access_token").to_owned())
    }

    fn bound(&self, (phone, token): &(Phone, String), path: &str, id: &str, form: &str) -> Request<Body> {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_bytes()));
        let proof = phone.proof(path, "", (self.gate.clock)(), &json!({ "ath": hash, "jti": id, "nonce": null }));
        let mut request = crate::shown(&format!("DPoP {token}"), form);
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        request
    }
}

#[tokio::test]
async fn r90_a_device_of_play_integrity_comes_with_its_session_token() {
    let Some(oidc) = providers() else { return };
    let place = Place::new(real(oidc));
    let [pixel, other] = [place.phone("pixel").await, place.phone("other").await];
    let form = exchange(&place.code("steady").await, &[]);
    let of_another_path = place.bound(&pixel, "/tokens", "1", &form);
    assert_eq!(place.send(of_another_path).await.code(), "proof_rejected");
    let of_another_key = place.bound(&(Phone::new("other"), pixel.1.clone()), "/oauth/token", "2", &form);
    assert_eq!(place.send(of_another_key).await.status, 401);
    let without = crate::shown(&format!("Bearer {}", pixel.1), &form);
    assert_eq!(place.send(without).await.code(), "token_rejected");
    let tokens = place.send(place.bound(&pixel, "/oauth/token", "3", &form)).await;
    assert_eq!(tokens.status, 200, "{}", tokens.json());
    let form = renew(text(&tokens.json(), "refresh_token"), &[]);
    assert_eq!(place.send(place.bound(&pixel, "/oauth/token", "3", &form)).await.code(), "proof_rejected", "once");
    let answer = place.send(place.bound(&other, "/oauth/token", "4", &form)).await;
    assert_eq!(refused(&place, &answer, "DeviceChanged"), "invalid_grant");
    assert_eq!(place.send(place.bound(&pixel, "/oauth/token", "5", &form)).await.status, 200);
}
