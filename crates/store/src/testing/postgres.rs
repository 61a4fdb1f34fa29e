//! A PostgreSQL that lives as long as the test process.
//!
//! It refuses to run as root, so root lends it the user `postgres`. A shell watches the test
//! process through a pipe and stops the server when the pipe closes, however that came.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A running server, reached by its Unix socket.
pub(super) struct Server {
    socket_dir: PathBuf,
    bin: PathBuf,
    databases: AtomicU32,
    /// Holds the pipe open until the process ends; nobody waits for the shell.
    _guard: Mutex<Child>,
}

/// The server of this process, started by the first call.
pub(super) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    fn start() -> Self {
        let bin = binaries();
        let dir = tempfile::Builder::new()
            .prefix("sabeel-pg")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))
            .expect("permissions of a new folder");
        if is_root() {
            let (user, group) = postgres_user();
            chown(&dir, Some(user), Some(group)).expect("root gives a folder away");
        }
        let data = dir.join("data");
        let made = as_postgres(&bin.join("initdb"))
            .args(["--auth=trust", "--username=postgres", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        // The shell's standard input is a pipe that only this process holds; `read` ends with it.
        let script = format!(
            "'{bin}/postgres' -D '{data}' -k '{dir}' -c listen_addresses= -c fsync=off \
             -c max_connections=200 >'{dir}/log' 2>&1 </dev/null & pid=$!; \
             until '{bin}/pg_isready' -q -h '{dir}'; do kill -0 $pid || exit 1; read -t 0.05 -r _; done 2>/dev/null; \
             echo ready; cat >/dev/null; kill -QUIT $pid; wait $pid; rm -rf '{dir}'",
            bin = bin.display(),
            data = data.display(),
            dir = dir.display(),
        );
        let mut guard = as_postgres(Path::new("/bin/bash"))
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        let mut ready = [0; 5];
        let started = guard.stdout.as_mut().expect("piped").read_exact(&mut ready);
        let log = fs::read_to_string(dir.join("log")).unwrap_or_default();
        assert!(started.is_ok(), "PostgreSQL did not start: {log}");
        Self { socket_dir: dir, bin, databases: AtomicU32::new(0), _guard: Mutex::new(guard) }
    }

    /// Makes an empty database; returns its URL.
    pub(super) fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(self.bin.join("createdb"))
            .args(["-U", "postgres", "-h"])
            .arg(&self.socket_dir)
            .arg(&name)
            .output()
            .expect("createdb runs");
        assert!(
            made.status.success(),
            "createdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        let host = self.socket_dir.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }

    /// Refuses connections to a database, and ends those that it has: what one of them is at would
    /// otherwise still be done.
    pub(super) async fn shut_out(&self, url: &str) {
        let name = database(url);
        self.tell(&format!(
            "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
             SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await;
    }

    /// Takes connections to a database again.
    pub(super) async fn let_in(&self, url: &str) {
        self.tell(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", database(url))).await;
    }

    /// Locks all tables of a database until the connection is closed.
    pub(super) async fn hold(&self, url: &str) -> PgConnection {
        let mut connection =
            PgConnection::connect(&self.url(database(url))).await.expect("a server that runs");
        let tables = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables \
                      WHERE schemaname = 'public'";
        let tables: String =
            sqlx::query_scalar(tables).fetch_one(&mut connection).await.expect("tables");
        let lock = AssertSqlSafe(format!("BEGIN; LOCK TABLE {tables}"));
        connection.execute(sqlx::raw_sql(lock)).await.expect("a superuser may");
        connection
    }

    /// From now on the log holds what is told to a database, by whoever connects to it later.
    pub(super) async fn watch(&self, url: &str) {
        self.tell(&format!("ALTER DATABASE {} SET log_statement = 'all'", database(url))).await;
    }

    /// What is in the log of those who are connected to a database: a text for each trip.
    pub(super) async fn told(&self, url: &str) -> Vec<String> {
        let mut connection =
            PgConnection::connect(&self.url("postgres")).await.expect("a server that runs");
        let connected = "SELECT pid FROM pg_stat_activity WHERE datname = $1";
        let connected = sqlx::query_scalar::<_, i32>(connected).bind(database(url));
        let connected = connected.fetch_all(&mut connection).await.expect("a view");
        connection.close().await.expect("an end");
        let log = fs::read_to_string(self.socket_dir.join("log")).expect("a log");
        let told = |line: &str| {
            let (prefix, text) = line.split_once(" LOG:  ")?;
            let (_, process) = prefix.rsplit_once('[')?;
            let process: i32 = process.trim_end_matches(']').parse().ok()?;
            let (kind, statement) = text.split_once(": ")?;
            let is_told = kind == "statement" || kind.starts_with("execute ");
            (is_told && connected.contains(&process)).then(|| statement.to_owned())
        };
        log.lines().filter_map(told).collect()
    }

    async fn tell(&self, statements: &str) {
        let mut connection =
            PgConnection::connect(&self.url("postgres")).await.expect("a server that runs");
        for statement in statements.split("; ") {
            let statement = AssertSqlSafe(statement.to_owned());
            connection.execute(sqlx::raw_sql(statement)).await.expect("a superuser may");
        }
        connection.close().await.expect("an end");
    }
}

/// The name of the database at the end of a URL.
fn database(url: &str) -> &str {
    let (_, name) = url.rsplit_once('/').expect("a URL names a database");
    assert!(name.starts_with("test"), "not a database of the tests");
    name
}

/// Where Debian keeps PostgreSQL's programs, else wherever `initdb` is found.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|bin| bin.join("initdb").exists())
        .expect("PostgreSQL is needed for the tests: install the package `postgresql`")
}

fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--init-groups"])
        .arg(program)
        .current_dir("/");
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn postgres_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").expect("a list of users");
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields
        .filter(|fields| fields.first() == Some(&"postgres"))
        .find_map(|fields| Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?)))
        .expect("the package `postgresql` makes the user `postgres`")
}
