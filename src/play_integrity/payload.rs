//! What a token says, once it is decoded: a view of the JSON.

use core::marker::PhantomData;

use super::codes::in_payload;
use super::label::{
    AccountActivity, AppDetected, AppRecognition, DeviceActivity, DeviceLabel, Licensing, LocationRisk, PlayProtect,
};
use crate::{
    encoding::json::{Array, JsonError, Reader, Text},
    error::Error,
};

/// The longest payload: 8 KiB. Genuine ones seen have less than 1 KiB, and one with every member of the discovery document 1.2 KiB.
pub const MAX_PAYLOAD: usize = 8 << 10;

/// The payload of a token (`tokenPayloadExternal`).
///
/// Every part may be absent, because Google leaves out what was not evaluated; what a policy requires and is absent is refused.
/// Members that are unknown are passed over, and labels that are unknown kept; a member that is there twice is refused. `null` is
/// absent, and so is a signal that decides nothing by itself and has another type than it should.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Payload<'i> {
    /// What was asked for (`requestDetails`).
    pub request: RequestDetails<'i>,
    /// The app (`appIntegrity`).
    pub app: AppIntegrity<'i>,
    /// The device (`deviceIntegrity`).
    pub device: DeviceIntegrity<'i>,
    /// The user's account (`accountDetails`).
    pub account: AccountDetails<'i>,
    /// What else is on the device (`environmentDetails`).
    pub environment: EnvironmentDetails<'i>,
    /// Whether the verdicts are those of a test that the Play Console configures (`testingDetails.isTestingResponse`).
    pub is_test_response: bool,
}

/// What was asked for (`requestDetails`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RequestDetails<'i> {
    /// The package that asked, by its own word.
    pub package_name: Option<Text<'i>>,
    /// When, in milliseconds since 1970.
    pub timestamp_millis: Option<i64>,
    /// The nonce of a classic request: base64url, 16 to 500 characters.
    pub nonce: Option<Text<'i>>,
    /// The request hash of a standard request: a text of the app's, of at most 500 bytes.
    pub request_hash: Option<Text<'i>>,
}

/// The app (`appIntegrity`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AppIntegrity<'i> {
    /// Whether Google Play knows it.
    pub recognition: Option<AppRecognition<'i>>,
    /// The package name; absent if not evaluated.
    pub package_name: Option<Text<'i>>,
    /// SHA-256 of the signing certificates, base64url; absent if not evaluated.
    pub certificate_digests: Texts<'i>,
    /// The version code; absent if not evaluated.
    pub version_code: Option<i64>,
}

/// The device (`deviceIntegrity`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct DeviceIntegrity<'i> {
    /// The labels that it meets. None, if the list is empty or absent.
    pub labels: Labels<'i, DeviceLabel<'i>>,
    /// How many tokens were asked for of late.
    pub activity: Option<DeviceActivity<'i>>,
    /// The API level of Android, such as 36; absent where the device misses the bar.
    pub sdk_version: Option<i64>,
    /// What the developer has written down about this device.
    pub recall: Option<DeviceRecall>,
}

/// Three bits that a developer writes about a device, and that outlive a reset of it (`deviceRecall`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceRecall {
    /// The bits (`bitFirst`, `bitSecond`, `bitThird`).
    pub bits: [Option<bool>; 3],
    /// The month of the last write, such as 202609, for bits that are set (`yyyymmFirst`, …).
    pub written: [Option<i64>; 3],
}

/// The user's account (`accountDetails`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AccountDetails<'i> {
    /// Whether the user has the app from Google Play.
    pub licensing: Option<Licensing<'i>>,
    /// How the account behaves.
    pub activity: Option<AccountActivity<'i>>,
}

/// What else is on the device (`environmentDetails`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EnvironmentDetails<'i> {
    /// Apps that could read the screen or act for the user: `None` where the payload has no list of them, as where Google has
    /// evaluated nothing (`appAccessRiskVerdict: {}`).
    pub apps_detected: Option<Labels<'i, AppDetected<'i>>>,
    /// What Play Protect says.
    pub play_protect: Option<PlayProtect<'i>>,
    /// Risks of a false location.
    pub location_risks: Option<Labels<'i, LocationRisk<'i>>>,
}

/// A list of labels, whose items were checked to be strings.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'i, L> {
    /// At the list; `None` if there is none.
    list: Option<Reader<'i>>,
    label: PhantomData<L>,
}

/// A list of texts.
pub type Texts<'i> = Labels<'i, Text<'i>>;

impl<L> Default for Labels<'_, L> {
    fn default() -> Self {
        Self { list: None, label: PhantomData }
    }
}

impl<'i, L: From<Text<'i>>> Labels<'i, L> {
    /// Reads a list, and leaves the reader behind it.
    fn read(reader: &mut Reader<'i>) -> Result<Self, JsonError> {
        let list = *reader;
        let mut items = reader.array()?;
        while items.next(reader)? {
            reader.text()?;
        }
        Ok(Self { list: Some(list), label: PhantomData })
    }

    /// The labels in the order of the payload, at most 32.
    pub fn iter(&self) -> impl Iterator<Item = L> + use<'i, L> {
        // Checked before: what could not be read would end the list.
        let mut list = self.list.and_then(|mut reader| reader.array().ok().map(|items| (reader, items)));
        core::iter::from_fn(move || {
            let (reader, items) = list.as_mut()?;
            next(reader, items).map(L::from)
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

fn next<'i>(reader: &mut Reader<'i>, items: &mut Array) -> Option<Text<'i>> {
    if items.next(reader).ok()? { reader.text().ok() } else { None }
}

impl<'i> Payload<'i> {
    /// Reads the payload of a token.
    ///
    /// # Errors
    ///
    /// [`Error::PlayPayloadTooLarge`] above [`MAX_PAYLOAD`], and the codes of the step [`Payload`](super::Step::Payload).
    pub fn parse(json: &'i [u8]) -> Result<Self, Error> {
        if json.len() > MAX_PAYLOAD {
            return Err(Error::PlayPayloadTooLarge);
        }
        Self::bare(json).map_err(in_payload)
    }

    /// Reads what Google's server answers: the payload in `tokenPayloadExternal`, or bare.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn parse_answer(json: &'i [u8]) -> Result<Self, Error> {
        if json.len() > MAX_PAYLOAD {
            return Err(Error::PlayPayloadTooLarge);
        }
        Self::wrapped(json).and_then(|wrapped| wrapped.map_or_else(|| Self::bare(json), Ok)).map_err(in_payload)
    }

    fn bare(json: &'i [u8]) -> Result<Self, JsonError> {
        let mut reader = Reader::new(json)?;
        let payload = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(payload)
    }

    fn wrapped(json: &'i [u8]) -> Result<Option<Self>, JsonError> {
        let mut reader = Reader::new(json)?;
        let mut wrapped = None;
        members(&mut reader, &["tokenPayloadExternal"], |_, reader| {
            wrapped = Some(Self::read(reader)?);
            Ok(())
        })?;
        reader.finish()?;
        Ok(wrapped)
    }

    fn read(reader: &mut Reader<'i>) -> Result<Self, JsonError> {
        let mut payload = Self::default();
        let names = [
            "requestDetails",
            "appIntegrity",
            "deviceIntegrity",
            "accountDetails",
            "environmentDetails",
            "testingDetails",
        ];
        members(reader, &names, |member, reader| match member {
            0 => payload.request.read(reader),
            1 => payload.app.read(reader),
            2 => payload.device.read(reader),
            3 => payload.account.read(reader),
            4 => payload.environment.read(reader),
            _ => members(reader, &["isTestingResponse"], |_, reader| {
                payload.is_test_response = reader.boolean()?;
                Ok(())
            }),
        })?;
        Ok(payload)
    }
}

/// Reads an object: hands over the position of each known name, with the reader at its value. A value of `null` is passed over,
/// as if the member were not there.
fn members<'i>(
    reader: &mut Reader<'i>,
    names: &[&str],
    mut read: impl FnMut(usize, &mut Reader<'i>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut object = reader.object()?;
    while let Some(member) = object.next(reader, names)? {
        if !reader.null()? {
            read(member, reader)?;
        }
    }
    Ok(())
}

impl<'i> RequestDetails<'i> {
    fn read(&mut self, reader: &mut Reader<'i>) -> Result<(), JsonError> {
        let names = ["requestPackageName", "timestampMillis", "nonce", "requestHash"];
        members(reader, &names, |member, reader| {
            match member {
                0 => self.package_name = Some(reader.text()?),
                1 => self.timestamp_millis = Some(reader.integer()?),
                2 => self.nonce = Some(reader.text()?),
                _ => self.request_hash = Some(reader.text()?),
            }
            Ok(())
        })
    }
}

impl<'i> AppIntegrity<'i> {
    fn read(&mut self, reader: &mut Reader<'i>) -> Result<(), JsonError> {
        let names = ["appRecognitionVerdict", "packageName", "certificateSha256Digest", "versionCode"];
        members(reader, &names, |member, reader| {
            match member {
                0 => self.recognition = Some(reader.text()?.into()),
                1 => self.package_name = Some(reader.text()?),
                2 => self.certificate_digests = Labels::read(reader)?,
                _ => self.version_code = Some(reader.integer()?),
            }
            Ok(())
        })
    }
}

impl<'i> DeviceIntegrity<'i> {
    fn read(&mut self, reader: &mut Reader<'i>) -> Result<(), JsonError> {
        let names = ["deviceRecognitionVerdict", "recentDeviceActivity", "deviceAttributes", "deviceRecall"];
        members(reader, &names, |member, reader| match member {
            0 => {
                self.labels = Labels::read(reader)?;
                Ok(())
            }
            1 => signal(reader, |reader| {
                members(reader, &["deviceActivityLevel"], |_, reader| {
                    self.activity = signal(reader, Reader::text)?.map(DeviceActivity::from);
                    Ok(())
                })
            })
            .map(drop),
            2 => signal(reader, |reader| {
                members(reader, &["sdkVersion"], |_, reader| {
                    self.sdk_version = signal(reader, Reader::integer)?;
                    Ok(())
                })
            })
            .map(drop),
            _ => {
                self.recall = signal(reader, |reader| {
                    let mut recall = DeviceRecall::default();
                    recall.read(reader).map(|()| recall)
                })?;
                Ok(())
            }
        })
    }
}

impl DeviceRecall {
    fn read(&mut self, reader: &mut Reader<'_>) -> Result<(), JsonError> {
        members(reader, &["values", "writeDates"], |member, reader| match member {
            0 => members(reader, &["bitFirst", "bitSecond", "bitThird"], |bit, reader| {
                set(&mut self.bits, bit, signal(reader, Reader::boolean)?);
                Ok(())
            }),
            _ => members(reader, &["yyyymmFirst", "yyyymmSecond", "yyyymmThird"], |bit, reader| {
                set(&mut self.written, bit, signal(reader, Reader::integer)?);
                Ok(())
            }),
        })
    }
}

fn set<T>(slots: &mut [Option<T>; 3], position: usize, value: Option<T>) {
    if let Some(slot) = slots.get_mut(position) {
        *slot = value;
    }
}

/// Reads a signal, which decides nothing unless a policy names it: one of another type than it should have is absent, so that a change
/// of Google's refuses nobody else. It is strict JSON all the same.
fn signal<'i, T>(
    reader: &mut Reader<'i>,
    read: impl FnOnce(&mut Reader<'i>) -> Result<T, JsonError>,
) -> Result<Option<T>, JsonError> {
    let before = *reader;
    match read(reader) {
        Err(JsonError::Type) => {
            *reader = before;
            reader.pass().map(|()| None)
        }
        other => other.map(Some),
    }
}

impl<'i> AccountDetails<'i> {
    fn read(&mut self, reader: &mut Reader<'i>) -> Result<(), JsonError> {
        members(reader, &["appLicensingVerdict", "accountActivity"], |member, reader| match member {
            0 => {
                self.licensing = Some(reader.text()?.into());
                Ok(())
            }
            _ => signal(reader, |reader| {
                members(reader, &["activityLevel"], |_, reader| {
                    self.activity = signal(reader, Reader::text)?.map(AccountActivity::from);
                    Ok(())
                })
            })
            .map(drop),
        })
    }
}

impl<'i> EnvironmentDetails<'i> {
    fn read(&mut self, reader: &mut Reader<'i>) -> Result<(), JsonError> {
        let names = ["appAccessRiskVerdict", "playProtectVerdict", "locationSpoofingRiskVerdict"];
        members(reader, &names, |member, reader| {
            match member {
                0 => signal(reader, |reader| {
                    members(reader, &["appsDetected"], |_, reader| {
                        self.apps_detected = signal(reader, Labels::read)?;
                        Ok(())
                    })
                })
                .map(drop)?,
                1 => self.play_protect = signal(reader, Reader::text)?.map(PlayProtect::from),
                _ => self.location_risks = signal(reader, Labels::read)?,
            }
            Ok(())
        })
    }
}
