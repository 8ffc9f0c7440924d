//! Files that a Markdown text shows: `![a picture](asset:ast_…)`.
//!
//! In clean HTML such an image still has that address. Who is shown the HTML gets another for each file that they may read, good for
//! a while, and none for others.

use super::markdown::ASSET;
use crate::kernel::ids::{AssetKey, Key, OrgId};
use std::collections::BTreeSet;

/// The files of an organisation that a text mentions; what is mentioned of another's is nothing.
pub fn assets_in(text: &str, org: OrgId) -> impl Iterator<Item = AssetKey> {
    let mentioned: BTreeSet<AssetKey> = text
        .split(ASSET)
        .skip(1)
        .filter_map(|rest| AssetKey::parse(&rest[..id_ends(rest)]))
        .filter(|key| key.org == org)
        .collect();
    mentioned.into_iter()
}

/// Puts other files in the place of those that a text mentions; where there is no other, the text stays as it is.
pub fn replace_assets(text: &str, other: impl Fn(AssetKey) -> Option<AssetKey>) -> String {
    let mut parts = text.split(ASSET);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let (id, rest) = rest.split_at(id_ends(rest));
        replaced.push_str(ASSET);
        match AssetKey::parse(id).and_then(&other) {
            Some(key) => replaced.push_str(&key.to_string()),
            None => replaced.push_str(id),
        }
        replaced.push_str(rest);
    }
    replaced
}

/// Replaces the addresses of files in clean HTML.
pub fn address_assets(html: &str, address: impl Fn(AssetKey) -> Option<String>) -> String {
    let mut parts = html.split(SRC);
    let mut addressed = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        let (id, rest) = rest.split_at(id_ends(rest));
        let url = AssetKey::parse(id).and_then(&address).unwrap_or_default();
        addressed.push_str(" src=\"");
        addressed.push_str(&url.replace('&', "&amp;").replace('"', "&quot;"));
        addressed.push_str(rest);
    }
    addressed
}

/// What stands before a file in clean HTML. In a text a quotation mark is not written like this.
const SRC: &str = " src=\"asset:";

fn id_ends(rest: &str) -> usize {
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    rest.find(|c| !is_of_id(c)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::markdown::render;
    use crate::kernel::ids::AssetId;
    use uuid::Uuid;

    #[test]
    fn another_file_is_put_in_the_place_of_one_and_everything_else_stays() {
        let (here, there) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let own = AssetKey::new(here, AssetId(Uuid::from_u128(3)));
        let [known, unknown] = [4, 5].map(|id| AssetKey::new(there, AssetId(Uuid::from_u128(id))));
        let text = |first: AssetKey| {
            format!(
                "![a](asset:{first}) ![b](asset:{unknown}) asset:{first}. asset: asset:ast_ `asset:é` asset:"
            )
        };
        let other = |key: AssetKey| (key == known).then_some(own);
        assert_eq!(replace_assets(&text(known), other), text(own));
        assert_eq!(replace_assets(&text(unknown), other), text(unknown));
        assert_eq!(replace_assets("", other), "");
    }

    #[test]
    fn an_image_of_a_file_gets_an_address_for_those_who_may_read_it() {
        let (here, there) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let [seen, unseen] = [3, 4].map(|id| AssetKey::new(here, AssetId(Uuid::from_u128(id))));
        let foreign = AssetKey::new(there, AssetId(Uuid::from_u128(5)));
        let text = format!(
            "![a](asset:{seen}) ![b](asset:{unseen} \"c\") ![d](asset:{foreign}) [e](asset:{seen}) `src=\"asset:{seen}` ![f](asset:nothing)"
        );
        assert_eq!(assets_in(&text, here).collect::<Vec<_>>(), [seen, unseen]);
        let html = address_assets(&render(&text), |key| {
            (key == seen).then(|| "https://a.example/?b=1&c=\"2".to_owned())
        });
        let expected = format!(
            "<p><img src=\"https://a.example/?b=1&amp;c=&quot;2\" alt=\"a\"> <img src=\"\" alt=\"b\" title=\"c\"> <img src=\"\" alt=\"d\"> \
             <a rel=\"nofollow noopener noreferrer\">e</a> <code>src=\"asset:{seen}</code> <img src=\"\" alt=\"f\"></p>\n"
        );
        assert_eq!(html, expected);
    }
}
