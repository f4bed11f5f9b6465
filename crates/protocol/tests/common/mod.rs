//! Reads a file of test vectors and runs all of its cases.
//!
//! The files come from `fixtures/vectors`, or from the folder that `ECHOSTR_VECTORS` names. The types that they are read
//! into know every field and refuse others, and a field that a test does not look at is a warning of the compiler.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

/// `Ok`, or what is wrong.
pub(crate) type Verdict = Result<(), String>;

/// Reads a file, which has to be of the given `schema`.
pub(crate) fn load<T: DeserializeOwned>(file: &str, schema: &str) -> T {
    let folder = std::env::var_os("ECHOSTR_VECTORS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../fixtures/vectors"
            ))
        },
        PathBuf::from,
    );
    let path = folder.join(file);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    let vectors: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{file} cannot be read: {error}"));
    assert_eq!(
        vectors["schema"], schema,
        "{file} has another form than this test knows"
    );
    let vectors = vectors
        .into_iter()
        .filter(|(name, _)| name != "schema")
        .collect();
    serde_json::from_value(vectors).unwrap_or_else(|error| {
        panic!("{file} has something that this test does not know: {error}")
    })
}

/// Runs `check` on all cases, prints how many there were, and fails with everything that was wrong.
pub(crate) fn run<C>(what: &str, cases: &[C], id: fn(&C) -> &str, check: impl Fn(&C) -> Verdict) {
    assert!(!cases.is_empty(), "there are no cases: {what}");
    let verdicts = cases
        .iter()
        .map(|case| check(case).map_err(|wrong| format!("{}: {wrong}", id(case))));
    let failures: Vec<String> = verdicts.filter_map(Result::err).collect();
    println!("{} cases run: {what}", cases.len());
    assert!(
        failures.is_empty(),
        "{} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Whether what was found is what was expected.
pub(crate) fn same<A, B>(what: &str, found: &A, expected: &B) -> Verdict
where
    A: Debug + PartialEq<B> + ?Sized,
    B: Debug + ?Sized,
{
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {expected:?}"))
    }
}
