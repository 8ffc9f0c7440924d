//! Markdown: what authors write, and the HTML that readers may be shown of it.
//!
//! The source is what is stored. HTML is made of it when it is asked for, and only of tags and attributes that are listed
//! here: whoever shows it needs to clean nothing, and a stricter list holds for what was published long ago.

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{Event, Options, Parser, TagEnd};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

/// How deep quotations, lists and emphases may nest; what lies deeper stands at this depth.
const MOST_NESTED: usize = 32;
/// Tags of HTML that a text may have between its Markdown; what follows is shown as it is written. Each tag looks at those
/// that are open.
const MOST_TAGS: usize = 2_000;

/// Markdown source, with the HTML of it once somebody has asked. Copies share both.
#[derive(Clone, Default)]
pub struct Markdown(Arc<Text>);

#[derive(Default)]
struct Text {
    source: String,
    html: OnceLock<Box<str>>,
}

impl Markdown {
    /// What its author wrote.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Clean HTML of it, made once. A long text takes a while: milliseconds for each ten thousand characters.
    pub fn html(&self) -> &str {
        let text = &self.0;
        text.html.get_or_init(|| render(&text.source).into_boxed_str())
    }

    /// The HTML, if it was made.
    pub fn rendered(&self) -> Option<&str> {
        self.0.html.get().map(AsRef::as_ref)
    }
}

impl From<String> for Markdown {
    fn from(source: String) -> Self {
        let html = OnceLock::new();
        Self(Arc::new(Text { source, html }))
    }
}

impl fmt::Debug for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source().fmt(f)
    }
}

impl PartialEq for Markdown {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Markdown {}

impl Serialize for Markdown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.source().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Markdown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// What the address of an organisation's own file begins with.
pub const ASSET: &str = "asset:";

/// Turns Markdown into clean HTML.
pub fn render(source: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut html = String::with_capacity(source.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, bounded(Parser::new_ext(source, options)));
    CLEAN.clean(&html).to_string()
}

/// Keeps what is nested too deep, and tags that are too many, from those who must look at all that is open.
fn bounded<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let (mut open, mut tags) = (0, 0);
    events.filter_map(move |event| match event {
        Event::Start(tag) if nests(tag.to_end()) => {
            open += 1;
            (open <= MOST_NESTED).then_some(Event::Start(tag))
        }
        Event::End(tag) if nests(tag) => {
            open -= 1;
            (open < MOST_NESTED).then_some(Event::End(tag))
        }
        Event::Html(html) | Event::InlineHtml(html) => {
            tags += html.matches('<').count();
            Some(if tags <= MOST_TAGS {
                Event::InlineHtml(html)
            } else {
                Event::Text(html)
            })
        }
        event => Some(event),
    })
}

/// Whether a tag may stand in another of its kind, without end.
const fn nests(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::BlockQuote(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
    )
}

static CLEAN: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let attributes = [
        ("a", &["href", "title"][..]),
        ("abbr", &["title"]),
        ("code", &["class"]),
        ("details", &["open"]),
        ("img", &["src", "alt", "title", "width", "height"]),
        ("ol", &["start"]),
        ("td", &["colspan", "rowspan", "align"]),
        ("th", &["colspan", "rowspan", "align", "scope"]),
    ];
    let attributes: HashMap<_, HashSet<_>> = attributes
        .into_iter()
        .map(|(tag, names)| (tag, names.iter().copied().collect()))
        .collect();
    let mut clean = Builder::empty();
    clean
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(GONE.iter().copied().collect())
        .tag_attributes(attributes)
        .url_schemes(["http", "https", "mailto", "asset"].into())
        // Where this is shown is not known here, so nothing relative to it leads anywhere.
        .url_relative(UrlRelative::Deny)
        .attribute_filter(allow)
        .link_rel(Some("nofollow noopener noreferrer"));
    clean
});

/// The tags that readers may be shown.
const TAGS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
];

/// The tags that go with all that they hold.
const GONE: &[&str] = &[
    "embed", "iframe", "math", "noscript", "object", "script", "style", "svg", "template", "textarea",
    "title",
];

/// What an attribute may say, beyond its name and its scheme.
fn allow<'v>(tag: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let is_allowed = match (tag, attribute) {
        ("img", "src") => begins(value, "https://") || value.starts_with(ASSET),
        ("a", "href") => !begins(value, ASSET),
        ("code", "class") => value.strip_prefix("language-").is_some_and(|language| {
            !language.is_empty()
                && language
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+#-_".contains(&byte))
        }),
        _ => true,
    };
    is_allowed.then_some(Cow::Borrowed(value))
}

fn begins(url: &str, scheme: &str) -> bool {
    let start = url.get(..scheme.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_authors_mean_is_shown() {
        for (source, html) in [
            ("# A *title*", "<h1>A <em>title</em></h1>\n"),
            ("1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"),
            (
                "```rust\nlet a = 1 < 2;\n```",
                "<pre><code class=\"language-rust\">let a = 1 &lt; 2;\n</code></pre>\n",
            ),
            ("H<sub>2</sub>O ~~no~~", "<p>H<sub>2</sub>O <del>no</del></p>\n"),
            ("a<br>b", "<p>a<br>b</p>\n"),
            (
                "|a|\n|-|\n|b|",
                "<table><thead><tr><th>a</th></tr></thead><tbody>\n<tr><td>b</td></tr>\n</tbody></table>\n",
            ),
            (
                "![alt](https://a.example/b.png)",
                "<p><img src=\"https://a.example/b.png\" alt=\"alt\"></p>\n",
            ),
            (
                "[there](https://a.example/?b=1&c=2)",
                "<p><a href=\"https://a.example/?b=1&amp;c=2\" rel=\"nofollow noopener noreferrer\">there</a></p>\n",
            ),
            ("", ""),
        ] {
            assert_eq!(render(source), html, "{source}");
        }
    }

    #[test]
    fn nothing_that_could_run_is_shown() {
        for hostile in [
            "<script>alert(1)</script>",
            "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
            "<scr<script>ipt>alert(1)</scr</script>ipt>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"https://a.example/b.png\" ONERROR=\"alert(1)\">",
            "<p onclick='alert(1)'>p</p>",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](javascript&colon;alert(1))",
            "[a](&#106;avascript:alert(1))",
            "[a](java&#10;script:alert(1))",
            "[a](<java\tscript:alert(1)>)",
            "[a](vbscript:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "<a href=\"&#x6A;avascript:alert(1)\">a</a>",
            "<a href=\" javascript:alert(1)\">a</a>",
            "<a href=\"\u{1}javascript:alert(1)\">a</a>",
            "![a](data:image/svg+xml;base64,PHN2Zz4=)",
            "![a](http://a.example/b.png)",
            "![a](//a.example/b.png)",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "<svg><style><img src=x onerror=alert(1)></style></svg>",
            "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
            "<style>@import 'https://evil.example/x.css';</style>",
            "<p style=\"background:url(javascript:alert(1))\">p</p>",
            "<iframe src=\"https://evil.example\"></iframe>",
            "<iframe srcdoc=\"<script>alert(1)</script>\">",
            "<object data=x></object><embed src=x>",
            "<form action=https://evil.example><input name=a><button formaction=javascript:alert(1)>b</button></form>",
            "<base href=https://evil.example/>",
            "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
            "<template><script>alert(1)</script></template>",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<img src=\"https://a.example/`onerror=alert(1)\" alt='\"><script>alert(1)</script>'>",
            "<a href=\"https://a.example\" target=_blank rel=opener>a</a>",
            "```\"onmouseover=alert(1)\nx\n```",
            "<code class=\"evil\">a</code>",
            "<!--><script>alert(1)</script>-->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "<p id=x class=y data-z=1>p",
        ] {
            let html = render(hostile);
            let shown = html.to_lowercase();
            for word in [
                "<script",
                "<svg",
                "<math",
                "<style",
                "<iframe",
                "<object",
                "<embed",
                "<form",
                "<input",
                "<base",
                "<meta",
                "<template",
                " on",
                "=\"javascript",
                "vbscript:",
                "data:",
                "http:",
                "src=\"//",
                " style=",
                " target=",
                "rel=\"opener",
                "class=\"evil",
                " id=",
                "data-z",
            ] {
                // What is text is harmless: only what stands in a tag counts.
                let in_tags = shown.split('<').skip(1).filter_map(|tag| tag.split('>').next());
                let found = in_tags.map(|tag| format!("<{tag}")).any(|tag| tag.contains(word));
                assert!(!found, "{word} in {html} of {hostile}");
            }
        }
    }

    #[test]
    fn what_is_left_open_is_closed() {
        let html = render("<div><b><a href=\"https://a.example\">a\n\n<table><td>b <!-- never closed");
        for tag in ["div", "b", "a", "table", "td"] {
            let opened =
                html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(
                opened,
                html.matches(&format!("</{tag}>")).count(),
                "{tag} in {html}"
            );
        }
    }

    #[test]
    fn a_text_that_nests_without_end_is_shown_to_a_depth() {
        let deep = |what: &str| what.repeat(20_000 / what.len());
        for hostile in [
            deep(">"),
            deep("- "),
            deep("1. "),
            deep("*a **b "),
            deep("["),
            deep("![a]("),
            deep("<div>"),
            deep("<b><i>"),
            deep("<p>"),
            deep("<table><td>"),
            deep("</p>"),
            deep("<!--"),
            deep("<"),
            deep("&#"),
            deep("`"),
            deep("|"),
            deep("a\n> "),
            format!("{}{}", deep("- "), deep("\n")),
            format!("{}a{}", deep("*"), deep("*")),
        ] {
            let html = render(&hostile);
            let depth = html.matches("<blockquote>").count() + html.matches("<ul>").count();
            assert!(depth <= MOST_NESTED, "{depth} of {}", &hostile[..20]);
        }
    }

    #[test]
    fn a_text_of_a_megabyte_is_shown_whole() {
        let text = "A word, a [link](https://a.example) and `code`.\n\n".repeat(20_000);
        assert_eq!(render(&text).matches("<p>").count(), 20_000);
    }

    #[test]
    fn a_text_is_stored_as_it_was_written_and_rendered_once() {
        let text: Markdown = serde_json::from_str("\"*a*\"").unwrap();
        assert!(std::ptr::eq(text.html(), text.html()));
        assert_eq!((text.source(), text.html()), ("*a*", "<p><em>a</em></p>\n"));
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"*a*\"");
        assert_eq!(text, Markdown::from("*a*".to_owned()));
    }
}
