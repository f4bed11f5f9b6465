//! [`LlmSettings`]: what is set about a bot of the kind `llm`, as it is written in JSON and TOML; [`LlmKeys`] are its secrets.

use std::collections::BTreeMap;

use echostr_protocol::api::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::Language;

/// What is set about a bot of the kind `llm`. The limits of each value are checked where it is read: `docs/llm.md` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LlmSettings {
    /// The model that answers.
    #[serde(flatten)]
    pub main: ModelSettings,
    /// The system prompt; variables can be used, as in the replies of rules.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The model that answers when `main` fails or is silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<ModelSettings>,
    /// How much of the conversation the model is told.
    pub history: HistorySettings,
    /// What a follower writes to the bot instead of the model.
    pub commands: CommandSettings,
    /// Pictures as input of the model.
    pub vision: VisionSettings,
    /// Voices by a transcription endpoint; nothing: as the platform recognised them, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<EndpointSettings>,
    /// What may be spent.
    pub budget: BudgetSettings,
    /// What may not be said.
    pub words: WordSettings,
    /// Who else looks at what is said; nothing: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moderation: Option<ModerationSettings>,
    /// How answers are marked as made by a machine.
    pub label: LabelSettings,
    /// Whether followers can tap 👍 and 👎 under an answer.
    pub feedback: bool,
    /// What followers read of the bot itself; those that are not set follow the account's language.
    pub texts: LlmTextSettings,
    /// Calls that the model may make, at most 16.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolSettings>,
    /// MCP servers whose tools the model may call, at most 4.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp: Vec<McpSettings>,
    /// What tools may cost for one answer.
    pub tool_limits: ToolLimits,
}

/// A model behind an OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelSettings {
    /// A known vendor: see [`PRESETS`]. It gives the `url`, and the `model` if none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Where the endpoint is, up to what stands before `/chat/completions`: `https://api.deepseek.com/v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which model, 1 to 200 characters.
    pub model: String,
    /// 0 to 2; nothing: the model's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Number>,
    /// The longest answer in tokens, 1 to 100 000; nothing: the model's own limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// For how long the model may be silent, before its first word and between words, 1 to 300 seconds.
    pub timeout_secs: u64,
    /// How often a call is tried again that broke off before its first word, or was answered 429 or 5xx, 0 to 3; never after a
    /// silence.
    pub retries: u32,
    /// Per million tokens of input, in whatever currency; 0 to 1 000 000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_in: Option<Number>,
    /// Per million tokens of output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_out: Option<Number>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            preset: None,
            url: None,
            model: String::new(),
            temperature: None,
            max_tokens: None,
            timeout_secs: 30,
            retries: 1,
            price_in: None,
            price_out: None,
        }
    }
}

/// A known vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The word in the settings.
    pub name: &'static str,
    /// Its endpoint.
    pub url: &'static str,
    /// The model when none is named; empty: one has to be named.
    pub model: &'static str,
    /// Whether it wants a key.
    pub needs_key: bool,
}

/// The known vendors.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "deepseek",
        url: "https://api.deepseek.com/v1",
        model: "deepseek-chat",
        needs_key: true,
    },
    Preset {
        name: "qwen",
        url: "https://dashscope.aliyuncs.com/compatible-mode/v1",
        model: "qwen-plus",
        needs_key: true,
    },
    Preset {
        name: "moonshot",
        url: "https://api.moonshot.cn/v1",
        model: "moonshot-v1-8k",
        needs_key: true,
    },
    Preset {
        name: "zhipu",
        url: "https://open.bigmodel.cn/api/paas/v4",
        model: "glm-4-flash",
        needs_key: true,
    },
    Preset {
        name: "doubao",
        url: "https://ark.cn-beijing.volces.com/api/v3",
        model: "",
        needs_key: true,
    },
    Preset {
        name: "siliconflow",
        url: "https://api.siliconflow.cn/v1",
        model: "",
        needs_key: true,
    },
    Preset {
        name: "openai",
        url: "https://api.openai.com/v1",
        model: "gpt-4o-mini",
        needs_key: true,
    },
    Preset {
        name: "ollama",
        url: "http://127.0.0.1:11434/v1",
        model: "",
        needs_key: false,
    },
];

/// How much of the conversation the model is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistorySettings {
    /// Questions with their answers, 0 to 50.
    pub turns: u32,
    /// The tokens of all of them, estimated, 0 to 200 000.
    pub tokens: u32,
    /// Older ones are not told, 1 to 720 hours.
    pub hours: u32,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            turns: 10,
            tokens: 4000,
            hours: 24,
        }
    }
}

/// What a follower writes to the bot instead of the model: each is a list of at most 10 whole texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandSettings {
    /// The model forgets what was said.
    pub clear: Vec<String>,
    /// What was used today, and how much may be.
    pub usage: Vec<String>,
    /// The text `help`.
    pub help: Vec<String>,
}

impl Default for CommandSettings {
    fn default() -> Self {
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        Self {
            clear: words(["/clear", "清空对话"]),
            usage: words(["/usage", "用量"]),
            help: vec!["/help".into()],
        }
    }
}

/// Pictures as input of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VisionSettings {
    /// Whether the model can see.
    pub enabled: bool,
    /// The longer edge of what it is shown, 256 to 4096 pixels.
    pub max_edge: u32,
}

impl Default for VisionSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            max_edge: 1024,
        }
    }
}

/// Another endpoint of the same kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointSettings {
    /// Up to what stands before `/audio/transcriptions`.
    pub url: String,
    /// Which model.
    pub model: String,
}

/// What may be spent; 0: no limit. Days and months are those of the account's time zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BudgetSettings {
    /// Of one follower.
    pub follower_day_messages: u64,
    /// Of one follower.
    pub follower_day_tokens: u64,
    /// Of all followers of the account.
    pub account_day_messages: u64,
    /// Of all followers of the account.
    pub account_day_tokens: u64,
    /// Of all followers of the account.
    pub account_month_messages: u64,
    /// Of all followers of the account.
    pub account_month_tokens: u64,
}

/// What may not be said: at most 20 000 words of at most 64 characters each; case and width are folded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WordSettings {
    /// By followers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<String>,
    /// By the model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<String>,
}

/// An OpenAI-compatible moderation endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModerationSettings {
    /// Up to what stands before `/moderations`.
    pub url: String,
    /// Which model; empty: the endpoint's own.
    pub model: String,
    /// Whether it looks at what followers write.
    pub input: bool,
    /// Whether it looks at what the model writes, part by part before it is shown.
    pub output: bool,
    /// What happens when it cannot be asked: whether the text passes.
    pub passes_on_failure: bool,
}

impl Default for ModerationSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            model: String::new(),
            input: true,
            output: false,
            passes_on_failure: false,
        }
    }
}

/// How answers are marked as made by a machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSettings {
    /// In which way.
    pub mode: LabelMode,
    /// The suffix, at most 64 bytes; nothing: that of the account's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// In which way answers are marked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelMode {
    /// By the platform (`aimsgcontext`) in messages that are sent, by the suffix in replies.
    #[default]
    Auto,
    /// By both, the suffix in every message.
    Suffix,
    /// By the platform where it can, else not at all.
    Platform,
    /// Not at all.
    None,
}

/// What followers read of the bot itself, at most 512 bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LlmTextSettings {
    /// After the command `clear`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared: Option<String>,
    /// When the follower's budget is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent_follower: Option<String>,
    /// When the account's budget is spent, that of the day or of the month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent_account: Option<String>,
    /// Instead of what may not be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// For what the model cannot read: pictures without vision, videos, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// After a tap on 👍 or 👎.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thanks: Option<String>,
    /// After the command `help`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A call that the model may make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolSettings {
    /// 1 to 64 of a-z, A-Z, 0-9, `_` and `-`.
    pub name: String,
    /// For the model: what it does and when to use it; at most 1000 characters.
    pub description: String,
    /// What is called. `POST` sends the arguments as a JSON object, `GET` in the query.
    pub url: String,
    /// `GET` or `POST`.
    pub method: String,
    /// JSON Schema of the arguments, an object; it is checked before anything is called.
    pub parameters: Map<String, Value>,
    /// 1 to 60.
    pub timeout_secs: u64,
}

impl Default for ToolSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            url: String::new(),
            method: "POST".into(),
            parameters: Map::new(),
            timeout_secs: 10,
        }
    }
}

/// An MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct McpSettings {
    /// 1 to 32 of a-z, A-Z, 0-9, `_` and `-`; the model knows a tool as `name_tool`.
    pub name: String,
    /// Streamable HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A program that speaks MCP on its standard input and output, and its arguments; only in the file of settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Only these of its tools; empty: all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// 1 to 60, for each call.
    pub timeout_secs: u64,
}

impl Default for McpSettings {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: None,
            command: Vec::new(),
            tools: Vec::new(),
            timeout_secs: 20,
        }
    }
}

/// What tools may cost for one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolLimits {
    /// How often the model is asked again with what tools said, 1 to 10.
    pub rounds: u32,
    /// All calls of one answer together, 1 to 120.
    pub time_secs: u64,
    /// How much of one result the model is told, 256 to 262 144.
    pub result_bytes: u32,
}

impl Default for ToolLimits {
    fn default() -> Self {
        Self {
            rounds: 5,
            time_secs: 30,
            result_bytes: 16 * 1024,
        }
    }
}

/// The secrets of a bot of the kind `llm`, by where they stand in its settings: `key`, `fallback.key`, `voice.key`,
/// `moderation.key`, `tools.NAME.key`, `mcp.NAME.key`. None is ever printed.
#[derive(Debug, Clone, Default)]
pub struct LlmKeys(pub BTreeMap<String, Secret>);

impl LlmKeys {
    /// One, by where it stands.
    pub fn get(&self, place: &str) -> Option<&Secret> {
        self.0.get(place)
    }
}

/// What followers read of the bot itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `LlmTextSettings`")]
pub struct LlmTexts {
    pub cleared: String,
    pub spent_follower: String,
    pub spent_account: String,
    pub blocked: String,
    pub unreadable: String,
    pub thanks: String,
    pub help: String,
    /// The suffix that marks an answer.
    pub label: String,
}

impl LlmSettings {
    /// What followers read: what is set, and what the language has where nothing is.
    pub fn texts(&self, language: Language) -> LlmTexts {
        let defaults = match language {
            Language::Chinese => [
                "好的，前面说的我都忘了。",
                "您今天的额度用完了，明天再来吧。",
                "大家的提问额度暂时用完了，请过些时候再来。",
                "这个话题我不能回答。",
                "抱歉，我只看得懂文字。",
                "谢谢您的反馈！",
                "直接提问就好。发送 /clear 重新开始，发送 /usage 查看今天的用量。",
                "（AI 生成）",
            ],
            Language::English => [
                "All right, I have forgotten what was said.",
                "That was all for today, please come back tomorrow.",
                "The budget for everybody's questions is spent for now, please come back later.",
                "I cannot talk about that.",
                "Sorry, I can only read text.",
                "Thank you for telling us!",
                "Just ask. Send /clear to begin anew, /usage to see what you have used today.",
                "(AI-generated)",
            ],
        };
        let own = [
            &self.texts.cleared,
            &self.texts.spent_follower,
            &self.texts.spent_account,
            &self.texts.blocked,
            &self.texts.unreadable,
            &self.texts.thanks,
            &self.texts.help,
            &self.label.text,
        ];
        let mut texts = own.into_iter().zip(defaults);
        let mut next = || {
            let (own, default) = texts.next().unwrap_or((&None, ""));
            own.clone().unwrap_or_else(|| default.to_owned())
        };
        LlmTexts {
            cleared: next(),
            spent_follower: next(),
            spent_account: next(),
            blocked: next(),
            unreadable: next(),
            thanks: next(),
            help: next(),
            label: next(),
        }
    }
}

impl ModelSettings {
    /// The vendor that is named.
    pub fn known(&self) -> Option<&'static Preset> {
        let name = self.preset.as_deref()?;
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Where the endpoint is, without a slash at its end, nor with the address of the call itself, which some copy from their
    /// vendor's documents; nothing when neither `url` nor a known `preset` is set.
    pub fn endpoint(&self) -> Option<&str> {
        let own = self.url.as_deref().filter(|url| !url.is_empty());
        let url = own.or_else(|| self.known().map(|preset| preset.url))?;
        let url = url.trim_end_matches('/');
        let base = url.strip_suffix("/chat/completions").unwrap_or(url);
        Some(base.trim_end_matches('/'))
    }

    /// Which model.
    pub fn name(&self) -> &str {
        if self.model.is_empty() {
            self.known().map_or("", |preset| preset.model)
        } else {
            &self.model
        }
    }
}
