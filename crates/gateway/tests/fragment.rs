//! What is read along of a connection: which octets are changed, and how many are passed on.
#![allow(missing_docs)]

use genuine_gateway::fragment::Place;

/// In pieces of each size, with the target as it is passed on.
fn assert_passes(sent: &str, expected: &str) {
    for size in 1..=sent.len() {
        let (mut place, mut passed) = (Place::default(), Vec::new());
        for piece in sent.as_bytes().chunks(size) {
            let mut piece = piece.to_vec();
            let length = place.pass(&mut piece);
            passed.extend_from_slice(&piece[..length]);
        }
        assert_eq!(String::from_utf8(passed).unwrap(), expected, "in pieces of {size}");
    }
}

#[test]
fn a_number_sign_in_a_target_is_changed_and_no_other() {
    assert_passes("GET /a#b HTTP/1.1\r\nX: #\r\n\r\n", "GET /a\x7fb HTTP/1.1\r\nX: #\r\n\r\n");
    assert_passes("G#T /a HTTP/1.1\n\n\r\nGET /#\n", "G#T /a HTTP/1.1\n\n\r\nGET /\x7f\n");
    let sized = "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nb #cd";
    assert_passes(&format!("{sized}{sized}GET /#"), &format!("{sized}{sized}GET /\x7f"));
    let empty = "POST /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    assert_passes(&format!("{empty}GET /#"), &format!("{empty}GET /\x7f"));
    let coded =
        "POST /a HTTP/1.1\r\nContent-Length: 1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nGET /#a\r\n0\r\n\r\nGET /#";
    assert_passes(coded, coded);
}

#[test]
fn after_a_head_that_cannot_be_read_nothing_is_passed_on() {
    for head in [
        "GET / HTTP/1.1\r\nno field\r\n\r\n".to_owned(),
        "no request\n\n".to_owned(),
        "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nContent-Length: \r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(129)),
    ] {
        assert_passes(&format!("{head}GET / HTTP/1.1\r\n\r\n"), &head);
    }
    let endless = "x".repeat(64 * 1024 + 2);
    assert_eq!(Place::default().pass(&mut endless.into_bytes()), 64 * 1024 + 1);
    let field = b"GET / HTTP/1.1\r\nContent-Length: \xFF\r\n\r\n".to_vec();
    assert_eq!(Place::default().pass(&mut [field.clone(), b"GET".to_vec()].concat()), field.len());
}
