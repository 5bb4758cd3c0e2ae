//! Who vouches for simulated devices: the demonstration, whom everybody can be, or an authority that an operator has made for a
//! rehearsal.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use genuine_testvectors::{
    Device, Environment, TestPki,
    android::{AndroidDevice, AndroidPki},
    play::PlayApp,
};
use reqwest::Client;
use serde::{Deserialize, Serialize};

use super::{App, Handset, Phone, ProofKey};
use crate::demo;

/// How the names of an authority's certificates begin.
const NAME: &str = "Genuine Rehearsal";
/// The octets of a secret.
const SECRET: usize = 32;

/// What the devices are of, and whom they call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// The application's name.
    pub application: String,
    /// How apps address the server.
    pub authority: String,
    /// The App ID.
    pub app_id: String,
    /// The package, if the app is there for Android.
    pub package: Option<String>,
}

/// Who vouches for simulated devices.
pub struct Authority {
    scene: Scene,
    /// What all keys follow from, unless everybody may know them.
    secret: Option<String>,
    authorities: TestPki,
}

impl Authority {
    /// The demonstration's.
    #[must_use]
    pub fn demonstration() -> Self {
        let config = demo::config();
        let application = &config.applications[0];
        let scene = Scene {
            application: application.name.clone(),
            authority: config.authority.clone(),
            app_id: application.app_ids[0].clone(),
            package: Some(demo::play_app().package_name().to_owned()),
        };
        Self { scene, secret: None, authorities: TestPki::default() }
    }

    /// A new one in this directory, which must not be there yet. Its files are for the owner alone.
    ///
    /// # Errors
    ///
    /// If there is no randomness, or a file cannot be written.
    pub fn create(directory: &Path, scene: Scene) -> io::Result<Self> {
        let mut random = [0; SECRET];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let secret: String = random.map(|octet| format!("{octet:02x}")).concat();
        fs::DirBuilder::new().mode(0o700).create(directory)?;
        let settings = toml::to_string(&scene).map_err(io::Error::other)?;
        let authority = Self::new(scene, secret.clone());
        let authorities = &authority.authorities;
        let mut files = vec![
            ("secret", format!("{secret}\n")),
            ("scene.toml", settings),
            ("root.pem", authorities.root_pem()),
            ("intermediate.pem", authorities.intermediate_pem()),
            ("intermediate-key.pem", authorities.intermediate_signer().private_key_pem()),
        ];
        if let Some(play) = authority.play_app() {
            let certificate = play.certificate().map(|octet| format!("{octet:02x}")).concat();
            files.push(("play-certificate", format!("{certificate}\n")));
            files.push(("play-decryption-key", format!("{}\n", play.decryption_key_base64())));
            files.push(("play-signing-key.pem", play.signer().private_key_pem()));
        }
        if let (Some(section), Some(phones)) = (authority.key_attestation_settings(), authority.phone_authorities()) {
            files.push(("key-attestation-root.pem", phones.p384_root_pem()));
            files.push(("key-attestation.toml", section));
        }
        for (name, text) in files {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name))?;
            file.write_all(text.as_bytes())?;
        }
        Ok(authority)
    }

    /// The one in this directory.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let scene = fs::read_to_string(directory.join("scene.toml"))?;
        let scene = toml::from_str(&scene).map_err(|error| io::Error::other(error.message().to_owned()))?;
        let secret = fs::read_to_string(directory.join("secret"))?;
        Ok(Self::new(scene, secret.trim().to_owned()))
    }

    fn new(scene: Scene, secret: String) -> Self {
        let authorities = TestPki::named(&secret, NAME);
        Self { scene, secret: Some(secret), authorities }
    }

    /// What the devices are of.
    #[must_use]
    pub const fn scene(&self) -> &Scene {
        &self.scene
    }

    /// What a configuration file says of the application, which is a rehearsal until the end of this day.
    #[must_use]
    pub fn settings(&self, root: &Path, until: &str) -> String {
        let Scene { application, app_id, .. } = &self.scene;
        let root = root.display().to_string();
        let own = format!(
            "[[applications]]\nname = {application:?}\napp_ids = [{app_id:?}]\nenvironment = \"DEVELOPMENT\"\n\
             rehearsal = {{ root = {root:?}, until = {until:?} }}\n"
        );
        let Some(app) = self.play_app() else { return own };
        let (package, certificate) =
            (app.package_name(), app.certificate().map(|octet| format!("{octet:02x}")).concat());
        let (decryption, verification) = (app.decryption_key_base64(), app.verification_key_base64());
        let play = format!(
            "[applications.play]\npackage_name = {package:?}\ncertificates = [{certificate:?}]\n\
             environment = \"DEVELOPMENT\"\n\
             keys = [{{ decryption_key = {decryption:?}, verification_key = {verification:?} }}]\n"
        );
        own + "\n" + &play
    }

    /// What a configuration file says of the application's key attestation, if it is there for Android.
    #[must_use]
    pub fn key_attestation_settings(&self) -> Option<String> {
        let keys = demo::minted_keys(&self.phone_of(self.scene.package.as_deref()?, "any"));
        let certificates: Vec<String> = keys.certificates.into_iter().map(Into::into).collect();
        let package = keys.package_name;
        Some(format!("[applications.key_attestation]\npackage_name = {package:?}\ncertificates = {certificates:?}\n"))
    }

    /// The app on an Apple device of this name, which has signed so many requests.
    #[must_use]
    pub fn app(&self, name: &str, signed: u32, now: u64) -> App {
        let Scene { application, authority, app_id, .. } = self.scene.clone();
        let device = Device::new(&self.seed(name)).with_app_id(&app_id).with_issue_time(now - 60).with_counter(signed);
        let device = match self.secret {
            Some(_) => device.with_authorities(self.authorities.clone()).with_environment(Environment::Development),
            None => device,
        };
        App { server: String::new(), application, authority, session: String::new(), device, http: Client::new() }
    }

    /// The app on an Android phone of this name, if it is there for Android.
    #[must_use]
    pub fn phone(&self, name: &str) -> Option<Phone> {
        let Scene { application, authority, .. } = self.scene.clone();
        let (key, play) = (self.proof_key(name)?, self.play_app()?);
        Some(Phone {
            server: String::new(),
            application,
            authority,
            session: String::new(),
            key,
            play,
            http: Client::new(),
        })
    }

    /// The app on an Android phone of this name whose hardware attests keys, if it is there for Android. It has signed so many requests,
    /// its registration included.
    #[must_use]
    pub fn handset(&self, name: &str, signed: u32, now: u64) -> Option<Handset> {
        let Scene { application, authority, package, .. } = self.scene.clone();
        let phone = self.phone_of(&package?, &self.seed(name)).with_issue_time(now).with_counter(signed);
        let device = phone.requester();
        let device = match self.secret {
            Some(_) => device.with_environment(Environment::Development),
            None => device,
        };
        let app =
            App { server: String::new(), application, authority, session: String::new(), device, http: Client::new() };
        Some(Handset { phone, app })
    }

    /// A phone with this package, of the authority.
    fn phone_of(&self, package: &str, seed: &str) -> AndroidDevice {
        let phone = AndroidDevice::new(seed).with_package(package, 1);
        match self.phone_authorities() {
            Some(authorities) => phone.with_authorities(authorities),
            None => phone,
        }
    }

    /// What stands above Android phones, unless that is what everybody knows: a root on P-384 alone.
    fn phone_authorities(&self) -> Option<AndroidPki> {
        self.secret.as_ref().map(|secret| AndroidPki::named(secret, NAME))
    }

    /// The key for proofs of the client of this name.
    #[must_use]
    pub fn proof_key(&self, name: &str) -> Option<ProofKey> {
        ProofKey::of(&self.seed(name)).ok()
    }

    /// The app in the Play Console, if it is there for Android.
    #[must_use]
    pub fn play_app(&self) -> Option<PlayApp> {
        let package = self.scene.package.as_deref()?;
        Some(match &self.secret {
            Some(secret) => PlayApp::new(secret).with_package(package),
            None => demo::play_app(),
        })
    }

    /// What the keys of the device of this name follow from.
    fn seed(&self, name: &str) -> String {
        self.secret.as_ref().map_or_else(|| name.to_owned(), |secret| format!("{secret} {name}"))
    }
}
