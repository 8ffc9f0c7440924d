//! The `lyceum` program.

fn main() -> anyhow::Result<()> {
    lyceum::command::run()
}
