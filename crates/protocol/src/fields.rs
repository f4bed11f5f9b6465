//! How a typed field is read from an element. Nothing here fails: what cannot be read is absent, and stays reachable in
//! the document.

use crate::document::Element;
use crate::id::{AppId, GhId, MediaId, MsgId, OpenId, Str, UnionId};

/// A type that can stand as a field of a message or event.
pub(crate) trait Field: Sized {
    /// Reads the child `name` of `parent`.
    fn read(parent: Element<'_>, name: &str) -> Self;
}

impl Field for Str {
    fn read(parent: Element<'_>, name: &str) -> Self {
        parent.child(name).map(Element::str).unwrap_or_default()
    }
}

impl Field for Option<Str> {
    fn read(parent: Element<'_>, name: &str) -> Self {
        parent.child(name).map(Element::str)
    }
}

macro_rules! identifier_fields {
    ($($name:ident)*) => {$(
        impl Field for $name {
            fn read(parent: Element<'_>, name: &str) -> Self {
                Self(Str::read(parent, name))
            }
        }

        impl Field for Option<$name> {
            /// An empty identifier is none.
            fn read(parent: Element<'_>, name: &str) -> Self {
                non_empty(parent, name).map($name)
            }
        }
    )*};
}
identifier_fields! { AppId GhId OpenId UnionId MsgId MediaId }

macro_rules! number_fields {
    ($($number:ty)*) => {$(
        impl Field for Option<$number> {
            /// A number that cannot be read is none: it must not cost the message.
            fn read(parent: Element<'_>, name: &str) -> Self {
                parent.child(name)?.text().trim().parse().ok()
            }
        }
    )*};
}
number_fields! { i64 u64 }

impl Field for Option<f64> {
    /// A number that cannot be read, or is none (`nan`), is none.
    fn read(parent: Element<'_>, name: &str) -> Self {
        let number: f64 = parent.child(name)?.text().trim().parse().ok()?;
        number.is_finite().then_some(number)
    }
}

/// The text of a child that is there and not empty.
pub(crate) fn non_empty(parent: Element<'_>, name: &str) -> Option<Str> {
    parent
        .child(name)
        .map(Element::str)
        .filter(|text| !text.is_empty())
}

/// Where a field comes from: the name of a child, or a function for irregular shapes.
pub(crate) trait Source<T> {
    /// Reads the field from the element that has it.
    fn read_from(&self, element: Element<'_>) -> T;
}

impl<T: Field> Source<T> for &'static str {
    fn read_from(&self, element: Element<'_>) -> T {
        T::read(element, self)
    }
}

impl<T, F: Fn(Element<'_>) -> T> Source<T> for F {
    fn read_from(&self, element: Element<'_>) -> T {
        self(element)
    }
}

/// Defines structs by tables: `{ fields that all have } Name { own fields } …`, each field as
/// `name: Type = "Element";` or `name: Type = function;`.
macro_rules! records {
    ($common:tt $($(#[$doc:meta])* $name:ident $own:tt)*) => {
        $($crate::fields::record! { $(#[$doc])* $name $common $own })*
    };
}

macro_rules! record {
    (
        $(#[$doc:meta])* $name:ident
        { $($(#[$common_doc:meta])* $common:ident: $common_type:ty = $common_source:expr;)* }
        { $($(#[$own_doc:meta])* $own:ident: $own_type:ty = $own_source:expr;)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
        pub struct $name {
            $($(#[$common_doc])* pub $common: $common_type,)*
            $($(#[$own_doc])* pub $own: $own_type,)*
        }

        impl $crate::fields::Record for $name {
            fn of(element: $crate::document::Element<'_>) -> Self {
                #[allow(unused_imports, reason = "a record may have no fields")]
                use $crate::fields::Source as _;
                Self {
                    $($common: $common_source.read_from(element),)*
                    $($own: $own_source.read_from(element),)*
                }
            }
        }
    };
}

pub(crate) use {record, records};

/// A part of a message that has fields of its own.
pub(crate) trait Record: Sized {
    /// Reads the fields from the element itself.
    fn of(element: Element<'_>) -> Self;
}

/// The record in the child `name`, if that is there and has fields.
pub(crate) fn part<T: Record>(parent: Element<'_>, name: &str) -> Option<T> {
    parent
        .child(name)
        .filter(|child| !child.is_leaf())
        .map(T::of)
}

/// All elements at the end of `path`, where every step may be repeated.
pub(crate) fn all_at<'a>(element: Element<'a>, path: &str) -> Vec<Element<'a>> {
    path.split('.').fold(vec![element], |level, name| {
        level
            .into_iter()
            .flat_map(|parent| parent.all(name))
            .collect()
    })
}

/// The entries at the end of `path`.
pub(crate) fn list<T: Record>(element: Element<'_>, path: &str) -> Vec<T> {
    all_at(element, path)
        .into_iter()
        .filter(|entry| !entry.is_leaf())
        .map(T::of)
        .collect()
}
