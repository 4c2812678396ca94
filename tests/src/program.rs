//! The platform's own program, run as an operator runs it.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Settings of a server, as the variables that its environment gives.
#[derive(Debug, Clone)]
pub struct Settings(pub(crate) HashMap<String, String>);

/// A command of the program with these settings.
pub(crate) fn program(settings: &Settings) -> Command {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SPIRAL_") {
            command.env_remove(name);
        }
    }
    command.envs(&settings.0).stdin(Stdio::null());
    command
}

/// Cargo puts a package's programs beside the folder of its test binaries.
fn path() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows its own path");
    let folder = own
        .ancestors()
        .nth(2)
        .expect("a test binary lies in target/<profile>/deps");
    folder.join("spiral-under-test")
}

/// The program while it serves.
#[derive(Debug)]
pub struct Program {
    /// Where it listens: `http://…`.
    pub base: String,
    child: Child,
}

impl Program {
    /// Starts it and waits until it says that it serves.
    pub fn serve(settings: &Settings) -> Self {
        Self::start(program(settings).arg("serve"))
    }

    /// Starts it so that no file of it can grow beyond so many bytes, as on a disk that is full.
    pub fn serve_within(settings: &Settings, bytes: u64) -> Self {
        let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" serve", bytes / 512);
        let own = program(settings);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(limited).arg(own.get_program());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        Self::start(shell.stdin(Stdio::null()))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let mut said = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("it says something");
        let base = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap_or_else(|| panic!("it does not say where it serves, but: {line}"))
            .to_owned();
        Self { base, child }
    }

    /// Tells it to stop, and answers its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.expect("it can be told").success());
        self.child.wait().expect("it ends").code()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `kill` it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
