//! [`File`]: what is uploaded.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A file in a form. Cloning it does not copy its bytes. In JSON, as in a recording, they are base64.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// With an extension: the platform looks at it. `photo.jpg`
    pub name: String,
    /// `image/jpeg`
    pub content_type: String,
    /// What is in it.
    pub bytes: Arc<[u8]>,
}

impl File {
    /// A file whose type is known by the end of its name: `photo.jpg`.
    pub fn named(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let name = name.into();
        let end = name.rsplit('.').next().unwrap_or_default();
        let content_type = match &*end.to_ascii_lowercase() {
            "jpg" | "jpeg" => "image/jpeg",
            "png" => "image/png",
            "gif" => "image/gif",
            "bmp" => "image/bmp",
            "webp" => "image/webp",
            "amr" => "audio/amr",
            "mp3" => "audio/mpeg",
            "wav" => "audio/wav",
            "wma" => "audio/x-ms-wma",
            "mp4" => "video/mp4",
            "pdf" => "application/pdf",
            _ => "application/octet-stream",
        };
        Self {
            content_type: content_type.into(),
            bytes: bytes.into(),
            name,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Recorded<'a> {
    name: Cow<'a, str>,
    content_type: Cow<'a, str>,
    data: Cow<'a, str>,
}

impl Serialize for File {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let recorded = Recorded {
            name: self.name.as_str().into(),
            content_type: self.content_type.as_str().into(),
            data: STANDARD.encode(&self.bytes).into(),
        };
        recorded.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Recorded {
            name,
            content_type,
            data,
        } = Recorded::deserialize(deserializer)?;
        let bytes = STANDARD.decode(data.as_bytes()).map_err(D::Error::custom)?;
        Ok(Self {
            name: name.into(),
            content_type: content_type.into(),
            bytes: bytes.into(),
        })
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("size_bytes", &self.bytes.len())
            .finish()
    }
}
