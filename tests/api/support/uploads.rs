//! Files that people upload in tests.

use super::client::{Client, Reply};
use super::{TestApp, factory};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use lyceum::config::FilesConfig;
use lyceum::kernel::ids::{AssetId, AssetKey, MemberKey};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;
use tower::ServiceExt;

/// What tests read of an asset.
pub const ASSET: &str =
    "id state fileName declaredType mediaType bytes sha256 rejection url completedAt uploadedBy { id }";

/// A picture of one pixel.
pub const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Where the files of tests lie.
pub fn files_config() -> FilesConfig {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files");
        drop(std::fs::remove_dir_all(&folder));
        folder
    });
    FilesConfig {
        files_dir: Some(folder.clone()),
        ..FilesConfig::default()
    }
}

/// Begins an upload.
pub async fn begin(app: &TestApp, who: &Client, name: &str, media_type: &str, bytes: usize) -> Reply {
    let document = format!(
        "mutation($input: AssetUploadCreateInput!) {{ assetUploadCreate(input: $input) {{ asset {{ {ASSET} }} \
         upload {{ method url headers {{ name value }} expiresAt }} userErrors {{ code field }} }} }}"
    );
    let input =
        json!({ "organizationId": app.org_id(), "fileName": name, "mediaType": media_type, "bytes": bytes });
    who.run_with(&document, json!({ "input": input })).await
}

/// Sends content to an address.
pub async fn put(app: &TestApp, url: &str, content: &[u8]) -> StatusCode {
    let request = Request::put(path(url)).header(header::CONTENT_LENGTH, content.len());
    let request = request.body(Body::from(content.to_vec())).unwrap();
    app.anonymous().send(request).await.status
}

/// Says that everything is there.
pub async fn complete(who: &Client, asset: &str) -> Reply {
    let document = format!(
        "mutation($id: ID!) {{ assetUploadComplete(input: {{id: $id}}) {{ asset {{ {ASSET} }} userErrors {{ code field }} }} }}"
    );
    who.run_with(&document, json!({ "id": asset })).await
}

/// Uploads a file; returns what it has become.
pub async fn upload(app: &TestApp, who: &Client, name: &str, content: &[u8]) -> Value {
    let begun = begin(app, who, name, "application/octet-stream", content.len()).await;
    assert_eq!(begun.codes(), "", "{:#}", begun.body);
    let status = put(app, begun.text("/assetUploadCreate/upload/url"), content).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let done = complete(who, begun.text("/assetUploadCreate/asset/id")).await;
    assert_eq!(done.codes(), "", "{:#}", done.body);
    done.data("/assetUploadComplete/asset").clone()
}

/// Uploads a picture; returns its identifier.
pub async fn picture(app: &TestApp, who: &Client) -> String {
    let asset = upload(app, who, "pixel.png", PICTURE).await;
    asset["id"].as_str().unwrap().to_owned()
}

/// Reads an asset: null where the asker may not.
pub async fn read(who: &Client, asset: &str) -> Value {
    let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on Asset {{ {ASSET} }} }} }}");
    who.run_with(&document, json!({ "id": asset }))
        .await
        .data("/node")
        .clone()
}

/// The path of an address of this server's.
pub fn path(url: &str) -> &str {
    let (_, path) = url
        .split_once("/files/")
        .unwrap_or_else(|| panic!("{url} is no address of this server's"));
    &url[url.len() - path.len() - "/files/".len()..]
}

/// An asset that is ready, put straight into the database: its content is nowhere.
pub async fn asset(app: &TestApp, uploader: MemberKey, word: &str) -> String {
    let key = AssetKey::new(app.org, AssetId(app.app.clock.uuid()));
    let sql = format!(
        "insert into assets (org_id, id, state, file_name, declared_type, media_type, bytes, sha256, object_id, uploaded_by, completed_at) \
         values ('{}', '{}', 'ready', '{word}-assets-name', '{word}-assets-declared', '{word}-assets-type', 5, sha256('x'), gen_random_uuid(), \
         '{}', now())",
        app.org.0, key.id.0, uploader.id.0
    );
    factory::sql(app, &sql).await;
    key.to_string()
}

/// Reads from an address, or a range of what is there.
pub async fn get(app: &TestApp, url: &str, range: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::get(path(url));
    if let Some(range) = range {
        request = request.header(header::RANGE, range);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = app.routes().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (
        parts.status,
        parts.headers,
        to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    )
}
