//! The node under load: the release build of the program, as a process of its own.

use anyhow::Context;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// The master key of the node and of what is put into its database.
pub const MASTER_KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// A running node; it is stopped when the value is dropped.
pub struct Node {
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
}

impl Node {
    /// Starts a node on a database.
    pub fn start(database_url: &str) -> anyhow::Result<Self> {
        let plenty = (1_u64 << 40).to_string();
        let mut process = Command::new(env!("CARGO_BIN_EXE_lyceum"))
            .arg("serve")
            .env("DATABASE_URL", database_url)
            .env("LYCEUM_MASTER_KEY", MASTER_KEY)
            .env("LYCEUM_PORT", "0")
            .env("LYCEUM_BUCKET_CAPACITY", &plenty)
            .env("LYCEUM_ORGANIZATION_BUCKET_CAPACITY", &plenty)
            .env("LYCEUM_ANONYMOUS_BUCKET_CAPACITY", &plenty)
            .env("RUST_LOG", "warn,lyceum::command=info")
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the node")?;
        let log = process.stderr.take().context("the log is piped")?;
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines.next().context("the node ended before it served")??;
            let line: serde_json::Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            if let Some(address) = line["fields"]["address"].as_str() {
                break address.parse()?;
            }
        };
        // Whatever else it has to say is worth reading.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
        Ok(Self { address, process })
    }

    /// Its resident memory now and at most, in bytes.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
            kib.map(|kib| kib * 1024).with_context(|| format!("no {name}"))
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// The processor time that it has used, in seconds.
    pub fn processor(&self) -> anyhow::Result<f64> {
        processor(self.process.id())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processor time that a process has used, in seconds. Linux counts it in hundredths.
pub fn processor(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("a stat has a name")?;
    let mut fields = fields.split(' ').skip(11);
    let mut next = || fields.next().unwrap_or_default().parse::<f64>();
    Ok((next()? + next()?) / 100.0)
}
