//! Pictures that followers send, as a model is shown them: fetched from the platform alone, decoded within bounds, made small.

use std::io::Cursor;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use echostr_protocol::message::Image;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits as Bounds, Rgb, RgbImage};
use reqwest::{Method, Url};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::VisionSettings;
use super::media;
use super::web::{Endpoint, Limits};
use crate::BoxError;
use crate::call::ProgramUrl;
use crate::handler::Context;

const FETCHING: Limits = Limits {
    time: Duration::from_secs(5),
    size_bytes: 10 * 1024 * 1024,
};
/// Where the platform keeps pictures: these domains and what is below them.
const HOSTS: [&str; 2] = ["qpic.cn", "qlogo.cn"];
/// In pixels, of either edge.
const MAX_EDGE: u32 = 16_384;
/// What a picture may take in memory: 40 million pixels of four bytes.
const MAX_MEMORY_BYTES: u64 = 160_000_000;
const JPEG_QUALITY: u8 = 85;
/// Pictures are decoded one after another, so that many at once cannot use up the memory.
static DECODING: Semaphore = Semaphore::const_new(1);

/// The picture as a `data:` URL of a JPEG.
///
/// # Errors
/// It cannot be fetched, is larger than it may be, or is no picture.
pub(super) async fn picture(
    context: &Context,
    image: &Image,
    settings: &VisionSettings,
) -> Result<String, BoxError> {
    let bytes = match address(context, &image.pic_url) {
        Some(url) => {
            let endpoint = Endpoint::of("picture", url);
            let request = endpoint.request(Method::GET);
            endpoint.fetch_whole(request, FETCHING).await?.body
        }
        None => media::sent(context, &image.media_id, FETCHING.time, FETCHING.size_bytes).await?,
    };
    let max_edge = settings.max_edge;
    let place = DECODING.acquire().await?;
    // The place is held as long as the work goes on, also when nobody waits for it any more.
    let work = move || {
        let _place = place;
        jpeg(&bytes, max_edge)
    };
    let jpeg = spawn_blocking(work).await??;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg)))
}

/// The address, if it is one of the platform's: a push can name any.
fn address(context: &Context, pic_url: &str) -> Option<ProgramUrl> {
    let url: ProgramUrl = pic_url.parse().ok()?;
    let api = context.account.api.as_ref();
    let base = api.and_then(|api| api.base.as_ref());
    let base = base.and_then(|base| Url::parse(base.as_str()).ok());
    let is_at_base = base.is_some_and(|base| base.origin() == url.0.origin());
    (is_at_base || is_of_platform(&url.0)).then_some(url)
}

fn is_of_platform(url: &Url) -> bool {
    let is_below = |host: &str, domain: &str| {
        host.strip_suffix(domain)
            .is_some_and(|before| before.ends_with('.'))
    };
    // Another port is another program.
    url.port().is_none()
        && url
            .domain()
            .is_some_and(|host| HOSTS.iter().any(|domain| is_below(host, domain)))
}

/// A JPEG whose edges are at most this long.
fn jpeg(bytes: &[u8], max_edge: u32) -> Result<Vec<u8>, BoxError> {
    let picture = decoded(bytes)?;
    let picture = if picture.width().max(picture.height()) > max_edge {
        picture.thumbnail(max_edge, max_edge)
    } else {
        picture
    };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).encode_image(&opaque(picture))?;
    Ok(jpeg)
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage, BoxError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut bounds = Bounds::default();
    bounds.max_image_width = Some(MAX_EDGE);
    bounds.max_image_height = Some(MAX_EDGE);
    bounds.max_alloc = Some(MAX_MEMORY_BYTES);
    reader.limits(bounds);
    let mut decoder = reader.into_decoder()?;
    let size_bytes = decoder.total_bytes();
    if size_bytes > MAX_MEMORY_BYTES {
        let (width, height) = decoder.dimensions();
        return Err(format!(
            "the picture has {width} × {height} pixels, which take {size_bytes} bytes; {MAX_MEMORY_BYTES} are allowed"
        )
        .into());
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// JPEG knows nothing transparent: what is, becomes white.
fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let over_white = |colour: u32| u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255);
        Rgb([red, green, blue].map(|colour| over_white(colour).unwrap_or(u8::MAX)))
    })
}

#[cfg(test)]
mod tests {
    use ::image::{ImageFormat, RgbaImage};
    use axum::response::Response;
    use http::StatusCode;

    use super::*;
    use crate::llm::listening::{Listening, context, endless, of_type};

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .into()
            .write_to(&mut bytes, format)
            .expect("it can be written");
        bytes.into_inner()
    }

    fn red(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([250, 10, 10]))
    }

    /// What the model would see.
    fn seen(data: &str) -> RgbImage {
        let base64 = data
            .strip_prefix("data:image/jpeg;base64,")
            .expect("a JPEG");
        let jpeg = STANDARD.decode(base64).expect("base64");
        let format = ImageFormat::Jpeg;
        image::load_from_memory_with_format(&jpeg, format)
            .expect("a JPEG")
            .into_rgb8()
    }

    fn settings() -> VisionSettings {
        VisionSettings {
            enabled: true,
            max_edge: 256,
        }
    }

    fn sent(pic_url: &str) -> Image {
        Image {
            pic_url: pic_url.into(),
            media_id: "M1".into(),
            ..Image::default()
        }
    }

    /// A picture at the simulator's address, which is where the account's API is.
    async fn shown(
        answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
    ) -> Result<RgbImage, String> {
        let server = Listening::new(answer).await;
        let image = sent(&format!("{}/picture/1", server.url));
        let shown = picture(&context(Some(&server.url)), &image, &settings()).await;
        assert_eq!(server.n_received(), 1);
        let shown = shown.map_err(|error| error.to_string().replace(&server.url, "URL"))?;
        Ok(seen(&shown))
    }

    #[tokio::test]
    async fn a_picture_is_shown_small_as_jpeg() {
        async fn check(format: ImageFormat, (width, height): (u32, u32), expected: (u32, u32)) {
            let bytes = encoded(red(width, height), format);
            let seen = shown(move || of_type("image/x", bytes.clone()))
                .await
                .expect("a picture");
            assert_eq!(seen.dimensions(), expected, "{format:?}");
            let [red, green, blue] = seen.get_pixel(expected.0 / 2, expected.1 / 2).0;
            assert!(red > 235 && green < 30 && blue < 30, "{format:?}");
        }
        check(ImageFormat::Jpeg, (1000, 500), (256, 128)).await;
        check(ImageFormat::Png, (10, 2000), (1, 256)).await;
        check(ImageFormat::Gif, (100, 50), (100, 50)).await;
        check(ImageFormat::WebP, (256, 256), (256, 256)).await;
    }

    #[tokio::test]
    async fn what_is_transparent_is_shown_white() {
        let bytes = encoded(
            RgbaImage::from_pixel(8, 8, [0, 0, 0, 0].into()),
            ImageFormat::Png,
        );
        let seen = shown(move || of_type("image/png", bytes.clone()))
            .await
            .expect("a picture");
        assert_eq!(seen.get_pixel(4, 4).0, [255, 255, 255]);
    }

    #[tokio::test]
    async fn what_is_no_picture_or_too_large_is_refused() {
        async fn check(
            answer: impl Fn() -> Response + Clone + Send + Sync + 'static,
            expected: &str,
        ) {
            let error = shown(answer).await.expect_err("it cannot be shown");
            assert!(error.contains(expected), "{error}");
        }
        check(
            || of_type("image/jpeg", "<html>"),
            "format could not be determined",
        )
        .await;
        let large = "the picture at URL/picture/1 answered with more than 10485760 bytes";
        check(
            || endless("image/jpeg", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            large,
        )
        .await;
        let moved = || {
            let response = Response::builder().status(StatusCode::FOUND);
            let response = response.header("location", "/elsewhere");
            response.body("".into()).expect("a response")
        };
        check(
            moved,
            "answered with the redirect 302, which is not followed",
        )
        .await;
        // Few bytes, many pixels.
        let bomb = |width: u32, height: u32| {
            let mut bytes = encoded(red(1, 1), ImageFormat::Png);
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let check = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&check.to_be_bytes());
            move || of_type("image/png", bytes.clone())
        };
        check(bomb(16_385, 1), "exceeds limit").await;
        check(bomb(1, 1_000_000), "exceeds limit").await;
        check(
            bomb(16_000, 16_000),
            "16000 × 16000 pixels, which take 768000000 bytes; 160000000 are allowed",
        )
        .await;
    }

    /// The check of a part of a PNG.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |check: u32, byte| {
            (0..8).fold(check ^ u32::from(*byte), |check, _| {
                (check >> 1) ^ (0xedb8_8320 * (check & 1))
            })
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_picture_that_does_not_come_is_given_up_after_5_seconds() {
        let server = Listening::silent().await;
        let image = sent(&format!("{}/picture/1", server.url));
        let start = tokio::time::Instant::now();
        let error = picture(&context(Some(&server.url)), &image, &settings()).await;
        let error = error.expect_err("it does not come").to_string();
        assert!(error.ends_with("did not answer within 5 s"), "{error}");
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[test]
    fn addresses_of_others_are_never_fetched() {
        #[track_caller]
        fn check(pic_url: &str, expected: bool) {
            let context = context(Some("http://127.0.0.1:8090/api"));
            assert_eq!(address(&context, pic_url).is_some(), expected, "{pic_url}");
        }
        check("http://mmbiz.qpic.cn/mmbiz_jpg/a/0", true);
        check("https://mmbiz.qpic.cn/mmbiz_jpg/a/0?wx_fmt=jpeg", true);
        check("http://thirdwx.qlogo.cn/a/132", true);
        check("https://MMBIZ.QPIC.CN/a", true);
        check("http://127.0.0.1:8090/picture/1", true);
        check("http://127.0.0.1:8091/picture/1", false);
        check("https://127.0.0.1:8090/picture/1", false);
        check("http://qpic.cn/a", false);
        check("http://evilqpic.cn/a", false);
        check("http://qpic.cn.evil.com/a", false);
        check("http://evil.com/mmbiz.qpic.cn", false);
        check("http://evil.com/?.qpic.cn", false);
        check("http://mmbiz.qpic.cn@evil.com/a", false);
        check("http://mmbiz.qpic.cn:6379/a", false);
        check("http://mmbiz.qpic.cn.:80/a", false);
        check("http://169.254.169.254/latest/meta-data", false);
        check("http://localhost/a", false);
        check("ftp://mmbiz.qpic.cn/a", false);
        check("file:///etc/passwd", false);
        check("", false);
    }

    #[tokio::test]
    async fn what_has_no_address_of_the_platform_is_downloaded_by_its_id() {
        let platform =
            Listening::platform(encoded(red(20, 10), ImageFormat::Jpeg), "image/jpeg").await;
        let image = sent("http://evil.example.com/a.jpg");
        let shown = picture(&context(Some(&platform.url)), &image, &settings()).await;
        assert_eq!(seen(&shown.expect("a picture")).dimensions(), (20, 10));
        let error = picture(&context(None), &image, &settings())
            .await
            .expect_err("no API");
        assert!(
            error.to_string().contains("has no AppID and AppSecret"),
            "{error}"
        );
    }
}
