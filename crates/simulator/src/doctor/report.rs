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
    /// Left out, because a step before it failed.
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
}

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Handshake,
        Self::ShortNonce,
        Self::WrongSignature,
        Self::Text,
        Self::Repeat,
    ];

    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::ShortNonce => "short-nonce",
            Self::WrongSignature => "wrong-signature",
            Self::Text => "text",
            Self::Repeat => "repeat",
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
            Self::Text => "粉丝发来一条文本：POST · a follower's text: a POST",
            Self::Repeat => "同一条文本再次投递 · the same text delivered again",
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
                format!("第 {n} 次投递才得到回复，前面的没有在 5 秒内得到可用的回复。粉丝能看到回复，只是要多等一会儿。"),
                format!("The reply came on delivery {n}; the ones before got none that can be used within 5 seconds. The follower sees it, only later."),
            ],
            Self::Silent => [
                "服务器回答 success：粉丝发来文本时不会看到任何回复。如果这不是您的本意，请检查机器人的设置。".into(),
                "The server answers success: a follower who writes sees no reply. If that is not meant so, check the bot's settings.".into(),
            ],
            Self::SilentSealed => [
                "服务器对加密的推送回答 success：粉丝不会看到任何回复。如果这不是您的本意，请确认服务器没有设成明文模式。".into(),
                "The server answers success to an encrypted push: the follower sees no reply. If that is not meant so, see that the server is not set to plain mode.".into(),
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
        for step in &self.steps {
            write_step(f, step)?;
        }
        writeln!(f)?;
        write_findings(f, &self.findings)?;
        if !self.notes.is_empty() {
            writeln!(f, "\n提示 · notes")?;
        }
        for note in &self.notes {
            let [chinese, english] = note.texts();
            writeln!(f, "  - {chinese}\n    {english}")?;
        }
        Ok(())
    }
}

fn write_step(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    let verdict = match step.verdict {
        Verdict::Ok => "[通过 ok]",
        Verdict::Failed => "[失败 failed]",
        Verdict::Skipped => "[跳过 skipped]",
    };
    writeln!(f, "{verdict} {}", step.kind.sent())?;
    match step.took {
        Some(took) => writeln!(f, "    {} s → {}", Seconds(took), step.got),
        None => Ok(()),
    }
}

fn write_findings(f: &mut fmt::Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    if findings.is_empty() {
        return writeln!(f, "没有发现问题。\nNothing is wrong.");
    }
    for (finding, n) in findings.iter().zip(1..) {
        match n {
            1 => writeln!(f, "最可能的原因 · the most likely reason")?,
            2 => writeln!(f, "其他可能 · other reasons")?,
            _ => {}
        }
        writeln!(f, "  {n}. {}", finding.fault.name())?;
        writeln!(
            f,
            "     {}\n     {}",
            finding.fault.chinese(),
            finding.fault.english()
        )?;
    }
    Ok(())
}
