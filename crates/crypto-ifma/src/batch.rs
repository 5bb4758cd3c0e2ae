//! Any number of signatures: sorted into groups of eight, by whether their keys are prepared.

use core::array;

use genuine_crypto::{BATCH, Invalid, P256, Prepared, PublicKey, Unverified};

use crate::token::Ifma;

/// A signature to verify.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a, const POINTS: usize> {
    /// By whom it should be.
    pub key: Key<'a, POINTS>,
    /// Of what it should be: a hash, of which the first 32 octets count.
    pub digest: &'a [u8],
    /// `r ‖ s`, big-endian.
    pub signature: &'a [u8; 64],
}

/// A key, prepared or not.
#[derive(Clone, Copy, Debug)]
pub enum Key<'a, const POINTS: usize> {
    /// Not prepared.
    Plain(&'a PublicKey<P256>),
    /// Prepared.
    Prepared(&'a Prepared<P256, POINTS>),
}

/// An item with its place, and its key by kind.
#[derive(Clone, Copy)]
struct Member<'a, K> {
    place: usize,
    pair: (&'a [u8], &'a [u8]),
    key: K,
}

/// Items that fill the lanes.
struct Group<'a, K> {
    members: [Option<Member<'a, K>>; BATCH],
    len: usize,
}

/// What the lanes can do with keys of one kind.
trait Kind: Copy {
    /// From how many on the lanes are worth their time, though some of them do nothing.
    const WORTHWHILE: usize;

    fn eight(lanes: Ifma, signed: [&Unverified<P256>; BATCH], keys: &[Self; BATCH]) -> u8;

    fn one(self, lanes: Ifma, signed: &Unverified<P256>) -> Result<(), Invalid>;
}

impl Kind for &PublicKey<P256> {
    const WORTHWHILE: usize = 2;

    fn eight(lanes: Ifma, signed: [&Unverified<P256>; BATCH], keys: &[Self; BATCH]) -> u8 {
        lanes.eight_plain(signed, keys)
    }

    fn one(self, _: Ifma, signed: &Unverified<P256>) -> Result<(), Invalid> {
        signed.verify(self)
    }
}

impl<const POINTS: usize> Kind for &Prepared<P256, POINTS> {
    const WORTHWHILE: usize = 3;

    fn eight(lanes: Ifma, signed: [&Unverified<P256>; BATCH], keys: &[Self; BATCH]) -> u8 {
        lanes.eight_prepared(signed, keys)
    }

    fn one(self, lanes: Ifma, signed: &Unverified<P256>) -> Result<(), Invalid> {
        match lanes.one_prepared(signed, self) {
            Some(true) => Ok(()),
            Some(false) => Err(Invalid),
            None => signed.verify_prepared(self),
        }
    }
}

impl<'a, K: Copy> Group<'a, K> {
    const EMPTY: Self = Self { members: [None; BATCH], len: 0 };

    /// What there is to verify; `None` if there is nothing.
    fn members(&self) -> Option<&[Option<Member<'a, K>>; BATCH]> {
        (self.len > 0).then_some(&self.members)
    }
}

impl<'a, K: Kind> Group<'a, K> {
    /// Adds one, and verifies the group when it is full.
    fn push<const POINTS: usize>(
        &mut self,
        lanes: Ifma,
        place: usize,
        item: &Item<'a, POINTS>,
        key: K,
        answers: &mut [Result<(), Invalid>],
    ) {
        self.members[self.len % BATCH] = Some(Member { place, pair: (item.digest, item.signature), key });
        self.len += 1;
        if self.len == BATCH {
            self.verify(lanes, answers);
        }
    }

    /// Verifies what there is, and empties the group. Nothing is done for an empty one, for which the inversion of a product
    /// without factors would cost as much as any.
    fn verify(&mut self, lanes: Ifma, answers: &mut [Result<(), Invalid>]) {
        let Some(members) = self.members() else { return };
        let pairs = members.map(|member| member.map_or((&[][..], &[][..]), |member| member.pair));
        let signed = Unverified::batch(&pairs);
        // Those with numbers in range; the others are not valid, and take no lane.
        let candidates = array::from_fn(|index| {
            let Member { place, key, .. } = members[index]?;
            Some((place, signed[index].as_ref().ok()?, key))
        });
        *self = Self::EMPTY;
        let Some(&(_, spare, spare_key)) = candidates.iter().flatten().next() else { return };
        if candidates.iter().flatten().count() < K::WORTHWHILE {
            for &(place, signed, key) in candidates.iter().flatten() {
                answers[place] = key.one(lanes, signed);
            }
            return;
        }
        let mask = K::eight(
            lanes,
            candidates.map(|candidate| candidate.map_or(spare, |(_, signed, _)| signed)),
            &candidates.map(|candidate| candidate.map_or(spare_key, |(_, _, key)| key)),
        );
        for (lane, candidate) in candidates.iter().enumerate() {
            if let &Some((place, ..)) = candidate
                && mask >> lane & 1 == 1
            {
                answers[place] = Ok(());
            }
        }
    }
}

impl Ifma {
    /// Verifies signatures: the answer at a place is that of the item at the same place. An answer without an item is
    /// [`Invalid`], and an item without a place for its answer is passed over.
    pub fn verify_batch<const POINTS: usize>(&self, items: &[Item<'_, POINTS>], answers: &mut [Result<(), Invalid>]) {
        answers.fill(Err(Invalid));
        self.verify_placed(items.iter().copied().enumerate().take(answers.len()), answers);
    }

    /// Writes the answer of each item that verifies to its place, which lies in `answers`; the others are left as they are.
    pub(crate) fn verify_placed<'a, const POINTS: usize>(
        self,
        items: impl Iterator<Item = (usize, Item<'a, POINTS>)>,
        answers: &mut [Result<(), Invalid>],
    ) {
        let (mut plain, mut prepared) = (Group::EMPTY, Group::EMPTY);
        for (place, item) in items {
            match item.key {
                Key::Plain(key) => plain.push(self, place, &item, key, answers),
                Key::Prepared(key) => prepared.push(self, place, &item, key, answers),
            }
        }
        plain.verify(self, answers);
        prepared.verify(self, answers);
    }

    /// Verifies one signature with a prepared key. The lanes share the work if the table has 128 or 512 points.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it does not verify.
    pub fn verify_prepared<const POINTS: usize>(
        &self,
        digest: &[u8],
        signature: &[u8; 64],
        key: &Prepared<P256, POINTS>,
    ) -> Result<(), Invalid> {
        key.one(*self, &Unverified::new(digest, signature)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Members are what is read and inverted, and an empty group has none.
    #[test]
    fn an_empty_group_has_no_members() {
        let mut group = Group::<()>::EMPTY;
        assert!(group.members().is_none());
        group.members[0] = Some(Member { place: 7, pair: (&[], &[]), key: () });
        group.len = 1;
        assert!(group.members().is_some_and(|members| members[0].is_some_and(|member| member.place == 7)));
    }
}
