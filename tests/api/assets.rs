//! Files: how they come, what they turn out to be, and who may read them.

use super::support::client::Client;
use super::support::uploads::{PICTURE, begin, complete, get, path, picture, put, read, upload};
use super::support::{TestApp, factory, learning};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use lyceum::domain::assets::upload as uploading;
use lyceum::jobs::tidier;
use lyceum::kernel::ids::{AssetKey, Key};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn url(asset: &Value) -> &str {
    asset["url"].as_str().unwrap()
}

#[tokio::test]
async fn a_file_is_uploaded_looked_at_and_read() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let begun = begin(&app, &author, "a \"pixel\" ö.png", "text/html", PICTURE.len()).await;
    let asset = begun.data("/assetUploadCreate/asset");
    assert_eq!(
        (&asset["state"], &asset["url"], &asset["sha256"]),
        (&json!("PENDING"), &json!(null), &json!(null))
    );
    let to = begun.data("/assetUploadCreate/upload");
    assert_eq!(
        (&to["method"], &to["headers"][0]["value"]),
        (&json!("PUT"), &json!(PICTURE.len().to_string()))
    );
    assert_eq!(
        put(&app, to["url"].as_str().unwrap(), PICTURE).await,
        StatusCode::NO_CONTENT
    );
    let done = complete(&author, asset["id"].as_str().unwrap()).await;
    assert_eq!(done.codes(), "", "{:#}", done.body);
    let asset = done.data("/assetUploadComplete/asset");
    assert_eq!(
        (&asset["state"], &asset["rejection"]),
        (&json!("READY"), &json!(null))
    );
    assert_eq!(
        (&asset["mediaType"], &asset["declaredType"]),
        (&json!("image/png"), &json!("text/html")),
        "what was said is not believed"
    );
    assert_eq!(asset["sha256"], json!(hex::encode(Sha256::digest(PICTURE))));
    assert_eq!(asset["uploadedBy"]["id"], author.member.to_string());

    let (status, headers, content) = get(&app, url(asset), None).await;
    assert_eq!((status, content.as_slice()), (StatusCode::OK, PICTURE));
    for (name, value) in [
        ("content-type", "image/png"),
        (
            "content-disposition",
            "inline; filename*=UTF-8''a%20%22pixel%22%20%C3%B6.png",
        ),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("sandbox;")
    );
    for (range, expected, said) in [
        ("bytes=0-3", &PICTURE[..4], format!("bytes 0-3/{}", PICTURE.len())),
        (
            "bytes=-2",
            &PICTURE[PICTURE.len() - 2..],
            format!(
                "bytes {}-{}/{}",
                PICTURE.len() - 2,
                PICTURE.len() - 1,
                PICTURE.len()
            ),
        ),
        (
            "bytes=5-",
            &PICTURE[5..],
            format!("bytes 5-{}/{}", PICTURE.len() - 1, PICTURE.len()),
        ),
    ] {
        let (status, headers, content) = get(&app, url(asset), Some(range)).await;
        assert_eq!(
            (status, content.as_slice()),
            (StatusCode::PARTIAL_CONTENT, expected),
            "{range}"
        );
        assert_eq!(headers["content-range"], said.as_str());
    }
    assert_eq!(
        get(&app, url(asset), Some("bytes=999-")).await.0,
        StatusCode::RANGE_NOT_SATISFIABLE
    );
    let again = complete(&author, asset["id"].as_str().unwrap()).await;
    assert_eq!(again.codes(), "INVALID_STATE");
    assert_eq!(factory::audit(&app, "asset.completed").await.len(), 1);
}

#[tokio::test]
async fn what_a_browser_could_run_is_saved_and_a_program_is_not_taken() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for (name, content, media_type, how) in [
        (
            "a.png",
            &b"<!DOCTYPE html><script>alert(1)</script>"[..],
            "text/html",
            "attachment",
        ),
        ("a.xml", b"<?xml version=\"1.0\"?><a/>", "text/xml", "attachment"),
        (
            "a.png",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>",
            "image/svg+xml",
            "attachment",
        ),
        ("a.txt", b"Words.", "text/plain", "inline"),
        ("a.bin", b"\0\x01\x02", "application/octet-stream", "attachment"),
    ] {
        let asset = upload(&app, &author, name, content).await;
        assert_eq!(
            (&asset["state"], &asset["mediaType"]),
            (&json!("READY"), &json!(media_type))
        );
        let (_, headers, served) = get(&app, url(&asset), None).await;
        assert_eq!(served, content);
        let shown = if how == "inline" {
            media_type
        } else {
            "application/octet-stream"
        };
        assert_eq!(headers["content-type"], shown, "{name}");
        assert!(
            headers["content-disposition"].to_str().unwrap().starts_with(how),
            "{name}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
    let program = upload(
        &app,
        &author,
        "a.png",
        b"\x7fELF\x02\x01\x01 and as many bytes more as its header has: 64 in all",
    )
    .await;
    assert_eq!(
        (&program["state"], &program["rejection"], &program["url"]),
        (&json!("REJECTED"), &json!("PROGRAM"), &json!(null))
    );
}

#[tokio::test]
async fn an_address_takes_what_was_announced_and_nothing_else() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let begun = begin(&app, &author, "a.png", "image/png", PICTURE.len()).await;
    let (id, url) = (
        begun.text("/assetUploadCreate/asset/id"),
        begun.text("/assetUploadCreate/upload/url"),
    );
    assert_eq!(
        complete(&author, id).await.codes(),
        "INVALID_STATE",
        "nothing has come"
    );
    for content in [&PICTURE[1..], &[PICTURE, b"x"].concat()[..], b""] {
        assert_eq!(
            put(&app, url, content).await,
            StatusCode::BAD_REQUEST,
            "{} bytes",
            content.len()
        );
    }
    // One that does not say how much it sends is cut off.
    let endless = Request::put(path(url)).body(Body::from_stream(futures_util::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(vec![0; 4096])
    })));
    let status = app.anonymous().send(endless.unwrap()).await.status;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        complete(&author, id).await.codes(),
        "INVALID_STATE",
        "nothing of that is there"
    );
    assert_eq!(
        get(&app, url, None).await.0,
        StatusCode::NOT_FOUND,
        "an address to write to reads nothing"
    );

    assert_eq!(put(&app, url, PICTURE).await, StatusCode::NO_CONTENT);
    let asset = complete(&author, id)
        .await
        .data("/assetUploadComplete/asset")
        .clone();
    let changed = vec![b'x'; PICTURE.len()];
    assert_eq!(
        put(&app, url, &changed).await,
        StatusCode::NO_CONTENT,
        "the address is still good"
    );
    assert_eq!(
        get(&app, self::url(&asset), None).await.2,
        PICTURE,
        "and what was looked at is what is handed out"
    );
    assert_eq!(
        put(&app, self::url(&asset), PICTURE).await,
        StatusCode::NOT_FOUND,
        "an address to read from writes nothing"
    );
    let bent = format!("{url}x");
    assert_eq!(put(&app, &bent, PICTURE).await, StatusCode::NOT_FOUND);

    app.app.clock.advance(TimeDelta::minutes(16));
    assert_eq!(
        put(&app, url, PICTURE).await,
        StatusCode::NOT_FOUND,
        "15 minutes are over"
    );
    app.app.clock.advance(TimeDelta::minutes(50));
    assert_eq!(
        get(&app, self::url(&asset), None).await.0,
        StatusCode::NOT_FOUND,
        "an hour is over"
    );
}

#[tokio::test]
async fn what_cannot_be_announced_is_refused_at_its_field() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for (name, media_type, bytes, field) in [
        ("", "image/png", 5, "fileName"),
        ("a/b", "image/png", 5, "fileName"),
        ("a\\b", "image/png", 5, "fileName"),
        ("a\nb", "image/png", 5, "fileName"),
        (&*"a".repeat(256), "image/png", 5, "fileName"),
        ("a", "png", 5, "mediaType"),
        ("a", "image/", 5, "mediaType"),
        ("a", "image/png; a=b", 5, "mediaType"),
        ("a", "image/png", 0, "bytes"),
        ("a", "image/png", 536_870_913, "bytes"),
    ] {
        let reply = begin(&app, &author, name, media_type, bytes).await;
        assert_eq!(reply.codes(), "INVALID", "{name} {media_type} {bytes}");
        assert_eq!(
            reply.data("/assetUploadCreate/userErrors/0/field"),
            &json!([field])
        );
    }
    assert_eq!(factory::count(&app, "assets").await, 0);
    for _ in 0..19 {
        assert_eq!(
            begin(&app, &author, "a", "image/png", 536_870_912).await.codes(),
            ""
        );
    }
    let full = begin(&app, &author, "a", "image/png", 536_870_912).await;
    assert_eq!(full.codes(), "", "20 times 512 MiB are 10 GiB");
    let over = begin(&app, &author, "a", "image/png", 1).await;
    assert_eq!(over.codes(), "LIMIT_REACHED");
    let elsewhere = app.elsewhere().await;
    assert_eq!(
        begin(&elsewhere, &elsewhere.learner().await.client, "a", "image/png", 5)
            .await
            .codes(),
        ""
    );
}

/// A course of the file of an asset, in the draft and, if it is told so, published.
async fn course_with(
    app: &TestApp,
    author: &super::support::app::Person,
    asset: &str,
    is_published: bool,
) -> String {
    let course = factory::draft_course(app, author, 0).await;
    factory::unit(
        author,
        &course.module,
        "A file",
        json!({ "file": { "assetId": asset } }),
    )
    .await;
    if is_published {
        factory::publish(author, &course.id).await;
    }
    course.id
}

async fn sees(who: &Client, asset: &str) -> bool {
    read(who, asset).await["url"].is_string()
}

#[tokio::test]
async fn a_file_is_read_by_its_uploader_and_by_who_reads_what_shows_it() {
    let app = TestApp::new().await;
    let (author, learner, other) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let (editor, teacher, manager) = (
        app.member("author").await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    let stranger = app.elsewhere().await.owner().await;
    let asset = picture(&app, &author).await;
    assert!(sees(&author, &asset).await, "their own");
    for client in [
        &editor.client,
        &teacher.client,
        &learner.client,
        &app.owner().await.client,
        &stranger.client,
    ] {
        assert_eq!(read(client, &asset).await, json!(null), "it is shown nowhere yet");
    }

    let draft = course_with(&app, &author, &asset, false).await;
    assert!(sees(&editor, &asset).await, "authors read every draft");
    assert!(!sees(&teacher, &asset).await);
    factory::teaches(&app, teacher.member, &draft).await;
    assert!(
        sees(&teacher, &asset).await,
        "who teaches the course reads its draft"
    );
    for client in [
        &learner.client,
        &manager.client,
        &stranger.client,
        &app.anonymous(),
    ] {
        assert!(!sees(client, &asset).await, "learners read no draft");
    }

    let published = course_with(&app, &author, &asset, true).await;
    assert!(!sees(&learner, &asset).await, "not before they join");
    let enrollment = learning::enroll(&learner, &published).await;
    assert!(sees(&learner, &asset).await);
    for client in [&other.client, &manager.client, &stranger.client] {
        assert!(!sees(client, &asset).await);
    }
    super::support::quiz::withdraw(&app, &enrollment).await;
    assert!(!sees(&learner, &asset).await, "nor after they left");
    for state in ["requested", "waitlisted", "declined"] {
        let asks = format!("update enrollments set state = '{state}', requested_at = now()");
        factory::change(&app, &asks).await;
        assert!(
            !sees(&learner, &asset).await,
            "nor while they only ask to be let in: {state}"
        );
    }
}

#[tokio::test]
async fn a_file_that_an_author_may_not_read_is_shown_in_no_unit() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let elsewhere = app.elsewhere().await;
    let foreign = picture(&elsewhere, &elsewhere.owner().await.client).await;
    let unseen = picture(&app, &app.learner().await.client).await;
    let begun = begin(&app, &author, "a.png", "image/png", 5).await;
    let pending = begun.text("/assetUploadCreate/asset/id").to_owned();
    let create = "mutation($module: ID!, $content: UnitContentInput!) { unitCreate(input: {moduleId: $module, title: \"A unit\", \
        content: $content}) { unit { id } userErrors { code field } } }";
    let before = factory::count(&app, "draft_units").await;
    for asset in [foreign.as_str(), &unseen, &pending, "ast_", "nonsense"] {
        for (content, field) in [
            (json!({ "file": { "assetId": asset } }), "file"),
            (json!({ "video": { "source": { "assetId": asset } } }), "video"),
        ] {
            let reply = author
                .run_with(create, json!({ "module": course.module, "content": content }))
                .await;
            assert_eq!(reply.codes(), "NOT_FOUND", "{content}");
            assert_eq!(reply.data("/unitCreate/userErrors/0/field/1"), &json!(field));
        }
    }
    assert_eq!(factory::count(&app, "draft_units").await, before);
    let text = json!({ "text": { "body": format!("![a](asset:{unseen})") } });
    let reply = author
        .run_with(create, json!({ "module": course.module, "content": text }))
        .await;
    assert_eq!(reply.codes(), "NOT_FOUND", "a text shows files too");
}

#[tokio::test]
async fn nobody_completes_an_upload_of_somebody_else() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let begun = begin(&app, &author, "a.png", "image/png", PICTURE.len()).await;
    let id = begun.text("/assetUploadCreate/asset/id");
    put(&app, begun.text("/assetUploadCreate/upload/url"), PICTURE).await;
    let stranger = app.elsewhere().await.owner().await;
    for (client, code) in [
        (&app.owner().await.client, "NOT_FOUND"),
        (&app.learner().await.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(complete(client, id).await.codes(), code);
    }
    assert_eq!(factory::count(&app, "assets where state = 'pending'").await, 1);
    assert_eq!(
        complete(&author, id)
            .await
            .text("/assetUploadComplete/asset/state"),
        "READY"
    );
}

#[tokio::test]
async fn of_requests_at_once_that_complete_an_upload_one_does() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let begun = begin(&app, &author, "a.png", "image/png", PICTURE.len()).await;
    let id = begun.text("/assetUploadCreate/asset/id");
    put(&app, begun.text("/assetUploadCreate/upload/url"), PICTURE).await;
    let replies = futures_util::future::join_all((0..5).map(|_| complete(&author, id))).await;
    let mut codes: Vec<_> = replies.iter().map(super::support::client::Reply::codes).collect();
    codes.sort();
    assert_eq!(codes[0], "", "{codes:?}");
    assert!(codes[1..].iter().all(|code| code == "INVALID_STATE"), "{codes:?}");
    let asset = read(&author, id).await;
    assert_eq!(get(&app, url(&asset), None).await.2, PICTURE);
}

#[tokio::test]
async fn an_upload_that_nobody_completes_is_removed() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let ready = picture(&app, &author).await;
    let begun = begin(&app, &author, "a.png", "image/png", PICTURE.len()).await;
    let id = begun.text("/assetUploadCreate/asset/id");
    put(&app, begun.text("/assetUploadCreate/upload/url"), PICTURE).await;
    factory::sql(
        &app,
        "insert into assets (org_id, id, file_name, declared_type, bytes, uploaded_by, created_at) \
         select org_id, gen_random_uuid(), 'fresh', 'a/b', 5, uploaded_by, now() from assets limit 1",
    )
    .await;
    let aged = AssetKey::parse(id).unwrap();
    assert!(
        !uploading::stale(&app.app.db, 24, 500)
            .await
            .unwrap()
            .contains(&aged)
    );
    assert!(
        uploading::stale(&app.app.db, 0, 500)
            .await
            .unwrap()
            .contains(&aged)
    );
    assert!(uploading::forget(&app.app, aged).await.unwrap());
    assert!(!uploading::forget(&app.app, aged).await.unwrap());
    assert!(
        !uploading::forget(&app.app, AssetKey::parse(&ready).unwrap())
            .await
            .unwrap()
    );
    tidier::run_once(&app.app).await.unwrap();
    assert_eq!(factory::count(&app, "assets where state = 'ready'").await, 1);
    assert_eq!(
        factory::count(&app, "assets where state = 'pending'").await,
        1,
        "the fresh one stays"
    );
    assert_eq!(complete(&author, id).await.codes(), "NOT_FOUND");
    assert!(
        app.app
            .files
            .settle(aged, app.app.clock.uuid())
            .await
            .unwrap()
            .is_none(),
        "its content is gone too"
    );
}
