//! How values are written on the wire where JSON has a better way.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A credential. It prints `***`; as JSON it is what it is.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// The credential in clear.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Ways to write a value that are not JSON's own, each with one for values that may be absent.
macro_rules! ways {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $write:expr, $read:expr;)*) => {$(
        $(#[$doc])*
        pub(super) mod $name {
            #[allow(unused_imports, reason = "each way uses a part of it")]
            use super::{Any, Deserialize, Deserializer, Serialize, Serializer};

            pub(in crate::api) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$type) -> _ = $write;
                write(value).serialize(serializer)
            }

            pub(in crate::api) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let read: fn(Any) -> Result<$type, Any> = $read;
                read(Any::deserialize(deserializer)?).map_err(Any::misfit)
            }

            #[allow(dead_code, reason = "not every way has values that may be absent")]
            pub(in crate::api) mod option {
                use super::{Any, Deserialize, Deserializer, Serializer};

                #[allow(clippy::ref_option, reason = "serde gives it so")]
                pub(in crate::api) fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                    match value {
                        Some(value) => super::serialize(value, serializer),
                        None => serializer.serialize_none(),
                    }
                }

                pub(in crate::api) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                    let read: fn(Any) -> Result<$type, Any> = $read;
                    let any = Option::<Any>::deserialize(deserializer)?;
                    any.map(|any| read(any).map_err(Any::misfit)).transpose()
                }
            }
        }
    )*};
}

ways! {
    /// `0` and `1` for no and yes.
    flag: bool, |is| u8::from(*is), |any| match any {
        Any::Flag(is) => Ok(is),
        Any::Int(number) => Ok(number != 0),
        Any::Text(text) => Ok(!matches!(text.as_str(), "" | "0" | "false")),
        other @ Any::Float(_) => Err(other),
    };
    /// `"false"` and `"true"`.
    word: bool, |is| if *is { "true" } else { "false" }, |any| match any {
        Any::Flag(is) => Ok(is),
        Any::Text(text) => Ok(text == "true"),
        other @ (Any::Int(_) | Any::Float(_)) => Err(other),
    };
    /// A whole number that comes as a text, too.
    int: i64, |number| *number, |any| match any {
        Any::Int(number) => Ok(number),
        Any::Text(text) => text.trim().parse().map_err(|_| Any::Text(text)),
        other @ (Any::Flag(_) | Any::Float(_)) => Err(other),
    };
    /// A number with a fraction that comes as a text, too.
    decimal: f64, |number| *number, |any| match any {
        Any::Float(number) => Ok(number),
        // Amounts are far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        Any::Int(number) => Ok(number as f64),
        Any::Text(text) => text.trim().parse().map_err(|_| Any::Text(text)),
        other @ Any::Flag(_) => Err(other),
    };
    /// A text that comes as a number, too.
    text: String, |text| text.clone(), |any| match any {
        Any::Text(text) => Ok(text),
        Any::Int(number) => Ok(number.to_string()),
        Any::Float(number) => Ok(number.to_string()),
        other @ Any::Flag(_) => Err(other),
    };
}

/// Whatever a value came as.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Any {
    Flag(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Any {
    /// It can only be said what it is; the field is named around it.
    fn misfit<E: serde::de::Error>(self) -> E {
        E::custom(format!("{self:?} is not such a value"))
    }
}

/// JSON in a text.
pub(super) mod json_text {
    use serde::Serialize;
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;

    use super::{Deserialize as _, Deserializer, Serializer};

    #[allow(clippy::ref_option, reason = "serde gives it so")]
    pub(in crate::api) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let json = value.as_ref().map(serde_json::to_string).transpose();
        json.map_err(S::Error::custom)?.serialize(serializer)
    }

    pub(in crate::api) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let json = Option::<String>::deserialize(deserializer)?;
        json.map(|json| serde_json::from_str(&json))
            .transpose()
            .map_err(D::Error::custom)
    }
}
