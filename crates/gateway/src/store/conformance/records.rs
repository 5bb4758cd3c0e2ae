//! Laws on what happens to a device beside its counters, and on the devices of accounts.

use std::sync::Arc;

use genuine::{
    UnixMillis,
    app_attest::{AdvanceError, Counter, Environment, KeyId, Refusal, ReplayWindow},
    key_attestation::{BootState, Provisioning, SecurityLevel, Serial},
};

use super::{KEY, NOW, OTHER, REVOKED, a_device, advance_to};
use crate::store::{AdvanceFault, Change, ClientKey, Contract, Device, DeviceKey, HardwareKey, Store};

/// An account.
pub const ACCOUNT: [u8; 32] = [0xA1; 32];

/// A device whose key is its own, of an account.
pub fn a_client() -> Device {
    let point = std::array::from_fn(|position| u8::try_from(200 - position).unwrap());
    let key = DeviceKey::PlayIntegrity(ClientKey { point, environment: Environment::Development });
    Device { key, account: Some(ACCOUNT), attested_at: UnixMillis(NOW * 1000 + 7), ..a_device() }
}

/// A device whose key the hardware of a phone attested, with the longest serial numbers and as many as there can be.
fn a_phone(provisioning: Provisioning) -> Device {
    let serial = |first| Serial::from_slice(&std::array::from_fn::<_, 20, _>(|at| first + u8::try_from(at).unwrap()));
    let is_remote = provisioning == Provisioning::Remote;
    let key = HardwareKey {
        key: std::array::from_fn(|position| u8::try_from(position).unwrap()),
        security_level: if is_remote { SecurityLevel::StrongBox } else { SecurityLevel::TrustedEnvironment },
        provisioning,
        boot_state: if is_remote { BootState::SelfSigned } else { BootState::Verified },
        os_version: Some(160_000),
        os_patch_level: None,
        vendor_patch_level: Some(0),
        boot_patch_level: Some(u64::MAX - 1),
        certificates_issued: is_remote.then_some(32),
        serials: (1..=8).filter_map(serial).collect(),
    };
    Device { key: DeviceKey::KeyAttestation(Box::new(key)), window: ReplayWindow::after(Counter(1)), ..a_client() }
}

async fn changed(store: &Arc<dyn Store>, change: Change) -> Device {
    assert_eq!(store.change(KEY, change).await, Ok(true), "{change:?}");
    store.device(KEY).await.unwrap().unwrap()
}

/// A device of each platform is read as it was registered.
pub async fn a_device_of_an_account_is_read_as_it_was_registered(store: Arc<dyn Store>) {
    for (key, environment) in [(KEY, Environment::Development), (OTHER, Environment::Production)] {
        let mut device = a_client();
        let DeviceKey::PlayIntegrity(client) = &mut device.key else { panic!("{device:?}") };
        client.environment = environment;
        assert_eq!(store.register(key, &device).await, Ok(true));
        assert_eq!(store.device(key).await, Ok(Some(device)));
    }
    for (number, provisioning) in [(201, Provisioning::Factory), (202, Provisioning::Remote)] {
        let (key, device) = (KeyId([number; 32]), a_phone(provisioning));
        assert_eq!(store.register(key, &device).await, Ok(true));
        assert_eq!(store.device(key).await, Ok(Some(device)));
        assert_eq!(store.advance(key, advance_to(1), Contract::Strict).await, Err(Refusal::NotIncreased.into()));
        assert_eq!(store.advance(key, advance_to(2), Contract::Strict).await, Ok(()));
    }
}

/// A device is read in the epoch in which it was registered.
pub async fn a_device_is_read_in_its_epoch(store: Arc<dyn Store>) {
    for (key, device) in [(KEY, a_device()), (OTHER, a_client())] {
        let device = Device { epoch: 5, ..device };
        assert_eq!(store.register(key, &device).await, Ok(true));
        assert_eq!(store.device(key).await, Ok(Some(device)));
    }
}

/// Each change is as [`Device::after`] has it, in any order, and of one device.
pub async fn changes_are_as_the_record_has_them(store: Arc<dyn Store>) {
    store.register(OTHER, &a_device()).await.unwrap();
    for change in [Change::Lock(NOW), Change::Unlock, Change::Epoch(1), Change::Erase(NOW)] {
        assert_eq!(store.change(KEY, change).await, Ok(false), "{change:?}: there is no such device");
    }
    store.register(KEY, &a_client()).await.unwrap();
    let later = UnixMillis(NOW * 1000 + 9000);
    let mut expected = a_client();
    for change in [
        Change::Lock(NOW + 1),
        Change::Lock(NOW + 2),
        Change::Epoch(3),
        Change::Epoch(2),
        Change::Attest(UnixMillis((NOW + 1) * 1000 - 1)),
        Change::Attest(later),
        Change::Attest(UnixMillis(1)),
        Change::Lock(NOW + 3),
        Change::Attest(UnixMillis((NOW + 3) * 1000)),
        Change::Lock(NOW + 4),
        Change::Attest(UnixMillis(NOW * 1000)),
        Change::Unlock,
        Change::Lock(0),
        Change::Unlock,
        Change::Unlock,
        Change::RevokeTokens(NOW + 4),
        Change::RevokeTokens(NOW + 3),
        Change::Lock(NOW + 5),
        Change::Epoch(u32::MAX),
        Change::Revoke(NOW + 6),
        Change::Revoke(NOW + 7),
        Change::Attest(UnixMillis(later.0 + 1)),
    ] {
        expected = expected.after(change);
        assert_eq!(changed(&store, change).await, expected, "{change:?}");
    }
    assert_eq!(store.device(OTHER).await, Ok(Some(a_device())));
}

/// A locked device does not advance, until it is attested again or unlocked.
pub async fn a_locked_device_does_not_advance(store: Arc<dyn Store>) {
    store.register(KEY, &a_device()).await.unwrap();
    let locked = Err(AdvanceError::Store(AdvanceFault::Locked));
    for (counter, open) in [(1, Change::Attest(UnixMillis(NOW * 1000))), (2, Change::Unlock)] {
        changed(&store, Change::Lock(NOW)).await;
        for contract in [Contract::Strict, Contract::Window] {
            assert_eq!(store.advance(KEY, advance_to(counter), contract).await, locked, "{contract:?}");
        }
        changed(&store, open).await;
        assert_eq!(store.advance(KEY, advance_to(counter), Contract::Strict).await, Ok(()));
    }
    changed(&store, Change::Lock(NOW)).await;
    changed(&store, Change::Revoke(NOW)).await;
    assert_eq!(store.advance(KEY, advance_to(3), Contract::Strict).await, REVOKED);
}

/// Of a device that was erased its key identifier is left, which is not registered again, and of which nothing passes.
pub async fn an_erased_device_leaves_its_key_identifier(store: Arc<dyn Store>) {
    store.register(KEY, &a_client()).await.unwrap();
    store.advance(KEY, advance_to(7), Contract::Strict).await.unwrap();
    changed(&store, Change::Lock(NOW)).await;
    changed(&store, Change::Epoch(1)).await;
    assert_eq!(changed(&store, Change::Erase(NOW + 1)).await, Device::erased(NOW + 1));
    assert_eq!(changed(&store, Change::Erase(NOW + 2)).await, Device::erased(NOW + 1), "the first time counts");
    assert_eq!(store.devices_of(ACCOUNT, None, 9).await, Ok(vec![]));
    assert_eq!(store.register(KEY, &a_client()).await, Ok(false));
    for counter in [1, 8, u32::MAX] {
        assert_eq!(store.advance(KEY, advance_to(counter), Contract::Window).await, REVOKED);
    }
    // Revoked before: since then.
    store.register(OTHER, &a_client()).await.unwrap();
    store.change(OTHER, Change::Revoke(NOW)).await.unwrap();
    store.change(OTHER, Change::Erase(NOW + 1)).await.unwrap();
    assert_eq!(store.device(OTHER).await, Ok(Some(Device::erased(NOW))));
}

/// The devices of an account are listed, in their order and a few at a time; and no other ones.
pub async fn devices_are_listed_by_account(store: Arc<dyn Store>) {
    let key = |number: u8| KeyId([number; 32]);
    let of = |account| Device { account, ..a_client() };
    for number in [200, 3, 0, 255, 90, 91] {
        assert_eq!(store.register(key(number), &of(Some(ACCOUNT))).await, Ok(true));
    }
    for (number, account) in [(4, Some([0xA0; 32])), (5, None), (6, Some([0xA2; 32]))] {
        store.register(key(number), &of(account)).await.unwrap();
    }
    // A key of another account, which was registered there first, is not this one's.
    assert_eq!(store.register(key(4), &of(Some(ACCOUNT))).await, Ok(false));
    let all = [0, 3, 90, 91, 200, 255].map(key);
    assert_eq!(store.devices_of(ACCOUNT, None, 100).await, Ok(all.to_vec()));
    for most in 1..=7 {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = store.devices_of(ACCOUNT, after, most).await.unwrap();
            assert!(page.len() <= most);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            listed.extend(page);
        }
        assert_eq!(listed, all, "{most} at a time");
    }
    // From one that is not there; and a revoked one is the account's as before.
    store.change(key(91), Change::Revoke(NOW)).await.unwrap();
    assert_eq!(store.devices_of(ACCOUNT, Some(key(50)), 3).await, Ok(all[2..5].to_vec()));
    store.change(key(90), Change::Erase(NOW)).await.unwrap();
    assert_eq!(store.devices_of(ACCOUNT, Some(key(50)), 1).await, Ok(vec![key(91)]));
}

/// One of many locks counts, whatever else happens at the same time: an advance is before it, or refused.
pub async fn a_lock_and_an_advance_are_one_after_the_other(store: Arc<dyn Store>) {
    for number in 0..20 {
        let key = KeyId([number; 32]);
        store.register(key, &a_device()).await.unwrap();
        let (locking, advancing) = (Arc::clone(&store), Arc::clone(&store));
        let lock = tokio::spawn(async move { locking.change(key, Change::Lock(NOW)).await });
        let advance = tokio::spawn(async move { advancing.advance(key, advance_to(1), Contract::Strict).await });
        assert_eq!(lock.await.unwrap(), Ok(true));
        let window = match advance.await.unwrap() {
            Ok(()) => ReplayWindow::after(Counter(1)),
            Err(AdvanceError::Store(AdvanceFault::Locked)) => ReplayWindow::ATTESTED,
            Err(error) => panic!("{error:?}"),
        };
        let device = Device { window, locked_at: Some(NOW), ..a_device() };
        assert_eq!(store.device(key).await, Ok(Some(device)));
    }
}
