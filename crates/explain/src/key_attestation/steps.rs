//! The steps in the order in which the engine runs them, and what each of them compared.

use genuine::{
    Error,
    key_attestation::{
        AttestationApplicationId, KEY_DESCRIPTION, KeyDescription, MAX_CERTIFICATES, MAX_CHAIN, Provisioning,
        RevocationStatus, Step, Tag,
    },
    x509::Certificate,
};

use super::{
    certificate::{Seen, name},
    description::{boot_state, origin, security_level},
    facts::provisioning_name,
    links::{Link, key_title, signature_algorithm},
    run::Run,
};
use crate::{
    model::{Compared, Mark, StepReport},
    text::{bytes, hex, listed, rfc_3339, shortened},
};

/// A step, or `None` for the caller's side; its title, and what its passing means.
type Row = (Option<Step>, &'static str, &'static str);

const ROWS: [Row; 19] = [
    (Some(Step::Size), "Size", "it has three to eight certificates, of 8 KiB at most"),
    (Some(Step::Certificates), "Certificates", "each is X.509 v3 in strict DER"),
    (Some(Step::Description), "Description", "the leaf describes its key as phones do"),
    (None, "Your side", "what the chain is held against is well-formed"),
    (Some(Step::Anchor), "Anchor", "it ends at a root that you trust, by name and key"),
    (Some(Step::Names), "Names", "each certificate names the next one as its issuer"),
    (Some(Step::Algorithms), "Algorithms", "it is signed by algorithms that are taken"),
    (Some(Step::Provisioning), "Provisioning", "the hardware has its own key as you accept it"),
    (Some(Step::Validity), "Validity", "the certificates above the leaf are valid at the time"),
    (Some(Step::Placement), "Placement", "no certificate but the leaf describes a key"),
    (Some(Step::Revocation), "Revocation", "your list revokes none of the certificates"),
    (Some(Step::Challenge), "Challenge", "the key was made for your challenge"),
    (Some(Step::SecurityLevel), "Security level", "the key is in hardware, and the chain says so too"),
    (Some(Step::Key), "Key", "the hardware made the key, for this app, to sign"),
    (Some(Step::Boot), "Boot", "the boot loader is locked, and verified the system"),
    (Some(Step::App), "App", "your app asked, signed by your certificates"),
    (Some(Step::System), "System", "versions are no older than you require"),
    (Some(Step::LeafKey), "Leaf key", "the leaf's key is the one that is described"),
    (Some(Step::Signatures), "Signatures", "each certificate is signed by its issuer"),
];

const NOT_TOLD: &str = "not told";

/// Values that the chain gives are cut here, in characters.
const MAX_VALUE: usize = 300;

/// Marks each step, with what it compared unless it was not reached. Behind a failure the steps are those of a run in which it was
/// lifted; where none could be, they were not reached.
pub(super) fn report(run: &Run<'_>, failures: &[Error], is_finished: bool) -> Vec<StepReport> {
    let place = |error: &Error| ROWS.iter().position(|(step, ..)| *step == step_of(*error));
    let failures: Vec<_> = failures.iter().filter_map(place).collect();
    let last = failures.iter().max().copied().filter(|_| !is_finished);
    let row = |(index, &(step, title, meaning)): (usize, &Row)| {
        let mark = match last {
            _ if failures.contains(&index) => Mark::Failed,
            Some(last) if index > last => Mark::NotReached,
            _ if step.is_some_and(|step| !run.is_asked(step)) => Mark::NotAsked,
            _ => Mark::Passed,
        };
        let compared = if mark == Mark::NotReached { Vec::new() } else { compared(run, step) };
        let step = step.map_or_else(|| "Configuration".to_owned(), |step| format!("{step:?}"));
        StepReport { step, title, meaning, mark, compared }
    };
    ROWS.iter().enumerate().map(row).collect()
}

/// The step of a failure; `None` for one of the caller's side.
pub(super) const fn step_of(error: Error) -> Option<Step> {
    match error.step() {
        Some(genuine::Step::KeyAttestation(step)) => Some(step),
        _ => None,
    }
}

fn row(label: &'static str, value: impl AsRef<str>) -> Compared {
    Compared { label, value: shortened(value.as_ref(), MAX_VALUE) }
}

fn compared(run: &Run<'_>, step: Option<Step>) -> Vec<Compared> {
    let Some(step) = step else {
        return vec![row("revocation list", revocation_list(run)), row("time", time(run))];
    };
    match step {
        Step::Size => size(run),
        Step::Certificates => certificates(run),
        Step::Description => description(run),
        Step::Anchor => anchor(run),
        Step::Names => names(run),
        Step::Algorithms => algorithms(run),
        Step::Provisioning => provisioning(run),
        Step::Validity => validity(run),
        Step::Placement => placement(run),
        Step::Revocation => revocation(run),
        Step::Signatures => signatures(run),
        Step::LeafKey => leaf_key(run),
        step => run.described().map_or_else(Vec::new, |description| of_description(run, description, step)),
    }
}

fn size(run: &Run<'_>) -> Vec<Compared> {
    let (count, octets) = (run.seen.len(), run.chain.certificates.iter().map(Vec::len).sum());
    let count = if count == 1 { "1 certificate".to_owned() } else { format!("{count} certificates") };
    vec![
        row("found", format!("{count}, {}", bytes(octets))),
        row("at most", format!("{MAX_CERTIFICATES}, {MAX_CHAIN} bytes")),
    ]
}

/// Where a certificate is not as the strictest reader wants it, what is wrong. That reader wants the dates of leaves too.
fn certificates(run: &Run<'_>) -> Vec<Compared> {
    let fault = |(place, der): (usize, &Vec<u8>)| {
        let error = Certificate::parse(der).err().filter(|_| run.parsed.is_err())?;
        Some(row("a strict reader", format!("certificate {place}: {error:?}")))
    };
    let certificates = &run.chain.certificates;
    let sizes: Vec<_> =
        certificates.iter().enumerate().map(|(place, der)| format!("{place}: {}", bytes(der.len()))).collect();
    let faults = certificates.iter().enumerate().filter_map(fault);
    [row("found", sizes.join(", "))].into_iter().chain(faults).collect()
}

fn description(run: &Run<'_>) -> Vec<Compared> {
    let Some(description) = run.described() else {
        let found = match &run.description {
            Some(Err(error)) => format!("an extension that is none ({})", error.name()),
            _ => "no extension 1.3.6.1.4.1.11129.2.1.17 in the leaf".to_owned(),
        };
        return vec![row("found", found)];
    };
    let lists = [("software", description.software_enforced()), ("hardware", description.hardware_enforced())];
    let tags = lists.map(|(name, list)| {
        let unknown: Vec<_> = list.unknown_tags().map(|number| number.to_string()).collect();
        let unknown = if unknown.is_empty() { String::new() } else { format!(" and the unknown {}", listed(&unknown)) };
        let order = if list.are_tags_ordered() { "" } else { ", not in order" };
        format!("{} tags{unknown} of {name}{order}", list.iter().count())
    });
    let version = format!(
        "version {}, {} {}",
        description.attestation_version(),
        key_mint(description),
        description.key_mint_version()
    );
    vec![row("found", version), row("", tags.join(", "))]
}

fn key_mint(description: &KeyDescription<'_>) -> &'static str {
    if description.attestation_version() < 100 { "Keymaster" } else { "KeyMint" }
}

fn anchor(run: &Run<'_>) -> Vec<Compared> {
    let mut rows: Vec<_> = run.roots.trusted().into_iter().map(|named| row("trusted", named.title)).collect();
    let last = run.seen.last().and_then(Option::as_ref);
    rows.extend(last.map(|last| row("last certificate", name(last.subject))));
    rows.extend(last.filter(|last| last.issuer != last.subject).map(|last| row("issued by", name(last.issuer))));
    match run.end() {
        Some(end) if end.below == run.seen.len() => {
            rows.push(row("found", format!("{}, which was left out", end.title)));
        }
        Some(end) => rows.push(row("found", end.title)),
        None => rows.extend(run.known_root().map(|known| row("that is", known.title()))),
    }
    rows
}

fn names(run: &Run<'_>) -> Vec<Compared> {
    let pairs = run.seen.iter().zip(run.seen.iter().skip(1)).enumerate();
    let broken = pairs.filter_map(|(place, (lower, upper))| {
        let (lower, upper) = (lower.as_ref()?, upper.as_ref()?);
        let is_next = lower.issuer == upper.subject;
        (!is_next).then(|| {
            format!("certificate {place} names {}, and {} has {}", name(lower.issuer), place + 1, name(upper.subject))
        })
    });
    let broken: Vec<_> = broken.map(|text| row("found", text)).collect();
    if broken.is_empty() {
        vec![row("found", format!("{} names that fit", run.seen.len().saturating_sub(1)))]
    } else {
        broken
    }
}

fn algorithms(run: &Run<'_>) -> Vec<Compared> {
    let below = run.end().map_or(run.seen.len(), |end| end.below);
    let of = |(place, seen): (usize, &Option<Seen<'_>>)| {
        let seen = seen.as_ref()?;
        Some(row("signature", format!("{place}: {}, by {}", signature_algorithm(seen), issuer(run, place))))
    };
    run.seen.iter().take(below).enumerate().filter_map(of).collect()
}

/// The key that a certificate is signed by, in words.
fn issuer(run: &Run<'_>, place: usize) -> String {
    match run.seen.get(place + 1) {
        Some(Some(next)) => key_title(&next.key),
        _ => "a key of the anchor".to_owned(),
    }
}

fn provisioning(run: &Run<'_>) -> Vec<Compared> {
    let required = if run.side.requirements.remote { "remote" } else { "factory or remote" };
    let below = run.end().map_or(run.seen.len(), |end| end.below);
    let highest = below.checked_sub(1).and_then(|place| run.seen.get(place)).and_then(Option::as_ref);
    let kind = run.provisioning().map_or("neither, or not with this length of chain", provisioning_name);
    vec![
        row("accepted", required),
        row("highest below root", highest.map_or_else(|| "nothing".to_owned(), |highest| name(highest.subject))),
        row("found", format!("{kind}, {below} certificates below the root")),
    ]
}

fn time(run: &Run<'_>) -> String {
    let told = if run.side.at.is_some() { "" } else { " (now: no other time was told)" };
    format!("{}{told}", rfc_3339(run.now))
}

fn validity(run: &Run<'_>) -> Vec<Compared> {
    let below = run.end().map_or(run.seen.len(), |end| end.below);
    let is_factory = run.provisioning() == Some(Provisioning::Factory);
    let counts = if is_factory { " (of factories the end does not count)" } else { "" };
    let counted = run.seen.iter().take(below).enumerate().skip(run.hardware_position());
    let period = |(place, seen): (usize, &Option<Seen<'_>>)| {
        let seen = seen.as_ref()?;
        Some(row("valid", format!("{place}: {} to {}{counts}", seen.not_before, seen.not_after)))
    };
    let ignored = run.side.requirements.ignore_validity;
    let ignored = ignored.then(|| row("", "any time is taken"));
    [row("time", time(run))].into_iter().chain(ignored).chain(counted.filter_map(period)).collect()
}

fn placement(run: &Run<'_>) -> Vec<Compared> {
    let described =
        (0..run.seen.len()).filter(|place| run.is_described(*place)).map(|place| format!("certificate {place}"));
    let accepted = if run.side.requirements.accept_attest_keys {
        "certificate 0, and 1 of a key that attests"
    } else {
        "certificate 0 alone"
    };
    vec![row("accepted", accepted), row("descriptions in", listed(&described.collect::<Vec<_>>()))]
}

fn revocation_list(run: &Run<'_>) -> String {
    match &run.side.revocation {
        None => format!("{NOT_TOLD}: leaked keys of factories would pass"),
        Some(list) if list.len() == 1 => "1 entry".to_owned(),
        Some(list) => format!("{} entries", list.len()),
    }
}

fn revocation(run: &Run<'_>) -> Vec<Compared> {
    let below = run.end().map_or(run.seen.len(), |end| end.below);
    let serial = |seen: &Seen<'_>| {
        let serial = seen.serial_hex();
        let status = run.side.revocation.as_ref().map(|list| list.status(&serial));
        match status {
            Some(status) if status != RevocationStatus::Good => {
                format!("{serial} ({status:?})")
            }
            _ => serial,
        }
    };
    let serials: Vec<_> = run.seen.iter().take(below).flatten().map(serial).collect();
    vec![row("list", revocation_list(run)), row("serial numbers", serials.join(", "))]
}

fn signatures(run: &Run<'_>) -> Vec<Compared> {
    let of = |(place, link): (usize, &Option<Link>)| {
        let seen = run.seen.get(place).and_then(Option::as_ref)?;
        let what = match (*link)? {
            Link::Signed => "signed by",
            Link::Wrong => "NOT signed by",
            Link::Unknown => "not verified here, by",
        };
        Some(row("found", format!("{place} {what} {} ({})", issuer(run, place), signature_algorithm(seen))))
    };
    run.links().iter().enumerate().filter_map(of).collect()
}

fn leaf_key(run: &Run<'_>) -> Vec<Compared> {
    let Some(leaf) = run.seen.first().and_then(Option::as_ref) else { return Vec::new() };
    let mut rows = vec![row("found", key_title(&leaf.key))];
    if let Some((4, point)) = leaf.key.octets.split_first().map(|(form, point)| (*form, point))
        && let Some((x, y)) = point.split_at_checked(32).filter(|(_, y)| y.len() == 32)
    {
        rows.extend([row("X", hex(x)), row("Y", hex(y))]);
    }
    rows
}

/// The steps that compare what the leaf says.
fn of_description(run: &Run<'_>, description: &KeyDescription<'_>, step: Step) -> Vec<Compared> {
    let (side, hardware) = (run.side, description.hardware_enforced());
    let required = &side.requirements;
    match step {
        Step::Challenge => {
            let expected = side.challenge.as_deref().map_or_else(|| NOT_TOLD.to_owned(), octets);
            vec![row("expected", expected), row("found", octets(description.attestation_challenge()))]
        }
        Step::SecurityLevel => {
            let least = if required.strong_box { "STRONG_BOX" } else { "TRUSTED_ENVIRONMENT or STRONG_BOX" };
            let chain = run.seen.get(run.hardware_position()).and_then(Option::as_ref);
            vec![
                row("required", least),
                row("of the attestation", security_level(description.attestation_security_level())),
                row("of the key", security_level(description.key_mint_security_level())),
                row("the chain says", chain.map_or_else(|| "nothing".to_owned(), |chain| name(chain.subject))),
            ]
        }
        Step::Key => {
            let purposes: Vec<_> = hardware.purposes().map(|purpose| format!("{purpose:?}")).collect();
            let algorithm = hardware.algorithm().map_or_else(|| "no algorithm".to_owned(), |one| format!("{one:?}"));
            let curve = hardware.ec_curve().map_or_else(String::new, |curve| format!(" on {curve:?}"));
            let lists = [hardware, description.software_enforced()];
            let everybody = lists.iter().any(|list| list.has(Tag::AllApplications));
            let wanted: Vec<_> = required.purposes.iter().map(|purpose| format!("{purpose:?}")).collect();
            let wanted = if wanted.is_empty() { "Sign, or Sign and Verify".to_owned() } else { listed(&wanted) };
            let kinds = if required.accept_any_key { "any algorithm" } else { "Ec on P256" };
            vec![
                row("accepted", format!("{kinds}, to {wanted}")),
                row("found", format!("{algorithm}{curve}, to {}", listed(&purposes))),
                row("origin", hardware.origin().map_or_else(|| "not told".to_owned(), origin)),
                row("users", if everybody { "ALL apps" } else { "one app" }),
            ]
        }
        Step::Boot => boot(run, description),
        Step::App => app(run),
        _ => system(run, description),
    }
}

fn boot(run: &Run<'_>, description: &KeyDescription<'_>) -> Vec<Compared> {
    let required = &run.side.requirements;
    let unlocked = if required.accept_unlocked { ", or unlocked" } else { "" };
    let mut rows = vec![row("accepted", format!("locked and VERIFIED{unlocked}"))];
    rows.extend(required.boot_keys.iter().map(|key| row("or by boot key", hex(key))));
    let Some(root) = description.hardware_enforced().root_of_trust() else {
        rows.push(row("found", "no root of trust in the hardware-enforced list"));
        return rows;
    };
    let locked = if root.device_locked() { "locked" } else { "UNLOCKED" };
    rows.push(row("found", format!("{locked}, {}", boot_state(root.verified_boot_state()))));
    rows.push(row("boot key", octets_or_nothing(root.verified_boot_key())));
    rows.push(row("boot hash", octets_or_nothing(root.verified_boot_hash().unwrap_or_default())));
    rows
}

fn app(run: &Run<'_>) -> Vec<Compared> {
    let side = run.side;
    let mut rows = vec![row("expected package", side.package.as_deref().unwrap_or(NOT_TOLD))];
    let found = run.application();
    let packages: Vec<_> = found
        .into_iter()
        .flat_map(AttestationApplicationId::packages)
        .map(|package| format!("{} {}", String::from_utf8_lossy(package.name), package.version))
        .collect();
    rows.push(row("found", if found.is_some() { listed(&packages) } else { "none that can be read".to_owned() }));
    let digests: Vec<_> = side.signing_digests.iter().map(|digest| row("expected signer", hex(digest))).collect();
    rows.extend(if digests.is_empty() { vec![row("expected signer", NOT_TOLD)] } else { digests });
    let others =
        side.requirements.other_signers.iter().map(|set| set.iter().map(|digest| hex(digest)).collect::<Vec<_>>());
    rows.extend(others.map(|set| row("or signers", listed(&set))));
    let signers = found.into_iter().flat_map(AttestationApplicationId::signature_digests);
    rows.extend(signers.map(|digest| row("found", hex(digest))));
    rows
}

fn system(run: &Run<'_>, description: &KeyDescription<'_>) -> Vec<Compared> {
    let (required, hardware) = (&run.side.requirements, description.hardware_enforced());
    let floors = [
        ("Android", required.os_version, Tag::OsVersion),
        ("its patch level", required.os_patch_level, Tag::OsPatchLevel),
        ("that of the vendor", required.vendor_patch_level, Tag::VendorPatchLevel),
        ("that of the boot image", required.boot_patch_level, Tag::BootPatchLevel),
    ];
    let least: Vec<_> = floors.iter().filter_map(|(name, least, _)| Some(format!("{name} {}", (*least)?))).collect();
    let found = floors.iter().filter_map(|(name, _, tag)| Some(format!("{name} {}", hardware.integer(*tag)?)));
    let unknown = if required.refuse_unknown_tags { "none" } else { "any number, passed over" };
    vec![
        row("at least", listed(&least)),
        row("found", listed(&found.collect::<Vec<_>>())),
        row("unknown tags", format!("{}, accepted: {unknown}", description.unknown_tags())),
    ]
}

/// With the text that they are, if they are that.
fn octets(octets: &[u8]) -> String {
    let text = std::str::from_utf8(octets).ok().filter(|text| !text.is_empty() && !text.contains(char::is_control));
    let digits = octets_or_nothing(octets);
    text.map_or_else(|| digits.clone(), |text| format!("{digits} ({text:?})"))
}

fn octets_or_nothing(octets: &[u8]) -> String {
    if octets.is_empty() { "nothing".to_owned() } else { hex(octets) }
}

/// Whether a certificate behind the first has a description.
pub(super) fn described_elsewhere(run: &Run<'_>) -> Option<usize> {
    let has = |seen: &Seen<'_>| seen.extension(KEY_DESCRIPTION).is_some();
    run.seen.iter().enumerate().skip(1).find(|(_, seen)| seen.as_ref().is_some_and(has)).map(|(place, _)| place)
}
