//! Every form that people have an object in gives the same bytes.

use crate::support::{CHALLENGE, CLIENT_DATA, base64, decoding, hex as hex_digits, read};
use genuine_explain::{Decoding, Input, Kind, MAX_INPUT};
use genuine_testvectors::{Device, GROUPS, texts};

fn objects() -> [Vec<u8>; 2] {
    let mut device = Device::new("input");
    [device.attest(CHALLENGE).object, device.assert(CLIENT_DATA).object]
}

/// Lines of 64 characters with this between them.
fn broken(text: &str, line_break: &str) -> String {
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    lines.join(line_break)
}

#[test]
fn every_form_gives_the_bytes() {
    use Decoding::{Base64, Base64Url, Escapes, Hex, Quotes, WhiteSpace};
    for object in objects() {
        let standard = base64(&object);
        let url = standard.replace('+', "-").replace('/', "_");
        assert_ne!(standard, url, "the object shows the alphabet");
        let hex: String = hex_digits(&object);
        let rows: Vec<(Vec<u8>, Vec<Decoding>)> = vec![
            (object.clone(), vec![]),
            (standard.clone().into(), vec![Base64]),
            (standard.trim_end_matches('=').into(), vec![Base64]),
            (url.clone().into(), vec![Base64Url]),
            (url.trim_end_matches('=').into(), vec![Base64Url]),
            (format!("  {standard}\n").into(), vec![Base64]),
            (format!("\u{FEFF}{standard}").into(), vec![Base64]),
            (broken(&standard, "\n").into(), vec![WhiteSpace, Base64]),
            (broken(&standard, "\r\n").into(), vec![WhiteSpace, Base64]),
            (broken(&standard, "\\n").into(), vec![Escapes, Base64]),
            (broken(&standard, "\\r\\n").into(), vec![Escapes, Base64]),
            (format!("\"{standard}\"").into(), vec![Quotes, Base64]),
            (format!("'{standard}',").into(), vec![Quotes, Base64]),
            (format!("\"{}\"", broken(&url, "\\n")).into(), vec![Quotes, Escapes, Base64Url]),
            (hex.clone().into(), vec![Hex]),
            (hex.to_uppercase().into(), vec![Hex]),
            (format!("0x{hex}").into(), vec![Hex]),
            (broken(&hex, "\n").into(), vec![WhiteSpace, Hex]),
        ];
        let slashes = standard.replace('/', "\\/");
        let escaped = if slashes == standard { vec![Base64] } else { vec![Escapes, Base64] };
        for (input, steps) in rows.into_iter().chain([(slashes.into(), escaped)]) {
            assert_eq!((read(&input).bytes, decoding(&input)), (object.clone(), steps));
        }
    }
}

#[test]
fn what_is_nothing_is_told() {
    let long = vec![b'A'; MAX_INPUT + 1];
    let rows: [(&[u8], &str); 9] = [
        (b"", "empty"),
        (b"not an object", "neither base64"),
        (b"\"\"", "nothing between the quotes"),
        (b"ab\xC3\xA9", "neither base64"),
        (b"oWNmbXQY A==", "spaces where `+` was"),
        (b"[]", "not a JSON object"),
        (b"{", "not JSON"),
        (b"{}", "`type` is missing"),
        (&long, "longer than"),
    ];
    for (input, reason) in rows {
        let unreadable = Input::read(input).expect_err(reason);
        assert!(unreadable.to_string().contains(reason), "{unreadable}");
    }
}

/// Text that holds what text does not is a damaged object, and for those there is a diagnosis.
#[test]
fn damaged_objects_are_bytes() {
    for object in objects() {
        let damaged = String::from_utf8_lossy(&object).into_owned().into_bytes();
        assert_eq!((read(&damaged).bytes, decoding(&damaged)), (damaged.clone(), vec![]));
        let latin_1: String = object.iter().copied().map(char::from).collect();
        assert_eq!(read(latin_1.as_bytes()).bytes, latin_1.as_bytes());
    }
}

#[test]
fn vectors_are_told_from_objects() {
    for (id, json) in texts() {
        let Ok(Input::Vector(vector)) = Input::read(json.as_bytes()) else { panic!("{id} is a vector") };
        let expected = if json.contains("\"type\": \"assertion\"") { Kind::Assertion } else { Kind::Attestation };
        assert_eq!(vector.kind, expected, "{id}");
        assert_eq!(vector.object.decoding.first(), Some(&Decoding::Vector), "{id}");
    }
}

#[test]
fn groups_are_told_from_vectors() {
    let mut ids = Vec::new();
    for (name, json) in GROUPS {
        let Ok(Input::Group(vectors)) = Input::read(json.as_bytes()) else { panic!("{name} is a group") };
        ids.extend(vectors.into_iter().map(|vector| vector.id.expect("an id")));
    }
    assert_eq!(ids, texts().map(|(id, _)| id).collect::<Vec<_>>());
    let without = |name: &str| {
        let mut group: serde_json::Value = serde_json::from_str(GROUPS[0].1).expect("JSON");
        group["vectors"][1].as_object_mut().expect("a vector").remove(name);
        Input::read(group.to_string().as_bytes()).expect_err(name).to_string()
    };
    assert_eq!(without("id"), "vector 1 has no `id`");
    let (id, _) = texts().nth(1).expect("a second vector");
    assert!(without("type").starts_with(&format!("{id}: ")), "{}", without("type"));
}
