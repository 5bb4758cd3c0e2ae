//! Versions, builds and platforms: what is read, and in which order they are.

use genuine::app_attest::{OsBuild, OsVersion, Platform};

#[test]
fn versions_are_up_to_three_numbers() {
    for (text, numbers) in [
        ("18", (18, 0, 0)),
        ("18.5", (18, 5, 0)),
        ("17.6.1", (17, 6, 1)),
        ("0.0.0", (0, 0, 0)),
        ("65535.65535.65535", (u16::MAX, u16::MAX, u16::MAX)),
        ("18.05", (18, 5, 0)),
        ("16.4.1 (a)", (16, 4, 1)),
        ("26.3 ", (26, 3, 0)),
    ] {
        let (major, minor, patch) = numbers;
        assert_eq!(OsVersion::parse(text), Some(OsVersion::new(major, minor, patch)), "{text}");
    }
    for text in [
        "",
        ".",
        "18.",
        ".5",
        "18..5",
        "18.5.1.1",
        "18.x",
        "x",
        "-1",
        "+1",
        "65536",
        "18.65536",
        " 18",
        "(a)",
        "１８",
        "18,5",
        "4294967296",
        "18.5\0",
    ] {
        assert_eq!(OsVersion::parse(text), None, "{text}");
    }
}

#[test]
fn versions_are_ordered_as_numbers() {
    let versions =
        ["9.3.5", "10", "14.0.1", "14.2", "14.10", "18.0", "18.0.1", "18.1", "26.4.2", "27.0", "27.0.1", "100"];
    let parsed = versions.map(|text| OsVersion::parse(text).unwrap());
    assert!(parsed.is_sorted_by(|one, next| one < next));
    assert_eq!(OsVersion::parse("18"), OsVersion::parse("18.0.0"));
    let shown = parsed.map(|version| version.to_string());
    assert_eq!(shown.each_ref().map(|text| OsVersion::parse(text).unwrap()), parsed);
    assert_eq!((shown[1].as_str(), shown[2].as_str()), ("10.0", "14.0.1"));
}

#[test]
fn builds_have_their_form() {
    for text in ["24A435", "24B5089g", "1A1", "20E772520a", "22A3351", "26A5378n", "65535Z4294967295z", "024A0435"] {
        assert!(OsBuild::parse(text).is_some(), "{text}");
    }
    for text in [
        "",
        "24",
        "24A",
        "A435",
        "24a435",
        "24A435gg",
        "24A435G",
        "24A-435",
        "24AA435",
        " 24A435",
        "24A435 ",
        "65536A1",
        "1A4294967296",
        "24Ä435",
        "24A4_3",
    ] {
        assert_eq!(OsBuild::parse(text), None, "{text}");
    }
    assert_eq!(OsBuild::parse("024A0435"), OsBuild::parse("24A435"));
}

/// Builds of iOS as Apple published them, in the order of their publication within a major version; of 27.2 a beta.
#[test]
fn builds_are_ordered_as_they_were_published() {
    let published = [
        "18A5301v",   // 14.0 beta 1
        "18A373",     // 14.0
        "18B92",      // 14.2
        "20E247",     // 16.4
        "20E252",     // 16.4.1
        "20E772520a", // 16.4.1 (a)
        "21A5248v",   // 17.0 beta 1
        "21A5326a",   // 17.0 beta 8
        "21A329",     // 17.0
        "21B74",      // 17.1
        "22A244b",    // before 18.0, a genuine attestation of April 2024
        "22A5282m",   // 18.0 beta 1
        "22A3351",    // 18.0, of a device of its own
        "22A3354",    // 18.0
        "22F75",      // 18.5
        "24A325b",    // before 27.0, Apple's sample of April 2026
        "24A5380h",   // 27.0 beta
        "24A435",     // 27.0
        "24B5089g",   // 27.2 beta
        "24B5089h",
        "24B82",
        "24B5000", // a number as of a beta, without a letter
        "100A1",
    ];
    let parsed = published.map(|text| OsBuild::parse(text).unwrap());
    for (pair, text) in parsed.windows(2).zip(published.windows(2)) {
        assert!(pair[0] < pair[1], "{text:?}");
    }
    // A small letter, and the least number with which it does not count.
    let of = |text| OsBuild::parse(text).unwrap();
    assert!(of("24B99999a") < of("24B1"));
    assert!(of("24B100000a") > of("24B99999"));
}

#[test]
fn platforms_have_names() {
    assert_eq!((Platform::named("iphoneos"), Platform::named("macosx")), (Platform::IPhoneOs, Platform::MacOsX));
    assert_eq!(Platform::named("watchos"), Platform::Other("watchos"));
    for name in ["iphoneos", "macosx", "", "iPhoneOS", "macosx "] {
        assert_eq!(Platform::named(name).name(), name);
        assert_eq!(Platform::named(name) == Platform::MacOsX, name == "macosx");
    }
}
