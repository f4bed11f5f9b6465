//! `echostr material`: files for replies and messages (素材).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::call::{call, recorded};
use super::client::{Failure, Where, run as ask, say};
use super::print::{clean, text};

/// What to do.
#[derive(Subcommand)]
pub enum Action {
    /// 上传一个文件，打印它的 media_id · upload a file, and print its media_id
    Upload(Upload),
}

/// Which file.
#[derive(Args)]
pub struct Upload {
    /// 公众号的 id · the account's id
    account: String,
    /// 图片（JPG、PNG、GIF、BMP）最大 10 MB，语音（MP3、AMR、WMA、WAV）2 MB、60 秒，视频（MP4）10 MB，缩略图（JPG）64 KB · a picture of at most 10 MB, a voice of 2 MB and 60 s, a video of 10 MB, a thumbnail of 64 KB
    file: PathBuf,
    /// 临时素材，保存三天；不写就是永久素材 · kept for three days; otherwise it is permanent
    #[arg(long)]
    temporary: bool,
    /// 种类；不写就看扩展名 · what it is; without it, by the extension
    #[arg(long, value_enum)]
    r#type: Option<Kind>,
    /// 视频的标题，永久视频必填 · the title of a video; a permanent one needs it
    #[arg(long)]
    title: Option<String>,
    /// 视频的简介 · what is said of a video
    #[arg(long)]
    introduction: Option<String>,
    #[command(flatten)]
    place: Where,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// 图片
    Image,
    /// 语音
    Voice,
    /// 视频
    Video,
    /// 缩略图
    Thumb,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::Thumb => "thumb",
        }
    }

    fn most_bytes(self) -> u64 {
        match self {
            Self::Image | Self::Video => 10 << 20,
            Self::Voice => 2 << 20,
            Self::Thumb => 64 << 10,
        }
    }

    fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jpg" | "jpeg" | "png" | "gif" | "bmp" => Some(Self::Image),
            "mp3" | "amr" | "wma" | "wav" => Some(Self::Voice),
            "mp4" => Some(Self::Video),
            _ => None,
        }
    }
}

/// Does it.
pub fn run(action: Action) -> ExitCode {
    let Action::Upload(Upload {
        account,
        file,
        temporary,
        r#type,
        title,
        introduction,
        place,
    }) = action;
    ask(place, async move |client| {
        let kind = kind(&file, r#type)?;
        let mut request = json!({ "type": kind.word(), "media": recorded(&file)? });
        if kind == Kind::Video && !temporary {
            let title = title.ok_or_else(|| {
                Failure::Usage(
                    "永久视频要有 --title，也可以有 --introduction · a permanent video needs `--title`, and may have `--introduction`"
                        .into(),
                )
            })?;
            let description =
                json!({ "title": title, "introduction": introduction.unwrap_or_default() });
            request["description"] = description.to_string().into();
        }
        let name = if temporary {
            "uploadTempMedia"
        } else {
            "addMaterial"
        };
        let answer = call(client, &account, name, &request).await?;
        say(&uploaded(&answer))
    })
}

/// What the file is, if it may be uploaded as that.
fn kind(file: &Path, given: Option<Kind>) -> Result<Kind, Failure> {
    let shown = file.display();
    let kind = given.or_else(|| Kind::of(file)).ok_or_else(|| {
        Failure::Usage(format!(
            "看不出 {shown} 是什么，用 --type 说明 · it cannot be seen what {shown} is; say it with `--type`: image, voice, video or thumb"
        ))
    })?;
    let length = std::fs::metadata(file).map_or(0, |file| file.len());
    let most = kind.most_bytes();
    if length > most {
        let word = kind.word();
        return Err(Failure::Usage(format!(
            "{shown} 有 {length} 字节，{word} 最多 {most} · {shown} has {length} bytes, at most {most} are allowed for {word}"
        )));
    }
    Ok(kind)
}

fn uploaded(answer: &Value) -> String {
    let id = match text(&answer["media_id"]) {
        "" => text(&answer["thumb_media_id"]),
        id => id,
    };
    let mut said = format!("media_id  {}\n", clean(id));
    let url = text(&answer["url"]);
    if !url.is_empty() {
        let _ = writeln!(said, "url       {}", clean(url));
    }
    said
}
