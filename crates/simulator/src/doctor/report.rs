//! What the doctor found, and its text: Chinese first, English beside it.

use std::fmt;
use std::time::Duration;

use super::fault::{Fault, Seconds};

/// What was done, what came back, and the likely reasons. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The address, without its query.
    pub address: String,
    /// `plain`, `compatible` or `safe`.
    pub mode: &'static str,
    /// In the order in which they were done; always all of them.
    pub steps: Vec<Step>,
    /// Most likely reason first; empty when nothing is wrong.
    pub findings: Vec<Finding>,
    /// What is worth knowing and no fault.
    pub notes: Vec<Note>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that the doctor did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// Whether it went well.
    pub verdict: Verdict,
    /// How long the last exchange of it took; none when it was left out.
    pub took: Option<Duration>,
    /// What came back, in words; empty when it was left out.
    pub got: String,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should.
    Ok,
    /// Not as it should; there is at least one finding.
    Failed,
    /// Left out, because a step before it failed; or done, and it tells nothing about this server.
    Skipped,
}

/// What the doctor does, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// A handshake.
    Handshake,
    /// A handshake whose nonce sorts differently as a number.
    ShortNonce,
    /// A handshake with a wrong signature.
    WrongSignature,
    /// A text, delivered up to three times.
    Text,
    /// The same body again.
    Repeat,
    /// A text whose answer is held back.
    SlowAnswer,
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Handshake,
        Self::ShortNonce,
        Self::WrongSignature,
        Self::Text,
        Self::Repeat,
        Self::SlowAnswer,
    ];

    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::ShortNonce => "short-nonce",
            Self::WrongSignature => "wrong-signature",
            Self::Text => "text",
            Self::Repeat => "repeat",
            Self::SlowAnswer => "slow-answer",
        }
    }

    /// What is sent, in both languages.
    fn sent(self) -> &'static str {
        match self {
            Self::Handshake => "握手：GET，签名正确 · handshake: a GET, rightly signed",
            Self::ShortNonce => {
                "再次握手：nonce 只有一位数字 · handshake again: the nonce is a single digit"
            }
            Self::WrongSignature => "冒充者：GET，签名错误 · a stranger: a GET, wrongly signed",
            Self::Text => "关注者发来一条文本：POST · a follower's text: a POST",
            Self::Repeat => "同一条文本再次投递 · the same text delivered again",
            Self::SlowAnswer => {
                "一条故意慢答的文本：连接要保持住 · a text that is answered slowly on purpose: the connection has to be held"
            }
        }
    }
}

/// A likely reason and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The reason, with its texts.
    pub fault: Fault,
    /// The step that showed it.
    pub step: StepKind,
}

/// Worth knowing, and no fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The platform cannot call this machine.
    LocalAddress,
    /// The platform calls ports 80 and 443 only.
    OtherPort(u16),
    /// The first delivery in which the answer came, when it was not the first.
    LateDelivery(usize),
    /// The server answered `success`.
    Silent,
    /// The server answered `success` to an encrypted push.
    SilentSealed,
    /// The text that was to be answered slowly was answered at once.
    AnswersAtOnce,
    /// It was answered late, but before the platform would have closed the connection.
    AnswersBefore,
}

impl Note {
    fn texts(self) -> [String; 2] {
        match self {
            Self::LocalAddress => [
                "这是本机或内网地址，微信的服务器访问不到；填到公众平台之前请换成公网地址。".into(),
                "This is a local or private address, which WeChat's servers cannot reach; enter a public one on the platform's page.".into(),
            ],
            Self::OtherPort(port) => [
                format!("端口是 {port}，微信只访问 80（http）和 443（https）。"),
                format!("The port is {port}; WeChat calls only 80 (http) and 443 (https)."),
            ],
            Self::LateDelivery(n) => [
                format!("第 {n} 次投递才得到回复，前面的没有在 5 秒内得到可用的回复。关注者能看到回复，只是要多等一会儿。"),
                format!("The reply came on delivery {n}; the ones before got none that can be used within 5 seconds. The follower sees it, only later."),
            ],
            Self::Silent => [
                "服务器回答 success：关注者发来文本时不会看到任何回复。如果这不是您的本意，请检查机器人的设置。".into(),
                "The server answers success: a follower who writes sees no reply. If that is not meant so, check the bot's settings.".into(),
            ],
            Self::SilentSealed => [
                "服务器对加密的推送回答 success：关注者不会看到任何回复。如果这不是您的本意，请确认服务器没有设成明文模式。".into(),
                "The server answers success to an encrypted push: the follower sees no reply. If that is not meant so, see that the server is not set to plain mode.".into(),
            ],
            Self::AnswersAtOnce => [
                "慢答的文本马上就得到了回答，看不出连接能不能保持住。只有回音认识这条文本，会等 8 秒再答；开放接入的地址，或回音正忙时，也会马上回答。".into(),
                "The text that is to be answered slowly was answered at once, so it does not show whether connections are held. Only Echostr knows this text and waits 8 s; in open access, and when it is busy, it answers at once, too.".into(),
            ],
            Self::AnswersBefore => [
                "慢答的文本没有等到微信放弃，服务器先给了占位的回答（例如送达方式是 quick 或 link 的公众号）：迟到的回答靠链接送达，不靠保持连接，所以这一步没有检查连接。".into(),
                "The text that is to be answered slowly got something before the platform would have given up, such as the link of an account whose delivery is `quick` or `link`: late answers come by the link there, and held connections were not tested.".into(),
            ],
        }
    }
}

impl fmt::Display for Report {
    /// For an owner who is no programmer. Times have one decimal, and nothing else has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            "safe" => "安全模式",
            "compatible" => "兼容模式",
            _ => "明文模式",
        };
        writeln!(f, "回音体检 · Echostr doctor")?;
        writeln!(f, "地址 · address: {}", self.address)?;
        writeln!(f, "模式 · mode: {mode} · {}", self.mode)?;
        writeln!(f)?;
        let steps = self.steps.iter().map(|step| Line {
            verdict: step.verdict,
            sent: step.kind.sent(),
            took: step.took,
            got: &step.got,
        });
        let reasons = self.findings.iter().map(|Finding { fault, .. }| Reason {
            name: fault.name(),
            texts: [fault.chinese(), fault.english()],
        });
        write_body(
            f,
            steps,
            reasons,
            self.notes.iter().map(|note| note.texts()),
        )
    }
}

/// A step as a report prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// How it went.
    pub verdict: Verdict,
    /// What was done, in both languages.
    pub sent: &'a str,
    /// How long it took; none when it was left out.
    pub took: Option<Duration>,
    /// What came back, in words.
    pub got: &'a str,
}

/// A likely reason as a report prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For programs.
    pub name: &'static str,
    /// What is wrong and what to do, in Chinese and in English.
    pub texts: [String; 2],
}

/// What stands below the head of a report, so that those of other examinations look the same: steps, reasons, most likely first,
/// and notes in Chinese and English. Times have one decimal.
///
/// # Errors
/// Those of `f`.
pub fn write_body<'a>(
    f: &mut fmt::Formatter<'_>,
    steps: impl IntoIterator<Item = Line<'a>>,
    reasons: impl IntoIterator<Item = Reason>,
    notes: impl IntoIterator<Item = [String; 2]>,
) -> fmt::Result {
    for step in steps {
        write_step(f, step)?;
    }
    writeln!(f)?;
    write_reasons(f, reasons)?;
    for (n, [chinese, english]) in notes.into_iter().enumerate() {
        if n == 0 {
            writeln!(f, "\n提示 · notes")?;
        }
        writeln!(f, "  - {chinese}\n    {english}")?;
    }
    Ok(())
}

fn write_step(f: &mut fmt::Formatter<'_>, step: Line<'_>) -> fmt::Result {
    let verdict = match step.verdict {
        Verdict::Ok => "[通过 ok]",
        Verdict::Failed => "[失败 failed]",
        Verdict::Skipped => "[跳过 skipped]",
    };
    writeln!(f, "{verdict} {}", step.sent)?;
    match step.took {
        Some(took) => writeln!(f, "    {} s → {}", Seconds(took), step.got),
        None => Ok(()),
    }
}

fn write_reasons(
    f: &mut fmt::Formatter<'_>,
    reasons: impl IntoIterator<Item = Reason>,
) -> fmt::Result {
    let mut is_right = true;
    for (Reason { name, texts }, n) in reasons.into_iter().zip(1..) {
        is_right = false;
        match n {
            1 => writeln!(f, "最可能的原因 · the most likely reason")?,
            2 => writeln!(f, "其他可能 · other reasons")?,
            _ => {}
        }
        let [chinese, english] = texts;
        writeln!(f, "  {n}. {name}\n     {chinese}\n     {english}")?;
    }
    if is_right {
        writeln!(f, "没有发现问题。\nNothing is wrong.")?;
    }
    Ok(())
}
