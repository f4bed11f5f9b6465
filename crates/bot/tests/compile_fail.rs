//! A mistake is a compile error in our own words.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The sentences that each file of `tests/ui` has to be refused with. The rest of what the compiler says is its own
/// affair and differs from version to version.
const CASES: [(&str, &[&str]); 6] = [
    (
        "not_a_handler",
        &[
            "this is not a handler",
            "a handler is `async |first, others…| answer`: the first argument is a kind of message",
            "others are `State<T>`, `Session<T>`, `Follower`, `Client`, `Arc<Account>` or `Message`; the answer is `&'static str`, `String`",
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
            "after the first argument, a handler can take `State<T>`, `Session<T>`, `Follower`, `Client`, `Arc<Account>` and `Message`",
        ],
    ),
    (
        "answer",
        &[
            "this is not a handler",
            "a handler cannot answer with a `u64`",
            "return `&str`, `String`, `Markdown`, `TextStream`, `Article`, `Vec<Article>`, `FileReply`, `Reply`, `()` for no answer",
        ],
    ),
    ("keyword_answer", &["a handler cannot answer with a `u64`"]),
];

/// Names the folder to the process that compiles.
const FOLDER: &str = "ECHOSTR_TESTS_COMPILE_IN";

#[test]
fn a_mistake_is_refused_in_our_own_words() {
    if let Some(folder) = env::var_os(FOLDER) {
        return compile(Path::new(&folder));
    }
    let folder = copies();
    // A process of its own, because this variable is how trybuild is told to write down what the compiler says.
    let compiled = Command::new(env::current_exe().expect("it runs"))
        .args(["a_mistake_is_refused_in_our_own_words", "--exact"])
        .env("TRYBUILD", "overwrite")
        .env(FOLDER, &folder)
        .output()
        .expect("it runs");
    let said = CASES.map(|(name, _)| {
        fs::read_to_string(folder.join(name).with_extension("stderr")).unwrap_or_default()
    });
    fs::remove_dir_all(&folder).expect("it was made here");
    assert!(
        compiled.status.success(),
        "a file compiles, or could not be tried:\n{}{}",
        String::from_utf8_lossy(&compiled.stdout),
        String::from_utf8_lossy(&compiled.stderr)
    );
    for ((name, sentences), said) in CASES.iter().zip(&said) {
        for sentence in *sentences {
            assert!(
                said.contains(sentence),
                "no `{sentence}` in {name}:\n{said}"
            );
        }
    }
}

/// Fails when one of them compiles.
fn compile(folder: &Path) {
    let files = trybuild::TestCases::new();
    for (name, _) in CASES {
        files.compile_fail(folder.join(name).with_extension("rs"));
    }
}

/// A folder for this run, with a copy of each file.
fn copies() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ui-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the folder of the tests can be written");
    for (name, _) in CASES {
        let file = Path::new(name).with_extension("rs");
        fs::copy(own.join(&file), folder.join(&file)).expect("each case has a file");
    }
    let n_files = fs::read_dir(&own).expect("it is there").count();
    assert_eq!(
        n_files,
        CASES.len(),
        "a file in {} is not tested",
        own.display()
    );
    folder
}
