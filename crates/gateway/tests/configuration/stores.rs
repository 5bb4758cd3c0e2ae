//! Stores, and how they are reached.

use genuine_gateway::{
    config::{Redis, Store},
    store::Durability,
};

use crate::{FILE, load, mistakes::assert_mistakes, support};

#[test]
fn memory_has_no_path() {
    let store = "kind = \"redis\"\nurl = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |text: &str| FILE.replace(store, text);
    assert_eq!(load(Some(&file("kind = \"memory\"")), &[]).unwrap().store, Store::Memory {});
    assert_mistakes(vec![(file("kind = \"memory\"\npath = \"x\""), vec![], "unknown field `path`")]);
}

#[test]
fn postgres_has_an_address_and_an_authority_if_it_is_reached_over_tls() {
    let redis = "kind = \"redis\"\nurl = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |url: &str, more: &str| FILE.replace(redis, &format!("kind = \"postgres\"\nurl = \"{url}\"\n{more}"));
    let good = "postgres://gateway:secret@db.example:5433/shop";
    let plain = "allow_plain = true";
    let config = load(Some(&file(good, plain)), &[]).unwrap();
    assert_eq!(config.store, Store::Postgres { url: good.to_owned(), ca: None, allow_plain: true });
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("postgres://db.example:5433/shop") && !printed.contains("secret"), "{printed}");
    // Beyond this machine it takes TLS, or a word; and an address from a variable takes nothing back of what the file says.
    assert_mistakes(vec![
        (file(good, ""), vec![], "store: a server beyond this machine takes ca, or allow_plain"),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_STORE", good)], "store: a server beyond this machine takes ca"),
        (
            file("postgres://gateway@localhost/shop?hostaddr=192.0.2.7", ""),
            vec![],
            "store: a server beyond this machine takes ca",
        ),
    ]);
    for local in
        ["postgres://gateway@localhost/shop", "postgres://gateway@[::1]/shop", "postgres://gateway@%2Frun%2Fpg/shop"]
    {
        assert_eq!(load(Some(&file(local, "")), &[]).err(), None, "{local}");
    }
    let ca = support::Scratch::new("authority-of-the-file").path().join("ca.pem");
    std::fs::create_dir_all(ca.parent().unwrap()).unwrap();
    std::fs::write(&ca, rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap().cert.pem()).unwrap();
    let local = file("postgres://gateway@localhost/shop", &format!("ca = \"{}\"", ca.display()));
    let variable = load(Some(&local), &[("GENUINE_GATEWAY_STORE", good)]).unwrap();
    assert_eq!(variable.store, Store::Postgres { url: good.to_owned(), ca: Some(ca.clone()), allow_plain: false });
    std::fs::remove_dir_all(ca.parent().unwrap()).unwrap();
    let durable = FILE.replace("[store]", "[store]\ndurability = \"volatile\"");
    let variable = load(Some(&durable), &[("GENUINE_GATEWAY_STORE", "redis://localhost/")]).unwrap();
    let expected = Redis { durability: Durability::Volatile, ..Redis::server("redis://localhost/") };
    assert_eq!(variable.store, Store::Redis(expected));

    let malformed = "store.url: this is no address of PostgreSQL";
    for url in ["", "redis://h", "postgres://", "postgres://h", "postgres://gateway@h", "postgres://gateway@h:x/shop"] {
        assert_mistakes(vec![(file(url, ""), vec![], malformed)]);
    }
    let scratch = support::Scratch::new("configured-authority");
    let (empty, broken) = (scratch.path().join("empty.pem"), scratch.path().join("broken.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let ca = |path: &std::path::Path| format!("ca = \"{}\"", path.display());
    assert_mistakes(vec![
        (
            file(&format!("{good}?sslmode=require"), plain),
            vec![],
            "store.ca: sslmode=require takes the authority's certificate",
        ),
        (file(good, &ca(&scratch.path().join("absent.pem"))), vec![], "No such file"),
        (file(good, &ca(&empty)), vec![], "there is no certificate in it"),
        (file(good, &ca(&broken)), vec![], "store.ca: "),
    ]);
}

#[test]
fn redis_has_an_authority_if_it_is_reached_over_tls() {
    let redis = "url = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |url: &str, more: &str| FILE.replace(redis, &format!("url = \"{url}\"\n{more}"));
    let scratch = support::Scratch::new("authority-of-redis");
    let (good, empty) = (scratch.path().join("ca.pem"), scratch.path().join("empty.pem"));
    std::fs::write(&good, rcgen::generate_simple_self_signed(["db.example".to_owned()]).unwrap().cert.pem()).unwrap();
    std::fs::write(&empty, "no certificate").unwrap();
    let ca = |path: &std::path::Path| format!("ca = \"{}\"", path.display());
    let (plain, tls) = ("redis://:secret@db.example:6380/", "rediss://:secret@db.example:6380/");

    let config = load(Some(&file(tls, &ca(&good))), &[]).unwrap();
    let expected = Redis { ca: Some(good.clone()), ..Redis::server(tls) };
    assert_eq!(config.store, Store::Redis(expected.clone()));
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("\"rediss://db.example:6380\"") && !printed.contains("secret"), "{printed}");
    let variable = load(Some(&file("redis://h/", &ca(&good))), &[("GENUINE_GATEWAY_STORE", tls)]).unwrap();
    assert_eq!(variable.store, Store::Redis(expected), "what the file says beside the address stays");
    for (url, more) in
        [(plain, "allow_plain = true"), ("redis://[::1]/", ""), ("redis://localhost/1", ""), ("unix:///run/r", "")]
    {
        assert_eq!(load(Some(&file(url, more)), &[]).err(), None, "{url}");
    }

    let beyond = "store: a server beyond this machine takes ca, or allow_plain";
    let address = "store.url: this is no address of Redis";
    assert_mistakes(vec![
        (file(plain, ""), vec![], beyond),
        (file(plain, "allow_plain = false"), vec![], beyond),
        (FILE.to_owned(), vec![("GENUINE_GATEWAY_STORE", plain)], beyond),
        (file(tls, ""), vec![], "store.ca: rediss:// takes the authority's certificate"),
        (file(tls, "allow_plain = true"), vec![], "store.ca: rediss:// takes the authority's certificate"),
        (file(plain, &ca(&good)), vec![], "store.url: with ca it is rediss://"),
        (file(tls, &ca(&empty)), vec![], "there is no certificate in it"),
        (file(tls, &ca(&scratch.path().join("absent.pem"))), vec![], "No such file"),
        (file(&format!("{tls}#insecure"), &ca(&good)), vec![], address),
        (file("rediss://", &ca(&good)), vec![], address),
    ]);
}

#[test]
fn redis_is_one_server_a_cluster_or_what_sentinels_name() {
    let redis = "url = \"redis://user:secret@127.0.0.1:6379/\"";
    let file = |text: &str| FILE.replace(redis, text);
    let cluster = "cluster = [\"redis://u:secret@localhost:1\", \"redis://u:secret@localhost:2\"]\nreplicas = 1";
    let sentinels =
        "sentinels = [\"redis://:secret@localhost:3\"]\nmaster = \"m\"\nuser = \"u\"\npassword = \"secret\"";
    for (text, expected) in [(cluster, "redis://localhost:2"), (sentinels, "master = \"m\"")] {
        let config = load(Some(&file(text)), &[]).unwrap();
        let printed = toml::to_string(&config).unwrap();
        assert!(printed.contains(expected) && !printed.contains("secret") && !printed.contains("url ="), "{printed}");
        // An address from a variable takes the place of all of them, and nothing of what stands beside them.
        let variable = load(Some(&file(text)), &[("GENUINE_GATEWAY_STORE", "redis://localhost/")]).unwrap();
        let replicas = u32::from(text == cluster);
        assert_eq!(variable.store, Store::Redis(Redis { replicas, ..Redis::server("redis://localhost/") }));
    }
    let one = "store: Redis takes one of url, cluster, or sentinels with master";
    let whose = "store.user, store.password: are the master's";
    let beyond = "store: a server beyond this machine takes ca, or allow_plain";
    let (no_cluster, no_sentinels) =
        ("store.cluster: addresses redis://HOST:PORT", "store.sentinels: addresses redis://");
    let bad = |text: &str, mistake: &'static str| (file(text), vec![], mistake);
    assert_mistakes(vec![
        bad("", one),
        bad(&format!("{redis}\n{cluster}"), one),
        bad(&format!("{redis}\nmaster = \"m\""), one),
        bad("sentinels = [\"redis://localhost:3\"]", one),
        bad("sentinels = []\nmaster = \"m\"", one),
        bad(&format!("{redis}\nuser = \"u\""), whose),
        bad(&format!("{cluster}\npassword = \"secret\""), whose),
        bad("cluster = [\"redis://localhost:1\", \"redis://h:2\"]", beyond),
        bad("sentinels = [\"redis://localhost:1\", \"redis://h:2\"]\nmaster = \"m\"", beyond),
        bad("cluster = [\"redis://localhost:1/1\"]", no_cluster),
        bad("cluster = [\"unix:///run/r\"]", no_cluster),
        bad("cluster = [\"redis://localhost:1\", \"rediss://localhost:2\"]", no_cluster),
        bad("cluster = [\"rediss://localhost:1\"]", "store.ca: rediss:// takes the authority's certificate"),
        bad(
            "cluster = [\"redis://u:a@localhost:1\", \"redis://u:b@localhost:2\"]",
            "all servers of a cluster have one user",
        ),
        bad("sentinels = [\"redis://localhost:1/1\"]\nmaster = \"m\"", no_sentinels),
        bad("sentinels = [\"redis://localhost:1\"]\nmaster = \"\"", "store.master: the name"),
        bad(&format!("{redis}\nreplica = 1"), "unknown field `replica`"),
    ]);
}
