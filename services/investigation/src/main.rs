//! The investigation service as a process of its own: `redress-investigation CONFIG.toml`.

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    redress_chassis::runtime::run::<redress_investigation::Investigation>().await
}
