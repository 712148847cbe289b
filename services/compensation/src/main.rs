//! The compensation service as a process of its own: `redress-compensation CONFIG.toml`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_chassis::runtime::run::<redress_compensation::Compensation>().await
}
