//! [`Attachment`]: a file that a person sends.

use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use echostr_protocol::api::File;
use echostr_protocol::api::media::MediaType;
use md5::{Digest as _, Md5};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const PHOTO: &[u8] = include_bytes!("../../assets/sample/photo.jpg");
const VOICE: &[u8] = include_bytes!("../../assets/sample/voice.amr");
const CLIP: &[u8] = include_bytes!("../../assets/sample/clip.mp4");

/// A file that a person sends; without bytes, a sample. As JSON: `{"name": "photo.jpg", "data": "…base64…"}`, or `{}`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// Its name, by whose end the platform knows its type.
    pub name: String,
    /// What is in it.
    #[serde(
        rename = "data",
        serialize_with = "to_base64",
        deserialize_with = "from_base64"
    )]
    pub bytes: Vec<u8>,
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(D::Error::custom)
}

impl Attachment {
    /// A sample of this kind when it has no bytes, and a name when it has none.
    pub(super) fn or_sample(mut self, kind: &MediaType) -> Self {
        let (name, sample): (_, &[u8]) = match kind {
            MediaType::Image | MediaType::Thumb => ("photo.jpg", PHOTO),
            MediaType::Voice => ("voice.amr", VOICE),
            MediaType::Video => ("clip.mp4", CLIP),
            _ => ("说明.txt", "回音 Echostr\n".as_bytes()),
        };
        if self.bytes.is_empty() {
            self.bytes = sample.to_vec();
        }
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self
    }

    pub(super) fn into_file(self) -> File {
        File::named(self.name, self.bytes)
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

/// As the platform names files: 32 hexadecimal digits.
pub(super) fn md5(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in Md5::digest(bytes) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
