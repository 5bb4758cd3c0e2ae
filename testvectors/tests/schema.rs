//! The committed files have the form that `schema.json`, `play-schema.json` and `android-schema.json` describe.
//!
//! The keywords that the schema uses are evaluated here (JSON Schema 2020-12), because the validators at hand bring
//! licences that the project does not take. A keyword that is not known here fails the test.

use genuine_testvectors::{ANDROID_GROUPS, GROUPS, MAX_ANDROID_ID, MAX_ID, PLAY_GROUPS, SCHEMA_VERSION, text};
use regex::Regex;
use serde_json::{Value, json};

#[test]
fn files_satisfy_the_schema() {
    for (schema, groups) in [(schema(), GROUPS), (play_schema(), PLAY_GROUPS), (android_schema(), ANDROID_GROUPS)] {
        for (group, json) in groups {
            let instance = serde_json::from_str(json).expect("a group is JSON");
            assert!(satisfies(&schema, &schema, &instance), "{group}");
        }
    }
}

#[test]
fn the_schema_has_the_limits_of_the_code() {
    for (schema, length) in [(schema(), MAX_ID), (play_schema(), MAX_ID), (android_schema(), MAX_ANDROID_ID)] {
        assert_eq!(schema["properties"]["schema_version"]["const"], json!(SCHEMA_VERSION));
        assert_eq!(schema["$defs"]["id"]["maxLength"], json!(length));
    }
}

#[test]
fn the_schema_refuses_what_is_no_group() {
    let schema = schema();
    let vector: Value = serde_json::from_str(text("generation::ios17-production")).expect("a vector is JSON");
    let good = json!({ "schema_version": 1, "group": "generation", "description": "One.", "vectors": [vector] });
    assert!(satisfies(&schema, &schema, &good));
    for (name, value) in [
        ("schema_version", json!(2)),
        ("group", json!("Generation")),
        ("description", json!("no sentence")),
        ("vectors", json!([])),
        ("vectors", json!([{}])),
        ("vectors", vector.clone()),
        ("surplus", json!(0)),
    ] {
        let mut instance = good.clone();
        instance[name] = value;
        assert!(!satisfies(&schema, &schema, &instance), "{name}");
    }
    for name in ["schema_version", "group", "description", "vectors"] {
        let mut instance = good.clone();
        instance.as_object_mut().expect("an object").remove(name);
        assert!(!satisfies(&schema, &schema, &instance), "{name}");
    }
    // One vector alone, as objects of real devices are kept, is no group.
    assert!(!satisfies(&schema, &schema, &vector));
}

#[test]
fn the_schema_refuses_what_is_no_vector() {
    let root = schema();
    let schema = &root["$defs"]["vector"];
    let good: Value = serde_json::from_str(text("generation::ios17-production")).expect("a vector is JSON");
    let with = |name: &str, value: Value| {
        let mut instance = good.clone();
        instance[name] = value;
        instance
    };
    let without = |name: &str| {
        let mut instance = good.clone();
        instance.as_object_mut().expect("an object").remove(name);
        instance
    };

    assert!(satisfies(&root, schema, &good));
    for instance in [
        json!([]),
        without("id"),
        without("threat"),
        with("id", json!("ios17-production")),
        with("id", json!("generation::iOS17")),
        with("id", json!(format!("generation::{}", "a".repeat(MAX_ID)))),
        without("app_id"),
        without("valid_at"),
        with("type", json!("receipt")),
        with("surplus", json!(0)),
        with("counter", json!(-1)),
        with("counter", json!(0x1_0000_0000_u64)),
        with("counter", json!(0.5)),
        with("key_id_b64", json!("A")),
        with("app_id", json!("org.example")),
        with("valid_at", json!("yesterday")),
        with("require_categories", json!([])),
        with("require_categories", json!(["1"])),
        with("expected", json!("NonceMismatch")),
        with("twin", json!("generation::ios27-production")),
        with("assertion_b64", json!("AA==")),
        with("type", json!("assertion")),
    ] {
        assert!(!satisfies(&root, schema, &instance), "{instance}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_vector_of_play_integrity() {
    let root = play_schema();
    let schema = &root["$defs"]["vector"];
    let of = |group: &str, id: &str| -> Value {
        let (_, file) = PLAY_GROUPS.iter().find(|(name, _)| *name == group).expect("a group");
        let file: Value = serde_json::from_str(file).expect("a group is JSON");
        let vectors = file["vectors"].as_array().expect("a list").clone();
        vectors.into_iter().find(|vector| vector["id"] == id).expect("a vector")
    };
    let with = |vector: &Value, name: &str, value: Value| {
        let mut instance = vector.clone();
        instance[name] = value;
        instance
    };
    let without = |vector: &Value, name: &str| {
        let mut instance = vector.clone();
        instance.as_object_mut().expect("an object").remove(name).expect("a member");
        instance
    };
    let (good, standard) = (of("play-good", "play-good::minimal"), of("play-good", "play-good::standard"));
    let bad = of("play-header", "play-header::zip");
    for vector in [&good, &standard, &bad] {
        assert!(satisfies(&root, schema, vector));
    }
    for instance in [
        json!([]),
        without(&good, "id"),
        without(&good, "token"),
        without(&good, "payload"),
        without(&good, "nonce"),
        with(&good, "id", json!("header::zip")),
        with(&good, "nonce", json!("00")),
        with(&good, "request_hash", json!("x")),
        with(&good, "twin", json!("play-good::full")),
        with(&good, "code", json!(2000)),
        with(&good, "keys", json!([])),
        with(&good, "certificates", json!(["AA"])),
        with(&good, "policy", json!({ "surplus": 0 })),
        with(&good, "policy", json!({ "limit_age": -1 })),
        with(&good, "policy", json!({ "accept_test_responses": false })),
        with(&good, "now", json!("today")),
        with(&good, "surplus", json!(0)),
        with(&good, "request", json!("standard")),
        without(&standard, "request_hash"),
        with(&standard, "key_index", json!(0)),
        without(&bad, "twin"),
        without(&bad, "code"),
        with(&bad, "key_index", json!(0)),
    ] {
        assert!(!satisfies(&root, schema, &instance), "{instance}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_vector_of_android() {
    let root = android_schema();
    let schema = &root["$defs"]["vector"];
    let of = |group: &str, id: &str| -> Value {
        let (_, file) = ANDROID_GROUPS.iter().find(|(name, _)| *name == group).expect("a group");
        let file: Value = serde_json::from_str(file).expect("a group is JSON");
        let vectors = file["vectors"].as_array().expect("a list").clone();
        vectors.into_iter().find(|vector| vector["id"] == id).expect("a vector")
    };
    let with = |vector: &Value, name: &str, value: Value| {
        let mut instance = vector.clone();
        instance[name] = value;
        instance
    };
    let without = |vector: &Value, name: &str| {
        let mut instance = vector.clone();
        instance.as_object_mut().expect("an object").remove(name).expect("a member");
        instance
    };
    let (good, bad) = (of("android-good", "android-good::remote"), of("android-boot", "android-boot::unlocked"));
    let request = of("android-request", "android-request::possession");
    for vector in [&good, &bad, &request] {
        assert!(satisfies(&root, schema, vector));
    }
    for instance in [
        json!([]),
        without(&good, "id"),
        without(&good, "certificates_b64"),
        without(&good, "challenge"),
        without(&good, "proof"),
        without(&request, "request"),
        without(&bad, "twin"),
        without(&bad, "code"),
        with(&good, "id", json!("boot::unlocked")),
        with(&good, "id", json!(format!("android-good::{}", "a".repeat(MAX_ANDROID_ID)))),
        with(&good, "twin", json!("android-good::factory-ec")),
        with(&good, "code", json!(3000)),
        with(&bad, "proof", good["proof"].clone()),
        with(&good, "challenge", json!("0")),
        with(&good, "certificates_b64", json!(["A"])),
        with(&good, "signing_digests", json!([])),
        with(&good, "signing_digests", json!(["00"])),
        with(&good, "anchors", json!(["google"])),
        with(&good, "revoked", json!(["0a"])),
        with(&good, "suspended", json!(["A"])),
        with(&good, "policy", json!({ "surplus": true })),
        with(&good, "policy", json!({ "accept_any_key": false })),
        with(&good, "policy", json!({ "require_os_version": -1 })),
        with(&good, "now", json!("today")),
        with(&good, "surplus", json!(0)),
    ] {
        assert!(!satisfies(&root, schema, &instance), "{instance}");
    }
}

fn android_schema() -> Value {
    serde_json::from_str(include_str!("../android-schema.json")).expect("the schema is JSON")
}

fn play_schema() -> Value {
    serde_json::from_str(include_str!("../play-schema.json")).expect("the schema is JSON")
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../schema.json")).expect("the schema is JSON")
}

fn satisfies(root: &Value, schema: &Value, instance: &Value) -> bool {
    let schemas = |list: &Value| list.as_array().expect("a list of schemas").clone();
    let properties = schema.get("properties").and_then(Value::as_object);
    schema.as_object().expect("a schema is an object").iter().all(|(keyword, value)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" | "then" | "else" => true,
        "$ref" => {
            let pointer = value.as_str().and_then(|reference| reference.strip_prefix('#')).expect("a local reference");
            satisfies(root, root.pointer(pointer).expect("a definition"), instance)
        }
        "type" => match value.as_str().expect("a type") {
            "object" => instance.is_object(),
            "array" => instance.is_array(),
            "string" => instance.is_string(),
            "integer" => instance.is_i64() || instance.is_u64(),
            other => panic!("unknown type {other}"),
        },
        "const" => instance == value,
        "enum" => value.as_array().expect("a list").contains(instance),
        "minimum" => instance.as_i64().is_none_or(|number| number >= value.as_i64().expect("a number")),
        "maximum" => instance.as_i64().is_none_or(|number| number <= value.as_i64().expect("a number")),
        "pattern" => instance.as_str().is_none_or(|text| {
            Regex::new(value.as_str().expect("a pattern")).expect("a regular expression").is_match(text)
        }),
        "maxLength" => instance
            .as_str()
            .is_none_or(|text| text.len() <= usize::try_from(value.as_u64().expect("a number")).expect("a length")),
        "minItems" => instance
            .as_array()
            .is_none_or(|items| items.len() >= usize::try_from(value.as_u64().expect("a number")).expect("a length")),
        "items" => instance.as_array().is_none_or(|items| items.iter().all(|item| satisfies(root, value, item))),
        "required" => instance.as_object().is_none_or(|object| {
            value.as_array().expect("a list").iter().all(|name| object.contains_key(name.as_str().expect("a name")))
        }),
        "properties" => value
            .as_object()
            .expect("an object")
            .iter()
            .all(|(name, schema)| instance.get(name).is_none_or(|member| satisfies(root, schema, member))),
        "additionalProperties" => {
            assert_eq!(value, false, "only false is known here");
            let known = properties.expect("properties beside additionalProperties");
            instance.as_object().is_none_or(|object| object.keys().all(|name| known.contains_key(name)))
        }
        "allOf" => schemas(value).iter().all(|schema| satisfies(root, schema, instance)),
        "anyOf" => schemas(value).iter().any(|schema| satisfies(root, schema, instance)),
        "not" => !satisfies(root, value, instance),
        "if" => {
            let branch = if satisfies(root, value, instance) { "then" } else { "else" };
            schema.get(branch).is_none_or(|schema| satisfies(root, schema, instance))
        }
        other => panic!("unknown keyword {other}"),
    })
}
