//! What is wrong with the settings, one sentence each, with the place to look at. No secret is ever in one.

use std::fmt;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a file.
    File {
        /// The file as it was named.
        name: String,
        /// From 1; none when the file as a whole is meant.
        line: Option<usize>,
        /// In characters, from 1; given when the file is not TOML there.
        column: Option<usize>,
    },
    /// In this environment variable.
    Environment(String),
    /// In this option of the command line, like `--listen`.
    Option(String),
}

impl Place {
    /// File and line, when the line is not TOML.
    fn broken_line(&self) -> Option<(String, usize)> {
        match self {
            Self::File {
                name,
                line: Some(line),
                column: Some(_),
            } => Some((name.clone(), *line)),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File {
                name,
                line: Some(line),
                column: None,
            } => write!(f, "{name}:{line}"),
            Self::File {
                name,
                line: Some(line),
                column: Some(column),
            } => write!(f, "{name}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File {
                name, line: None, ..
            }
            | Self::Option(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Which key, what is there, what is allowed, what to do.
    pub text: String,
}

impl Fault {
    pub(super) fn new(place: Place, text: impl Into<String>) -> Self {
        Self {
            place,
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// Something that looks unintended but can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub Fault);

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything that is wrong, in the order of the file, then environment, then command line. Prints one line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// The faults.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    pub(super) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value that was read; its faults are kept here.
    pub(super) fn keep<T>(&mut self, read: Option<Result<T, Self>>) -> Option<T> {
        read?.map_err(|others| self.append(others)).ok()
    }

    /// The value, if nothing was wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// Without the faults on lines that are not TOML: they only say that something is wrong there.
    pub(super) fn without_consequences(mut self) -> Self {
        let broken: Vec<_> = self
            .0
            .iter()
            .filter_map(|fault| fault.place.broken_line())
            .collect();
        self.0.retain(|fault| match &fault.place {
            Place::File {
                name,
                line: Some(line),
                column: None,
            } => !broken.contains(&(name.clone(), *line)),
            _ => true,
        });
        self
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_by(|left, right| left.place.cmp(&right.place));
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_faults = self.0.len();
        write!(
            f,
            "cannot read the configuration: {n_faults} fault{}",
            if n_faults == 1 { "" } else { "s" }
        )?;
        self.0.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

impl std::error::Error for Faults {}
