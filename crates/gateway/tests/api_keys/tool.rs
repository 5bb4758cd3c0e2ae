//! What makes a key: it makes none that the gateway would not take, since one wrong entry keeps the whole file out.

use std::process::{Command, Output};

fn new_key(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_genuine-gateway")).arg("--new-api-key").args(arguments).output().unwrap()
}

#[test]
fn no_entry_is_made_that_the_file_would_not_take() {
    let good = ["partner-web", "--kind", "bearer", "--scopes", "orders:read", "--tier", "partner"];
    let dated = |date| [&good[..], &["--expires", date]].concat();
    let changed =
        |place: usize, text| good.iter().enumerate().map(move |(at, word)| if at == place { text } else { *word });
    let changed = |place, text| changed(place, text).collect::<Vec<_>>();
    let many = (0..20).map(|number| format!("s{number}")).collect::<Vec<_>>().join(",");
    for arguments in [good.to_vec(), dated("2027-01-31")] {
        let output = new_key(&arguments);
        assert!(output.status.success() && output.stdout.starts_with(b"\n[[keys]]\n"), "{output:?}");
    }
    for (arguments, expected) in [
        (dated("31-01-2027"), "error: expires: a date"),
        (dated("soon"), "error: expires: a date"),
        (dated("1"), "error: expires: a date"),
        (dated("2027-01-31\nrevoked = true"), "error: expires: a date"),
        (changed(0, ""), "error: application: a name"),
        (changed(0, "Partner"), "error: application: a name"),
        (changed(6, ""), "error: tier: a name"),
        (changed(4, "a,a"), "error: scopes: 1 to 16"),
        (changed(4, &many), "error: scopes: 1 to 16"),
        (changed(4, ""), "error: scopes: 1 to 16"),
        (changed(2, "other"), "usage: "),
    ] {
        let output = new_key(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(expected) && !said.contains("key:"), "{arguments:?}: {said}");
    }
}
