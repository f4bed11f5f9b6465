//! Which files the platform takes: by the end of the name, by the first bytes, by size and by length.

use echostr_protocol::api::File;
use echostr_protocol::api::media::MediaType;

use super::super::Refusal;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// How long a voice may be.
const MAX_VOICE_SECS: usize = 60;

/// What a file of one kind may be.
pub(in super::super) struct Limit {
    max_bytes: usize,
    /// Said of one that is bigger.
    too_big: i64,
    /// How its name may end.
    ends: &'static [&'static str],
    max_secs: usize,
}

impl Limit {
    /// Of temporary media.
    pub(in super::super) fn temporary(kind: &MediaType) -> Result<Self, Refusal> {
        Ok(match kind {
            MediaType::Image => Self::new(10 * MIB, 40009, &["jpg", "jpeg", "png", "gif"]),
            MediaType::Voice => Self {
                max_secs: MAX_VOICE_SECS,
                ..Self::new(2 * MIB, 40010, &["amr", "mp3"])
            },
            MediaType::Video => Self::new(10 * MIB, 40011, &["mp4"]),
            MediaType::Thumb => Self::new(64 * KIB, 40012, &["jpg", "jpeg"]),
            _ => return Err(Refusal::code(40004)),
        })
    }

    /// Of the library.
    pub(in super::super) fn permanent(kind: &MediaType) -> Result<Self, Refusal> {
        let ends: &[_] = match kind {
            MediaType::Image => &["jpg", "jpeg", "png", "gif", "bmp"],
            MediaType::Voice => &["amr", "mp3", "wma", "wav"],
            _ => Self::temporary(kind)?.ends,
        };
        Ok(Self {
            ends,
            too_big: 45001,
            ..Self::temporary(kind)?
        })
    }

    /// Of a picture in the text of an article.
    pub(in super::super) fn in_article() -> Self {
        Self::new(MIB, 40009, &["jpg", "jpeg", "png"])
    }

    fn new(max_bytes: usize, too_big: i64, ends: &'static [&'static str]) -> Self {
        Self {
            max_bytes,
            too_big,
            ends,
            max_secs: usize::MAX,
        }
    }
}

/// Whether the platform takes this file.
pub(in super::super) fn check(file: &File, limit: &Limit) -> Result<(), Refusal> {
    if file.bytes.is_empty() {
        return Err(Refusal::code(44001));
    }
    if file.bytes.len() > limit.max_bytes {
        return Err(Refusal::code(limit.too_big));
    }
    let end = file
        .name
        .rsplit_once('.')
        .map_or("", |(_, end)| end)
        .to_ascii_lowercase();
    if !limit.ends.contains(&end.as_str()) {
        return Err(Refusal::code(40005));
    }
    let found = kind(&file.bytes).filter(|found| limit.ends.contains(found));
    let found = found.ok_or_else(|| Refusal::code(40113))?;
    match seconds(found, &file.bytes) {
        seconds if seconds > limit.max_secs => Err(Refusal::code(45007)),
        _ => Ok(()),
    }
}

/// What a file is by its first bytes, as its name would end.
fn kind(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    Some(match bytes {
        _ if begins(b"\xFF\xD8\xFF") => "jpg",
        _ if begins(b"\x89PNG\r\n\x1A\n") => "png",
        _ if begins(b"GIF8") => "gif",
        _ if begins(b"BM") => "bmp",
        _ if begins(b"#!AMR") => "amr",
        _ if begins(b"ID3") => "mp3",
        [0xFF, second, ..] if second & 0xE0 == 0xE0 => "mp3",
        _ if begins(b"RIFF") => "wav",
        _ if begins(b"\x30\x26\xB2\x75") => "wma",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "mp4",
        _ => return None,
    })
}

/// How long a voice is, rounded down. Of formats that do not tell it without being played: 0.
fn seconds(kind: &str, bytes: &[u8]) -> usize {
    match kind {
        "amr" => amr_frames(bytes) / 50,
        "mp3" => mp3_seconds(bytes),
        _ => 0,
    }
}

/// Frames of 20 ms (RFC 4867, section 5): how long each is says its first byte.
fn amr_frames(bytes: &[u8]) -> usize {
    const SIZES: [usize; 16] = [13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1];
    let mut rest = bytes.strip_prefix(b"#!AMR\n").unwrap_or_default();
    let mut n_frames = 0;
    while let Some(first) = rest.first() {
        rest = rest
            .get(SIZES[usize::from(first >> 3 & 0x0F)]..)
            .unwrap_or_default();
        n_frames += 1;
    }
    n_frames
}

/// By the bit rate of the first frame, which a voice has throughout.
fn mp3_seconds(bytes: &[u8]) -> usize {
    const KBITS_1: [usize; 16] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0,
    ];
    const KBITS_2: [usize; 16] = [
        0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0,
    ];
    let audio = &bytes[id3_bytes(bytes).min(bytes.len())..];
    let [0xFF, second, third, ..] = audio else {
        return 0;
    };
    let rate = usize::from(third >> 4);
    let kbits = if second & 0x18 == 0x18 {
        KBITS_1[rate]
    } else {
        KBITS_2[rate]
    };
    match kbits {
        0 => 0,
        _ => audio.len() * 8 / (kbits * 1000),
    }
}

/// How much stands before the first frame.
fn id3_bytes(bytes: &[u8]) -> usize {
    match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |size, byte| size << 7 | usize::from(**byte & 0x7F));
            size + 10
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn lasts(bytes: &[u8], kind_: &str, seconds_: usize) {
        assert_eq!(kind(bytes), Some(kind_));
        assert_eq!(seconds(kind_, bytes), seconds_);
    }

    #[test]
    fn the_length_of_a_voice_stands_in_its_frames() {
        // 12.2 kbit/s: 32 bytes each.
        let mut amr = b"#!AMR\n".to_vec();
        amr.extend([0x3C; 32].repeat(150));
        lasts(&amr, "amr", 3);
        // MPEG 1, layer 3, 128 kbit/s.
        let mut mp3 = vec![0xFF, 0xFB, 0x90, 0x00];
        mp3.resize(32_000, 0);
        lasts(&mp3, "mp3", 2);
        // The same behind a tag of 128 bytes.
        let tagged = [
            b"ID3\x03\x00\x00\x00\x00\x01\x00".as_slice(),
            &[0; 128],
            &mp3,
        ]
        .concat();
        lasts(&tagged, "mp3", 2);
    }
}
