//! A mistake is a compile error in our own words.

use std::fs;
use std::path::Path;

/// The sentences that each file has to be refused with. The rest of the compiler's output is a snapshot beside the file:
/// `TRYBUILD=overwrite cargo test -p echostr --test compile_fail` writes it anew.
const CASES: [(&str, &[&str]); 6] = [
    (
        "not_a_handler",
        &[
            "this is not a handler",
            "a handler is `async |first, others…| answer`: the first argument is a kind of message",
            "others are `State<T>`, `Arc<Account>` or `Message`; the answer is `&'static str`, `String`",
            "every argument needs its type written, and a closure may not borrow",
            "to learn what is wrong with it, name its arguments: `.on::<(Text,)>(…)`",
        ],
    ),
    (
        "not_async",
        &[
            "this is not a handler",
            "a handler is `async |first, others…| answer`",
        ],
    ),
    (
        "first_argument",
        &[
            "this is not a handler",
            "`u64` is no kind of message",
            "the first argument of a handler says which messages it takes",
            "take `Text`, `Image`, `Subscribe`, `Message` (all of them) or another kind, or implement `Kind` for `u64`",
        ],
    ),
    (
        "further_argument",
        &[
            "this is not a handler",
            "a handler cannot be given a `Shop`",
            "after the first argument, a handler can take `State<T>`, `Arc<Account>` and `Message`",
        ],
    ),
    (
        "answer",
        &[
            "this is not a handler",
            "a handler cannot answer with a `u64`",
            "return `&str`, `String`, `Article`, `Vec<Article>`, `Reply`, `()` for no answer",
        ],
    ),
    ("keyword_answer", &["a handler cannot answer with a `u64`"]),
];

#[test]
fn a_mistake_is_refused_in_our_own_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let files = trybuild::TestCases::new();
    for (name, _) in CASES {
        files.compile_fail(folder.join(name).with_extension("rs"));
    }
    // Runs the files, and fails when the output is not that of the snapshots.
    drop(files);
    for (name, sentences) in CASES {
        let snapshot = folder.join(name).with_extension("stderr");
        let said = fs::read_to_string(&snapshot).expect("each file has a snapshot");
        for sentence in sentences {
            assert!(
                said.contains(sentence),
                "no `{sentence}` in {name}:\n{said}"
            );
        }
    }
    let n_files = fs::read_dir(&folder).expect("it is there").count();
    assert_eq!(
        n_files,
        2 * CASES.len(),
        "a file in {} is not tested",
        folder.display()
    );
}
