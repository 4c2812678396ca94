//! A PostgreSQL server for one test process, from the machine's own programs.

use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Once, OnceLock};

/// A server that runs as long as this process does.
struct Server {
    url: String,
    /// Waits for the end of this process, which closes its input; then stops the server and clears up.
    _watchdog: Child,
}

/// The URL of a server on which databases can be made, as a superuser.
pub(super) fn server_url() -> Result<String, &'static str> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    static GIVEN: Once = Once::new();
    if let Ok(url) = std::env::var("SPIRAL_TEST_POSTGRES_URL") {
        GIVEN.call_once(|| say("both halves run: SQLite, and PostgreSQL at SPIRAL_TEST_POSTGRES_URL"));
        return Ok(url);
    }
    let server = SERVER.get_or_init(|| {
        let started = start();
        match &started {
            Ok(_) => say("both halves run: SQLite, and a throw-away PostgreSQL"),
            Err(why) => say(&format!("PostgreSQL half skipped: {why}")),
        }
        started
    });
    match server {
        Ok(server) => Ok(server.url.clone()),
        Err(why) => Err(why),
    }
}

/// Tells whoever runs the tests, also where the output of tests that pass is swallowed.
fn say(words: &str) {
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(io::stderr(), "{words}");
}

fn start() -> Result<Server, String> {
    let programs = programs().ok_or("no initdb, pg_ctl and postgres found")?;
    let folder = folder().map_err(|error| format!("no temporary folder: {error}"))?;
    let started = start_in(&programs, &folder);
    if started.is_err() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    started
}

fn start_in(programs: &Path, folder: &Path) -> Result<Server, String> {
    let user = unprivileged(folder)?;
    let data = folder.join("data");
    let log = folder.join("log");
    let mut initdb = program(programs, "initdb", user, folder);
    initdb
        .args([
            "--auth=trust",
            "--no-sync",
            "--no-instructions",
            "--username=postgres",
        ])
        .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
        .arg(&data);
    run(&mut initdb, &log)?;
    // Reached through a socket in the folder only: no port to be taken by another test binary.
    let settings = format!(
        "-c listen_addresses='' -c unix_socket_directories='{}' -c unix_socket_permissions=0777 -c fsync=off \
         -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB",
        folder.display()
    );
    let mut start = program(programs, "pg_ctl", user, folder);
    start.args(["start", "--wait", "--silent", "--pgdata"]).arg(&data);
    start.arg("--log").arg(&log).args(["--options", &settings]);
    run(&mut start, &log)?;
    let mut stop = program(programs, "pg_ctl", user, folder);
    stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"])
        .arg(&data);
    let watchdog = watch(&stop, folder).map_err(|error| format!("no watchdog for the server: {error}"))?;
    Ok(Server {
        url: format!("postgres://postgres@localhost/postgres?host={}", folder.display()),
        _watchdog: watchdog,
    })
}

/// A folder with a short path, since a socket's path has at most 107 bytes.
fn folder() -> io::Result<PathBuf> {
    let usual = std::env::temp_dir();
    let parent = if usual.as_os_str().len() <= 60 {
        usual
    } else {
        "/tmp".into()
    };
    let folder = tempfile::Builder::new()
        .prefix("spiral-pg-")
        .tempdir_in(parent)?
        .keep();
    // The server may run as another user than the tests, which need to pass through to the socket.
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755))?;
    Ok(folder)
}

/// The newest folder that has all the programs.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    folders.extend(versions.into_iter().map(|(_, path)| path));
    folders.into_iter().find(|folder| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })
}

/// PostgreSQL refuses to run as root: then as this user, who gets the folder.
fn unprivileged(folder: &Path) -> Result<Option<&'static str>, String> {
    let owner = std::fs::metadata(folder)
        .map_err(|error| error.to_string())?
        .uid();
    if owner != 0 {
        return Ok(None);
    }
    ["postgres", "nobody"]
        .into_iter()
        .find(|user| {
            let given = Command::new("chown")
                .arg(user)
                .arg(folder)
                .stderr(Stdio::null())
                .status();
            given.is_ok_and(|status| status.success())
        })
        .map(Some)
        .ok_or_else(|| "no unprivileged user to run it as".into())
}

fn program(programs: &Path, name: &str, user: Option<&str>, folder: &Path) -> Command {
    let path = programs.join(name);
    let mut command = match user {
        None => Command::new(path),
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(path);
            command
        }
    };
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a program to its end. What it says goes to the log: a pipe would stay open as long as the server.
fn run(command: &mut Command, log: &Path) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let said = log.with_extension("out");
    let status = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&said)
        .and_then(|file| Ok((file.try_clone()?, file)))
        .and_then(|(out, err)| command.stdout(out).stderr(err).status())
        .map_err(|error| format!("{name}: {error}"))?;
    if status.success() {
        return Ok(());
    }
    let mut words = std::fs::read_to_string(&said).unwrap_or_default();
    words.push_str(&std::fs::read_to_string(log).unwrap_or_default());
    Err(format!("{name} failed: {}", words.trim()))
}

/// A process that outlives this one just long enough to clear up after it.
fn watch(stop: &Command, folder: &Path) -> io::Result<Child> {
    Command::new("sh")
        .args([
            "-c",
            "cat >/dev/null; folder=$1; shift; \"$@\"; rm -rf \"$folder\"",
            "sh",
        ])
        .arg(folder)
        .arg(stop.get_program())
        .args(stop.get_args())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Not in our group: Ctrl-C ends the tests, and then this one clears up.
        .process_group(0)
        .spawn()
}
