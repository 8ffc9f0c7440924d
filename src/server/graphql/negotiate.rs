//! Which form of answer a client accepts (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header::ACCEPT};

/// A form of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Media {
    /// `application/graphql-response+json`, whose status tells how the request went.
    GraphqlResponse,
    /// `application/json`, for clients that know no other; its status is 200 for every well-formed request.
    Json,
    /// `text/event-stream`, as GraphQL over Server-Sent Events has it.
    EventStream,
    /// `multipart/mixed`, one part for each event.
    Multipart,
}

impl Media {
    const ALL: [Self; 4] = [
        Self::GraphqlResponse,
        Self::Json,
        Self::EventStream,
        Self::Multipart,
    ];

    /// Gives the value of the `Content-Type` header.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream; charset=utf-8",
            Self::Multipart => "multipart/mixed; boundary=\"-\"",
        }
    }

    fn name(self) -> &'static str {
        self.content_type().split(';').next().unwrap_or_default()
    }
}

/// What a client accepts, as weights from 0 (not at all) to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    weights: [u16; 4],
    html: u16,
}

impl Accepted {
    /// Reads the `Accept` headers; none, or an empty one, accepts `application/json`.
    ///
    /// Only `application/json` is chosen by a wildcard: the others must be named, since old clients that
    /// accept everything understand nothing else.
    pub fn new(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let ranges: Vec<_> = values
            .flat_map(|value| value.split(','))
            .filter_map(range)
            .collect();
        if ranges.is_empty()
            && headers
                .get_all(ACCEPT)
                .iter()
                .all(|value| value.as_bytes().trim_ascii().is_empty())
        {
            return Self {
                weights: [0, 1000, 0, 0],
                html: 0,
            };
        }
        let weight = |name: &str| {
            let found = ranges
                .iter()
                .filter(|(range, _)| range == name)
                .map(|(_, weight)| *weight);
            found.max()
        };
        let json = || weight("application/*").or_else(|| weight("*/*"));
        let weights = Media::ALL.map(|media| {
            let named = weight(media.name());
            named
                .or_else(|| if media == Media::Json { json() } else { None })
                .unwrap_or(0)
        });
        Self {
            weights,
            html: weight("text/html").unwrap_or(0),
        }
    }

    /// Chooses the form for an operation that has one answer; none is 406.
    pub fn single(&self) -> Option<Media> {
        self.best(&[Media::GraphqlResponse, Media::Json])
            .or_else(|| self.stream())
    }

    /// Chooses the form for an operation that has many answers; none is 406.
    pub fn stream(&self) -> Option<Media> {
        self.best(&[Media::EventStream, Media::Multipart])
    }

    /// Tells whether an event stream is accepted, the form that subscriptions are answered in.
    pub const fn events(&self) -> bool {
        self.weights[Media::EventStream as usize] > 0
    }

    /// Tells whether a page is preferred to an answer, as browsers do that open the address.
    pub fn prefers_html(&self) -> bool {
        self.html > 0 && self.weights.iter().all(|&weight| weight <= self.html)
    }

    /// Gives the heaviest; the first one where two weigh the same.
    fn best(&self, among: &[Media]) -> Option<Media> {
        let weight = |media: &Media| self.weights[*media as usize];
        let best = among.iter().copied().filter(|media| weight(media) > 0);
        best.reduce(|best, media| {
            if weight(&media) > weight(&best) {
                media
            } else {
                best
            }
        })
    }
}

/// Reads one media range with its weight; none when it is malformed.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts
        .next()
        .filter(|name| name.contains('/'))?
        .to_ascii_lowercase();
    let mut weight = 1000;
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.trim_end().to_ascii_lowercase().as_str() {
            "q" => weight = quality(value.trim_start())?,
            "charset" if !value.trim_matches('"').eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((name, weight))
}

/// Reads a weight with at most three decimals.
fn quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(values: &[&str]) -> Accepted {
        let headers = values
            .iter()
            .map(|value| (ACCEPT, value.parse().expect("a header value")));
        Accepted::new(&headers.collect())
    }

    #[test]
    fn one_answer_comes_in_the_form_that_is_preferred() {
        let graphql = Some(Media::GraphqlResponse);
        let json = Some(Media::Json);
        for (accept, media) in [
            ("", json),
            ("*/*", json),
            ("application/*", json),
            ("application/json", json),
            ("APPLICATION/JSON; charset=UTF-8", json),
            ("application/json; charset=latin-1", None),
            ("application/graphql-response+json", graphql),
            (
                "application/graphql-response+json; charset=utf-8, application/json; q=0.9",
                graphql,
            ),
            ("application/json, application/graphql-response+json", graphql),
            ("application/graphql-response+json;q=0.5, application/json", json),
            ("application/graphql-response+json;q=0.5, */*", json),
            ("application/graphql-response+json;q=0, */*;q=0.1", json),
            (
                "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed",
                graphql,
            ),
            ("multipart/mixed;subscriptionSpec=1.0, application/json", json),
            ("text/event-stream", Some(Media::EventStream)),
            ("multipart/mixed", Some(Media::Multipart)),
            ("application/json;q=0", None),
            ("*/*;q=0", None),
            ("text/plain", None),
            ("text/html", None),
            ("application/json;q=7", None),
            ("nonsense", None),
        ] {
            assert_eq!(accepted(&[accept]).single(), media, "{accept}");
        }
        assert_eq!(accepted(&[]).single(), json);
        assert_eq!(accepted(&["text/plain", "application/json"]).single(), json);
    }

    #[test]
    fn many_answers_need_a_form_that_takes_them() {
        assert_eq!(accepted(&["*/*"]).stream(), None);
        assert_eq!(
            accepted(&["application/json, text/event-stream"]).stream(),
            Some(Media::EventStream)
        );
        let apollo = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, application/json";
        assert_eq!(accepted(&[apollo]).stream(), Some(Media::Multipart));
    }

    #[test]
    fn browsers_get_the_page() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        assert!(accepted(&[browser]).prefers_html());
        assert!(!accepted(&["application/json, text/html;q=0.9"]).prefers_html());
        assert!(!accepted(&["*/*"]).prefers_html());
    }
}
