//! What a file is by its content. What its uploader calls it is not believed.

/// Bytes from the start of a file that tell what it is.
pub const TELLING: usize = 8_192;

/// What nobody has another name for.
const UNKNOWN: &str = "application/octet-stream";

/// What may be shown in a browser as it is: nothing of it runs there.
const SHOWN: &[&str] = &[
    "application/pdf",
    "audio/aac",
    "audio/mpeg",
    "audio/m4a",
    "audio/ogg",
    "audio/opus",
    "audio/x-flac",
    "audio/x-wav",
    "image/avif",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "text/vtt",
    "video/mp4",
    "video/webm",
];

/// Tells what a file is by how it begins; nothing of a program, which is taken from nobody.
pub fn media_type(start: &[u8]) -> Option<&'static str> {
    if infer::is_app(start) {
        return None;
    }
    let has = |tag: &[u8]| {
        start
            .windows(tag.len())
            .any(|part| part.eq_ignore_ascii_case(tag))
    };
    Some(match infer::get(start) {
        _ if is_text(start) && has(b"<svg") => "image/svg+xml",
        Some(kind) => kind.mime_type(),
        None if !is_text(start) => UNKNOWN,
        // Also further on than where a file says so.
        None if has(b"<html") || has(b"<script") => "text/html",
        None if start.starts_with(b"WEBVTT") => "text/vtt",
        None => "text/plain",
    })
}

/// Whether a browser may show it in its place; everything else is saved.
pub fn is_shown(media_type: &str) -> bool {
    SHOWN.contains(&media_type)
}

/// What a file is handed out as: what a browser would run or take apart is bytes to it.
pub fn served_as(media_type: &str) -> &str {
    if is_shown(media_type) { media_type } else { UNKNOWN }
}

fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(_) => true,
        // The last character may be cut in two.
        Err(error) => error.error_len().is_none() && start.len() >= TELLING,
    };
    text && !start.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_content_says() {
        for (start, expected) in [
            (&b"\x89PNG\r\n\x1a\n\0\0"[..], Some("image/png")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (b"<!DOCTYPE html><html>", Some("text/html")),
            (b"Words.\n<sCRipt>alert(1)</script>", Some("text/html")),
            (
                b"<!-- a --><SVG xmlns=\"http://www.w3.org/2000/svg\"/>",
                Some("image/svg+xml"),
            ),
            (b"<?xml version=\"1.0\"?><svg/>", Some("image/svg+xml")),
            (b"<?xml version=\"1.0\"?><a/>", Some("text/xml")),
            (b"WEBVTT\n\n", Some("text/vtt")),
            (b"Some words.", Some("text/plain")),
            ("Grüße".as_bytes(), Some("text/plain")),
            (b"\0\x01\x02", Some("application/octet-stream")),
            (
                b"\x7fELF\x02\x01\x01 and as many bytes more as its header has: 64 in all",
                None,
            ),
            (b"MZ\x90\0", None),
        ] {
            assert_eq!(media_type(start), expected, "{start:?}");
        }
        for hostile in ["text/html", "text/xml", "image/svg+xml", "application/zip"] {
            assert_eq!(served_as(hostile), UNKNOWN);
        }
    }
}
