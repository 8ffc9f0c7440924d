//! Starts true clusters, under whatever account the tests run.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::programs::Programs;

const POLL: Duration = Duration::from_millis(20);

/// A data folder that is removed with everything that belongs to it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lyceum-cluster-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn options(&self) -> ClusterOptions {
        ClusterOptions {
            data_dir: self.0.clone(),
            durable: false,
            max_connections: 20,
        }
    }

    async fn start(&self) -> Cluster {
        Cluster::start(self.options()).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Ok(place) = Place::prepare(&self.0) {
            let _ = fs::remove_dir_all(place.home);
            let _ = fs::remove_dir_all(place.socket);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    drop(tokio::spawn(connection));
    client
}

async fn text(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.unwrap().get(0)
}

fn postmaster(cluster: &Cluster) -> String {
    let file = fs::read_to_string(cluster.place.data().join("postmaster.pid")).unwrap();
    file.lines().next().unwrap().to_owned()
}

fn kill(pid: &str) {
    let status = Command::new("sh")
        .args(["-c", r#"kill -s KILL "$1""#, "sh", pid])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Waits until a process is gone or a zombie.
fn wait_for_end(pid: &str) {
    let ended = || match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => !Command::new("ps")
            .args(["-p", pid])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success()),
    };
    let started = Instant::now();
    while !ended() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "process {pid} does not end"
        );
        std::thread::sleep(POLL);
    }
}

#[tokio::test]
async fn a_new_cluster_has_the_three_roles_and_a_database_of_the_owner() {
    let folder = Folder::new("roles");
    let cluster = folder.start().await;
    cluster.create_database("it's \"odd\" / 100 %").await.unwrap();
    cluster.create_database("it's \"odd\" / 100 %").await.unwrap();

    let owner = client(&cluster.owner_url("it's \"odd\" / 100 %")).await;
    assert_eq!(text(&owner, "SELECT current_user::text").await, "lyceum_owner");
    assert_eq!(text(&owner, "SHOW server_encoding").await, "UTF8");
    assert_eq!(text(&owner, "SHOW timezone").await, "UTC");
    assert_eq!(text(&owner, "SELECT lower('É')").await, "é");
    assert_eq!(text(&owner, "SHOW pg_stat_statements.track_planning").await, "on");
    owner
        .batch_execute(
            "CREATE TABLE notes (id int);
             CREATE SCHEMA door AUTHORIZATION lyceum_door;
             GRANT USAGE ON SCHEMA public TO lyceum_door;
             GRANT USAGE ON SCHEMA door TO lyceum_app;
             CREATE FUNCTION door.seen() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
                 AS 'SELECT count(*) FROM public.notes';
             ALTER FUNCTION door.seen() OWNER TO lyceum_door;
             GRANT SELECT ON notes TO lyceum_door;",
        )
        .await
        .unwrap();

    let app = client(&cluster.app_url("it's \"odd\" / 100 %")).await;
    assert_eq!(
        app.query_one("SELECT door.seen()", &[])
            .await
            .unwrap()
            .get::<_, i64>(0),
        0
    );
    assert!(
        app.query("SELECT * FROM notes", &[]).await.is_err(),
        "the app owns nothing"
    );
    assert!(app.batch_execute("CREATE TABLE mine (id int)").await.is_err());
    assert!(app.batch_execute("SET ROLE lyceum_owner").await.is_err());
    let powers = "SELECT string_agg(concat_ws(' ', rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole), ', ' ORDER BY rolname)
         FROM pg_roles WHERE rolname LIKE 'lyceum%'";
    assert_eq!(
        text(&app, powers).await,
        "lyceum_app f f t f, lyceum_door f f f f, lyceum_owner f f t f"
    );

    let statement =
        "SELECT query FROM pg_stat_statements WHERE query LIKE '%seen()%' AND userid = 'lyceum_app'::regrole";
    assert!(
        text(&owner, statement).await.contains("SELECT door.seen()"),
        "the owner reads what others ran"
    );
    assert!(app.query("SELECT * FROM pg_stat_statements", &[]).await.is_ok());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let folder = Folder::new("again");
    let cluster = folder.start().await;
    cluster.create_database("lyceum").await.unwrap();
    client(&cluster.owner_url("lyceum"))
        .await
        .batch_execute("CREATE TABLE kept (id int)")
        .await
        .unwrap();
    let pid = postmaster(&cluster);
    cluster.stop().await.unwrap();
    wait_for_end(&pid);

    let started = Instant::now();
    let cluster = folder.start().await;
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "took {:?}",
        started.elapsed()
    );
    client(&cluster.owner_url("lyceum"))
        .await
        .batch_execute("SELECT FROM kept")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_data_folder_serves_one_process_at_a_time() {
    let folder = Folder::new("twice");
    let _first = folder.start().await;
    let refusal = Cluster::start(folder.options()).await.unwrap_err().to_string();
    assert!(
        refusal.contains(&format!(
            "process {} already uses the data folder",
            std::process::id()
        )),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_dropped_cluster_ends_its_server() {
    let folder = Folder::new("drop");
    let cluster = folder.start().await;
    let _busy = client(&cluster.owner_url("postgres")).await;
    let pid = postmaster(&cluster);
    drop(cluster);
    wait_for_end(&pid);
}

#[tokio::test]
async fn a_killed_server_leaves_a_cluster_that_starts_again() {
    let folder = Folder::new("killed");
    let cluster = Cluster::start(ClusterOptions {
        durable: true,
        ..folder.options()
    })
    .await
    .unwrap();
    cluster.create_database("lyceum").await.unwrap();
    let busy = client(&cluster.owner_url("lyceum")).await;
    busy.batch_execute("CREATE TABLE kept (id int)").await.unwrap();
    let sleeping = tokio::spawn(async move { busy.batch_execute("SELECT pg_sleep(60)").await });
    kill(&postmaster(&cluster));
    drop(cluster);

    let cluster = folder.start().await;
    client(&cluster.owner_url("lyceum"))
        .await
        .batch_execute("SELECT FROM kept")
        .await
        .unwrap();
    assert!(sleeping.await.unwrap().is_err());
}

#[tokio::test]
async fn a_stale_process_id_that_now_belongs_to_another_program_is_no_obstacle() {
    let folder = Folder::new("stale");
    let cluster = folder.start().await;
    let place = Place::prepare(&folder.0).unwrap();
    let file = fs::read_to_string(place.data().join("postmaster.pid")).unwrap();
    let pid = postmaster(&cluster);
    cluster.stop().await.unwrap();
    wait_for_end(&pid);

    let mut other = place.command(Path::new("sleep")).arg("60").spawn().unwrap();
    fs::write(
        place.data().join("postmaster.pid"),
        file.replacen(&pid, &other.id().to_string(), 1),
    )
    .unwrap();
    folder.start().await;
    assert!(
        other.try_wait().unwrap().is_none(),
        "the other program is left alone"
    );
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn a_server_that_outlived_its_process_is_stopped_first() {
    let folder = Folder::new("orphan");
    drop(folder.start().await);
    let place = Place::prepare(&folder.0).unwrap();
    let programs = Programs::find(place.version()).unwrap();
    let mut orphan = server::command(&place, &programs, &folder.options())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while connect(&place, "postgres").await.is_err() {
        tokio::time::sleep(POLL).await;
    }

    let cluster = folder.start().await;
    assert!(orphan.wait().unwrap().success(), "it was asked, not killed");
    assert_ne!(postmaster(&cluster), orphan.id().to_string());
}

#[tokio::test]
async fn an_interrupted_initdb_is_done_again() {
    let folder = Folder::new("interrupted");
    make_data_dir(&folder.0).unwrap();
    let half = Place::prepare(&folder.0).unwrap().home.join("data.new");
    fs::create_dir_all(half.join("base")).unwrap();
    fs::write(half.join("PG_VERSION"), "15").unwrap();
    folder.start().await;
}

#[tokio::test]
async fn nobody_else_may_enter_the_socket_folder() {
    let folder = Folder::new("closed");
    let cluster = folder.start().await;
    let mode = fs::metadata(&cluster.place.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(cluster.place.socket_file().as_os_str().len() < 100);
    let admin = cluster.admin("postgres").await.unwrap();
    assert_eq!(text(&admin, "SHOW listen_addresses").await, "");
}

#[test]
fn a_server_that_fails_is_quoted() {
    let log = "LOG:  starting\nFATAL:  could not access file \"pg_stat_statements\": No such file\nLOG:  database system is shut down";
    assert_eq!(
        server::reason(log),
        "could not access file \"pg_stat_statements\": No such file"
    );
    assert_eq!(server::Obstacle::read(log), None);
    assert_eq!(server::reason(""), "it gave no reason");
}
