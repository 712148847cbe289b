//! The intake service as a process of its own: `redress-intake CONFIG.toml`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_chassis::runtime::run::<redress_intake::Intake>().await
}
