//! CBOR as a tree whose heads can be set.
//!
//! Maps keep their order and may hold a key twice, heads may be indefinite or longer than needed, and any item can be raw
//! bytes: all that a strict reader has to refuse. What is not set is written in the shortest form (RFC 8949 §4.2.1).

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cbor {
    /// Bytes written exactly as given.
    Raw(Vec<u8>),
    /// An array.
    Array {
        /// Head to write in place of the shortest definite one.
        head: Option<Vec<u8>>,
        /// The items, in order.
        items: Vec<Cbor>,
        /// Bytes after the last item: the break of an indefinite array.
        tail: Vec<u8>,
    },
    /// A map.
    Map {
        /// Head to write in place of the shortest definite one.
        head: Option<Vec<u8>>,
        /// Keys and values, in order; nothing keeps a key from occurring twice.
        entries: Vec<(Cbor, Cbor)>,
        /// Bytes after the last entry: the break of an indefinite map.
        tail: Vec<u8>,
    },
}

impl Cbor {
    /// An unsigned integer.
    #[must_use]
    pub fn uint(value: u64) -> Self {
        Self::Raw(head(0, value))
    }

    /// An integer.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::Raw(match u64::try_from(value) {
            Ok(value) => head(0, value),
            Err(_) => head(1, value.unsigned_abs() - 1),
        })
    }

    /// A byte string.
    #[must_use]
    pub fn bytes(value: &[u8]) -> Self {
        Self::Raw([&head(2, value.len() as u64), value].concat())
    }

    /// A text string.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self::Raw([&head(3, value.len() as u64), value.as_bytes()].concat())
    }

    /// An array.
    #[must_use]
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array { head: None, items, tail: Vec::new() }
    }

    /// A map.
    #[must_use]
    pub fn map(entries: Vec<(Self, Self)>) -> Self {
        Self::Map { head: None, entries, tail: Vec::new() }
    }

    /// The encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.clone(),
            Self::Array { head: set, items, tail } => {
                let mut bytes = set.clone().unwrap_or_else(|| head(4, items.len() as u64));
                bytes.extend(items.iter().flat_map(Self::encode));
                bytes.extend_from_slice(tail);
                bytes
            }
            Self::Map { head: set, entries, tail } => {
                let mut bytes = set.clone().unwrap_or_else(|| head(5, entries.len() as u64));
                bytes.extend(entries.iter().flat_map(|(key, value)| [key.encode(), value.encode()].concat()));
                bytes.extend_from_slice(tail);
                bytes
            }
        }
    }

    /// The entries of a map.
    ///
    /// # Panics
    ///
    /// On any other item.
    #[must_use]
    pub fn entries(&mut self) -> &mut Vec<(Self, Self)> {
        match self {
            Self::Map { entries, .. } => entries,
            _ => panic!("only a map has entries"),
        }
    }

    /// The items of an array.
    ///
    /// # Panics
    ///
    /// On any other item.
    #[must_use]
    pub fn items(&mut self) -> &mut Vec<Self> {
        match self {
            Self::Array { items, .. } => items,
            _ => panic!("only an array has items"),
        }
    }

    /// The value of the first entry with this key.
    ///
    /// # Panics
    ///
    /// If this is no map or lacks the key.
    #[must_use]
    pub fn value(&mut self, key: impl Into<Self>) -> &mut Self {
        let position = self.position(key);
        &mut self.entries()[position].1
    }

    /// The key of the first entry with this key, to write it in another way.
    ///
    /// # Panics
    ///
    /// If this is no map or lacks the key.
    #[must_use]
    pub fn key(&mut self, key: impl Into<Self>) -> &mut Self {
        let position = self.position(key);
        &mut self.entries()[position].0
    }

    /// The position of the first entry with this key.
    ///
    /// # Panics
    ///
    /// If this is no map or lacks the key.
    #[must_use]
    pub fn position(&mut self, key: impl Into<Self>) -> usize {
        let key = key.into();
        self.entries().iter().position(|(present, _)| *present == key).expect("the map has this key")
    }

    /// Takes an entry out.
    ///
    /// # Panics
    ///
    /// If this is no map or lacks the key.
    #[expect(clippy::return_self_not_must_use, reason = "taking an entry out is the point")]
    pub fn remove(&mut self, key: impl Into<Self>) -> Self {
        let position = self.position(key);
        self.entries().remove(position).1
    }

    /// Appends an entry.
    ///
    /// # Panics
    ///
    /// If this is no map.
    pub fn push(&mut self, key: impl Into<Self>, value: Self) {
        self.entries().push((key.into(), value));
    }

    /// Writes this head in place of the shortest definite one.
    ///
    /// # Panics
    ///
    /// If this is neither an array nor a map.
    pub fn set_head(&mut self, bytes: &[u8]) {
        match self {
            Self::Array { head, .. } | Self::Map { head, .. } => *head = Some(bytes.to_vec()),
            Self::Raw(_) => panic!("raw bytes have no head of their own"),
        }
    }

    /// Gives an array or map indefinite length (RFC 8949 §3.2.2).
    ///
    /// # Panics
    ///
    /// If this is neither an array nor a map.
    pub fn set_indefinite(&mut self) {
        match self {
            Self::Array { head, tail, .. } => (*head, *tail) = (Some(vec![0x9F]), vec![0xFF]),
            Self::Map { head, tail, .. } => (*head, *tail) = (Some(vec![0xBF]), vec![0xFF]),
            Self::Raw(_) => panic!("raw bytes have no head of their own"),
        }
    }
}

impl From<&str> for Cbor {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<i64> for Cbor {
    fn from(value: i64) -> Self {
        Self::int(value)
    }
}

/// The shortest head of a major type (0..=7) with its argument (RFC 8949 §3).
#[must_use]
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let octets = argument.to_be_bytes();
    let initial = major << 5;
    match argument {
        0..24 => vec![initial | octets[7]],
        24..0x100 => [&[initial | 0x18], &octets[7..]].concat(),
        0x100..0x1_0000 => [&[initial | 0x19], &octets[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[initial | 0x1A], &octets[4..]].concat(),
        _ => [&[initial | 0x1B], octets.as_slice()].concat(),
    }
}
