//! Against a real store that speaks S3: the package `s3rver`. It knows who signs and until when, and does not compute
//! signatures of version 4 itself; those are `object_store`'s.

use super::support::uploads::PICTURE;
use lyceum::config::FilesConfig;
use lyceum::files::Files;
use lyceum::kernel::clock::Clock;
use lyceum::kernel::ids::{AssetId, AssetKey, OrgId};
use lyceum::kernel::keyring::Keyring;
use reqwest::StatusCode;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

struct Store {
    _process: Child,
    /// It would stop at its next word if nobody listened.
    _lines: Lines<BufReader<ChildStdout>>,
    files: Files,
}

impl Store {
    /// Starts one, where its package is installed.
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let has_package = folder.join("playground/node_modules/s3rver").exists();
        if !has_package || Command::new("node").arg("--version").output().await.is_err() {
            eprintln!(
                "note: no file was kept in a real S3 store; that needs node and `npm ci` in playground"
            );
            return None;
        }
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("s3");
        drop(std::fs::remove_dir_all(&data));
        std::fs::create_dir_all(&data).unwrap();
        let mut process = Command::new("node")
            .arg(folder.join("tests/audits/s3_server.mjs"))
            .arg(&data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let some = |text: &str| Some(text.to_owned());
        let config = FilesConfig {
            s3_bucket: some("academy"),
            s3_endpoint: lines.next_line().await.unwrap(),
            s3_access_key_id: some("S3RVER"),
            s3_secret_access_key: some("S3RVER"),
            ..FilesConfig::default()
        };
        let keyring = Keyring::parse(&"5a".repeat(32)).unwrap();
        Some(Self {
            _process: process,
            _lines: lines,
            files: Files::new(&config, None, keyring).unwrap(),
        })
    }
}

#[tokio::test]
async fn files_are_kept_in_a_store_that_browsers_reach_by_signed_addresses() {
    let Some(store) = Store::start().await else { return };
    let (files, clock, http) = (&store.files, Clock::default(), reqwest::Client::new());
    let org = OrgId(clock.uuid());
    let upload = AssetKey::new(org, AssetId(clock.uuid()));
    let bytes = i32::try_from(PICTURE.len()).unwrap();
    assert!(
        files.settle(upload, clock.uuid()).await.unwrap().is_none(),
        "nothing was uploaded"
    );

    let to = files.to_write(upload, bytes, clock.now()).await.unwrap();
    assert!(to.url.contains("X-Amz-Signature="), "{}", to.url);
    let longer = [PICTURE, b"x"].concat();
    let sent = http.put(&to.url).body(longer).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let settled = files.settle(upload, clock.uuid()).await.unwrap().unwrap();
    assert_eq!(settled.bytes, PICTURE.len() as u64 + 1, "what came is measured");
    files.remove_object(org, settled.object).await;
    let sent = http.put(&to.url).body(PICTURE).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);

    let settled = files.settle(upload, clock.uuid()).await.unwrap().unwrap();
    assert_eq!(
        (settled.bytes, settled.media_type),
        (PICTURE.len() as u64, Some("image/png"))
    );
    let url = files
        .to_read(org, settled.object, ("a ö.png", "image/png"), clock.now())
        .await
        .unwrap();
    let read = http.get(&url).send().await.unwrap();
    assert_eq!(read.status(), StatusCode::OK);
    assert_eq!(read.headers()["content-type"], "image/png");
    assert_eq!(
        read.headers()["content-disposition"],
        "inline; filename*=UTF-8''a%20%C3%B6.png"
    );
    assert_eq!(read.bytes().await.unwrap(), PICTURE);
    let page = files
        .to_read(org, settled.object, ("a.html", "text/html"), clock.now())
        .await
        .unwrap();
    let saved = http.get(&page).send().await.unwrap();
    assert_eq!(saved.headers()["content-type"], "application/octet-stream");
    assert!(
        saved.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let bent = url.replace("X-Amz-Credential=S3RVER", "X-Amz-Credential=SOMEBODY");
    assert_ne!(bent, url);
    assert_eq!(
        http.get(&bent).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );

    let changed = http
        .put(&to.url)
        .body(vec![b'x'; PICTURE.len()])
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), StatusCode::OK, "the address is still good");
    assert_eq!(
        http.get(&url).send().await.unwrap().bytes().await.unwrap(),
        PICTURE,
        "what was looked at is what is handed out"
    );

    files.remove_upload(upload).await;
    assert!(files.settle(upload, clock.uuid()).await.unwrap().is_none());
    files.remove_all(org).await.unwrap();
    assert_eq!(
        http.get(&url).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}
