//! A database per test, from a migrated template, on one private cluster that all test processes share.
//!
//! The first test process starts the cluster under the temporary directory, without durability. Each process holds a shared
//! lock on it for as long as it lives; a reaper that nobody has to wait for stops the cluster once no process has held the
//! lock for some seconds. `CLAIMSMITH_TEST_DATABASE_URL` names a server to use instead.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl};

use crate::embedded::{Place, Postmaster, Programs, Tuning, clear_leftovers, make_cluster, url_of};
use crate::{Settings, Store, migrate};

/// A database of one test, dropped with it.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// A database with every migration applied.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine, or it does not work.
    pub fn migrated() -> Self {
        let cluster = cluster();
        Self::make(cluster, &format!("TEMPLATE {}", cluster.template))
    }

    /// A database with nothing in it.
    ///
    /// # Panics
    /// As [`TestDatabase::migrated`].
    pub fn empty() -> Self {
        Self::make(cluster(), "TEMPLATE template0")
    }

    fn make(cluster: &Cluster, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("t_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        run(&cluster.url("postgres"), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        run(&cluster.url("postgres"), &format!("CREATE DATABASE {name} {template}"));
        Self { url: cluster.url(&name), name }
    }

    /// Its connection URI.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A store on it with few connections.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub fn store(&self) -> Store {
        Store::open(&self.url, &Settings { pool_size: 4, ..Settings::default() }).expect("a migrated database opens")
    }

    /// Runs SQL that answers nothing.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    pub fn execute(&self, sql: &str) {
        run(&self.url, sql);
    }

    /// The one number that `sql` answers, under the name `number`.
    ///
    /// # Panics
    /// When PostgreSQL refuses it, or it answers no row.
    pub fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row: Row = diesel::sql_query(sql).get_result(&mut connect(&self.url)).expect("the query answers a number");
        row.number
    }

    /// The texts that `sql` answers, under the name `text`.
    ///
    /// # Panics
    /// When PostgreSQL refuses it.
    pub fn texts(&self, sql: &str) -> Vec<Option<String>> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Nullable<Text>)]
            text: Option<String>,
        }
        let rows: Vec<Row> = diesel::sql_query(sql).load(&mut connect(&self.url)).expect("the query answers texts");
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Ends every connection to it, as a restart of the server would; they are gone when this returns.
    pub fn sever(&self) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()",
            self.name
        );
        run(&cluster().url("postgres"), &sql);
    }

    /// Lets nobody in until [`TestDatabase::open_again`], and ends every connection: the database is away.
    pub fn take_away(&self) {
        run(&cluster().url("postgres"), &format!("ALTER DATABASE {} CONNECTION LIMIT 0 ALLOW_CONNECTIONS false", self.name));
        self.sever();
    }

    /// Ends [`TestDatabase::take_away`].
    pub fn open_again(&self) {
        run(&cluster().url("postgres"), &format!("ALTER DATABASE {} CONNECTION LIMIT -1 ALLOW_CONNECTIONS true", self.name));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Ok(mut conn) = PgConnection::establish(&cluster().url("postgres")) {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

struct Cluster {
    sockets: PathBuf,
    outside: Option<String>,
    template: String,
    /// Held for as long as this process lives.
    _user: Option<File>,
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        match &self.outside {
            None => url_of(&self.sockets, database),
            Some(url) => {
                let (server, parameters) =
                    url.split_once('?').map_or((url.as_str(), String::new()), |(url, rest)| (url, format!("?{rest}")));
                let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
                format!("{server}/{database}{parameters}")
            }
        }
    }
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let template = format!("template_{}", migrate::fingerprint());
        let outside = std::env::var("CLAIMSMITH_TEST_DATABASE_URL").ok();
        match outside {
            Some(url) => Cluster { sockets: PathBuf::new(), outside: Some(url), template, _user: None },
            None => shared_cluster(template),
        }
    })
}

/// Joins the cluster, or starts it.
fn shared_cluster(template: String) -> Cluster {
    let uid = rustix::process::geteuid().as_raw();
    let root = std::env::temp_dir().join(format!("claimsmith-tests-{uid}"));
    let place = Place::choose(&root, Path::new("/var/lib/claimsmith-tests")).expect("a place for the test cluster");
    let start = open(&place.root().join("start.lock"));
    start.lock().expect("the lock of the test cluster");
    let user = open(&place.root().join("users.lock"));
    user.lock_shared().expect("the lock of the test cluster");
    let sockets = place.socket_directory().expect("a directory for the socket");
    if PgConnection::establish(&url_of(&sockets, "postgres")).is_err() {
        start_cluster(&place, &sockets);
    }
    let cluster = Cluster { sockets, outside: None, template, _user: Some(user) };
    make_template(&cluster);
    drop(start);
    cluster
}

fn start_cluster(place: &Place, sockets: &Path) {
    clear_leftovers(place).expect("an old test cluster can be stopped");
    let _ = std::fs::remove_dir_all(place.data());
    let programs = Programs::find(None, &place.data()).expect("PostgreSQL is installed");
    make_cluster(&programs, place, false).expect("initdb works");
    let mut postmaster =
        Postmaster::launch(&programs, place, sockets, Tuning { max_connections: 400, durable: false }).expect("postgres starts");
    postmaster.await_ready(place, &url_of(sockets, "postgres")).expect("postgres answers");
    let pid = postmaster.pid().to_string();
    postmaster.leave();
    const REAPER: &str = r#"cd "$1"
        while sleep 10; do
            flock start.lock -c "flock --nonblock --exclusive users.lock -c 'kill -INT $2; while kill -0 $2; do sleep 0.1; done; rm -rf data'" 2>/dev/null && break
            kill -0 "$2" 2>/dev/null || break
        done"#;
    let mut reaper = place.command(Path::new("/bin/sh"));
    reaper.args(["-c", REAPER, "reaper"]).arg(place.root()).arg(pid).stdout(Stdio::null()).stderr(Stdio::null());
    // It outlives this process, and nobody waits for it.
    #[allow(clippy::zombie_processes, reason = "meant to be left behind")]
    let _reaper = reaper.spawn().expect("a shell starts");
}

fn make_template(cluster: &Cluster) {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let name = &cluster.template;
    let mut conn = connect(&cluster.url("postgres"));
    let row: Row = diesel::sql_query(format!("SELECT count(*) AS number FROM pg_database WHERE datname = '{name}'"))
        .get_result(&mut conn)
        .expect("a count");
    if row.number == 0 {
        run(&cluster.url("postgres"), "DROP DATABASE IF EXISTS template_unborn WITH (FORCE)");
        run(&cluster.url("postgres"), "CREATE DATABASE template_unborn TEMPLATE template0");
        migrate::up(&cluster.url("template_unborn")).expect("the migrations apply");
        run(&cluster.url("postgres"), &format!("ALTER DATABASE template_unborn RENAME TO {name}"));
    }
}

fn open(path: &Path) -> File {
    use std::os::unix::fs::PermissionsExt;
    let file = File::options().create(true).truncate(false).write(true).open(path).expect("a lock file");
    // The reaper runs under another account.
    file.set_permissions(std::fs::Permissions::from_mode(0o666)).expect("a lock file of ours");
    file
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the test cluster answers")
}

fn run(url: &str, sql: &str) {
    connect(url).batch_execute(sql).expect("the statement works");
}
