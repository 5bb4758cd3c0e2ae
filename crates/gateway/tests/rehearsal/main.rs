//! Rehearsals: what a configuration has to say for one, whose devices it accepts, and when it is over.
#![allow(missing_docs)]

mod phones;
mod running;
#[path = "../support/server.rs"]
mod server;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod tool;

use std::path::PathBuf;

use genuine_gateway::{
    client::{Authority, Scene},
    config::{self, Config},
    server::system_clock,
};
use support::{APP_ID, AUTHORITY, Scratch};

/// The application that is a rehearsal.
const REHEARSAL: &str = "shop-rehearsal";
/// Its package.
const PACKAGE: &str = "com.example.shop";
/// The application that is none.
const SHOP: &str = "[[applications]]\nname = \"shop\"\napp_ids = [\"ABCDE12345.com.example.demo\"]\n";

/// An authority that an operator has made.
struct Made {
    scratch: Scratch,
    authority: Authority,
}

impl Made {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(&format!("rehearsal-{name}"));
        let scene = Scene {
            application: REHEARSAL.to_owned(),
            authority: AUTHORITY.to_owned(),
            app_id: APP_ID.to_owned(),
            package: Some(PACKAGE.to_owned()),
        };
        let authority = Authority::create(&scratch.path().join("authority"), scene).unwrap();
        Self { scratch, authority }
    }

    fn root(&self) -> PathBuf {
        self.scratch.path().join("authority/root.pem")
    }

    /// What the configuration says of the application, as the tool prints it.
    fn settings(&self) -> String {
        self.authority.settings(&self.root(), &day(14))
    }
}

/// The day after so many days.
fn day(ahead: u64) -> String {
    let seconds = system_clock()() + ahead * 86_400;
    genuine_gateway::platform::date(genuine::UnixMillis(seconds * 1000))[..10].to_owned()
}

/// What `--config` with this text loads, with `--rehearsal` or without.
fn load(text: &str, allow_rehearsals: bool) -> Result<Config, Vec<String>> {
    let config = Config::read(Some(text)).map_err(|mistakes| mistakes.0)?;
    Config { allow_rehearsals, ..config }.checked().map_err(|mistakes| mistakes.0)
}

/// The same application on the public test root, in the place of Apple's.
fn shop() -> config::Application {
    config::Application::new("shop", &[APP_ID])
}
