//! The devices of an account, for the operator.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use genuine::app_attest::KeyId;

use super::Gate;
use crate::{
    account::AccountId,
    refusal::Refusal,
    store::{AccountHash, Change},
};

/// How many devices of an account are listed at a time.
pub const PAGE: usize = 100;

impl Gate {
    /// The account of this name, as whoever vouches for accounts says it.
    ///
    /// # Errors
    ///
    /// [`Refusal::RouteUnknown`] if nobody does, [`Refusal::RequestMalformed`] if no account can have this name.
    pub fn account(&self, name: &str) -> Result<AccountHash, Refusal> {
        let issuer = self.account_issuer.as_deref().ok_or(Refusal::RouteUnknown)?;
        AccountId::of(issuer, name).map(|AccountId(hash)| hash).ok_or(Refusal::RequestMalformed)
    }

    /// The devices of an account, [`PAGE`] at a time: those after this one.
    ///
    /// # Errors
    ///
    /// If the store could not answer.
    pub async fn devices_of(&self, account: AccountHash, after: Option<KeyId>) -> Result<Vec<KeyId>, Refusal> {
        Ok(self.store.devices_of(account, after, PAGE).await?)
    }

    /// Revokes all devices of an account, or opens their locks, or forgets them but for their key identifiers. Gives how many
    /// there were. A device that registers meanwhile may be missed: it is one of afterwards.
    ///
    /// # Errors
    ///
    /// If the store could not answer: some may be changed then. Doing it again changes the others.
    pub async fn change_account(&self, account: AccountHash, change: Change) -> Result<usize, Refusal> {
        let (mut changed, mut after) = (0, None);
        loop {
            let page = self.devices_of(account, after).await?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for key in page {
                changed += usize::from(self.store.change(key, change).await?);
            }
        }
        let what = match change {
            Change::Revoke(_) => "revoked",
            Change::Erase(_) => "erased",
            Change::Unlock => "unlocked",
            Change::RevokeTokens(_) => "without tokens",
            Change::Lock(_) | Change::Attest(_) | Change::Epoch(_) => "changed",
        };
        let account = BASE64_URL_SAFE_NO_PAD.encode(account);
        tracing::warn!(account, devices = changed, what, "the operator changed the devices of an account");
        Ok(changed)
    }
}
